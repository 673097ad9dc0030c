"""A replay server for tests: it runs in a thread of its own, so that tests without an event loop have it, too."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar

import anyio.to_thread
import msgspec
from anyio.from_thread import BlockingPortal, start_blocking_portal

from streamkit.recording import Chunk, Recording, Request
from streamkit.replay import Fault, JournalEntry, Play, ReplayServer, Take
from streamkit.replay.server import ROUTES
from streamkit.testing.bundled import Bundled, bundled
from streamkit.testing.stream import Stream

Playable = str | os.PathLike[str] | Bundled | Recording | Stream | bytes
"""What can be played: the name of a recording of the package, a file, a recording, a stream that is told, or a body."""

_NAMES: Final = ("agent_id", "chat_id")
TIMEOUT: Final = 10.0
"""Seconds that one waits for an answer to come somewhere."""
T = TypeVar("T")


class _Vendor(NamedTuple):
    """What the SDKs of a vendor want to know."""

    base: str
    key: str


_VENDORS: Final = {
    "dify": _Vendor("/v1", "app-streamkit"),
    "ragflow": _Vendor("", "ragflow-streamkit"),
    "openai": _Vendor("/v1", "sk-streamkit"),
}


class Server:
    """A vendor's server that answers with recordings.

    def test_my_app(dify):
        play = dify.play("workflow-form-1-paused", hold_before="node_finished:Prepare")
        …                       # your app asks dify.base_url
        play.reached()
    """

    def __init__(self, vendor: str) -> None:
        """Prepare to serve.

        Args:
            vendor: dify, ragflow or openai.
        """
        self.is_strict = True
        """Whether a request that nothing answers fails the test at its end."""
        self._vendor = vendor
        self._server = ReplayServer()
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._plays: list[Playing] = []
        self._numbers = count(1)

    def __enter__(self) -> Self:
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._stack.enter_context(self._portal.wrap_async_context_manager(self._server.run()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # ---- for the client

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    @property
    def base_url(self) -> str:
        """The same as the vendor's SDK wants it."""
        return self.url + _VENDORS[self._vendor].base

    @property
    def api_key(self) -> str:
        """A key that it takes; it takes any."""
        return _VENDORS[self._vendor].key

    # ---- for the test

    @property
    def requests(self) -> list[JournalEntry]:
        """What was asked so far; also what is being answered."""
        return self._call(lambda: list(self._server.requests))

    @property
    def unmatched(self) -> list[str]:
        """Why requests were not answered, one line each: what came near, and what did not fit."""
        return [f"{entry.method} {entry.path}: {entry.unmatched}" for entry in self.requests if entry.unmatched]

    def play(
        self,
        what: Playable,
        *,
        hold_before: str | int | Sequence[str | int] | None = None,
        faults: Iterable[Fault | str] = (),
        speed: float | None = None,
        chunk_size: int | str | None = None,
    ) -> "Playing":
        """Let the next request be answered with a recording, and those that go on with its run with what follows it.

        Args:
            what: a name (`chatflow`, `1.13/chatflow`, `dify/1.13/chatflow`; a short one is the newest), a file
                (`refund.skrec`: text that ends like a file is one), a recording, a stream that is told, or a body.
            hold_before: where it is held until it is released: `node_finished:summarise`, the number of a frame,
                `stop`, or several of them.
            faults: what goes wrong, see `streamkit serve --help`.
            speed: how many times as fast as it was recorded; by default as fast as possible.
            chunk_size: how the body is cut: a number of bytes, or `random:SEED`; by default as it was recorded.

        Raises:
            ValueError: there is no recording of that name.
            OSError: there is no such file.
            ReplayError: there is no such place in the recording, or something means nothing.
        """
        folder = (f"play-{next(self._numbers)}",)  # what belongs together, apart from what else has its names
        takes = [Take(recording, name, folder, ROUTES) for name, recording in self._recordings(what)]
        queue = partial(self._queue, takes, hold_before=hold_before, faults=faults, speed=speed, chunk_size=chunk_size)
        playing = Playing(self._call(queue), self._call, self._wait)
        self._plays.append(playing)
        return playing

    def _queue(self, takes: list[Take], **options: object) -> Play:
        play = self._server.play(takes[0], **options)  # type: ignore[arg-type]  # those of `play`
        for take in takes:
            self._server.library.add(take)
        return play

    def _recordings(self, what: Playable) -> Iterator[tuple[str, Recording]]:
        match what:
            case Stream():
                yield from ((f"body-{number}", _of_any(each)) for number, each in enumerate(what.recordings(), 1))
            case Recording():
                yield "recording", what
            case bytes():
                yield "body", Recording([Chunk(0.0, what)])
            case Bundled():
                yield from ((each.name, _of_any(each.recording)) for each in (what, *what.followers))
            case str() if not Path(what).suffix:
                yield from self._recordings(bundled(what, self._vendor))
            case _:
                yield Path(what).name.partition(".")[0], Recording.load(what)

    # ---- of what was played last

    def reached(self, timeout: float = TIMEOUT) -> str:
        """Wait until the last play is held, as `Playing.reached` does."""
        return self._last().reached(timeout)

    async def areached(self, timeout: float = TIMEOUT) -> str:  # noqa: ASYNC109 - the same as of `reached`
        """Wait until the last play is held, without keeping the event loop from running."""
        return await self._last().areached(timeout)

    def release(self) -> None:
        """Let the last play go on."""
        self._last().release()

    def _last(self) -> "Playing":
        if not self._plays:
            raise RuntimeError("nothing was played")
        return self._plays[-1]

    # ---- the other thread

    def _call(self, function: Callable[[], T]) -> T:
        """Call something where the server runs."""
        if self._portal is None:
            raise RuntimeError("the server does not run")
        return self._portal.call(function)

    def _wait(self, play: Play, what: str, timeout: float) -> str:
        assert self._portal is not None  # noqa: S101 - for the type checker
        future: Future[str] = self._portal.start_task_soon(getattr(play, what))
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            asked = [f"{entry.method} {entry.path} ({entry.status})" for entry in self.requests]
            raise NotReached(play, what, timeout, asked) from None


