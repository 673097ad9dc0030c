"""The kinds of children that something in a run has, as parts of the tree.

Each reads the run's own lists where they stand.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

from streamkit.run import Run
from streamkit.run.execution import NodeExecution
from streamkit.run.logs import Log, log_order
from streamkit.run.rounds import Round, Siblings
from streamkit.run.state import Attempt
from viewer.beginnings import Beginnings
from viewer.parts import Part
from viewer.rows import RUN, Key, key_of_home

_NUMBER: Final = attrgetter("number")
_INDEX: Final = attrgetter("index")
_PARENT_ID: Final = attrgetter("parent_id")
_NONE: Final = Siblings()

LOG: Final = 1
ROUNDS: Final = 2
INSIDE: Final = -1
"""Which of the parts of a group holds entries of a log, rounds, and executions."""


class Top(Part):
    """The run alone."""

    __slots__ = ("_beginnings", "_run")

    def __init__(self, run: Run, beginnings: Beginnings) -> None:
        super().__init__()
        self._run = run
        self._beginnings = beginnings

    def order(self, item: Run) -> int:
        """Return the only number."""
        return 0

    def key(self, item: Run) -> Key:
        """Return the key of the run."""
        return RUN

    def may_open(self, item: Run) -> bool:
        """Whether it can have children: yes."""
        return True

    def has_below(self, item: Run, limit: float) -> bool:
        """Whether an execution is shown."""
        return begun(item.top.in_order(), limit) > 0

    def parts_below(self, item: Run) -> tuple[Part, ...]:
        """Return the top level."""
        return (Executions(item.top, self._beginnings),)

    def _position(self, order: int) -> int:
        return order

    def _read(self, limit: float) -> tuple[Sequence[Run], int]:
        return (self._run,), 1


class Executions(Part):
    """Executions beside each other: at the top level, or in a round."""

    __slots__ = ("_beginnings", "_siblings")

    def __init__(self, siblings: Siblings, beginnings: Beginnings) -> None:
        super().__init__()
        self._siblings = siblings
        self._beginnings = beginnings

    def order(self, item: NodeExecution) -> int:
        """Return the number of an execution."""
        return item.number

    def key(self, item: NodeExecution) -> Key:
        """Return the key of an execution."""
        return key_of_home(item)

    def may_open(self, item: NodeExecution) -> bool:
        """Whether something stands below an execution, or may come there."""
        return not item.is_bare

    def has_below(self, item: NodeExecution, limit: float) -> bool:
        """Whether something that is shown stands below an execution."""
        if item.is_bare:
            return False
        inside = item.container
        return (
            bool(item.attempts)
            or bool(item.entries)
            or (inside is not None and begun(inside.unassigned.in_order(), limit) > 0)
            or self._beginnings.begun(item, limit)[1] > 0
        )

    def parts_below(self, item: NodeExecution) -> tuple[Part, ...]:
        """Return what can stand below an execution, as it is drawn."""
        beginnings = self._beginnings
        return Attempts(item), Entries(LogTree(item)), Rounds(item, beginnings), Unassigned(item, beginnings)

    def _position(self, order: int) -> int:
        return bisect_left(self.items, order, hi=self.count, key=_NUMBER)

    def _read(self, limit: float) -> tuple[Sequence[NodeExecution], int]:
        nodes = self._siblings.in_order()
        return nodes, begun(nodes, limit)


class Unassigned(Executions):
    """Executions in a container whose round is not known."""

    __slots__ = ("_container",)

    def __init__(self, container: NodeExecution, beginnings: Beginnings) -> None:
        super().__init__(_NONE, beginnings)
        self._container = container

    def _read(self, limit: float) -> tuple[Sequence[NodeExecution], int]:
        if self._container.container is not None:  # an execution may become a container
            self._siblings = self._container.container.unassigned
        return super()._read(limit)


class Rounds(Part):
    """The rounds of a container."""

    __slots__ = ("_beginnings", "container", "going_from")

    def __init__(self, container: NodeExecution, beginnings: Beginnings) -> None:
        super().__init__()
        self._beginnings = beginnings
        self.container = container
        self.going_from: float = goes_on_from(container)
        """Where rounds went on from, when it was last asked."""

    def order(self, item: Round) -> int:
        """Return the index of a round."""
        return item.index

    def key(self, item: Round) -> Key:
        """Return the key of a round."""
        return key_of_home(item)

    def may_open(self, item: Round) -> bool:
        """Whether it has children: a round is shown when something is in it."""
        return True

    def parts_below(self, item: Round) -> tuple[Part, ...]:
        """Return the executions of a round."""
        return (Executions(item, self._beginnings),)

    def _position(self, order: float) -> int:
        return bisect_left(self.items, order, hi=self.count, key=_INDEX)

    def _read(self, limit: float) -> tuple[Sequence[Round], int]:
        if limit != math.inf:
            return self._beginnings.begun(self.container, limit)
        rounds = self.container.container.in_order() if self.container.container else ()
        return rounds, len(rounds)

    def going_on(self) -> Sequence[Round]:
        """Return the rounds that go on."""
        return self.items[self._position(goes_on_from(self.container)) : self.count]

    def at(self, index: int) -> Round | None:
        """Return the round of an index, if it is shown."""
        place = self._position(index)
        return self.items[place] if place < self.count and self.items[place].index == index else None

    def went_on(self) -> Sequence[Round]:
        """Return the rounds that go on now and did not before, or the other way round."""
        before, self.going_from = self.going_from, goes_on_from(self.container)
        first, end = sorted((before, self.going_from))
        return self.items[self._position(first) : self._position(end)]


class Attempts(Part):
    """Tries of an execution before the last one. Nothing stands below them."""

    __slots__ = ("_execution",)

    def __init__(self, execution: NodeExecution) -> None:
        super().__init__()
        self._execution = execution

    def order(self, item: Attempt) -> int:
        """Return where a try stands."""
        return self.items.index(item)

    def key(self, item: Attempt) -> Key:
        """Return the key of a try."""
        return ("t", self._execution.id, item.index)

    def _position(self, order: int) -> int:
        return order

    def _read(self, limit: float) -> tuple[Sequence[Attempt], int]:
        attempts = self._execution.attempts
        return attempts, len(attempts)


class LogTree:
    """How the entries of an agent's log hang under each other."""

    __slots__ = ("_around", "_below", "_parents", "_top", "execution")

    def __init__(self, execution: NodeExecution) -> None:
        """Hang up the entries that there are."""
        self.execution = execution
        self._parents = self._read()
        self._top, self._below = log_order(execution.entries)
        self._around = {child: parent for parent, children in self._below.items() for child in children}

    def _read(self) -> list[str | None]:
        return list(map(_PARENT_ID, self.execution.entries.values()))

    def is_old(self) -> bool:
        """Whether entries came or moved since."""
        return self._parents != self._read()

    def below(self, entry_id: str | None) -> list[Log]:
        """Return the entries below one, or (None) at the top."""
        found = self._top if entry_id is None else self._below[entry_id]
        return [self.execution.entries[child] for child in found]

    def walk(self) -> Iterator[Log]:
        """Yield every entry, depth first."""
        waiting = self._top[::-1]
        while waiting:
            entry_id = waiting.pop()
            yield self.execution.entries[entry_id]
            waiting += self._below[entry_id][::-1]

    def around(self, entry_id: str) -> str | None:
        """Return the entry under which one hangs; None at the top."""
        return self._around.get(entry_id)


