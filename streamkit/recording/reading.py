"""Reads recordings one entry at a time: bodies as they came, `.skrec` and `.skrec.zst`, told by what is in them.

A recording whose writer was killed is whole up to its last line: half a line at the end is no error.
"""

import math
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain, dropwhile
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self

from streamkit.errors import RecordingError
from streamkit.recording import zstd
from streamkit.recording.format import Chunk, End, Entry, Header, decode_entry, decode_header, is_header

_AT_ONCE: Final = 256 * 1024
_LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes of a line that are read; a chunk is what one read of a socket gave, a few hundred KiB at most."""
_HEADER_BEGINS: Final = b'{"format":"skrec"'
"""How a header begins that streamkit wrote."""
_LONGEST_SNIFF: Final = 64 * 1024
"""So many bytes are looked at for a header that something else wrote."""
_BLANK: Final = b" \t\r\n"


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
        self.header: Header | None = None
        """What was recorded; None of a raw body."""
        self.end: End | None = None
        """How the body ended, once it was reached; None of a raw body, and of a recording that was cut off."""
        self.unknown = 0
        """Entries passed over so far, as their code is unknown."""
        self._file = file
        self._is_zstd = False
        self._is_begun = False
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
    def is_timed(self) -> bool:
        """Whether it is known when the chunks came; else they all stand at 0."""
        return self.header is not None and self.header.is_timed

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
        self.end = None
        offset = self._frame_before(seconds) if self._is_zstd and self.header is not None else 0
        entries = self._begin() if offset == 0 else self._read(_lines(self._pieces_from(offset), self.path))
        self._entries = dropwhile(lambda entry: entry.at < seconds, entries)

    # ---- inside

    def _begin(self) -> Iterator[Entry]:
        """Read the start of the file: find out what kind it is, and return its entries."""
        pieces = self._pieces_from(0)
        head = next(pieces, b"")
        while not _is_decided(head) and (piece := next(pieces, b"")):
            head += piece
        if not _is_recording(head):
            return (Chunk(0.0, piece) for piece in chain([head] if head else [], pieces))
        lines = _lines(chain([head], pieces), self.path)
        first = next(lines)
        try:
            self.header = decode_header(first.data)
        except ValueError as error:
            raise RecordingError(self.path, first.number, str(error)) from None
        return self._read(lines)

    def _read(self, lines: Iterable["_Line"]) -> Iterator[Entry]:
        for line in lines:
            if not line.data.strip(_BLANK):
                continue
            try:
                entry = decode_entry(line.data)
            except ValueError as error:
                if not line.is_ended:  # its writer was killed
                    return
                raise RecordingError(self.path, line.number, str(error)) from None
            if entry is None:
                self.unknown += 1
                continue
            if isinstance(entry, End):
                self.end = entry
            yield entry

    def _pieces_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes of the file from an offset on, decompressed if need be."""
        if offset or self._is_begun:
            self._file.seek(offset)
        self._is_begun = True
        pieces = _pieces(self._file)
        head = b""
        while len(head) < len(zstd.MAGIC) and (piece := next(pieces, b"")):
            head += piece
        self._is_zstd = head.startswith(zstd.MAGIC)
        pieces = chain([head] if head else [], pieces)
        return zstd.decompressed(pieces, self.path) if self._is_zstd else pieces

    def _frame_before(self, seconds: float) -> int:
        """Return where the frame begins in which this time is."""
        offsets = zstd.frame_offsets(self._file, self.path)
        later = bisect_left(offsets, seconds, lo=1, key=self._time_at)
        return offsets[later - 1] if offsets else 0

    def _time_at(self, offset: int) -> float:
        """Return the time of the first entry of a frame."""
        first = next(self._read(_lines(self._pieces_from(offset), self.path)), None)
        return math.inf if first is None else first.at


class _Line(NamedTuple):
    number: int
    data: bytes
    is_ended: bool
    """Whether a line end stands behind it."""


def _lines(pieces: Iterable[bytes], path: str) -> Iterator[_Line]:
    """Cut pieces into lines.

    Raises:
        RecordingError: one is too long.
    """
    parts: list[bytes] = []
    number, size = 1, 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        for line in others:
            yield _Line(number, b"".join((*parts, first)), is_ended=True)
            number, parts, size, first = number + 1, [], 0, line
        parts.append(first)
        size += len(first)
        if size > _LONGEST_LINE:
            raise RecordingError(path, number, f"is longer than {_LONGEST_LINE:,} bytes")
    if size:
        yield _Line(number, b"".join(parts), is_ended=False)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)  # read1 returns what is there: a live stream stays live
    while piece := read(_AT_ONCE):
        yield piece


# ---- what kind of file


def _is_decided(head: bytes) -> bool:
    """Whether the beginning of a file tells what it is."""
    start = head.lstrip(_BLANK)
    return b"\n" in start or len(start) > _LONGEST_SNIFF or not b"{".startswith(start[:1])


def _is_recording(head: bytes) -> bool:
    """Whether a file that begins so is a recording."""
    start = head.lstrip(_BLANK)
    return start.startswith(_HEADER_BEGINS) or (start.startswith(b"{") and is_header(start.partition(b"\n")[0]))
