"""A secret that is known, in every way in which it may be spelt; and what is put in its place.

In JSON a character may be escaped, in JSON that is a string of other JSON with more backslashes; in a URL any byte may
be percent-encoded, more than once; and base64 of a text that holds the secret shows it in one of three shifts. Each
character has its own alternatives, so that they may be mixed.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_BLANK: Final = " "
_LETTERS: Final = {"\b": b"b", "\f": b"f", "\n": b"n", "\r": b"r", "\t": b"t"}
"""How JSON writes some controls behind a backslash."""
_ESCAPES: Final = rb"\\\\{0,14}"
"""Backslashes before an escaped character, in JSON that stands in strings of other JSON; the first is sure."""
_SHORTEST_BASE64: Final = 6
"""Fewer characters of base64 may stand anywhere by chance."""
_IN_BASE64: Final = {
    "+": rb"(?:[+-]|\\{1,15}u002[bB]|%(?:25){0,3}2[bB])",
    "/": rb"(?:[/_]|\\{1,15}/|%(?:25){0,3}2[fF])",
}
"""The two characters that are others in URLs, and may be escaped in JSON."""
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
"""From the alphabet for URLs to the other one."""
_CREDENTIAL: Final = re.compile(r"[\w.~+/=-]+", re.ASCII)
"""What consists of this is escaped only as a number, or at a slash."""
_ESCAPES_OF_CREDENTIALS: Final = (rb"\u00", rb"\/", b"%")
_PLACEHOLDER: Final = re.compile(r"REDACTED[0-9a-f]{0,4}x*")


def placeholder(secret: str, length: int) -> str:
    """Return what stands in the place of a secret: letters and digits, the same for the same secret.

    Args:
        secret: what is masked.
        length: of its place.
    """
    digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()[:4]
    return f"REDACTED{digest}".ljust(length, "x")[:length]


def is_placeholder(text: str) -> bool:
    """Whether a secret was masked here before."""
    return _PLACEHOLDER.fullmatch(text) is not None


class Place(NamedTuple):
    """Where in some bytes a secret stands."""

    start: int
    end: int
    secret: str
    """What it is, whatever it is spelt like there."""


class Spellings:
    """Finds secrets, however they are spelt."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Spelling, ...]] = {}

    def __contains__(self, secret: str) -> bool:
        return secret in self._known

    def add(self, secret: str) -> None:
        """Look for a secret, too; it is not empty."""
        data = secret.encode("utf-8", "replace")
        shifted = [core for shift in range(3) if len(core := _base64(data, shift)) >= _SHORTEST_BASE64]
        self._known[secret] = (
            _Spelling(data.translate(_STANDARD), _pattern(secret, _character), _CREDENTIAL.fullmatch(secret) is None),
            *(_Spelling(core.encode(), _pattern(core, _base64_character), is_often_escaped=False) for core in shifted),
        )

    def places(self, data: bytes) -> Iterator[Place]:
        """Yield where secrets stand in some bytes, in any order."""
        plain = data.translate(_STANDARD)
        has_escapes = any(escape in data for escape in _ESCAPES_OF_CREDENTIALS)
        has_backslashes = b"\\" in data
        for secret, spellings in self._known.items():
            for spelling in spellings:  # to search for a few bytes is much faster than to match a pattern
                if has_escapes or spelling.hint in plain or (has_backslashes and spelling.is_often_escaped):
                    for found in spelling.pattern.finditer(data):
                        yield Place(*found.span(), secret)


class _Spelling(NamedTuple):
    """A secret, or what its base64 shows of it."""

    hint: bytes
    """What it is without escapes, in the standard alphabet of base64."""
    pattern: re.Pattern[bytes]
    is_often_escaped: bool
    """Whether it has characters for which JSON has escapes of their own."""


def _pattern(text: str, spelt: Callable[[str], bytes]) -> re.Pattern[bytes]:
    r"""Return a pattern for a text, character by character; in `\nabc` there is no `nabc`."""
    first, *others = map(spelt, text)
    is_escaped = rb"(?<![^\\]\\[bfnrtu])" if text[0] in "bfnrtu" else b""
    return re.compile(first + is_escaped + b"".join(others))


def _character(character: str) -> bytes:
    """Return a pattern for a character of the secret; line ends stand nowhere but in escapes."""
    data = character.encode("utf-8", "replace")
    spelt = [] if character in "\r\n" else [re.escape(data)]
    units = character.encode("utf-16-be", "replace")
    spelt.append(b"".join(_ESCAPES + b"u" + _hexadecimal(units[at : at + 2]) for at in range(0, len(units), 2)))
    spelt.append(b"".join(b"%(?:25){0,3}" + _hexadecimal(data[at : at + 1]) for at in range(len(data))))
    if character in _LETTERS:
        spelt.append(_ESCAPES + _LETTERS[character])
    elif character == _BLANK:
        spelt.append(rb"\+")
    elif character == "\\":
        spelt[0] = rb"\\{1,16}"
    elif character in '"/':
        spelt.append(_ESCAPES + data)
    return b"(?:" + b"|".join(spelt) + b")"


def _hexadecimal(data: bytes) -> bytes:
    """Return a pattern for the digits of some bytes, in either case."""
    return "".join(digit if digit.isdigit() else f"[{digit}{digit.upper()}]" for digit in data.hex()).encode()


# ---- base64


def _base64(data: bytes, shift: int) -> str:
    """Return those characters of base64 that the secret alone decides, where so many bytes stand before its group."""
    encoded = base64.b64encode(bytes(shift) + data).decode()
    return encoded[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]


def _base64_character(character: str) -> bytes:
    return _IN_BASE64.get(character, character.encode())
