"""The page of a comparison: `python -m benchmarks.report FILE > docs/benchmarks.md`; and its table for a terminal."""

from collections.abc import Iterator
from itertools import groupby, zip_longest
from pathlib import Path
from textwrap import fill
from typing import Final

import click
import msgspec

from benchmarks.goals import Goal, goals, goals_compiled, linearity
from benchmarks.peers import PEERS
from benchmarks.results import Figures, Results, ratio
from benchmarks.shapes import SHAPES
from benchmarks.stages import COMPILED, LIMITS, STREAMKIT
from benchmarks.tables import CHUNKING_NAMES, beside, markdown, microseconds, plain, times
from benchmarks.workers import NODE

_MAIN: Final = ("token_stream", "mixed_workflow")
_COLUMNS: Final = (COMPILED, *PEERS, NODE)
_HEADS: Final = {COMPILED: "compiled", NODE: "node"}
_TAPS: Final = ("feed", "run", "gateway")
"""The stages that give a whole run."""
_MARKS: Final = {True: "met", False: "MISSED", None: "not measured"}

_CAVEATS: Final = """\
# Benchmarks

Benchmarks are *hard*, and these were made by the authors of streamkit, who chose the workloads, wrote the adapters and want
to look good. Measure your own streams before you believe a table.

* **What is measured** is CPU time of one process that is given bytes in memory: no network, no TLS, no HTTP, no event loop.
  In most programs those cost more than all of this, and the model costs most.
* **The machine** was this one: {machine}.
  Other processors order libraries differently, and a busy one adds noise: a difference of less than a tenth says nothing.
* **Ratios are the figures to read.** Each library runs in a process of its own; a round asks each of them once, in turn, and
  a ratio is of two figures of the same round. Tables give the median over {rounds} rounds. Garbage is collected before each
  figure, and the collector stays on.
* **Peers get their best configuration:** bytes are fed as their own code feeds them, text is decoded by the standard
  library's quickest decoder, limits for the size of an event are lifted, and JSON is decoded by orjson unless it is said
  otherwise. `langgraph-sdk` decodes JSON while it frames, so its framing includes that. For `node` it is `JSON.parse`, and
  the time of its compiler and collector threads counts.
* **Peers do less, and want less.** They give text or dictionaries, where streamkit's *decode* gives typed events and its
  *run* the state of the whole run. Most of them also connect, reconnect and read responses, which is not measured.
* **Where a peer gives something else than was sent, there is no figure**, but what it did:
  [see below](#where-peers-are-wrong). A peer may have reasons for it.
* **Not measured:** latency of a single event, threads, other interpreters, compressed bodies, and everything that the
  viewer and the commands do.
"""

_REPEAT: Final = """\
## Repeat it

```console
$ make bench        # the short form, in two minutes
$ .venv-bench/bin/python -m benchmarks.compare --full --json results.json
$ .venv-bench/bin/python -m benchmarks.report results.json > docs/benchmarks.md
```
"""

_STAGES: Final = """\
## Stages

| stage | from bytes to | streamkit | peers |
|---|---|---|---|
| frame | data of a frame | `Parser.feed` | their decoder |
| decode | events | `Reader.events`: typed | the same, and orjson: dictionaries |
| feed | a whole run, and its events | `Tap.feed` | nothing |
| run | a whole run | `Tap.observe` | nothing |
| gateway | a whole run without payloads | `Tap.observe` with `GATEWAY` | nothing |

*msgspec alone* decodes payloads that somebody has cut out already, by the decoder that streamkit uses: no parser can be
quicker. *bytes.split* cuts at blank lines and does nothing else. *aiter_lines* is the loop that people write,
`aiter_lines()` of httpx and `startswith("data: ")`: it sees one data line of a frame, no event types and no ids. *node* is
eventsource-parser. *compiled* is streamkit with its fast way [compiled](architecture.md#compiled), which is for who asks for it.
"""


