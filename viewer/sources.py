"""Where bodies come from: files, folders, standard input. Each source opens what it finds in a `Watch`, and feeds it.

A source never raises on what it reads: what cannot be read is an entry that says why. It works in slices of a few
milliseconds, so that the screen beside it stays alive.
"""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TextIO, cast

import anyio
from anyio import lowlevel, to_thread

from viewer.spool import FileSpool, RecordSpool, Spool, TempSpool, reason
from viewer.stream import Stream, Watch
from viewer.watched import Clock

_STDIN: Final = 0
_AT_ONCE: Final = 256 * 1024
_SLICE: Final = 16 * 1024
"""Bytes that are folded in one go: one or two milliseconds, unless a frame is larger."""
_POLL: Final = 0.1
"""Seconds between two looks at a file that grows."""
_SCAN: Final = 0.25
"""Seconds between two looks at a folder."""
_QUIET: Final = 300
"""Seconds after which a file in a folder is taken for complete: so long do servers wait for the next event."""
_SUFFIXES: Final = (".sse", ".ndjson", ".jsonl", ".txt")


class Source(Protocol):
    """Something that bodies come from."""

    name: str
    """What it is called."""

    @property
    def live(self) -> bool:
        """Whether something may come at any time."""

    async def run(self, watch: Watch) -> None:
        """Feed all that comes, until nothing more can."""


class FileSource:
    """A file with a recorded body, or one that still grows."""

    def __init__(self, path: Path, *, follow: bool = False) -> None:
        """Prepare to read a file.

        Args:
            path: of a file, or of a pipe.
            follow: whether to wait for more of it, for ever; also for the file itself. One that becomes shorter, or is
                replaced, is another body from then on.
        """
        self.name = str(path)
        self._path = path
        self._follow = follow

    @property
    def live(self) -> bool:
        """Whether it is followed."""
        return self._follow

    async def run(self, watch: Watch) -> None:
        """Read it."""
        if _is_pipe(self._path):
            await self._run_pipe(watch)
            return
        tail = _Tail(watch, self._path)
        await tail.catch_up()
        if not self._follow:
            tail.close()
        while self._follow:
            await anyio.sleep(_POLL)
            await tail.catch_up()

    async def _run_pipe(self, watch: Watch) -> None:
        stream = watch.open(self.name, TempSpool(), _clock())
        try:
            # To open a named pipe waits for its writer.
            file = await to_thread.run_sync(FileIO, self._path, abandon_on_cancel=True)
        except OSError as error:
            stream.watched.problem = reason(error)
            stream.close()
        else:
            with file:
                await _pump(stream, file.fileno())


class FolderSource:
    """All recordings below a folder, and those that come while one looks."""

    live = True

    def __init__(self, path: Path) -> None:
        """Prepare to read a folder.

        Args:
            path: its files are read in the order in which they were changed last; see `_SUFFIXES` for their names.
        """
        self.name = str(path)
        self._path = path
        self._tails: dict[Path, _Tail] = {}

    async def run(self, watch: Watch) -> None:
        """Read it, and look for what is new, for ever."""
        if not self._path.is_dir():
            nothing = watch.open(self.name, FileSpool(self._path))
            nothing.watched.problem = "no such folder"
            nothing.close()
            return
        while True:
            for found in await to_thread.run_sync(self._scan):
                tail = self._tails.get(found.path)
                if tail is None:
                    tail = self._tails[found.path] = _Tail(watch, found.path)
                await tail.catch_up()
                if datetime.now(UTC).timestamp() - found.changed_at > _QUIET:
                    tail.close()
            await anyio.sleep(_SCAN)

    def _scan(self) -> list["_Found"]:
        """Return the files that are new, that changed, or that may be complete by now."""
        found = [_Found.at(Path(folder, name)) for folder, _, names in os.walk(self._path) for name in _wanted(names)]
        return sorted(file for file in found if file is not None and self._is_of_interest(file))

    def _is_of_interest(self, found: "_Found") -> bool:
        tail = self._tails.get(found.path)
        return tail is None or tail.size != found.size or tail.is_open


