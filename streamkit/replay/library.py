"""The recordings of a server, and what each of them can answer: whose body it is, of which run and which turn.

All that is known of a recording comes from its body, folded as any other; from a `.skrec` also what was asked.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from streamkit.errors import ReplayError, StreamkitError
from streamkit.recording import Chunk, Exchange, Recording
from streamkit.replay.frames import FrameSpan, decoded, frames_of
from streamkit.replay.rewriting import first_stamp
from streamkit.replay.routes import Door, Routes, path_of
from streamkit.run import Run
from streamkit.tap import Tap

EVENTS: Final = "dify-events"
"""The door at which a run that goes on is watched: no run starts there."""

_DOORS: Final[Mapping[str, Mapping[str | None, tuple[Door, ...]]]] = {
    "dify": {
        **dict.fromkeys(("chat", "agent-chat", "agent", "chatflow"), ("dify-chat",)),
        "completion": ("dify-completion",),
        "workflow": ("dify-workflow",),
        "datasource": ("dify-datasource",),
        None: ("dify-chat", "dify-workflow", "dify-completion", "dify-datasource"),
    },
    # Agents before 0.20 answered as chats do.
    "ragflow": {
        "rag-chat": ("ragflow-chat", "ragflow-agent"),
        "agent": ("ragflow-agent",),
        None: ("ragflow-chat", "ragflow-agent"),
    },
    "openai": {None: ("openai",)},
    "lighton": {None: ("lighton",)},
}
"""At which doors a body answers, by dialect and mode; the first of them is its own. None: any other mode."""
_ALL_DOORS: Final = tuple(
    dict.fromkeys(door for modes in _DOORS.values() for doors in modes.values() for door in doors)
)

_SUFFIXES: Final = (".sse", ".skrec", ".skrec.zst", ".ndjson", ".jsonl", ".json")
"""What the names of recordings end with; in a folder, other files are passed over."""
_DOCUMENT: Final = ".json"
"""In a folder, such a file is a recording only if it is a vendor's."""
_DIGITS: Final = re.compile(r"(\d+)")


class Take:
    """One recorded body, and what is known of it."""

    def __init__(
        self, recording: Recording, name: str, folders: tuple[str, ...] = (), routes: Routes | None = None
    ) -> None:
        """Fold a recording.

        Args:
            recording: the body, and how it was asked for if that was recorded.
            name: what it is called: the stem of its file.
            folders: the folders in which it stands, the innermost last.
            routes: know at which door a recorded request asked.
        """
        self.recording = recording
        self.file: Path | None = None
        """Where it was read; None for one in memory."""
        self.name = name
        self.folders = folders
        self.body = recording.body
        tap = Tap("auto")
        tap.observe(self.body)
        tap.close()
        self.run: Run = tap.run
        header = recording.header
        self.request: Any = header.request.body if header else None
        """What was asked, where that was recorded. Any: the client's JSON."""
        self.path = path_of(header.source.url) if header else ""
        self.method = ((header.source.method if header else None) or "POST").upper()
        self.doors = _doors(self.run) if self.is_understood else _ALL_DOORS
        """Where it answers; the first is its own door."""
        if routes is not None and self.path:
            found = routes.find(self.method, self.path)
            if found is None:  # a path of its own, of a proxy perhaps
                self.doors = (*self.doors, f"{self.method} {self.path}")
            elif found.route.door:
                self.doors = (found.route.door,)
        self.is_continuation = EVENTS in self.doors or (self.run.dialect == "dify" and _is_resumption(self.frames))
        """Whether it goes on with a run that another body began."""
        self.is_derived = False
        """Whether it was made of another one: what is left of it, or how it ended."""

    def __repr__(self) -> str:
        return f"<Take {self.name} {self.run.dialect} {self.run.mode}>"

    def derived(self, chunks: Iterable[Chunk]) -> "Take":
        """Return a take of the same name with other bytes, for the same run."""
        take = Take(Recording(list(chunks)), self.name, self.folders)
        take.doors, take.is_continuation, take.is_derived = self.doors, True, True
        return take

    @cached_property
    def frames(self) -> Sequence[FrameSpan]:
        """Its frames."""
        return frames_of(self.body)

    @cached_property
    def is_document(self) -> bool:
        """Whether it is one JSON document, and no stream."""
        return self.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and len(self.frames) <= 1

    @cached_property
    def started_at(self) -> int | None:
        """The first time that it tells, in epoch seconds."""
        return first_stamp(self.body)

    @cached_property
    def is_prologue(self) -> bool:
        """Whether it only greets, in one frame, as RAGFlow does when no session is named: the question is dropped."""
        return bool(self.run.conversation_id) and [frame.kind for frame in self.frames] == ["chat_answer", "stream_end"]

    @property
    def ids(self) -> frozenset[str]:
        """What the parts of one conversation have in common: its id, and that of the run."""
        if self.run.dialect not in ("dify", "ragflow"):  # every answer stands for itself
            return frozenset()
        return frozenset(id for id in (self.run.conversation_id, self.run.id) if id)

    @cached_property
    def names(self) -> frozenset[str]:
        """All names under which it is known: `chat`, `v1/chat`, `v1`."""
        parts = (*self.folders, self.name)
        starts = range(len(parts))
        return frozenset("/".join(parts[start:end]) for start in starts for end in range(start + 1, len(parts) + 1))

    @property
    def is_understood(self) -> bool:
        """Whether it is a vendor's body, as far as one can tell."""
        return "unknown-dialect" not in self.run.anomaly_counts and self.run.frames > 0

    @property
    def kind(self) -> str:
        """Whose body it is, for a person."""
        dialect = self.run.dialect if self.is_understood else "unknown"
        return " ".join(word for word in (dialect, self.run.mode or "") if word)


