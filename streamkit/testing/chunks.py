"""A body in other pieces: what a network does to it, and what a client must not notice."""

import random
from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Final

_MOST: Final = 64
"""The largest piece of those of random size: frames are cut, and pieces hold several."""


def rechunk(data: bytes, sizes: int | Iterable[int] | None = None, *, seed: int = 0) -> list[bytes]:
    """Cut a body anew.

        rechunk(body, 1)            # byte by byte
        rechunk(body, [3, 1000])    # three bytes, a thousand, three, …
        rechunk(body, seed=7)       # pieces of 1 to 64 bytes, the same for the same seed

    Args:
        data: the body.
        sizes: of the pieces, repeated as long as there are bytes; by default random ones.
        seed: which random sizes.

    Raises:
        ValueError: a size is less than 1, or there is none.
    """
    if sizes is None:
        chance = random.Random(seed)  # noqa: S311 - sizes of chunks
        return list(_cut(data, iter(lambda: chance.randint(1, _MOST), 0)))
    repeated = [sizes] if isinstance(sizes, int) else list(sizes)
    if not repeated or min(repeated) < 1:
        raise ValueError("a chunk has at least one byte")
    return list(_cut(data, cycle(repeated)))


def _cut(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = start + next(sizes)
        yield data[start:end]
        start = end
