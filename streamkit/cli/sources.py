"""Where bytes come from: a file, or standard input as "-"; recordings are opened, and give their times, too."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, Final, NamedTuple, TextIO, cast

from streamkit.cli.output import complain
from streamkit.errors import RecordingError
from streamkit.recording.format import Chunk, End, Entry, Header
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
    recorded = Recorded(source)
    for entry in recorded.entries():
        began = _epoch(recorded.header.created) if recorded.header is not None else None
        if isinstance(entry, Chunk):
            yield Piece(entry.data, entry.at if recorded.is_timed else None, began)
        elif isinstance(entry, End):
            yield Piece(b"", entry.at if recorded.is_timed else None, began)


class Recorded:
    """A file, or standard input, read as a recording: a body alone is one without a header."""

    def __init__(self, source: str) -> None:
        """Name what is read.

        Args:
            source: the path of a file, a body or a recording, or "-".
        """
        self.source = source
        """The path, or "-"."""
        self.header: Header | None = None
        """What was recorded; known when the first entry is there."""
        self.share: float | None = None
        """How much of the file is read, of 1; None where nobody knows its length."""

    @property
    def is_timed(self) -> bool:
        """Whether it is known when the chunks came."""
        return self.header is not None and self.header.is_timed

    def entries(self) -> Iterator[Entry]:
        """Read it from its start, and yield what is in it.

        Raises:
            Unreadable: it cannot be opened or read.
        """
        try:
            with _opened(self.source) as file:
                size = os.fstat(file.fileno()).st_size if self.source != STDIN else 0
                reader = RecordingReader(file, name_of(self.source))
                self.header = reader.header
                for entry in reader.entries():
                    self.share = file.tell() / size if size else None
                    yield entry
        except OSError as error:
            raise Unreadable(reason(error)) from error
        except RecordingError as error:
            raise Unreadable(error.problem) from error


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
        return "is a directory, not a file; `streamkit ls` lists the runs in one"
    return (error.strerror or str(error)).lower()
