"""A run at an earlier event, by what the history knows of its executions.

Executions stand where they turned out to stand: of some only a later frame told the round.
"""

from collections.abc import Callable

from streamkit.run import NodeExecution, Run
from streamkit.run.rounds import Round
from viewer.facts import Facts, Now
from viewer.history import History
from viewer.rows import Item

_TROUBLE = ("failed", "exception", "stopped")
_WORST = ("failed", "stopped", "paused", "unknown", "running")


class Then:
    """The moment after so many events."""

    def __init__(
        self, history: History, event: int, rounds: Callable[[NodeExecution], int], clock: float | None = None
    ) -> None:
        """Look back.

        Args:
            history: what is known of the run.
            event: so many events were folded.
            rounds: tells how many rounds of a container had begun: `RunTree.rounds_begun`.
            clock: seconds on the clock of the run; by default when the last of them came.
        """
        self._history = history
        self._event = event
        self._born = history.count_at(event)
        self._rounds = rounds
        self._now = Now(0.0)
        self.time = clock if clock is not None else history.time_of(event)

    def facts(self, item: Item) -> Facts:
        """Return what was known of an item."""
        if isinstance(item, NodeExecution):
            return self._node(item)
        if isinstance(item, Round):
            return self._round(item)
        if isinstance(item, Run):
            begin = item.seen_at
            seconds = self.time - begin if begin is not None else None
            history = self._history
            return Facts(history.run_status_at(self._event), begin, None, seconds, history.leaf_tokens_at(self._event))
        return self._now.facts(item)

    def _node(self, node: NodeExecution) -> Facts:
        history, event = self._history, self._event
        status = history.status_of(node.number, event) or "unknown"
        end = history.ended_of(node.number, event)
        seconds = node.elapsed_time if end is not None else None
        if seconds is None and node.seen_at is not None:
            seconds = max((end if end is not None else self.time) - node.seen_at, 0.0)
        tokens = history.tokens_of(node.number, event)
        error = node.error if status in _TROUBLE else None
        attempts = history.attempts_of(node.number, event)
        rounds = self._rounds(node) if node.container is not None else 0
        return Facts(status, node.seen_at, end, seconds, tokens, None, attempts, rounds, error)

    def _round(self, turn: Round) -> Facts:
        found = [self._node(node) for node in turn.in_order() if node.number <= self._born]
        if not found:
            return Facts("unknown")
        words = {facts.status for facts in found}
        status = next((word for word in _WORST if word in words), "succeeded")
        begin = found[0].begin
        end = (
            max((facts.end for facts in found if facts.end is not None), default=None) if status != "running" else None
        )
        seconds = (end if end is not None else self.time) - begin if begin is not None else None
        return Facts(status, begin, end, seconds, sum(facts.tokens or 0 for facts in found))
