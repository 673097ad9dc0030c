"""A small menu over the screen: a few things to choose from, by digit or by moving."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from streamkit.cli.render.cells import Span, cells, cut, pad
from streamkit.cli.render.look import Look
from viewer.paint import Palette
from viewer.widgets.chooser import Chooser, bindings
from viewer.widgets.line import Line

_NAME: Final = 10
"""Columns of a name."""


class Choice(NamedTuple):
    """Something to choose. Both texts are safe for a terminal."""

    name: str
    told: str


class Choices(Chooser):
    """The lines of a menu."""

    def __init__(self, palette: Palette, look: Look, choices: Sequence[Choice]) -> None:
        """Make as many lines as there are choices."""
        super().__init__(palette, look)
        self._choices = choices
        self.styles.height = len(choices)

    def height_now(self) -> int:
        """How many choices there are."""
        return len(self._choices)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return the choices in view."""
        return self._choices[first : first + count]

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a choice, with its digit."""
        name, told = self._choices[number]
        room = width - _NAME - 5
        return (
            Span(f" {number + 1} ", "key"),
            Span(pad(cut(name, _NAME, self.look.glyphs.cut), _NAME) + " "),
            Span(cut(told, max(room, 0), self.look.glyphs.cut), "dim"),
        )


class Menu(ModalScreen[str | None]):
    """A menu. It ends with one line on what was done, or with None if nothing was."""

    DEFAULT_CSS = """
    Menu { align: center middle; }
    Menu > Vertical { width: 76; max-width: 100%; height: auto; max-height: 100%; background: $panel; }
    Menu Choices { max-height: 100%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings({"cancel": "leave", "quit": "leave", "detail": "choose"}),
        *((str(digit), f"choose({digit})", "choose") for digit in range(1, 10)),
    ]

    def __init__(self, palette: Palette, look: Look, title: str, choices: Sequence[Choice]) -> None:
        """Make a menu.

        Args:
            palette: styles.
            look: marks.
            title: what is chosen; safe for a terminal.
            choices: what there is to choose.
        """
        super().__init__()
        self._palette = palette
        self._look = look
        self._title = title
        self._pane = Choices(palette, look, choices)

    def compose(self) -> ComposeResult:
        """Put the choices between a title and the keys."""
        with Vertical():
            yield Line(self._palette, self._head)
            yield self._pane
            yield Line(self._palette, lambda _width: [Span(" 1-9 or enter: choose   esc: back", "dim")])

    def _head(self, width: int) -> Sequence[Span]:
        rule = self._look.glyphs.rule
        title = cut(self._title, max(width - 6, 1), self._look.glyphs.cut)
        return [Span(rule * 2, "dim"), Span(f" {title} ", "title"), Span(rule * (width - cells(title) - 4), "dim")]

    def done(self, number: int) -> str:
        """Do what was chosen, and return one line on it."""
        raise NotImplementedError

    def action_choose(self, digit: int = 0) -> None:
        """Do the choice under a digit, or the one under the cursor."""
        number = digit - 1 if digit else self._pane.cursor or 0
        if 0 <= number < self._pane.height_now():
            self._end(self.done(number))

    def action_leave(self) -> None:
        """Do nothing."""
        self._end(None)

    def _end(self, told: str | None) -> None:
        _ = self.dismiss(told)  # who awaits it here waits for himself
