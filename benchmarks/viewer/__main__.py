"""The viewer beside its goals: `python -m benchmarks.viewer`.

In short it takes a minute and a half, and its long run has 10,000 executions. The goals are meant for `--full`: 100,000
executions and 300,000 events.
"""

import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby

import click
import msgspec

from benchmarks.apart import in_a_process
from benchmarks.viewer import inside, outside
from benchmarks.viewer.judged import GOALS, Figure, median

_MODULES = {"benchmarks.viewer.outside": outside.PARTS, "benchmarks.viewer.inside": inside.PARTS}
_ORDER = [*GOALS]


def measured(folder: str, *, full: bool) -> Iterator[Figure]:
    """Measure every part, each in a process of its own."""
    executions, seconds = (100_000, 10) if full else (10_000, 4)
    options = [f"--executions={executions}", f"--seconds={seconds}", f"--folder={folder}"]
    for module, parts in _MODULES.items():
        for part in parts:
            yield from in_a_process(module, [f"--part={part}", *options], list[Figure])


@click.command
@click.option("--full", is_flag=True, help="With 100,000 executions, three times.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each figure.")
def main(*, full: bool, as_json: bool) -> None:
    """Tell of each goal whether it is met; of several figures, the median."""
    with tempfile.TemporaryDirectory() as folder:
        found = [figure for _ in range(3 if full else 1) for figure in measured(folder, full=full)]
    found.sort(key=lambda figure: _ORDER.index(figure.goal))
    for goal, figures in groupby(found, key=lambda figure: figure.goal):
        figure = median(goal, figures)
        if as_json:
            sys.stdout.write(msgspec.json.encode(figure).decode() + "\n")
        else:
            print(figure)


if __name__ == "__main__":
    main()
