"""Where bytes come from: a file, or standard input as "-"; recordings are opened, and give their times, too."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, Final, NamedTuple, TextIO, cast

from streamkit.cli.output import complain
from streamkit.errors import RecordingError
from streamkit.recording.format import Chunk, End
from streamkit.recording.reading import RecordingReader

STDIN: Final = "-"


class Unreadable(Exception):
    """An input that cannot be read, or that holds nothing to read. The message says why, without its name."""


class Piece(NamedTuple):
    """Bytes of a body, as one read gave them."""

    data: bytes
    """Empty in the last piece of a recording, which says when the body ended."""
    at: float | None = None
    """Seconds since the start of the recording; None where nobody wrote them down."""
    began: float | None = None
    """When the recording began, in epoch seconds."""


def name_of(source: str) -> str:
    """Return what a message calls a source."""
    return "standard input" if source == STDIN else source


def chunks(source: str, chunk_size: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a body, as soon as there are any.

    Args:
        source: the path of a file, a body or a recording, or "-".
        chunk_size: so many bytes at a time; by default as many as are there.

    Raises:
        Unreadable: it cannot be opened or read.
    """
    return _cut((piece.data for piece in pieces(source)), chunk_size)


def pieces(source: str) -> Iterator[Piece]:
    """Yield the bytes of a body, as soon as there are any, with the times of a recording.

    Args:
        source: the path of a file, a body or a recording, or "-".

    Raises:
        Unreadable: it cannot be opened or read.
    """
    try:
        with _opened(source) as file:
            yield from _pieces(RecordingReader(file, name_of(source)))
    except OSError as error:
        raise Unreadable(reason(error)) from error
    except RecordingError as error:
        raise Unreadable(error.problem) from error


def _pieces(reader: RecordingReader) -> Iterator[Piece]:
    began = _epoch(reader.header.created) if reader.header is not None else None
    for entry in reader.entries():
        at = entry.at if reader.is_timed else None
        if isinstance(entry, Chunk):
            yield Piece(entry.data, at, began)
        elif isinstance(entry, End):
            yield Piece(b"", at, began)


def _epoch(created: str | None) -> float | None:
    try:
        return datetime.fromisoformat(created or "").timestamp()
    except (ValueError, OverflowError):
        return None


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == STDIN:
        yield _stdin()
        return
    with open(source, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib has no name for a raw file
        yield file


def _stdin() -> BinaryIO:
    stdin = cast("TextIO | None", sys.stdin)
    if stdin is None:
        raise Unreadable("is closed")
    if stdin.isatty():
        complain("reading from the terminal; end with Ctrl-D")
    return stdin.buffer


def _cut(pieces: Iterator[bytes], size: int | None) -> Iterator[bytes]:
    """Cut anew into pieces of exactly `size` bytes, the last one perhaps shorter."""
    if size is None:
        yield from pieces
        return
    rest = b""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % size
        for start in range(0, whole, size):
            yield rest[start : start + size]
        rest = rest[whole:]
    if rest:
        yield rest


def reason(error: OSError) -> str:
    """Return in a few words why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a directory, not a file"
    return (error.strerror or str(error)).lower()
