"""JSON values that nobody has looked at yet.

Inputs, outputs and process data of a node may be megabytes, and most of them are never read. A run keeps them as
the bytes of their JSON and decodes on access. Nothing here raises on what a peer sent.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

Json = Any
"""A decoded JSON value of the vendor: its shape is theirs, so nothing narrower would be true."""

RawJson = Any
"""A JSON value that nobody decoded: `bytes`, or `msgspec.Raw`. Its stub says that it is `bytes`, too, and what is compiled
would believe that."""

_MIN_EXPONENT, _MAX_EXPONENT, _MOST_DIGITS = -30, 30, 60
"""Decimal exponents of a price that is taken seriously: `1e999999999` is a valid Decimal and would fill the memory."""

_PRICE: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?")

_MAX_DEPTH: Final = 200
"""Deepest nesting of a decoded value that is kept: encoders give up at about 1,000, and ours stands inside a tree."""

_MOST_INT_DIGITS: Final = 4000
"""Python refuses to read an integer of more than 4,300 digits."""

NOTHING: Final = (b"", b"null")
"""JSON that says nothing."""

_BACKSLASH: Final = 92  # one byte is searched ten times as fast as two
_SURROGATE: Final = re.compile(rb"\\u[dD]")
"""How halves of surrogate pairs begin: one search for both spellings, twice as fast as a search for each of them."""


def cleaned(data: bytes) -> bytes:
    """Return a JSON value's bytes if they are valid UTF-8 and valid JSON, else what can be saved of them.

    The typed decoder skips values that nobody has asked for, so two things are not checked yet: UTF-8, and halves of
    surrogate pairs.
    """
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("utf-8", "replace").encode()
    if _BACKSLASH in data and _SURROGATE.search(data):
        try:
            msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            data = dumps(loads(data))
    return data


def is_null(data: bytes) -> bool:
    """Whether these bytes are JSON's null, or nothing."""
    return data in NOTHING


def loads(data: bytes | None) -> Json:
    """Decode kept JSON. Never raises: what cannot be decoded comes back as text."""
    if data is None:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    try:
        return loads_leniently(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")


def loads_leniently(data: bytes) -> Json:
    """Decode JSON that the standard forbids, or that no number type holds.

    NaN, Infinity and numbers that are too large become None, lone surrogates U+FFFD.

    Raises:
        ValueError: if this is no JSON even so.
        RecursionError: if it is nested too deeply.
    """
    value = json.loads(
        data.decode("utf-8", "replace"), parse_constant=lambda _: None, parse_float=_finite, parse_int=_int
    )
    return _without_surrogates(value)


def dumps(value: Json) -> bytes:
    """Encode a JSON value again, integers of any size included."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def bounded(value: Json) -> Json:
    """Return a decoded value that a published state can hold; one nested deeper than `_MAX_DEPTH` becomes a note."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        holders = [item for item in level if isinstance(item, list | dict)]
        if not holders:
            return value
        level = [item for holder in holders for item in (holder.values() if isinstance(holder, dict) else holder)]
    return "[nested too deeply]"


def _finite(text: str) -> float | None:
    number = float(text)
    return number if abs(number) != float("inf") else None


def _int(text: str) -> int | None:
    return int(text) if len(text) < _MOST_INT_DIGITS else None


def _without_surrogates(value: Json) -> Json:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def money(value: Json) -> Decimal | None:
    """Read a price: a decimal string, as Dify sends it, or a number. None if it is nothing that can be summed."""
    if isinstance(value, Decimal):
        amount = value
    elif value is None or not _PRICE.fullmatch(text := str(value)):
        return None
    else:
        try:
            amount = Decimal(text)
        except (InvalidOperation, ValueError):
            return None
    if not amount.is_finite() or _has_many_digits(amount):
        return None
    if _MIN_EXPONENT <= amount.adjusted() <= _MAX_EXPONENT:
        return amount
    return Decimal(0) if amount == 0 else None


def _has_many_digits(amount: Decimal) -> bool:
    # Text has all digits and is made five times as fast as the tuple of them.
    return len(str(amount)) > _MOST_DIGITS and len(amount.as_tuple().digits) > _MOST_DIGITS
