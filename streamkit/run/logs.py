"""The log of an agent while it may still change: its entries, and the tree that they are drawn as."""

import msgspec

from streamkit.run.payload import Json
from streamkit.run.state import MAX_DEPTH, LogEntry


class Log:
    """An entry of an agent's log while it may still change."""

    __slots__ = ("entry", "metadata", "parent_id")

    def __init__(self, entry: LogEntry, parent_id: str | None) -> None:
        self.entry = entry
        self.parent_id = parent_id
        self.metadata: dict[str, Json] | None = None
        """Grows with every update: a strategy says when it began, later when it ended. None before the first one."""

    def update(self, entry: LogEntry, parent_id: str | None) -> None:
        """Take a later version of the entry; what it leaves out stays."""
        before = self.entry
        self.parent_id = parent_id or self.parent_id
        if isinstance(entry.metadata, dict):
            if self.metadata is None:
                self.metadata = dict(before.metadata) if isinstance(before.metadata, dict) else {}
            self.metadata.update(entry.metadata)
        self.entry = LogEntry(
            id=before.id,
            label=entry.label or before.label,
            status=entry.status or before.status,
            error=entry.error or before.error,
            data=entry.data or before.data,
            metadata=before.metadata,
        )

    def freeze(self, children: tuple[LogEntry, ...]) -> LogEntry:
        """Return the published form."""
        told = self.entry.metadata if self.metadata is None else self.metadata
        metadata = dict(told) if isinstance(told, dict) else {}
        return msgspec.structs.replace(self.entry, metadata=metadata, children=children)


def log_tree(entries: dict[str, Log]) -> tuple[LogEntry, ...]:
    """Hang log entries under their parents, in order of arrival.

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
    built: dict[str, LogEntry] = {}
    for entry_id in reversed(below):
        built[entry_id] = entries[entry_id].freeze(tuple(built[child] for child in below[entry_id]))
    return tuple(built[entry_id] for entry_id in top)


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
