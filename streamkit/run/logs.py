"""The log of an agent while it may still change: its entries, and the tree that they are drawn as."""

from collections.abc import Mapping

import msgspec

from streamkit.run.payload import Json, loads
from streamkit.run.state import MAX_DEPTH, LogEntry


class Log:
    """An entry of an agent's log while it may still change.

    Its data is kept as JSON: an agent may log a hundred thousand entries, and each dictionary would be looked through by
    every collection of garbage.
    """

    __slots__ = ("_owns_metadata", "data", "error", "id", "label", "metadata", "parent_id", "status")

    def __init__(self, entry: LogEntry, parent_id: str | None) -> None:
        self.id = entry.id
        self.parent_id = parent_id
        self.label = entry.label
        self.status = entry.status
        self.error = entry.error
        self.data = _json(entry.data)
        self._owns_metadata = False
        self.metadata: dict[str, Json] = entry.metadata if isinstance(entry.metadata, dict) else {}
        """Grows with every update: a strategy says when it began, later when it ended."""

    def update(self, entry: LogEntry, parent_id: str | None) -> None:
        """Take a later version of the entry; what it leaves out stays."""
        self.parent_id = parent_id or self.parent_id
        self.label = entry.label or self.label
        self.status = entry.status or self.status
        self.error = entry.error or self.error
        if entry.data:
            self.data = _json(entry.data)
        if isinstance(entry.metadata, dict):
            if not self._owns_metadata:  # until now it is the event's
                self._owns_metadata = True
                self.metadata = dict(self.metadata)
            self.metadata.update(entry.metadata)

    def freeze(self, children: tuple[LogEntry, ...]) -> LogEntry:
        """Return the published form."""
        return LogEntry(
            id=self.id,
            label=self.label,
            status=self.status,
            error=self.error,
            data=loads(self.data),
            metadata=dict(self.metadata),
            children=children,
        )


def _json(value: Json) -> bytes | None:
    return None if value is None else msgspec.json.encode(value)


def log_tree(entries: Mapping[str, Log]) -> tuple[LogEntry, ...]:
    """Return the published form of a log: a tree."""
    top, below = log_order(entries)
    built: dict[str, LogEntry] = {}
    for entry_id in reversed(below):
        built[entry_id] = entries[entry_id].freeze(tuple(built[child] for child in below[entry_id]))
    return tuple(built[entry_id] for entry_id in top)


def log_order(entries: Mapping[str, Log]) -> tuple[list[str], dict[str, list[str]]]:
    """Hang log entries under their parents, in order of arrival: return those at the top, and what is below each.

    An entry whose parent is unknown, or that would close a circle, stands at the top: nothing is lost.
    """
    children: dict[str, list[str]] = {}
    top: list[str] = []
    for entry_id, log in entries.items():
        known = log.parent_id in entries and log.parent_id != entry_id
        (children.setdefault(log.parent_id or "", []) if known else top).append(entry_id)
    below: dict[str, list[str]] = {}  # as the tree is drawn: each entry once, parents before their children
    for entry_id in top:
        _descend(entry_id, children, below)
    for entry_id in entries:  # what is left stands in circles
        if entry_id not in below:
            top.append(entry_id)
            _descend(entry_id, children, below)
    return top, below


def _descend(root: str, children: dict[str, list[str]], below: dict[str, list[str]]) -> None:
    """Add what hangs under `root` to `below`; deeper than `MAX_DEPTH` entries stand beside their parent."""
    below[root] = []
    waiting = [(root, root, 0)]  # entry, the entry that its children are drawn under, depth of that
    while waiting:
        entry_id, anchor, depth = waiting.pop()
        new = [child for child in children.get(entry_id, ()) if child not in below]
        below[anchor].extend(new)
        below.update((child, []) for child in new)
        deep = depth >= MAX_DEPTH
        waiting += [(child, anchor if deep else child, depth if deep else depth + 1) for child in reversed(new)]
