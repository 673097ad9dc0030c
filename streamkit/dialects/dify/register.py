"""All containers of a Dify run, and which of them a frame means that names only a node (protocol C.5).

Everything here costs constant time per frame; searches look at the last `LOOK` containers.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import Final, TypeVar

from streamkit.dialects.dify.events import ExecutionMetadata
from streamkit.dialects.dify.occurrence import Kind, Line, Occurrence
from streamkit.run import NodeExecution

LOOK: Final = 64
"""So many open containers, or executions, are looked at in a search: an engine has a handful, a hostile stream a million."""

_ORDINAL: Final = attrgetter("ordinal")

T = TypeVar("T")


class Known:
    """The occurrences of one container of the graph."""

    __slots__ = ("count", "gone", "kept")

    def __init__(self) -> None:
        self.kept: list[Occurrence] = []
        """Those that the run keeps, in order."""
        self.count = 0
        """All that there were."""
        self.gone = 0
        """So many in the list are not kept any more: they leave it a few together."""

    def at(self, ordinal: int) -> Occurrence | None:
        """Return the occurrence that was the first, second, … (counted from 0), if it is kept."""
        position = bisect_left(self.kept, ordinal, key=_ORDINAL)
        found = self.kept[position] if position < len(self.kept) else None
        return found if found is not None and found.ordinal == ordinal and not found.released else None


class Register:
    """Every container by its id and by its node, and those that are open."""

    __slots__ = ("_by_id", "_by_node", "_count", "_open", "_replayed", "_row_counts", "_rows")

    def __init__(self) -> None:
        self._by_node: dict[str, Known] = {}
        self._by_id: dict[str, Occurrence] = {}
        self._open = Line()
        self._count = 0
        self._replayed: dict[str, int] = {}
        """In a replay: how many starts of a container were seen so far."""
        self._rows: dict[str, Occurrence] = {}
        """Containers by the execution id that rows of a snapshot give them."""
        self._row_counts: dict[str, int] = {}

    # ---- coming and going

    def next_id(self, node_id: str) -> str:
        """Return the execution id of the next occurrence of a container: there is none on the wire."""
        known = self._by_node.get(node_id)
        return f"{node_id}#{known.count if known is not None else 0}"

    def add(self, node: NodeExecution, kind: Kind) -> Occurrence:
        """Note a container that begins."""
        known = self._by_node.get(node.node_id)
        if known is None:
            known = self._by_node[node.node_id] = Known()
        if known.kept and not known.kept[-1].open:
            known.kept[-1].descended = None  # no frame names a closed one that is not the last
        occurrence = Occurrence(node, kind, self._count, known.count)
        self._count += 1
        known.count += 1
        known.kept.append(occurrence)
        self._by_id[node.id] = occurrence
        self._open.add(occurrence)
        return occurrence

    def open(self, occurrence: Occurrence) -> None:
        """Note that a container is open after all."""
        occurrence.open = True
        self._open.add(occurrence)

    def close(self, occurrence: Occurrence) -> None:
        """Note that a container is over."""
        occurrence.open = False
        self._open.remove(occurrence)
        if occurrence.parent is not None:
            occurrence.parent.leave(occurrence)
        if self._by_node[occurrence.node.node_id].kept[-1] is not occurrence:
            occurrence.descended = None

    def forget(self, node: NodeExecution) -> None:
        """Let an execution go that the run does not keep any more."""
        home = self._by_id.get(node.parent.id) if node.parent is not None else None
        if home is not None and (home.descended is not None or home.blocks is not None):
            home.forget(node)
        occurrence = self._by_id.get(node.id)
        if occurrence is None:
            return
        self.close(occurrence)
        occurrence.released = True
        del self._by_id[node.id]
        if occurrence.row is not None:
            self._rows.pop(occurrence.row, None)
        known = self._by_node[node.node_id]
        known.gone += 1
        if 2 * known.gone >= len(known.kept):
            known.kept = [other for other in known.kept if not other.released]
            known.gone = 0

    # ---- finding

    def home(self, node: NodeExecution) -> Occurrence | None:
        """Return the container that an execution stands in."""
        return self._by_id.get(node.parent.id) if node.parent is not None else None

    def knows(self, node_id: str) -> bool:
        """Whether a container of this node was seen."""
        return node_id in self._by_node

    def before(self, node_id: str) -> Occurrence | None:
        """Return the last occurrence of a container."""
        return next(self.last(node_id), None)

    def last(self, node_id: str) -> Iterator[Occurrence]:
        """Yield the last few occurrences of a container, the last one first."""
        known = self._by_node.get(node_id)
        if known is None:
            return iter(())
        return islice((occurrence for occurrence in reversed(known.kept) if not occurrence.released), LOOK)

    def matching(self, node_id: str) -> Occurrence | None:
        """Return the occurrence that a frame means: the last open one, else the last one."""
        known = self._by_node.get(node_id)
        if known is not None and known.kept and (last := known.kept[-1]).open and not last.released:
            return last  # as nearly always
        return next((occurrence for occurrence in self.last(node_id) if occurrence.open), None) or self.before(node_id)

    def last_open(self) -> Iterable[Occurrence]:
        """Yield the last few open containers, the last one first."""
        return islice(reversed(self._open), LOOK)

    def unannounced(self, node_id: str) -> Occurrence | None:
        """Return the occurrence that a start announces, if its children or its row in a snapshot came first.

        One that is over already can only be announced late where it cannot begin again: outside all containers.
        """
        last = self.before(node_id)
        if last is None or last.announced:
            return None
        return last if last.open or last.parent is None else None

    def ending(self, node_id: str, metadata: ExecutionMetadata) -> Occurrence | None:
        """Of several open occurrences, return the one that ends: in the round that it names, else with nothing open."""
        mine = [occurrence for occurrence in self.last(node_id) if occurrence.open]
        told = {metadata.iteration_index, metadata.loop_index} - {None}
        for occurrence in mine:
            if occurrence.confirmed is not None and occurrence.confirmed in told:
                return occurrence
        return next(
            (occurrence for occurrence in reversed(mine) if occurrence.running == 0), mine[-1] if mine else None
        )

    # ---- told again: by a replay, by the rows of a snapshot

    def replay(self) -> None:
        """From now on containers are matched from the first occurrence on, and none is made."""
        self._replayed.clear()

    def is_replayed(self, node_id: str) -> bool:
        """Count the start of a container in a replay; return whether there were that many."""
        count = self._replayed[node_id] = self._replayed.get(node_id, 0) + 1
        known = self._by_node.get(node_id)
        return known is not None and count <= known.count

    def replayed_one(self, node_id: str) -> Occurrence | None:
        """Return the occurrence that an end in a replay tells news of: the first one whose own end was lost."""
        known = self._by_node.get(node_id)
        kept = known.kept[:LOOK] if known is not None else ()
        return next((one for one in kept if one.node.inferred and not one.released), None)

    def begin_snapshot(self) -> None:
        """From now on rows of containers are matched from the first occurrence on."""
        self._row_counts.clear()

    def of_row(self, execution_id: str, node_id: str) -> Occurrence | None:
        """Return the container that a row of a snapshot is about; rows have an execution id of their own (C.1)."""
        occurrence = self._rows.get(execution_id)
        if occurrence is None:
            count = self._row_counts.get(node_id, 0)
            self._row_counts[node_id] = count + 1
            known = self._by_node.get(node_id)
            occurrence = known.at(count) if known is not None else None
            if occurrence is not None:
                self.name_row(occurrence, execution_id)
        return occurrence

    def name_row(self, occurrence: Occurrence, execution_id: str) -> None:
        """Learn the execution id that rows give a container."""
        occurrence.row = execution_id
        self._rows[execution_id] = occurrence
