"""Bars and strips of figures, drawn in eighths of a column; in ASCII in whole ones."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streamkit.cli.render.look import ASCII, Look

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_ASCII_LEVELS: Final = " .:-=+*#@"


def bar(share: float, width: int, look: Look) -> str:
    """Return a bar of `width` columns, filled up with blanks; what is more than nothing is seen.

    Args:
        share: how much of the width is full, 0 to 1.
        width: columns.
        look: how to draw.
    """
    eighths = round(min(max(share, 0), 1) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    if look.glyphs is ASCII:
        return ("#" * -(-eighths // 8))[:width].ljust(width)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else ""))[:width].ljust(width)


def strip(figures: Sequence[float], look: Look) -> str:
    """Return one column for each figure, as high as it is beside the others; what is more than nothing is seen."""
    levels = _ASCII_LEVELS if look.glyphs is ASCII else _LEVELS
    most = max(figures, default=0)
    if most <= 0:
        return " " * len(figures)
    return "".join(levels[max(round(figure / most * 8), 1) if figure > 0 else 0] for figure in figures)


def resampled(figures: Sequence[float], columns: int) -> list[float]:
    """Return figures for another number of columns: each is the highest of those that it stands for."""
    have = len(figures)
    if have == columns or not columns:
        return list(figures[:columns])
    edges = [column * have // columns for column in range(columns + 1)]
    return [max(figures[start : max(end, start + 1)], default=0) for start, end in pairwise(edges)]
