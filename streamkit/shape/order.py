"""In which order events come, as far as a server promises one.

Parallel branches interleave as they like, tokens come in any number, and an answer may overtake the node that it is
of. So two things are an order, and nothing else is:

* the *life* of one execution, form or container: which events name it, one after the other, repeats counted once;
* where an event that comes once and names no node (`workflow_started`, `message_end`, `[DONE]`) stands: before all
  events of another kind, behind all of them, or between them. All events that name a node are one kind here, *nodes*.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

NODES: Final = "nodes"
"""What all events that name a node are called here."""
Life = tuple[str, ...]


class Span(NamedTuple):
    """Where the events of a kind stand."""

    first: int
    last: int
    number: int


class Order:
    """Collects the order of the events of a body."""

    def __init__(self) -> None:
        self.spans: dict[str, Span] = {}
        """By what an event is called, or NODES."""
        self.named: set[str] = set()
        """What the events are called that name a node."""
        self._lives: dict[str, list[list[str]]] = {}
        self._types: dict[str, str] = {}
        self._place = 0

    def add(self, kind: str, label: str, payload: Mapping[str, Any]) -> None:
        """Take in an event.

        Args:
            kind: the wire's word.
            label: what it is called in the shape.
            payload: its JSON.
        """
        data = payload.get("data")
        thing = _thing(kind, data) if isinstance(data, dict) else None
        if thing is None:
            self._stand(label)
        else:
            assert isinstance(data, dict)  # noqa: S101 - for the type checker
            self.named.add(label)
            self._stand(NODES)
            self._live(thing, kind, data)
        self._place += 1

    def _stand(self, name: str) -> None:
        known = self.spans.get(name)
        first, number = (known.first, known.number) if known else (self._place, 0)
        self.spans[name] = Span(first, self._place, number + 1)

    def _live(self, thing: str, kind: str, data: Mapping[str, Any]) -> None:
        lives = self._lives.setdefault(thing, [])
        if not lives or (kind == lives[-1][0] and kind != lives[-1][-1]) or kind.endswith("_started"):
            lives.append([])
        if lives[-1][-1:] != [kind]:
            lives[-1].append(kind)
        self._types.setdefault(thing, type_of_node(data) or kind)

    def lives(self) -> dict[str, list[Life]]:
        """Return every life that a type of node had, sorted."""
        found: dict[str, set[Life]] = {}
        for thing, lives in self._lives.items():
            found.setdefault(self._types[thing], set()).update(map(tuple, lives))
        return {name: sorted(lives) for name, lives in sorted(found.items())}


def type_of_node(data: Mapping[str, Any]) -> str | None:
    """Return the type of the node that an event names."""
    found = data.get("node_type") or data.get("component_type")
    return found if isinstance(found, str) else None


def _thing(kind: str, data: Mapping[str, Any]) -> str | None:
    """Return what tells an execution, or a container, from others; None where an event names no node."""
    node = data.get("component_id") or data.get("node_id")
    execution = data.get("id") if kind.startswith("node_") else None
    return execution if isinstance(execution, str) else node if isinstance(node, str) else None
