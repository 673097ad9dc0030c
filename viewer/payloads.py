"""Payloads of executions that ended: those that came last in memory, all others where the bytes of their run are.

Inputs and outputs of a hundred thousand executions may be gigabytes, and hardly any of them is ever looked at.

Rule 1: who looks at payloads fetches them first. What is fetched stays until something else is.
Rule 2: they are put by only where they can be read again, each execution by itself: see `refold.detail`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from streamkit.run import NodeExecution, Round, Run
from viewer.items import Published

MOST: Final = 4 * 1024 * 1024
"""Bytes that are held in memory, of all runs together."""
_EACH: Final = 200
"""Bytes that it takes to hold those of one execution, beside what they say."""


class Held:
    """The payloads that are in memory, of all runs, in the order in which they came."""

    def __init__(self, most: int = MOST) -> None:
        """Hold nothing yet; `most` is in bytes."""
        self._most = most
        self._size = 0
        self._held: OrderedDict[NodeExecution, tuple[Payloads, int]] = OrderedDict()
        self.wanted = 0
        """So many somebodies want all of them for now."""

    def add(self, node: NodeExecution, payloads: "Payloads") -> None:
        """Hold what an execution has now."""
        before = self._held.pop(node, None)
        size = _size_of(node)
        self._held[node] = payloads, size
        self._size += size - (before[1] if before is not None else 0)

    def trim(self) -> None:
        """Put by what came first, as far as it is too much."""
        while self._size > self._most and not self.wanted:
            node, (payloads, size) = self._held.popitem(last=False)
            self._size -= size
            payloads.put_by(node)


class Payloads:
    """Those of one run."""

    def __init__(
        self,
        run: Run,
        held: Held,
        *,
        may_go: Callable[[NodeExecution], bool],
        read: Callable[[NodeExecution], NodeExecution | None],
    ) -> None:
        """Begin with nothing.

        Args:
            run: whose.
            held: those of all runs.
            may_go: tells whether those of an execution can be read again.
            read: folds the frames of an execution again; None if that cannot be done after all.
        """
        self._run = run
        self._held = held
        self._may_go = may_go
        self._read = read
        self._gone = bytearray()
        """By the number of an execution: whether its payloads were put by."""
        self._fetched: NodeExecution | None = None
        """Somebody looks at these."""

    def hold(self, node: NodeExecution) -> None:
        """Note that an execution ended, or that more is known of it since."""
        self._held.add(node, self)
        self._held.trim()

    def put_by(self, node: NodeExecution) -> None:
        """Forget what can be read again, unless somebody looks at it."""
        if node is self._fetched or not self._may_go(node):
            return
        self._gone.extend(bytes(max(node.number + 1 - len(self._gone), 0)))
        self._gone[node.number] = True
        self._run.put_by(node)

    def fetch(self, node: NodeExecution) -> None:
        """Read again what was put by of an execution, for somebody who looks at it."""
        before, self._fetched = self._fetched, node
        self._give_back(node)
        if before is not None and before is not node and self._may_go(before):
            self.hold(before)

    @contextmanager
    def all_of(self, item: Published) -> Iterator[None]:
        """Read again what was put by of an item and of all below it, and put nothing by for a while."""
        self._held.wanted += 1
        try:
            for node in _below(item) if True in self._gone else ():
                self._give_back(node)
            yield
        finally:
            self._held.wanted -= 1
            self._held.trim()

    def _give_back(self, node: NodeExecution) -> None:
        told = self._read(node) if node.number < len(self._gone) and self._gone[node.number] else None
        if told is not None:
            self._gone[node.number] = False
            self._run.give_back(node, told)
            self._held.add(node, self)


def _below(item: Published) -> Iterable[NodeExecution]:
    """Return an execution, or those of a round or a run, with all inside of them."""
    if isinstance(item, NodeExecution | Run):
        return item.walk()
    return (each for node in item.nodes for each in node.walk()) if isinstance(item, Round) else ()


def _size_of(node: NodeExecution) -> int:
    inputs, outputs = node.inputs_json or b"", node.outputs_json or b""
    return _EACH + len(inputs) + len(outputs) + len(node.process_data_json or b"") + len(node.metadata_json or b"")
