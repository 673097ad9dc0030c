"""A run while it goes on, for a person: a drawing that grows on a terminal, lines in a pipe, or nothing.

A show is told of the run often and draws it seldom. When somebody is asked something it makes room, and in the end it
leaves what `inspect` would print.
"""

import shutil
import sys
from collections.abc import Iterator
from typing import Final, Protocol

import anyio
import click

from streamkit.cli.output import is_screen, print_text
from streamkit.cli.render import Look, figures, print_run, render_run
from streamkit.cli.render.cells import Line, Span, paint
from streamkit.cli.render.columns import draw
from streamkit.cli.render.parts import gist
from streamkit.cli.render.sections import sections
from streamkit.cli.render.tree import run_branch
from streamkit.cli.safe import safe_line
from streamkit.run import NodeExecution, Run, RunState

_BETWEEN: Final = 0.1
"""Seconds between two drawings."""
_GAP: Final = "  "
_OVER: Final = ("succeeded", "failed", "exception", "stopped", "skipped")
"""How an execution stands that will not go on."""


class Show(Protocol):
    """Shows a run."""

    def update(self, run: Run) -> None:
        """Note that something happened."""

    def tick(self) -> None:
        """Draw what happened since."""

    def make_room(self) -> None:
        """Take away what would be drawn over: something else is printed now, until `go_on`."""

    def go_on(self) -> None:
        """Draw again."""

    def give_up(self) -> None:
        """Leave nothing: there was no run."""

    def end(self, run: Run) -> None:
        """Leave the whole of it."""


class Nothing:
    """Shows nothing."""

    def update(self, run: Run) -> None:
        """Pass."""

    def tick(self) -> None:
        """Pass."""

    def make_room(self) -> None:
        """Pass."""

    def go_on(self) -> None:
        """Pass."""

    def give_up(self) -> None:
        """Pass."""

    def end(self, run: Run) -> None:
        """Pass."""


class Lines:
    """Prints a line for each execution that ended, in their order; for pipes and files."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._run: Run | None = None
        self._revision = 0
        self._told: set[str] = set()

    def update(self, run: Run) -> None:
        """Print what ended since."""
        if run is not self._run:
            self._run, self._revision, self._told = run, 0, set()
        changes = run.changed_since(self._revision)
        self._revision = changes.revision
        ids = run.executions if changes.everything else changes.changed
        ended = [run.executions[id] for id in ids if id in run.executions and id not in self._told]
        for node in sorted(ended, key=lambda node: node.number):
            if node.status in _OVER:
                self._told.add(node.id)
                print_text(paint(tuple(self._line(node)), colour=self._look.colour))
        sys.stdout.flush()

    def tick(self) -> None:
        """There is nothing to draw anew."""

    def make_room(self) -> None:
        """There is nothing in the way."""

    def go_on(self) -> None:
        """Nothing was held up."""

    def give_up(self) -> None:
        """There is nothing to take away."""

    def end(self, run: Run) -> None:
        """Print how the run ended, and what came of it."""
        self.update(run)
        state = run.snapshot().without_secrets()
        for line in _without_tree(state, self._look):
            print_text(paint(line, colour=self._look.colour))

    def _line(self, node: NodeExecution) -> Iterator[Span]:
        yield self._look.mark(node.status)
        yield Span(" " + (safe_line(node.title) or safe_line(node.node_id) or "no name"))
        if node.round_index is not None:
            yield Span(f"{_GAP}round {node.round_index}", "dim")
        told = (safe_line(node.type), figures.duration(node.elapsed_time), figures.tokens(node.total_tokens))
        yield Span("".join(_GAP + word for word in told if word), "dim")
        if node.error:
            yield Span(_GAP + safe_line(gist(node.error))[: self._look.width], "bad")


class Live:
    """Draws the run where the cursor is, again and again."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._run: Run | None = None
        self._is_stale = False
        self._is_held = False
        self._lines = 0  # of the last drawing

    def update(self, run: Run) -> None:
        """Note that something happened."""
        self._run, self._is_stale = run, True

    def tick(self) -> None:
        """Draw the run, if something happened."""
        if self._run is None or not self._is_stale or self._is_held:
            return
        self._is_stale = False
        lines = list(render_run(self._run.snapshot().without_secrets(), self._look))
        self._put(self._cut(lines))

    def make_room(self) -> None:
        """Take the drawing away, and leave its tree: what is asked refers to it."""
        self._is_held = True
        self._erase()
        if self._run is not None:
            for line in draw(run_branch(self._run.snapshot().without_secrets(), self._look), self._look):
                print_text(paint(line, colour=self._look.colour))

    def go_on(self) -> None:
        """Draw again, below what was printed meanwhile."""
        self._is_held = False

    def give_up(self) -> None:
        """Take the drawing away."""
        self._erase()

    def end(self, run: Run) -> None:
        """Leave the whole of it."""
        self._erase()
        print_run(run.snapshot().without_secrets(), self._look)

    def _cut(self, lines: list[str]) -> list[str]:
        """Return as much as the terminal shows: the first line, and the last ones."""
        room = max(shutil.get_terminal_size().lines - 1, 3)
        if len(lines) <= room:
            return lines
        hidden = len(lines) - room + 1
        return [lines[0], f"{self._look.glyphs.cut} {hidden} lines", *lines[hidden + 1 :]]

    def _put(self, lines: list[str]) -> None:
        encoding = sys.stdout.encoding or "ascii"
        text = "\n".join(lines).encode(encoding, "replace").decode(encoding)
        click.echo(self._back() + text, color=True)  # else it would take out what moves the cursor, too
        self._lines = len(lines)
        sys.stdout.flush()

    def _erase(self) -> None:
        click.echo(self._back(), nl=False, color=True)
        self._lines = 0
        sys.stdout.flush()

    def _back(self) -> str:
        """Return what takes the last drawing away."""
        return f"\x1b[{self._lines}A\r\x1b[J" if self._lines else ""


def show_of_stdout(*, quiet: bool = False) -> Show:
    """Return what suits stdout."""
    if quiet:
        return Nothing()
    look = Look.of_stdout()
    return Live(look) if is_screen() else Lines(look)


async def keep_drawing(show: Show) -> None:
    """Draw now and then, until somebody cancels it."""
    while True:
        show.tick()
        await anyio.sleep(_BETWEEN)


def _without_tree(state: RunState, look: Look) -> Iterator[Line]:
    yield from draw(run_branch(state, look)._replace(children=()), look)
    for section in sections(state, look):
        yield ()
        yield from section
