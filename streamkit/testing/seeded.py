"""What a server would make up: ids, tokens of forms, prices. The same seed makes up the same."""

import random
import uuid
from decimal import Decimal
from typing import Any, Final

Json = dict[str, Any]
"""A JSON object of a vendor's: its shape is theirs."""

EPOCH: Final = 1_795_300_000
"""When runs that are made up begin: an hour in November 2026."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TOKEN_LENGTH: Final = 22
_DIGITS: Final = Decimal("0.0000001")
_UNIT: Final = Decimal("0.000001")
PROMPT_PRICE: Final = "2.50"
COMPLETION_PRICE: Final = "10.00"


class Seeded:
    """Makes things up, always in the same order."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - ids of tests

    def uuid(self) -> str:
        """Return an id with dashes."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def hex(self) -> str:
        """Return an id without dashes."""
        return uuid.UUID(int=self._chance.getrandbits(128), version=4).hex

    def token(self) -> str:
        """Return a secret of a form."""
        return "".join(self._chance.choices(_LETTERS, k=_TOKEN_LENGTH))

    def factor(self) -> float:
        """Return by how much longer one of several parallel things takes: 1 to 2."""
        return 1 + self._chance.random()


def price(tokens: int, unit_price: str) -> Decimal:
    """Return what tokens cost."""
    return (tokens * Decimal(unit_price) * _UNIT).quantize(_DIGITS)


def pieces(text: str, count: int | None = None) -> list[str]:
    """Cut a text as a model streams it.

    Args:
        text: the text.
        count: so many pieces of about one length; by default a piece for each word.
    """
    if count is None:
        return [piece for piece in _words(text) if piece]
    size = -(-len(text) // count) if count > 0 else 0
    return [text[start : start + size] for start in range(0, len(text), size)] if size else []


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [f"{word} " for word in words[:-1]] + words[-1:]
