"""Two runs beside each other: what differs, and where it differs first."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span, cells, cut
from streamkit.cli.render.look import STYLES_OF_STATUS, Look
from streamkit.cli.safe import safe_line
from streamkit.run import Run
from viewer import table
from viewer.diff import (
    NEW,
    OLD,
    Comparison,
    FirstDifference,
    Row,
    Side,
    compare,
    first_difference,
    head,
    row_line,
)
from viewer.items import id_of
from viewer.labels import name_of
from viewer.paint import Palette
from viewer.widgets.chooser import Chooser, bindings
from viewer.widgets.line import Line
from viewer.widgets.lines import Lines

_HINTS: Final = " j/k move   n/N next difference   enter where it differs   esc back"


class DiffRows(Chooser):
    """The rows of a comparison."""

    def __init__(self, palette: Palette, look: Look, comparison: Comparison) -> None:
        """Show a comparison."""
        super().__init__(palette, look, id="rows")
        self._comparison = comparison

    @property
    def chosen(self) -> Row:
        """The row that the cursor is on."""
        return self._comparison.rows[self.cursor or 0]

    def height_now(self) -> int:
        """How many rows there are."""
        return len(self._comparison.rows)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return the numbers of the rows: nothing of a comparison changes."""
        return range(first, first + max(count, 0))

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a row."""
        return row_line(self._comparison.rows[number], width, self.look)

    def to_difference(self, direction: int) -> None:
        """Go to the next row that differs, or to the one before."""
        here, differences = self.cursor or 0, self._comparison.differences
        ahead = [number for number in differences if (number - here) * direction > 0]
        if ahead:
            self.move_to(ahead[0] if direction > 0 else ahead[-1])


class Sides(Lines, can_focus=False):
    """Where two outputs differ first: so many lines of the one as there is room for, then those of the other."""

    DEFAULT_CSS = "Sides { height: 40%; min-height: 6; display: none; }"

    def __init__(self, palette: Palette, look: Look) -> None:
        """Make an empty pane."""
        super().__init__(palette, id="sides")
        self._look = look
        self._found: FirstDifference | None = None

    def show(self, found: FirstDifference | None) -> None:
        """Show a difference."""
        self._found = found
        self.refresh()

    def height_now(self) -> int:
        """How many lines there are: as many as there is room for."""
        return self.size.height

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return the numbers of lines; who shows another difference paints all of them."""
        return range(first, first + count)

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a line; the first one of each side is the one that differs."""
        found = self._found
        if found is None:
            return () if number else (Span(" nothing that both of them say differs", "dim"),)
        half = (self.size.height + 1) // 2
        is_old = number < half
        letter, lines, style = (OLD, found.old, "bad") if is_old else (NEW, found.new, "good")
        place = number if is_old else number - half
        text = lines[place] if place < len(lines) else ""
        return Span(f"{letter} ", style), Span(self._part(text, found.column, width - 3), "" if place else style)

    def _part(self, text: str, column: int, room: int) -> str:
        """Return what of a long line is shown: from a little before the first letter that differs."""
        mark = self._look.glyphs.cut
        if cells(text) > room and column > room // 2:
            text = mark + text[column - room // 3 :]
        return cut(text, max(room, 1), mark)


class DiffScreen(Screen[None]):
    """Compares two runs. Ends with `esc`."""

    DEFAULT_CSS = """
    DiffScreen DiffRows { height: 1fr; }
    DiffScreen.open Sides { display: block; }
    DiffScreen #where { display: none; }
    DiffScreen.open #where { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        {
            "search-next": "difference(1)",
            "search-previous": "difference(-1)",
            "detail": "sides",
            "cancel": "leave",
            "quit": "leave",
        }
    )

    def __init__(self, palette: Palette, look: Look, old: Run, new: Run) -> None:
        """Compare two runs.

        Args:
            palette: styles.
            look: marks.
            old: what the other one is compared with.
            new: the one that is looked at.
        """
        super().__init__()
        self._palette = palette
        self._look = look
        self._comparison = compare(old, new)
        self._pane = DiffRows(palette, look, self._comparison)
        self._sides = Sides(palette, look)
        self._found: FirstDifference | None = None

    def compose(self) -> ComposeResult:
        """Put the rows under the two runs."""
        yield Line(self._palette, lambda width: self._of(OLD, self._comparison.rows[0].old, width))
        yield Line(self._palette, lambda width: self._of(NEW, self._comparison.rows[0].new, width))
        yield Line(self._palette, lambda _width: self._counts())
        yield Line(self._palette, lambda width: head(width, self._look))
        yield self._pane
        yield Line(self._palette, self._where, id="where")
        yield self._sides
        yield Line(self._palette, lambda _width: [Span(_HINTS, "dim")])

    # ---- lines

    def _of(self, letter: str, side: Side | None, width: int) -> Sequence[Span]:
        if side is None or not isinstance(side.item, Run):
            return ()
        run, facts = side.item, side.facts
        told = (facts.status, figures.duration(facts.seconds), figures.tokens(facts.tokens), figures.money(facts.cost))
        mark = self._look.mark(facts.status)
        name = f"{name_of(run)} {safe_line(id_of(run) or '')[:8]}".strip()
        rest = "  ".join(word for word in told if word)
        room = max(width - cells(rest) - cells(mark.text) - 7, 8)
        return [
            Span(f" {letter} ", "title"),
            Span(f"{mark.text} ", mark.style),
            Span(cut(name, room, self._look.glyphs.cut), "strong"),
            Span(f"  {rest}", STYLES_OF_STATUS.get(facts.status, "")),
        ]

    def _counts(self) -> Sequence[Span]:
        found = self._comparison
        if not found.differences:
            return [Span(" nothing differs but time", "good")]
        lacking = ((found.missing, f"only in {OLD}"), (found.added, f"only in {NEW}"))
        words = [figures.counted(len(found.differences), "difference")]
        words += [f"{table.count(number)} {name}" for number, name in lacking if number]
        return [Span(" " + ", ".join(words), "odd")]

    def _where(self, width: int) -> Sequence[Span]:
        rule, found = self._look.glyphs.rule, self._found
        place = f", first at line {found.line:,}" if found is not None else ""
        title = f" {self._pane.chosen.name}{f': {found.slot}' if found is not None else ''}{place} "
        title = cut(title, max(width - 4, 1), self._look.glyphs.cut)
        return [Span(rule * 2, "dim"), Span(title, "title"), Span(rule * max(width - cells(title) - 2, 0), "dim")]

    # ---- keys

    def action_difference(self, direction: int) -> None:
        """Go to the next difference, or to the one before."""
        self._pane.to_difference(direction)

    def action_sides(self) -> None:
        """Show where the chosen row differs, or hide it again."""
        self.toggle_class("open")
        self._show_sides()

    def action_leave(self) -> None:
        """Hide where the row differs, then go back."""
        if self.has_class("open"):
            self.action_sides()
        else:
            _ = self.dismiss(None)  # who awaits it here waits for himself

    def on_chooser_moved(self) -> None:
        """Show where the row differs that is chosen now."""
        self._show_sides()

    def _show_sides(self) -> None:
        if self.has_class("open"):
            self._found = first_difference(self._pane.chosen)
            self._sides.show(self._found)
            self.query_one("#where", Line).refresh()
