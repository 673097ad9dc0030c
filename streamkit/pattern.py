"""Frames that differ in one text only: learned from one of them, and then read without parsing the rest.

The frames of a token stream repeat the same bytes before and after the text, hundreds of times. A pattern holds these
bytes and the event that they mean. It is exact: what stands between them is decoded as a JSON string, by the same
decoder as ever, and whatever is no string there is no case for the pattern.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from streamkit.dialects.base import REFUSALS, Delta, Event

_PROBE: Final = "\N{SYMBOL FOR SUBSTITUTE}probe"
_QUOTED_PROBE: Final = b'"%b"' % _PROBE.encode()
_MOST_PLACES: Final = 4
"""So many places of a text in its frame are tried; most texts stand in one."""

text_of: Final = msgspec.json.Decoder(str).decode
"""Decodes what stands between `start` and `end` of a pattern."""
_TEXTS: Final = msgspec.json.Decoder(list[str])


class Pattern:
    """What the frames of a stream of text have in common. It is never changed."""

    __slots__ = ("end", "event", "start", "with_text")

    def __init__(self, start: bytes, end: bytes, event: Event, with_text: Callable[[Any, str], Event]) -> None:
        self.start = start
        """The data before the text's JSON string."""
        self.end = end
        """The data after it."""
        self.event = event
        """The event of the frame that this was learned from."""
        self.with_text = with_text
        """Returns a copy of the event with another text."""

    @staticmethod
    def texts(middles: list[bytes]) -> list[str] | None:
        """Decode what stands between `start` and `end` in some frames; None if not each one is a JSON string."""
        try:
            if len(middles) == 1:
                return [text_of(middles[0])]
            # At once, which is much faster. A JSON string cannot hold an LF, so none of them hides a comma between two
            # frames; then there are as many strings as frames only if each is one.
            texts = _TEXTS.decode(b"[%b]" % b",\n".join(middles))
        except (msgspec.MsgspecError, UnicodeError):
            return None
        return texts if len(texts) == len(middles) else None

    def events(self, texts: list[str]) -> list[Event]:
        """Return the events that frames with these texts mean."""
        event, with_text = self.event, self.with_text
        return [with_text(event, text) for text in texts]


def learn(
    data: bytes, event: Event, delta: Delta, decode: Callable[[bytes], Event], *, like: Pattern | None = None
) -> Pattern | None:
    """Learn the pattern of a frame; None if its text cannot be found in its data.

    Args:
        data: the data of the frame.
        event: what it was decoded to.
        delta: where its text stands.
        decode: the decoder of such frames; it may refuse (`REFUSALS`).
        like: a pattern of earlier frames, which most begin as: then the text stands where theirs does.
    """
    text = delta.text(event)
    if text is None or b"\n" in data:  # data of several lines, which nobody sends
        return None
    expected = delta.with_text(event, _PROBE)
    expected_at = len(like.start) if like is not None and data.startswith(like.start) else 0
    for place, size in _places(data, text, expected_at):
        start, end = data[:place], data[place + size :]
        # The proof: another text in this place is decoded to the same event with that text.
        try:
            probed = decode(b"".join((start, _QUOTED_PROBE, end)))
        except REFUSALS:
            continue
        if probed == expected:
            return Pattern(start, end, event, delta.with_text)
    return None


def _places(data: bytes, text: str, expected_at: int) -> Iterator[tuple[int, int]]:
    """Yield where a text stands in its frame as a JSON string, and how many bytes it takes, at most `_MOST_PLACES`."""
    quoted = msgspec.json.encode(text)
    place = expected_at if data.startswith(quoted, expected_at) else data.find(quoted)
    if place < 0:  # Python's own encoder writes all but ASCII as escapes
        quoted = json.dumps(text).encode()
        place = data.find(quoted)
    for _ in range(_MOST_PLACES):
        if place < 0:
            break
        yield place, len(quoted)
        place = data.find(quoted, place + 1)
