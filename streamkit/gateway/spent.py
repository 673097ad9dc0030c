"""What a run spent in one body: so counted that the sum over all its bodies is what the engine recorded.

A run that pauses may go on through another process, which knows nothing of the first body. So a body counts what its
own executions say that they spent. The server's total is of the whole run: it helps only where a run begins and no
execution tells (an app without nodes), never where a run goes on.
"""

from decimal import Decimal
from typing import Literal

from streamkit.run import Run
from streamkit.run.leaves import EXACT
from streamkit.run.state import Cost, Segment

Told = Literal["leaf", "server", "partial", "elsewhere"]
"""Where a figure comes from: the executions, the server's total, only what was seen before the end, or nowhere, since
another open body of the same run counts it."""


class Spent:
    """Tokens and cost of the body that a run is in now. Read it as often as you like until the run goes on elsewhere."""

    def __init__(self, run: Run, *, resumes: bool = False, counts: bool = True) -> None:
        """Begin to count, when the body's tap is made.

        Args:
            run: the run.
            resumes: whether the body is the rest of a run that began in another one, wherever that was.
            counts: whether this body is the one that counts.
        """
        self._run = run
        self._resumes = resumes
        self._counts = counts
        self._index = len(run.segments) - 1
        self._cost_before = dict(run.leaf_cost)
        self._server_cost_before = dict(run.usage.cost)
        self._anomalies_before = dict(run.anomaly_counts)
        self._events_before = dict(run.events)

    @property
    def _segment(self) -> Segment | None:
        segments = self._run.segments
        return segments[self._index] if 0 <= self._index < len(segments) else None

    @property
    def index(self) -> int:
        """The number of the body among those of the run that this process saw."""
        return max(self._index, 0)

    @property
    def tokens(self) -> int | None:
        """Tokens; None if nothing says how many."""
        segment = self._segment
        if segment is None or not self._counts:
            return 0
        return segment.leaf_tokens if self._resumes and segment.tokens_source == "server" else segment.tokens

    @property
    def source(self) -> Told:
        """Where the figure comes from."""
        segment = self._segment
        if segment is None or not self._counts:
            return "elsewhere"
        return "leaf" if self._resumes and segment.tokens_source == "server" else segment.tokens_source

    @property
    def cost(self) -> Cost:
        """Money by currency."""
        if not self._counts:
            return {}
        leaves = _less(self._run.leaf_cost, self._cost_before)
        if leaves or self._resumes or self.source != "server":
            return leaves
        return _less(self._run.usage.cost, self._server_cost_before)

    @property
    def anomalies(self) -> dict[str, int]:
        """What did not fit in this body, by kind."""
        before = self._anomalies_before
        since = {kind: count - before.get(kind, 0) for kind, count in self._run.anomaly_counts.items()}
        return {kind: count for kind, count in since.items() if count}

    @property
    def ends_run(self) -> bool:
        """Whether the run came to an end in this body: it did not pause, and its end is not only told once more."""
        before = self._events_before
        news = [kind for kind, count in self._run.events.items() if count > before.get(kind, 0)]
        is_told_again = self._resumes and news == ["workflow_finished"]
        return self._counts and not is_told_again and self._run.status not in ("running", "paused")


def _less(now: Cost, before: Cost) -> Cost:
    rest = {currency: EXACT.subtract(sum_, before.get(currency, Decimal(0))) for currency, sum_ in now.items()}
    return {currency: sum_ for currency, sum_ in rest.items() if sum_}
