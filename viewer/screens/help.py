"""Every key, over the panes: found by typing."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Input

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span, cut, pad
from streamkit.cli.render.look import ASCII, Look
from viewer import help as told
from viewer.keymap import COMMANDS, Command, Group, signs
from viewer.paint import Palette
from viewer.widgets.line import Line
from viewer.widgets.lines import Lines

_KEYS_MOST: Final = 18
"""Columns of keys."""
_NAME_LEAST: Final = 64
"""Columns from which on a row has the command's name, too."""
_NAME: Final = 18


class _Keys(Lines):
    """The rows that were found."""

    def __init__(self, palette: Palette, look: Look, first: Sequence[Group], commands: Sequence[Command]) -> None:
        super().__init__(palette, id="keys")
        self.can_focus = False
        self._look = look
        self._first = first
        self._commands = commands
        self._rows = told.rows(first=first, commands=commands)

    def find(self, words: str) -> None:
        """List what matches."""
        self._rows = told.rows(words, self._first, self._commands)
        self.virtual_size = Size(0, len(self._rows))
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    @property
    def found(self) -> int:
        """How many commands are listed."""
        return sum(isinstance(row, Command) for row in self._rows)

    def height_now(self) -> int:
        return len(self._rows)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        return self._rows[first : first + count]

    def spans(self, number: int, width: int) -> Sequence[Span]:
        row = self._rows[number]
        if isinstance(row, told.Heading):
            return (Span(row.text, "title"),)
        column = min(_KEYS_MOST, width // 3)
        keys = pad(cut(signs(row.keys), column - 1, self._look.glyphs.cut), column)
        room = width - column - 2
        if width < _NAME_LEAST:
            return (Span(f"  {keys}", "key"), Span(cut(row.help, room, self._look.glyphs.cut)))
        text = cut(row.help, room - _NAME - 1, self._look.glyphs.cut)
        return (Span(f"  {keys}", "key"), Span(pad(text, room - _NAME)), Span(f":{row.id}", "dim"))


class HelpScreen(ModalScreen[None]):
    """Lists the keys."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen #help { width: 100%; max-width: 100; height: 100%; max-height: 50; background: $surface; border: round $primary; padding: 0 1; }
    HelpScreen #words, HelpScreen #words:focus { border: none; height: 1; padding: 0; background: $boost; }
    HelpScreen #keys { height: 1fr; background: $surface; }
    HelpScreen.-ascii #help { border: ascii $primary; }
    HelpScreen.-ascii #keys { scrollbar-size-vertical: 0; }
    """
    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "clear, then back"),
        Binding("up", "scroll(-1)", "up", show=False),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "a page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "a page down", show=False),
    ]

    def __init__(
        self, palette: Palette, look: Look, first: Sequence[Group] = (), commands: Sequence[Command] = COMMANDS
    ) -> None:
        """Prepare to list the keys.

        Args:
            palette: styles.
            look: marks and lines.
            first: the groups of the pane in focus.
            commands: the commands, with the user's keys.
        """
        super().__init__(classes="-ascii" if look.glyphs is ASCII else "")
        self._look = look
        self._keys = _Keys(palette, look, first, commands)
        self._foot = Line(palette, self._told)

    def compose(self) -> ComposeResult:
        """Lay out the filter, the rows, and what there is of them."""
        with Vertical(id="help"):
            yield Input(placeholder="type to find a key", id="words")
            yield self._keys
            yield self._foot

    def on_mount(self) -> None:
        """List all."""
        self._keys.find("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what matches."""
        self._keys.find(event.value)
        self._foot.sync()

    def action_cancel(self) -> None:
        """Clear what was typed, or go."""
        words = self.query_one(Input)
        if words.value:
            words.value = ""
        else:
            _ = self.dismiss(None)  # not awaited: it waits for the handler that calls it

    def action_scroll(self, by: int) -> None:
        """Scroll by rows."""
        self._keys.scroll_relative(y=by, animate=False, force=True)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.action_scroll(by * max(self._keys.size.height - 1, 1))

    def _told(self, width: int) -> Sequence[Span]:
        count = self._keys.found
        found = figures.counted(count, "command") if count == len(COMMANDS) else f"{count} of {len(COMMANDS)} commands"
        text = f" {self._look.glyphs.dot} ".join((found, "esc back", "up down scroll"))
        return [Span(cut(text, width, self._look.glyphs.cut), "dim")]

    def on_resize(self) -> None:
        """Say it anew: another width cuts elsewhere."""
        self.call_after_refresh(self._foot.sync)
