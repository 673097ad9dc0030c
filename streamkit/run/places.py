"""The executions of a run by id and in their places, what changed of them, and which of them go when too many ended.

The rules of `streamkit.run.run` hold here; this is its ground floor.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

from streamkit.run.execution import OPEN, NodeExecution
from streamkit.run.journal import Changes, Journal
from streamkit.run.leaves import Leaves
from streamkit.run.retention import NO_FACTS, Keeper, Retention, Summary, facts_of
from streamkit.run.rounds import Container, Siblings
from streamkit.run.state import MAX_DEPTH, Cost

_TRIES: Final = 4
"""So many executions that ended are looked at when one begins beyond what is kept: most of them can go at once."""


class Several:
    """The executions of a node that ran several times: which of them is meant where only the node is named."""

    __slots__ = ("_earlier", "_running", "_sweep_at", "latest")

    def __init__(self, first: NodeExecution, second: NodeExecution) -> None:
        self.latest: NodeExecution | None = first
        """The execution that began last."""
        self._running: NodeExecution | None = first  # the one that began, or went on, last
        self._earlier: list[NodeExecution] | None = None  # those that were still open then, the last one at the end
        self._sweep_at = 8
        self.begin(second)

    def begin(self, node: NodeExecution) -> None:
        """Note that another execution begins."""
        self.latest = node
        self.go_on(node)

    def go_on(self, node: NodeExecution) -> None:
        """Note that an execution runs, now or again."""
        before = self._running
        self._running = node
        if before is None or before is node or before.status != "running":
            return
        if self._earlier is None:
            self._earlier = []
        self._earlier.append(before)
        if len(self._earlier) >= self._sweep_at:  # executions that overlap: those in the middle have ended
            self._earlier = [node for node in self._earlier if node.status == "running"]
            self._sweep_at = 2 * len(self._earlier) + 8

    def current(self) -> NodeExecution | None:
        """Return the execution that is open, of several the one that began last; else the last one."""
        node = self._running
        while node is not None and node.status != "running":
            node = self._running = self._earlier.pop() if self._earlier else None
        return node or self.latest

    def forget(self, node: NodeExecution) -> bool:
        """Let an execution go that ended; return whether nothing is left of this node."""
        if self.latest is node:
            self.latest = None
        if self._running is node:
            self._running = self._earlier.pop() if self._earlier else None
        return self.latest is None and self._running is None and not self._earlier


class Places:
    """Executions by id and in their places."""

    __slots__ = (
        "_count",
        "_gone",
        "_journal",
        "_keeper",
        "_leaves",
        "_nodes",
        "_of_node",
        "_over",
        "_top",
        "executions",
        "revision",
        "wire",
    )

    def __init__(self, retention: Retention) -> None:
        self.executions: dict[str, NodeExecution] = {}
        """Every execution that is kept, by its id."""
        self.revision = 0
        """Grows with every change of the run."""
        self.wire: Any = None
        """The reducer of this run, which outlives a body. Any: the run knows no dialect."""
        self._count = 0
        self._top = Siblings()
        self._of_node: dict[str, NodeExecution | Several] = {}
        """What ran of each node: nearly always one execution."""
        self._leaves = Leaves()
        self._keeper = Keeper(retention)
        self._journal: Journal | None = None
        self._over: deque[NodeExecution] | None = None
        """Executions that ended, the first one at the left; from when the first one must go."""
        self._nodes: Sequence[NodeExecution] | None = None
        self._gone: Summary | None = None
        """What stood at the top level and went."""

    @property
    def retention(self) -> Retention:
        """What this run keeps of what it sees."""
        return self._keeper.policy

    @property
    def leaf_tokens(self) -> int:
        """Tokens summed over executions that are no containers, each once: the sound figure."""
        return self._leaves.tokens

    @property
    def leaf_cost(self) -> Cost:
        """Prices summed likewise, by currency."""
        return self._leaves.cost

    @property
    def nodes(self) -> Sequence[NodeExecution]:
        """Top-level executions, in the order in which they began."""
        if self._nodes is None:
            self._nodes = self._top.in_order().copy()
        return self._nodes

    @property
    def top(self) -> Siblings:
        """The executions of the top level where they stand: a view that looks often copies none of them."""
        return self._top

    def walk(self) -> Iterator[NodeExecution]:
        """Yield every execution, depth first."""
        for node in self.nodes:
            yield from node.walk()

    def changed_since(self, revision: int) -> Changes:
        """Return which executions changed, moved or went after `revision`.

        A run remembers from the first call on; what changed before that is everything.

        Args:
            revision: a revision of this run, from `run.revision` or the `Changes` of an earlier call; 0 at first.
        """
        if self._journal is None:
            self._journal = Journal(self.revision)
        return self._journal.since(revision, self.revision)

    def latest(self, node_id: str) -> NodeExecution | None:
        """Return the execution of a node that is meant where only the node is named: the open one, else the last."""
        ran = self._of_node.get(node_id)
        return ran.current() if isinstance(ran, Several) else ran

    def place(self, node: NodeExecution, container: NodeExecution | None, index: int | None = None) -> None:
        """Move an execution into a round of a container, to its `unassigned`, or (None) to the top level.

        A container that would end up inside itself, or deeper than `MAX_DEPTH`, stays where it is.
        """
        turn = node.round
        if container is node.parent and index == (turn.index if turn is not None else None):
            return
        if not _may_hold(container, node):
            return
        if self._over is not None and not (self._keeps(node) and (container is None or self._keeps(container))):
            return
        self._take_out(node)
        node.parent = container
        if container is None:
            self._top.add(node)
            self._nodes = None
        else:
            self._put_into(container, node, index)
        self._touch(node)

    def _put_into(self, container: NodeExecution, node: NodeExecution, index: int | None) -> None:
        rounds = container._extras.container
        if rounds is None:
            if container.usage is not None:
                self._leaves.take_back(container.usage)
            rounds = container.extras().container = Container()
        if index is None:
            rounds.unassigned.add(node)
        else:
            turn = rounds.round(container, index)
            turn.add(node)
            turn.thaw()
            node.round = turn
        self._touch(container)

    def _take_out(self, node: NodeExecution) -> None:
        """Remove an execution from where it stands; a round that is empty then was none."""
        home, turn = node.parent, node.round
        if home is None:
            self._top.remove(node)
            self._nodes = None
            return
        held = home._extras.container
        if turn is not None:
            turn.remove(node)
            turn.thaw()
            if held is not None and not turn:
                held.remove(turn)
        elif held is not None:
            held.unassigned.remove(node)
        self._touch(home)
        node.parent = node.round = None

    def retract(self, node: NodeExecution) -> None:
        """Take back an execution that turned out to be none. It must not hold others."""
        self._take_out(node)
        if node.usage is not None and node.container is None:
            self._leaves.take_back(node.usage)
        self._drop(node)
        node.status = "unknown"  # so that nothing finds it as an open one

    def _drop(self, node: NodeExecution) -> None:
        """Forget an execution that stands nowhere any more."""
        del self.executions[node.id]
        ran = self._of_node.get(node.node_id)
        if ran is node or (isinstance(ran, Several) and ran.forget(node)):
            del self._of_node[node.node_id]
        self.revision += 1
        if self._journal is not None:
            self._journal.record(self.revision, node.id, gone=True)

    # ---- payloads that are elsewhere

    def put_by(self, node: NodeExecution) -> None:
        """Forget the payloads of an execution: the caller has its frames, and gives them back when somebody asks.

        Nothing else of the run changes: what state depends on of the outputs stays known.
        """
        if node.outputs_json is not None and node._extras.facts is None:
            facts = facts_of(node.outputs_json)
            if facts is not NO_FACTS:
                node.extras().facts = facts
        if node._extras.decoded is not None:
            node._extras.decoded = None
        node.inputs_json = node.outputs_json = node.process_data_json = node.metadata_json = None
        self._thaw(node)
        self.revision += 1  # what is published of the run is another thing now

    def give_back(self, node: NodeExecution, told: NodeExecution) -> None:
        """Give an execution its payloads back, as another fold of its frames has them."""
        node.inputs_json, node.outputs_json = told.inputs_json, told.outputs_json
        node.process_data_json, node.metadata_json = told.process_data_json, told.metadata_json
        self._thaw(node)
        self.revision += 1

    # ---- letting go

    def _keeps(self, node: NodeExecution) -> bool:
        return self.executions.get(node.id) is node

    def _release(self, most: int) -> None:
        """Let the oldest executions go that ended, as far as more than `most` are kept."""
        if self._over is None:
            self._over = deque(node for node in self.executions.values() if node.status not in OPEN)
        ended, tries = self._over, _TRIES
        while ended and tries and len(self.executions) > most:
            tries -= 1
            node = ended.popleft()
            if self.executions.get(node.id) is not node or node.status in OPEN:
                continue  # it went already, or goes on: its next end is noted again
            container = node._extras.container
            if container is not None and not container.is_empty():
                ended.append(node)
            else:
                self._let_go(node)

    def _let_go(self, node: NodeExecution) -> None:
        """Take out an execution that ended, and count it where it stood."""
        if self.wire is not None:
            self.wire.forget(node)
        home, turn = node.parent, node.round
        self._take_out(node)
        summary = self._summary(home)
        container = node._extras.container
        if container is None:
            summary.add(node.status, node.total_tokens or 0)
        else:
            summary.add(node.status, 0)
            if container.gone is not None:
                summary.add_inside(container.gone)
        if turn is not None and not turn:
            summary.add_round(turn.index)
        self._keeper.executions += 1
        self._drop(node)

    def _summary(self, home: NodeExecution | None) -> Summary:
        container = home._extras.container if home is not None else None
        if container is not None:
            if container.gone is None:
                container.gone = Summary()
            return container.gone
        if self._gone is None:
            self._gone = Summary()
        return self._gone

    # ---- what changed

    def _touch(self, node: NodeExecution) -> None:
        """Give an execution a new revision, and forget frozen copies of it and of all that holds it."""
        self.revision = node.revision = self.revision + 1
        if self._journal is not None:
            self._journal.record(self.revision, node.id)
        if node._frozen is not None:
            self._thaw(node)

    def _thaw(self, node: NodeExecution) -> None:
        # What holds an unfrozen execution is unfrozen too, so the way up is short in a stream of changes.
        holder: NodeExecution | None = node
        while holder is not None and holder._frozen is not None:
            holder._frozen = None
            home, turn = holder.parent, holder.round
            if turn is not None:
                turn.thaw_node(holder)
                turn.thaw()
            elif home is not None and home.container is not None:
                home.container.unassigned.thaw_node(holder)
            else:
                self._top.thaw_node(holder)
            holder = home


def _may_hold(container: NodeExecution | None, node: NodeExecution) -> bool:
    """Whether an execution may stand in a container: not in itself, nor deeper than is drawn."""
    for _ in range(MAX_DEPTH):
        if container is None:
            return True
        if container is node:
            return False
        container = container.parent
    return False
