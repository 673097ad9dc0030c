"""Measuring in a process of its own, so that nothing that ran before is in the figure."""

import subprocess
import sys
from typing import TypeVar

import msgspec

from benchmarks.workers import ROOT

T = TypeVar("T")


def in_a_process(module: str, options: list[str], kind: type[T]) -> T:
    """Run a benchmark with `--json`, and return the one thing that it prints."""
    command = [sys.executable, "-m", module, *options, "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=kind)
