"""Headers that go from end to end, and those that are of one connection only (RFC 9110, 7.6.1)."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multidict import CIMultiDict, MultiMapping

HOP_BY_HOP: Final = (
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)
"""What says how two neighbours speak with each other."""


def end_to_end(headers: "MultiMapping[str]") -> "CIMultiDict[str]":
    """Return a copy without what is of one connection: the standard's names, and those that `Connection` lists."""
    from multidict import CIMultiDict  # a part of aiohttp: whoever has headers has loaded it

    kept = CIMultiDict(headers)
    named = [name.strip() for value in headers.getall("Connection", []) for name in value.split(",")]
    for name in (*HOP_BY_HOP, *filter(None, named)):
        kept.popall(name, None)
    return kept


def has_word(headers: "MultiMapping[str]", name: str, word: str) -> bool:
    """Whether a header that is a list of words has one of them."""
    return any(word == found.strip().lower() for value in headers.getall(name, []) for found in value.split(","))
