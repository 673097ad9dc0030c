"""The dialects: each owns one family of wire payloads, its events and its reducer.

`DIALECTS` is the whole registry: to add a dialect, add a room and a line.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from streamkit.dialects.base import Dialect
from streamkit.dialects.dify import Dify
from streamkit.dialects.lighton import LightOn
from streamkit.dialects.openai import OpenAI
from streamkit.dialects.ragflow import Ragflow
from streamkit.dialects.salvage import decode_lenient
from streamkit.errors import UnknownDialect

DIALECTS: Final[Mapping[str, Dialect]] = {
    "dify": Dify(),
    "ragflow": Ragflow(),
    "openai": OpenAI(),
    "lighton": LightOn(),
}
"""Every dialect by its name, in the order in which `detect` asks them."""
_TERMINATOR: Final = b"[DONE]"


def dialect(name: str) -> Dialect:
    """Return a dialect by name.

    Raises:
        UnknownDialect: there is none of that name.
    """
    try:
        return DIALECTS[name]
    except KeyError:
        raise UnknownDialect(name, ("auto", *DIALECTS)) from None


def detect(data: bytes) -> Dialect | None:
    """Return the dialect that a frame's data can only be of; None if it does not show."""
    payload = decode_lenient(data, [])
    if payload is None:
        return None
    return next((known for known in DIALECTS.values() if known.recognises(payload)), None)


def detect_silent(frames: Iterable[bytes]) -> Dialect | None:
    """Return the dialect of frames of which none shows it: terminators alone are what agents of RAGFlow 0.20.4 send."""
    return DIALECTS["ragflow"] if all(data.strip() == _TERMINATOR for data in frames) else None
