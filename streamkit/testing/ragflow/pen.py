"""Frames of RAGFlow: JSON with blanks, behind `data:` without one."""

import json
from collections.abc import Mapping
from typing import Any, Final

from streamkit.recording import Chunk
from streamkit.testing.ragflow.version import Version
from streamkit.testing.seeded import EPOCH, Json, Seeded

_UPTIME: Final = 1000.0
"""Seconds that the server's own clock is ahead: it tells times of both."""
_RESUMED_AFTER: Final = 5


class Pen:
    """Writes the bodies of one session."""

    def __init__(self, version: Version, seeded: Seeded) -> None:
        self.version = version
        self.seeded = seeded
        self.session, self.agent = seeded.hex(), seeded.hex()
        self.message = seeded.hex()
        """Of the run: each body has another one."""
        self.answer = seeded.uuid()
        """What an answer is called."""
        self.bodies: list[list[Chunk]] = [[]]
        self.now = 0.0
        """Seconds since the last body began."""
        self.begun = EPOCH
        """When it did."""

    @property
    def stamp(self) -> int:
        """The time as people tell it."""
        return self.begun + int(self.now)

    @property
    def tick(self) -> float:
        """The time of the server's own clock."""
        return round(_UPTIME + self.now, 6)

    def turn(self) -> None:
        """Begin another body."""
        self.begun = self.stamp + _RESUMED_AFTER
        self.now = 0.0
        self.message = self.seeded.hex()
        self.bodies.append([])

    def write(self, payload: Json) -> None:
        """Write a frame."""
        self.raw(b"data:" + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n")

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        if data:
            self.bodies[-1].append(Chunk(self.now, data))


def found(given: Json, place: int, version: Version) -> Json:
    """Return a chunk that was retrieved, with all the fields that a version has."""
    name = str(given.get("document_name", f"document {place}"))
    known: dict[str, Any] = {
        "id": f"{place:032x}",
        "content": "",
        "document_id": name,
        "document_name": name,
        "dataset_id": f"{0:032x}",
        "image_id": "",
        "positions": [],
        "url": None,
        "similarity": 0.9,
        "vector_similarity": 0.8,
        "term_similarity": 0.7,
        "row_id": None,
        "doc_type": "",
        "document_metadata": None,
    }
    return {**{name: value for name, value in known.items() if version >= _SINCE.get(name, ())}, **given}


_SINCE: Final[Mapping[str, tuple[int, ...]]] = {
    "url": (0, 18),
    "doc_type": (0, 19),
    "document_metadata": (0, 24),
    "row_id": (0, 25),
}
"""Fields of a chunk that older versions have not."""


def documents(chunks: list[Json]) -> list[Json]:
    """Return which documents chunks are of, and how many of each."""
    counts: dict[tuple[str, str], int] = {}
    for chunk in chunks:
        name = (chunk["document_name"], chunk["document_id"])
        counts[name] = counts.get(name, 0) + 1
    return [{"doc_name": name, "doc_id": which, "count": count} for (name, which), count in counts.items()]
