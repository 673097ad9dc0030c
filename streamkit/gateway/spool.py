"""Bodies on the disk while they pass: masked, timed, each a recording from its first byte.

Another process masks and writes them. What it cannot take is counted and said of the body; no stream waits for it.
"""

import os
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streamkit.gateway.body import Body
from streamkit.gateway.heads import Head, header_of
from streamkit.gateway.scribe import Scribe
from streamkit.gateway.settings import MIB
from streamkit.gateway.shelf import Limits
from streamkit.gateway.writing import Begin, Close, Command, Drop, Keep, Mark, Scratch, Shelve, Told, Write
from streamkit.recording import Header
from streamkit.recording.format import encode_header

_REASONS: Final = {"upstream-broke": "error", "client-gone": "cancelled", "drain-limit": "cancelled"}
"""What a recording calls some ends."""
_RESTART: Final = 10.0
"""Seconds in which the process that writes is not started twice."""
_DIED: Final = "the process that writes recordings ended"


class Spool:
    """One body on the disk."""

    def __init__(self, number: int, path: Path, spools: "Spools") -> None:
        """Prepare; the file is made when the response has a head.

        Args:
            number: what the writing process calls it.
            path: of the file, which must be new.
            spools: where it belongs.
        """
        self.number = number
        self.path = path
        """Where it is: it may be moved when it is closed."""
        self.problem: str | None = None
        """Why it is not whole."""
        self.is_closed = False
        """Whether all of it is in the file."""
        self.is_wanted = False
        """Whether somebody needs the file after its end."""
        self._spools = spools
        self._name: str | None = None  # where it is to stay
        self._is_ended = False
        self._is_forgotten = False
        self._room = 0  # bytes that it takes of what all have together

    def begin(self, header: Header, secrets: frozenset[str]) -> None:
        """Make the file, and write what the request and the head of the response say."""
        if self.problem is None:
            hidden = tuple(secret.encode("utf-8", "surrogateescape") for secret in secrets)
            self._do(Begin(self.number, str(self.path), encode_header(header), hidden))

    def write(self, chunk: bytes, at: float) -> None:
        """Take bytes of the body, decoded."""
        if self.problem is not None:
            return
        size = len(chunk)
        if self._room + size > self._spools.body_limit:
            self.stop("longer than what is spooled of a body")
        elif not self._spools.take_room(size):
            self.stop("no room beside all others")
        else:
            self._room += size
            self._do(Write(self.number, at, chunk))

    def close(self, reason: str, at: float) -> None:
        """End it, at a time in seconds since the request; `reason` as a recording says it."""
        self._is_ended = True
        if not self._spools.do(Close(self.number, reason if self.problem is None else None, at), always=True):
            self.end()
        if self._name is not None:
            self.keep(self._name)

    def keep(self, name: str) -> None:
        """Have the file moved to where recordings stay, once it is whole; `name` is below their folder."""
        self.is_wanted = True
        self._name = name
        if self._is_ended:
            self._give_room_back()
            self._finally(Keep(self.number, str(self.path), name))

    def let_go(self) -> None:
        """Nobody keeps it: it goes now, if it was only waited for that."""
        self.is_wanted = False
        if self._is_forgotten:
            self._drop()

    def forget(self) -> None:
        """Nobody looks at it any more: it goes, unless it is kept."""
        self._is_forgotten = True
        if not self.is_wanted:
            self._drop()

    def stop(self, problem: str) -> None:
        """Spool no more of it."""
        if self.problem is None:
            self.problem = problem
            self._spools.count_problem(problem)

    def end(self) -> None:
        """Nothing more comes to the file."""
        self.is_closed = True
        self._spools.on_news(self)

    def _do(self, command: Begin | Write) -> None:
        if not self._spools.do(command):
            self.stop(_DIED if self._spools.is_dead else "faster than the disk")

    def _drop(self) -> None:
        self._give_room_back()
        self._finally(Drop(self.number, str(self.path)))

    def _finally(self, command: Keep | Drop) -> None:
        if not self._spools.do(command, always=True):
            self._spools.lose(self.number)

    def _give_room_back(self) -> None:
        self._spools.give_back(self._room)
        self._room = 0


