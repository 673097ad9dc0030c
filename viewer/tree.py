"""Which rows of a live run are in view, with everything inline.

    run > execution > tries, entries of an agent's log, rounds > execution > …, executions whose round is not known

Rule 1: nothing here costs more in a larger run, but to open what is large, once, and to walk over everything.
Rule 2: what a person opened or folded stays so, whatever becomes of the run.
Rule 3: every question is answered for the run as it is now; `sync` tells whether rows changed since the last time.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final, Protocol

from streamkit.run import NodeExecution, Run
from streamkit.run.rounds import Siblings
from streamkit.run.state import Cost
from viewer.groups import Groups
from viewer.kinds import LogTree, begun
from viewer.parts import Group, Part
from viewer.rows import RUN, Item, Key, Row
from viewer.sums import Home, home_of

_NUMBER: Final = attrgetter("number")
_FAR: Final = 1000
"""A jump over more executions than this builds the tree anew."""


class Wanted(Protocol):
    """What is looked for."""

    def execution(self, node: NodeExecution) -> bool:
        """Whether an execution is wanted."""

    def other(self, item: Item) -> bool:
        """Whether something else is."""


class RunTree(Groups):
    """The rows of one run, in order, while it goes on."""

    def sync(self) -> bool:
        """Follow the run; return whether rows came, went, opened or folded since the last call."""
        self._catch_up()
        moved, self._moved = self._moved, False
        return moved

    # ---- rows

    @property
    def height(self) -> int:
        """How many rows there are."""
        self._catch_up()
        return self._top.rows

    def window(self, first: int, count: int) -> list[Row]:
        """Return the rows in view."""
        self._catch_up()
        return list(islice(self._rows((self._top,), first), count))

    def row_of(self, key: Key) -> int | None:
        """Return where a row stands; None if it is folded away, or not there."""
        self._catch_up()
        item, part = self.item(key), self._part_at(key)
        return part.row_in_tree(item) if item is not None and part is not None else None

    def walk(self) -> Iterator[Row]:
        """Yield every row in order, also those that are folded away."""
        self._catch_up()
        return self._rows((self._top,), 0, everything=True)

    def find(self, wanted: Wanted) -> list[Key]:
        """Return the keys of all that is wanted below the run, in order, wherever it is folded away.

        Nothing is made of what is not wanted: of 100,000 executions this takes a tenth of the time of `walk`.
        """
        self._catch_up()
        found: list[Key] = []
        self._find_among(self.run.top, wanted, found)
        return found

    def _find_among(self, siblings: Siblings, wanted: Wanted, found: list[Key]) -> None:
        nodes, is_wanted = siblings.in_order(), wanted.execution
        for node in nodes if self._limit == math.inf else nodes[: begun(nodes, self._limit)]:
            if is_wanted(node):
                found.append(("x", node.id))
            if not node.is_bare:
                self._find_below(node, wanted, found)

    def _find_below(self, node: NodeExecution, wanted: Wanted, found: list[Key]) -> None:
        """Look through what few executions have: tries, a log, and what is inside of a container."""
        found += [("t", node.id, attempt.index) for attempt in node.attempts if wanted.other(attempt)]
        if node.entries:
            found += [("l", node.id, entry.id) for entry in LogTree(node).walk() if wanted.other(entry)]
        if node.container is None:
            return
        for turn in islice(*self._beginnings.begun(node, self._limit)):
            if wanted.other(turn):
                found.append(("r", node.id, turn.index))
            self._find_among(turn, wanted, found)
        self._find_among(node.container.unassigned, wanted, found)

    def _rows(
        self,
        parts: Sequence[Part],
        skip: int,
        guides: tuple[bool, ...] = (),
        depth: int = 0,
        *,
        everything: bool = False,
    ) -> Iterator[Row]:
        """Yield the rows of parts after the first ones; with `everything` also what is folded."""
        for number, part in enumerate(parts):
            if skip >= part.rows:
                skip -= part.rows
                continue
            more = any(later.count for later in parts[number + 1 :])
            position, skip = part.find(skip)
            while position < min(part.count, len(part.items)):  # a walk may stop for a while, and the run goes on
                item, position = part.items[position], position + 1
                goes_on = more or position < part.count
                group = part.open_child(item)
                is_open = _state(part, item, group, self._limit)
                if not skip:
                    yield Row(part.key(item), item, depth, guides, not goes_on, is_open)
                below = group.parts if group else self._unfolded(part, item) if everything and is_open is False else ()
                inner = (*guides, goes_on) if depth else ()
                yield from self._rows(below, max(skip - 1, 0), inner, depth + 1, everything=everything)
                skip = 0

    def _unfolded(self, part: Part, item: Item) -> tuple[Part, ...]:
        """Return what is below something folded."""
        parts = part.parts_below(item)
        for below in parts:
            below.look(self._limit)
        return parts

    # ---- opening and folding

    def set_open(self, key: Key, is_open: bool) -> None:
        """Open or fold something, from now on whatever becomes of it."""
        self._catch_up()
        self._folds.say(key, is_open)
        self._judge_at(key)

    def toggle(self, key: Key) -> None:
        """Open what is folded, fold what is open."""
        self._catch_up()
        self.set_open(key, key not in self._groups)

    def open_below(self, key: Key, is_open: bool) -> None:
        """Open or fold something and everything below it, also what comes there later."""
        self._catch_up()
        self._folds.say_below(key, is_open, lambda other: key in self._above(other))
        self._close_at(key)
        self._judge_at(key)

    def open_all(self) -> None:
        """Open everything."""
        self.open_below(RUN, True)

    def close_all(self) -> None:
        """Fold everything but the run itself."""
        self.open_below(RUN, False)
        self.set_open(RUN, True)

    def reveal(self, key: Key) -> None:
        """Open everything above a row, so that it can be shown."""
        self._catch_up()
        for above in reversed(list(self._above(key))):
            self.set_open(above, True)

    def _above(self, key: Key) -> Iterator[Key]:
        above = self.parent(key)
        while above is not None:
            yield above
            above = self.parent(above)

    def _judge_at(self, key: Key) -> None:
        item, part = self.item(key), self._part_at(key)
        if item is not None and part is not None:
            self._settle(part, item)

    @property
    def follow(self) -> bool:
        """Whether things fold by themselves when the rule says so; else only opens what comes."""
        return self._folds.follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        self._catch_up()
        if follow:
            self._folds.let_go()
            self._build()
        elif self._folds.follow:
            self._folds.hold(self._groups)

    # ---- time travel

    @property
    def limit(self) -> int | None:
        """The number of the last execution that is shown: they are numbered as they begin. None: all are."""
        return None if self._limit == math.inf else int(self._limit)

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._catch_up()
        before, self._limit = self._limit, math.inf if limit is None else limit
        newest = next((node.number for node in reversed(self.run.executions.values())), 0)
        first, last = sorted((min(before, newest), min(self._limit, newest)))
        if last - first > _FAR:
            self._build()
            return
        nodes = self._by_number
        between = nodes[bisect_right(nodes, first, key=_NUMBER) : bisect_right(nodes, last, key=_NUMBER)]
        if between:
            self._moved = True
            self._follow({home for node in between if (home := home_of(node)) is not None}, between)

    def rounds_begun(self, container: NodeExecution) -> int:
        """Return how many rounds of a container are shown where it is open."""
        self._catch_up()
        return self._beginnings.begun(container, self._limit)[1]

    def latest(self) -> Iterator[NodeExecution]:
        """Yield the executions that are shown, the one that began last first."""
        self._catch_up()
        if self._limit == math.inf:
            return reversed(self.run.executions.values())
        nodes = self._by_number
        return (nodes[place] for place in range(bisect_right(nodes, self._limit, key=_NUMBER) - 1, -1, -1))

    # ---- sums

    def spent(self, item: Run | Home) -> tuple[int, Cost]:
        """Return tokens and cost of something with all below it; of what ended, the server's own figures if it has any."""
        self._catch_up()
        if isinstance(item, Run):
            return item.total_tokens or 0, item.usage.cost
        return self._sums.spent(item)


def _state(part: Part, item: Item, group: Group | None, limit: float) -> bool | None:
    """Return whether an item is open; None if there is nothing to open."""
    if group is not None:
        return True if group.rows else None
    return False if part.has_below(item, limit) else None
