"""What sections are made of: headings, text, fields with values, hints, errors."""

from collections.abc import Iterator
from typing import Final

import msgspec

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, cells, cut, pad, wrap
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line, safe_text
from streamkit.run.payload import Json

INDENT: Final = "  "
_TRACEBACK: Final = "Traceback (most recent call last)"


def heading(text: str) -> Line:
    """Return the first line of a section."""
    return (Span(text, "strong"),)


def prose(text: str, look: Look, most: int) -> Iterator[Line]:
    """Yield the lines of a text from a server, at most so many unless all is asked for."""
    lines = list(wrap(safe_text(text).strip(), look.width - len(INDENT))) if text.strip() else []
    shown = lines if look.everything or len(lines) <= most else lines[: most - 1]
    for line in shown:
        yield (Span(INDENT + line),)
    if len(shown) < len(lines):
        yield hidden(figures.counted(len(lines) - len(shown), "more line"), look)


def hidden(what: str, look: Look) -> Line:
    """Return the line that stands for what is not shown."""
    return hint(f"{look.glyphs.cut} {what}, --all shows them", look)


def hint(text: str, look: Look) -> Line:
    """Return a line that is about the output."""
    return (Span(INDENT + cut(text, look.width - len(INDENT), look.glyphs.cut), "dim"),)


def compact(value: Json) -> str:
    """Return a JSON value in one safe line; a string as it is."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return safe_line(text)


def field(name: str, value: str, look: Look, *, name_width: int, most: int | None = 1) -> Iterator[Line]:
    """Yield `name  value`, the value wrapped beside its name.

    Args:
        name: what it is called.
        value: safe text.
        look: how to draw.
        name_width: the width of all names of a section.
        most: at most so many lines.
    """
    before = INDENT + pad(name, name_width) + INDENT
    room = look.width - cells(before)
    lines = list(wrap(value, room))
    if most is not None and len(lines) > most and not look.everything:
        lines = [*lines[: most - 1], cut(lines[most - 1] + look.glyphs.cut, room, look.glyphs.cut)]
    for number, line in enumerate(lines):
        yield Span(before if number == 0 else " " * cells(before), "dim"), Span(line)


def gist(error: str) -> str:
    """Return what a traceback of Python comes to: its last line that is not indented, and what follows."""
    if _TRACEBACK not in error:
        return error
    lines = error.splitlines()
    start = max((number for number, line in enumerate(lines) if line and not line[0].isspace()), default=0)
    return "\n".join(lines[start:])
