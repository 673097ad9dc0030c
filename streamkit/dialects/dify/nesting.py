"""Which container of a Dify run stands in which, and which of them an execution is directly in (protocol C.5).

Nothing on the wire says it outright. The rules stand in `containers`; what proves a place, and what only suggests it,
stands at each method.
"""

from itertools import islice, pairwise

from streamkit.dialects.dify.events import ExecutionMetadata
from streamkit.dialects.dify.occurrence import KINDS, Kind, Occurrence
from streamkit.dialects.dify.register import LOOK, Register
from streamkit.run import NodeExecution, Run
from streamkit.run.state import MAX_DEPTH


class Nesting:
    """The places of containers in each other."""

    __slots__ = ("_homes", "_names_innermost", "_register")

    def __init__(self, register: Register) -> None:
        self._register = register
        self._names_innermost = False
        """Whether frames are known to name the innermost container (graphon 0.7), not the outermost of its kind."""
        self._homes: dict[str, str] = {}
        """Node id to the node id of the container that it lives in, where that is certain."""

    def named(self, run: Run, kind: Kind, node_id: str, at: float | None) -> Occurrence:
        """Return the occurrence that a frame means; a new one, if none was seen."""
        return self._register.matching(node_id) or self.create(run, kind, node_id, None, at, nest=False)

    def create(
        self, run: Run, kind: Kind, node_id: str, title: str | None, at: float | None, *, nest: bool = True
    ) -> Occurrence:
        """Make a container that begins, in the place that is likely (`nest`), else at the top level."""
        execution_id = self._register.next_id(node_id)
        while execution_id in run.executions:  # a wire id that looks like ours
            execution_id += "'"
        node = run.open_execution(execution_id, node_id, type=kind, title=title, is_container=True, at=at)
        outer = self._guess_outer(run, node_id) if nest else None
        occurrence = self._register.add(node, kind)
        if outer is not None:
            self.move(run, occurrence, outer, None if outer.parallel else outer.current)
            if outer.parallel:
                outer.begin_in_block(node)
        return occurrence

    def _guess_outer(self, run: Run, node_id: str) -> Occurrence | None:
        """Guess the container that a new one stands in; nothing on the wire says it."""
        before = self._register.before(node_id)
        if before is not None:  # a second time: only what runs in rounds begins again
            doubt = next((doubt for doubt in before.doubts if doubt[0].open), None)
            if doubt is not None and before.parent is None:
                self._homes[node_id] = doubt[0].node.node_id
                self._names_innermost = self._names_innermost or before.named
                self.move(run, before, *doubt)
                before.doubts.clear()
        home = self._homes.get(node_id)
        for outer in self._register.last_open():
            if home not in (None, outer.node.node_id) or any(
                holder.node.node_id == node_id for holder in outer.around()
            ):
                continue
            if outer.current is not None:
                return outer
        return None

    def move(self, run: Run, occurrence: Occurrence, outer: Occurrence | None, index: int | None) -> None:
        """Put a container with all that is in it into another one, or (None) to the top level.

        Never into itself, nor deeper than is drawn: a hostile stream would nest without end.
        """
        if outer is not None and (occurrence in outer.around() or len(outer.around()) >= MAX_DEPTH):
            return
        if occurrence.parent is not None:
            occurrence.parent.leave(occurrence)
            if occurrence.descended is not None and outer is not occurrence.parent:
                self._give_back(run, occurrence, occurrence.parent)
        occurrence.parent = outer
        if outer is not None and occurrence.open:
            outer.enter(occurrence)
        run.place(occurrence.node, outer.node if outer else None, index)

    def _give_back(self, run: Run, occurrence: Occurrence, outer: Occurrence) -> None:
        """Put what was put into a container because it named the one around it back into that one."""
        for node, index in (occurrence.descended or {}).items():
            run.place(node, outer.node, index)
            if node.status == "running":
                occurrence.running -= 1
                outer.running += 1
        occurrence.descended = None

    def confirm(self, run: Run, occurrence: Occurrence, outer: Occurrence, index: int) -> None:
        """Put a container into the round of the one around it that the wire names."""
        occurrence.confirmed = index
        run.place(occurrence.node, outer.node, index)

    def innermost(
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
        if not iteration_id and not loop_id:
            return None
        at = node.seen_at if node else None
        named = [
            self.named(run, kind, container_id, at)
            for kind, container_id in zip(KINDS, (iteration_id, loop_id), strict=True)
            if container_id
        ]
        named.sort(key=lambda occurrence: occurrence.number)
        outer, inner = named[0], named[-1]
        if inner is not outer:
            self._prove_inside(run, inner, outer)
        else:
            self._prove_outside(run, inner)
        inner.named = True
        inner.descended = None
        start, home = inner, self._homes.get(node_id)
        kinds = {occurrence.kind for occurrence in named}
        below = None if self._names_innermost else self._open_inside(inner, kinds)
        if below is None:
            if certain and inner.announced:
                self._homes[node_id] = inner.node.node_id
            return inner
        while below is not None and inner.node.node_id != home:
            inner, below = below, self._open_inside(below, kinds)
        if inner is not start and node is not None and not self._is_proved(inner):
            if inner.descended is None:
                inner.descended = {}
            inner.descended[node] = None if start.parallel else start.current
        return inner

    def as_before(self, iteration_id: str | None, loop_id: str | None, node_id: str) -> Occurrence | None:
        """Return what `innermost` would, if nothing would be learnt and it is a container of the top level.

        So it is of nearly all executions: it is certain that their node lives in the container that is named.
        """
        container_id = iteration_id or loop_id
        if (iteration_id and loop_id) or not container_id or self._homes.get(node_id) != container_id:
            return None
        inner = self._register.matching(container_id)
        if inner is None or not inner.open or not inner.named or inner.descended is not None:
            return None  # one that is over may be let go before the execution is in it
        return inner if inner.parent is None and inner.node.parent is None else None

    def _open_inside(self, occurrence: Occurrence, kinds: set[Kind]) -> Occurrence | None:
        """Return the container of one of these kinds that began last directly inside and is still open."""
        inside = islice(reversed(occurrence.children), LOOK) if occurrence.children is not None else ()
        return next((child for child in inside if child.kind in kinds), None)

    def _prove_inside(self, run: Run, inner: Occurrence, outer: Occurrence) -> None:
        """A frame names both: the one that began later is inside the other one."""
        if outer in inner.around()[1:]:
            return
        self._homes[inner.node.node_id] = outer.node.node_id
        self.move(run, inner, outer, None if outer.parallel or not outer.announced else outer.current)

    def _prove_outside(self, run: Run, inner: Occurrence) -> None:
        """A frame names only this one: it is not inside another one, which the frame would name.

        (Of the other kind, it would be named too; of the same kind and before graphon 0.7, in place of this one.)
        """
        outer = inner.parent
        if outer is None or self._is_proved(inner):
            return
        around = inner.around()
        inner.doubts = [(holder, held.node.round_index) for held, holder in pairwise(around)]
        if not inner.open and inner.node.status == "running":  # a round of the other one was no end of it
            self._register.open(inner)
        self.move(run, inner, None, None)

    def _is_proved(self, occurrence: Occurrence) -> bool:
        """Whether no frame can show any more that a container stands elsewhere."""
        return occurrence.named or occurrence.node.node_id in self._homes

    def confirm_by_own_end(self, run: Run, occurrence: Occurrence, metadata: ExecutionMetadata) -> None:
        """The end of a container may name the one around it and its round (graphon 0.7)."""
        for container_id, index in (
            (metadata.iteration_id, metadata.iteration_index),
            (metadata.loop_id, metadata.loop_index),
        ):
            if container_id is None or index is None or container_id == occurrence.node.node_id:
                continue
            outer = self._register.matching(container_id)
            if outer is None or (occurrence.parent is not outer and outer in occurrence.around()[1:]):
                continue
            occurrence.confirmed = index
            self._homes[occurrence.node.node_id] = container_id
            self.move(run, occurrence, outer, index)
