"""Standard output: whether it is a terminal, how wide, what it can show; and JSON lines on it."""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import Final

import click
import msgspec

from streamkit.cli.safe import safe_json, safe_line

WIDTH: Final = 80
"""The width where nobody says another one: in a pipe, in a file."""
_NARROWEST: Final = 40
_ASCII_LAST: Final = 127
_WIDEST: Final = 120
"""Longer lines are hard to read, whatever the terminal can hold."""


def is_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def is_screen() -> bool:
    """Whether stdout is a terminal that can be drawn on again and again; `TERM=dumb` says that one cannot."""
    return is_terminal() and os.environ.get("TERM") != "dumb"


def is_in_browser() -> bool:
    """Whether this is the viewer of a tab: stdout is a pipe then, to the server that the tab has open."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def wants_colour() -> bool:
    """Whether to colour: on a terminal, unless `NO_COLOR` (no-color.org); `FORCE_COLOR` colours a pipe, too."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_in_browser() or is_screen()


def width() -> int:
    """Return how many columns to use."""
    if is_terminal():
        found = shutil.get_terminal_size((WIDTH, 24)).columns
    else:
        columns = os.environ.get("COLUMNS", "")
        found = int(columns) if columns.isascii() and columns.isdigit() else WIDTH
    return max(_NARROWEST, min(found, _WIDEST))


def can_show(text: str) -> bool:
    """Whether the encoding of stdout has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def print_text(text: str) -> None:
    """Print text that may be coloured; characters that the encoding of stdout lacks become question marks."""
    encoding = sys.stdout.encoding or "ascii"
    click.echo(text.encode(encoding, "replace").decode(encoding), color=wants_colour())


def complain(text: str) -> None:
    """Print one line on stderr."""
    click.echo(f"streamkit: {safe_line(text)}", err=True)


class JsonLines:
    """Writes JSON on stdout: to a pipe the bytes as they are, to a terminal without what it would obey."""

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._careful = is_terminal()
        self._ascii = self._careful and not can_show("é漢")

    def write(self, document: bytes) -> None:
        """Write one JSON document and a line end."""
        if self._careful:
            text = safe_json(document.decode("utf-8", "replace"))
            document = _escaped(text).encode() if self._ascii else text.encode()
        self._out.write(document + b"\n")

    def flush(self) -> None:
        """Hand on what was written, so that whoever waits for it sees it."""
        self._out.flush()


def print_json(structs: Iterable[msgspec.Struct]) -> None:
    """Print one JSON object a line."""
    out = JsonLines()
    for struct in structs:
        out.write(msgspec.json.encode(struct))
    out.flush()


def _escaped(text: str) -> str:
    """Return the same JSON in ASCII."""
    pieces = (f"\\u{unit:04x}" if unit > _ASCII_LAST else chr(unit) for unit in _utf16(text))
    return "".join(pieces)


def _utf16(text: str) -> memoryview:
    return memoryview(text.encode("utf-16-le" if sys.byteorder == "little" else "utf-16-be")).cast("H")
