"""The shape of one body: everything that is collected of it, in one object."""

from typing import Any, Final

from msgspec import Struct

from streamkit.dialects.base import Malformed, Unknown, kind_of
from streamkit.dialects.salvage import decode_lenient
from streamkit.reader import Reader
from streamkit.records import Record
from streamkit.shape.fields import Field, Fields
from streamkit.shape.framing import Framing, framing_of, json_style
from streamkit.shape.order import Life, Order, Span, type_of_node

_DONE: Final = b"[DONE]"


class Shape(Struct, frozen=True):
    """What a body looks like whatever it says."""

    dialect: str | None
    """Whose it is, if that shows."""
    framing: Framing
    events: dict[str, dict[str, Field]]
    """By what an event is called, its fields by their path. Events of nodes are told apart by the type of the node."""
    lives: dict[str, list[Life]]
    """The events that one execution has, by the type of its node."""
    spans: dict[str, Span]
    """Where events stand that name no node; "nodes" are all others."""
    texts: frozenset[str]
    """Which events are pieces of a text: how many there are, and where they stand, is no shape."""


def shape_of(body: bytes, dialect: str = "auto") -> Shape:
    """Look at a body.

    Args:
        body: all of its bytes.
        dialect: whose it is, or "auto".

    Raises:
        UnknownDialect: there is no dialect of that name.
    """
    reader = Reader(dialect)
    events = [record for record in reader.feed(body) + reader.close() if not record.event.is_heartbeat]
    fields: dict[str, Fields] = {}
    order = Order()
    for record in events:
        payload = decode_lenient(record.data, []) or {}
        kind, label = _names(record, payload)
        fields.setdefault(label, Fields()).add(payload)
        order.add(kind, label, payload)
    known = reader.dialect
    return Shape(
        dialect=known.name if known else None,
        framing=_framing(body, reader, events),
        events={label: collected.found() for label, collected in fields.items()},
        lives=order.lives(),
        spans=order.spans,
        texts=frozenset(map(kind_of, known.deltas)) if known else frozenset(),
    )


def _framing(body: bytes, reader: Reader, events: list[Record]) -> Framing:
    if reader.opening_heartbeats or reader.heartbeats or (events and not body.lstrip().startswith(b"{")):
        return framing_of(body)
    return Framing(body="JSON", json=json_style(record.data for record in events))


def _names(record: Record, payload: dict[str, Any]) -> tuple[str, str]:
    """Return the word of an event, and what it is called: `node_finished (llm)` for events of nodes."""
    event = record.event
    kind = event.word or "unknown" if isinstance(event, Unknown) else event.kind
    if record.data.strip() == _DONE:
        return kind, "[DONE]"
    if isinstance(event, Malformed):
        return kind, kind
    data = payload.get("data")
    node_type = type_of_node(data) if kind.startswith("node_") and isinstance(data, dict) else None
    return kind, f"{kind} ({node_type})" if node_type else kind
