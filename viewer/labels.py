"""What a row of the tree says: its name, what it is, its figures."""

from typing import Final, NamedTuple

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span, cells, cut, pad
from streamkit.cli.render.look import STYLES_OF_STATUS, Look
from streamkit.cli.render.parts import gist
from streamkit.cli.safe import safe_line
from streamkit.run import NodeExecution, Run
from streamkit.run.logs import Log
from streamkit.run.rounds import Round
from streamkit.run.state import Attempt
from viewer.axis import Axis
from viewer.facts import Facts
from viewer.rows import Item

_TYPE_MOST: Final = 12
_TYPE_WHOLE: Final = 19
"""Columns of the longest type of Dify's; so many it has where a label has `_WIDE` columns."""
_WIDE: Final = 48
_SAID: Final = 24
"""Columns of what an execution is saying."""
_FIGURES: Final = (("dur", 8), ("tok", 9), ("cost", 9))
_LABEL_LEAST: Final = 28


class Columns(NamedTuple):
    """How the width is shared."""

    label: int
    figures: tuple[int, ...]
    bar: int

    @classmethod
    def of(cls, width: int, *, cost: bool) -> "Columns":
        """Share a width: the label comes first, then time and tokens, then the waterfall, then the cost.

        Args:
            width: columns.
            cost: whether there is any.
        """
        sizes = [size for name, size in _FIGURES if name != "cost" or (cost and width >= 90)]
        while sizes and width - sum(sizes) < _LABEL_LEAST:
            sizes.pop()
        rest = width - sum(sizes)
        bar = max(0, min(rest - _LABEL_LEAST - 1, rest * 2 // 5, 80)) if rest - _LABEL_LEAST >= 12 else 0
        return cls(rest - bar - (1 if bar else 0), tuple(sizes), bar)


def file_of(name: str) -> str:
    """Return what a source is called without the folders that it stands in."""
    return name.rstrip("/").rsplit("/", 1)[-1] or name


def name_of(item: Item) -> str:
    """Return what an item is called, safe for a terminal."""
    if isinstance(item, Run):
        return safe_line(" ".join(word for word in (item.mode or "run", item.app or "") if word))
    if isinstance(item, NodeExecution):
        return safe_line(item.title or item.node_id or item.type or item.id)
    if isinstance(item, Round):
        return f"round {item.index}"
    if isinstance(item, Attempt):
        return f"try {item.index}"
    return safe_line(item.label or item.id)


def _extra(item: Item, facts: Facts, look: Look) -> list[Span]:
    if isinstance(item, Run):
        return [Span(f" {safe_line(item.id or item.message_id or '')[:8]}", "dim")]
    if isinstance(item, Attempt):
        return [Span(f" {safe_line(item.error or '')}", "dim")]
    if isinstance(item, Log):
        return [Span(f" {safe_line(item.error)}", "bad")] if item.error else []
    if isinstance(item, Round):
        return [Span(f" {figures.counted(len(item), 'node')}", "dim")]
    spans = []
    if facts.attempts:
        spans.append(Span(f" {look.glyphs.retry}{facts.attempts}", "odd"))
    if item.container is not None:
        spans.append(Span(f" {figures.counted(facts.rounds, 'round')}", "dim"))
    if facts.error:
        spans.append(Span(f" {safe_line(gist(facts.error))}", "dim"))
    elif facts.said:
        spans.append(Span(f" {look.glyphs.cut}{safe_line(facts.said)[-_SAID:]}", "dim"))
    return spans


def label(
    item: Item, facts: Facts, before: str, fold: str, width: int, look: Look, *, match: bool = False
) -> list[Span]:
    """Return the label of a row, exactly `width` columns.

    Args:
        item: what the row is of.
        facts: how it stands.
        before: the guides.
        fold: the mark of an open or folded row.
        width: columns.
        look: marks.
        match: whether a search found it.
    """
    mark = look.mark(facts.status)
    kind = _kind(item, _TYPE_WHOLE if width >= _WIDE else _TYPE_MOST, look) if isinstance(item, NodeExecution) else ""
    spans = [Span(before, "dim"), Span(fold, "dim"), Span(mark.text + " ", mark.style)]
    room = width - sum(cells(span.text) for span in spans) - 1
    name = cut(name_of(item), max(room, 1), look.glyphs.cut)
    style = "match" if match else STYLES_OF_STATUS.get(facts.status, "") if facts.status in ("failed", "paused") else ""
    spans.append(Span(name, style))
    room -= cells(name)
    for span in _extra(item, facts, look):
        text = cut(span.text, room - (len(kind) + 1 if room > len(kind) + 14 else 0), look.glyphs.cut)
        if cells(text) > 2:
            spans.append(Span(text, span.style))
            room -= cells(text)
    if kind and room > len(kind):
        spans.append(Span(" " * (room - len(kind)) + kind + " ", "dim"))
    else:
        spans.append(Span(" " * (room + 1)))
    return spans


def _kind(node: NodeExecution, most: int, look: Look) -> str:
    return cut(safe_line(node.type), most, look.glyphs.cut)


def numbers(facts: Facts, sizes: tuple[int, ...], look: Look) -> list[Span]:
    """Return time, tokens and cost in their columns."""
    going = "~" if facts.goes_on else ""
    told = (
        figures.duration(facts.seconds) + (going if facts.seconds is not None else ""),
        f"{facts.tokens:,}{going}" if facts.tokens else look.glyphs.dot,
        figures.money(facts.cost) or look.glyphs.dot,
    )
    return [
        Span(pad(cut(text, size - 1, ""), size, right=True), "live" if facts.goes_on else "")
        for text, size in zip(told, sizes, strict=False)
    ]


def bar(facts: Facts, axis: Axis, now: float, width: int, look: Look, *, ascii_only: bool) -> list[Span]:
    """Return the bar of the waterfall, exactly `width` columns."""
    if facts.begin is None or not width:
        return [Span(" " * width)]
    end = facts.end if facts.end is not None else now if facts.goes_on else facts.begin + (facts.seconds or 0)
    column, text = axis.bar(facts.begin, max(end, facts.begin), width, ascii_only=ascii_only)
    style = {"good": "bar"}.get(STYLES_OF_STATUS.get(facts.status, ""), STYLES_OF_STATUS.get(facts.status, ""))
    return [Span(" " * column), Span(text, style or "bar"), Span(" " * (width - column - cells(text)))]
