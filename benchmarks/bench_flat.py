"""Whether an event costs the same at the end of a long run as at its beginning: `python -m benchmarks.bench_flat`.

A run of 100,000 events is cut into tenths. Executions and text grow; the cost of an event must not.
"""

import gc
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain, pairwise
from typing import Final

import click
import msgspec

from benchmarks.apart import in_a_process
from benchmarks.results import Flat
from benchmarks.shapes import SHAPES, frame
from benchmarks.wire import Dify, compact
from streamkit import Tap

Stream = tuple[list[bytes], list[bytes]]
"""What is fed before the clock starts, and what is timed: one event per chunk."""

_CLOSING: Final = 5
"""So many frames at most end a run: they are like no others, and left out."""


def _shape(name: str, events: int, *, opening: float = 0.0) -> Stream:
    """A shape of the catalogue, made as long as that; `opening` is the part of it that is unlike the rest."""
    scale = events / len(SHAPES[name](1.0).blocks)
    chunks = [block.wire for block in SHAPES[name](scale).blocks]
    begin = round(len(chunks) * opening) + _CLOSING
    return chunks[:begin], chunks[begin:-_CLOSING]


def _token_tail(events: int) -> Stream:
    """Tokens after a tree of a tenth as many executions."""
    app = Dify(20, chat=False)
    steps = chain.from_iterable(app.ran(f"node {n}", "code", {}, {}) for n in range(events // 10))
    tree = [app.workflow_started(), *steps]
    tail = [app.text_chunk(token, "llm") for token in app.tokens(events)]
    return [frame(compact(told)).wire for told in tree], [frame(compact(told)).wire for told in tail]


STREAMS: Final[Mapping[str, Callable[[int], Stream]]] = {
    **{
        name: partial(_shape, name)
        for name in ("token_stream", "mixed_workflow", "rounds_2000", "loops", "agent_logs", "ragflow_agent")
    },
    "parallel_iteration": partial(_shape, "parallel_iteration", opening=0.2),  # its rounds are announced first
    "token_tail": _token_tail,
}


def tenths(dialect: str, stream: Stream) -> list[float]:
    """CPU time of an event in each tenth of a run."""
    opening, timed = stream
    tap = Tap(dialect)
    for chunk in opening:
        tap.feed(chunk, at=0)
    bounds = [len(timed) * part // 10 for part in range(11)]
    gc.collect()
    found = []
    for begin, end in pairwise(bounds):
        before = time.process_time()
        for chunk in timed[begin:end]:
            tap.feed(chunk, at=1)
        found.append((time.process_time() - before) / (end - begin))
    assert not tap.run.anomalies
    return found


def measure(name: str, events: int, rounds: int) -> Flat:
    """Feed a long run some times."""
    stream = STREAMS[name](events)
    gc.freeze()
    dialect = "ragflow" if name.startswith("ragflow") else "dify"
    return Flat(name, events, [tenths(dialect, stream) for _ in range(rounds)])


def apart(*, full: bool) -> list[Flat]:
    """Measure every stream, each in a process of its own; in short, a run of 10,000 events."""
    events, rounds = (100_000, 5) if full else (10_000, 3)
    options = [f"--events={events}", f"--rounds={rounds}"]
    return [in_a_process("benchmarks.bench_flat", [f"--shape={name}", *options], Flat) for name in STREAMS]


@click.command
@click.option("--shape", "names", type=click.Choice([*STREAMS]), multiple=True, help="Which; by default all.")
@click.option("--events", default=100_000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each.")
def main(*, names: tuple[str, ...], events: int, rounds: int, as_json: bool) -> None:
    """Tell what an event costs in each tenth of a long run."""
    for name in names or STREAMS:
        found = measure(name, events, rounds)
        if as_json:
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        else:
            costs = " ".join(f"{cost * 1e6:5.2f}" for cost in found.tenths[0])
            print(f"{name:20} last tenth / first tenth {found.ratio:.2f}   µs an event, first round: {costs}")


if __name__ == "__main__":
    main()
