"""Durations and sizes as people write them: 500ms, 30s, 5m, 7d; 64MB, 10GB."""

import re
from collections.abc import Mapping
from typing import Final

_AMOUNT: Final = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,6})?) ?(?P<unit>[a-z]*)", re.ASCII)
_SECONDS: Final[Mapping[str, float]] = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final[Mapping[str, int]] = {
    "": 1,
    "b": 1,
    **{f"{prefix}{unit}": 1024**power for power, prefix in enumerate("kmgt", 1) for unit in ("", "b", "ib")},
}


def seconds(text: str) -> float:
    """Read a duration; without a unit it is in seconds.

    Raises:
        ValueError: it is none.
    """
    return _read(text, _SECONDS, "duration like 500ms, 30s, 5m, 1h or 7d")


def size(text: str) -> int:
    """Read a size; without a unit it is in bytes, and a kilobyte has 1024 of them.

    Raises:
        ValueError: it is none.
    """
    return int(_read(text, _BYTES, "size like 64MB or 10GB"))


def _read(text: str, units: Mapping[str, float], what: str) -> float:
    found = _AMOUNT.fullmatch(text.strip().lower())
    if found is None or found["unit"] not in units:
        raise ValueError(f"{text[:20]!r} is no {what}")
    return float(found["number"]) * units[found["unit"]]
