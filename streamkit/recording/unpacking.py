"""Takes recordings apart while they come: in whatever pieces a socket, a pipe or a growing file gives them.

What comes may be a recording, a body alone, or either of them compressed; the first bytes tell, and are held until
they do. A recording whose writer was killed is whole up to its last line: half a line at the end is no error.
"""

from collections.abc import Iterator
from typing import Final

from streamkit.errors import RecordingError
from streamkit.recording import zstd
from streamkit.recording.format import Chunk, End, Entry, Header, decode_entry, decode_header, is_header

_LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes of a line that are read; a chunk is what one read of a socket gave, a few hundred KiB at most."""
_HEADER_BEGINS: Final = b'{"format":"skrec"'
"""How a header begins that streamkit wrote."""
_LONGEST_SNIFF: Final = 64 * 1024
"""So many bytes are looked at for a header that something else wrote."""
_BLANK: Final = b" \t\r\n"


class Unpacker:
    """Entries of one recording, or the bytes of one body, while they come."""

    def __init__(self, path: str, *, header: Header | None = None) -> None:
        """Begin.

        Args:
            path: what it is called, for messages.
            header: of the recording, for who begins behind it.
        """
        self.header = header
        """What was recorded; None of a body alone, and before it came."""
        self.end: End | None = None
        """How the body ended, once it was reached."""
        self.unknown = 0
        """Entries passed over so far, as their code is unknown."""
        self.is_compressed = False
        self._path = path
        self._start: bytes | None = b""  # until it is clear whether it is compressed
        self._frames: zstd.Decompressor | None = None
        self._head: bytes | None = b"" if header is None else None  # until it is clear whether it is a recording
        self._is_body = False
        self._lines = _Lines(path)

    @property
    def is_timed(self) -> bool:
        """Whether it is known when the chunks came; else they all stand at 0."""
        return self.header is not None and self.header.is_timed

    @property
    def is_told(self) -> bool:
        """Whether it is clear what this is: a recording with a header, or a body alone."""
        return self._head is None

    def feed(self, data: bytes) -> Iterator[Entry]:
        """Yield what the next bytes complete: chunks, exchanges, markers and the end. Go through all of it.

        It is no list, since a few compressed bytes may be a great many entries.

        Raises:
            RecordingError: it is damaged, of another version, or needs an extra; what came before was whole.
        """
        for piece in self._decompressed(data):
            yield from self._read(piece)

    def close(self) -> Iterator[Entry]:
        """End it, and yield what only the end completes.

        Raises:
            RecordingError: it is damaged, or of another version.
        """
        start, self._start = self._start, None
        if start:
            yield from self._read(start)
        if self._head is not None:
            yield from self._begin(self._head)
        rest = self._lines.close()
        if self.header is None and rest:
            yield from self._line(rest)
        elif rest:
            yield from self._last(rest)

    # ---- inside

    def _decompressed(self, data: bytes) -> Iterator[bytes]:
        if self._start is not None:
            data = self._start + data
            if len(data) < len(zstd.MAGIC) and zstd.MAGIC.startswith(data):
                self._start = data
                return
            self._start = None
            self.is_compressed = data.startswith(zstd.MAGIC)
            self._frames = zstd.Decompressor(self._path) if self.is_compressed else None
        if self._frames is None:
            yield data
        else:
            yield from self._frames.feed(data)

    def _read(self, piece: bytes) -> Iterator[Entry]:
        if self._head is not None:
            piece = self._head + piece
            if not _tells(piece):
                self._head = piece
                return
            yield from self._begin(piece)
        elif self._is_body:
            yield Chunk(0.0, piece)
        else:
            for line in self._lines.feed(piece):
                yield from self._line(line)

    def _begin(self, head: bytes) -> Iterator[Entry]:
        self._head = None
        self._is_body = not _is_recording(head)
        if head:
            yield from self._read(head)

    def _line(self, line: bytes) -> Iterator[Entry]:
        if not line.strip(_BLANK):
            return
        try:
            if self.header is None:
                self.header = decode_header(line)
                return
            entry = decode_entry(line)
        except ValueError as error:
            raise RecordingError(self._path, self._lines.number, str(error)) from None
        if entry is None:
            self.unknown += 1
            return
        if isinstance(entry, End):
            self.end = entry
        yield entry

    def _last(self, line: bytes) -> Iterator[Entry]:
        """Read a line without its line end: perhaps a whole one, perhaps half of one, whose writer was killed."""
        try:
            yield from self._line(line)
        except RecordingError:
            return


class _Lines:
    """Cuts pieces into lines."""

    def __init__(self, path: str) -> None:
        self.number = 0
        """Of the line that was returned last, counted from 1."""
        self._path = path
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the lines that a piece ends, without their line ends.

        Raises:
            RecordingError: one is too long.
        """
        first, *others = piece.split(b"\n")
        for line in others:
            self.number += 1
            parts, self._parts, self._size = self._parts, [], 0
            yield b"".join((*parts, first))
            first = line
        self._parts.append(first)
        self._size += len(first)
        if self._size > _LONGEST_LINE:
            raise RecordingError(self._path, self.number + 1, f"is longer than {_LONGEST_LINE:,} bytes")

    def close(self) -> bytes:
        """Return what stands behind the last line end."""
        self.number += 1
        rest, self._parts = b"".join(self._parts), []
        return rest


def _tells(head: bytes) -> bool:
    """Whether the beginning of a file tells what it is."""
    start = head.lstrip(_BLANK)
    return b"\n" in start or len(start) > _LONGEST_SNIFF or not b"{".startswith(start[:1])


def _is_recording(head: bytes) -> bool:
    """Whether a file that begins so is a recording."""
    start = head.lstrip(_BLANK)
    return start.startswith(_HEADER_BEGINS) or (start.startswith(b"{") and is_header(start.partition(b"\n")[0]))
