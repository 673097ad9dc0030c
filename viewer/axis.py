"""The time axis of the waterfall: quantised, so that a run that goes on moves its bars only now and then."""

from collections.abc import Sequence
from math import floor, log10
from typing import Final, NamedTuple

_STEPS: Final = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_SHORTEST: Final = 0.1
_LABEL: Final = 9
"""Columns between two labels, at least."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_TICKS: Final = (1, 2, 2.5, 5, 10)


class Axis(NamedTuple):
    """A stretch of time, in seconds on the clock of the run."""

    start: float
    end: float

    @classmethod
    def over(cls, start: float, end: float) -> "Axis":
        """Return the axis that shows this stretch; a longer one often has the same."""
        length = max(end - start, _SHORTEST)
        unit = 10.0 ** floor(log10(length))
        return cls(start, start + unit * next(step for step in _STEPS if step * unit >= length * (1 - 1e-9)))

    def column(self, time: float, width: int) -> float:
        """Return where a time stands, as a fraction of columns."""
        return max(0.0, min((time - self.start) / (self.end - self.start), 1.0)) * width

    def bar(self, begin: float, end: float, width: int, *, ascii_only: bool = False) -> tuple[int, str]:
        """Return the column of a bar and its text: at least one character, however short it is."""
        first, last = self.column(begin, width), self.column(end, width)
        column = min(int(first), width - 1)
        if ascii_only:
            return column, "=" * max(1, min(round(last) - column, width - column))
        whole = int(last) - column
        rest = _EIGHTHS[int((last - int(last)) * 8)].strip()
        return column, (("█" * whole + rest) or "▏")[: width - column]

    def labels(self, width: int) -> Sequence[tuple[int, str]]:
        """Return labels and their columns, from the left to the right, the first one at the start."""
        length = self.end - self.start
        most = max(1, width // _LABEL)
        unit = 10.0 ** floor(log10(length / most))
        step = next(unit * tick for tick in _TICKS if unit * tick * most >= length * (1 - 1e-9))
        found: list[tuple[int, str]] = []
        for number in range(most + 1):
            text = _second(number * step)
            column = round(number * step / length * width)
            touches = found and found[-1][0] + len(found[-1][1]) >= column  # hours and minutes take room
            if column + len(text) <= width and not touches:
                found.append((column, text))
        return found


def _second(seconds: float) -> str:
    if seconds >= 60:
        whole = round(seconds)
        return f"{whole // 60}m{whole % 60:02}s" if whole % 60 else f"{whole // 60}m"
    return f"{seconds:g}s" if seconds >= 1 or not seconds else f"{round(seconds * 1000)}ms"
