"""Zstandard in independent frames: any of them can be read alone, and to `zstdcat` the file is one like any other.

A file ends with the seek table of the zstd project's seekable format: a frame that decoders skip, with the size of
each frame before and after compression. A file that has none, since its writer was killed, is measured instead.
"""

import os
import struct
from collections.abc import Iterator
from itertools import accumulate
from mmap import ACCESS_READ, mmap
from types import ModuleType
from typing import BinaryIO, Final

from streamkit.errors import RecordingError

INSTALL: Final = "pip install 'chatflow-streamkit[zstd]'"

MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""How a frame begins."""
_SKIPPED: Final = b"\x5e\x2a\x4d\x18"
"""How a frame begins that decoders skip; of the sixteen, the one of the seekable format."""
_FRAME_BYTES: Final = 256 * 1024
"""Bytes of a frame before compression: less compresses worse, more takes longer to seek in."""
_AT_ONCE: Final = 1024 * 1024
"""Bytes that are decompressed in one go, however far a few compressed ones expand."""

_LENGTH: Final = struct.Struct("<4sI")
_ROW: Final = struct.Struct("<II")
_FOOTER: Final = struct.Struct("<IBI")
_FOOTER_MAGIC: Final = 0x8F92EAB1
_HAS_CHECKSUMS: Final = 0x80
"""In the descriptor of a seek table: its rows have checksums, too."""
_CHECKSUM_BYTES: Final = 4


def codec(path: str) -> ModuleType:
    """Return the library: of Python since 3.14, before that the backport.

    Args:
        path: the file that needs it, for the message.

    Raises:
        RecordingError: it is not installed.
    """
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            raise RecordingError(path, None, f"needs an extra: {INSTALL}") from None
    module: ModuleType = zstd
    return module


class FrameWriter:
    """Compresses lines; begins another frame when one is full, always at the start of a line."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        """Prepare to write.

        Args:
            file: at its start.
            path: what it is called.

        Raises:
            RecordingError: the library is not installed.
        """
        zstd = codec(path)
        self._file = file
        self._compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})
        self._plain = 0
        self._packed = 0
        self._rows: list[tuple[int, int]] = []

    def write(self, line: bytes) -> None:
        """Write a line."""
        if self._plain >= _FRAME_BYTES:
            self._end_frame()
        self._plain += len(line)
        self._put(self._compressor.compress(line))

    def flush(self) -> None:
        """End a block, so that whoever reads the file now can read all that was written."""
        if self._plain:
            self._put(self._compressor.flush(self._compressor.FLUSH_BLOCK))

    def close(self) -> None:
        """End the last frame, and write the seek table; the file stays open."""
        self._end_frame()
        rows = b"".join(_ROW.pack(*row) for row in self._rows)
        self._file.write(_LENGTH.pack(_SKIPPED, len(rows) + _FOOTER.size))
        self._file.write(rows + _FOOTER.pack(len(self._rows), 0, _FOOTER_MAGIC))

    def _end_frame(self) -> None:
        if self._plain:
            self._put(self._compressor.flush(self._compressor.FLUSH_FRAME))
            self._rows.append((self._packed, self._plain))
            self._packed = self._plain = 0

    def _put(self, data: bytes) -> None:
        self._packed += len(data)
        self._file.write(data)


class Decompressor:
    """Gives back what is in the frames of a file while it comes, up to its last complete block."""

    def __init__(self, path: str) -> None:
        """Prepare to decompress.

        Args:
            path: what the file is called.

        Raises:
            RecordingError: the library is not installed.
        """
        self._zstd = codec(path)
        self._path = path
        self._frame = self._zstd.ZstdDecompressor()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the file hold: pieces that are not large, however many. Go through all of them.

        Raises:
            RecordingError: it is damaged.
        """
        rest = piece
        try:
            while rest or not (self._frame.eof or self._frame.needs_input):
                if self._frame.eof:
                    self._frame = self._zstd.ZstdDecompressor()
                plain = self._frame.decompress(rest, _AT_ONCE)
                rest = self._frame.unused_data if self._frame.eof else b""
                if plain:
                    yield plain
        except self._zstd.ZstdError:
            raise RecordingError(self._path, None, "is damaged, or no zstd file") from None


# ---- where frames stand


def frame_offsets(file: BinaryIO, path: str) -> list[int]:
    """Return where the frames of a file begin. Leaves the file at any position.

    Args:
        file: one on the disk.
        path: what it is called.

    Raises:
        RecordingError: the library is not installed.
    """
    sizes = _seek_table(file)
    if sizes is None:
        return list(_measured(file, codec(path)))
    return list(accumulate(sizes[:-1], initial=0)) if sizes else []


def _seek_table(file: BinaryIO) -> list[int] | None:
    """Return the sizes of the frames as the seek table has them; None if there is no table that fits the file."""
    end = file.seek(0, os.SEEK_END)
    if end < _FOOTER.size:
        return None
    file.seek(-_FOOTER.size, os.SEEK_END)
    count, descriptor, magic = _FOOTER.unpack(file.read(_FOOTER.size))
    row_size = _ROW.size + (_CHECKSUM_BYTES if descriptor & _HAS_CHECKSUMS else 0)
    content = count * row_size + _FOOTER.size
    start = end - content - _LENGTH.size
    if magic != _FOOTER_MAGIC or start < 0:
        return None
    file.seek(start)
    if _LENGTH.unpack(file.read(_LENGTH.size)) != (_SKIPPED, content):
        return None
    rows = file.read(count * row_size)
    sizes = [_ROW.unpack_from(rows, row * row_size)[0] for row in range(count)]
    return sizes if sum(sizes) == start else None


def _measured(file: BinaryIO, zstd: ModuleType) -> Iterator[int]:
    """Yield where frames begin, found from one to the next by their lengths; nothing is decompressed."""
    with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped, memoryview(mapped) as data:
        offset = 0
        while offset < len(data):
            if bytes(data[offset : offset + len(MAGIC)]) == MAGIC:
                yield offset
            try:
                with data[offset:] as rest:
                    offset += zstd.get_frame_size(rest)
            except zstd.ZstdError:  # the last one was cut off
                return
