"""A single line: the header, the hints, the title of a pane."""

from collections.abc import Callable, Sequence

from textual.strip import Strip
from textual.widget import Widget

from streamkit.cli.render.cells import Span
from viewer.paint import Palette


class Line(Widget):
    """One line that says what a function returns, painted when that changes."""

    DEFAULT_CSS = "Line { height: 1; }"

    def __init__(self, palette: Palette, told: Callable[[int], Sequence[Span]], *, id: str | None = None) -> None:
        """Make a line.

        Args:
            palette: styles.
            told: returns what it says, given the columns that there are.
            id: its name in the style sheet.
        """
        super().__init__(id=id)
        self.palette = palette
        self._told = told
        self._shown: Sequence[Span] = ()

    def sync(self) -> None:
        """Repaint if it says something else than before."""
        told = self._told(self.size.width)
        if told != self._shown:
            self._shown = told
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line, for Textual."""
        return self.palette.strip(self._shown or self._told(self.size.width), self.size.width, base=self.rich_style)
