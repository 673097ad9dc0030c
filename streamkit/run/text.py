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
    """A text that is appended to, and sometimes replaced as a whole."""

    __slots__ = ("_blocks", "_pieces", "_split", "length", "open_is_thinking")

    def __init__(self) -> None:
        self.length = 0
        """Characters so far, thinking included."""
        self.open_is_thinking = False
        """Whether what stands behind an unclosed tag is known to be thinking, which goes on."""
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._split: tuple[str, str] | None = None

    def append(self, piece: str, *, thinking: bool = False) -> None:
        """Add a delta at the end; `thinking` says that the block which is open behind it is one of thinking."""
        self.open_is_thinking = thinking
        self._pieces.append(piece)
        self.length += len(piece)
        self._split = None
        if len(self._pieces) >= _PIECES:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def replace(self, whole: str) -> None:
        """Take `whole` in place of all that came before."""
        self._blocks = [whole]
        self.open_is_thinking = False
        self.length = len(whole)
        self._pieces.clear()
        self._split = None

    @property
    def raw(self) -> str:
        """The text as it was sent, thinking included."""
        if self._pieces or len(self._blocks) != 1:
            self._blocks = ["".join(self._blocks) + "".join(self._pieces)]
            self._pieces.clear()
        return self._blocks[0]

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
