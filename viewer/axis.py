"""The time axis of the waterfall: quantised, so that a run that goes on moves its bars only now and then.

Long gaps in which a run waited take a few columns, however long they were: else nothing else could be seen. Labels count
the time without them.
"""

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10
from typing import Final, NamedTuple

_STEPS: Final = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_SHORTEST: Final = 0.1
_LABEL: Final = 9
"""Columns between two labels, at least."""
_GAP: Final = 9
"""Columns of a gap: what says how long it was has one less at most."""
_FOR_A_GAP: Final = 24
"""Columns that there must be for each of them: most of it is for what ran."""
_ALMOST: Final = 1e-6
"""Of a column: sums of times are not exact."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_TICKS: Final = (1, 2, 2.5, 5, 10)
_SIGNS: Final = ("⋯", "~")
"""What a gap is drawn with, and in ASCII."""


class Gap(NamedTuple):
    """A stretch of time in which a run waited, in seconds on its clock."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.end - self.begin


class Axis(NamedTuple):
    """A stretch of time, in seconds on the clock of the run."""

    start: float
    end: float
    gaps: tuple[Gap, ...] = ()
    """What takes few columns of it, in order."""

    @classmethod
    def over(cls, start: float, end: float, gaps: Sequence[Gap] = ()) -> "Axis":
        """Return the axis that shows this stretch; a longer one often has the same."""
        gaps = tuple(gap for gap in gaps if start <= gap.begin and gap.end <= end)
        waited = sum(gap.seconds for gap in gaps)
        length = max(end - start - waited, _SHORTEST)
        unit = 10.0 ** floor(log10(length))
        shown = unit * next(step for step in _STEPS if step * unit >= length * (1 - 1e-9))
        return cls(start, start + shown + waited, gaps)

    def column(self, time: float, width: int) -> float:
        """Return where a time stands, as a fraction of columns."""
        past = max(self.start, min(time, self.end)) - self.start
        if not self.gaps:
            return past / (self.end - self.start) * width
        gaps, column = self.gaps_in(width), 0.0
        for gap in gaps:
            waited = max(0.0, min(time, gap.end) - gap.begin)
            past -= waited
            column += _GAP * (waited / gap.seconds)
        return column + past / self._seconds(gaps) * (width - _GAP * len(gaps))

    def gaps_in(self, width: int) -> Sequence[Gap]:
        """Return the gaps that so many columns have room for: the longest ones, in order."""
        most = width // _FOR_A_GAP
        if len(self.gaps) <= most:
            return self.gaps
        return sorted(sorted(self.gaps, key=lambda gap: -gap.seconds)[:most])

    def gap_columns(self, width: int) -> list[range]:
        """Return the columns that nothing but gaps are in."""
        edges = [(self.column(gap.begin, width), self.column(gap.end, width)) for gap in self.gaps_in(width)]
        return [range(ceil(begin - _ALMOST), int(end + _ALMOST)) for begin, end in edges]

    def bar(self, begin: float, end: float, width: int, *, ascii_only: bool = False) -> tuple[int, str]:
        """Return the column of a bar and its text: at least one character, however short it is."""
        first, last = self.column(begin, width), self.column(end, width)
        column = min(int(first), width - 1)
        if ascii_only:
            text = "=" * max(1, min(round(last) - column, width - column))
        else:
            whole = int(last) - column
            rest = _EIGHTHS[int((last - int(last)) * 8)].strip()
            text = (("█" * whole + rest) or "▏")[: width - column]
        if self.gaps:
            text = self._torn(Gap(begin, end), column, text, width, _SIGNS[ascii_only])
        return column, text

    def labels(self, width: int, *, ascii_only: bool = False) -> Sequence[tuple[int, str]]:
        """Return labels and their columns, from the left to the right, the first one at the start."""
        found = list(self._gap_labels(width, _SIGNS[ascii_only]))
        for column, text in self._ticks(width):
            touches = any(column <= end + len(other) and end <= column + len(text) for end, other in found)
            if column + len(text) <= width and not touches:  # hours and minutes take room
                found.append((column, text))
        return sorted(found)

    def _ticks(self, width: int) -> Iterator[tuple[int, str]]:
        gaps = self.gaps_in(width)
        length, columns = self._seconds(gaps), width - _GAP * len(gaps)
        most = max(1, columns // _LABEL)
        unit = 10.0 ** floor(log10(length / most))
        step = next(unit * tick for tick in _TICKS if unit * tick * most >= length * (1 - 1e-9))
        for number in range(most + 1):
            time = self.start + number * step
            for gap in gaps:
                time += gap.seconds if time > gap.begin else 0.0
            yield round(self.column(time, width)), _second(number * step)

    def _gap_labels(self, width: int, sign: str) -> Iterator[tuple[int, str]]:
        for gap, columns in zip(self.gaps_in(width), self.gap_columns(width), strict=True):
            yield columns.start, f"{sign}{_long(gap.seconds)}{sign}".center(len(columns), sign)

    def _seconds(self, gaps: Sequence[Gap]) -> float:
        """Return how long it is without some of its gaps."""
        return self.end - self.start - sum(gap.seconds for gap in gaps)

    def _torn(self, shown: Gap, column: int, text: str, width: int, sign: str) -> str:
        """Return a bar with signs where it goes through a gap; one that ends or begins there stays whole."""
        marks = list(text)
        for gap, columns in zip(self.gaps_in(width), self.gap_columns(width), strict=True):
            if shown.begin < gap.end and shown.end > gap.begin:
                for place in range(max(columns.start - column, 0), min(columns.stop - column, len(marks))):
                    marks[place] = sign
        return "".join(marks)


def _second(seconds: float) -> str:
    if seconds >= 60:
        whole = round(seconds)
        return f"{whole // 60}m{whole % 60:02}s" if whole % 60 else f"{whole // 60}m"
    return f"{seconds:g}s" if seconds >= 1 or not seconds else f"{round(seconds * 1000)}ms"


def _long(seconds: float) -> str:
    """Return a duration in at most six columns: `41s`, `12m05s`, `3h12m`, `12d`."""
    minutes = round(seconds) // 60
    if minutes < 60:
        return _second(round(seconds))
    hours = minutes // 60
    return f"{hours}h{minutes % 60:02}m" if hours < 100 else f"{hours // 24}d"
