"""Sizes as people read them; the rest is in `streamkit.cli.render.figures`."""

from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB")
_THOUSAND: Final = 1000
_SHORT: Final = 10


def size(count: float) -> str:
    """Return a number of bytes as `123 B`, `1.2 kB`, `12 kB`, `3.4 MB`."""
    unit = 0
    while count >= _THOUSAND - 0.5 and unit < len(_UNITS) - 1:
        count /= _THOUSAND
        unit += 1
    digits = 1 if unit and count < _SHORT - 0.05 else 0
    return f"{count:.{digits}f} {_UNITS[unit]}"
