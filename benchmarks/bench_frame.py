"""Framing alone, bytes to frames: `python -m benchmarks.bench_frame --shape token_stream`."""

from benchmarks.daily import command
from benchmarks.stages import STREAMKIT, library

if __name__ == "__main__":
    stages = library(STREAMKIT).stages
    command({"frame": stages["frame"]}, "Measure framing: bytes to frames.")()
