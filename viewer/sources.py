"""Where bodies come from: files, folders, standard input. Each source opens what it finds in a `Watch`, and feeds it.

A source never raises on what it reads: what cannot be read is an entry that says why. It works in slices of a few
milliseconds, so that the screen beside it stays alive.
"""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TextIO, cast

import anyio
from anyio import to_thread

from streamkit.cli.body import BODIES
from viewer.intake import Intake
from viewer.spool import BodySpool, FileSpool, RecordSpool, Spool, TempSpool, reason
from viewer.stream import Watch
from viewer.watched import Clock, Watched

if TYPE_CHECKING:
    from streamkit.recording import Recorder

_STDIN: Final = 0
_AT_ONCE: Final = 256 * 1024
_POLL: Final = 0.1
"""Seconds between two looks at a file that grows."""
_SCAN: Final = 0.25
"""Seconds between two looks at a folder."""
_QUIET: Final = 300
"""Seconds after which a file in a folder is taken for complete: so long do servers wait for the next event."""
_SUFFIXES: Final = (*BODIES, ".txt")
_RECORDINGS: Final = (".skrec", ".skrec.zst")


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
        intake = Intake(watch.open(self.name, TempSpool(), _clock()))
        try:
            # To open a named pipe waits for its writer.
            file = await to_thread.run_sync(FileIO, self._path, abandon_on_cancel=True)
        except OSError as error:
            intake.close()
            intake.stream.watched.problem = reason(error)
        else:
            with file:
                await _pump(intake, file.fileno())


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
            record: keep what comes in this file, which must be new: with its times and without secrets where its name
                ends with `.skrec` or `.skrec.zst`, else byte for byte.

        Raises:
            OSError: the file cannot be made; a FileExistsError if it is there already.
            RecordingError: a `.zst` needs an extra.
        """
        self.name = "standard input"
        self._spool: Spool
        self._recorder: Recorder | None = None
        if record is not None and record.name.endswith(_RECORDINGS):
            self._recorder = _new_recorder(record, is_live=self.live)
            self._spool = TempSpool()
        else:
            self._spool = RecordSpool(record) if record is not None else TempSpool()

    @property
    def live(self) -> bool:
        """Whether it is a pipe, and not a file that was redirected."""
        return not _is_regular(_STDIN)

    async def run(self, watch: Watch) -> None:
        """Read it to its end."""
        stream = watch.open(self.name, self._spool, _clock() if self.live else None)
        intake = Intake(stream, recorder=self._recorder)
        if cast("TextIO | None", sys.stdin) is None:  # its number may be another file's by now
            intake.close()
            stream.watched.problem = "is closed"
            return
        with self._recorder or nullcontext():  # a recorder writes down how this ends
            await _pump(intake, _STDIN)


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
        self._intake = self._open()
        self._error: str | None = None
        """Why it could not be read when it was last looked at."""
        self.size = 0
        """So many bytes are read."""

    @property
    def is_open(self) -> bool:
        """Whether more is expected."""
        return not self._intake.is_ended

    async def catch_up(self) -> None:
        """Read what is new. What was there at first comes at a likely pace, what comes after that when it comes."""
        is_new, self._error = not self._watched.events, None
        changed_at = None
        try:
            told = self._path.stat()
            if not self._is_same(told) or (not self.is_open and told.st_size > self.size):
                self._start_anew()
                is_new = True
            if told.st_size > self.size:
                with FileIO(self._path) as file:
                    await self._read(file)
            changed_at = told.st_mtime
        except OSError as error:
            self._error = reason(error)
        if is_new and self.is_open:
            self._watched.problem = self._error or self._intake.problem()
        self._intake.stream.go_live(lambda: _clock(self._reached(changed_at)))

    def close(self) -> None:
        """Nothing more is expected."""
        if (
            self.is_open and self._error is None and not self._watched.events
        ):  # only the end of some bodies tells what they are
            self._watched.problem = None
        self._intake.close()

    @property
    def _watched(self) -> Watched:
        return self._intake.stream.watched

    def _open(self) -> Intake:
        return Intake(self._watch.open(str(self._path), BodySpool(self._path)))

    def _reached(self, changed_at: float | None) -> float:
        """Return what time it is by now for a recording that is still written: later than its last entry."""
        if self._intake.last is None or changed_at is None:
            return 0.0
        return self._watched.now() + max(datetime.now(UTC).timestamp() - changed_at, 0.0)

    def _is_same(self, told: os.stat_result) -> bool:
        """Whether this is the file that was read, and nothing of it was taken away."""
        before, self._file = self._file, (told.st_dev, told.st_ino)
        return before in (None, self._file) and told.st_size >= self.size

    def _start_anew(self) -> None:
        """Other bytes are there now: what was seen stays, but one cannot go back to it."""
        self.close()
        self._intake.stream.spool.close()
        self._watch.forget(self._watched)
        self._intake = self._open()
        self.size = 0

    async def _read(self, file: FileIO) -> None:
        file.seek(self.size)
        while data := await to_thread.run_sync(file.read, _AT_ONCE):
            self.size += len(data)
            await self._intake.take(data)


async def _pump(intake: Intake, descriptor: int) -> None:
    """Take all that can be read from a descriptor, as soon as it is there."""
    problem = None
    try:
        waits = not _is_regular(descriptor)
        while True:
            if waits:
                await anyio.wait_readable(descriptor)
            data = os.read(descriptor, _AT_ONCE)
            if not data:
                break
            await intake.take(data)
    except OSError as error:
        problem = reason(error)
    intake.close()
    if problem is not None:
        intake.stream.watched.problem = problem


def _new_recorder(path: Path, *, is_live: bool) -> "Recorder":
    from streamkit.recording import Header, Recorder  # which nobody needs who records nothing

    return Recorder(path, Header(is_timed=is_live), live=is_live)


def _clock(reading: float = 0.0) -> Clock:
    """Return a clock that reads so many seconds now."""
    began = time.monotonic() - reading
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
