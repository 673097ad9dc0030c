"""What is different between the shapes of two bodies, a line each."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from streamkit.cli.render.cells import Span, paint
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from streamkit.shape import Change

_SIGNS: Final = {"added": ("+", "good"), "gone": ("-", "bad"), "changed": ("~", "odd"), "moved": (">", "odd")}
_FEW: Final = 3
"""The same field of more kinds of events than this is told once."""


def render_changes(changes: Sequence[Change], look: Look) -> Iterator[str]:
    """Yield a line for each change; the same change of a field in many events is one line."""
    for change, events in _together([change for change in changes if change.of != "file"]):
        sign, style = _SIGNS[change.change]
        where = change.where if len(events) <= _FEW else f"{change.path} (in {len(events)} kinds of events)"
        told = f" {look.glyphs.arrow} ".join(safe_line(text) for text in (change.old, change.new) if text is not None)
        line = (Span(f"  {sign} ", style), Span(f"{change.of:9}", "dim"), Span(safe_line(where)))
        yield paint((*line, Span(f"  {told}" if told else "", "dim")), colour=look.colour)


def _together(changes: Sequence[Change]) -> Iterator[tuple[Change, Sequence[str | None]]]:
    """Yield changes with the events that they are of, where those are many."""
    for (of, *_), found in groupby(sorted(changes, key=_rank), _rank):
        alike = list(found)
        if of == _RANKS["field"] and len(alike) > _FEW:
            yield alike[0], [change.event for change in alike]
        else:
            yield from ((change, [change.event]) for change in alike)


_RANKS: Final = {"framing": 0, "event": 1, "field": 2, "order": 3}


def _rank(change: Change) -> tuple[int, str, str, str]:
    """Return what stands together: framing, events, fields by their path, order."""
    path = change.path if change.of == "field" else None
    return (
        _RANKS[change.of],
        path or "",
        f"{change.change} {change.old}" if path else "",
        change.new or "" if path else "",
    )
