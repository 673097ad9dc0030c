"""A table: aligned, fitted to a terminal; in a pipe whole, with one tab between two columns."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from streamkit.cli.output import is_terminal, print_text
from streamkit.cli.render.cells import Line, Span, cells, cut, pad, paint
from streamkit.cli.render.look import Look

_GAP: Final = "  "
_TAB: Final = "\t"


class Column(NamedTuple):
    """A column, and how it gives way where a terminal is too narrow for all."""

    title: str
    is_figure: bool = False
    """Figures stand at the right of their column."""
    least: int | None = None
    """It shrinks to so many columns of the terminal; None: it does not shrink. The last column shrinks first."""
    goes: int | None = None
    """Where that is not enough it is left out, the lowest number first; None: it stays."""


class Cell(NamedTuple):
    """What stands in a column: safe text in one line."""

    text: str
    style: str = ""
    short: str = ""
    """What stands for it where there is no room for the text."""


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], look: Look) -> None:
    """Print a table on stdout; one without rows is nothing."""
    if rows:
        room = look.width if is_terminal() else None
        print_text("\n".join(paint(line, colour=look.colour) for line in draw_table(columns, rows, look, room)))


def draw_table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], look: Look, room: int | None
) -> Iterator[Line]:
    """Yield the lines of a table, its titles first.

    Args:
        columns: the columns.
        rows: the rows, with a cell for each column.
        look: how to draw.
        room: how wide it may be; None for a pipe.
    """
    lines = [[Cell(column.title, "dim") for column in columns], *rows]
    natural = [max(cells(line[place].text) for line in lines) for place in range(len(columns))]
    widths = natural if room is None else _fitted(columns, natural, room)
    for line in lines:
        spans: list[Span] = []
        for column, cell, width in zip(columns, line, widths, strict=True):
            if width or room is None:
                spans += [Span(_TAB if room is None else _GAP)] if spans else []
                spans.append(Span(pad(_fitting(cell, width, look), width, right=column.is_figure), cell.style))
        yield _trimmed(spans)


def _trimmed(spans: Sequence[Span]) -> Line:
    """Leave out the blanks at the end of a line."""
    while spans and not spans[-1].text.strip(" "):
        spans = spans[:-1]
    return (*spans[:-1], spans[-1]._replace(text=spans[-1].text.rstrip(" "))) if spans else ()


def _fitting(cell: Cell, width: int, look: Look) -> str:
    text = cell.text if cells(cell.text) <= width else cell.short or cell.text
    return cut(text, width, look.glyphs.cut)


def _fitted(columns: Sequence[Column], natural: Sequence[int], room: int) -> list[int]:
    """Give every column what it needs. Where not even the least of each fits, some go; then some shrink, the last first."""
    least = [
        width if column.least is None else min(width, column.least)
        for column, width in zip(columns, natural, strict=True)
    ]
    for _, place in sorted((column.goes, place) for place, column in enumerate(columns) if column.goes is not None):
        if _taken(least) > room:
            least[place] = 0
    widths = [width if kept else 0 for width, kept in zip(natural, least, strict=True)]
    for place in reversed(range(len(columns))):
        widths[place] -= min(max(_taken(widths) - room, 0), widths[place] - least[place])
    return widths


def _taken(widths: Sequence[int]) -> int:
    """Return how much columns take, with the gaps between them."""
    return sum(len(_GAP) + width for width in widths if width) - len(_GAP)
