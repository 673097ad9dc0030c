"""Some options, of which one may be chosen: moving onto one chooses it, as among radio buttons."""

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message

from streamkit.cli.asking.entries import Option
from streamkit.cli.render.cells import Span
from streamkit.cli.render.look import ASCII, Look
from viewer.paint import Palette
from viewer.widgets.lines import Lines


class Choices(Lines):
    """A list of options; the cursor is the choice, and no choice where there is no cursor."""

    DEFAULT_CSS = "Choices { height: auto; }"
    BINDINGS: ClassVar = [
        Binding("up", "choose(-1)", "the one before", show=False),
        Binding("down,space", "choose(1)", "the next one", show=False),
        Binding("backspace,delete", "clear", "none of them", show=False),
    ]

    class Changed(Message):
        """Another option is chosen, or none."""

    def __init__(
        self,
        palette: Palette,
        look: Look,
        options: Sequence[Option],
        *,
        chosen: Any = None,  # noqa: ANN401 - a JSON value
        id: str | None = None,
    ) -> None:
        """List options.

        Args:
            palette: styles.
            look: marks and lines.
            options: what there is to choose from.
            chosen: the value that is chosen at first; None for none.
            id: its name in the style sheet.
        """
        super().__init__(palette, id=id)
        self._options = options
        self._dot = "*" if look.glyphs is ASCII else "•"
        self.cursor = next(
            (at for at, option in enumerate(options) if chosen is not None and option.value == chosen), None
        )

    @property
    def chosen(self) -> Any:  # noqa: ANN401 - a JSON value
        """The value of the chosen option; None for none."""
        return None if self.cursor is None else self._options[self.cursor].value

    def height_now(self) -> int:
        """Return how many options there are."""
        return len(self._options)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return the numbers of options: what they show changes with the cursor alone."""
        return range(first, first + count)

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return an option."""
        return (Span(f"({self._dot if number == self.cursor else ' '}) "), Span(self._options[number].label))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many rows would show all options, for Textual."""
        return len(self._options)

    def on_mount(self) -> None:
        """Show the chosen option."""
        self.virtual_size = Size(0, len(self._options))
        self.sync()

    def action_choose(self, by: int) -> None:
        """Choose the next option, or the one before."""
        self._choose(0 if self.cursor is None else self.cursor + by)

    def action_clear(self) -> None:
        """Choose none."""
        self.cursor = None
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        """Choose what is clicked."""
        offset = event.get_content_offset(self)
        if offset is not None and (number := round(self.scroll_y) + offset.y) < len(self._options):
            self._choose(number)

    def _choose(self, number: int) -> None:
        self.move_to(number)
        self.post_message(self.Changed())
