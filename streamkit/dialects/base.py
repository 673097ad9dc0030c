"""What every dialect has in common: the shape of an event, of a dialect and of its reducer.

Nothing here knows a vendor.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from streamkit.run import Run
from streamkit.run.anomaly import Kind


class Event(Struct, frozen=True):
    """The root of all events. An event holds no view of the bytes it came from."""

    @property
    def kind(self) -> str:
        """The wire word of this event; `unknown`, `malformed` where there is none."""
        return str(self.__struct_config__.tag)

    @property
    def is_heartbeat(self) -> bool:
        """Whether this only says that the connection lives. Heartbeats are counted and appear nowhere else."""
        return False


class Unknown(Event, frozen=True, tag="unknown"):
    """An event of a kind that this version does not know, kept as it came."""

    word: str | None
    """What the wire calls it; None if it does not say."""
    raw: bytes
    """The JSON as it came."""


class Malformed(Event, frozen=True, tag="malformed"):
    """A frame without usable JSON, or without any meaning."""

    reason: str
    raw: bytes
    """The bytes as they came."""


Note = tuple[Kind, str]
"""An anomaly found while decoding: kind and detail."""

Notes = list[Note]


class Reducer(Protocol):
    """Folds events of one dialect into a run, and keeps the wire state that this needs.

    One reducer for one run, over all of its bodies; it lives at `Run.wire`.
    """

    def belongs(self, run: Run, event: Event) -> bool:
        """Whether the event is of this run, as far as it says."""

    def begin(self, run: Run, opening_heartbeats: int) -> None:
        """Note that a body begins; called before its first event."""

    def apply(self, run: Run, event: Event, at: float | None) -> None:
        """Fold one event. Never raises."""

    def close(self, run: Run, at: float | None) -> None:
        """Conclude how the run stands at the end of a body."""


class Dialect(Protocol):
    """One family of wire payloads."""

    name: str

    def recognises(self, payload: Mapping[str, Any]) -> bool:
        """Whether a decoded frame can only be of this dialect."""

    def decode(self, data: bytes, notes: Notes) -> Event:
        """Turn the data of one frame into an event. Never raises."""

    def decode_document(self, data: bytes, notes: Notes) -> Sequence[Event]:
        """Turn a body that was one JSON document, no stream, into events. Never raises."""

    def run_keys(self, event: Event) -> tuple[str, ...]:
        """The names of the run that an event says it is of, the surest one first; empty if it does not say."""

    def reducer(self) -> Reducer:
        """Make the reducer of a new run."""
