"""Ways of cutting a body into chunks."""

import random
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from benchmarks.shapes import Shape


class Chunking(Struct, frozen=True):
    """One way to cut."""

    cut: Callable[[Shape], list[bytes]]
    scale: float = 1.0
    """How much of a shape is enough."""


def one_event_per_chunk(shape: Shape) -> list[bytes]:
    """As a server writes it and a quick network delivers it: tokens come so."""
    return [block.wire for block in shape.blocks]


def at_random(shape: Shape) -> list[bytes]:
    """Chunks of 1 to some thousand bytes, around 700."""
    body, chance = shape.body, random.Random(16)
    chunks, start = [], 0
    while start < len(body):
        end = start + 1 + int(chance.expovariate(1 / 700))
        chunks.append(body[start:end])
        start = end
    return chunks


def in_pieces(size: int) -> Callable[[Shape], list[bytes]]:
    """Chunks of one size: what a recording, or a consumer that is behind, reads at once."""

    def cut(shape: Shape) -> list[bytes]:
        body = shape.body
        return [body[start : start + size] for start in range(0, len(body), size)]

    return cut


CHUNKINGS: Final[Mapping[str, Chunking]] = {
    "event": Chunking(one_event_per_chunk),
    "random": Chunking(at_random),
    "64KiB": Chunking(in_pieces(64 * 1024)),
    "4KiB": Chunking(in_pieces(4 * 1024)),
    "1-byte": Chunking(in_pieces(1), scale=0.01),
}
"""By name; `event` is one event per chunk."""
