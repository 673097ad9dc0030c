"""Cells and tables, as text for a terminal or as Markdown."""

from collections.abc import Iterable, Sequence

from benchmarks.results import Figures, Results, ratio
from benchmarks.stages import STREAMKIT

CHUNKING_NAMES = {
    "event": "one event per chunk",
    "random": "random chunks",
    "64KiB": "chunks of 64 KiB",
    "4KiB": "chunks of 4 KiB",
    "1-byte": "one byte per chunk",
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and all others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same for a terminal."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def times(value: float | None) -> str:
    """A ratio."""
    if value is None:
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def microseconds(results: Results, figures: Figures | None, seconds: float | None = None) -> str:
    """CPU time of an event, by default the median; what is wrong, if that is why there is none."""
    if figures is None or not figures.rounds:
        return "" if figures is None or figures.wrong is None else short(figures.wrong)
    cost = (seconds or figures.median) / results.size(figures).events * 1e6
    return f"{cost:.2f}" if cost < 100 else f"{cost:.0f}"


def beside(results: Results, figures: Figures | None) -> str:
    """How often streamkit's time a library took for the same."""
    if figures is None:
        return ""
    if figures.wrong is not None:
        return short(figures.wrong)
    ours = results.find(figures.stage, figures.shape, figures.chunking, STREAMKIT, scale=figures.scale)
    return times(ratio(figures, ours))


def short(wrong: str) -> str:
    """One word for what went wrong."""
    return "timeout" if wrong.startswith("no end") else "raises" if wrong.startswith("raises") else "wrong"