class StdinSource:
    """Standard input, whatever is at its other end."""

    def __init__(self, record: Path | None = None) -> None:
        """Prepare to read standard input.

        Args:
            record: keep the bytes in this file, which must be new.

        Raises:
            OSError: the file cannot be made; a FileExistsError if it is there already.
        """
        self.name = "standard input"
        self._spool: Spool = RecordSpool(record) if record is not None else TempSpool()

    @property
    def live(self) -> bool:
        """Whether it is a pipe, and not a file that was redirected."""
        return not _is_regular(_STDIN)

    async def run(self, watch: Watch) -> None:
        """Read it to its end."""
        stream = watch.open(self.name, self._spool, _clock() if self.live else None)
        if cast("TextIO | None", sys.stdin) is None:  # its number may be another file's by now
            stream.watched.problem = "is closed"
            stream.close()
        else:
            await _pump(stream, _STDIN)


class _Found(NamedTuple):
    """A file, in the order in which files are read."""

    changed_at: float
    """Epoch seconds."""
    path: Path
    size: int

    @classmethod
    def at(cls, path: Path) -> "_Found | None":
        """Look at a file; None if it went meanwhile, or is none."""
        try:
            told = path.stat()
        except OSError:
            return None
        return cls(told.st_mtime, path, told.st_size) if stat.S_ISREG(told.st_mode) else None


class _Tail:
    """A file that is read as far as it goes, and then again from there."""

    def __init__(self, watch: Watch, path: Path) -> None:
        self._watch = watch
        self._path = path
        self._file: tuple[int, int] | None = None
        self._stream = self._open()
        self.size = 0
        """So many bytes are read."""
        self.is_open = True
        """Whether more is expected."""

    async def catch_up(self) -> None:
        """Read what is new. What was there at first comes at a likely pace, what comes after that when it comes."""
        problem: str | None
        is_new = not self._stream.watched.events
        try:
            told = self._path.stat()
            if not self._is_same(told) or (not self.is_open and told.st_size > self.size):
                self._start_anew()
            if told.st_size > self.size:
                with FileIO(self._path) as file:
                    await self._read(file)
            problem = self._stream.problem()
        except OSError as error:
            problem = reason(error)
        if is_new:
            self._stream.watched.problem = problem
        self._stream.go_live(_clock)

    def close(self) -> None:
        """Nothing more is expected."""
        self.is_open = False
        self._stream.close()

    def _open(self) -> Stream:
        return self._watch.open(str(self._path), FileSpool(self._path))

    def _is_same(self, told: os.stat_result) -> bool:
        """Whether this is the file that was read, and nothing of it was taken away."""
        before, self._file = self._file, (told.st_dev, told.st_ino)
        return before in (None, self._file) and told.st_size >= self.size

    def _start_anew(self) -> None:
        """Other bytes are there now: what was seen stays, but one cannot go back to it."""
        self._stream.close()
        self._stream.spool.close()
        self._watch.forget(self._stream.watched)
        self._stream = self._open()
        self.size = 0
        self.is_open = True

    async def _read(self, file: FileIO) -> None:
        file.seek(self.size)
        while data := await to_thread.run_sync(file.read, _AT_ONCE):
            self.size += len(data)
            await _feed(self._stream, data)


async def _pump(stream: Stream, descriptor: int) -> None:
    """Feed all that can be read from a descriptor, as soon as it is there."""
    try:
        waits = not _is_regular(descriptor)
        while True:
            if waits:
                await anyio.wait_readable(descriptor)
            data = os.read(descriptor, _AT_ONCE)
            if not data:
                break
            await _feed(stream, data)
    except OSError as error:
        stream.watched.problem = reason(error)
    stream.close()


async def _feed(stream: Stream, data: bytes) -> None:
    """Feed bytes, and let others work now and then."""
    for start in range(0, len(data), _SLICE):
        stream.feed(data[start : start + _SLICE])
        await lowlevel.checkpoint()


def _clock() -> Clock:
    """Return a clock that begins now."""
    began = time.monotonic()
    return lambda: time.monotonic() - began


def _wanted(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(_SUFFIXES)]


def _is_pipe(path: Path) -> bool:
    return _is(path.stat, lambda mode: stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode))


def _is_regular(descriptor: int) -> bool:
    return _is(lambda: os.fstat(descriptor), stat.S_ISREG)


def _is(look: Callable[[], os.stat_result], test: Callable[[int], bool]) -> bool:
    """Whether a file is of a kind; one that cannot be looked at is of none."""
    try:
        return test(look().st_mode)
    except OSError:
        return False
