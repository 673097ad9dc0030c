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

Everything here costs constant time per frame; searches among open containers look at the last `_LOOK` of them.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Final, Literal, TypeVar

from streamkit.dialects.dify.events import ContainerStartedData, ExecutionMetadata
from streamkit.dialects.dify.facts import truncated
from streamkit.run import NodeExecution, Run
from streamkit.run.execution import MAX_DEPTH

Kind = Literal["iteration", "loop"]
KINDS: Final[tuple[Kind, Kind]] = ("iteration", "loop")

_LOOK: Final = 64
"""So many open containers are looked at in a search: an engine has a handful, a hostile stream a million."""
_LONGEST_INDEX: Final = 10
"""A run id of 32 hexadecimal digits may hold decimal ones only; no round has a number this long."""

T = TypeVar("T")


class Occurrence:
    """One run of a container, with what the wire does not say of it."""

    __slots__ = (
        "announced",
        "blocks",
        "children",
        "confirmed",
        "current",
        "descended",
        "doubts",
        "keys",
        "kind",
        "named",
        "next_came_last",
        "node",
        "number",
        "open",
        "parallel",
        "parent",
        "running",
    )

    def __init__(self, node: NodeExecution, kind: Kind, number: int) -> None:
        self.node = node
        self.kind: Kind = kind
        self.number = number
        """Containers are numbered in order of their beginning."""
        self.parent: Occurrence | None = None
        self.children: dict[int, Occurrence] = {}
        """Open containers directly inside, by number."""
        self.open = True
        self.announced = False
        """Whether its start was seen live; else rounds before this moment are unknown."""
        self.current: int | None = None
        """The round that was announced last."""
        self.next_came_last = False
        """Whether the last frame of this container announced a round."""
        self.parallel = False
        self.running = 0
        """Direct executions that have begun and not ended."""
        self.keys: dict[str, int | None] = {}
        """Before 1.9: the round of each `parallel_run_id`; None until it is told."""
        self.blocks: Blocks | None = None
        self.confirmed: int | None = None
        """The round of `parent` that the wire says this stands in."""
        self.named = False
        """Whether a child named this container itself."""
        self.descended: dict[str, tuple[NodeExecution, int | None]] = {}
        """Executions by id that were put here although they named the container around, and their round if they are there."""
        self.doubts: list[tuple[Occurrence, int | None]] = []
        """The containers (and their rounds) that this may stand in after all, the likeliest one first."""

    def around(self) -> list["Occurrence"]:
        """Return this container and those around it, from the inside out; at most `MAX_DEPTH`."""
        chain: list[Occurrence] = []
        holder: Occurrence | None = self
        while holder is not None and len(chain) < MAX_DEPTH:
            chain.append(holder)
            holder = holder.parent
        return chain


class Blocks:
    """Executions of a parallel iteration whose round is not told, as contiguous blocks of one round each."""

    __slots__ = ("members", "mixed", "number_of", "seen", "told")

    def __init__(self) -> None:
        self.members: list[list[NodeExecution]] = []
        self.number_of: dict[str, int] = {}
        """The block of each execution, by id."""
        self.seen: set[str] = set()
        """Node ids in the last block: a round runs each node once, so a repetition begins the next block."""
        self.told: dict[int, int] = {}
        """The round of a block, where one of its executions was told it."""
        self.mixed = False
        """Whether rounds interleave: then blocks mean nothing."""

    def add(self, node: NodeExecution) -> None:
        """Note that an execution began."""
        if not self.members or node.node_id in self.seen:
            if self.members and any(member.status == "running" for member in self.members[-1]):
                self.mixed = True
            self.members.append([])
            self.seen.clear()
        self.seen.add(node.node_id)
        self.members[-1].append(node)
        self.number_of[node.id] = len(self.members) - 1


