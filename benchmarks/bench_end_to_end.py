"""Bytes to a whole run: with its events, alone, and as a gateway keeps it: `python -m benchmarks.bench_end_to_end --shape token_stream`."""

from benchmarks.daily import command
from benchmarks.stages import STREAMKIT, library

if __name__ == "__main__":
    stages = library(STREAMKIT).stages
    command({name: stages[name] for name in ("feed", "run", "gateway")}, "Measure a tap: bytes to a whole run.")()
