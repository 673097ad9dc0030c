"""A value that is sent and shown nowhere: not by `repr`, not in messages, not in logs, also where a server repeats it."""

from typing import Final

from streamkit.recording.spelling import placeholder

_PLACEHOLDER: Final = "[hidden]"
_FIRST_PRINTABLE, _LAST_PRINTABLE = "!", "~"
_SHORTEST: Final = 8
"""A shorter key is a word, as tests have it: it would be hidden wherever the word stands."""


class Secret:
    """An API key. Whoever prints it, or what holds it, sees that there is one and no more."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep a key.

        Args:
            value: the key; blanks around it, as files have them, are no part of it.

        Raises:
            ValueError: it cannot stand in a header. The message does not repeat it.
        """
        value = value.strip()
        if not value:
            raise ValueError("the API key is empty")
        if any(not _FIRST_PRINTABLE <= character <= _LAST_PRINTABLE for character in value):
            raise ValueError("the API key has characters that no key has: blanks, line ends, or none of ASCII")
        self._value = value

    def __repr__(self) -> str:
        return f"Secret({_PLACEHOLDER})"

    def __str__(self) -> str:
        return _PLACEHOLDER

    @property
    def is_word(self) -> bool:
        """Whether it is too short to be hidden elsewhere than in its own header."""
        return len(self._value) < _SHORTEST

    def reveal(self) -> str:
        """Return the key itself: for the header that it is sent in."""
        return self._value

    def hidden_in(self, text: str) -> str:
        """Return a text without the key: a server may repeat it."""
        return text if self.is_word else text.replace(self._value, _PLACEHOLDER)


def without_key(body: bytes, key: Secret | None) -> bytes:
    """Return a whole body without the key, and as long."""
    hiding = Hiding(key)
    return hiding.feed(body) + hiding.close()


class Hiding:
    """Hides a key in a body that comes in pieces, by as many bytes as it has: those that recordings have in its place."""

    def __init__(self, key: Secret | None) -> None:
        """Prepare for one body.

        Args:
            key: what is hidden; None for nothing.
        """
        known = "" if key is None or key.is_word else key.reveal()
        self._key = known.encode()
        self._in_its_place = placeholder(known, len(known)).encode()
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Return what is known to be no part of the key: its beginning may be the end of a piece."""
        if not self._key:
            return piece
        data = (self._held + piece).replace(self._key, self._in_its_place)
        longest = min(len(self._key) - 1, len(data))
        size = next((size for size in range(longest, 0, -1) if data.endswith(self._key[:size])), 0)
        self._held = data[len(data) - size :]
        return data[: len(data) - size]

    def close(self) -> bytes:
        """Return what is left: no piece follows."""
        held, self._held = self._held, b""
        return held
