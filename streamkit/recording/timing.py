"""Times for a body that was saved without any: which of its bytes came when, as another tool wrote it down."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from streamkit.errors import RecordingError
from streamkit.recording.format import Chunk

_MILLISECONDS: Final = 1000


def load_timing(path: str) -> list[tuple[float, int]]:
    """Read a file of `[[milliseconds, bytes], …]`, one pair for each chunk.

    Args:
        path: of the file.

    Returns:
        Seconds and sizes.

    Raises:
        OSError: it cannot be read.
        RecordingError: it is something else.
    """
    try:
        pairs = msgspec.json.decode(Path(path).read_bytes(), type=list[tuple[float, int]])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise RecordingError(path, None, "is no list of [milliseconds, bytes]") from None
    if any(size <= 0 or at < 0 for at, size in pairs):
        raise RecordingError(path, None, "has a time or a size that is negative, or a chunk of no bytes")
    return [(at / _MILLISECONDS, size) for at, size in pairs]


def timed(pieces: Iterable[bytes], timing: Iterable[tuple[float, int]], path: str) -> Iterator[Chunk]:
    """Cut a body into the chunks that it came in.

    Args:
        pieces: the body, cut anywhere.
        timing: the time and the size of each chunk.
        path: what the timing is called.

    Raises:
        RecordingError: the sizes are not those of the body; what came before was right.
    """
    source, held, done = iter(pieces), bytearray(), 0
    for at, size in timing:
        while len(held) < size and (piece := next(source, b"")):
            held += piece
        if len(held) < size:
            raise RecordingError(path, None, f"times more bytes than the {done + len(held):,} of the body")
        yield Chunk(at, bytes(held[:size]))
        del held[:size]
        done += size
    if held or any(source):
        raise RecordingError(path, None, f"times only {done:,} bytes of the body")
