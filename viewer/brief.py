"""Figures in few columns: counts, ages, places in time. What has room for all digits is `cli.render.figures`."""

from typing import Final

_UNITS: Final = ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"))
_AGES: Final = ((365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_NOW: Final = 5
"""Seconds that are no age yet; also, clocks of two machines differ by so much."""
_LONGEST: Final = 100 * 365 * 86_400
"""More than this is no time that anybody meant."""


def count(number: float) -> str:
    """Return `412`, `18.2k`, `3.07M`: at most five columns below a thousand billions."""
    for size, unit in _UNITS:
        if number >= size * 0.9995:  # 999,960 is 1.00M, not 1000k
            scaled = number / size
            return f"{scaled:.{_decimals(scaled)}f}{unit}"
    return f"{number:.0f}"


def _decimals(scaled: float) -> int:
    """How many digits behind the point make three in all."""
    return 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0


def age(seconds: float | None) -> str:
    """Return `now`, `41s`, `2m`, `3h`, `12d`, `2y`; nothing for what is no age."""
    if seconds is None or not -_NOW <= seconds < _LONGEST:
        return ""
    size, unit = next((pair for pair in _AGES if seconds >= pair[0]), _AGES[-1])
    return "now" if seconds < _NOW else f"{seconds // size:.0f}{unit}"


def clock(seconds: float) -> str:
    """Return a place in time as `00:41.2` or, from an hour on, `1:02:03`."""
    tenths = round(min(max(seconds, 0), _LONGEST) * 10)
    if tenths < 36_000:
        return f"{tenths // 600:02}:{tenths // 10 % 60:02}.{tenths % 10}"
    return f"{tenths // 36_000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}"
