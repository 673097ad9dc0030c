"""How a body is framed: what stands on its lines besides JSON, and how that JSON is spaced."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_LINE_ENDS: Final = {b"\r\n": "CRLF", b"\n": "LF", b"\r": "CR"}
_JSON_COLON: Final = re.compile(rb'\s*\{\s*"[^"\\]*"\s*:(\s?)')
_BLOCK: Final = re.compile(rb"\n\n|\r\r|\r\n\r\n")


class Framing(Struct, frozen=True, kw_only=True):
    """What a parser of lines has to know. Each is a list of what occurs, sorted; empty where nothing does."""

    body: str
    """"event stream" or "JSON"."""
    line_end: list[str] = []
    """LF, CRLF, CR."""
    data_line: list[str] = []
    """How lines of data begin: with a space behind the colon, or without."""
    event_lines: list[str] = []
    """Names on `event:` lines of blocks with data."""
    id_lines: list[str] = []
    """"yes" where a block has an id."""
    heartbeat: list[str] = []
    """What is sent to keep a connection open: comments, or blocks without data by their name."""
    opening: list[str] = []
    """The heartbeat before the first frame."""
    json: list[str] = []
    """"compact" or "spaced": whether a blank stands behind a colon."""


def framing_of(body: bytes) -> Framing:
    """Look at the lines of an event stream."""
    ends = {_LINE_ENDS[end] for end in set(_LINE_END.findall(body))}
    blocks = [_LINE_END.split(block) for block in _BLOCK.split(body)]
    with_data = [block for block in blocks if _data(block)]
    beats = [(number, beat) for number, block in enumerate(blocks) for beat in _heartbeats(block)]
    first = next((number for number, block in enumerate(blocks) if _data(block)), len(blocks))
    data = [line for block in with_data for line in _data(block)]
    return Framing(
        body="event stream",
        line_end=sorted(ends),
        data_line=_sorted("data: " if line.startswith(b"data: ") else "data:" for line in data),
        event_lines=_sorted(_value(line) for block in with_data for line in block if line.startswith(b"event:")),
        id_lines=_sorted("yes" for block in with_data for line in block if line.startswith(b"id:")),
        heartbeat=_sorted(beat for _, beat in beats),
        opening=_sorted(beat for number, beat in beats if number < first),
        json=json_style(line[5:] for line in data),
    )


def json_style(documents: Iterable[bytes]) -> list[str]:
    """Return how JSON objects are spaced."""
    found = (_JSON_COLON.match(document) for document in documents)
    return _sorted("spaced" if colon[1] else "compact" for colon in found if colon)


def _data(block: list[bytes]) -> list[bytes]:
    return [line for line in block if line.startswith(b"data:")]


def _heartbeats(block: list[bytes]) -> list[str]:
    comments = ["a comment" for line in block if line.startswith(b":")]
    if _data(block):
        return comments
    return comments + [line.decode("utf-8", "replace") for line in block if line.startswith(b"event:")]


def _value(line: bytes) -> str:
    return line.partition(b":")[2].removeprefix(b" ").decode("utf-8", "replace")


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(set(words))