class Entries(Part):
    """Entries of an agent's log that hang under the same one."""

    __slots__ = ("_entry_id", "_places", "tree")

    def __init__(self, tree: LogTree, entry_id: str | None = None) -> None:
        super().__init__()
        self.tree = tree
        self._entry_id = entry_id
        self._places: dict[str, int] = {}

    def order(self, item: Log) -> int:
        """Return where an entry stands."""
        return self._places.get(item.id, self.count)

    def key(self, item: Log) -> Key:
        """Return the key of an entry."""
        return ("l", self.tree.execution.id, item.id)

    def _position(self, order: int) -> int:
        return order

    def _read(self, limit: float) -> tuple[Sequence[Log], int]:
        entries = self.tree.below(self._entry_id)
        self._places = {entry.id: place for place, entry in enumerate(entries)}
        return entries, len(entries)

    def may_open(self, item: Log) -> bool:
        """Whether entries hang under this one."""
        return bool(self.tree.below(item.id))

    def parts_below(self, item: Log) -> tuple[Part, ...]:
        """Return what hangs under an entry."""
        return (Entries(self.tree, item.id),)


def begun(nodes: Sequence[NodeExecution], limit: float) -> int:
    """Return how many of some executions had begun when the run had so many."""
    return len(nodes) if limit == math.inf else bisect_right(nodes, limit, key=_NUMBER)


def goes_on_from(container: NodeExecution) -> float:
    """Return the index from which on more may come in the rounds of a container; infinite when nothing more comes."""
    if container.container is None or container.status != "running":
        return math.inf
    current = container.container.current
    return -math.inf if current is None else current