def _doors(run: Run) -> tuple[Door, ...]:
    modes = _DOORS[run.dialect]
    return modes.get(run.mode) or modes[None]


def _is_resumption(frames: Sequence[FrameSpan]) -> bool:
    """Whether a body of Dify begins with a run that goes on, or only tells how one ended."""
    first = next((frame for frame in frames if frame.kind in ("workflow_started", "workflow_finished")), None)
    if first is None or frames[0] is not first:
        return False
    data = decoded(first.data).get("data")
    return first.kind == "workflow_finished" or (isinstance(data, dict) and data.get("reason") == "resumption")


class Library:
    """The takes of a server, in the order in which they are played."""

    def __init__(self, takes: Iterable[Take] = (), routes: Routes | None = None) -> None:
        """Take takes.

        Args:
            takes: in the order in which they are played.
            routes: know at which door a recorded request asked.

        Raises:
            ReplayError: two of them have the same name in the same folder.
        """
        self.takes: list[Take] = []
        self._routes = routes
        self._groups: dict[tuple[str, ...], list[_Group]] = {}
        for take in takes:
            self.add(take)

    def add(self, take: Take) -> None:
        """Add one.

        Raises:
            ReplayError: another one has its name.
        """
        if any(other.name == take.name and other.folders == take.folders for other in self.takes):
            where = f" in {'/'.join(take.folders)}" if take.folders else ""
            raise ReplayError(f"two recordings are called {take.name!r}{where}: give one of them another name")
        self.takes.append(take)
        groups = self._groups.setdefault(take.folders, [])
        ids = _ids_to_join(take)
        joined = [group for group in groups if group.ids & ids]
        group = _Group(ids.union(*(other.ids for other in joined)), [part for other in joined for part in other.takes])
        if any(_begins_the_run_of(take, other) for other in group.takes):
            take.is_continuation = True
        group.takes.append(take)
        self._groups[take.folders] = [other for other in groups if other not in joined] + [group]

    def take_of(self, recording: Recording | os.PathLike[str]) -> Take:
        """Return the take of a recording, which is added if it is new.

        Raises:
            ReplayError: it cannot be read, or another one has its name.
        """
        if isinstance(recording, Recording):
            known = next((take for take in self.takes if take.recording is recording), None)
            added = known or Take(recording, f"recording-{len(self.takes) + 1}", (), self._routes)
        else:
            path = Path(recording).resolve()
            known = next((take for take in self.takes if take.file == path), None)
            added = known or _take(path, (), self._routes)
        if known is None:
            self.add(added)
        return added

    def group(self, take: Take) -> Sequence[Take]:
        """Return the takes of the same conversation, or of the same run; in order, with itself."""
        groups = self._groups.get(take.folders, [])
        return next((group.takes for group in groups if take in group.takes), [take])

    def named(self, name: str) -> list[Take]:
        """Return what a name or a folder chooses: `chat`, `v1/chat`, `v1`."""
        return [take for take in self.takes if name in take.names]

    def with_id(self, id: str) -> Take | None:
        """Return the first take of a conversation or of a run."""
        return next((take for take in self.takes if id in take.ids), None)

    def exchanges(self) -> Iterator[tuple[Take, Exchange]]:
        """Yield the small exchanges that were recorded beside a body."""
        for take in self.takes:
            for exchange in take.recording.exchanges:
                yield take, exchange


