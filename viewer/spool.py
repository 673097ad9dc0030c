"""The bytes of a body, kept on disk: what was seen can be seen again, and memory holds only its meaning.

A spool takes bytes in and gives them back by their place. It never raises on what the disk does: when that is full,
`problem` says so, what was kept until then stays readable, and whoever watches goes on without the rest.
"""

import os
import tempfile
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final, Protocol

_AT_ONCE: Final = 64 * 1024
"""Bytes that wait in memory: a stream of tokens should not cost a call of the system for each."""


class Spool(Protocol):
    """The bytes of one body, as far as they came."""

    @property
    def size(self) -> int:
        """So many bytes can be read."""

    @property
    def problem(self) -> str | None:
        """Why bytes are missing, in a few words; None if none are."""

    def append(self, data: bytes) -> None:
        """Take the next bytes of the body."""

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes from their place in the body; fewer where there are no more."""

    def close(self) -> None:
        """Give the place on the disk back: nothing can be read from now on."""


class FileSpool:
    """A body that is a file already: nothing is copied, and the file is opened when somebody reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._closed = False
        self.size = 0
        """So many bytes were taken; the file may have more."""
        self.problem: str | None = None

    def append(self, data: bytes) -> None:
        """Note that the next bytes of the file are part of the body."""
        self.size += len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes of the file; none if it is not there any more."""
        if self._closed:
            return b""
        try:
            if self._file is None:
                self._file = FileIO(self._path)
            self._file.seek(offset)
            return self._file.read(min(size, self.size - offset)) if offset < self.size else b""
        except OSError as error:
            self.problem = reason(error)
            return b""

    def close(self) -> None:
        """Let the file go: also where it holds other bytes now."""
        self._closed = True
        self.size = 0
        if self._file is not None:
            self._file.close()


class BodySpool:
    """A body that a file holds: as it is, or, in a recording, unpacked into a file that goes with the spool."""

    def __init__(self, path: Path) -> None:
        self._spool: FileSpool | TempSpool = FileSpool(path)

    def unpack(self) -> None:
        """Keep what comes from now on: the file has it in another form. Nothing may have come yet."""
        self._spool.close()
        self._spool = TempSpool()

    @property
    def size(self) -> int:
        """So many bytes can be read."""
        return self._spool.size

    @property
    def problem(self) -> str | None:
        """Why bytes are missing."""
        return self._spool.problem

    def append(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        self._spool.append(data)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes from their place in the body."""
        return self._spool.read(offset, size)

    def close(self) -> None:
        """Let the file go, or delete it."""
        self._spool.close()


class KeptSpool:
    """Bytes that are written to a file as they come."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin.

        Args:
            file: unbuffered, empty, and this spool's own.
        """
        self._file = file
        self._waiting = bytearray()
        self._written = 0
        self.problem: str | None = None

    @property
    def size(self) -> int:
        """So many bytes can be read."""
        return self._written + len(self._waiting)

    def append(self, data: bytes) -> None:
        """Keep the next bytes, unless some before them could not be kept."""
        if self.problem is not None:
            return
        self._waiting += data
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def read(self, offset: int, size: int) -> bytes:
        """Return what was kept."""
        self._write()
        if self._file.closed:
            return b""
        try:
            self._file.seek(offset)
            return self._file.read(min(size, max(self._written - offset, 0)))
        except OSError as error:
            self.problem = reason(error)
            return b""

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._write()
        self._written = 0
        self._file.close()

    def _write(self) -> None:
        """Write what waits; a part of it may find room on a full disk."""
        if not self._waiting or self._file.closed:
            return
        waiting, self._waiting = memoryview(bytes(self._waiting)), bytearray()
        try:
            self._file.seek(self._written)
            while waiting:
                taken = self._file.write(waiting)
                self._written += taken
                waiting = waiting[taken:]
        except OSError as error:
            self.problem = reason(error)


class TempSpool(KeptSpool):
    """Bytes in a file that only its owner may read, and that goes with the spool, or with the process."""

    def __init__(self) -> None:
        # Where the system can, such a file has no name: not even a process that is killed leaves one behind.
        super().__init__(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - it is closed with the spool


class RecordSpool(KeptSpool):
    """Bytes in a file that somebody asked for: a recording, which stays."""

    def __init__(self, path: Path) -> None:
        """Begin a recording.

        Raises:
            OSError: the file cannot be made; a FileExistsError if it is there already, for it is not overwritten.
        """
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
        super().__init__(os.fdopen(made, "r+b", buffering=0))


def reason(error: OSError) -> str:
    """Return what went wrong, in a few words."""
    return (error.strerror or str(error)).lower()
