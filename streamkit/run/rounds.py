"""Where executions stand beside each other: at the top level, in a round of a container, or in none (yet).

A published state of a hundred thousand executions is refreshed where something changed: each place remembers what it
published last and what has changed since. The rest is copied by the interpreter, not by a loop of ours.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from streamkit.run.execution import NodeExecution
from streamkit.run.retention import Summary
from streamkit.run.state import NodeState, NodeStatus, RoundState, Seconds

_WELL: Final = frozenset({"succeeded", "exception", "skipped"})

_FEW: Final = 8
"""One of so many executions is looked for in a list: as quick as in a dict, which would have to be made."""

_NUMBER: Final = attrgetter("number")
_STATUS: Final = attrgetter("status")
_INDEX: Final = attrgetter("index")


class Siblings:
    """Executions that stand beside each other: in the order in which they began, each removed in constant time."""

    __slots__ = ("_by_id", "_changed", "_in_order", "_nodes", "_only", "_states")

    def __init__(self) -> None:
        self._only: NodeExecution | None = None
        """The first one, until another one comes or somebody reads: most rounds hold one, and no list is made for it."""
        self._nodes: list[NodeExecution] | None = None
        self._by_id: dict[str, NodeExecution] | None = None
        """In place of the list, from when another one than the last was removed until somebody reads."""
        self._in_order = True
        self._states: list[NodeState] | None = None
        """What was published last, of the first executions; None: all must be published anew."""
        self._changed: set[NodeExecution] | None = None
        """Whose published state is old."""

    def __bool__(self) -> bool:
        return bool(self._only or self._nodes or self._by_id)

    def __len__(self) -> int:
        return len(self._nodes or self._by_id or ()) if self._only is None else 1

    def __iter__(self) -> Iterator[NodeExecution]:
        return iter(self.in_order())

    def in_order(self) -> list[NodeExecution]:
        """Return the executions themselves, in the order in which they began; the list is not the caller's."""
        nodes = self._listed()
        if not self._in_order:  # something came here late: its round was told at its end, or it was moved
            nodes.sort(key=_NUMBER)
            self._in_order = True
        return nodes

    def _listed(self) -> list[NodeExecution]:
        if self._nodes is None:
            if self._by_id is not None:
                self._nodes = list(self._by_id.values())
            else:
                self._nodes = [] if self._only is None else [self._only]
            self._only = self._by_id = None
        return self._nodes

    def add(self, node: NodeExecution) -> None:
        """Put an execution beside the others."""
        nodes = self._nodes
        if nodes is None:
            if self._by_id is not None:
                self._by_id[node.id] = node
                self._in_order = False  # nobody knows here which of them began last
                return
            if self._only is None:
                self._only = node
                return
            nodes = self._listed()
        if nodes and node.number < nodes[-1].number:
            self._in_order = False
            self._states = None
        nodes.append(node)

    def remove(self, node: NodeExecution) -> None:
        """Take an execution away."""
        nodes = self._nodes
        if self._by_id is not None:
            del self._by_id[node.id]
        elif nodes is None:
            self._only = None
        elif nodes[-1] is node:
            nodes.pop()
            if self._states is not None and len(self._states) > len(nodes):
                self._states.pop()
        elif len(nodes) <= _FEW:
            nodes.remove(node)
            self._states = None
        else:
            self._by_id = {sibling.id: sibling for sibling in nodes}
            self._nodes = self._states = None
            del self._by_id[node.id]

    def thaw_node(self, node: NodeExecution) -> None:
        """Note that the published state of one of these is old."""
        if self._states is not None:
            if self._changed is None:
                self._changed = set()
            self._changed.add(node)

    def freeze_nodes(self) -> tuple[NodeState, ...]:
        """Return the published form of all."""
        nodes, states = self.in_order(), self._states
        if states is None:
            states = self._states = [node.freeze() for node in nodes]
        else:
            for node in self._changed or ():
                position = bisect_left(nodes, node.number, key=_NUMBER)
                if position < len(states) and nodes[position] is node:  # else it went, or is new here
                    states[position] = node.freeze()
            states += [node.freeze() for node in nodes[len(states) :]]
        self._changed = None
        return tuple(states)


