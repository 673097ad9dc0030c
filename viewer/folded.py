"""Which row shows which line, where some lines hide those behind them and others have more rows under them.

Nothing is kept of a line that is plain, so a million of them cost nothing; a question costs a search among the others.
"""

from bisect import bisect_right
from typing import NamedTuple


class _Change(NamedTuple):
    to: int
    """The last line that is not shown because of it; the line itself if none is hidden."""
    extra: int
    """Rows under it."""


class Folded:
    """The rows of a number of lines. At first each line is one row."""

    def __init__(self, lines: int = 0) -> None:
        self.lines = lines
        """How many there are; it may grow."""
        self._changes: dict[int, _Change] = {}
        self._changed: list[int] = []
        """Lines with a change that are in view themselves, in order; in `_at` their rows."""
        self._at: list[int] = []
        self._shift = 0

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.lines + self._shift

    def __contains__(self, line: int) -> bool:
        """Whether this line hides others, or has more under it."""
        return line in self._changes

    def fold(self, line: int, to: int) -> None:
        """Hide the lines behind this one, up to another one."""
        self._changes[line] = _Change(to, 0)
        self._arrange()

    def open(self, line: int, extra: int) -> None:
        """Give a line so many rows under it."""
        self._changes[line] = _Change(line, extra)
        self._arrange()

    def restore(self, line: int) -> None:
        """Let a line be plain again."""
        self._changes.pop(line, None)
        self._arrange()

    def reveal(self, line: int) -> int:
        """Open what hides a line, and return its row."""
        hiding = [other for other, change in self._changes.items() if other < line <= change.to]
        for other in hiding:
            del self._changes[other]
        if hiding:
            self._arrange()
        return self.row_of(line)

    def at(self, row: int) -> tuple[int, int]:
        """Return the line of a row, and which of its rows that is: 0 is the line itself."""
        found = bisect_right(self._at, row) - 1
        if found < 0:
            return row, 0
        line, below = self._changed[found], row - self._at[found]
        change = self._changes[line]
        return (line, below) if below <= change.extra else (change.to + below - change.extra, 0)

    def row_of(self, line: int) -> int:
        """Return the row of a line, or of the line that hides it."""
        found = bisect_right(self._changed, line) - 1
        if found < 0:
            return line
        other, row = self._changed[found], self._at[found]
        change = self._changes[other]
        return row if line <= change.to else row + change.extra + line - change.to

    def _arrange(self) -> None:
        self._changed, self._at, self._shift = [], [], 0
        hidden = -1
        for line in sorted(self._changes):
            if line > hidden:
                change = self._changes[line]
                self._changed.append(line)
                self._at.append(line + self._shift)
                self._shift += change.extra - (change.to - line)
                hidden = change.to
