"""The recordings that come with the package: real and told ones, of many generations of the vendors' servers."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from streamkit.recording import Recording
from streamkit.recording.format import decode_header
from streamkit.run import Run, RunState
from streamkit.tap import Tap

_FOLDER: Final = Path(__file__).parent / "recordings"
_SUFFIX: Final = ".skrec"
_PART: Final = re.compile(r"(?P<of>.*-)(?P<number>\d+)(?P<rest>-.*)")
_DIGITS: Final = re.compile(r"(\d+)")


class Bundled:
    """One recording of the package.

    Parametrised tests are named after it: it has a `__name__`, which is what pytest shows.
    """

    def __init__(self, path: Path) -> None:
        """Look at what a recording is.

        Args:
            path: below the folder of vendor and generation.
        """
        self.path = path
        """The file."""
        self.vendor, self.generation = path.parts[-3:-1]
        """dify, ragflow or openai; the version of the server."""
        self.name = path.name.removesuffix(_SUFFIX)
        """What it is called in its generation."""
        with path.open("rb") as file:
            told = decode_header(file.readline()).extra
        self.mode: str = told["mode"]
        """The kind of app: workflow, chatflow, chat, agent, …"""
        self.origin: str = told["origin"]
        """recorded: a server sent it; synthetic: it was written after the protocol, or told step by step."""
        self.about: str = told["about"]
        """What happens, in a few words."""

    @property
    def id(self) -> str:
        """Vendor, generation and name: `dify/1.14/workflow-form-1-paused`."""
        return f"{self.vendor}/{self.generation}/{self.name}"

    @property
    def __name__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<Bundled {self.id}>"

    @cached_property
    def recording(self) -> Recording:
        """The recording itself."""
        return Recording.load(self.path)

    @cached_property
    def follows(self) -> "Bundled | None":
        """The body that this one goes on with: of the same run, or the turn before."""
        part = _PART.fullmatch(self.name)
        before = f"{part['of']}{int(part['number']) - 1}-" if part else None
        return next(
            (other for other in _all() if before and other.id.startswith(self.id[: -len(self.name)] + before)), None
        )

    @cached_property
    def followers(self) -> "Sequence[Bundled]":
        """The bodies that go on with this one, in order."""
        nexts = [other for other in _all() if other.follows is self]
        return [follower for each in nexts for follower in (each, *each.followers)]

    @cached_property
    def expected(self) -> RunState:
        """The run after the last byte; of a run that was resumed, with all that came before."""
        return self._run.snapshot()

    @cached_property
    def _run(self) -> Run:
        before = self.follows
        is_paused = before is not None and before.expected.status == "paused"
        tap = Tap(run=before._fresh_run() if before is not None and is_paused else None)
        tap.feed(self.recording.body)
        tap.close()
        return tap.run

    def _fresh_run(self) -> Run:
        """Return the run of this body, for another body to go on with."""
        return Bundled(self.path)._run


def recordings(
    vendor: str | None = None, *, generation: str | None = None, mode: str | None = None, origin: str | None = None
) -> list[Bundled]:
    """Return recordings of the package, in the order of their generations.

        @pytest.mark.parametrize("recording", recordings("dify", mode="chatflow"))
        async def test_any_dify(dify, recording): ...

    Args:
        vendor: dify, ragflow or openai.
        generation: the version of the server, like 1.14.
        mode: the kind of app.
        origin: recorded or synthetic.

    Raises:
        ValueError: there is none.
    """
    wanted = {"vendor": vendor, "generation": generation, "mode": mode, "origin": origin}
    asked = {name: value for name, value in wanted.items() if value is not None}
    found = [each for each in _all() if all(getattr(each, name) == value for name, value in asked.items())]
    if not found:
        told = ", ".join(f"{name} {value!r}" for name, value in asked.items())
        raise ValueError(f"there is no recording of {told}; there are {', '.join(_kinds())}")
    return found


def bundled(name: str, vendor: str | None = None) -> Bundled:
    """Return a recording by its name: `dify/1.14/chatflow`, `1.14/chatflow`, or `chatflow`, the newest of that name.

    Args:
        name: what it is called, or the end of that.
        vendor: whose it is if its name does not say so.

    Raises:
        ValueError: there is none.
    """
    of_vendor = [each for each in _all() if vendor is None or each.vendor == vendor]
    found = [each for each in of_vendor if f"/{each.id}".endswith(f"/{name}")] or [
        each for each in _all() if each.id == name
    ]
    if not found:
        raise ValueError(f"there is no recording {name!r}; there are {', '.join(each.id for each in of_vendor)}")
    return found[-1]


def _kinds() -> Iterator[str]:
    yield from dict.fromkeys(f"{each.vendor} {each.generation} {each.mode}" for each in _all())


@cache
def _all() -> list[Bundled]:
    """Return all recordings; generations in the order of their numbers."""
    return sorted((Bundled(path) for path in _FOLDER.glob(f"*/*/*{_SUFFIX}")), key=_place)


def _place(recording: Bundled) -> tuple[str, list[tuple[int, str]], str]:
    parts = _DIGITS.split(recording.generation)
    return recording.vendor, [(int(part), "") if part.isdigit() else (-1, part) for part in parts], recording.name
