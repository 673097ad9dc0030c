"""Compare streamkit with its peers: `python -m benchmarks.compare`, or `make bench`.

Every library has a process of its own. A round asks each of them once, stage by stage, and the next round begins with
another one. Ratios are of figures of the same round, since a busy machine changes its pace from second to second.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct

from benchmarks import bench_flat, bench_memory, cases, machine, report
from benchmarks.peers import PEERS
from benchmarks.results import Figures, Results, Size
from benchmarks.runner import Reply, Task
from benchmarks.shapes import SHAPES
from benchmarks.stages import COMPILED, LIMITS, STREAMKIT, library
from benchmarks.workers import NODE, Worker, absent

LIBRARIES: Final = (STREAMKIT, COMPILED, *PEERS, NODE, *LIMITS)
MAIN: Final = ("token_stream", "mixed_workflow")
HUGE: Final = "one_12mb_event"
ONE_MB: Final = 1 / 12
"""How much of the huge event is one of 1 MB."""
_NODE_STAGES: Final = ("frame", "decode")


class Plan(Struct, frozen=True):
    """One case, and what to measure in it."""

    shape: str
    chunking: str
    scale: float
    stages: tuple[str, ...]


class Effort(Struct, frozen=True):
    """How long a comparison takes."""

    rounds: int
    seconds: float
    """CPU time of one figure, at least."""
    patience: float
    """Seconds after which a library is said not to end."""
    enough: float
    """Who takes so many seconds for one run is not asked again."""


SHORT: Final = Effort(rounds=5, seconds=0.02, patience=3, enough=0.3)
FULL: Final = Effort(rounds=7, seconds=0.02, patience=60, enough=3)


def plans(*, full: bool) -> Iterator[Plan]:
    """Yield what to measure: in short, one way of cutting for all but the shapes that goals speak of."""
    everything = ("frame", "decode", "json", "feed", "run", "gateway")
    scale = 1.0 if full else 0.1
    for shape in SHAPES:
        for chunking in ("event", "64KiB"):
            if full or shape in MAIN:
                yield Plan(shape, chunking, scale, everything)
        if not full and shape not in (*MAIN, HUGE):
            yield Plan(shape, "64KiB", scale, ("frame",))
        if full:
            cuts = ("random", "1-byte") if shape == HUGE else ("random", "4KiB", "1-byte")
            yield from (Plan(shape, chunking, scale, ("frame",)) for chunking in cuts)
    yield from (Plan(HUGE, "4KiB", ONE_MB * times, ("frame", "join")) for times in (1, 4, 12))


def measure(results: Results, plan: Plan, workers: Iterable[Worker], folder: Path, effort: Effort) -> None:
    """Measure one case with every library, and add what was found."""
    case = cases.make(plan.shape, plan.chunking, plan.scale)
    file = folder / f"case {len(results.sizes)}"
    size = sum(map(len, case.chunks))
    cases.write(case, file)
    results.sizes.append(Size(plan.shape, plan.chunking, plan.scale, len(case.payloads), size, len(case.chunks)))
    asked = [*_asked(plan, workers, case.dialect)]
    for worker, found in asked:
        wrong = worker.ask(Task(str(file))).wrong
        for figures in found:
            figures.wrong = wrong
        results.figures += found
    for number in range(effort.rounds):
        turn = number % max(1, len(asked))
        for stage in plan.stages:
            for worker, found in asked[turn:] + asked[:turn]:
                for figures in found:
                    if figures.stage == stage and _wanted(figures, effort):
                        _add(figures, number, worker.ask(Task(str(file), stage, effort.seconds)))
    file.unlink()


def _asked(plan: Plan, workers: Iterable[Worker], dialect: str) -> Iterator[tuple[Worker, list[Figures]]]:
    for worker in workers:
        known = _NODE_STAGES if worker.name == NODE else library(worker.name).stages
        stages = [stage for stage in plan.stages if stage in known and not _has_no_limit(worker.name, stage, dialect)]
        if stages:
            where = (plan.shape, plan.chunking, plan.scale, worker.name)
            yield worker, [Figures(stage, *where) for stage in stages]


def _has_no_limit(name: str, stage: str, dialect: str) -> bool:
    """Whether this is the limit of typed decoding, one decoder for a frame, and the dialect needs more."""
    return name in LIMITS and stage == "decode" and dialect != "dify"


def _wanted(figures: Figures, effort: Effort) -> bool:
    return figures.wrong is None and not (figures.rounds and figures.best > effort.enough)


def _add(figures: Figures, number: int, reply: Reply) -> None:
    if reply.wrong is None:
        figures.rounds[number] = reply.seconds
    elif not figures.rounds:
        figures.wrong = reply.wrong


def peaks(results: Results, folder: Path, effort: Effort) -> None:
    """Ask new processes how much they grow by while they frame one huge event."""
    tiny, huge = folder / "tiny", folder / "huge"
    cases.write(cases.make(HUGE, "4KiB", ONE_MB), tiny)
    cases.write(cases.make(HUGE, "4KiB"), huge)
    for name in (STREAMKIT, COMPILED, *PEERS):
        if name not in results.absent:
            with Worker(name, patience=effort.patience) as worker:
                worker.ask(Task(str(tiny), "frame"))  # what it imports is not counted
                reply = worker.ask(Task(str(huge), "frame"))
            if reply.wrong is None:
                results.peaks[name] = reply.peak


@click.command
@click.option("--full", is_flag=True, help="All shapes in all chunkings, and more rounds: the long form.")
@click.option("--rounds", type=click.IntRange(min=1), help="By default 5, and 7 in the long form.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here.")
def main(*, full: bool, rounds: int | None, file: Path | None) -> None:
    """Compare streamkit with its peers."""
    effort, todo = (FULL if full else SHORT), [*plans(full=full)]
    effort = msgspec.structs.replace(effort, rounds=rounds or effort.rounds)
    missing = {name: why for name in LIBRARIES if (why := absent(name, machine.version))}
    results = Results(machine.here(), machine.versions(), missing, full)
    for name, why in missing.items():
        _tell(f"{name}: {why}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [
            stack.enter_context(Worker(name, patience=effort.patience)) for name in LIBRARIES if name not in missing
        ]
        for number, plan in enumerate(todo, 1):
            began = time.monotonic()
            _tell(f"[{number}/{len(todo)}] {plan.shape}, {plan.chunking}: {', '.join(plan.stages)}", end=" … ")
            measure(results, plan, workers, folder, effort)
            _tell(f"{time.monotonic() - began:.1f} s")
        peaks(results, folder, effort)
    _tell("the cost of an event in long runs")
    results.flat = bench_flat.apart(full=full)
    _tell("memory")
    results.memory = bench_memory.apart(full=full)
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    print(report.table(results))


def _tell(line: str, end: str = "\n") -> None:
    print(line, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
