"""Reads recordings from files, one entry at a time: bodies as they came, `.skrec` and `.skrec.zst`, told by what is in them."""

import math
import os
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain, dropwhile
from types import TracebackType
from typing import BinaryIO, Final, Self

from streamkit.recording import zstd
from streamkit.recording.format import Chunk, End, Entry, Header
from streamkit.recording.unpacking import Unpacker

_AT_ONCE: Final = 256 * 1024


def open_recording(path: str | os.PathLike[str]) -> "RecordingReader":
    """Open a recording to go through it without holding it.

    ::

        with open_recording("x.skrec") as reader:
            for chunk in reader:
                tap.feed(chunk.data, at=chunk.at)

    Args:
        path: a raw body (`.sse`, `.ndjson`, `.json`), a `.skrec` or a `.skrec.zst`, whatever its name.

    Raises:
        OSError: it cannot be opened.
        RecordingError: it is damaged, of another version, or needs an extra.
    """
    file = open(path, "rb")  # noqa: PTH123, SIM115 - the reader closes it
    try:
        return RecordingReader(file, os.fspath(path))
    except BaseException:
        file.close()
        raise


class RecordingReader:
    """Goes through a recording, once; `seek` begins anew elsewhere."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        """Begin to read.

        Args:
            file: at its start; the reader closes it. Nothing but `read1` is needed unless one seeks.
            path: what it is called.

        Raises:
            RecordingError: it is damaged, of another version, or needs an extra.
        """
        self.path = path
        """What it is called."""
        self._file = file
        self._is_begun = False
        self._unpacker: Unpacker
        self._entries = self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def header(self) -> Header | None:
        """What was recorded; None of a raw body."""
        return self._unpacker.header

    @property
    def is_timed(self) -> bool:
        """Whether it is known when the chunks came; else they all stand at 0."""
        return self._unpacker.is_timed

    @property
    def end(self) -> End | None:
        """How the body ended, once it was reached; None of a raw body, and of a recording that was cut off."""
        return self._unpacker.end

    @property
    def unknown(self) -> int:
        """Entries passed over since the start, or since one sought, as their code is unknown."""
        return self._unpacker.unknown

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks of the body that are left.

        Raises:
            RecordingError: it is damaged; what came before was whole.
            OSError: it cannot be read.
        """
        return (entry for entry in self._entries if isinstance(entry, Chunk))

    def entries(self) -> Iterator[Entry]:
        """Yield the entries that are left: chunks, exchanges, markers and the end, in order.

        Raises:
            RecordingError: it is damaged; what came before was whole.
            OSError: it cannot be read.
        """
        return self._entries

    def seek(self, seconds: float) -> None:
        """Go to the first entry at this time or later, forwards or back.

        In a `.skrec.zst` that takes a few reads, however long it is; a `.skrec` is read from its start.

        Args:
            seconds: since the start.

        Raises:
            RecordingError: it is damaged.
            OSError: it cannot be read, or is a pipe.
        """
        before = self._unpacker
        offset = self._frame_before(seconds) if before.is_compressed and before.header is not None else 0
        if offset:
            self._unpacker = Unpacker(self.path, header=before.header)
            entries = self._read(self._unpacker, offset)
        else:
            entries = self._begin()
        self._entries = dropwhile(lambda entry: entry.at < seconds, entries)

    # ---- inside

    def _begin(self) -> Iterator[Entry]:
        """Read the start of the file: find out what kind it is, and return its entries."""
        self._unpacker = Unpacker(self.path)
        entries = self._read(self._unpacker, 0)
        first = next(entries, None)  # what kind it is was told before that
        return chain([first] if first is not None else [], entries)

    def _read(self, unpacker: Unpacker, offset: int) -> Iterator[Entry]:
        """Yield the entries that stand in the file from an offset on."""
        if offset or self._is_begun:
            self._file.seek(offset)
        self._is_begun = True
        for piece in _pieces(self._file):
            yield from unpacker.feed(piece)
        yield from unpacker.close()

    def _frame_before(self, seconds: float) -> int:
        """Return where the frame begins in which this time is."""
        offsets = zstd.frame_offsets(self._file, self.path)
        later = bisect_left(offsets, seconds, lo=1, key=self._time_at)
        return offsets[later - 1] if offsets else 0

    def _time_at(self, offset: int) -> float:
        """Return the time of the first entry of a frame."""
        first = next(self._read(Unpacker(self.path, header=self.header), offset), None)
        return math.inf if first is None else first.at


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)  # read1 returns what is there: a live stream stays live
    while piece := read(_AT_ONCE):
        yield piece
