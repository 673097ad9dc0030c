"""Text in terminal cells: how wide it is, cut and wrapped to a width. Takes text that is safe already.

Who knows the widths of all characters takes 15 ms to import, and most text needs nobody to ask.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import click

_VARIATION_16: Final = "\ufe0f"
_JOINER: Final = "\u200d"
_NARROW: Final = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713\u2717]*")
"""Text whose characters take one column each: most letters of Europe, lines, blocks, arrows, marks."""


class Span(NamedTuple):
    """A piece of a line in one style."""

    text: str
    style: str = ""
    """A key of `STYLES`, or empty."""


Line = tuple[Span, ...]

STYLES: Final[dict[str, dict[str, str | bool]]] = {
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "odd": {"fg": "yellow"},
    "live": {"fg": "cyan"},
    "dim": {"dim": True},
    "strong": {"bold": True},
}
"""What a style looks like. Colour never says alone what a mark or a word does not say, too."""


def paint(line: Line, *, colour: bool) -> str:
    """Return a line as it is printed."""
    if not colour:
        return "".join(span.text for span in line).rstrip()
    return "".join(
        click.style(span.text, **STYLES[span.style]) if span.style and span.text else span.text  # type: ignore[arg-type]  # STYLES holds arguments of `style`
        for span in line
    )


def cells(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    from wcwidth import wcswidth, wcwidth

    found = wcswidth(text)
    return found if found >= 0 else sum(max(wcwidth(char), 0) for char in text)


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """Shorten a text to a width, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room <= 0:
        return ellipsis[: max(width, 0)]
    start = text[: _fitting(text, 0, room)]
    return (start.rstrip() if cells(start) <= room else "") + ellipsis


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text up to a width, on its left if it belongs to the right."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def wrap(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text, none wider than `width`; indented lines stay indented."""
    for line in text.split("\n"):
        stripped = line.rstrip()
        if cells(stripped) <= width:
            yield stripped
        else:
            yield from _wrap_line(stripped, width)


def _wrap_line(line: str, width: int) -> Iterator[str]:
    start = line.lstrip(" ")
    indent = " " * min(len(line) - len(start), width // 2)
    room = width - len(indent)
    current, used = "", 0
    for word in start.split(" "):
        size = cells(word)
        if current and used + 1 + size > room:
            yield indent + current
            current, used = "", 0
        if size > room:
            *full, word = _pieces(word, room)
            yield from (indent + piece for piece in full)
            size = cells(word)
        current, used = (f"{current} {word}", used + 1 + size) if current else (word, size)
    yield indent + current


def _pieces(word: str, room: int) -> list[str]:
    """Cut what has no blanks, as Chinese and Japanese have none, to a width."""
    if _NARROW.fullmatch(word):
        room = max(room, 1)
        return [word[start : start + room] for start in range(0, len(word), room)]
    pieces = []
    start = 0
    while start < len(word):
        end = _fitting(word, start, room)
        pieces.append(word[start:end])
        start = end
    return pieces


def _fitting(text: str, start: int, room: int) -> int:
    """Return where to cut a text so that what is before the cut fits; at least one character does.

    Sums single characters, which is never less than what a sequence of them takes, and never cuts before what
    belongs to the character in front of it (accents, joiners).
    """
    if _NARROW.fullmatch(text):
        return min(start + max(room, 1), len(text))
    from wcwidth import wcwidth

    used, end, before = 0, start, 0
    while end < len(text):
        char = text[end]
        size = max(wcwidth(char), 0)
        if char == _VARIATION_16 and before == 1:
            size = 1
        belongs = end > start and (size == 0 or char == _VARIATION_16 or text[end - 1] == _JOINER)
        if used + size > room and end > start and not (belongs and size == 0):
            break
        used, end, before = used + size, end + 1, size
    while end < len(text) and end - 1 > start and text[end - 1] == _JOINER:
        end -= 1
    return end
