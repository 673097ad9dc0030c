"""JSON with a value a line, for people; not where the blanks alone would fill the memory."""

from typing import Final

import msgspec

STEP: Final = 2
"""Blanks by which a level is indented."""
_DEEPEST: Final = 200
"""Deeper nesting is read by nobody, and indented a thousand times 600 kB would take 600 MB."""
_SMALL: Final = 1024 * 1024
_ROOM: Final = 8
"""Blanks may take a megabyte, or so many times what they indent."""
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b'[]{}"'))


def indented(data: bytes) -> bytes | None:
    """Return JSON with a value a line; None for what is no JSON, or would take too much room.

    Args:
        data: a JSON document in UTF-8.
    """
    depth = _depth(data)
    lines = data.count(b",") + data.count(b"[") + data.count(b"{")
    if depth > _DEEPEST or depth * STEP * lines > max(_SMALL, _ROOM * len(data)):
        return None
    try:
        return msgspec.json.format(data, indent=STEP)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _depth(data: bytes) -> int:
    """Return how deep brackets are nested, as far as it matters; C does it, whatever stands in strings."""
    bare = data.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NO_BRACKETS)
    brackets = b"".join(bare.split(b'"')[::2]).translate(_BRACKETS)
    depth = 0
    while brackets and depth <= _DEEPEST:
        brackets = brackets.replace(b"[]", b"")
        depth += 1
    return depth
