"""Draws a run for a person: a header, the tree of its executions, and what came of it.

Takes a `RunState` and nothing else, so that whoever has one (a command, a test, a debugger) can print it.

* `tree`: what is said of each execution; `folding`: how much of a large run; `columns`: guides and columns
* `sections`: what stands under the tree; `forms`; `parts` of them; `figures`: durations, tokens, money
* `lists`: runs and groups of them, one a line; `table`: how such lines are aligned
* `look`: width, marks, colour; `cells`: text in columns of a terminal
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from streamkit.cli.output import print_text
from streamkit.cli.render.cells import Line, Span, cells, cut, paint
from streamkit.cli.render.columns import draw
from streamkit.cli.render.look import Look
from streamkit.cli.render.sections import sections
from streamkit.cli.render.tree import run_branch
from streamkit.cli.safe import safe_line
from streamkit.run import RunState

_RULE_ENDS: Final = 8

__all__ = ["Look", "print_run", "render_run"]


def render_run(state: RunState, look: Look, names: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of a drawn run.

    Args:
        state: the run.
        look: how to draw it.
        names: where it was found, if that is not obvious.
    """
    if names:
        yield paint(_rule(names, look), colour=look.colour)
    for line in draw(run_branch(state, look), look):
        yield paint(line, colour=look.colour)
    for section in sections(state, look):
        yield ""
        for line in section:
            yield paint(line, colour=look.colour)


def print_run(state: RunState, look: Look, names: Sequence[str] = ()) -> None:
    """Print a run on stdout."""
    print_text("\n".join(render_run(state, look, names)))


def _rule(names: Sequence[str], look: Look) -> Line:
    text = safe_line(" + ".join(names))
    if cells(text) > look.width - _RULE_ENDS:
        text = safe_line(" + ".join(PurePath(name).name for name in names))
    text = cut(text, look.width - _RULE_ENDS, look.glyphs.cut)
    line = look.glyphs.rule
    return Span(f"{line * 2} {text} {line * (look.width - 4 - cells(text))}", "dim"), Span("")
