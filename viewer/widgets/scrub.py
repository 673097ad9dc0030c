"""The pane to go through a run: a strip of how much came when, and the words that say where one looks."""

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from streamkit.cli.render.look import Look
from viewer.paint import Palette
from viewer.scrub import Track, places, state_line, strip_line


class Scrub(Widget, can_focus=True):
    """Where one looks, between the start of a run and now; of one line the strip, of two the words too."""

    DEFAULT_CSS = """
    Scrub { height: 2; }
    """

    class Seek(Message):
        """Somebody wants to look at another time."""

        def __init__(self, fraction: float) -> None:
            """Say which.

            Args:
                fraction: of the time so far, 0 to 1.
            """
            super().__init__()
            self.fraction = fraction

    def __init__(self, palette: Palette, look: Look, *, id: str | None = None) -> None:
        """Make a strip without events.

        Args:
            palette: makes strips.
            look: how to draw.
            id: of the widget.
        """
        super().__init__(id=id)
        self.palette = palette
        self.look = look
        self.track = Track()
        """What is drawn from the next `sync` on."""
        self._shown = self.track

    @property
    def columns(self) -> int:
        """How many densities can be shown."""
        return places(self.track, self.size.width).columns

    @property
    def caption(self) -> str:
        """For the title."""
        return "Scrub"

    def sync(self) -> None:
        """Repaint if anything changed; there are two lines only."""
        if self.track != self._shown:
            self._shown = self.track
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line, for Textual."""
        width, base = self.size.width, self.rich_style
        if y > 1:
            return Strip.blank(width, base)
        line = state_line if y else strip_line
        return self.palette.strip(line(self._shown, width, self.look), width, base=base)

    def on_click(self, event: events.Click) -> None:
        """Ask for the time that somebody clicked at."""
        self.post_message(self.Seek(places(self._shown, self.size.width).fraction(event.x)))
