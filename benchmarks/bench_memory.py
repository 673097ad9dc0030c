"""What is held, in bytes: `python -m benchmarks.bench_memory`. Each figure is of a process of its own.

* `executions`: one run of 100,000 executions without payloads
* `taps`: 10,000 open taps as a gateway has them, each at the 200th event of a run of four nodes; a tap, beyond its text
* `huge event`: a tap that reads one event of 12 MB in chunks of 4 KiB; the most that it ever held
"""

import contextlib
import gc
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click
import msgspec

from benchmarks import cases
from benchmarks.apart import in_a_process
from benchmarks.results import Memory
from benchmarks.runner import forget_peak, peak
from benchmarks.shapes import frame
from benchmarks.wire import Dify, compact
from streamkit import GATEWAY, Tap

_TOLD: Final = 200
"""How many events an open tap has seen."""


def resident() -> int:
    """The bytes that this process holds now; where the system does not tell, the most it ever held."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return peak()


def executions(count: int) -> float:
    """Bytes of a run with so many executions."""
    app, tap = Dify(30, chat=False), Tap("dify")
    tap.feed(frame(compact(app.workflow_started())).wire)
    gc.collect()
    before = resident()
    for number in range(count):
        for told in app.ran(f"node {number % 50}", "code", {}, {}):
            tap.feed(frame(compact(told)).wire)
    gc.collect()
    assert sum(1 for _ in tap.run.walk()) == count
    return resident() - before


def taps(count: int) -> float:
    """Bytes of one open tap, beyond its text."""
    told, ids = _opening()
    _tap(told, ids, 0)
    gc.collect()
    before = resident()
    held = [_tap(told, ids, number) for number in range(count)]
    gc.collect()
    text = sum(len(tap.run.text.encode()) for tap in held[:100]) / len(held[:100])
    return (resident() - before) / count - text


def _opening() -> tuple[bytes, list[bytes]]:
    """The first events of a run of four nodes, and the ids in them."""
    app = Dify(31)
    execution = app.id()
    steps = [app.workflow_started(), *app.ran("start", "start", {}, {})]
    steps += app.ran("find", "knowledge-retrieval", {"query": app.prose(60)}, {"result": app.documents(2000)})
    steps += [*app.ran("code", "code", {}, {"result": app.prose(300)}), app.started(execution, "llm", "llm")]
    steps += [app.message(token, "llm") for token in app.tokens(_TOLD - len(steps))]
    ids = {app.run, app.message_id, execution, app.talk["conversation_id"], app.task["task_id"]}
    ids |= {step["data"]["id"] for step in steps if step["event"] == "node_started"}
    return b"".join(frame(compact(step)).wire for step in steps), [told.encode() for told in sorted(ids)]


def _tap(told: bytes, ids: list[bytes], number: int) -> Tap:
    """A tap on a run with ids of its own."""
    for known in ids:
        told = told.replace(known, b"%08x" % number + known[8:])
    tap = Tap("dify", retention=GATEWAY)
    for chunk in told.split(b"\n\n")[:-1]:
        tap.observe(chunk + b"\n\n")
    assert tap.run.status == "running"
    return tap


def huge_event(count: int) -> float:
    """The most that was held while an event of so many MB was read."""
    chunks = cases.make("one_12mb_event", "4KiB", count / 12).chunks
    tap = Tap("dify", retention=GATEWAY)
    gc.collect()
    forget_peak()
    before = peak()
    for chunk in chunks:
        tap.observe(chunk)
    return peak() - before


FIGURES: Final[Mapping[str, tuple[Callable[[int], float], int, int]]] = {
    "executions": (executions, 100_000, 100_000),
    "taps": (taps, 10_000, 1_000),
    "huge event": (huge_event, 12, 12),
}
"""How to measure, how many in the long form, and how many in the short one."""


def apart(*, full: bool) -> list[Memory]:
    """Measure everything, each in a process of its own."""
    short = [] if full else ["--short"]
    return [in_a_process("benchmarks.bench_memory", [f"--figure={name}", *short], Memory) for name in FIGURES]


@click.command
@click.option("--figure", type=click.Choice([*FIGURES]), help="Which; by default all, one process after the other.")
@click.option("--short", is_flag=True, help="Fewer taps.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each.")
def main(*, figure: str | None, short: bool, as_json: bool) -> None:
    """Tell what is held, in bytes."""
    if figure is None:
        found = apart(full=not short)
    else:
        how, long_count, short_count = FIGURES[figure]
        count = short_count if short else long_count
        found = [Memory(figure, count, how(count))]
    for memory in found:
        if as_json:
            sys.stdout.write(msgspec.json.encode(memory).decode() + "\n")
        else:
            print(f"{memory.name:12} {memory.count:>7,}  {memory.bytes:>13,.0f} bytes")


if __name__ == "__main__":
    main()
