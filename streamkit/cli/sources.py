"""Where bytes come from: a file, or standard input as "-". Reads, and does not look at what it reads."""

import sys
from collections.abc import Iterator
from typing import BinaryIO, Final, TextIO, cast

from streamkit.cli.output import complain

STDIN: Final = "-"
_AT_ONCE: Final = 256 * 1024


class Unreadable(Exception):
    """An input that cannot be read, or that holds nothing to read. The message says why, without its name."""


def name_of(source: str) -> str:
    """Return what a message calls a source."""
    return "standard input" if source == STDIN else source


def chunks(source: str, chunk_size: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a source, as soon as there are any.

    Args:
        source: the path of a file, or "-".
        chunk_size: so many bytes at a time; by default as many as are there.

    Raises:
        Unreadable: it cannot be opened or read.
    """
    try:
        if source == STDIN:
            yield from _cut(_pieces(_stdin()), chunk_size)
        else:
            with open(source, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib has no name for a raw file
                yield from _cut(_pieces(file), chunk_size)
    except OSError as error:
        raise Unreadable(reason(error)) from error


def _stdin() -> BinaryIO:
    stdin = cast("TextIO | None", sys.stdin)
    if stdin is None:
        raise Unreadable("is closed")
    if stdin.isatty():
        complain("reading from the terminal; end with Ctrl-D")
    return stdin.buffer


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    # read1 returns what is there instead of waiting for the buffer to fill: a live stream stays live.
    read = getattr(file, "read1", file.read)
    while piece := read(_AT_ONCE):
        yield piece


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
