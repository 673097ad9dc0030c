"""What stands in a pane that shows one thing: rows that are made when they come into view."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Final, Protocol

from streamkit.cli.render.cells import Line, Span, cells, cut, pad, wrap
from streamkit.cli.safe import safe_line

_GAP: Final = 2
_NAME_MOST: Final = 3
"""Names take at most one third of the width."""


class Body(Protocol):
    """Rows of one thing.

    Rows are counted as they are shown, folded and opened; lines are counted in the whole, and stay the same.
    """

    @property
    def height(self) -> int:
        """How many rows there are."""

    @property
    def lines(self) -> int:
        """How many lines there are."""

    def fit(self, width: int) -> None:
        """Take the width. It is called before each look, and may do a slice of what is left to do."""

    def spans(self, row: int) -> Line:
        """Return a row."""

    def key(self, row: int) -> Hashable:
        """Return all that a row shows."""

    def find(self, text: str) -> Sequence[int]:
        """Return the lines in which a text occurs."""

    def reveal(self, line: int) -> int:
        """Unfold what hides a line, and return its row."""

    def toggle(self, row: int) -> int:
        """Fold or unfold at a row, and return the row where that begins."""

    def path(self, row: int) -> str:
        """Return where in a value a row is."""


class Flat:
    """A body in which nothing folds: its lines are its rows."""

    @property
    def height(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self.height

    def reveal(self, line: int) -> int:
        """Return the row of a line."""
        return line

    def toggle(self, row: int) -> int:
        """Return the row."""
        return row

    def path(self, row: int) -> str:
        """Return nothing: text has no paths."""
        return ""


class Fields(Flat):
    """Names and values, the values wrapped beside their names."""

    def __init__(self, fields: Sequence[tuple[str, str]], ellipsis: str = "…") -> None:
        """Take names and values, as a server said them; the ellipsis stands where a name is cut."""
        self._fields = [(safe_line(name), safe_line(value)) for name, value in fields]
        self._ellipsis = ellipsis
        self._rows: list[Line] = []
        self._width = 0

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def fit(self, width: int) -> None:
        """Wrap the values."""
        if width != self._width:
            self._width = width
            self._rows = list(self._wrapped())

    def spans(self, row: int) -> Line:
        """Return a row."""
        return self._rows[row]

    def key(self, row: int) -> Hashable:
        """Return all that a row says."""
        return self._rows[row]

    def find(self, text: str) -> list[int]:
        """Return the rows that say `text`, in whatever case."""
        wanted = text.lower()
        return [number for number, row in enumerate(self._rows) if wanted in "".join(s.text for s in row).lower()]

    def _wrapped(self) -> Iterator[Line]:
        names = min(max((cells(name) for name, _ in self._fields), default=0), self._width // _NAME_MOST) + _GAP
        for name, value in self._fields:
            for number, row in enumerate(wrap(value, max(self._width - names, 1))):
                yield Span(pad(cut(name, names - _GAP, self._ellipsis) if number == 0 else "", names), "dim"), Span(row)


class Stack:
    """Bodies under each other."""

    def __init__(self, parts: Sequence[Body]) -> None:
        """Take the parts, from the top."""
        self.parts = parts

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(part.height for part in self.parts)

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(part.lines for part in self.parts)

    def fit(self, width: int) -> None:
        """Take the width."""
        for part in self.parts:
            part.fit(width)

    def spans(self, row: int) -> Line:
        """Return a row."""
        part, start = self._at(row)
        return part.spans(row - start)

    def key(self, row: int) -> Hashable:
        """Return what a row shows."""
        part, start = self._at(row)
        return start, part.key(row - start)

    def find(self, text: str) -> list[int]:
        """Return the lines in which a text occurs."""
        found: list[int] = []
        before = 0
        for part in self.parts:
            found += [before + line for line in part.find(text)]
            before += part.lines
        return found

    def reveal(self, line: int) -> int:
        """Unfold what hides a line, and return its row."""
        row = 0
        for part in self.parts:
            if line < part.lines:
                return row + part.reveal(line)
            line -= part.lines
            row += part.height
        return max(row - 1, 0)

    def toggle(self, row: int) -> int:
        """Fold or unfold at a row, and return the row where that begins."""
        part, start = self._at(row)
        return start + part.toggle(row - start)

    def path(self, row: int) -> str:
        """Return where in a value a row is."""
        part, start = self._at(row)
        return part.path(row - start)

    def _at(self, row: int) -> tuple[Body, int]:
        """Return the part that a row is in, and the row where that begins."""
        start = 0
        for part in self.parts:
            if row < start + part.height:
                return part, start
            start += part.height
        raise IndexError(row)
