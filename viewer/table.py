"""Lines of a table: a name that takes what room there is, and columns of figures behind it.

Where there is little room, whole columns go, the last one first: a figure that is cut would be another figure.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streamkit.cli.render.cells import Span, cells, cut, pad
from streamkit.cli.render.look import Look

_NAME_LEAST: Final = 16
_MILLION: Final = 1_000_000


class Column(NamedTuple):
    """A column of figures, or of words, that stand at its right end."""

    title: str
    width: int
    """With the blank before it."""


def count(number: int | None) -> str:
    """Return a count in at most seven columns, as long as it is below a thousand millions; nothing for None."""
    if number is None:
        return ""
    return f"{number:,}" if abs(number) < _MILLION else f"{number / _MILLION:,.2f}M"


def head(name: str, columns: Sequence[Column], width: int, look: Look) -> list[Span]:
    """Return the line above a table."""
    return line([Span(name, "dim")], [Span(column.title, "dim") for column in columns], columns, width, look)


def line(name: Sequence[Span], told: Sequence[Span], columns: Sequence[Column], width: int, look: Look) -> list[Span]:
    """Return a line of exactly `width` columns.

    Args:
        name: what it is of; safe text, cut where it is too long.
        told: one for each column; safe text. What is too wide for its column is left out, and that is shown.
        columns: what there is to show.
        width: columns of the terminal.
        look: the mark of what is cut.
    """
    columns = columns[: _fitting(columns, width)]
    spans = _fit(name, width - sum(column.width for column in columns), look)
    for span, column in zip(told, columns, strict=False):
        text = span.text if cells(span.text) < column.width else look.glyphs.cut
        spans.append(Span(pad(text, column.width, right=True), span.style))
    return spans


def _fitting(columns: Sequence[Column], width: int) -> int:
    """Return how many columns have room beside a name that can be read."""
    room = width - _NAME_LEAST
    for number, column in enumerate(columns):
        room -= column.width
        if room < 0:
            return number
    return len(columns)


def _fit(spans: Sequence[Span], width: int, look: Look) -> list[Span]:
    fitted = []
    for span in spans:
        text = cut(span.text, width, look.glyphs.cut)
        fitted.append(Span(text, span.style))
        width -= cells(text)
    return [*fitted, Span(" " * width)]
