"""A value that is sent and shown nowhere: not by `repr`, not in messages, not in logs."""

from typing import Final

_PLACEHOLDER: Final = "[hidden]"
_FIRST_PRINTABLE, _LAST_PRINTABLE = "!", "~"


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

    def reveal(self) -> str:
        """Return the key itself: for the header that it is sent in."""
        return self._value

    def hidden_in(self, text: str) -> str:
        """Return a text without the key: a server may repeat what it refuses."""
        return text.replace(self._value, _PLACEHOLDER)
