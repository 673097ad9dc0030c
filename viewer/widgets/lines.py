"""A pane of lines, of which only those in view are made, and only those that changed are painted.

Rule 1: nothing here costs more with more lines: a pane asks for the window in view, and for keys of it.
Rule 2: a key says all that a line shows. Two lines with equal keys look the same, so they are painted once.
Rule 3: `sync` is what the tick of the app calls. It awaits nothing and posts no message.
"""

from collections.abc import Hashable, Sequence
from time import monotonic
from typing import Final

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from streamkit.cli.render.cells import Span, cells
from viewer.paint import Palette

_LAYOUT_EVERY: Final = 0.2
"""Seconds between two changes of the height: each lays the screen out and paints it again, some 12 ms of CPU."""


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """The base of all panes that list something. Keys move its cursor; those of Textual would scroll below it."""

    DEFAULT_CSS = """
    Lines { overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    heading: int = 0
    """Rows at the top that do not scroll: 1 for a pane with a title."""

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:
        """Make an empty pane."""
        super().__init__(id=id)
        self.palette = palette
        self.cursor: int | None = None
        """The line that is chosen; None where nothing can be."""
        self._shown: list[Hashable] = []
        self._shown_from = 0
        self.rule = "─"
        """Fills the title up."""
        self._title: Sequence[Span] = ()
        self.layouts = 0
        """How often the screen was laid out because the height changed."""
        self._laid_out = 0.0
        self._base, self._width = Style(), 0

    # ---- what a pane says

    @property
    def caption(self) -> str:
        """What the title says."""
        return ""

    def height_now(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return the keys of a window of lines: all that they show but the cursor and the width."""
        raise NotImplementedError

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a line."""
        raise NotImplementedError

    def title(self, width: int) -> Sequence[Span]:
        """Return the title, for a pane that has one."""
        style = "title" if self.has_focus else "dim"
        text = f" {self.caption} "
        return Span(text, style), Span(self.rule * max(width - cells(text), 0), "dim")

    @property
    def room(self) -> int:
        """How many lines are in view."""
        return max(self.size.height - self.heading, 0)

    # ---- painting

    @property
    def may_lay_out(self) -> bool:
        """Whether the height may change now: not so soon after the last time, unless all lines are in view."""
        return monotonic() - self._laid_out >= _LAYOUT_EVERY or self.height_now() <= self.room

    def _lay_out(self, size: Size) -> None:
        self._laid_out = monotonic()
        self.layouts += 1
        self.virtual_size = size

    def sync(self) -> None:
        """Repaint the lines that changed since the last time, and no others."""
        height = self.height_now()
        width = self.scrollable_content_region.width
        size = Size(width, height + self.heading)
        fits = max(size.height, self.virtual_size.height) <= self.size.height
        if self.virtual_size != size and not (fits and self.virtual_size.width == width) and self.may_lay_out:
            self._lay_out(size)
        if self.heading and (title := tuple(self.title(width))) != self._title:
            self._title = title
            self.refresh(Region(0, 0, self.scrollable_content_region.width, 1))
        first, count = round(self.scroll_y), self.room
        window = enumerate(self.keys(first, max(min(count, height - first), 0)), first)
        keys: list[Hashable] = [(key, number == self.cursor) for number, key in window]
        shown, shown_from = self._shown, self._shown_from
        self._shown, self._shown_from = keys, first
        if first != shown_from:
            return  # a scroll paints everything by itself
        for row in range(max(len(keys), len(shown))):
            if row >= len(keys) or row >= len(shown) or keys[row] != shown[row]:
                self.refresh_line(row + first + self.heading)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return lines of the widget, for Textual; all have one style and one width, which take 0.5 ms to find."""
        self._base, self._width = self.rich_style, self.scrollable_content_region.width
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return a line of the widget, for Textual."""
        width, base = self._width, self._base
        if y < self.heading:
            return self.palette.strip(self.title(width), width, base=base)
        number = round(self.scroll_y) + y - self.heading
        if number >= self.height_now():
            return Strip.blank(width, base)
        return self._line(number, width, base)

    def _line(self, number: int, width: int, base: Style) -> Strip:
        return self.palette.strip(
            self.spans(number, width), width, cursor=number == self.cursor and self.has_focus, base=base
        )

    # ---- moving

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line that somebody clicked at."""
        number = round(self.scroll_y) + event.y - self.heading
        if self.cursor is not None and event.y >= self.heading and number < self.height_now():
            self.move_to(number)

    def move_to(self, number: int) -> None:
        """Put the cursor on a line, as near as there is one, and show it."""
        height = self.height_now()
        if not height:
            return
        before, self.cursor = self.cursor, max(0, min(number, height - 1))
        if self.cursor != before:
            self.show_line(self.cursor)
            self.sync()

    def move_by(self, lines: int) -> None:
        """Move the cursor."""
        self.move_to((self.cursor or 0) + lines)

    def show_line(self, number: int) -> None:
        """Scroll so far that a line is in view."""
        top, room = round(self.scroll_y), max(self.room, 1)
        height = self.height_now() + self.heading
        if self.virtual_size.height < height > self.size.height:
            self._lay_out(Size(self.virtual_size.width, height))
        if number < top:
            self.scroll_to(y=number, animate=False, force=True)
        elif number >= top + room:
            self.scroll_to(y=number - room + 1, animate=False, force=True)
