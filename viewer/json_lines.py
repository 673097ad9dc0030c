"""JSON in lines, of which only those in view are looked at.

Rule 1: what opens a value is done by C for the whole of it (formatting, parting into lines). Everything else is done
for one line at a time, and of a line no more is read than can be shown.
Rule 2: characters that a terminal obeys stay in sight, as their escapes. Other escapes read as what they mean.
Rule 3: nothing is ever lost for a reader: what is shortened can be opened where it stands.
Rule 4: tokens of forms are masked, whatever the JSON is and wherever it came from.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from streamkit.cli.indented import STEP, indented
from streamkit.cli.render.cells import Line, Span, wrap
from streamkit.cli.render.look import UNICODE, Glyphs
from streamkit.cli.safe import safe_json, safe_text
from streamkit.run.payload import cleaned, loads
from viewer.figures import size
from viewer.folded import Folded
from viewer.secrets import without_secrets

_MOST: Final = 400
"""Characters of a string, a key or a number that are shown in its line."""
_HEAD: Final = 12_000
"""Bytes of a line that are looked at: a key and a value of the most characters, all of them escaped."""
_MOST_OPENED: Final = 64_000
"""Characters of a string that are shown when it is opened."""
_NARROWEST: Final = 20

_INDENT: Final = re.compile(rb" *")
_STRING: Final = re.compile(
    rf'"(?:\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|[^"\\]){{0,{_MOST}}}', re.DOTALL
)  # without its closing quote, which is not there if the string is longer
_ESCAPE: Final = re.compile(r"\\(?:u(?P<high>[dD][89abAB]..)\\u(?P<low>[dD][c-fC-F]..)|u(?P<code>....)|.)", re.DOTALL)
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_CLOSING: Final = {b"{": b"}", b"[": b"]"}
_FIRST_PLAIN: Final = "\u00a0"
"""Behind the second set of controls."""
_FIRST_HALF, _LAST_HALF = "\ud800", "\udfff"
"""Halves of surrogate pairs, which are no characters."""


class JsonLines:
    """A JSON value in lines. Lines are counted in the whole value, rows as they are shown: folded and opened."""

    def __init__(self, data: bytes, glyphs: Glyphs = UNICODE) -> None:
        """Format a value and part it into lines.

        Args:
            data: JSON; what is none is shown as text.
            glyphs: what marks what is left out.
        """
        self._glyphs = glyphs
        data = without_secrets(data)
        formatted = indented(cleaned(data))
        self.is_json = formatted is not None
        """Whether it could be formatted."""
        self._lines = (data if formatted is None else formatted).split(b"\n")
        self._rows = Folded(len(self._lines))
        self._folded: dict[int, tuple[int, int]] = {}
        """By the line of a bracket: the line that closes it, and how many values stand between them."""
        self._opened: dict[int, list[str]] = {}
        """By the line of a string: the rows that show the whole of it."""
        self._places: dict[int, tuple[int, int]] = {}
        """By line: the line that holds it and its number in there, as far as somebody asked for paths."""
        self._width = 80
        self._changes = 0

    @property
    def lines(self) -> int:
        """How many lines the whole value has."""
        return len(self._lines)

    @property
    def height(self) -> int:
        """How many rows there are now."""
        return self._rows.height

    def fit(self, width: int) -> None:
        """Take a width: that in which opened strings are wrapped."""
        if width != self._width:
            self._width = width
            for line in self._opened:
                self._open(line)

    def spans(self, row: int) -> Line:
        """Return a row."""
        line, below = self._rows.at(row)
        if below:
            return (Span(self._opened[line][below - 1], "string"),)
        if line in self._folded:
            return tuple(self._folded_spans(line))
        return tuple(self._tokens(self._lines[line]))

    def key(self, row: int) -> tuple[int, int]:
        """Return what a row shows."""
        return row, self._changes

    def find(self, text: str) -> Sequence[int]:
        """Return the lines in which `text` occurs, in whatever case, whether written in escapes or not."""
        search = re.compile(b"".join(map(_spellings, text)), re.IGNORECASE).search
        return [number for number, line in enumerate(self._lines) if search(line)]

    # ---- folding

    def toggle(self, row: int) -> int:
        """Fold or unfold what begins at a row, else what it stands in; a shortened string is opened.

        Returns:
            The row where that begins.
        """
        line, _ = self._rows.at(row)
        self._changes += 1
        if line in self._rows:
            self._folded.pop(line, None)
            self._opened.pop(line, None)
            self._rows.restore(line)
        elif self._closing(line):
            self._fold(line)
        elif self._wants_opening(line):
            self._open(line)
        elif self._indent(line):
            opening = self._opening(line)
            line = opening if opening != line else self._place(line)[0]
            self._fold(line)
        return self._rows.row_of(line)

    def reveal(self, line: int) -> int:
        """Unfold what hides a line, and return its row."""
        row = self._rows.reveal(line)
        stale = [folded for folded in self._folded if folded not in self._rows]
        for folded in stale:
            del self._folded[folded]
        self._changes += bool(stale)
        return row

    def _fold(self, line: int) -> None:
        closing, start = self._closing(line), self._indent(line)
        end = min(
            found for ending in (b"", b",") if (found := self._index(b" " * start + closing + ending, line)) is not None
        )
        inner = start + STEP
        inside = (self._lines[number][inner : inner + 1] for number in range(line + 1, end))
        self._folded[line] = end, sum(1 for first in inside if first not in b" }]")
        self._rows.fold(line, end)

    def _index(self, wanted: bytes, start: int) -> int | None:
        try:
            return self._lines.index(wanted, start)
        except ValueError:
            return None

    def _closing(self, line: int) -> bytes:
        """Return what closes the bracket at the end of a line; nothing if it opens none."""
        return _CLOSING.get(self._lines[line][-1:], b"") if self.is_json else b""

    def _wants_opening(self, line: int) -> bool:
        """Whether a line holds a string that is not wholly shown, or that shows escapes."""
        text = self._lines[line]
        is_string = not self.is_json or text.endswith((b'"', b'",'))
        return is_string and (len(text) > self._width or b"\\" in text)

    def _open(self, line: int) -> None:
        text = self._string(line)
        blanks = " " * min(self._indent(line) + STEP, self._width // 2)
        room = max(self._width - len(blanks), _NARROWEST)
        rows = [blanks + row for row in wrap(safe_text(text[:_MOST_OPENED]), room)]
        if len(text) > _MOST_OPENED:
            rows.append(blanks + self._more(len(text) - _MOST_OPENED))
        self._opened[line] = rows
        self._rows.open(line, len(rows))

    def _string(self, line: int) -> str:
        """Return the whole string of a line; one that is JSON itself formatted."""
        text = self._lines[line]
        if not self.is_json:
            return text.decode("utf-8", "replace")
        key = _key(text)
        start = self._indent(line) + (len(key.encode()) + len('"": ') if key is not None else 0)
        value = str(loads(text[start:].removesuffix(b",")))
        inner = indented(value.encode()) if value[:1] in ("{", "[") else None
        return inner.decode() if inner else value

    # ---- paths

    def path(self, row: int) -> str:
        """Return the JSON path of a row, like `$.retriever_resources[3].content`."""
        if not self.is_json:
            return ""
        line = self._opening(self._rows.at(row)[0])
        steps: list[str] = []
        while self._indent(line):
            holder, number = self._place(line)
            steps.append(self._step(line, number))
            line = holder
        return "$" + "".join(reversed(steps))

    def _step(self, line: int, number: int) -> str:
        key = _key(self._lines[line])
        if key is None:
            return f"[{number}]"
        name = _shown(key)
        return f".{name}" if _NAME.fullmatch(name) else f'["{name}"]'

    def _place(self, line: int) -> tuple[int, int]:
        """Return the line that holds a line, and its number in there; the next one who asks nearby has it at once."""
        if line not in self._places:
            lines, start, number = self._lines, self._indent(line), 0
            inside = b" " * start
            for above in range(line - 1, -1, -1):
                text = lines[above]
                if text[:start] != inside:  # all of it: a name may be blank
                    self._places[line] = above, number
                    break
                if text[start : start + 1] not in b" }]":
                    number += 1
                    if above in self._places:
                        holder, before = self._places[above]
                        self._places[line] = holder, before + number
                        break
        return self._places[line]

    def _opening(self, line: int) -> int:
        """Return the line of the bracket that a line closes; the line itself if it closes none."""
        start = self._indent(line)
        if self._lines[line][start : start + 1] not in b"}]":
            return line
        return next(above for above in range(line - 1, -1, -1) if self._lines[above][start : start + 1] != b" ")

    def _indent(self, line: int) -> int:
        return _indent(self._lines[line]) if self.is_json else 0

    # ---- tokens

    def _tokens(self, line: bytes) -> Iterator[Span]:
        head = line[:_HEAD].decode("utf-8", "replace")
        if not self.is_json:
            yield Span(safe_text(head[:_MOST]).replace("\n", " "))
            if len(head) > _MOST:
                yield Span(self._more(len(line) - len(head[:_MOST].encode())), "dim")
            return
        start = _indent(line)
        yield Span(head[:start])
        key = _key(line)
        if key is not None:
            yield Span(f'"{_shown(key)}"', "key")
            yield Span(": ", "dim")
            start += len(key) + len('"": ')
        yield from self._value(line, head, start)

    def _value(self, line: bytes, head: str, start: int) -> Iterator[Span]:
        string = _STRING.match(head, start)
        token = string[0] if string else head[start:].removesuffix(",")[:_MOST]
        end, shown, style = start + len(token), _shown(token), "string" if string else _style(token)
        quote, comma = '"' if string else "", "," if line.endswith(b",") else ""
        if head[end:] == quote + comma:
            yield Span(shown + quote, style)
        else:
            left_out = len(line) - len((head[:end] + quote + comma).encode())
            yield Span(shown, style)
            yield Span(self._more(left_out), "dim")
            yield Span(quote, style)
        yield Span(comma, "dim")

    def _more(self, count: int) -> str:
        return f"{self._glyphs.cut}+{size(count)}"

    def _folded_spans(self, line: int) -> Iterator[Span]:
        yield from self._tokens(self._lines[line])
        end, count = self._folded[line]
        yield Span(f" {self._glyphs.cut}{count:,} ", "dim")
        yield from self._tokens(self._lines[end].lstrip())


def _key(line: bytes) -> str | None:
    """Return the key of a line, as it is written; None where there is none, or only the beginning of one."""
    head = line[:_HEAD].decode("utf-8", "replace")
    found = _STRING.match(head, _indent(line))
    return found[0][1:] if found and head.startswith('": ', found.end()) else None


def _indent(line: bytes) -> int:
    found = _INDENT.match(line)
    return found.end() if found else 0


def _spellings(char: str) -> bytes:
    """Return a pattern of all that JSON may write for a character, in both cases."""
    spelt = set(filter(None, (char, char.lower(), char.upper())))
    if char.isspace():
        spelt |= {"\n", "\t"}
    forms = {
        form for each in spelt for form in (each, json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1])
    }
    return b"(?:" + b"|".join(sorted(re.escape(form.encode()) for form in forms)) + b")"


def _shown(token: str) -> str:
    return safe_json(_readable(token))


def _readable(token: str) -> str:
    return _ESCAPE.sub(_character, token) if "\\u" in token else token


def _character(escape: re.Match[str]) -> str:
    r"""Return what an escape stands for; `\n` and its like, controls and halves of pairs stay as they are."""
    high, low, code = escape["high"], escape["low"], escape["code"]
    if high:
        return bytes.fromhex(high + low).decode("utf-16-be", "replace")
    char = chr(int(code, 16)) if code else ""
    return char if char >= _FIRST_PLAIN and not _FIRST_HALF <= char <= _LAST_HALF else escape[0]


def _style(word: str) -> str:
    if word[:1] in "{}[]":
        return "dim"
    return "word" if word[:1] in "tfn" else "number"
