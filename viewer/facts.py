"""What a row of the tree says of time, status, tokens and cost: now, or at an earlier event."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from streamkit.run import NodeExecution, Run
from streamkit.run.rounds import Round
from streamkit.run.state import Attempt, Cost
from viewer.rows import Item

_SAID = 100
"""So many characters are more than a row has room for."""
_LOOKED_AT = 64
"""So many executions of a round say when it ended; the ones that began last."""
_LOG_STATUS = {"success": "succeeded", "start": "running", "error": "failed"}


class Facts(NamedTuple):
    """What is known of an item at a moment."""

    status: str
    begin: float | None = None
    """Seconds on the clock of the run."""
    end: float | None = None
    """None while it goes on, or where nobody knows."""
    seconds: float | None = None
    """How long it took, as the server says it, else as it was seen."""
    tokens: int | None = None
    cost: Cost | None = None
    attempts: int = 0
    rounds: int = 0
    """Of a container, those of which something was shown."""
    error: str | None = None
    said: str = ""
    """The end of what it is saying."""

    @property
    def goes_on(self) -> bool:
        """Whether its bar grows."""
        return self.status == "running"


class Moment(Protocol):
    """A moment of a run: how its items stand then."""

    @property
    def time(self) -> float:
        """Seconds on the clock of the run."""

    def facts(self, item: Item) -> Facts:
        """Return what is known of an item."""


class Now:
    """The run as it is."""

    def __init__(
        self, time: float, spent: Callable[[NodeExecution | Round], tuple[int | None, Cost | None]] | None = None
    ) -> None:
        """Look at a run.

        Args:
            time: seconds on its clock.
            spent: tells tokens and cost below a container or a round: `RunTree.spent`.
        """
        self.time = time
        self._spent = spent

    def facts(self, item: Item) -> Facts:
        """Return what is known of an item."""
        if isinstance(item, NodeExecution):
            return self._node(item)
        if isinstance(item, Round):
            return self._round(item)
        if isinstance(item, Run):
            return self._run(item)
        if isinstance(item, Attempt):
            return Facts("failed", seconds=item.elapsed_time)
        return Facts(_LOG_STATUS.get(item.status, item.status or "unknown"))

    def _run(self, run: Run) -> Facts:
        end = None if run.status == "running" else run.ended_at
        seconds = run.elapsed_time
        if seconds is None:
            seconds = _between(run.seen_at, end if end is not None else self.time)
        return Facts(run.status, run.seen_at, end, seconds, run.total_tokens, run.usage.cost)

    def _node(self, node: NodeExecution) -> Facts:
        end = node.ended_at
        if end is None and node.status not in ("running", "paused") and node.seen_at is not None:
            end = node.seen_at + (node.elapsed_time or 0)
        seconds = node.elapsed_time
        if seconds is None:
            seconds = _between(node.seen_at, end if end is not None else self.time)
        tokens, cost = node.total_tokens, node.cost
        if node.container is not None and tokens is None and self._spent is not None:
            tokens, cost = self._spent(node)
        said = node.text[-_SAID:] if node.status == "running" else ""
        rounds = len(node.container.rounds) if node.container is not None else 0
        return Facts(
            node.status, node.seen_at, end, seconds, tokens, cost, len(node.attempts), rounds, node.error, said
        )

    def _round(self, turn: Round) -> Facts:
        nodes: Sequence[NodeExecution] = turn.in_order()
        status = turn.status
        begin = nodes[0].seen_at if nodes else None
        ends = [node.ended_at for node in islice(reversed(nodes), _LOOKED_AT) if node.ended_at is not None]
        end = None if status == "running" else max(ends, default=None)
        seconds = turn.elapsed_time
        if seconds is None:
            seconds = _between(begin, end if end is not None else self.time)
        tokens, cost = self._spent(turn) if self._spent is not None else (None, None)
        return Facts(status, begin, end, seconds, tokens, cost)


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else max(end - begin, 0.0)
