"""Figures of `streamkit view` as a program in a terminal: `python -m benchmarks.viewer.outside`."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.viewer.bodies import body
from benchmarks.viewer.inside import RATE
from benchmarks.viewer.judged import Figure, quantile
from benchmarks.viewer.parts import command
from benchmarks.viewer.terminal import Terminal
from benchmarks.workers import ROOT

_SHOWN: Final = b"move"
"""In the last line of the first frame."""
_READ: Final = 300.0
"""Seconds in which a long run must be read."""


def _view(*sources: str) -> Terminal:
    return Terminal("streamkit", ["view", *sources])


def first_frame(folder: Path, executions: int, seconds: float) -> list[Figure]:
    """G1, the median of five after one that fills caches; and how idle it is then (G12), and how quick (G6)."""
    walls, cpus, path = [], [], str(body(folder, 1000))
    for _ in range(6):
        with _view(path) as terminal:
            terminal.until(_SHOWN)
            walls.append(time.monotonic() - terminal.began - terminal.waited)
            cpus.append(terminal.cpu)
    found = [Figure("G1 wall", quantile(walls[1:], 0.5) * 1e3), Figure("G1 CPU", quantile(cpus[1:], 0.5) * 1e3)]
    with _view(path) as terminal:
        terminal.until(_SHOWN)
        _settle(terminal)
        terminal.press(b"gjj")  # neither up nor down is the end
        terminal.rest(3)
        found += [Figure("G12 over", _share(terminal, seconds)), *_keys(terminal, "G6", _any)]
    return found


def long_run(folder: Path, executions: int, seconds: float) -> list[Figure]:
    """G2, and what is held when all is read (G8)."""
    path = str(body(folder, executions))
    with _view(path) as terminal:
        terminal.until(_SHOWN)
        wall = time.monotonic() - terminal.began - terminal.waited
        _settle(terminal)
        return [Figure("G2", wall * 1e3), Figure("G8", terminal.resident / 1e6)]


def load(folder: Path, executions: int, seconds: float) -> list[Figure]:
    """G5, G7 and G13 of a run that comes through a pipe; before that, it is quiet (G12)."""
    options = [f"--executions={executions}", f"--rate={RATE}", f"--seconds={seconds + 6}"]
    writer = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.viewer.load", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdin is not None
    with Terminal("streamkit", ["view", "-"], stdin=writer.stdout) as terminal:
        terminal.until(_SHOWN)
        _settle(terminal)
        found = [Figure("G12 quiet", _share(terminal, seconds))]
        writer.stdin.write(b"\n")
        writer.stdin.flush()
        terminal.rest(1)
        terminal.painted.clear()
        began, cpu = time.monotonic(), terminal.cpu
        count = terminal.rest(seconds)
        took = time.monotonic() - began
        found += [Figure("G5 core", (terminal.cpu - cpu) / took * 100), Figure("G13", count / took / 1e3)]
        found += _keys(terminal, "G7", _marked)
    writer.kill()
    writer.communicate()
    return found


def _settle(terminal: Terminal) -> None:
    """Wait until nothing is read any more: it takes little of a core for some seconds."""
    deadline, quiet = time.monotonic() + _READ, 0
    while quiet < 4:
        quiet = quiet + 1 if _share(terminal, 1.0) < 20 else 0
        if time.monotonic() > deadline:
            raise TimeoutError("it reads on and on")


def _share(terminal: Terminal, seconds: float) -> float:
    """How much of a core it takes, in hundredths."""
    began, cpu = time.monotonic(), terminal.cpu
    terminal.rest(seconds)
    return (terminal.cpu - cpu) / (time.monotonic() - began) * 100


def _any(number: int) -> tuple[bytes, bytes]:
    return b"j" if number % 2 else b"k", b"\x1b["


def _marked(number: int) -> tuple[bytes, bytes]:
    """Something that nothing but the key paints: a run is marked, and then none."""
    return b"B", (b"marked:", b"no run is")[number % 2]


def _keys(terminal: Terminal, goal: str, next_key: Callable[[int], tuple[bytes, bytes]]) -> list[Figure]:
    """Press keys, and wait for what they paint; what other processes took is no part of it."""
    taken = []
    for number in range(40):
        key, text = next_key(number)
        waited = terminal.waited
        terminal.press(key)
        wall = terminal.until(text)
        taken.append(max(wall - (terminal.waited - waited), 0))
        terminal.rest(0.08 + 0.007 * (number % 7))  # not in step with frames
    return [Figure(f"{goal} {name}", quantile(taken, part) * 1e3) for name, part in (("p50", 0.5), ("p99", 0.99))]


PARTS: Final = {"first": first_frame, "long": long_run, "load": load}


main = command(PARTS, lambda part, folder, executions, seconds: PARTS[part](folder, executions, seconds))

if __name__ == "__main__":
    main()
