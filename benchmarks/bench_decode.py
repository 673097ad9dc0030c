"""Decoding, bytes to typed events, beside the limit: `python -m benchmarks.bench_decode --shape token_stream`.

The limit is msgspec on payloads that are cut out already. Shapes of dialects that need more than one decoder for a
frame have no such limit, and are left out.
"""

from benchmarks.daily import command
from benchmarks.shapes import SHAPES
from benchmarks.stages import LIMITS, STREAMKIT, library

if __name__ == "__main__":
    stages = {"decode": library(STREAMKIT).stages["decode"], "msgspec": LIMITS["msgspec alone"].stages["decode"]}
    dify = [name for name, shape in SHAPES.items() if shape(0.001).dialect == "dify"]
    command(stages, "Measure decoding: bytes to typed events.", dify)()
