"""Durations, tokens and money as people read them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Final

from streamkit.cli.safe import safe_line
from streamkit.run import NO_CURRENCY
from streamkit.run.state import Cost

_MINUTE: Final = 60
_HOUR: Final = 3600
_SHORT: Final = 10
_NO_DURATION: Final = 1e9
"""Thirty years."""
_SMALLEST: Final = -12
"""Decimal exponent under which a price is written with an exponent."""
_SIGNS: Final[Mapping[str, str]] = {"USD": "$", "EUR": "€", "GBP": "£"}
"""Signs that mean one currency; ¥ means two."""


def duration(seconds: float | None) -> str:
    """Return seconds as `12ms`, `2.10s`, `41.2s`, `2m05s`, `3h12m`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 0 or seconds > _NO_DURATION:
        return f"{seconds:.3g}s"
    thousandths = round(seconds * 1000)
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths or not seconds else "<1ms"
    if seconds < _SHORT:
        return f"{seconds:.2f}s"
    if seconds < _MINUTE:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"


def count(number: float | None) -> str:
    """Return `1,234`; nothing for none."""
    return f"{number:,.0f}" if number else ""


def tokens(number: int | None) -> str:
    """Return `1,234 tok`; nothing for none."""
    return f"{number:,} tok" if number else ""


def money(cost: Cost | None, *, exact: bool = False) -> str:
    """Return sums by currency, like `$0.0315` or `0.20 CNY`; nothing where nothing was spent.

    Args:
        cost: sums by currency.
        exact: whether every digit counts, else four do.
    """
    spent = {currency: amount for currency, amount in (cost or {}).items() if amount}
    return " + ".join(_price(currency, amount, exact) for currency, amount in spent.items())


def _price(currency: str, amount: Decimal, exact: bool) -> str:
    if not exact:
        digits = 4 if abs(amount) < 1000 else amount.adjusted() + 3
        amount = Context(prec=digits).plus(amount)
    text = f"{amount.normalize()}" if amount.adjusted() < _SMALLEST else f"{amount:f}"
    if "E" not in text:
        whole, _, cents = text.partition(".")
        text = f"{whole}.{cents.rstrip('0').ljust(2, '0')}"
    if currency == NO_CURRENCY:
        return text
    return f"{_SIGNS[currency]}{text}" if currency in _SIGNS else f"{text} {safe_line(currency)[:8]}"


def counted(count: int, noun: str) -> str:
    """Return `1 node`, `4,000 nodes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def moment(epoch: float) -> str:
    """Return epoch seconds as a date and time in UTC, which everybody reads alike."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{epoch:g}"
