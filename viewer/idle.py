"""When a run waited: long gaps between its events in which nothing ran, for a person or for somebody who goes on with it.

An execution that runs without a word is no gap: how long it took is what one looks for.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from viewer.axis import Gap
from viewer.history import History

_SHARE: Final = 0.2
"""A gap is long if it is more than this of what is shown without the other long ones."""
_MOST: Final = 4
"""So many times it is looked for gaps in what the longer ones leave."""


def gaps(history: History, last: int, start: float, end: float) -> Sequence[Gap]:
    """Return the long gaps in a stretch of time, in order. Takes a few bisections, however many events there are.

    Args:
        history: of the run.
        last: the number of the last event that is looked at.
        start: seconds on the clock of the run.
        end: when the stretch ends.
    """
    found: list[Gap] = []
    for _ in range(_MOST):
        shown = end - start - sum(gap.seconds for gap in found)
        pieces = pairwise([start, *(time for gap in found for time in gap), end])
        between = list(pieces)[::2]
        new = {gap for piece in between for gap in _in(history, last, *piece, shown * _SHARE)}
        if not new:
            break
        found = sorted({*found, *new})
    return found


def _in(history: History, last: int, start: float, end: float, least: float) -> Iterator[Gap]:
    """Yield the gaps in a piece that are long enough: in each of them is a step of half that length without an event."""
    if end - start < least or least <= 0:
        return
    steps = int((end - start) / least * 2) + 1
    counts = [min(history.event_at(start + number * least / 2), last) for number in range(steps + 1)]
    for before, after in pairwise(counts):
        if before == after and 0 < before < last and history.run_status_at(before) != "running":
            gap = Gap(history.time_of(before), history.time_of(before + 1))
            if gap.seconds >= least:
                yield gap
