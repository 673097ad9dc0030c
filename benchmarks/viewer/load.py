"""Writes a long run to standard output and then goes on at a steady rate: what `streamkit view -` is given under load."""

import os
import sys
import time
from itertools import islice
from typing import Final

import click

from benchmarks.viewer.bodies import LongRun

_BEAT: Final = 0.02
"""Seconds between two writes."""


@click.command
@click.option("--executions", default=100_000, show_default=True, help="What is written first, as fast as it is read.")
@click.option("--rate", default=20_000, show_default=True, help="Events in a second after that.")
@click.option("--seconds", default=20.0, show_default=True)
@click.option("--says", default=55, show_default=True, help="Tokens of a model.")
def main(*, executions: int, rate: int, seconds: float, says: int) -> None:
    """Write, wait for a line of input, and go on."""
    run, out = LongRun(seed=44), sys.stdout.fileno()
    _write(out, b"".join(run.opening(10**6)))
    for _ in range(0, executions * 3, 3000):
        _write(out, b"".join(islice(run.rounds(), 3000)))
    frames = run.rounds(says)
    chunks = [b"".join(islice(frames, int(rate * _BEAT))) for _ in range(int(seconds / _BEAT))]
    sys.stdin.readline()
    began = time.monotonic()
    for number, chunk in enumerate(chunks):
        _write(out, chunk)
        time.sleep(max(began + number * _BEAT - time.monotonic(), 0))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main()
