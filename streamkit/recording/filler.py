"""Filler for text of people: as many characters and bytes, of the same kind, and nothing of what they said.

Every letter of a kind becomes the same letter, whatever stands around it. So nothing can be guessed from the filler but
the lengths of words; and pieces of a text give the pieces of its filler, whichever way a server cuts and repeats it.
"""

import re
from bisect import bisect_right
from typing import Final
from unicodedata import category

_DIGIT: Final = "1"
"""No 0: a number in JSON must not begin with one."""
_ASTRAL: Final = "𠀀"
_ESCAPED_ASTRAL: Final = r"\ud840\udc00"
_LETTERS: Final = (
    # The first character of a range, and the letter for all of it; within a range UTF-8 has one length.
    (0x0000, "x"),
    (0x0080, "ä"),
    (0x0370, "ω"),
    (0x0400, "ж"),
    (0x0530, "ֆ"),
    (0x0590, "א"),
    (0x0600, "ع"),
    (0x0700, "ܐ"),
    (0x0800, "ก"),
    (0x1E00, "ạ"),
    (0x2000, "字"),
    (0x3040, "あ"),
    (0x30A0, "ア"),
    (0x3100, "字"),
    (0xAC00, "가"),
    (0xD7B0, "字"),
    (0x10000, _ASTRAL),
)
_STARTS: Final = tuple(start for start, _ in _LETTERS)
_READABLE: Final = "LMN"
"""Categories: letters, the marks that many scripts write vowels with, and numbers."""
_VARIATIONS: Final = range(0xFE00, 0xFE10)
"""Marks that say how an emoji looks."""

_KEPT: Final = (
    r"(?:<|\\u003c)/?think(?:>|\\u003e)"  # RAGFlow and others mark thinking in the text
    r"|^/?(?:think|thi?n?|hink|ink|nk|k)(?:>|\\u003e)|(?:<|\\u003c)/?t?h?i?n?k?$|^/?(?:think|hink|thin|thi)$"  # cut tags
    r"|ERROR|(?i:cancell?ed)|Task(?: \S+)? has been|Unknown error"  # what servers say in place of a status
    r"|\[ID: ?\d+\]|##\d+\$\$"  # where a citation belongs
    r"|\\{0,15}\"[\w.@:#-]{1,64}\\{0,15}\"(?=\s{0,8}:)|\b(?:true|false|null)\b|(?<=\d)[eE](?=[+-]?\d)"  # JSON in a text
)
_SPECIAL: Final = re.compile(
    rf"(?P<kept>{_KEPT})"
    r"|\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u(?P<unit>[0-9a-fA-F]{4})"
    r"|\\.",
    re.DOTALL,
)
"""What is more than characters, in a text as it stands between the quotes of a JSON string."""
_QUERY_VALUE: Final = re.compile(r"(?<=[=?&])[^=&#?]+(?=[&#]|$)")
_PERCENT: Final = re.compile(r"(?P<percent>%[0-9A-Fa-f]{2})|[^%]+")


class _Fillers(dict[int, int]):
    """The letter for each character, by code points; made when one is met for the first time."""

    def __missing__(self, code: int) -> int:
        self[code] = ord(_letter(chr(code)))
        return self[code]


def _letter(character: str) -> str:
    """Return the letter that stands for all of its kind; signs, blanks and emoji stay."""
    code = ord(character)
    if category(character)[0] not in _READABLE or code in _VARIATIONS:
        return character
    if character.isdigit() and character.isascii():
        return _DIGIT
    letter = _LETTERS[bisect_right(_STARTS, code) - 1][1]
    return letter.upper() if character.isupper() and len(letter.upper().encode()) == len(letter.encode()) else letter


_FILLERS: Final = _Fillers()


def fill(text: str) -> str:
    """Return filler for a text as it stands between the quotes of a JSON string, escapes and all."""
    parts: list[str] = []
    done = 0
    for found in _SPECIAL.finditer(text):
        parts += text[done : found.start()].translate(_FILLERS), _escape(found)
        done = found.end()
    return "".join((*parts, text[done:].translate(_FILLERS)))


def _escape(found: re.Match[str]) -> str:
    """Return an escape with filler for its character; what is not an escape, or of none, stays."""
    if found["unit"]:
        return f"\\u{_FILLERS[int(found['unit'], 16)]:04x}"
    if found["high"]:
        character = bytes.fromhex(found["high"] + found["low"]).decode("utf-16-be")
        return _ESCAPED_ASTRAL if _letter(character) == _ASTRAL else found[0]
    return found[0]


def fill_url(url: str) -> str:
    """Return a URL with filler for the values of its query; paths are structure."""
    return _QUERY_VALUE.sub(lambda value: _PERCENT.sub(_of_a_query, value[0]), url)


def _of_a_query(found: re.Match[str]) -> str:
    return "%78" if found["percent"] else found[0].translate(_FILLERS)