class Containers:
    """All containers of a run, and the place of everything in them."""

    def __init__(self) -> None:
        self._occurrences: dict[str, list[Occurrence]] = {}
        self._by_id: dict[str, Occurrence] = {}
        self._open: dict[int, Occurrence] = {}
        self._names_innermost = False
        """Whether frames are known to name the innermost container (graphon 0.7), not the outermost of its kind."""
        self._homes: dict[str, str] = {}
        """Node id to the node id of the container that it lives in, where that is certain."""
        self._replayed: dict[str, int] = {}
        """In a replay: how many starts of a container were seen so far."""
        self._rows: dict[str, Occurrence] = {}
        """Containers by the execution id that rows of a snapshot give them."""
        self._row_counts: dict[str, int] = {}
        self._keyed: dict[tuple[int, str], list[NodeExecution]] = {}
        """Before 1.9: executions that wait for the round of their `parallel_run_id`, by container and key."""

    # ---- containers

    def replay(self) -> None:
        """From now on containers are matched from the first occurrence on, and none is made."""
        self._replayed.clear()

    def begin_snapshot(self) -> None:
        """From now on rows of containers are matched from the first occurrence on."""
        self._row_counts.clear()

    def start(self, run: Run, kind: Kind, data: ContainerStartedData, *, replay: bool, at: float | None) -> None:
        """A container begins: a new occurrence, or the announcement of one whose children or row came first."""
        node_id = data.node_id or data.id or ""
        known = self._occurrences.get(node_id, [])
        if replay:
            count = self._replayed[node_id] = self._replayed.get(node_id, 0) + 1
            if count > len(known):
                run.report("replay-unknown", f"{kind} {node_id}")
            return
        occurrence = self._unannounced(known) or self._create(run, kind, node_id, data.title, at)
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

    def _unannounced(self, known: list[Occurrence]) -> Occurrence | None:
        """Return the occurrence that a start announces, if its children or its row in a snapshot came first.

        One that is over already can only be announced late where it cannot begin again: outside all containers.
        """
        if not known or known[-1].announced:
            return None
        return known[-1] if known[-1].open or known[-1].parent is None else None

    def next(self, run: Run, kind: Kind, node_id: str, index: int, key: str | None) -> None:
        """A round is announced. This makes no round: engines announce rounds that never come."""
        occurrence = self._named(run, kind, node_id, None)
        if key is not None:  # before 1.9, parallel: announced at the end of a round, so it was the one before
            occurrence.parallel = True
            occurrence.keys[key] = index - 1
            self._place_by_key(run, occurrence, key)
            return
        if occurrence.node.inferred:
            run.resume_execution(occurrence.node)
        if index == occurrence.current:  # told again
            return
        one_after_another = occurrence.running == 0 and not occurrence.next_came_last
        if kind == "iteration" and occurrence.current is not None and index > 0 and not one_after_another:
            self._find_parallel(run, occurrence)
        if not occurrence.parallel:  # what is still open in the round before has lost its end
            for child in list(occurrence.children.values()):
                self._close(child)
        occurrence.current = index
        occurrence.next_came_last = True
        run.begin_round(occurrence.node, index)

    def end(
        self, run: Run, kind: Kind, node_id: str, metadata: ExecutionMetadata, *, replay: bool, at: float | None
    ) -> NodeExecution | None:
        """A container ends: rounds get their times, and what is still unassigned is inferred, if it can be."""
        if replay:
            occurrence = self._replayed_one(node_id)
        else:
            occurrence = self._ending(node_id, metadata) or self._named(run, kind, node_id, at)
        if occurrence is None:
            return None
        times = metadata.iteration_duration_map if kind == "iteration" else metadata.loop_duration_map
        if not replay:
            self._confirm_by_own_end(run, occurrence, metadata)
            self._infer_blocks(run, occurrence, list(times or ()))
        for key, seconds in (times or {}).items():
            index = occurrence.keys.get(key, _index(key))
            if index is not None and seconds is not None:
                run.time_round(occurrence.node, index, seconds)
        if occurrence.open:
            self._close(occurrence)
        return occurrence.node

    def row(self, run: Run, execution_id: str, kind: Kind, node_id: str, *, replay: bool) -> Occurrence | None:
        """Return the container that a row of a snapshot is about; rows have an execution id of their own (C.1)."""
        occurrence = self._rows.get(execution_id)
        if occurrence is not None:
            return occurrence
        count = self._row_counts.get(node_id, 0)
        self._row_counts[node_id] = count + 1
        known = self._occurrences.get(node_id, [])
        if count < len(known):
            occurrence = known[count]
        elif replay:
            return None
        else:
            occurrence = self._create(run, kind, node_id, None, None, nest=False)
        self._rows[execution_id] = occurrence
        return occurrence

    def close_row(self, occurrence: Occurrence) -> None:
        """Note that a row says that its container is over."""
        if occurrence.open:
            self._close(occurrence)

    def put_row(self, run: Run, occurrence: Occurrence, iteration_id: str | None, loop_id: str | None) -> None:
        """Put a container that a snapshot's row made into the container that the row names."""
        if occurrence.parent is None and not occurrence.announced and (iteration_id or loop_id):
            outer = self._innermost(run, iteration_id, loop_id, occurrence.node.node_id, None, certain=False)
            if outer is not None and outer is not occurrence:
                self._move(run, occurrence, outer, None)

    def _create(
        self, run: Run, kind: Kind, node_id: str, title: str | None, at: float | None, *, nest: bool = True
    ) -> Occurrence:
        before = self._occurrences.setdefault(node_id, [])
        execution_id = f"{node_id}#{len(before)}"
        while execution_id in run.executions:  # a wire id that looks like ours
            execution_id += "'"
        node = run.open_execution(execution_id, node_id, type=kind, title=title, is_container=True, at=at)
        occurrence = Occurrence(node, kind, len(self._by_id))
        outer = self._guess_outer(run, node_id, before) if nest else None
        before.append(occurrence)
        self._by_id[execution_id] = occurrence
        self._open[occurrence.number] = occurrence
        if outer is not None:
            self._move(run, occurrence, outer, None if outer.parallel else outer.current)
            if outer.parallel:
                self._add_to_block(outer, node)
        return occurrence

    def _guess_outer(self, run: Run, node_id: str, before: list[Occurrence]) -> Occurrence | None:
        """Guess the container that a new one stands in; nothing on the wire says it."""
        if before:  # a second time: only what runs in rounds begins again
            doubt = next((doubt for doubt in before[-1].doubts if doubt[0].open), None)
            if doubt is not None and before[-1].parent is None:
                self._homes[node_id] = doubt[0].node.node_id
                self._names_innermost = self._names_innermost or before[-1].named
                self._move(run, before[-1], *doubt)
                before[-1].doubts.clear()
        home = self._homes.get(node_id)
        for outer in self._last_open():
            if home not in (None, outer.node.node_id) or any(
                holder.node.node_id == node_id for holder in outer.around()
            ):
                continue
            if outer.current is not None:
                return outer
        return None

    def _move(self, run: Run, occurrence: Occurrence, outer: Occurrence | None, index: int | None) -> None:
        """Put a container with all that is in it into another one, or (None) to the top level.

        Never into itself, nor deeper than is drawn: a hostile stream would nest without end.
        """
        if outer is not None and (occurrence in outer.around() or len(outer.around()) >= MAX_DEPTH):
            return
        if occurrence.parent is not None:
            occurrence.parent.children.pop(occurrence.number, None)
        occurrence.parent = outer
        if outer is not None and occurrence.open:
            outer.children[occurrence.number] = occurrence
        run.place(occurrence.node, outer.node if outer else None, index)

    def _close(self, occurrence: Occurrence) -> None:
        occurrence.open = False
        self._open.pop(occurrence.number, None)
        if occurrence.parent is not None:
            occurrence.parent.children.pop(occurrence.number, None)

    # ---- executions

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
        home = self._innermost(run, iteration_id, loop_id, node.node_id, node, certain=not snapshot)
        if home is None:
            return
        home.running += 1
        for holder in (*home.around(), *(holder for holder, _ in home.doubts)):
            holder.next_came_last = False
        if key is not None:
            home.parallel = True
            index = home.keys.setdefault(key, None)
        elif home.parallel or snapshot or not home.announced:
            index = None
        else:
            index = home.current
        run.place(node, home.node, index)
        if key is not None:
            self._remember_key(home, node, key)
        elif home.parallel and not snapshot:
            self._add_to_block(home, node)

    def _add_to_block(self, home: Occurrence, node: NodeExecution) -> None:
        if home.blocks is None:
            home.blocks = Blocks()
        home.blocks.add(node)

    def settle(self, run: Run, node: NodeExecution, metadata: ExecutionMetadata) -> None:
        """Take what the end of an execution says of its rounds: of its container and of the one around it."""
        home = self._home(node)
        if home is None:
            return
        if metadata.parallel_mode_run_id is not None:
            home.parallel = True
            home.keys.setdefault(metadata.parallel_mode_run_id, None)
            self._remember_key(home, node, metadata.parallel_mode_run_id)
            self._place_by_key(run, home, metadata.parallel_mode_run_id)
        told = {"iteration": metadata.iteration_index, "loop": metadata.loop_index}
        index = told[home.kind]
        home = self._settle_outer(run, node, home, told)
        if index is None:
            return
        run.place(node, home.node, index)
        if home.blocks is not None and node.id in home.blocks.number_of:
            home.blocks.told[home.blocks.number_of[node.id]] = index
        if node.id in home.descended:
            home.descended[node.id] = (node, index)

    def ended(self, node: NodeExecution) -> None:
        """Note that an execution that began has ended."""
        home = self._home(node)
        if home is not None and home.running > 0:
            home.running -= 1

    def _settle_outer(self, run: Run, node: NodeExecution, home: Occurrence, told: dict[str, int | None]) -> Occurrence:
        """Put the container around an execution into the round of the other kind that its end names; return its home.

        A container runs once in each round of the one around it: if another occurrence is known to be in that round, or
        this one in another round, the execution belongs to that other occurrence.
        """
        below, outer = home, home.parent
        while outer is not None and outer.kind == home.kind:
            below, outer = outer, outer.parent
        index = told[outer.kind] if outer is not None else None
        if outer is None or index is None or below.confirmed == index:
            return home
        siblings = [other for other in _last(self._occurrences[below.node.node_id]) if other.parent is outer]
        there = next((other for other in siblings if other.confirmed == index), None)
        if there is None and below.confirmed is None:
            self._confirm(run, below, outer, index)
            return home
        if below is not home:
            return home
        there = there or next((other for other in siblings if other.confirmed is None), None)
        if there is None:  # the start of the one that is meant was lost
            there = self._create(run, home.kind, home.node.node_id, home.node.title, node.seen_at, nest=False)
            self._move(run, there, outer, index)
        if there.confirmed is None:
            self._confirm(run, there, outer, index)
        run.place(node, there.node, None)
        home.running -= 1
        there.running += 1
        return there

    def _confirm(self, run: Run, occurrence: Occurrence, outer: Occurrence, index: int) -> None:
        """Put a container into the round of the one around it that the wire names."""
        occurrence.confirmed = index
        run.place(occurrence.node, outer.node, index)

    def _innermost(
        self,
        run: Run,
        iteration_id: str | None,
        loop_id: str | None,
        node_id: str,
        node: NodeExecution | None,
        *,
        certain: bool,
    ) -> Occurrence | None:
        """Return the container that a frame with these ids is directly in; None for the top level.

        Args:
            run: the run.
            iteration_id: as the frame says.
            loop_id: as the frame says.
            node_id: the node of the graph that the frame is about.
            node: its execution, where there is one.
            certain: whether this may teach where the node lives; a snapshot does not show what was open when.
        """
        at = node.seen_at if node else None
        named = [
            self._named(run, kind, container_id, at)
            for kind, container_id in zip(KINDS, (iteration_id, loop_id), strict=True)
            if container_id
        ]
        if not named:
            return None
        named.sort(key=lambda occurrence: occurrence.number)
        outer, inner = named[0], named[-1]
        if inner is not outer:
            self._prove_inside(run, inner, outer)
        else:
            self._prove_outside(run, inner)
        inner.named = True
        start, home = inner, self._homes.get(node_id)
        kinds = {occurrence.kind for occurrence in named}
        below = None if self._names_innermost else self._open_inside(inner, kinds)
        if below is None:
            if certain and inner.announced:
                self._homes[node_id] = inner.node.node_id
            return inner
        while below is not None and inner.node.node_id != home:
            inner, below = below, self._open_inside(below, kinds)
        if inner is not start and node is not None:
            inner.descended[node.id] = (node, None if start.parallel else start.current)
        return inner

    def _open_inside(self, occurrence: Occurrence, kinds: set[Kind]) -> Occurrence | None:
        """Return the container of one of these kinds that began last directly inside and is still open."""
        inside = islice(reversed(occurrence.children.values()), _LOOK)
        return next((child for child in inside if child.kind in kinds), None)

    def _prove_inside(self, run: Run, inner: Occurrence, outer: Occurrence) -> None:
        """A frame names both: the one that began later is inside the other one."""
        if outer in inner.around()[1:]:
            return
        self._homes[inner.node.node_id] = outer.node.node_id
        self._move(run, inner, outer, None if outer.parallel or not outer.announced else outer.current)

    def _prove_outside(self, run: Run, inner: Occurrence) -> None:
        """A frame names only this one: it is not inside another one, which the frame would name.

        (Of the other kind, it would be named too; of the same kind and before graphon 0.7, in place of this one.)
        What was put here because it named the container around goes back there.
        """
        if inner.parent is None or inner.named or inner.node.node_id in self._homes:
            return
        outer = inner.parent
        around = inner.around()
        inner.doubts = [(holder, held.node.round_index) for held, holder in pairwise(around)]
        if not inner.open and inner.node.status == "running":  # a round of the other one was no end of it
            inner.open = True
            self._open[inner.number] = inner
        self._move(run, inner, None, None)
        for node, index in inner.descended.values():
            run.place(node, outer.node, index)
            if node.status == "running":
                inner.running -= 1
                outer.running += 1
        inner.descended.clear()

    def _confirm_by_own_end(self, run: Run, occurrence: Occurrence, metadata: ExecutionMetadata) -> None:
        """The end of a container may name the one around it and its round (graphon 0.7)."""
        for container_id, index in (
            (metadata.iteration_id, metadata.iteration_index),
            (metadata.loop_id, metadata.loop_index),
        ):
            if container_id is None or index is None or container_id == occurrence.node.node_id:
                continue
            outer = next(iter(self._matching(container_id)), None)
            if outer is None or (occurrence.parent is not outer and outer in occurrence.around()[1:]):
                continue
            occurrence.confirmed = index
            self._homes[occurrence.node.node_id] = container_id
            self._move(run, occurrence, outer, index)

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
        order = [_index(key) for key in keys] if len(keys) == len(blocks.members) else [None] * len(blocks.members)
        for number, members in enumerate(blocks.members):
            index = blocks.told.get(number, order[number])
            for node in members:
                if index is not None and node.parent is occurrence.node and node.round is None:
                    run.place(node, occurrence.node, index)

    def _remember_key(self, home: Occurrence, node: NodeExecution, key: str) -> None:
        if home.keys[key] is None:
            self._keyed.setdefault((home.number, key), []).append(node)

    def _place_by_key(self, run: Run, occurrence: Occurrence, key: str) -> None:
        index = occurrence.keys[key]
        if index is not None:
            for node in self._keyed.pop((occurrence.number, key), ()):
                run.place(node, occurrence.node, index)

    # ---- finding

    def _home(self, node: NodeExecution) -> Occurrence | None:
        return self._by_id.get(node.parent.id) if node.parent is not None else None

    def _named(self, run: Run, kind: Kind, node_id: str, at: float | None) -> Occurrence:
        """Return the occurrence that a frame means: the last open one, else the last one, else a new one."""
        found = next(iter(self._matching(node_id)), None)
        return found or self._create(run, kind, node_id, None, at, nest=False)

    def _matching(self, node_id: str) -> Iterator[Occurrence]:
        known = self._occurrences.get(node_id, [])
        yield from (occurrence for occurrence in _last(known) if occurrence.open)
        yield from _last(known)

    def _ending(self, node_id: str, metadata: ExecutionMetadata) -> Occurrence | None:
        """Of several open occurrences, return the one that ends: in the round that it names, else with nothing open."""
        mine = [occurrence for occurrence in _last(self._occurrences.get(node_id, [])) if occurrence.open]
        told = {metadata.iteration_index, metadata.loop_index} - {None}
        for occurrence in mine:
            if occurrence.confirmed is not None and occurrence.confirmed in told:
                return occurrence
        return next(
            (occurrence for occurrence in reversed(mine) if occurrence.running == 0), mine[-1] if mine else None
        )

    def _last_open(self) -> Iterator[Occurrence]:
        return islice((self._open[number] for number in reversed(self._open)), _LOOK)

    def _replayed_one(self, node_id: str) -> Occurrence | None:
        """Return the occurrence that an end in a replay tells news of: the first one whose own end was lost."""
        return next((known for known in self._occurrences.get(node_id, ())[:_LOOK] if known.node.inferred), None)

    def knows(self, node_id: str) -> bool:
        """Whether a container of this node was seen."""
        return node_id in self._occurrences


def _index(key: str) -> int | None:
    """Read a key of a duration map: the round as decimal digits, or (before 1.9, parallel) a hexadecimal run id."""
    return int(key) if key.isdecimal() and len(key) < _LONGEST_INDEX else None


def _last(items: list[T]) -> Iterable[T]:
    """Yield the last few items, the last one first."""
    return islice(reversed(items), _LOOK)
