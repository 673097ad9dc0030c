"""Spans become strips: what a style looks like on the screen.

Panes say what a piece of text means ("bad", "dim", …); only this room knows colours. Colour never says alone what a
mark or a word does not say, too.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from streamkit.cli.render.cells import Span, cells, cut

_COLOURS: Final[Mapping[str, str]] = {
    "good": "#7ec699",
    "bad": "bold #f2777a",
    "odd": "#f5c26b",
    "live": "#6ac8e8",
    "dim": "#8a8f98",
    "strong": "bold",
    "key": "#8fb8f0",
    "string": "#a8cc8c",
    "number": "#e0a878",
    "word": "#c8a0e8",
    "bar": "#5fa8d3",
    "match": "black on #f5c26b",
    "title": "bold",
    "cursor": "on #2d4359",
}
_PLAIN: Final[Mapping[str, str]] = {
    "bad": "bold",
    "live": "bold",
    "dim": "dim",
    "strong": "bold",
    "match": "underline bold",
    "title": "bold",
    "cursor": "reverse",
}
"""Without colours."""


class Palette:
    """Makes strips of spans."""

    def __init__(self, *, colour: bool = True, ellipsis: str = "…") -> None:
        """Prepare the styles.

        Args:
            colour: whether there are colours; else what counts is bold, dim or reversed.
            ellipsis: stands where a line is cut.
        """
        self._ellipsis = ellipsis
        self._styles = {name: Style.parse(told) for name, told in (_COLOURS if colour else _PLAIN).items()}
        self._none = Style()

    def style(self, name: str) -> Style:
        """Return a style by its name; one that is not known looks like nothing."""
        return self._styles.get(name, self._none)

    def strip(self, spans: Iterable[Span], width: int, *, cursor: bool = False, base: Style | None = None) -> Strip:
        """Return a line of exactly `width` columns, cut or filled up.

        Args:
            spans: what it says; safe text of one line.
            width: columns.
            cursor: whether the cursor is on it.
            base: what is under it, the background for example.
        """
        under = base or self._none
        if cursor:
            under += self._styles["cursor"]
        segments: list[Segment] = []
        room = width
        for span in spans:
            size = taken = cells(span.text)
            text = span.text
            if size > room:
                text = cut(text, room, self._ellipsis)
                taken = cells(text)
            if text:
                style = self._styles.get(span.style)
                segments.append(Segment(text, under if style is None else under + style))
            room -= taken
            if taken < size or (size and not room):
                break
        if room:
            segments.append(Segment(" " * room, under))
        return Strip(segments, width)
