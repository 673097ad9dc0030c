"""What is different between two shapes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Final, Literal

from msgspec import Struct

from streamkit.shape.body import Shape
from streamkit.shape.fields import ITEM, Field
from streamkit.shape.order import NODES, Life, Span

_BETWEEN: Final = "between"
_MOST_COMPARED: Final = 500
"""So many words are compared with each other; no server has as many, and who makes them up may send a million."""


class Change(Struct, frozen=True):
    """One thing that is not as it was."""

    change: Literal["added", "gone", "changed", "moved"]
    """added, gone, changed or moved."""
    of: Literal["file", "framing", "event", "field", "order"]
    """file, framing, event, field or order."""
    event: str | None
    """What the event is called; of an order also a type of node. Nothing for the framing."""
    path: str | None
    """Of a field, or a part of the framing."""
    old: str | None
    """How it was: its types, where it stood. Nothing where that says nothing."""
    new: str | None
    """How it is."""

    @property
    def where(self) -> str:
        """Where it is, in one word: `node_finished (llm).data.outputs.text`, `data line`."""
        return ".".join(part for part in (self.event, self.path) if part)


def changes(old: Shape, new: Shape, ignore: Iterable[str] = ()) -> list[Change]:
    """Compare two shapes.

    Args:
        old: how it was.
        new: how it is.
        ignore: patterns of places that may change, with `*` for any text: `node_finished (*).data.outputs.*`.

    Returns:
        What changed: framing first, then events, their fields, and their order.
    """
    found = [*_framing(old, new), *_events(old, new), *_fields(old, new), *_lives(old, new), *_places(old, new)]
    patterns = [
        re.compile(re.escape(pattern).replace(r"\*", ".*")) for pattern in ignore
    ]  # a `[]` is no set of letters
    return [change for change in found if not any(pattern.fullmatch(change.where) for pattern in patterns)]


# ---- framing and events


def _framing(old: Shape, new: Shape) -> Iterator[Change]:
    if old.dialect != new.dialect:
        yield Change("changed", "framing", None, "dialect", old.dialect, new.dialect)
    for name in old.framing.__struct_fields__:
        before, after = _words(getattr(old.framing, name)), _words(getattr(new.framing, name))
        silent = name == "heartbeat" and "nothing" in (before, after)  # how long a run took, and no more
        if before != after and not silent:
            yield Change("changed", "framing", None, name.replace("_", " "), before, after)


def _words(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " and ".join(repr(word) for word in value) or "nothing"


def _events(old: Shape, new: Shape) -> Iterator[Change]:
    yield from (Change("gone", "event", name, None, None, None) for name in old.events if name not in new.events)
    yield from (Change("added", "event", name, None, None, None) for name in new.events if name not in old.events)


# ---- fields


def _fields(old: Shape, new: Shape) -> Iterator[Change]:
    for name, fields in old.events.items():
        if name in new.events:
            yield from _fields_of(name, fields, new.events[name])


def _fields_of(event: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[Change]:
    told: set[str] = set()
    for path in dict.fromkeys((*old, *new)):  # holders stand before what is in them
        if _is_below(path, told):
            continue
        change = _field(event, path, old.get(path), new.get(path))
        if change is not None and not _is_in_an_empty_list(path, old, new):
            told.add(path)
            yield change


def _field(event: str, path: str, old: Field | None, new: Field | None) -> Change | None:
    if old is None or new is None:
        word: Literal["added", "gone"] = "added" if old is None else "gone"
        return Change(word, "field", event, path, _types(old), _types(new))
    if not set(new.types) <= _covered(old.types):
        return Change("changed", "field", event, path, _types(old), _types(new))
    if old.always and not new.always:
        return Change("changed", "field", event, path, "always there", "not always there")
    return None


def _covered(types: Iterable[str]) -> set[str]:
    """Return the types that are nothing new where these were: an integer is a number."""
    return {*types, "integer"} if "number" in types else {*types}


def _types(field: Field | None) -> str | None:
    return " or ".join(field.types) if field else None


def _is_below(path: str, told: Set[str]) -> bool:
    """Whether something that the field stands in was told already."""
    while path:
        path = path.removesuffix(ITEM) if path.endswith(ITEM) else path.rpartition(".")[0]
        if path in told:
            return True
    return False


def _is_in_an_empty_list(path: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> bool:
    """Whether the field stands in a list that one side has, but with nothing in it."""
    head, item, _ = path.partition(ITEM)
    while item:
        if any(head in fields and head + ITEM not in fields for fields in (old, new)):
            return True
        rest = path[len(head) + len(ITEM) :]
        more, item, _ = rest.partition(ITEM)
        head += ITEM + more
    return False


# ---- order


def _lives(old: Shape, new: Shape) -> Iterator[Change]:
    old_kinds, new_kinds = _kinds(old), _kinds(new)
    for name in sorted(old.lives.keys() & new.lives.keys()):
        before, after = set(old.lives[name]), set(new.lives[name])
        gone = [life for life in old.lives[name] if life not in after and new_kinds.issuperset(life)]
        added = [life for life in new.lives[name] if life not in before and old_kinds.issuperset(life)]
        if gone or added:
            yield Change("moved", "order", name, None, *_told(gone, added))


def _kinds(shape: Shape) -> set[str]:
    """Return the words of the events that occur: of a life with others it was told already which are missing."""
    return {label.partition(" ")[0] for label in shape.events}


def _told(gone: list[Life], added: list[Life]) -> tuple[str | None, str]:
    old, new = (" | ".join(map(", ".join, lives)) for lives in (gone, added))
    if not gone:
        return None, f"also {new}"
    return old, new or "no more"


def _places(old: Shape, new: Shape) -> Iterator[Change]:
    """Yield where an event stands now that comes once and names no node."""
    both = [name for name in old.spans if name in new.spans][:_MOST_COMPARED]
    told: set[frozenset[str]] = set()
    for name in both:
        if not (_is_once(name, old) and _is_once(name, new)):
            continue
        for other in both:
            pair = frozenset((name, other))
            if other == name or pair in told:
                continue
            told.add(pair)
            before, after = _place(old.spans[name], old.spans[other]), _place(new.spans[name], new.spans[other])
            if before != after and before != _BETWEEN:
                yield Change("moved", "order", name, None, f"{before} {other}", f"{after} {other}")


def _is_once(name: str, shape: Shape) -> bool:
    return name != NODES and name not in shape.texts and name in shape.spans and shape.spans[name].number == 1


def _place(of: Span, other: Span) -> str:
    return "before" if of.last < other.first else "behind" if of.first > other.last else _BETWEEN
