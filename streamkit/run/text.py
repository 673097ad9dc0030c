"""Text that grows by deltas, and the thinking inside it.

Appending costs constant time; reading joins once and remembers. What is read never depends on when somebody read
before: thinking is taken out of the whole text, not of its pieces.
"""

from typing import Final

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_PIECES: Final = 512
"""So many deltas are joined to one block: a delta of three letters should not cost an object for ever."""


class Text:
    """A text that is appended to, and sometimes replaced as a whole. It may keep only its first characters."""

    __slots__ = ("_blocks", "_pieces", "_room", "_split", "cut", "length", "open_is_thinking")

    def __init__(self, limit: int | None = None) -> None:
        """Begin an empty text.

        Args:
            limit: so many characters are kept; by default all.
        """
        self.length = 0
        """Characters so far, thinking included, also those that are not kept."""
        self.cut = 0
        """Characters at the end that are not kept."""
        self.open_is_thinking = False
        """Whether what stands behind an unclosed tag is known to be thinking, which goes on."""
        self._room = limit
        self._pieces: list[str] | None = None
        self._blocks = 0  # so many of the pieces, at the front, are joined ones
        self._split: tuple[str, str] | None = None

    def append(self, piece: str, thinking: bool = False) -> int:
        """Add a delta at the end.

        Args:
            piece: the delta.
            thinking: whether the block which is open behind it is one of thinking.

        Returns:
            How many characters of it are not kept.
        """
        self.open_is_thinking = thinking
        self.length += len(piece)
        self._split = None
        lost = 0
        if self._room is not None:
            kept = piece[: self._room]
            lost = len(piece) - len(kept)
            self._room -= len(kept)
            self.cut += lost
            if not kept:
                return lost
            piece = kept
        pieces = self._pieces
        if pieces is None:
            self._pieces = [piece]
            return lost
        pieces.append(piece)
        if len(pieces) - self._blocks >= _PIECES:
            pieces[self._blocks :] = ["".join(pieces[self._blocks :])]
            self._blocks += 1
        return lost

    def take(self, other: "Text") -> int:
        """Add another text with the same limit at the end, as if it had come here; return what `append` does."""
        lost = self.append(other.raw) + other.cut
        self.length += other.cut
        self.cut += other.cut
        return lost

    def replace(self, whole: str) -> int:
        """Take `whole` in place of all that came before; return how many characters of it are not kept."""
        room = None if self._room is None else self._room + sum(map(len, self._pieces or ()))
        self._pieces = None
        self._blocks = self.length = self.cut = 0
        self._room = room
        return self.append(whole)

    @property
    def raw(self) -> str:
        """The text as it was sent, thinking included."""
        pieces = self._pieces
        if pieces is None:
            return ""
        if len(pieces) > 1:
            pieces[:] = ["".join(pieces)]
            self._blocks = 1
        return pieces[0]

    @property
    def visible(self) -> str:
        """The text without closed `<think>` blocks; an unclosed one stays, unless it is known to be thinking."""
        return self._parts()[0]

    @property
    def thinking(self) -> str:
        """What stood in closed `<think>` blocks, in order, without the tags."""
        return self._parts()[1]

    def _parts(self) -> tuple[str, str]:
        if self._split is None:
            raw = self.raw
            tagged = self.open_is_thinking or _CLOSE in raw
            self._split = _without_thinking(raw, self.open_is_thinking) if tagged else (raw, "")
        return self._split


def _without_thinking(raw: str, open_is_thinking: bool) -> tuple[str, str]:
    """Part a text into what is seen and what stood in closed blocks. Linear, however many tags never close."""
    seen: list[str] = []
    thoughts: list[str] = []
    position = 0
    while True:
        opening = raw.find(_OPEN, position)
        closing = raw.find(_CLOSE, opening) if opening >= 0 else -1
        if closing < 0 and not (open_is_thinking and opening >= 0):
            break
        if closing < 0:
            closing = len(raw)
        seen.append(raw[position:opening])
        thoughts.append(raw[opening + len(_OPEN) : closing])
        position = closing + len(_CLOSE)
    seen.append(raw[position:])
    return "".join(seen), "".join(thoughts)
