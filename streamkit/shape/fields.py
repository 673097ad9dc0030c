"""The fields of events of one kind: where they stand in the JSON, of which types they are, and whether all have them."""

import re
from collections import Counter
from typing import Any, Final

from msgspec import Struct

_NAMES_OF_DATA: Final = frozenset({"doc_aggs", "tool_labels", "reasoning"})
"""Objects whose keys are names of documents, tools and nodes: those are values, and no fields."""
_ID: Final = re.compile(r"-?\d+|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""A key that is a number or an id is a value, too: of a round, of a citation, of a node."""
ANY: Final = "*"
"""What such keys are called."""
ITEM: Final = "[]"
"""What the items of a list are called."""


class Field(Struct, frozen=True):
    """One place in the JSON of a kind of event."""

    types: list[str]
    """object, list, text, number, integer, boolean, null; sorted."""
    always: bool
    """Whether it stood in every object that could have it."""


class Fields:
    """Collects the fields of events of one kind."""

    def __init__(self) -> None:
        self._types: dict[str, set[str]] = {}
        self._holders: Counter[str] = Counter()
        self._objects: Counter[str] = Counter()
        self._holder_of: dict[str, str] = {}

    def add(self, payload: Any) -> None:  # noqa: ANN401 - a JSON value
        """Take in an event."""
        waiting = [("", payload)]
        for path, value in waiting:  # grows while it is read: as deep as the JSON, without recursion
            if isinstance(value, dict):
                waiting += self._members(path, value)
            elif isinstance(value, list):
                waiting += [(self._note(path + ITEM, each, path), each) for each in value]

    def _members(self, path: str, holder: dict[str, Any]) -> list[tuple[str, Any]]:
        self._objects[path] += 1
        members = [(self._note(_member(path, key), value, path), value) for key, value in holder.items()]
        self._holders.update({name for name, _ in members})
        return members

    def _note(self, path: str, value: object, holder: str) -> str:
        self._types.setdefault(path, set()).add(type_of(value))
        self._holder_of[path] = holder
        return path

    def found(self) -> dict[str, Field]:
        """Return every field by its path; a holder stands before what is in it."""
        return {
            path: Field(sorted(types), path.endswith((ITEM, ANY)) or self._is_everywhere(path))
            for path, types in self._types.items()
        }

    def _is_everywhere(self, path: str) -> bool:
        return self._holders[path] == self._objects[self._holder_of[path]]


def _member(path: str, key: str) -> str:
    name = ANY if path.rpartition(".")[2] in _NAMES_OF_DATA or _ID.fullmatch(key) else key
    return f"{path}.{name}" if path else name


_TYPES: Final[dict[type, str]] = {
    dict: "object",
    list: "list",
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def type_of(value: object) -> str:
    """Return what JSON calls the type of a value; a number without a fraction is an integer."""
    return _TYPES[type(value)]