def page(results: Results) -> str:
    """The page."""
    machine = results.machine
    where = f"{machine.cpu}, {machine.cores} cores, {machine.system}, {machine.python}, on {machine.date}"
    rounds = max((len(figures.rounds) for figures in results.figures), default=0)
    parts = [
        _CAVEATS.format(machine=where, rounds=rounds),
        _REPEAT,
        "## Versions\n\n" + ", ".join(f"{name} {told}" for name, told in results.versions.items()) + ".\n",
        *([f"Left out: {_joined(results.absent)}.\n"] if results.absent else []),
        "## Goals\n\n" + markdown(["goal", "found", "", "compiled", ""], _goal_rows(results)) + "\n",
        _STAGES,
        *_matrices(results),
        *_ends(results),
    ]
    return "\n".join(parts)


def _joined(told: dict[str, str]) -> str:
    return ", ".join(f"{name} ({why})" for name, why in told.items())


def _goal_rows(results: Results) -> list[list[str]]:
    return [
        [goal.text, *_told(goal), *(_told(compiled) if compiled else ("", ""))]
        for goal, compiled in zip_longest(goals(results), goals_compiled(results))
    ]


def _told(goal: Goal) -> tuple[str, str]:
    return goal.found, _MARKS[goal.met] if goal.met is not None else ""


def _matrices(results: Results) -> Iterator[str]:
    for stage, title, limit in (("frame", "Framing", "bytes.split"), ("decode", "Decoding", "msgspec alone")):
        for chunking, name in CHUNKING_NAMES.items():
            rows = [row for shape in SHAPES if (row := _row(results, stage, shape, chunking, limit))]
            if rows:
                head = ["shape", "streamkit, µs an event (best)", *(_HEADS.get(name, name) for name in _COLUMNS), limit]
                yield f"## {title}, {name}\n\nHow often streamkit's time the others took.\n\n{markdown(head, rows)}\n"
    for chunking, name in CHUNKING_NAMES.items():
        rows = [row for shape in SHAPES if (row := _run_row(results, shape, chunking))]
        if rows:
            head = ["shape", *_TAPS, *(f"beside {stage}" for stage in _TAPS), "beside run, compiled"]
            told = "µs an event, and how often that httpx-sse and `json.loads` took."
            yield f"## A whole run, {name}\n\n{told}\n\n{markdown(head, rows)}\n"


def _row(results: Results, stage: str, shape: str, chunking: str, limit: str) -> list[str]:
    ours = results.find(stage, shape, chunking, STREAMKIT)
    if ours is None:
        return []
    others = (results.find(stage, shape, chunking, name, scale=ours.scale) for name in (*_COLUMNS, limit))
    cost = microseconds(results, ours)
    if ours.rounds:
        cost += f" ({microseconds(results, ours, ours.best)})"
    return [f"`{shape}`", cost, *(beside(results, figures) for figures in others)]


def _run_row(results: Results, shape: str, chunking: str) -> list[str]:
    ours = [results.find(stage, shape, chunking, STREAMKIT) for stage in _TAPS]
    if ours[0] is None:
        return []
    compiled = results.find("run", shape, chunking, COMPILED)
    peer = results.find("json", shape, chunking, "httpx-sse")
    beside_them = ["wrong" if peer and peer.wrong else times(ratio(peer, one)) for one in (*ours, compiled)]
    return [f"`{shape}`", *(microseconds(results, figures) for figures in ours), *beside_them]


def _ends(results: Results) -> Iterator[str]:
    head = ["", "4 MB beside 1 MB", "one event of 12 MB: grows by"]
    yield f"## Long lines\n\nIn chunks of 4 KiB. Linear is 4.\n\n{markdown(head, _long_lines(results))}\n"
    flat = [[f"`{found.shape}`", f"{found.events:,}", times(found.ratio)] for found in results.flat]
    yield f"## Long runs\n\n{markdown(['stream', 'events', 'an event of the last tenth beside the first'], flat)}\n"
    memory = [[found.name, f"{found.count:,}", f"{found.bytes:,.0f}"] for found in results.memory]
    yield f"## Memory\n\n`benchmarks/bench_memory.py` tells what these are.\n\n{markdown(['', 'count', 'bytes'], memory)}\n"
    yield f"## Where peers are wrong\n\n{_wrong(results)}\n"
    yield f"## Shapes\n\n{_shapes()}"


