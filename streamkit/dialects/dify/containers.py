"""Where an execution of a Dify run stands: its container and its round (protocol C.5).

The wire says little of it. A node names a container by its node id, of which there may be several occurrences; nested
containers of one kind are named by the outer one; containers themselves name nothing; and the round comes with the
end of an execution, if at all. So a place is at first a guess, and moves when a later frame proves another one:

* a node stands in the innermost container: the named one (of two, the one that began later), then down into the open
  containers inside it, as long as the frame names their kind (correction 2);
* a node of the graph lives in one container of the graph: once that is certain, it outweighs the rule above;
* a container that begins while another one is in a round is taken as its child. It is moved out when one of its
  children names it where a nested one would have named the outer one, and in when a child names both, when it begins
  a second time under the same open container, or when its own end says so;
* the round is `iteration_index` or `loop_index` of the end (of the innermost container of that kind); until then it
  is the current round where rounds come one after another, and unknown where they run in parallel;
* a parallel iteration whose frames carry no index is read from its end: rounds come in contiguous blocks, in the
  order of the keys of `iteration_duration_map` (correction 3); where the counts differ it stays unknown.

Everything here costs constant time per frame; searches look at the last few of them. `occurrence` is one container, `register`
finds them, `nesting` says which stands in which.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from streamkit.dialects.dify.events import (
    ContainerStartedData,
    ExecutionMetadata,
    NodeFinishedData,
    NodeStartedData,
)
from streamkit.dialects.dify.facts import truncated
from streamkit.dialects.dify.nesting import Nesting
from streamkit.dialects.dify.occurrence import Kind, Occurrence
from streamkit.dialects.dify.register import LOOK, Register
from streamkit.run import NodeExecution, Run

_LONGEST_INDEX: Final = 10
"""A run id of 32 hexadecimal digits may hold decimal ones only; no round has a number this long."""


class Containers:
    """All containers of a run, and the place of everything in them."""

    __slots__ = ("_nesting", "_register")

    def __init__(self) -> None:
        self._register = Register()
        self._nesting = Nesting(self._register)

    def forget(self, node: NodeExecution) -> None:
        """Let an execution go that the run does not keep any more."""
        self._register.forget(node)

    def knows(self, node_id: str) -> bool:
        """Whether a container of this node was seen."""
        return self._register.knows(node_id)

    # ---- containers

    def replay(self) -> None:
        """From now on containers are matched from the first occurrence on, and none is made."""
        self._register.replay()

    def begin_snapshot(self) -> None:
        """From now on rows of containers are matched from the first occurrence on."""
        self._register.begin_snapshot()

    def start(self, run: Run, kind: Kind, data: ContainerStartedData, *, replay: bool, at: float | None) -> None:
        """A container begins: a new occurrence, or the announcement of one whose children or row came first."""
        node_id = data.node_id or data.id or ""
        if replay:
            if not self._register.is_replayed(node_id):
                run.report("replay-unknown", f"{kind} {node_id}")
            return
        occurrence = self._register.unannounced(node_id)
        if occurrence is None:
            occurrence = self._nesting.create(run, kind, node_id, data.title, at)
        if occurrence.node.inferred:
            run.resume_execution(occurrence.node)
        occurrence.announced = True
        run.describe(
            occurrence.node,
            type=data.node_type,
            title=data.title,
            started_at=data.created_at,
            inputs=data.inputs,
            metadata=data.metadata,
            truncated=truncated(data),
        )
        if kind == "loop" and occurrence.current is None:  # round 0 of a loop is never announced
            occurrence.current = 0
            run.begin_round(occurrence.node, 0)

    def next(self, run: Run, kind: Kind, node_id: str, index: int, key: str | None, duration: float | None) -> None:
        """A round is announced. This makes no round: engines announce rounds that never come.

        `key` and `duration` are what servers before 1.9 say of the round that was before.
        """
        occurrence = self._nesting.named(run, kind, node_id, None)
        if key is not None:  # before 1.9, parallel: announced at the end of a round, so it was the one before
            occurrence.parallel = True
            if occurrence.keys is None:
                occurrence.keys = {}
            occurrence.keys[key] = index - 1
            self._place_by_key(run, occurrence, key)
        if duration is not None:
            run.time_round(occurrence.node, index - 1, duration)
        if key is not None:
            return
        if occurrence.node.inferred:
            run.resume_execution(occurrence.node)
        if index == occurrence.current:  # told again
            return
        one_after_another = occurrence.running == 0 and not occurrence.next_came_last
        if kind == "iteration" and occurrence.current is not None and index > 0 and not one_after_another:
            self._find_parallel(run, occurrence)
        if occurrence.children and not occurrence.parallel:  # what is open in the round before has lost its end
            for child in list(reversed(occurrence.children)):
                self._register.close(child)
        occurrence.current = index
        occurrence.next_came_last = True
        run.begin_round(occurrence.node, index)

    def end(
        self, run: Run, kind: Kind, node_id: str, metadata: ExecutionMetadata, *, replay: bool, at: float | None
    ) -> NodeExecution | None:
        """A container ends: rounds get their times, and what is still unassigned is inferred, if it can be."""
        if replay:
            occurrence = self._register.replayed_one(node_id)
        else:
            occurrence = self._register.ending(node_id, metadata) or self._nesting.named(run, kind, node_id, at)
        if occurrence is None:
            return None
        times = metadata.iteration_duration_map if kind == "iteration" else metadata.loop_duration_map
        if not replay:
            self._nesting.confirm_by_own_end(run, occurrence, metadata)
            self._infer_blocks(run, occurrence, list(times or ()))
        for key, seconds in (times or {}).items():
            index = (occurrence.keys or {}).get(key, _index(key))
            if index is not None and seconds is not None:
                run.time_round(occurrence.node, index, seconds)
        if occurrence.open:
            self._register.close(occurrence)
        return occurrence.node

    def row(self, run: Run, execution_id: str, kind: Kind, node_id: str, *, replay: bool) -> Occurrence | None:
        """Return the container that a row of a snapshot is about; rows have an execution id of their own (C.1)."""
        occurrence = self._register.of_row(execution_id, node_id)
        if occurrence is None and not replay:
            occurrence = self._nesting.create(run, kind, node_id, None, None, nest=False)
            self._register.name_row(occurrence, execution_id)
        return occurrence

    def close_row(self, occurrence: Occurrence) -> None:
        """Note that a row says that its container is over."""
        if occurrence.open:
            self._register.close(occurrence)

    def put_row(self, run: Run, occurrence: Occurrence, iteration_id: str | None, loop_id: str | None) -> None:
        """Put a container that a snapshot's row made into the container that the row names."""
        if occurrence.parent is None and not occurrence.announced and (iteration_id or loop_id):
            outer = self._nesting.innermost(run, iteration_id, loop_id, occurrence.node.node_id, None, certain=False)
            if outer is not None and outer is not occurrence:
                self._nesting.move(run, occurrence, outer, None)

    # ---- executions

    def open_execution(
        self,
        run: Run,
        execution_id: str,
        data: NodeStartedData | NodeFinishedData,
        at: float | None,
        *,
        snapshot: bool,
    ) -> NodeExecution:
        """An execution begins in a container: where others of its node were, if that is sure, else where it is found."""
        node_id = data.node_id or ""
        key, inputs = (data.parallel_run_id, data.inputs) if isinstance(data, NodeStartedData) else (None, None)
        home = self._nesting.as_before(data.iteration_id, data.loop_id, node_id)
        if home is not None and (key is not None or snapshot or home.doubts):
            home = None
        index = None
        if home is not None:
            home.running += 1
            home.next_came_last = False
            index = None if home.parallel or not (home.announced or home.kind == "loop") else home.current
        node = run.open_execution(
            execution_id,
            node_id,
            type=data.node_type,
            title=data.title,
            at=at,
            started_at=data.created_at,
            inputs=inputs,
            container=home.node if home is not None else None,
            index=index,
        )
        if home is None:
            self.put(run, node, data.iteration_id, data.loop_id, key, snapshot=snapshot)
        elif home.parallel:
            home.begin_in_block(node)
        return node

    def put(
        self,
        run: Run,
        node: NodeExecution,
        iteration_id: str | None,
        loop_id: str | None,
        key: str | None,
        *,
        snapshot: bool,
    ) -> None:
        """Find the place of an execution that begins."""
        home = self._nesting.innermost(run, iteration_id, loop_id, node.node_id, node, certain=not snapshot)
        if home is None:
            return
        home.running += 1
        for holder in (*home.around(), *(holder for holder, _ in home.doubts)):
            holder.next_came_last = False
        if key is not None:
            home.parallel = True
            if home.keys is None:
                home.keys = {}
            index = home.keys.setdefault(key, None)
        elif home.parallel or snapshot or not (home.announced or home.kind == "loop"):
            index = None  # a loop is in one round at a time, also where its start was lost
        else:
            index = home.current
        run.place(node, home.node, index)
        if key is not None:
            self._remember_key(home, node, key)
        elif home.parallel and not snapshot:
            home.begin_in_block(node)

    def open_in_round(self, container_ids: Iterable[str | None], key: str, node_id: str) -> NodeExecution | None:
        """Return the open execution of a node in the round of a `parallel_run_id`, which is not told yet."""
        homes = (home for container_id in container_ids if container_id for home in self._register.last(container_id))
        waiting = (node for home in homes if home.keyed is not None for node in reversed(home.keyed.get(key, [])))
        latest = islice(waiting, LOOK)
        return next((node for node in latest if node.node_id == node_id and node.status == "running"), None)

    def settle(self, run: Run, node: NodeExecution, metadata: ExecutionMetadata) -> None:
        """Take what the end of an execution says of its rounds: of its container and of the one around it."""
        home = self._register.home(node)
        if home is None:
            return
        if metadata.parallel_mode_run_id is not None:
            home.parallel = True
            if home.keys is None:
                home.keys = {}
            home.keys.setdefault(metadata.parallel_mode_run_id, None)
            self._remember_key(home, node, metadata.parallel_mode_run_id)
            self._place_by_key(run, home, metadata.parallel_mode_run_id)
        index = metadata.iteration_index if home.kind == "iteration" else metadata.loop_index
        if home.parent is not None:
            home = self._settle_outer(run, node, home, metadata)
        if index is None:
            return
        run.place(node, home.node, index)
        if home.blocks is not None:
            home.blocks.tell(node, index)
        if home.descended is not None and node in home.descended:
            home.descended[node] = index

    def ended(self, node: NodeExecution) -> None:
        """Note that an execution that began has ended."""
        home = self._register.home(node)
        if home is not None and home.running > 0:
            home.running -= 1

    def _settle_outer(self, run: Run, node: NodeExecution, home: Occurrence, metadata: ExecutionMetadata) -> Occurrence:
        """Put the container around an execution into the round of the other kind that its end names; return its home.

        A container runs once in each round of the one around it: if another occurrence is known to be in that round, or
        this one in another round, the execution belongs to that other occurrence.
        """
        below, outer = home, home.parent
        while outer is not None and outer.kind == home.kind:
            below, outer = outer, outer.parent
        if outer is None:
            return home
        index = metadata.iteration_index if outer.kind == "iteration" else metadata.loop_index
        if index is None or below.confirmed == index:
            return home
        siblings = [other for other in self._register.last(below.node.node_id) if other.parent is outer]
        there = next((other for other in siblings if other.confirmed == index), None)
        if there is None and below.confirmed is None:
            self._nesting.confirm(run, below, outer, index)
            return home
        if below is not home:
            return home
        there = there or next((other for other in siblings if other.confirmed is None), None)
        if there is None:  # the start of the one that is meant was lost
            there = self._nesting.create(run, home.kind, home.node.node_id, home.node.title, node.seen_at, nest=False)
            self._nesting.move(run, there, outer, index)
        if there.confirmed is None:
            self._nesting.confirm(run, there, outer, index)
        run.place(node, there.node, None)
        home.running -= 1
        there.running += 1
        return there

    # ---- rounds

    def _find_parallel(self, run: Run, occurrence: Occurrence) -> None:
        """Rounds run beside each other: a place that was only taken from the current round is not known after all."""
        if occurrence.parallel:
            return
        occurrence.parallel = True
        turn = occurrence.node.container and occurrence.node.container.rounds.get(occurrence.current or 0)
        for node in turn.nodes if turn else ():
            if node.status == "running":
                run.place(node, occurrence.node, None)

    def _infer_blocks(self, run: Run, occurrence: Occurrence, keys: list[str]) -> None:
        """Assign contiguous blocks of a parallel iteration to rounds, in the order of their completion."""
        blocks, occurrence.blocks = occurrence.blocks, None
        if blocks is None or blocks.mixed:
            return
        order: list[int | None] = [None] * blocks.count
        if len(keys) == blocks.count:
            order = [_index(key) for key in keys]
        for node, index in blocks.untold(order):
            if node.parent is occurrence.node and node.round is None:
                run.place(node, occurrence.node, index)

    def _remember_key(self, home: Occurrence, node: NodeExecution, key: str) -> None:
        if home.keys is not None and home.keys[key] is None:
            if home.keyed is None:
                home.keyed = {}
            home.keyed.setdefault(key, []).append(node)

    def _place_by_key(self, run: Run, occurrence: Occurrence, key: str) -> None:
        index = occurrence.keys[key] if occurrence.keys is not None else None
        if index is not None and occurrence.keyed is not None:
            for node in occurrence.keyed.pop(key, ()):
                run.place(node, occurrence.node, index)


def _index(key: str) -> int | None:
    """Read a key of a duration map: the round as decimal digits, or (before 1.9, parallel) a hexadecimal run id."""
    return int(key) if key.isdecimal() and len(key) < _LONGEST_INDEX else None
