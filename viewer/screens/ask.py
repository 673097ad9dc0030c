"""A line to type in, at the foot of the screen: what `/` searches, what `f` filters by, what `:` does.

Rule: it asks and gives back a text; what the text means is the business of whoever asked.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from streamkit.cli.render.cells import Span, cut
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from viewer.paint import Palette
from viewer.widgets.line import Line

_GAP: Final = "  "


def completions(text: str, words: Sequence[str]) -> list[str]:
    """Return the words that the last word of a text may become, in their order; none for a text without one."""
    begun = _last(text)
    return [word for word in words if word.startswith(begun) and word != begun] if begun else []


def completed(text: str, words: Sequence[str]) -> str:
    """Return a text whose last word is completed as far as all that it may become agree."""
    found = completions(text, words)
    if not found:
        return text
    least, most = min(found), max(found)
    shared = next((at for at, (one, other) in enumerate(zip(least, most, strict=False)) if one != other), len(least))
    return text[: len(text) - len(_last(text))] + least[:shared]


def _last(text: str) -> str:
    """Return the last word, without the mark by which a filter denies it."""
    return text.rsplit(" ", 1)[-1].lstrip("!")


class Ask(ModalScreen[str | None]):
    """Asks for a line; returns it, or None if nobody wanted to say one."""

    DEFAULT_CSS = """
    Ask { align: left bottom; background: transparent; }
    Ask #ask { height: 2; background: $panel; padding: 0 1; }
    Ask #line { height: 1; }
    Ask #sign { width: auto; text-style: bold; }
    Ask Input, Ask Input:focus { border: none; height: 1; padding: 0; background: $panel; width: 1fr; }
    """
    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "never mind"),
        Binding("up", "recall(-1)", "the one before", show=False),
        Binding("down", "recall(1)", "the one after", show=False),
        Binding("tab", "complete", "complete", show=False, priority=True),
    ]

    def __init__(
        self,
        sign: str,
        *,
        palette: Palette,
        look: Look,
        text: str = "",
        history: list[str] | None = None,
        words: Sequence[str] = (),
        check: Callable[[str], str | None] | None = None,
    ) -> None:
        """Prepare to ask.

        Args:
            sign: what stands before the line: `/`, `:`, `filter`.
            palette: styles.
            look: marks and lines.
            text: what it begins with.
            history: what was said before, the oldest first; what is said now is added.
            words: what a word may be completed to: names of commands, fields of a filter.
            check: told the text as one types; returns what is wrong with it in one line, None if nothing is.
        """
        super().__init__()
        self._sign = sign
        self._palette = palette
        self._look = look
        self._text = text
        self._history = history if history is not None else []
        self._words = words
        self._check = check
        self._problem = ""
        self._is_refused = False
        """Whether somebody entered it as it is."""
        self._at = len(self._history)
        """Where in the history; its length for what is typed now."""
        self._draft = ""
        """What was typed before one looked into the history."""
        self._under = Line(palette, self._told)

    def compose(self) -> ComposeResult:
        """Lay out the line, and what is under it."""
        with Vertical(id="ask"):
            with Horizontal(id="line"):
                yield Static(Content(f"{self._sign} " if len(self._sign) > 1 else self._sign), id="sign")
                yield Input(self._text, select_on_focus=False)
            yield self._under

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong with it."""
        self._problem, self._is_refused = self._wrong(event.value), False
        self._under.sync()

    def _wrong(self, text: str) -> str:
        return safe_line((self._check(text) if self._check else None) or "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line back, a word that is begun as the only one that begins so; or say what is wrong with it."""
        text = event.value.strip()
        if self._problem and len(completions(text, self._words)) == 1:
            text = completed(text, self._words)
        if self._wrong(text):
            self._is_refused = True
            self._under.sync()
            return
        if text and self._history[-1:] != [text]:
            self._history.append(text)
        self._answer(text)

    def action_cancel(self) -> None:
        """Go without a line."""
        self._answer(None)

    def _answer(self, text: str | None) -> None:
        _ = self.dismiss(text)  # not awaited: it waits for the handler that calls it

    def action_recall(self, by: int) -> None:
        """Show what was said before, or after that; what was being typed is behind the last one."""
        if self._at == len(self._history):
            self._draft = self._input.value
        self._at = max(0, min(self._at + by, len(self._history)))
        self._put(self._history[self._at] if self._at < len(self._history) else self._draft)

    def action_complete(self) -> None:
        """Complete the last word."""
        self._put(completed(self._input.value, self._words))

    def _put(self, text: str) -> None:
        self._input.value = text
        self._input.cursor_position = len(text)

    def _told(self, width: int) -> Sequence[Span]:
        """What the word may become, until it is entered; else what is wrong."""
        found = completions(self._input.value, self._words)
        if found and not self._is_refused:
            return [Span(cut(_GAP.join(found), width, self._look.glyphs.cut), "dim")]
        if not self._problem:
            return []
        mark = self._look.mark("failed").text.strip()
        return [Span(cut(f"{mark} {self._problem}", width, self._look.glyphs.cut), "bad")]
