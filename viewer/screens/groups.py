"""Figures of all executions of a node, or of a model: how many, how long, how much."""

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from streamkit.cli.render.cells import Span
from streamkit.cli.render.look import Look
from streamkit.run import Run
from viewer import views
from viewer.facts import Now
from viewer.paint import Palette
from viewer.widgets.chooser import Chooser, bindings
from viewer.widgets.line import Line

_HINTS = " w: by node, by model   j/k: move   esc: back"


class _Groups(Chooser):
    """The groups, one a line."""

    def __init__(self, palette: Palette, look: Look, run: Run, now: Now) -> None:
        super().__init__(palette, look, id="groups")
        self._executions = views.begun(run)
        self._now = now
        self._by = 0
        self._group()

    @property
    def by(self) -> str:
        """What the executions of a group have in common."""
        return list(views.GROUPS)[self._by]

    def turn(self) -> None:
        """Group by something else."""
        self._by = (self._by + 1) % len(views.GROUPS)
        self._group()
        self.refresh()

    def _group(self) -> None:
        self._groups = views.GROUPS[self.by](self._executions, self._now)
        self.cursor = 0

    def height_now(self) -> int:
        return len(self._groups)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        return range(first, first + count)

    def spans(self, number: int, width: int) -> Sequence[Span]:
        return views.group_line(self._groups[number], width, self.look)


class GroupsScreen(Screen[None]):
    """Compares the nodes of a run with each other, or the models."""

    DEFAULT_CSS = "GroupsScreen _Groups { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = bindings({"view": "turn", "cancel": "leave", "quit": "leave"})

    def __init__(self, palette: Palette, look: Look, run: Run, now: Now) -> None:
        """Group the executions of a run.

        Args:
            palette: styles.
            look: marks.
            run: the run.
            now: the moment at which it is looked at.
        """
        super().__init__()
        self._palette = palette
        self._look = look
        self._pane = _Groups(palette, look, run, now)

    def compose(self) -> ComposeResult:
        """Put the groups under the names of their columns."""
        yield Line(self._palette, lambda width: views.group_head(self._pane.by, width, self._look), id="head")
        yield self._pane
        yield Line(self._palette, lambda _width: [Span(_HINTS, "dim")])

    def on_mount(self) -> None:
        """Go to the groups."""
        self._pane.focus()
        self._pane.sync()

    def action_turn(self) -> None:
        """Group by something else."""
        self._pane.turn()
        self._pane.sync()
        self.query_one("#head", Line).sync()

    def action_leave(self) -> None:
        """Go back."""
        _ = self.app.pop_screen()  # not awaited: it waits for the handler that calls it
