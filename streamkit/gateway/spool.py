"""Bodies on the disk while they pass: masked, timed, each a recording from its first byte.

The disk is another thread's. What it cannot take is counted and said of the body; no stream waits for it.
"""

import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from streamkit.gateway.background import Background
from streamkit.gateway.body import Body, Head
from streamkit.gateway.settings import MIB
from streamkit.recording import Header, Recorder, Redactor, Request, Response, Source

_OF_THE_WIRE: Final = ("content-encoding", "content-length", "transfer-encoding")
"""Headers of a body that is recorded decoded."""


class Spool:
    """One body on the disk. Written in the loop's thread, done in the background's."""

    def __init__(self, path: Path, spools: "Spools") -> None:
        """Prepare; the file is made when the response has a head.

        Args:
            path: of the file, which must be new.
            spools: where it belongs.
        """
        self.path = path
        """Where it is: it may be moved when it is closed."""
        self.problem: str | None = None
        """Why it is not whole."""
        self.is_closed = False
        """Whether all of it is in the file."""
        self.is_wanted = False
        """Whether somebody needs the file after its end."""
        self._spools = spools
        self._move: Callable[[], object] | None = None
        self._is_ended = False
        self._is_forgotten = False
        self._room = 0  # bytes that it takes of what all have together
        self._recorder: Recorder | None = None

    def begin(self, header: Header, redactor: Redactor) -> None:
        """Make the file, and write what the request and the head of the response say."""
        self._do(lambda: self._begin(header, redactor))

    def write(self, chunk: bytes, at: float) -> None:
        """Take bytes of the body, decoded."""
        if self.problem is not None:
            return
        size = len(chunk)
        if self._room + size > self._spools.body_limit:
            self._stop("longer than what is spooled of a body")
            return
        if not self._spools.take_room(size):
            self._stop("no room beside all others")
            return
        self._room += size
        if not self._do(lambda: self._write(chunk, at), size):
            self._stop("faster than the disk")

    def close(self, reason: str) -> None:
        """End it; `reason` as a recording says it."""
        self._is_ended = True
        self._do(lambda: self._close(reason), always=True)
        if self._move is not None:
            self.keep(self._move)

    def keep(self, move: Callable[[], object]) -> None:
        """Have the file moved to where it stays, once it is whole."""
        self.is_wanted = True
        self._move = move
        if self._is_ended:
            self._give_room_back()
            self._do(move, always=True)

    def let_go(self) -> None:
        """Nobody keeps it: it goes now, if it was only waited for that."""
        self.is_wanted = False
        if self._is_forgotten:
            self._discard()

    def forget(self) -> None:
        """Nobody looks at it any more: it goes, unless it is kept."""
        self._is_forgotten = True
        if not self.is_wanted:
            self._discard()

    def _discard(self) -> None:
        self._give_room_back()
        self._do(lambda: self.path.unlink(missing_ok=True), always=True)

    def _give_room_back(self) -> None:
        self._spools.give_back(self._room)
        self._room = 0

    # ---- in the background

    def _begin(self, header: Header, redactor: Redactor) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._recorder = Recorder(self.path, header, redact=redactor)

    def _write(self, chunk: bytes, at: float) -> None:
        if self._recorder is not None and self.problem is None:
            self._recorder.write(chunk, at)
            self._spools.on_news(self)

    def _close(self, reason: str) -> None:
        try:
            if self._recorder is not None and self.problem is None:
                self._recorder.close(reason)
            elif self._recorder is not None:
                self._recorder.break_off()
        finally:
            self.is_closed = True
            self._spools.on_news(self)

    def _do(self, job: Callable[[], object], size: int = 0, *, always: bool = False) -> bool:
        def guarded() -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - a disk that fails must not end the thread of all others
                self._stop(f"not written: {_words(error)}")

        return self._spools.background.submit(guarded, size, always=always)

    def _stop(self, problem: str) -> None:
        """Spool no more of it."""
        if self.problem is None:
            self.problem = problem
            self._spools.count_problem(problem)


class Spools:
    """Gives each body a spool; a listener of the proxy, behind whoever decides what is kept."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        retain: int = 0,
        body_limit: int = 64 * MIB,
        limit: int = 1024 * MIB,
    ) -> None:
        """Prepare a folder.

        Args:
            folder: where spools lie; by default a temporary one.
            retain: how many bodies that ended can still be looked at, if nobody keeps them.
            body_limit: bytes of one body that are spooled.
            limit: bytes of all bodies together that are.
        """
        self.body_limit = body_limit
        self.problems: dict[str, int] = {}
        """Bodies that are not whole on the disk, by why."""
        self.on_news: Callable[[Spool], object] = lambda spool: None
        """Told in the background that a spool has grown, or is closed."""
        self.background = Background("streamkit-spool", limit=64 * MIB)
        self._lock = threading.Lock()
        self._retain = retain
        self._limit = limit
        self._used = 0
        self._is_temporary = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="streamkit-"))
        self._retained: deque[Spool] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def body_began(self, body: Body) -> None:
        """Give it a spool."""
        body.spool = Spool(self._folder / f"{os.getpid()}-{body.handle}.skrec", self)

    def body_answered(self, body: Body) -> None:
        """Begin to record."""
        if isinstance(body.spool, Spool) and body.head is not None:
            body.spool.begin(header_of(body.head, body), Redactor(body.secret_values))
            body.copies.append(body.spool)

    def body_ended(self, body: Body) -> None:
        """End the recording; of those that nobody keeps the oldest go."""
        if isinstance(body.spool, Spool):
            body.spool.close(_REASONS.get(str(body.ended), str(body.ended)))
            self._retained.append(body.spool)
            self._forget(len(self._retained) - self._retain)

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

    def _forget(self, count: int) -> None:
        """Look at so many of the oldest no more."""
        for _ in range(count):
            self._retained.popleft().forget()

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits, and delete what nobody keeps."""
        self._forget(len(self._retained))
        self.background.close(seconds)
        if self._is_temporary:
            shutil.rmtree(self._folder, ignore_errors=True)


_REASONS: Final = {"upstream-broke": "error", "client-gone": "cancelled", "drain-limit": "cancelled"}
"""What a recording calls some ends."""


def header_of(head: Head, body: Body) -> Header:
    """Return the header of a recording: the request, and the head of the response."""
    kind = body.route.vendor if body.route is not None else None
    return Header(
        source=Source(kind=kind, method=head.method, url=head.url),
        request=Request(headers=_joined(head.request_headers), body=_json(head.request_body)),
        response=Response(
            status=head.status,
            headers={
                name: value
                for name, value in _joined(head.response_headers).items()
                if name.lower() not in _OF_THE_WIRE
            },
        ),
    )


def _words(error: Exception) -> str:
    """Return what an error says of a disk; another one's words may be of what was written."""
    return (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else type(error).__name__


def _joined(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return headers of which each has one value."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _json(body: bytes | None) -> object:
    """Return a request's body as a recording has it: JSON, or text; None if it is neither, or too long."""
    if not body:
        return None
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        try:
            value = body.decode()
        except UnicodeError:
            return None
    return value
