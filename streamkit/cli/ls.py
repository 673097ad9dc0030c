"""`streamkit ls`: the runs in files and folders, one line each."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import click

from streamkit.cli import CONTEXT, options
from streamkit.cli.collect import collect
from streamkit.cli.output import complain, print_json
from streamkit.cli.summary import Listed, listed
from streamkit.where import Where

_WORST_FIRST: Final = ("failed", "interrupted", "stopped", "paused", "running", "partial-succeeded", "succeeded")

_SORTS: Final[Mapping[str, Callable[[Listed], Any]]] = {
    # Any: values of one type that has an order, or None
    "start": lambda line: line.started_at,
    "dur": lambda line: None if line.duration is None else -line.duration,
    "tok": lambda line: None if line.tokens is None else -line.tokens,
    "cost": lambda line: -sum(line.cost.values(), Decimal(0)) if line.cost else None,
    "status": lambda line: _WORST_FIRST.index(line.status),
}


@click.command(context_settings=CONTEXT)
@options.paths
@options.where
@click.option(
    "--sort",
    "order",
    type=click.Choice([*_SORTS]),
    help="First the earliest start, the most of anything else, the worst status. Else as found.",
)
@options.as_json
@options.dialect
def ls(paths: tuple[str, ...], where: Where, order: str | None, as_json: bool, dialect: str) -> None:
    """List runs, one line each: in files, and in folders with all below them.

    In folders, names that end with .sse, .ndjson, .jsonl, .skrec or .skrec.zst are read.

    Several files of one run (it paused, and was resumed) are one line; several runs in one file are several.

    \b
    Examples:
      streamkit ls logs/
      streamkit ls logs/ --where 'status:failed error~429' --sort start
      streamkit ls logs/ --where 'type:llm dur>30s | cost>0.5' --sort cost
      streamkit ls logs/ --json | jq -r 'select(.retries > 0) | .files[]'
    """  # noqa: D301 - click looks for the character
    subjects, all_readable = collect(paths, dialect)
    lines = [listed(subject) for subject in subjects if where.matches(subject)]
    if order is not None:
        _sort(lines, _SORTS[order])
    if as_json:
        print_json(lines)
    else:
        from streamkit.cli.render.lists import print_runs

        print_runs(lines)
    if not lines and subjects:
        complain("no run matches")
    if not all_readable:
        raise click.exceptions.Exit(2)


def _sort(lines: list[Listed], key: Callable[[Listed], Any]) -> None:
    """Sort by something that is not known of all; those come last."""

    def known_first(line: Listed) -> tuple[bool, Any]:
        value = key(line)
        return value is None, 0 if value is None else value

    lines.sort(key=known_first)