class Spools:
    """Gives each body a spool; a listener of the proxy, behind whoever decides what is kept."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        retain: int = 0,
        limits: Limits | None = None,
        body_limit: int = 64 * MIB,
        limit: int = 1024 * MIB,
        backlog: int = 64 * MIB,
    ) -> None:
        """Prepare a folder, and start the process that writes.

        Args:
            folder: where spools lie; by default a temporary one.
            retain: how many bodies that ended can still be looked at, if nobody keeps them.
            limits: where recordings are kept, and how much; None where none is.
            body_limit: bytes of one body that are spooled.
            limit: bytes of all bodies together that are.
            backlog: bytes that may wait for the disk.
        """
        self.body_limit = body_limit
        self.problems: dict[str, int] = {}
        """Bodies that are not whole on the disk, or not kept, by why."""
        self.kept = 0
        """Recordings that stayed."""
        self.swept = 0
        """Recordings that went, for their age or to make room."""
        self.on_news: Callable[[Spool], object] = lambda spool: None
        """Told, in another thread, that a spool has grown, or is closed."""
        self._lock = threading.Lock()
        self._retain = retain
        self._limit = limit
        self._used = 0
        self._is_temporary = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="streamkit-"))
        self._retained: deque[Spool] = deque()
        self._numbers = 0
        self._known: dict[int, Spool] = {}
        self._marks: dict[int, Callable[[], object]] = {}
        self._backlog = backlog
        self._limits = limits
        self._scribe = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- bodies

    def body_began(self, body: Body) -> None:
        """Give it a spool."""
        if self.is_dead:
            self._start_again()
        self._numbers += 1
        path = self._folder / f"{os.getpid()}-{body.handle}.skrec"
        body.spool = self._known[self._numbers] = Spool(self._numbers, path, self)

    def body_answered(self, body: Body, head: Head) -> None:
        """Begin to record."""
        if isinstance(body.spool, Spool):
            body.spool.begin(header_of(head, body.route, body.created), body.secret_values)
            body.copies.append(body.spool)

    def body_ended(self, body: Body) -> None:
        """End the recording; of those that nobody keeps the oldest go."""
        if isinstance(body.spool, Spool):
            body.spool.close(_REASONS.get(str(body.ended), str(body.ended)), body.duration)
            self._retained.append(body.spool)
            self._forget(len(self._retained) - self._retain)

    def _forget(self, count: int) -> None:
        """Look at so many of the oldest no more."""
        for _ in range(count):
            self._retained.popleft().forget()

    # ---- the process

    @property
    def is_dead(self) -> bool:
        """Whether the process that writes ended by itself."""
        return self._scribe.is_dead

    def _start_again(self) -> None:
        if time.monotonic() - self._started_at > _RESTART:
            with suppress(OSError):
                self._scribe = self._started()

    def _started(self) -> Scribe:
        self._started_at = time.monotonic()
        scribe = Scribe(limit=self._backlog, on_told=self._hear, on_death=self._mourn)
        if self._limits is not None:
            scribe.do(Shelve(self._limits))
        if self._is_temporary:
            scribe.do(Scratch(str(self._folder)))
        return scribe

    # ---- what spools need

    def do(self, command: Command, *, always: bool = False) -> bool:
        """Have the writing process do something; return whether it will."""
        return self._scribe.do(command, always=always)

    def lose(self, number: int) -> None:
        """Nothing more will be told of a spool."""
        self._known.pop(number, None)

    def take_room(self, size: int) -> bool:
        """Take room for some bytes, if there is any."""
        if self._used + size > self._limit:
            return False
        self._used += size
        return True

    def give_back(self, size: int) -> None:
        """Give room back."""
        self._used -= size

    def count_problem(self, problem: str) -> None:
        """Count a body that is not whole on the disk."""
        with self._lock:  # both threads do
            self.problems[problem] = self.problems.get(problem, 0) + 1

    def when_done(self, action: Callable[[], object]) -> None:
        """Call something, in another thread, when all is on the disk that came so far."""
        self._numbers += 1
        self._marks[self._numbers] = action
        if not self.do(Mark(self._numbers), always=True) or self.is_dead:
            self._marks.pop(self._numbers, _nothing)()

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits, and delete what nobody keeps."""
        self._forget(len(self._retained))
        self._scribe.close(seconds)
        if self._is_temporary:  # it is gone already, unless the process was killed
            shutil.rmtree(self._folder, ignore_errors=True)

    # ---- in another thread

    def _hear(self, told: Told) -> None:
        """Note what came of commands."""
        self.kept += told.kept
        self.swept += told.swept
        for spool in self._of(told.problems):
            spool.stop(f"not written: {told.problems[spool.number]}")
        for spool in self._of(told.closed):
            spool.end()
        for spool in self._of({*told.grown} - {*told.closed}):
            self.on_news(spool)
        for spool in self._of(told.moved):
            spool.path = Path(told.moved[spool.number])
        for number in told.gone:
            self.lose(number)
        for number in told.done:
            self._marks.pop(number, _nothing)()

    def _of(self, numbers: Iterable[int]) -> list[Spool]:
        known = self._known
        return [known[number] for number in numbers if number in known]

    def _mourn(self) -> None:
        """The writing process is dead: nothing more is recorded."""
        for spool in list(self._known.values()):
            if not spool.is_closed:
                spool.stop(_DIED)
                spool.end()
        for mark in list(self._marks):
            self._marks.pop(mark, _nothing)()


def _nothing() -> None:
    """What is done for a mark that was reached before."""