def _ids_to_join(take: Take) -> frozenset[str]:
    """Return what a take has in common with others of its conversation. A chat of RAGFlow and an agent have none."""
    return frozenset(f"{take.doors[0]} {id}" for id in take.ids) if take.run.dialect == "ragflow" else take.ids


class _Group:
    """Takes of one conversation."""

    def __init__(self, ids: frozenset[str], takes: list[Take]) -> None:
        self.ids = ids
        self.takes = takes


def _begins_the_run_of(take: Take, other: Take) -> bool:
    """Whether another take is the beginning of the same run. RAGFlow has another id for each part of one."""
    is_same = take.run.id is not None and take.run.id == other.run.id and take.run.dialect == "dify"
    return is_same and not other.is_continuation


def load(sources: Iterable[str | os.PathLike[str] | Recording], routes: Routes) -> Library:
    """Read recordings.

    Args:
        sources: files, folders with all below them, and recordings that were read already.
        routes: know at which door a recorded request asked.

    Raises:
        ReplayError: something cannot be read, or has a name twice; one line that says what.
    """
    library = Library(routes=routes)
    for source in sources:
        if isinstance(source, Recording):
            library.take_of(source)
            continue
        for take in _takes(Path(source), routes):
            library.add(take)
    return library


def _takes(path: Path, routes: Routes) -> Iterator[Take]:
    if not path.is_dir():
        yield _take(path, (), routes)
        return
    files = [Path(folder, name) for folder, _, names in os.walk(path) for name in names if _is_recording(name)]
    is_empty = True
    for file in sorted(files, key=lambda file: in_name_order(str(file.relative_to(path)))):
        folders = (path.resolve().name, *file.relative_to(path).parts[:-1])
        take = _take(file, folders, routes)
        if file.suffix == _DOCUMENT and take.kind == "unknown":
            continue
        is_empty = False
        yield take
    if is_empty:
        raise ReplayError(f"{path}: holds no recording ({', '.join(_SUFFIXES)})")


def _is_recording(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def _take(path: Path, folders: tuple[str, ...], routes: Routes | None) -> Take:
    try:
        recording = Recording.load(path)
    except OSError as error:
        raise ReplayError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except StreamkitError as error:
        raise ReplayError(str(error)) from None
    take = Take(recording, stem_of(path.name), folders, routes)
    take.file = path.resolve()
    return take


def stem_of(name: str) -> str:
    """Return the name of a file without what says that it is a recording."""
    return name.removesuffix(".zst").rpartition(".")[0] or name


def in_name_order(name: str) -> list[tuple[int, str]]:
    """Return what sorts names as people do: `turn2` before `turn10`."""
    parts = _DIGITS.split(name)
    return [(int(part), "") if index % 2 else (-1, part) for index, part in enumerate(parts)]
