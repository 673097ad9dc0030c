"""A person's regular expression, looked for in a server's text: line by line, in bounded time. Never raises on a text.

Python's engine tries every way in which a text may match. With one `.*` inside the expression it may need the square of
the line's length, which is a minute for 100 kB without a line end (a picture in base64 is such a line); with a repeat
inside of a repeat it may not end before the sun does. So:

* a repeated group must hold neither repeats nor alternatives;
* plain pieces with `.*` between them are looked for one behind the other, which takes linear time;
* with other repeats, only the beginning of each line is looked at.
"""

import re
from typing import Final

from streamkit.errors import BadPattern

LOOKED_AT: Final = 100_000
"""So many characters of a text are looked at."""

_LINE: Final = (LOOKED_AT, 4_000, 400)
"""So many characters of a line are looked at, by the number of repeats in one piece; the last one is for more."""

_TOKEN: Final = re.compile(
    r"\\."  # an escape
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*(?:\]|$))"
    r"|(?P<any>\.\*\??(?![*+?{]))"  # what may stand between two pieces
    r"|(?P<open>\(\??)"  # the question mark of (?:…) is no repeat
    r"|(?P<close>\)(?P<again>[*+{])?)"
    r"|(?P<repeat>[*+]|\{\d*,\d*\})"
    r"|(?P<choice>[?|])",
    re.DOTALL,
)
_SET_IN_SET: Final = re.compile(r"\[\^?\[|--|&&|~~|\|\|")
"""What Python warns of, since it may mean something else one day."""


class Grep:
    """An expression, ready to be looked for. Case does not count, and `.` does not reach beyond a line."""

    __slots__ = ("_most", "_pieces")

    def __init__(self, expression: str) -> None:
        """Read an expression.

        Raises:
            BadPattern: Python cannot read it, or it might never end.
        """
        pieces = _pieces(expression)
        repeats = max(map(_check, pieces))
        self._most = _LINE[min(repeats, len(_LINE) - 1)]
        try:
            self._pieces = [re.compile(piece, re.IGNORECASE) for piece in pieces]
        except (re.error, OverflowError, RecursionError) as error:
            raise BadPattern(f"it is no regular expression: {str(error) or 'it is too deep'}") from None

    def finds(self, text: str) -> bool:
        """Whether a line of the text matches."""
        return any(self._finds_in(line[: self._most]) for line in text[:LOOKED_AT].split("\n"))

    def _finds_in(self, line: str) -> bool:
        place = 0
        for piece in self._pieces:
            found = piece.search(line, place)
            if found is None:
                return False
            place = found.end()
        return True


def _pieces(expression: str) -> list[str]:
    """Cut at every `.*`, if what is left is plain: of one length each, so that the first place of a piece is the best."""
    pieces, start = [], 0
    for token in _TOKEN.finditer(expression):
        if token.lastgroup == "any":
            pieces.append(expression[start : token.start()])
            start = token.end()
        elif token.lastgroup not in (None, "set"):
            return [expression]
    return [*pieces, expression[start:]]


def _check(piece: str) -> int:
    """Count the repeats of a piece.

    Raises:
        BadPattern: one of them holds others, or alternatives; or there is a set in a set.
    """
    repeats = 0
    varies = [False]  # what was read of each open group: does it hold a repeat or a choice?
    for token in _TOKEN.finditer(piece):
        kind = token.lastgroup
        if kind == "set" and _SET_IN_SET.search(token[0]):
            raise BadPattern(rf"a set in a set: write \ before the second of two signs in {token[0]}")
        if kind == "open":
            varies.append(False)
        elif kind == "close":
            inside = varies.pop() if len(varies) > 1 else False
            if inside and token["again"]:
                raise BadPattern("a repeated group that holds repeats or alternatives might never end")
            varies[-1] |= inside or bool(token["again"])
            repeats += bool(token["again"])
        elif kind is not None and kind != "set":
            varies[-1] = True
        repeats += kind in ("any", "repeat")
    return repeats
