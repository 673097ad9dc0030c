"""A tree of branches, drawn with guides and with its figures in columns."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from streamkit.cli.render.cells import Line, Span, cells, cut, pad, wrap
from streamkit.cli.render.look import Look

_GAP: Final = "  "
_FIGURES: Final = 3
_KIND_MIN: Final = 12
_KIND_MAX: Final = 40
_LABEL_MIN: Final = 22
_FIGURE_MAX: Final = 16
_FEWEST: Final = 14
"""So many columns a label or a note has, however deep it hangs."""


class Note(NamedTuple):
    """Text under a branch: an error, a hint."""

    text: str
    style: str = ""
    most: int | None = None
    """At most so many lines."""


class Branch(NamedTuple):
    """One line of a tree, and what hangs under it."""

    mark: Span
    title: str
    extra: Line = ()
    """Behind the title."""
    kind: str = ""
    """What it is: the type of a node, how much there is of something."""
    figures: tuple[str, str, str] = ("", "", "")
    """Time, tokens, cost."""
    title_style: str = ""
    notes: Sequence[Note] = ()
    children: Sequence["Branch"] = ()


class _Placed(NamedTuple):
    guide: str
    below: str
    """What stands before notes."""
    branch: Branch


class _Widths(NamedTuple):
    label: int
    kind: int
    figures: Sequence[int]


def draw(root: Branch, look: Look) -> Iterator[Line]:
    """Yield the lines of a tree; the root stands without a guide."""
    placed = [_Placed("", "", root), *_place(root.children, "", look)]
    widths = _measure(placed, look)
    for place in placed:
        yield _line(place, widths, look)
        for note in place.branch.notes:
            yield from _note(place, note, look)


def _place(branches: Sequence[Branch], prefix: str, look: Look) -> Iterator[_Placed]:
    glyphs = look.glyphs
    for number, branch in enumerate(branches, 1):
        is_last = number == len(branches)
        inside = prefix + (glyphs.blank if is_last else glyphs.trunk)
        below = inside + (glyphs.trunk if branch.children else glyphs.blank)[: look.mark_width + 1]
        yield _Placed(prefix + (glyphs.last if is_last else glyphs.branch), below, branch)
        yield from _place(branch.children, inside, look)


# ---- columns


def _measure(placed: list[_Placed], look: Look) -> _Widths:
    """Give every column what it needs; where that is more than there is, kinds give way, then cost, tokens, labels."""
    branches = [place.branch for place in placed]
    kind = min(max(cells(branch.kind) for branch in branches), _KIND_MAX)
    figures = [max(cells(branch.figures[column]) for branch in branches) for column in range(_FIGURES)]
    figures = [min(width, _FIGURE_MAX) for width in figures]
    for column in (2, 1):
        if look.width - _taken(kind and _KIND_MIN, *figures) < _LABEL_MIN:
            figures[column] = 0
    room = look.width - _taken(*figures)
    label = max((_label_width(place, look) for place in placed if place.branch.kind), default=0)
    if label + _taken(kind) > room:
        kind = max(min(kind, _KIND_MIN), room - label - len(_GAP)) if room >= _LABEL_MIN + _taken(_KIND_MIN) else 0
    # Where the next column is empty, a label may use it: that of the run, of a round.
    alone = (_label_width(place, look) for place in placed if not place.branch.kind and any(place.branch.figures))
    label = max(label, max(alone, default=0) - _taken(kind))
    return _Widths(min(label, room - _taken(kind)), kind, figures)


def _taken(*widths: int) -> int:
    """Return how much columns take, with the gaps before them."""
    return sum(len(_GAP) + width for width in widths if width)


def _label_width(place: _Placed, look: Look) -> int:
    branch = place.branch
    mark = look.mark_width + 1 if branch.mark.text else 0
    extra = sum(len(_GAP) + cells(span.text) for span in branch.extra)
    return cells(place.guide) + mark + cells(branch.title) + extra


def _line(place: _Placed, widths: _Widths, look: Look) -> Line:
    branch = place.branch
    if not branch.kind and not any(branch.figures):
        return tuple(_label(place, look.width, look))
    if not branch.kind or not widths.kind:
        spans = [*_label(place, widths.label + _taken(widths.kind), look)]
    else:
        kind = pad(cut(branch.kind, widths.kind, look.glyphs.cut), widths.kind)
        spans = [*_label(place, widths.label, look), Span(_GAP + kind, "dim")]
    for text, width in zip(branch.figures, widths.figures, strict=True):
        if width:
            spans.append(Span(_GAP + pad(cut(text, width, look.glyphs.cut), width, right=True)))
    return tuple(spans)


def _label(place: _Placed, room: int, look: Look) -> Iterator[Span]:
    """Yield guide, mark, title and what is behind it, in exactly `room` columns."""
    branch = place.branch
    wanted = min(cells(branch.title), _FEWEST) + look.mark_width + 1
    guide = _guide(place.guide, room - wanted, look)
    yield Span(guide, "dim")
    left = room - cells(guide)
    if branch.mark.text:
        yield branch.mark
        yield Span(" ")
        left -= look.mark_width + 1
    wanted = sum(len(_GAP) + cells(span.text) for span in branch.extra)
    title = cut(branch.title, max(left - wanted, min(left, cells(branch.title), _FEWEST)), look.glyphs.cut)
    yield Span(title, branch.title_style)
    left -= cells(title)
    for span in branch.extra:
        text = cut(span.text, left - len(_GAP), look.glyphs.cut) if left > len(_GAP) else ""
        if text:
            yield Span(_GAP)
            yield Span(text, span.style)
            left -= len(_GAP) + cells(text)
    yield Span(" " * left)


def _guide(guide: str, most: int, look: Look) -> str:
    """Shorten the guide of a branch that hangs deeper than the page is wide."""
    ellipsis = look.glyphs.cut
    return guide if len(guide) <= most else ellipsis + guide[len(guide) - max(most - len(ellipsis), 0) :]


# ---- notes


def _note(place: _Placed, note: Note, look: Look) -> Iterator[Line]:
    below = _guide(place.below or " " * (look.mark_width + 1), look.width - _FEWEST, look)
    room = look.width - len(below)
    lines = list(wrap(note.text, room))
    if note.most is not None and len(lines) > note.most:
        lines = lines[: note.most]
        lines[-1] = cut(lines[-1] + look.glyphs.cut, room, look.glyphs.cut)
    for line in lines:
        yield Span(below, "dim"), Span(line, note.style)
