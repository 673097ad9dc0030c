"""A field of a form: what is asked, where one enters it, and what is wrong with what was entered."""

from collections.abc import Sequence
from typing import Any, Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, TextArea

from streamkit.cli.asking.entries import Field, Option
from streamkit.cli.render.cells import Span, cut
from streamkit.cli.render.look import ASCII, Look
from viewer.paint import Palette
from viewer.widgets.choices import Choices
from viewer.widgets.line import Line

_YES_OR_NO: Final = (Option(True, "yes"), Option(False, "no"))
_BESIDE: Final = 30
"""Columns of what stands beside the name of a field."""


class Asked(Vertical):
    """A field, with a line that says its name over the widget that takes the entry."""

    DEFAULT_CSS = """
    Asked { height: auto; margin: 0 0 1 0; }
    Asked > .entry, Asked > .entry:focus { border: none; border-left: solid $primary; padding: 0 1; background: $boost; }
    Asked > Input.entry { height: 1; }
    Asked > TextArea.entry { height: 3; }
    Asked > Choices.entry { max-height: 6; }
    Asked.-ascii > .entry, Asked.-ascii > .entry:focus { border-left: ascii $primary; }
    """

    def __init__(self, field: Field, palette: Palette, look: Look) -> None:
        """Ask for a field."""
        super().__init__(classes="-ascii" if look.glyphs is ASCII else "")
        self.field = field
        self.insists = False
        """Whether to say that it is needed, too: once somebody tried to send the form."""
        self._palette = palette
        self._look = look
        self._label = Line(palette, self._told)
        self.entry = self._entry()
        """The widget that takes the focus."""
        self.entry.add_class("entry")

    def _entry(self) -> Input | TextArea | Choices:
        field = self.field
        if field.kind in ("select", "boolean"):
            options = field.options if field.kind == "select" else _YES_OR_NO
            return Choices(self._palette, self._look, options, chosen=field.default)
        if field.kind in ("paragraph", "object", "files"):
            return TextArea(field.default or "")
        return Input(field.default or "")

    def compose(self) -> ComposeResult:
        """Lay the two out."""
        yield self._label
        yield self.entry

    @property
    def entered(self) -> Any:  # noqa: ANN401 - an entry
        """What is entered now."""
        match self.entry:
            case Choices():
                return self.entry.chosen
            case TextArea():
                return self.entry.text
            case Input():
                return self.entry.value

    @property
    def problem(self) -> str:
        """What is wrong with it; nothing as long as nothing was entered, unless it insists."""
        return self.field.problem(self.entered) if self.insists or self.entered else ""

    def sync(self) -> None:
        """Say what holds now."""
        self._label.sync()

    def _told(self, width: int) -> Sequence[Span]:
        field, problem = self.field, self.problem
        spans = [
            Span(
                f"{self._look.glyphs.arrow} " if self.entry.has_focus else " " * (len(self._look.glyphs.arrow) + 1),
                "live",
            ),
            Span(cut(field.label, max(width - _BESIDE, _BESIDE // 2), self._look.glyphs.cut), "strong"),
        ]
        if problem:
            return [*spans, Span(f"  {self._look.mark('failed').text.strip()} {problem}", "bad")]
        hints = ", ".join(filter(None, ("needed" if field.required else "", field.hint)))
        return [*spans, Span(f"  {hints}", "dim")]
