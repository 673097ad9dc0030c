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
    """Ids of executions that were taken back, or that the run does not keep any more."""
    everything: bool = False
    """True if the journal does not reach back so far: look at the whole run."""


class Journal:
    """The last changes of a run, newest at the end."""

    __slots__ = ("_entries", "_gone", "_id", "_revision", "_start")

    def __init__(self, start: int = 0) -> None:
        """Begin to remember.

        Args:
            start: the revision of the run: what changed before is not known.
        """
        self._entries: deque[tuple[int, str, bool]] = deque(maxlen=LENGTH - 1)
        self._start = start  # the journal knows every change after this revision
        self._id: str | None = None
        """The newest entry: a token stream changes one execution a thousand times."""
        self._revision = start
        self._gone = False

    def record(self, revision: int, execution_id: str, *, gone: bool = False) -> None:
        """Note that an execution changed or went at a revision."""
        if execution_id == self._id and not (gone or self._gone):
            self._revision = revision
            return
        if self._id is not None:
            entries = self._entries
            if len(entries) == LENGTH - 1:
                self._start = entries[0][0]
            entries.append((self._revision, self._id, self._gone))
        self._revision, self._id, self._gone = revision, execution_id, gone

    def since(self, revision: int, now: int) -> Changes:
        """Return what changed after `revision`; `now` is the revision of the run."""
        if revision < self._start:
            return Changes(now, frozenset(), frozenset(), everything=True)
        changed: set[str] = set()
        gone: set[str] = set()
        if self._id is not None and self._revision > revision:
            (gone if self._gone else changed).add(self._id)
            for at, execution_id, went in reversed(self._entries):
                if at <= revision:
                    break
                if execution_id not in changed and execution_id not in gone:
                    (gone if went else changed).add(execution_id)
        return Changes(now, frozenset(changed), frozenset(gone))
