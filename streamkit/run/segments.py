"""What each response body of a run spent: a run that paused and was resumed has several bodies."""

from collections.abc import Sequence

from streamkit.run.state import Segment


class SegmentCount:
    """What is noted of a response body while it streams."""

    __slots__ = ("first_frame", "leaf_tokens_before", "lost", "server_total")

    def __init__(self, first_frame: int, leaf_tokens_before: int) -> None:
        self.first_frame = first_frame
        self.leaf_tokens_before = leaf_tokens_before
        """The sum of the leaves when the body began."""
        self.server_total: int | None = None
        """The server's own total of the whole run, once it said how this body ended."""
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
    if leaf_tokens or not count.server_total:
        whole = count.server_total is not None and not count.lost
        return Segment(
            index=index,
            first_frame=count.first_frame,
            tokens=leaf_tokens,
            leaf_tokens=leaf_tokens,
            tokens_source="leaf" if whole else "partial",
        )
    # No execution told what it spent: an app without nodes, or a stream without metadata. The server's total is of the
    # whole run, so what earlier bodies spent is taken off.
    return Segment(
        index=index,
        first_frame=count.first_frame,
        tokens=max(count.server_total - spent_before, 0),
        leaf_tokens=0,
        tokens_source="server",
    )
