"""The title of a pane with tabs: which there are, what the thing is called, and where in it one is."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from streamkit.cli.render.cells import Line, Span, cells, cut
from streamkit.cli.render.look import Glyphs

_NARROW: Final = 60
"""On fewer columns the tabs that say nothing are left out."""
_RULES: Final = 3
"""Pieces of the rule that are always there: one before the tabs, two behind them."""
_SHORTEST: Final = 6
"""Columns without which nothing is called anything."""


def title(
    *,
    tabs: Sequence[tuple[str, bool]],
    chosen: str,
    label: str,
    path: str,
    place: str,
    search: str,
    width: int,
    glyphs: Glyphs,
) -> Line:
    """Return the title.

    Args:
        tabs: their names, and whether they say anything.
        chosen: the one in view.
        label: what the thing is called.
        path: where in a value one is.
        place: where in the whole one is.
        search: what is searched for.
        width: columns.
        glyphs: rules and what marks what is left out.
    """
    end = f" {' '.join(filter(None, (search, place)))} "
    room = width - cells(end) - _RULES
    shown = list(_tabs(tabs, chosen, narrow=width < _NARROW))
    if _width(shown) > room:
        shown = [Span(f"[{chosen}]", "title")]
    room -= _width(shown)
    called = _called(label, path, room - 2, glyphs.cut) if room > _SHORTEST else ""
    name = f" {called} " if called else ""
    rule = glyphs.rule
    return (
        Span(rule, "dim"),
        *shown,
        Span(rule * (_RULES - 1), "dim"),
        Span(name),
        Span(rule * (room - cells(name)), "dim"),
        Span(end, "dim"),
    )


def _tabs(tabs: Sequence[tuple[str, bool]], chosen: str, *, narrow: bool) -> Iterator[Span]:
    for tab, says in tabs:
        if tab == chosen:
            yield Span(f"[{tab}]", "title")
        elif says:
            yield Span(f" {tab} ")
        elif not narrow:
            yield Span(f" {tab} ", "dim")


def _called(label: str, path: str, room: int, ellipsis: str) -> str:
    """Return the label and the path; where both are too much, the end of the path."""
    if not path or cells(label) + 1 + cells(path) <= room:
        return cut(f"{label} {path}".strip(), room, ellipsis)
    return path if cells(path) <= room else cut(ellipsis + path[len(ellipsis) - room :], room, ellipsis)


def _width(spans: Iterable[Span]) -> int:
    return sum(cells(span.text) for span in spans)
