"""What every dialect has in common: the shape of an event, of a dialect and of its reducer.

Nothing here knows a vendor.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Final, Literal, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from streamkit.run import NodeExecution, Run
from streamkit.run.anomaly import Kind


class Event(Struct, frozen=True, gc=False):
    """The root of all events. An event holds no view of the bytes it came from.

    The cycle collector does not track events: they hold JSON, which is a tree.
    """

    is_heartbeat: ClassVar[bool] = False
    """Whether this only says that the connection lives. Heartbeats are counted and appear nowhere else."""

    @property
    def kind(self) -> str:
        """The wire word of this event; `unknown`, `malformed` where there is none."""
        return kind_of(type(self))


@cache  # read for each event, and slow to ask for; there are as many entries as types
def kind_of(event: type[Event]) -> str:
    """Return the wire word of a type of events."""
    return str(event.__struct_config__.tag)


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


REFUSALS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What a decoder raises at bytes that are not what it decodes."""

Note = tuple[Kind, str]
"""An anomaly found while decoding: kind and detail."""

Notes = list[Note]


class Delta(NamedTuple):
    """Where the text of an event stands that streams of text are made of."""

    text: Callable[[Any], str | None]
    """Reads it. Any: an event of the type that this is registered for."""
    with_text: Callable[[Any, str], Event]
    """Returns a copy of the event with another text."""


Sink = Callable[[list[str], float | None], Literal[False] | None]
"""Folds deltas of a stream of text, given when they arrived. False, and nothing is done, if each must be looked at."""


class Reducer(Protocol):
    """Folds events of one dialect into a run, and keeps the wire state that this needs.

    One reducer for one run, over all of its bodies; it lives at `Run.wire`.
    """

    def belongs(self, run: Run, event: Event) -> bool:
        """Whether the event is of this run, as far as it says."""

    def begin(self, run: Run, opening_heartbeats: int) -> None:
        """Note that a body begins; called before its first event."""

    def apply(self, run: Run, event: Event, at: float | None) -> bool:
        """Fold one event, and return whether it belongs to the run. Never raises."""

    def sink(self, run: Run, event: Event) -> Sink | None:
        """Return what folds more events like this one, given their texts alone.

        It must do what `apply` would do with them one by one, and it is used only for as long as nothing else changes
        the run. None where each event must be looked at.
        """

    def forget(self, node: NodeExecution) -> None:
        """Let go of an execution that the run keeps no more; a frame that names it again is about an unknown one."""

    def close(self, run: Run, at: float | None) -> None:
        """Conclude how the run stands at the end of a body."""


class Dialect(Protocol):
    """One family of wire payloads."""

    name: str

    deltas: ClassVar[Mapping[type[Event], Delta]]
    """The events that streams of text are made of."""

    def typed(self, data: bytes) -> Event:
        """Decode a frame as nearly all are. Raises one of `REFUSALS` at the rest, which `decode` reads."""

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
