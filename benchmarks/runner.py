"""The process in which one library runs: `python -m benchmarks.runner NAME`.

It says `{}` when it is ready, and then answers each line of JSON on its input with one on its output. `runner.mjs` is the same for node.
"""

import contextlib
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.stages import COMPILED, Library, Stage, library


class Task(msgspec.Struct, frozen=True):
    """What the parent asks for."""

    file: str
    """A case; it is kept until another one is named, so that no two may have the same name."""
    stage: str | None = None
    """What to measure; None to verify."""
    seconds: float = 0.0
    """Repeat it for that long."""


class Reply(msgspec.Struct, frozen=True):
    """What it gets."""

    seconds: float = 0.0
    """CPU time of one run."""
    wrong: str | None = None
    """Why there is no figure."""
    peak: int = 0
    """How many bytes the process grew over what it held before, at most."""


def cpu_time(stage: Stage, case: Case, seconds: float) -> float:
    """CPU time of one run, after a collection of garbage: the mean over as many as fit into some seconds.

    The first one only warms the processor's caches, unless it is so long that they do not count.
    """
    gc.collect()
    first = _timed(stage, case)
    if first >= seconds:
        return first
    runs, spent = 0, 0.0
    while spent < seconds:
        spent += _timed(stage, case)
        runs += 1
    return spent / runs


def _timed(stage: Stage, case: Case) -> float:
    before = time.process_time()
    stage(case)
    return time.process_time() - before


def verify(lib: Library, case: Case) -> str | None:
    """Say what is wrong with the frames that a library finds; None if nothing is."""
    if lib.frames is None:
        return None
    found, expected = lib.frames(case), case.payloads
    count = 0
    try:
        for count, data in enumerate(found, 1):
            if count <= len(expected) and not _same(data, expected[count - 1], decoded=lib.decodes):
                return f"other data in frame {count}" if data else f"frame {count} is empty: nothing was sent"
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
        return f"raises {type(error).__name__} at frame {count + 1}"
    if count != len(expected):
        return f"{count} frames, not {len(expected)}"
    return None


def _same(data: Any, expected: bytes, *, decoded: bool) -> bool:
    if decoded:
        return data == json.loads(expected)
    return (data.encode() if isinstance(data, str) else data) == expected


def peak() -> int:
    """The most bytes that this process ever held, or since `forget_peak`."""
    with contextlib.suppress(OSError):  # Linux: getrusage would start with what the parent held
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return told if sys.platform == "darwin" else told * 1024


def forget_peak() -> None:
    """Begin anew with what is held now, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def main(name: str) -> None:
    """Answer until the input ends."""
    lib = library(name)
    if name == COMPILED:
        from streamkit import sse

        assert not sse.__file__.endswith(".py"), "this streamkit is not compiled"
    verify(lib, Case("dify", [b"data: {}\n\n"], [b"{}"]))  # the adapters import when they are used
    print("{}", flush=True)
    file, case = "", Case("", [], [])
    before = 0
    for line in sys.stdin:
        task = msgspec.json.decode(line, type=Task)
        if task.file != file:
            file, case = task.file, cases.read(Path(task.file))
            gc.collect()
            gc.freeze()  # what a library imported is no garbage of its frames
            forget_peak()
            before = peak()
        reply = Reply(wrong=verify(lib, case)) if task.stage is None else _measured(lib, task, case, before)
        print(msgspec.json.encode(reply).decode(), flush=True)


def _measured(lib: Library, task: Task, case: Case, before: int) -> Reply:
    assert task.stage is not None
    try:
        seconds = cpu_time(lib.stages[task.stage], case, task.seconds)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
        return Reply(wrong=f"raises {type(error).__name__}")
    return Reply(seconds=seconds, peak=peak() - before)


if __name__ == "__main__":
    main(sys.argv[1])
