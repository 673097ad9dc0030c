"""A pane of lines that a person goes through with the keys for moving, whatever the lines are."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from streamkit.cli.render.look import ASCII, Look
from viewer.keymap import COMMANDS
from viewer.paint import Palette
from viewer.widgets.lines import Lines


def bindings(actions: Mapping[str, str]) -> list[BindingType]:
    """Return bindings with the keys that the table of keys has, by the ids of its commands.

    Args:
        actions: what a command does here, as Textual names actions.
    """
    return [
        Binding(command.keys, actions[command.id], command.help, show=False, id=command.id)
        for command in COMMANDS
        if command.id in actions
    ]


class Chooser(Lines, inherit_bindings=False):
    """Lines of which one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        {
            "down": "move(1)",
            "up": "move(-1)",
            "top": "first",
            "bottom": "last",
            "half-down": "pages(0.5)",
            "half-up": "pages(-0.5)",
            "page-down": "pages(1)",
            "page-up": "pages(-1)",
        }
    )

    class Moved(Message):
        """Another line is chosen."""

    def __init__(self, palette: Palette, look: Look, *, id: str | None = None) -> None:
        """Make a pane; the first line is chosen.

        Args:
            palette: styles.
            look: marks. Where they are ASCII there is no scroll bar, which has no such form.
            id: its name in the style sheet.
        """
        super().__init__(palette, id=id)
        self.look = look
        self.cursor = 0
        if look.glyphs is ASCII:
            self.styles.scrollbar_size_vertical = 0

    def on_mount(self) -> None:
        """Show the lines once there is room for them."""
        self.call_after_refresh(self.sync)

    def on_resize(self) -> None:
        """Keep the chosen line in view."""
        self.sync()
        if self.cursor is not None:
            self.show_line(self.cursor)

    def move_to(self, number: int) -> None:
        """Choose a line, as near as there is one, and tell."""
        before = self.cursor
        super().move_to(number)
        if self.cursor != before:
            self.post_message(self.Moved())

    def action_move(self, lines: int) -> None:
        """Choose another line."""
        self.move_by(lines)

    def action_pages(self, pages: float) -> None:
        """Choose a line so many pages on."""
        self.move_by(round(pages * max(self.size.height, 1)))

    def action_first(self) -> None:
        """Choose the first line."""
        self.move_to(0)

    def action_last(self) -> None:
        """Choose the last line."""
        self.move_to(self.height_now() - 1)
