"""What streamkit wants of itself, and whether a comparison shows it. All are ratios of one run, or bytes."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from benchmarks.peers import LOOP, PEERS
from benchmarks.results import Figures, Results, ratio, worst
from benchmarks.stages import COMPILED, STREAMKIT

HUGE: Final = "one_12mb_event"
_USUAL: Final = ("event", "64KiB")
_UNUSUAL: Final = ("random", "4KiB", "1-byte")
_TIMES: Final = 4
"""The longer line of the two that show whether time is linear."""


class Goal(Struct, frozen=True):
    """One goal."""

    text: str
    found: str
    met: bool | None
    """None if it was not measured."""


def goals(results: Results) -> list[Goal]:
    """Say of each goal whether it is met."""
    return [*_speed(results, STREAMKIT), *_size(results)]


def goals_compiled(results: Results) -> list[Goal]:
    """Say it of those of speed, for streamkit as it is compiled."""
    return [*_speed(results, COMPILED)]


def _speed(results: Results, ours: str) -> Iterator[Goal]:
    for shape, most in (("token_stream", 1.25), ("mixed_workflow", 1.4)):
        for chunking, found in _beside(results, ours, "decode", "msgspec alone", "decode", shape):
            yield _at_most(f"decode, {shape}, {chunking}: at most {most} x msgspec alone", found, most)
    for stage, shape, least in (
        ("run", "token_stream", 5),
        ("gateway", "token_stream", 7),
        ("run", "mixed_workflow", 3),
    ):
        for chunking, found in _beside(results, "httpx-sse", "json", ours, stage, shape):
            text = f"{stage}, {shape}, {chunking}: {least} x faster than httpx-sse and json.loads"
            yield _at_least(text, found, least)
    libraries = [name for name in PEERS if name != LOOP]
    for text, peers, shape, least in (
        ("frame, every shape: faster than every Python library", libraries, None, 1),
        ("frame, token_stream: 2 x faster than every Python library", libraries, "token_stream", 2),
        ("frame, every shape: faster than the loop that people write", [LOOP], None, 1),
    ):
        found, where = _quickest(results, ours, peers, shape, _USUAL)
        yield _at_least(text, found, least, where)
    found, where = _quickest(results, ours, libraries, None, _UNUSUAL)
    yield _at_least("frame, every shape, other chunks: faster than every Python library", found, 1, where)
    times = linearity(results, ours)
    yield _at_most("frame, a line of 4 MB: at most 5 x the time of 1 MB", times, 5)
    joined = ratio(_huge(results, "frame", ours), _huge(results, "join", "join and find"))
    yield _at_most("frame, an event of 12 MB: at most 3 x join and find", joined, 3)


def _size(results: Results) -> Iterator[Goal]:
    flat = worst(found.ratio for found in results.flat)
    yield _at_most("long runs: the last tenth at most 1.1 x the first", flat, 1.1)
    for memory in results.memory:
        if memory.name == "taps":
            size = f"{memory.bytes / 1024:.1f} KiB"
            yield Goal("an open tap in a gateway: at most 8 KiB beyond its text", size, memory.bytes <= 8 * 1024)
        if memory.name == "executions":
            size = f"{memory.bytes / 1e6:.0f} MB"
            yield Goal("100,000 executions: less than 60 MB", size, memory.bytes < 60e6)


def linearity(results: Results, library: str) -> float | None:
    """How often the time for 1 MB a line of 4 MB takes."""
    scales = sorted({figures.scale for figures in results.figures if figures.shape == HUGE})
    if not scales:
        return None
    short = results.find("frame", HUGE, "4KiB", library, scale=scales[0])
    long = results.find("frame", HUGE, "4KiB", library, scale=scales[0] * _TIMES)
    return ratio(long, short)


def _huge(results: Results, stage: str, library: str) -> Figures | None:
    return results.find(stage, HUGE, "4KiB", library, scale=1.0)


def _beside(
    results: Results, one: str, stage: str, base: str, base_stage: str, shape: str
) -> Iterator[tuple[str, float | None]]:
    """Each chunking, and how often the base's time one library takes there."""
    for chunking in _USUAL:
        figures = results.find(stage, shape, chunking, one)
        yield chunking, ratio(figures, results.find(base_stage, shape, chunking, base))


def _quickest(
    results: Results, ours: str, peers: list[str], shape: str | None, chunkings: Sequence[str]
) -> tuple[float | None, str]:
    """How often our time a peer takes, where that is least; and which peer, and where."""
    found = [
        (times, f" ({figures.library}, {figures.shape}, {figures.chunking})")
        for figures in results.figures
        if figures.library in peers
        and figures.chunking in chunkings
        and figures.stage == "frame"
        and shape in (None, figures.shape)
        if (times := ratio(figures, _same(results, figures, ours))) is not None
    ]
    return min(found, default=(None, ""))


def _same(results: Results, figures: Figures, library: str) -> Figures | None:
    return results.find(figures.stage, figures.shape, figures.chunking, library, scale=figures.scale)


def _at_most(text: str, found: float | None, most: float) -> Goal:
    return Goal(text, "not measured" if found is None else f"{found:.2f}", None if found is None else found <= most)


def _at_least(text: str, found: float | None, least: float, where: str = "") -> Goal:
    told = "not measured" if found is None else f"{found:.2f}{where}"
    return Goal(text, told, None if found is None else found >= least)
