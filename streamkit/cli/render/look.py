"""How a run is drawn: the width, the marks, colour or not, everything or the gist."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streamkit.cli.output import can_show, wants_colour, width
from streamkit.cli.render.cells import Span


class Glyphs(NamedTuple):
    """The marks and lines of a drawing."""

    marks: Mapping[str, str]
    """By the status of a run, an execution or a log entry; all of one width."""
    branch: str
    last: str
    trunk: str
    blank: str
    retry: str
    cut: str
    to: str
    dot: str
    arrow: str
    rule: str
    times: str


_BLANK: Final = "   "

UNICODE: Final = Glyphs(
    marks={
        "succeeded": "✓",
        "failed": "✗",
        "running": "●",
        "paused": "‖",
        "stopped": "■",
        "skipped": "○",
        "exception": "!",
        "partial-succeeded": "!",
        "unknown": "╳",  # noqa: RUF001 - a cross, and meant
        "interrupted": "╳",  # noqa: RUF001
    },
    branch="├─ ",
    last="└─ ",
    trunk="│  ",
    blank=_BLANK,
    retry="↻",
    cut="…",
    to="–",  # noqa: RUF001 - an en dash, as between two numbers
    dot="·",
    arrow="→",
    rule="─",
    times="×",  # noqa: RUF001 - a multiplication sign
)

ASCII: Final = Glyphs(
    marks={
        "succeeded": "ok",
        "failed": "ER",
        "running": "R ",
        "paused": "||",
        "stopped": "[]",
        "skipped": "..",
        "exception": "! ",
        "partial-succeeded": "! ",
        "unknown": "X ",
        "interrupted": "X ",
    },
    branch="|- ",
    last="\\- ",
    trunk="|  ",
    blank=_BLANK,
    retry="retry ",
    cut="...",
    to="-",
    dot="-",
    arrow="->",
    rule="-",
    times="x",
)
"""For terminals whose encoding has nothing better."""

STYLES_OF_STATUS: Final[Mapping[str, str]] = {
    "succeeded": "good",
    "failed": "bad",
    "running": "live",
    "paused": "odd",
    "stopped": "odd",
    "skipped": "dim",
    "exception": "odd",
    "partial-succeeded": "odd",
    "unknown": "bad",
    "interrupted": "bad",
}


class Look(NamedTuple):
    """How to draw."""

    width: int = 80
    glyphs: Glyphs = UNICODE
    colour: bool = False
    everything: bool = False
    """Whether to fold and shorten nothing."""

    @classmethod
    def of_stdout(cls, *, everything: bool = False) -> "Look":
        """Return what suits stdout."""
        needed = "".join(UNICODE.marks.values()) + "".join(str(glyph) for glyph in UNICODE[1:])
        glyphs = UNICODE if can_show(needed) else ASCII
        return cls(width=width(), glyphs=glyphs, colour=wants_colour(), everything=everything)

    def mark(self, status: str) -> Span:
        """Return the mark of a status."""
        return Span(self.glyphs.marks.get(status, "?"), STYLES_OF_STATUS.get(status, ""))

    @property
    def mark_width(self) -> int:
        """How many columns a mark takes."""
        return len(self.glyphs.marks["succeeded"])
