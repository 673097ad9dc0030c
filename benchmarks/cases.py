"""A case: a shape, cut into chunks. It is made once, and every process reads the same file, node's too.

The file is a line of JSON, the chunks, and then the payloads that must be found in them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.chunkings import CHUNKINGS
from benchmarks.shapes import SHAPES


class Case(Struct, frozen=True):
    """What a stage is given."""

    dialect: str
    chunks: list[bytes]
    payloads: list[bytes]


class _Head(Struct, frozen=True):
    dialect: str
    chunks: list[int]
    payloads: list[int]
    digest: str


def make(shape: str, chunking: str, scale: float = 1.0) -> Case:
    """Make a shape and cut it."""
    how = CHUNKINGS[chunking]
    made = SHAPES[shape](scale * how.scale)
    return Case(made.dialect, how.cut(made), made.payloads)


def write(case: Case, path: Path) -> None:
    head = _Head(case.dialect, [*map(len, case.chunks)], [*map(len, case.payloads)], digest(case.payloads))
    path.write_bytes(b"".join([msgspec.json.encode(head), b"\n", *case.chunks, *case.payloads]))


def read(path: Path) -> Case:
    line, _, rest = path.read_bytes().partition(b"\n")
    head = msgspec.json.decode(line, type=_Head)
    chunks = list(_cut(rest, head.chunks, 0))
    return Case(head.dialect, chunks, list(_cut(rest, head.payloads, sum(head.chunks))))


def _cut(rest: bytes, sizes: list[int], start: int) -> Iterator[bytes]:
    return (rest[begin:end] for begin, end in pairwise(accumulate(sizes, initial=start)))


def digest(payloads: Iterable[bytes]) -> str:
    """A digest of the payloads, each followed by a NUL."""
    told = hashlib.sha256()
    for payload in payloads:
        told.update(payload)
        told.update(b"\0")
    return told.hexdigest()
