"""Which executions changed since a revision: a bounded journal, so that a view never scans a million nodes."""

from collections import deque
from typing import Final

from msgspec import Struct

LENGTH: Final = 8192
"""Changes that are remembered; a view that looks 30 times a second keeps up with 240,000 changes a second."""


class Changes(Struct, frozen=True):
    """What changed since a revision."""

    revision: int
    """Ask with this one the next time."""
    changed: frozenset[str]
    """Ids of executions that are new, changed or moved."""
    gone: frozenset[str]
    """Ids of executions that were taken back."""
    everything: bool = False
    """True if the journal does not reach back so far: look at the whole run."""


class Journal:
    """The last changes of a run, newest at the end."""

    __slots__ = ("_entries", "_start")

    def __init__(self) -> None:
        self._entries: deque[tuple[int, str, bool]] = deque(maxlen=LENGTH)
        self._start = 0  # the journal knows every change after this revision

    def record(self, revision: int, execution_id: str, *, gone: bool = False) -> None:
        """Note that an execution changed or went at a revision."""
        entries = self._entries
        if entries and entries[-1][1] == execution_id and not (gone or entries[-1][2]):
            entries.pop()  # a token stream changes one execution a thousand times
        elif len(entries) == LENGTH:
            self._start = entries[0][0]
        entries.append((revision, execution_id, gone))

    def since(self, revision: int, now: int) -> Changes:
        """Return what changed after `revision`; `now` is the revision of the run."""
        if revision < self._start:
            return Changes(now, frozenset(), frozenset(), everything=True)
        changed: set[str] = set()
        gone: set[str] = set()
        for at, execution_id, went in reversed(self._entries):
            if at <= revision:
                break
            if execution_id not in changed and execution_id not in gone:
                (gone if went else changed).add(execution_id)
        return Changes(now, frozenset(changed), frozenset(gone))
