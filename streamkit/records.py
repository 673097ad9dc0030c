"""What a reader gives: events with what they were made of, and bursts."""

from typing import final

from msgspec import Struct

from streamkit.dialects.base import Event, Note
from streamkit.pattern import Pattern


class Noted(Struct, frozen=True):
    """An event with what is to be said of it."""

    event: Event
    frame: int
    """The number of the frame in its body, counted from 0."""
    notes: tuple[Note, ...] = ()
    """Anomalies found while decoding: kind and detail."""
    before: tuple[Note, ...] = ()
    """Anomalies of the body since the frame before: frames that were dropped, for example."""


@final
class Flagged(Noted, frozen=True):
    """An event that `Reader.read` has something to say of."""


@final
class Record(Noted, frozen=True):
    """An event with what it was made of."""

    data: bytes = b""
    """The data of the frame: the event's own JSON."""
    offset: int = 0
    """Where the frame begins, in bytes from the start of the body."""


@final
class Burst(Struct, frozen=True):
    """Events of consecutive frames that differ in one text only."""

    pattern: Pattern
    texts: list[str]


Found = Event | Flagged | Record | Burst
"""What `Reader.read` gives."""


class PlacedBurst(Struct, frozen=True):
    """Events of consecutive frames that differ in one text only, and where each of the frames begins."""

    pattern: Pattern
    texts: list[str]
    offsets: list[int]
    """In bytes from the start of the body."""
