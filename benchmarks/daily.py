"""What the modules `bench_*` of one stage share: their options, and how a figure is taken and told."""

import statistics
import sys
from collections.abc import Mapping, Sequence

import click
import msgspec
from msgspec import Struct

from benchmarks import cases
from benchmarks.chunkings import CHUNKINGS
from benchmarks.runner import cpu_time
from benchmarks.shapes import SHAPES
from benchmarks.stages import Stage


class Figure(Struct):
    """One figure of one stage."""

    stage: str
    shape: str
    chunking: str
    events: int
    bytes: int
    best: float
    """CPU time of an event, in seconds."""
    median: float


def command(stages: Mapping[str, Stage], about: str, shapes: Sequence[str] = tuple(SHAPES)) -> click.Command:
    """Make the command that measures these stages."""

    @click.option("--shape", "names", type=click.Choice(shapes), multiple=True, help="Which; by default all.")
    @click.option(
        "--chunking",
        "cuts",
        type=click.Choice([*CHUNKINGS]),
        multiple=True,
        default=["event", "64KiB"],
        show_default=True,
    )
    @click.option("--scale", default=1.0, show_default=True, help="How long the shapes are.")
    @click.option("--rounds", default=5, show_default=True)
    @click.option("--json", "as_json", is_flag=True, help="One JSON line for each figure.")
    def run(*, names: tuple[str, ...], cuts: tuple[str, ...], scale: float, rounds: int, as_json: bool) -> None:
        for shape in names or shapes:
            for chunking in cuts:
                for figure in _figures(stages, shape, chunking, scale, rounds):
                    _tell(figure, as_json=as_json)

    return click.command(help=about)(run)


def _figures(stages: Mapping[str, Stage], shape: str, chunking: str, scale: float, rounds: int) -> list[Figure]:
    case = cases.make(shape, chunking, scale)
    events, size = len(case.payloads), sum(map(len, case.chunks))
    taken: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(rounds):
        for name, stage in stages.items():
            taken[name].append(cpu_time(stage, case, 0.05) / events)
    return [
        Figure(name, shape, chunking, events, size, min(found), statistics.median(found))
        for name, found in taken.items()
    ]


def _tell(figure: Figure, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(figure).decode() + "\n")
        return
    speed = figure.bytes / figure.events / figure.median / 1e6
    cells = [f"{figure.stage:8} {figure.shape:24} {figure.chunking:7}"]
    cells += [f"best {figure.best * 1e6:9.2f}  median {figure.median * 1e6:9.2f} µs an event  {speed:7.0f} MB/s"]
    print("  ".join(cells))
