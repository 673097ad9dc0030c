"""What each response body of a run spent: a run that paused and was resumed has several bodies."""

from collections.abc import Sequence
from typing import Literal

from streamkit.run.state import Segment


class SegmentCount:
    """What is noted of a response body while it streams."""

    __slots__ = ("continued", "ended", "first_frame", "leaf_tokens_before", "lost", "server_total")

    def __init__(self, first_frame: int, leaf_tokens_before: int) -> None:
        self.first_frame = first_frame
        self.leaf_tokens_before = leaf_tokens_before
        """The sum of the leaves when the body began."""
        self.ended = False
        """Whether the server said how this body ended."""
        self.server_total: int | None = None
        """The server's own total of the whole run at the end of this body, where it gives one."""
        self.continued = False
        """Whether the run began in a body that was not seen: then the server's total says nothing of this one."""
        self.lost = False
        """Whether executions were left open at the end: they may have spent more than was told."""


def segments(counts: Sequence[SegmentCount], leaf_tokens: int) -> list[Segment]:
    """Return the published segments.

    Args:
        counts: what was noted, in order.
        leaf_tokens: the sum of the leaves now.
    """
    told = []
    spent_before = 0
    for index, count in enumerate(counts):
        next_start = counts[index + 1].leaf_tokens_before if index + 1 < len(counts) else leaf_tokens
        segment = _segment(index, count, next_start - count.leaf_tokens_before, spent_before)
        spent_before += segment.tokens or 0
        told.append(segment)
    return told


def _segment(index: int, count: SegmentCount, leaf_tokens: int, spent_before: int) -> Segment:
    tokens: int | None = leaf_tokens
    source: Literal["leaf", "server", "partial"] = "leaf" if count.ended and not count.lost else "partial"
    if not leaf_tokens and not count.continued:
        if count.server_total is None:
            tokens, source = None, "partial"
        elif count.server_total or source == "leaf":
            # No execution told what it spent: an app without nodes, a stream without metadata. The server's total is of
            # the whole run, so what earlier bodies spent is taken off.
            tokens, source = max(count.server_total - spent_before, 0), "server"
    return Segment(
        index=index, first_frame=count.first_frame, tokens=tokens, leaf_tokens=leaf_tokens, tokens_source=source
    )
