"""What is written of a body, piece by piece, and when: chunks as recorded, or cut anew, with frames left out or twice.

Pure: offsets and times in, pieces out. A piece never spans a place where something is to happen.
"""

import itertools
import random
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from streamkit.errors import ReplayError
from streamkit.recording import Chunk

_RANDOM: Final = "random:"
_SIZES: Final = (1, 2, 3, 7, 50, 700, 5000)
"""Single bytes, parts of a frame, a frame and a half, many frames."""

Stretch = tuple[int, int]
"""A part of the recorded body: its first byte, and the first one behind it."""


class Piece(NamedTuple):
    """Bytes that are written at once."""

    at: float
    """Seconds since the start, as recorded: when the last of them was there."""
    start: int
    """Where in the recorded body they begin."""
    end: int
    data: bytes


class ChunkSize:
    """How a body is cut: None as recorded, or into so many bytes, or at random."""

    def __init__(self, size: int | str | None = None) -> None:
        """Take a size.

        Args:
            size: bytes, also as text; or `random:SEED`, which cuts the same body the same way each time.

        Raises:
            ReplayError: it is neither.
        """
        text = str(size)
        self._seed = text.removeprefix(_RANDOM) if text.startswith(_RANDOM) else None
        if size is not None and not self._seed and not (text.isascii() and text.isdigit() and int(text) > 0):
            raise ReplayError(f"chunk size {text!r}: give a number of bytes, or {_RANDOM}SEED")
        self._size = int(text) if size is not None and self._seed is None else None

    def sizes(self) -> Iterator[int] | None:
        """Return the sizes of one body, endlessly; None for those that were recorded."""
        if self._seed is not None:
            chance = random.Random(self._seed)  # noqa: S311 - not a secret
            return (chance.choice(_SIZES) for _ in itertools.repeat(None))
        return itertools.repeat(self._size) if self._size is not None else None


def stretches(size: int, drop: Iterable[Stretch] = (), duplicate: Iterable[Stretch] = ()) -> list[Stretch]:
    """Return the parts of a body of `size` bytes in the order in which they are sent."""
    edits = sorted([*((part, 0) for part in drop), *((part, 2) for part in duplicate)])
    parts: list[Stretch] = []
    done = 0
    for (start, end), times in edits:
        if start < done:  # the same frame twice: the first edit holds
            continue
        parts += [(done, start), *[(start, end)] * times]
        done = end
    return [part for part in [*parts, (done, size)] if part[0] < part[1]]


def pieces(
    chunks: Sequence[Chunk],
    body: bytes,
    parts: Iterable[Stretch],
    stops: Collection[int] = (),
    size: ChunkSize | None = None,
) -> Iterator[Piece]:
    """Yield what is to be written, in order.

    Args:
        chunks: the body as it was recorded: where its chunks end, and when each came.
        body: its bytes, as many of them, perhaps rewritten.
        parts: the stretches of it that are sent.
        stops: offsets that no piece may span.
        size: how it is cut; by default as recorded.
    """
    cut = _cut(chunks, list(parts), stops)
    sizes = size.sizes() if size is not None else None
    if sizes is None:
        return (Piece(at, start, end, body[start:end]) for at, start, end in cut)
    return _rechunked(cut, body, set(stops), sizes)


def _cut(chunks: Sequence[Chunk], parts: Sequence[Stretch], stops: Collection[int]) -> list[tuple[float, int, int]]:
    """Return the time and the ends of each recorded chunk, cut at the edges of parts and at stops."""
    ends = list(itertools.accumulate(len(chunk.data) for chunk in chunks))
    edges = sorted({*ends, *stops})
    found: list[tuple[float, int, int]] = []
    for start, end in parts:
        at = start
        while at < end:
            here = bisect_right(edges, at)
            upto = min(end, edges[here] if here < len(edges) else end)
            found.append((chunks[bisect_right(ends, at)].at, at, upto))
            at = upto
    return found


def _rechunked(
    cut: Iterable[tuple[float, int, int]], body: bytes, stops: set[int], sizes: Iterator[int]
) -> Iterator[Piece]:
    wanted = next(sizes)
    held: list[bytes] = []
    room, first, last, when = wanted, 0, 0, 0.0
    for at, start, end in cut:
        if held and start in stops:
            yield Piece(when, first, last, b"".join(held))
            held, room = [], wanted
        while start < end:
            upto = min(end, start + room)
            first = first if held else start
            held.append(body[start:upto])
            room, last, when = room - (upto - start), upto, at
            start = upto
            if not room:
                yield Piece(when, first, last, b"".join(held))
                wanted = next(sizes)
                held, room = [], wanted
    if held:
        yield Piece(when, first, last, b"".join(held))
