"""Chunks that are one more frame as a pattern says, put by to be folded together.

Most streams come one token a chunk, and then nearly all of the time goes to passing each alone through every layer. Here
one comparison and one decoding of a string take it in; all else is done for many at once, when somebody asks.
"""

from typing import Final

from streamkit.dialects.base import REFUSALS
from streamkit.pattern import Pattern, text_of
from streamkit.sse import SHORT, Parser

ROOM: Final = 16
"""So many frames are put by at most: more would hold more memory and save little."""


class Deferred:
    """Frames of one body that were taken in, and of which the parser and the run do not know yet."""

    __slots__ = ("_blank", "around", "ats", "end", "is_open", "pattern", "prefix", "size", "texts")

    def __init__(self) -> None:
        self.pattern: Pattern | None = None
        """What the frames have in common."""
        self.texts: list[str] = []
        """What they say."""
        self.ats: list[float | None] = []
        """When each arrived."""
        self.size = 0
        """Bytes of all of them."""
        self.is_open = False
        """Whether the next chunk may be such a frame."""
        self.prefix = self.end = b""
        """How such a chunk begins, before the pattern's start, and how it ends."""
        # Prefix and start joined would be quicker by one call in a token, and 300 bytes more in each of ten thousand taps.
        self._blank = b""
        self.around = 0
        """Bytes of such a chunk without its text."""

    def expect(self, pattern: Pattern, parser: Parser) -> None:
        """Take chunks that are one frame of this pattern, written as the parser found the last ones, if it lets them by."""
        self.is_open = parser.may_skip
        if pattern is not self.pattern or parser.prefix is not self.prefix or parser.blank is not self._blank:
            self.pattern, self.prefix, self._blank = pattern, parser.prefix, parser.blank
            self.end = pattern.end + parser.blank
            self.around = len(self.prefix) + len(pattern.start) + len(self.end)

    def expect_nothing(self) -> None:
        """Take no chunks."""
        self.is_open = False

    def take(self, chunk: bytes | bytearray | memoryview, at: float | None) -> bool:
        """Take a chunk in if it is one frame of the pattern and there is room; else it must be read.

        Args:
            chunk: the next bytes of the body.
            at: when they arrived.
        """
        texts, pattern = self.texts, self.pattern
        if not self.is_open or pattern is None or type(chunk) is not bytes or len(texts) == ROOM:
            return False
        # Methods of one argument are the cheapest test there is; that each removed something shows in the length.
        size = len(chunk)
        middle = chunk.removeprefix(self.prefix).removeprefix(pattern.start).removesuffix(self.end)
        if len(middle) + self.around != size or size > SHORT:
            return False
        try:
            texts.append(text_of(middle))  # a JSON string holds no line end, nor does the rest of the pattern
        except REFUSALS:
            return False
        self.ats.append(at)
        self.size += size
        return True

    def clear(self) -> None:
        """Forget what was taken: it is known now."""
        self.texts, self.ats, self.size = [], [], 0
