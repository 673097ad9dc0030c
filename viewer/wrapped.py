"""Text that grows, in rows of a width: the answer of a model while it streams.

Rule 1: the rows depend on the text and the width alone, never on the pieces in which the text came.
Rule 2: a piece that comes costs the last paragraph, not the text. A paragraph without an end is cut.
Rule 3: a long text is wrapped a slice at a time, so that it blocks nobody; its first screen is there at once.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from streamkit.cli.render.cells import Line, Span, wrap
from streamkit.cli.safe import safe_text
from viewer.bodies import Flat

_SLICE: Final = 20_000
"""Characters that are wrapped at a time: 1 ms of Latin, 18 ms of Chinese text."""
_LINE_ENDS: Final = "\n\r\v\f\x85\u2028\u2029"
_SURE_ENDS: Final = tuple(_LINE_ENDS.replace("\r", ""))
"""Behind a carriage return a line feed may still come."""
_PARAGRAPH: Final = re.compile(rf"[^{_LINE_ENDS}]{{0,4096}}(?:\r\n|[{_LINE_ENDS}]|)")
_NARROWEST: Final = 4


class Wrapped(Flat):
    """A text in rows, made safe. Only its last paragraph is ever wrapped again."""

    def __init__(self, text: str = "", style: str = "") -> None:
        """Take a text; `fit` wraps it.

        Args:
            text: what there is of it so far.
            style: of all its rows.
        """
        self.text = text
        self._style = style
        self._width = 0
        self._rows: list[str] = []
        self._firm = 0  # so many rows cannot change any more
        self._at = 0  # where the paragraph begins that stands behind them
        self._is_whole = True

    @property
    def height(self) -> int:
        """How many rows there are so far."""
        return len(self._rows)

    def fit(self, width: int) -> None:
        """Take a width, and wrap the next slice of what is not wrapped yet."""
        width = max(width, _NARROWEST)
        if width != self._width:
            self._width = width
            self._restart()
        elif not self._is_whole:
            self._wrap()

    def take(self, text: str) -> None:
        """Take the text as it is now: at best the former one and a piece more."""
        if text is self.text:
            return
        if text.startswith(self.text):
            self.append(text[len(self.text) :])
        else:
            self.text = text
            self._restart()

    def append(self, piece: str) -> None:
        """Add a piece at the end."""
        if piece:
            self.text += piece
            self._wrap()

    def spans(self, row: int) -> Line:
        """Return a row."""
        return (Span(self._rows[row], self._style),)

    def key(self, row: int) -> str:
        """Return all that a row says."""
        return self._rows[row]

    def find(self, text: str) -> list[int]:
        """Return the rows where `text` begins, in whatever case, also where it goes on in the next row."""
        starts = [0, *accumulate(len(row) + 1 for row in self._rows)]
        found = re.finditer(re.escape(text), " ".join(self._rows), re.IGNORECASE)
        return sorted({bisect_right(starts, match.start()) - 1 for match in found})

    def _restart(self) -> None:
        self._rows, self._firm, self._at = [], 0, 0
        self._wrap()

    def _wrap(self) -> None:
        """Wrap paragraphs behind the firm ones, for one slice."""
        if not self._width:
            return
        text, stop = self.text, self._at + _SLICE
        del self._rows[self._firm :]
        while True:
            paragraph = _next_paragraph(text, self._at)
            self._rows += wrap(safe_text(paragraph.rstrip(_LINE_ENDS)), self._width)
            end = self._at + len(paragraph)
            self._is_whole = end == len(text) and not paragraph.endswith(_SURE_ENDS)
            if self._is_whole:
                return
            self._at, self._firm = end, len(self._rows)
            if end >= stop:
                return


def _next_paragraph(text: str, start: int) -> str:
    found = _PARAGRAPH.match(text, start)
    return found[0] if found else ""
