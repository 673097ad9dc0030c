"""One run of a container of a Dify run, and what the wire state knows of it that a run does not.

What is noted of executions is dropped as soon as no later frame can ask for it: a container may have a million.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Final, Literal

from streamkit.run import NodeExecution
from streamkit.run.state import MAX_DEPTH

Kind = Literal["iteration", "loop"]
KINDS: Final[tuple[Kind, Kind]] = ("iteration", "loop")


_STATUS: Final = attrgetter("status")


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
        "keyed",
        "keys",
        "kind",
        "named",
        "next_came_last",
        "node",
        "number",
        "open",
        "ordinal",
        "parallel",
        "parent",
        "released",
        "row",
        "running",
    )

    def __init__(self, node: NodeExecution, kind: Kind, number: int, ordinal: int) -> None:
        self.node = node
        self.kind: Kind = kind
        self.number = number
        """Containers are numbered in order of their beginning."""
        self.ordinal = ordinal
        """Counted among the occurrences of its node."""
        self.parent: Occurrence | None = None
        self.children: Line | None = None
        """Open containers directly inside."""
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
        self.keys: dict[str, int | None] | None = None
        """Before 1.9: the round of each `parallel_run_id`; None until it is told."""
        self.keyed: dict[str, list[NodeExecution]] | None = None
        """Before 1.9: executions that wait for the round of their `parallel_run_id`."""
        self.blocks: Blocks | None = None
        self.confirmed: int | None = None
        """The round of `parent` that the wire says this stands in."""
        self.named = False
        """Whether a child named this container itself."""
        self.descended: dict[NodeExecution, int | None] | None = None
        """Executions that were put here although they named the container around, and their round if they are there."""
        self.doubts: list[tuple[Occurrence, int | None]] = []
        """The containers (and their rounds) that this may stand in after all, the likeliest one first."""
        self.released = False
        """Whether the run does not keep it any more."""
        self.row: str | None = None
        """The execution id that the row of a snapshot gives it."""

    def around(self) -> list["Occurrence"]:
        """Return this container and those around it, from the inside out; at most `MAX_DEPTH`."""
        chain: list[Occurrence] = []
        holder: Occurrence | None = self
        while holder is not None and len(chain) < MAX_DEPTH:
            chain.append(holder)
            holder = holder.parent
        return chain

    def enter(self, child: "Occurrence") -> None:
        """Note that an open container is directly inside."""
        if self.children is None:
            self.children = Line()
        self.children.add(child)

    def leave(self, child: "Occurrence") -> None:
        """Note that a container is not open here any more."""
        if self.children is not None:
            self.children.remove(child)

    def begin_in_block(self, node: NodeExecution) -> None:
        """Note that an execution of a parallel iteration began, of which no round is told."""
        if self.blocks is None:
            self.blocks = Blocks()
        self.blocks.add(node)

    def forget(self, node: NodeExecution) -> None:
        """Let an execution go that stood here."""
        if self.descended is not None:
            self.descended.pop(node, None)
        if self.blocks is not None:
            self.blocks.forget(node)


class Line:
    """Open containers in the order in which they came here; each comes and leaves in constant time."""

    __slots__ = ("_after", "_before", "_last")

    def __init__(self) -> None:
        self._last: Occurrence | None = None
        self._before: dict[Occurrence, Occurrence | None] = {}
        self._after: dict[Occurrence, Occurrence] = {}

    def __bool__(self) -> bool:
        return self._last is not None

    def __reversed__(self) -> Iterator[Occurrence]:
        occurrence = self._last
        while occurrence is not None:
            yield occurrence
            occurrence = self._before[occurrence]

    def add(self, occurrence: Occurrence) -> None:
        """Put a container at the end."""
        if occurrence in self._before:
            return
        self._before[occurrence] = self._last
        if self._last is not None:
            self._after[self._last] = occurrence
        self._last = occurrence

    def remove(self, occurrence: Occurrence) -> None:
        """Take a container out, if it is there."""
        if occurrence not in self._before:
            return
        before, after = self._before.pop(occurrence), self._after.pop(occurrence, None)
        if after is None:
            self._last = before
        else:
            self._before[after] = before
        if before is not None and after is None:
            del self._after[before]
        elif before is not None and after is not None:
            self._after[before] = after


class Blocks:
    """Executions of a parallel iteration whose round is not told, as contiguous blocks of one round each."""

    __slots__ = ("_last", "_number_of", "_seen", "_told", "_waiting", "count", "mixed")

    def __init__(self) -> None:
        self.count = 0
        """So many blocks began."""
        self.mixed = False
        """Whether rounds interleave: then blocks mean nothing."""
        self._waiting: dict[int, dict[str, NodeExecution]] = {}
        """By block: executions by id of which no round is told."""
        self._number_of: dict[str, int] = {}
        """The block of each of them."""
        self._last: list[NodeExecution] = []
        """All executions of the last block."""
        self._seen: set[str] = set()
        """Node ids in the last block: a round runs each node once, so a repetition begins the next block."""
        self._told: dict[int, int] = {}
        """The round of a block, where one of its executions was told it."""

    def add(self, node: NodeExecution) -> None:
        """Note that an execution began."""
        if self.mixed:
            return
        if not self.count or node.node_id in self._seen:
            if "running" in map(_STATUS, self._last):
                self._mix()
                return
            self._begin()
        self._seen.add(node.node_id)
        self._last.append(node)
        number = self._number_of[node.id] = self.count - 1
        self._waiting.setdefault(number, {})[node.id] = node

    def tell(self, node: NodeExecution, index: int) -> None:
        """Note the round of an execution: it is that of its block."""
        number = self._number_of.get(node.id)
        if number is not None:
            self._told[number] = index
            self.forget(node)

    def forget(self, node: NodeExecution) -> None:
        """Wait for the round of an execution no more."""
        number = self._number_of.pop(node.id, None)
        if number is not None:
            del self._waiting[number][node.id]
            if number != self.count - 1:
                self._drop_if_done(number)

    def untold(self, order: list[int | None]) -> Iterator[tuple[NodeExecution, int]]:
        """Yield executions whose round can be concluded, with it.

        Args:
            order: the rounds in the order of the blocks, where it is known.
        """
        for number, members in self._waiting.items():
            index = self._told.get(number, order[number])
            if index is not None:
                yield from ((node, index) for node in members.values())

    def _begin(self) -> None:
        self.count += 1
        self._last.clear()
        self._seen.clear()
        self._drop_if_done(self.count - 2)

    def _drop_if_done(self, number: int) -> None:
        """Drop a block to which nothing is added any more, if nothing of it waits."""
        if not self._waiting.get(number, True):
            del self._waiting[number]
            self._told.pop(number, None)

    def _mix(self) -> None:
        self.mixed = True
        self._waiting.clear()
        self._number_of.clear()
        self._told.clear()
        self._last.clear()
        self._seen.clear()