def _of_any(recording: Recording) -> Recording:
    """Return a recording without the names of agent and chat in its request: no app that is tested can know them."""
    header = recording.header
    if header is None or not isinstance(header.request.body, dict):
        return recording
    asked = {name: value for name, value in header.request.body.items() if name not in _NAMES}
    return replace(recording, header=msgspec.structs.replace(header, request=Request(header.request.headers, asked)))


class NotReached(AssertionError):
    """An answer did not come where it was to come in time; the message says what was asked until then."""

    def __init__(self, play: Play, what: str, seconds: float, asked: Sequence[str]) -> None:
        where = (
            next((gate.place for gate in play.gates if not gate.is_open), "its end") if what == "reached" else "its end"
        )
        told = f"{play.name} did not come to {where} in {seconds:g} s: {play.sent:,} bytes of it were sent"
        hint = "; asked were " + ", ".join(asked) if asked else "; nothing was asked"
        super().__init__(f"{told}{hint}. In a test with an event loop, await areached() or afinished()")


class Playing:
    """An answer that is being played, or waits to be."""

    def __init__(
        self, play: Play, call: Callable[[Callable[[], None]], None], wait: Callable[[Play, str, float], str]
    ) -> None:
        """Watch a play; for who has a server: `Server.play` makes it."""
        self._play = play
        self._call = call
        self._wait = wait

    def __repr__(self) -> str:
        return f"<Playing {self.name} {self.outcome}>"

    @property
    def name(self) -> str:
        """What is played."""
        return self._play.name

    @property
    def outcome(self) -> str:
        """How it stands: waiting, playing, played, stopped, cut by a fault, or left by the client."""
        return self._play.outcome

    def reached(self, timeout: float = TIMEOUT) -> str:
        """Wait until it is held, and return the place: everything before was sent.

        Raises:
            NotReached: it does not come there in time.
            ReplayError: it ended before, or nothing holds it.
        """
        return self._wait(self._play, "reached", timeout)

    async def areached(self, timeout: float = TIMEOUT) -> str:  # noqa: ASYNC109 - the same as of `reached`
        """Wait until it is held, without keeping the event loop from running."""
        return await anyio.to_thread.run_sync(self.reached, timeout, abandon_on_cancel=True)

    def release(self) -> None:
        """Let it go on: from where it is held, or past the next such place.

        Raises:
            ReplayError: nothing holds it.
        """
        self._call(self._play.release)

    def finished(self, timeout: float = TIMEOUT) -> str:
        """Wait until nothing more is sent, and return how that came.

        Raises:
            NotReached: it goes on.
        """
        return self._wait(self._play, "finished", timeout)

    async def afinished(self, timeout: float = TIMEOUT) -> str:  # noqa: ASYNC109 - the same as of `finished`
        """Wait until nothing more is sent, without keeping the event loop from running."""
        return await anyio.to_thread.run_sync(self.finished, timeout, abandon_on_cancel=True)
