"""The command of a module of parts: it measures one of them, in its process."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
import msgspec

from benchmarks.viewer.judged import Figure

Measure = Callable[[str, Path, int, float], Sequence[Figure]]
"""Measures a part: its name, where bodies are kept, how many executions, for how many seconds."""


def command(parts: Iterable[str], measure: Measure) -> click.Command:
    """Return the command."""

    @click.command
    @click.option("--part", type=click.Choice([*parts]), required=True)
    @click.option("--executions", default=100_000, show_default=True)
    @click.option("--seconds", default=10.0, show_default=True, help="How long the load comes.")
    @click.option("--folder", type=click.Path(path_type=Path), default=Path(), help="Where bodies are kept.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
    def main(*, part: str, executions: int, seconds: float, folder: Path, as_json: bool) -> None:
        """Measure one part, in this process."""
        found = measure(part, folder, executions, seconds)
        if as_json:
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        else:
            print(*found, sep="\n")

    return main