class Round(Siblings):
    """One turn of a container, and what ran in it: one object, as a run may have a hundred thousand of them."""

    __slots__ = ("_frozen", "_quiet", "container", "elapsed_time", "index")

    def __init__(self, container: NodeExecution, index: int) -> None:
        super().__init__()
        self.container = container
        self.index = index
        """Counted from 0."""
        self.elapsed_time: Seconds | None = None
        """Seconds, where the server says it."""
        self._frozen: RoundState | None = None
        self._quiet = False  # whether the frozen status is the container's doing

    @property
    def nodes(self) -> Sequence[NodeExecution]:
        """The executions of this round, in the order in which they began."""
        return list(self)

    @property
    def status(self) -> NodeStatus:
        """What became of the round: nothing on the wire says it, so its executions do."""
        return self._status_of(self._words())

    def _words(self) -> set[NodeStatus]:
        return set(map(_STATUS, self.in_order()))

    def _status_of(self, words: set[NodeStatus]) -> NodeStatus:
        for word in ("failed", "stopped", "paused", "unknown", "running"):
            if word in words:
                return word
        return self._quiet_status()

    def _quiet_status(self) -> NodeStatus:
        """What a round is whose executions all ended well: over, unless more may come in it."""
        container = self.container
        going_on = container.status == "running" and self.elapsed_time is None and container.goes_on_in(self.index)
        return "running" if going_on else "succeeded"

    def thaw(self) -> None:
        """Note that the published form is old."""
        if self._frozen is not None:  # else it is old since the last time
            self._frozen = None
            if self.container.container is not None:
                self.container.container.thaw(self)

    def freeze(self) -> RoundState:
        """Return the published form, shared for as long as nothing changes."""
        if self._frozen is None:
            words = self._words()
            self._quiet = words <= _WELL
            self._frozen = RoundState(
                index=self.index,
                status=self._status_of(words),
                elapsed_time=self.elapsed_time,
                nodes=self.freeze_nodes(),
            )
        elif self._quiet and self._frozen.status != self._quiet_status():  # the container went on, or ended
            self._frozen = msgspec.structs.replace(self._frozen, status=self._quiet_status())
        return self._frozen

    @property
    def may_end_by_itself(self) -> bool:
        """Whether the published status becomes another one when the container goes on or ends."""
        return self._quiet and self._frozen is not None and self._frozen.status == "running"


class Container:
    """What only an iteration or a loop has."""

    __slots__ = ("_changed", "_order", "_states", "current", "gone", "rounds", "unassigned")

    def __init__(self) -> None:
        self.rounds: dict[int, Round] = {}
        self.unassigned = Siblings()
        self.current: int | None = None
        """The round that is going on, where rounds come one after another."""
        self.gone: Summary | None = None
        """What stood here and is not kept any more."""
        self._order: list[Round] | None = []
        """The rounds by index; None: it must be sorted anew."""
        self._states: list[RoundState] | None = None
        self._changed: set[Round] = set()

    def is_empty(self) -> bool:
        """Whether nothing stands here (any more)."""
        return not self.rounds and not self.unassigned

    def in_order(self) -> list[Round]:
        """Return the rounds, by index; the list is not the caller's."""
        if self._order is None:
            self._order = [self.rounds[index] for index in sorted(self.rounds)]
        return self._order

    def round(self, container: NodeExecution, index: int) -> Round:
        """Return a round of the container that this belongs to; a new one if nothing of it was seen so far."""
        turn = self.rounds.get(index)
        if turn is None:
            turn = self.rounds[index] = Round(container, index)
            order = self._order
            if order is not None and (not order or order[-1].index < index):
                order.append(turn)
            else:
                self._order = self._states = None
        return turn

    def remove(self, turn: Round) -> None:
        """Take a round away."""
        del self.rounds[turn.index]
        self._order = self._states = None

    def thaw(self, turn: Round) -> None:
        """Note that the published form of a round is old."""
        if self._states is not None:
            self._changed.add(turn)

    def go_to(self, index: int) -> None:
        """Note that a round goes on."""
        if self.current is not None and index < self.current:
            self.go_on()
        self.current = index

    def go_on(self) -> None:
        """Note that rounds which were over may go on after all."""
        self._states = None

    def freeze_rounds(self) -> tuple[RoundState, ...]:
        """Return the published form of the rounds."""
        order, states = self.in_order(), self._states
        if states is None:
            looked_at: list[Round] = order
            states = self._states = [turn.freeze() for turn in order]
        else:
            looked_at = [*self._changed, *order[len(states) :]]
            for turn in self._changed:
                position = bisect_left(order, turn.index, key=_INDEX)
                if position < len(states):
                    states[position] = turn.freeze()
            states += [turn.freeze() for turn in order[len(states) :]]
        self._changed = {turn for turn in looked_at if turn.may_end_by_itself}
        return tuple(states)
