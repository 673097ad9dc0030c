"""The events of an item as they came, a row each; one that is opened shows its JSON below."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, pad
from streamkit.cli.render.look import UNICODE, Glyphs
from streamkit.cli.safe import safe_line
from viewer.folded import Folded
from viewer.json_lines import JsonLines
from viewer.secrets import without_secrets

_HEAD: Final = 400
"""Bytes of an event that are shown in its row."""
_MOST_SEARCHED: Final = 10_000
"""Events that a search looks at: each is read from the disk."""
_INDENT: Final = "  "


class RawEvent(NamedTuple):
    """An event as it came."""

    number: int
    after: float | None
    """Seconds since the event before it."""
    kind: str
    data: bytes
    """Its JSON, or its whole frame."""


class Events:
    """Events in rows, read when they come into view."""

    def __init__(self, events: Sequence[RawEvent], glyphs: Glyphs = UNICODE) -> None:
        """Take events, which may become more."""
        self._events = events
        self._glyphs = glyphs
        self._rows = Folded(len(events))
        self._opened: dict[int, JsonLines] = {}
        self._width = 80
        self._changes = 0

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self._rows.height

    @property
    def lines(self) -> int:
        """How many events there are."""
        return self._rows.lines

    def take(self, events: Sequence[RawEvent]) -> None:
        """Take the events as they are now: the former ones, and more."""
        self._events = events
        self._rows.lines = len(events)

    def fit(self, width: int) -> None:
        """Take the width."""
        if width != self._width:
            self._width = width
            for number, opened in self._opened.items():
                opened.fit(width - len(_INDENT))
                self._rows.open(number, opened.height)

    def spans(self, row: int) -> Line:
        """Return a row."""
        number, below = self._rows.at(row)
        if below:
            return (Span(_INDENT), *self._opened[number].spans(below - 1))
        return tuple(self._event(self._events[number]))

    def key(self, row: int) -> tuple[int, int]:
        """Return what a row shows."""
        return row, self._changes

    def find(self, text: str) -> list[int]:
        """Return the events in which `text` occurs, in whatever case, as far as a search looks."""
        wanted = re.compile(re.escape(text.encode()), re.IGNORECASE)
        events = islice(self._events, _MOST_SEARCHED)
        return [
            number
            for number, event in enumerate(events)
            if wanted.search(event.kind.encode()) or wanted.search(without_secrets(_payload(event.data)))
        ]

    def reveal(self, line: int) -> int:
        """Return the row of an event."""
        return self._rows.row_of(line)

    def toggle(self, row: int) -> int:
        """Open or close the event of a row; inside of an open one, fold its JSON."""
        number, below = self._rows.at(row)
        self._changes += 1
        if below:
            inner = self._opened[number].toggle(below - 1)
            self._rows.open(number, self._opened[number].height)
            return self._rows.row_of(number) + 1 + inner
        if number in self._opened:
            del self._opened[number]
            self._rows.restore(number)
        else:
            opened = JsonLines(_payload(self._events[number].data), self._glyphs)
            opened.fit(self._width - len(_INDENT))
            self._opened[number] = opened
            self._rows.open(number, opened.height)
        return self._rows.row_of(number)

    def path(self, row: int) -> str:
        """Return where in an open event a row is."""
        number, below = self._rows.at(row)
        return self._opened[number].path(below - 1) if below else ""

    def _event(self, event: RawEvent) -> Iterator[Span]:
        digits = len(f"{self._events[-1].number:,}")
        yield Span(pad(f"{event.number:,}", digits, right=True), "number")
        after = f"+{figures.duration(event.after)}" if event.after is not None else ""
        yield Span(f"{_INDENT}{pad(after, 7, right=True)}{_INDENT}", "dim")
        yield Span(safe_line(event.kind), "key")
        head = without_secrets(_payload(event.data))[:_HEAD]
        yield Span(_INDENT + safe_line(head.decode("utf-8", "replace")), "dim")


def _payload(data: bytes) -> bytes:
    """Return what a frame carries; what is no frame is returned as it is."""
    lines = (line.removeprefix(b"data:").removeprefix(b" ") for line in data.splitlines() if line.startswith(b"data:"))
    return b"\n".join(lines) or data