def _long_lines(results: Results) -> list[list[str]]:
    peaks = results.peaks
    return [
        [name, times(linearity(results, name)), f"{peaks[name] / 1e6:.0f} MB" if name in peaks else ""]
        for name in (STREAMKIT, COMPILED, *PEERS)
        if name not in results.absent
    ]


def _wrong(results: Results) -> str:
    found = {
        (figures.library, figures.shape, figures.wrong or "", figures.chunking)
        for figures in results.figures
        if figures.wrong
    }
    rows = []
    for (library, shape, why), group in groupby(sorted(found), key=lambda told: told[:3]):
        rows.append([library, f"`{shape}`", ", ".join(chunking for *_, chunking in group), why])
    return markdown(["library", "shape", "chunks", "what happened"], rows).replace("---:", "---")


def _shapes() -> str:
    rows = [[f"`{name}`", " ".join((shape.__doc__ or "").split())] for name, shape in SHAPES.items()]
    return markdown(["shape", "what it stresses"], rows).replace("---:", "---") + "\n"


def table(results: Results) -> str:
    """The same in short, for a terminal."""
    machine, ours = results.machine, results.versions.get(STREAMKIT, "")
    parts = [f"streamkit {ours} · {machine.python} · {machine.cpu} · {machine.date}"]
    cases = [(shape, chunking) for shape in _MAIN for chunking in ("event", "64KiB")]
    for stage in ("frame", "decode", "json", *_TAPS):
        names = [
            name for name in (STREAMKIT, *_COLUMNS, *LIMITS) if any(results.find(stage, *case, name) for case in cases)
        ]
        rows = [[name, *(_cell(results, results.find(stage, *case, name)) for case in cases)] for name in names]
        head = [
            f"{stage}: µs an event, x streamkit's",
            *(f"{shape.partition('_')[0]}, {chunking}" for shape, chunking in cases),
        ]
        parts.append(plain(head, rows))
    others = [shape for shape in SHAPES if shape not in _MAIN]
    parts.append(
        plain(
            ["frame", "µs an event", "quickest Python peer", "node", "wrong"],
            [_other(results, shape) for shape in others],
        )
    )
    parts.append(plain(["long lines", "4 MB beside 1 MB", "12 MB event grows by"], _long_lines(results)))
    told = [
        f"{_MARKS[goal.met]:>12}  {goal.text}: {goal.found}" + (f"; compiled: {compiled.found}" if compiled else "")
        for goal, compiled in zip_longest(goals(results), goals_compiled(results))
    ]
    parts.append("\n".join(fill(line, 100, subsequent_indent=" " * 14) for line in told))
    return "\n\n".join(parts)


def _cell(results: Results, figures: Figures | None) -> str:
    cost, ratio_told = microseconds(results, figures), beside(results, figures)
    if figures is None or figures.wrong or figures.library == STREAMKIT or not ratio_told:
        return cost
    return f"{cost} ({ratio_told})"


def _other(results: Results, shape: str) -> list[str]:
    chunking = next(
        (chunking for chunking in ("64KiB", "4KiB") if results.find("frame", shape, chunking, STREAMKIT)), ""
    )
    found = {name: results.find("frame", shape, chunking, name) for name in (STREAMKIT, *_COLUMNS)}
    peers = [(told, name) for name in PEERS if (told := ratio(found[name], found[STREAMKIT])) is not None]
    quickest = f"{min(peers)[1]} {times(min(peers)[0])}" if peers else ""
    wrong = sum(figures is not None and figures.wrong is not None for figures in found.values())
    return [shape, microseconds(results, found[STREAMKIT]), quickest, beside(results, found[NODE]), str(wrong or "")]


@click.command
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(file: Path) -> None:
    """Print the page of the results in FILE."""
    click.echo(page(msgspec.json.decode(file.read_bytes(), type=Results)), nl=False)


if __name__ == "__main__":
    main()
