"""Runs that paused or broke off, kept until they go on in another body; those that waited longest are forgotten first."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from streamkit.run import Run

Key = tuple[str, str]
"""A dialect, and what it calls a run."""

RUNS: Final = 2_000
"""So many runs wait at most, by default."""


class Store:
    """Runs that wait. Bounded: a form that nobody answers must not stay for ever."""

    def __init__(self, limit: int = RUNS) -> None:
        """Begin with none.

        Args:
            limit: how many runs wait at most.
        """
        self._limit = limit
        self._waiting: OrderedDict[int, tuple[Run, frozenset[Key]]] = OrderedDict()
        self._by_key: dict[Key, Run] = {}
        self.forgotten = 0
        """Runs that had to make room."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, run: Run, keys: Iterable[Key]) -> None:
        """Let a run wait.

        Args:
            run: the run.
            keys: what it is called; one that has no name cannot be found again, and does not wait.
        """
        names = frozenset(keys)
        if not names:
            return
        self._remove(run)
        self._waiting[id(run)] = run, names
        for key in names:
            self._by_key[key] = run
        if len(self._waiting) > self._limit:
            oldest, _ = next(iter(self._waiting.values()))
            self._remove(oldest)
            self.forgotten += 1

    def take(self, keys: Iterable[Key]) -> Run | None:
        """Return the run that is called so, which waits no more; None if none is."""
        run = next((self._by_key[key] for key in keys if key in self._by_key), None)
        if run is not None:
            self._remove(run)
        return run

    def _remove(self, run: Run) -> None:
        _, names = self._waiting.pop(id(run), (run, ()))
        for key in names:
            if self._by_key.get(key) is run:
                del self._by_key[key]


def may_go_on(run: Run) -> bool:
    """Whether a run may go on in another body, or be told once more.

    Any run that paused does. One of Dify can be asked for by its id: after a break, and after it ended; of those that
    ended only runs that paused before are worth their room.
    """
    if run.status == "paused":
        return True
    return run.dialect == "dify" and run.id is not None and (not run.ended_by_server or len(run.segments) > 1)


def keys_of(run: Run) -> list[Key]:
    """Return what a run may be called where it goes on: by its own name, or, of RAGFlow, by its session."""
    names = [run.id, run.message_id]
    if run.dialect == "ragflow" and run.status == "paused":
        names.append(run.conversation_id)
    return [(run.dialect, name) for name in names if name]
