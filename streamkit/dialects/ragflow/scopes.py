"""Where an execution of a RAGFlow agent stands: in which container and round (protocol C.5).

The wire names no parents. Three things tell:

* A component has one home for ever: what ran in a container runs in that one the next time too.
* The first item marker after a container is that container's, and each marker begins a round.
* The server works in batches: it starts some components, finishes them, and then starts what follows them, in the same
  order. So the batch before is made of lanes: neighbours that are in one container, or beside them all.

With one lane, all that starts stands there. With several, a component that was not seen before gets the lane that fits
the order best: no container is left without a successor, and a branch beside it may end.

Every operation costs constant time, but for the nesting of containers and the size of a batch, which are bounded.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from streamkit.run import NodeExecution, Run
from streamkit.run.state import MAX_DEPTH

ITEM_OF: Final = {"IterationItem": "Iteration", "LoopItem": "Loop"}
CONTAINERS: Final = frozenset(ITEM_OF.values())
_MOST_LANES: Final = 6
_MOST_STARTS: Final = 8
"""A batch with more lanes, or more starts, is not looked at in detail."""
_NEVER: Final = 1000
"""What a lane costs that cannot be: more than any order that only looks odd."""


class Scope:
    """A container."""

    __slots__ = ("batch", "began", "home", "is_open", "kind", "marker", "node", "round")

    def __init__(self, node: NodeExecution, kind: str, home: "Scope | None", batch: int) -> None:
        self.node = node
        self.kind = kind
        self.home = home
        """The container that it stands in."""
        self.batch = batch
        """The number of the batch in which it began."""
        self.is_open = True
        self.round = -1
        """The round that goes on; -1 before the first item marker: what starts then stands beside the container."""
        self.began = 0
        """So many executions began in this round."""
        self.marker: NodeExecution | None = None
        """The marker of this round."""

    def is_inside(self, other: "Scope") -> bool:
        """Whether this is the other container, or stands in it."""
        scope: Scope | None = self
        while scope is not None and scope is not other:
            scope = scope.home
        return scope is other


class Start:
    """A start in a batch."""

    __slots__ = ("home", "is_sure", "node")

    def __init__(self, node: NodeExecution, home: Scope | None, is_sure: bool) -> None:
        self.node = node
        self.home = home
        self.is_sure = is_sure
        """Whether its home is known, not concluded from the order."""


class Lane:
    """Neighbours in the batch before, whose successors have one home."""

    __slots__ = ("_is_fresh", "_size", "home")

    def __init__(self, home: Scope | None, size: int) -> None:
        self.home = home
        self._size = size
        self._is_fresh = home is not None and home.round < 0

    def cost(self, starts: Sequence[Start]) -> int:
        """Say how badly these starts fit as the successors of this lane."""
        strangers = sum(start.home is not self.home if start.is_sure else self._is_fresh for start in starts)
        surplus = abs(len(starts) - self._size)
        if self.home is None:  # a branch may end, or part
            return _NEVER * strangers + surplus
        return _NEVER * strangers + 2 * surplus if starts else _NEVER


class Scopes:
    """The open containers of a run, and the batch that goes on."""

    __slots__ = ("_batch", "_homes", "_is_over", "_lanes", "_number", "open")

    def __init__(self) -> None:
        self.open: list[Scope] = []
        """In the order in which they began."""
        self._homes: dict[str, str] = {}
        """By component: the component that is its container; "" for none."""
        self._lanes: list[Lane] = []
        self._batch: list[Start] = []
        self._number = 0
        self._is_over = False
        """Whether something of the batch ended: the next start begins another one."""

    def home(self, run: Run, name: str, kind: str) -> Scope | None:
        """Return the container that a component starts in; an item marker begins a round of it."""
        if self._is_over:
            self._next_batch()
        if kind in ITEM_OF:
            return self._begin_round(run, name, ITEM_OF[kind])
        if name in self._homes:
            return self._known(name)
        return _in_a_round(self._lanes[0].home if self._lanes else None)

    def home_of_end(self, name: str) -> Scope | None:
        """Return the container of a component that ends and was not seen to start."""
        if name in self._homes:
            return self._known(name)
        return _in_a_round(self.open[-1] if self.open else None)

    def start(self, run: Run, node: NodeExecution, home: Scope | None) -> None:
        """Note a start in the batch, of an execution that is new or begins again."""
        is_new = node.node_id not in self._homes
        self._batch.append(Start(node, home, is_sure=not is_new or node.type in ITEM_OF))
        if is_new:
            self._homes[node.node_id] = _name(home)
        self._settle(run)

    def put(self, run: Run, node: NodeExecution, home: Scope | None) -> None:
        """Put a new execution where it stands, and know a container as one."""
        if home is not None:
            run.place(node, home.node, home.round)
            home.began += 1
            if node.type in ITEM_OF:
                home.marker = node
        if node.type in CONTAINERS and len(self.open) < MAX_DEPTH:
            self.open.append(Scope(node, node.type, home, self._number))

    def ends(self) -> None:
        """Note that something of the batch ended."""
        self._is_over = True

    def scope_of(self, node: NodeExecution) -> Scope | None:
        """Return the open container that an execution is."""
        return next((scope for scope in self.open if scope.node is node), None)

    def close(self, scope: Scope) -> None:
        """A container ended, and what is inside it is over."""
        for inner in self.open:
            inner.is_open = not inner.is_inside(scope)
        self.open = [other for other in self.open if other.is_open]

    def drop(self, scope: Scope) -> None:
        """Forget a container; what is inside it goes on."""
        scope.is_open = False
        self.open.remove(scope)

    def loop_around(self, node: NodeExecution) -> Scope | None:
        """Return the innermost open Loop that an execution stands in."""
        scope = self.scope_of(node.parent) if node.parent is not None else None
        while scope is not None and not (scope.kind == "Loop" and scope.is_open):
            scope = scope.home
        return scope

    # ---- item markers

    def _begin_round(self, run: Run, name: str, kind: str) -> Scope | None:
        scope = self._marked(name, kind)
        if scope is None:
            return None
        if scope.batch == self._number:  # it leads to its marker, so a batch ended of which no frame told
            self._part_batch(run)
        for inner in [inner for inner in self.open if inner.home is scope and inner.batch != self._number]:
            self.close(inner)
        scope.round += 1
        scope.began, scope.marker = 0, None
        run.begin_round(scope.node, scope.round)
        return scope

    def _marked(self, name: str, kind: str) -> Scope | None:
        """Return the container that an item marker is of: the one it always was, else the first that had none."""
        if self._homes.get(name):
            return self._known(name)
        scopes = [scope for scope in self.open if scope.kind == kind]
        fresh = (scope for scope in scopes if scope.round < 0)
        return next(fresh, scopes[-1] if scopes else None)

    def _known(self, name: str) -> Scope | None:
        """Return the container where a component stood before, if it is open: the latest of that name."""
        home = self._homes.get(name)
        return next((scope for scope in reversed(self.open) if scope.node.node_id == home), None)

    # ---- batches

    def _next_batch(self) -> None:
        """Begin a batch: what is in the one before leads to its lanes."""
        homes = [self._leads_to(start) for start in self._batch] if self.open else ()
        self._lanes = [Lane(home, len(list(neighbours))) for home, neighbours in groupby(homes)]
        self._batch = []
        self._number += 1
        self._is_over = False

    def _part_batch(self, run: Run) -> None:
        """Part what looked like one batch, but for the last Messages: in the first part, those would have spoken."""
        size = len(self._batch)
        while size and self._batch[size - 1].node.type == "Message":
            size -= 1
        later = self._batch[size:]
        del self._batch[size:]
        self._settle(run)
        self._next_batch()
        self._batch = later

    def _leads_to(self, start: Start) -> Scope | None:
        """Return the container of what follows: a container leads to its marker, else all stays where it is."""
        home = self.scope_of(start.node) or start.home
        while home is not None and not home.is_open:
            home = home.home
        return home

    def _settle(self, run: Run) -> None:
        """Give each start of the batch a lane, and move those that stand in another one."""
        lanes, batch = self._lanes, self._batch
        if not 1 < len(lanes) <= _MOST_LANES or len(batch) > _MOST_STARTS:
            return
        if all(start.is_sure for start in batch):
            return
        for start, lane in zip(batch, _spread(batch, lanes), strict=True):
            home = _in_a_round(lane.home)
            if not start.is_sure and start.home is not home:
                self._move(run, start, home)

    def _move(self, run: Run, start: Start, home: Scope | None) -> None:
        node, scope = start.node, self.scope_of(start.node)
        if start.home is not None and node.round_index == start.home.round:
            start.home.began -= 1
        if home is not None:
            home.began += 1
        run.place(node, home.node if home else None, home.round if home else None)
        if scope is not None:
            scope.home = home
        start.home = home
        self._homes[node.node_id] = _name(home)


def _name(home: Scope | None) -> str:
    return home.node.node_id if home is not None else ""


def _in_a_round(home: Scope | None) -> Scope | None:
    """Return the innermost container from here that is open and in a round."""
    while home is not None and (home.round < 0 or not home.is_open):
        home = home.home
    return home


def _spread(starts: Sequence[Start], lanes: Sequence[Lane]) -> list[Lane]:
    """Return a lane for each start, both in order, at the least cost."""
    counts = range(len(starts) + 1)
    best = [(lanes[0].cost(starts[:count]), [lanes[0]] * count) for count in counts]
    for lane in lanes[1:]:
        best = [
            min((_join(best[taken], lane, starts[taken:count]) for taken in range(count, -1, -1)), key=_cost)
            for count in counts
        ]
    return best[-1][1]


def _join(before: tuple[int, list[Lane]], lane: Lane, starts: Sequence[Start]) -> tuple[int, list[Lane]]:
    cost, taken = before
    return cost + lane.cost(starts), taken + [lane] * len(starts)


def _cost(spread: tuple[int, list[Lane]]) -> int:
    return spread[0]
