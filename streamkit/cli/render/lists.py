"""Runs, and groups of them or of executions, as tables."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from streamkit.cli.output import is_terminal
from streamkit.cli.render import figures
from streamkit.cli.render.look import Look
from streamkit.cli.render.parts import gist
from streamkit.cli.render.table import Cell, Column, print_table
from streamkit.cli.safe import safe_line, safe_text
from streamkit.cli.summary import Group, Listed

_RUNS: Final = (
    Column(""),
    Column("file", least=20),
    Column("mode", least=8, goes=5),
    Column("start", least=11, goes=4),
    Column("time", is_figure=True),
    Column("tokens", is_figure=True, goes=3),
    Column("cost", is_figure=True, goes=2),
    Column("nodes", is_figure=True, goes=1),
    Column("trouble"),
    Column("error", least=20, goes=6),
)
_GROUPS: Final = (
    Column("", least=14),
    Column("n", is_figure=True),
    Column("errors", is_figure=True),
    Column("p50", is_figure=True, goes=5),
    Column("p95", is_figure=True),
    Column("max", is_figure=True, goes=4),
    Column("time", is_figure=True),
    Column("in", is_figure=True, goes=1),
    Column("out", is_figure=True, goes=2),
    Column("tokens", is_figure=True, goes=6),
    Column("mean", is_figure=True, goes=3),
    Column("cost", is_figure=True, goes=7),
)
_TO_THE_MINUTE: Final = slice(len("2026-"), len("2026-11-22 07:11"))


def print_runs(lines: Sequence[Listed]) -> None:
    """Print runs, one line each."""
    look = Look.of_stdout()
    print_table(_RUNS, [tuple(_run(line, look)) for line in lines], look)


def _run(line: Listed, look: Look) -> Iterator[Cell]:
    mark = look.mark(line.status)
    yield Cell(mark.text if is_terminal() else f"{mark.text} {line.status}", mark.style)
    yield Cell(safe_line(" + ".join(line.files)), "", safe_line(" + ".join(PurePath(name).name for name in line.files)))
    yield Cell(safe_line(line.app or line.mode or line.dialect))
    start = figures.moment(line.started_at) if line.started_at is not None else ""
    yield Cell(start, "", start[_TO_THE_MINUTE])
    yield Cell(figures.duration(line.duration))
    yield Cell(figures.count(line.tokens))
    yield Cell(figures.money(line.cost))
    yield Cell(figures.count(line.nodes))
    yield Cell(_trouble(line, look), "odd")
    yield Cell(_first_line(line.error or ""), mark.style)


def _trouble(line: Listed, look: Look) -> str:
    """Say how many executions failed, how many tries were repeated, and how many forms wait: by their marks."""
    marks = look.glyphs.marks
    told = ((marks["failed"], line.errors), (look.glyphs.retry, line.retries), (marks["paused"], line.forms))
    return " ".join(f"{mark.strip()}{count:,}" for mark, count in told if count)


def _first_line(error: str) -> str:
    return next(filter(None, map(safe_line, gist(safe_text(error)).split("\n"))), "")


def print_groups(found: Sequence[Group], by: str) -> None:
    """Print groups, one line each.

    Args:
        found: the groups.
        by: what they are groups of.
    """
    columns = (_GROUPS[0]._replace(title=by), *_GROUPS[1:])
    print_table(columns, [tuple(_group(group, by)) for group in found], Look.of_stdout())


def _group(group: Group, by: str) -> Iterator[Cell]:
    name = safe_line(group.group or "")
    yield Cell(name) if name else Cell(f"no {by}", "dim")
    yield Cell(f"{group.count:,}")
    yield Cell(figures.count(group.errors), "bad")
    for seconds in (group.p50, group.p95, group.max, group.time):
        yield Cell(figures.duration(seconds))
    for tokens in (group.prompt_tokens, group.completion_tokens, group.total_tokens, group.mean_total_tokens):
        yield Cell(figures.count(tokens))
    yield Cell(figures.money(group.cost))
