"""The way through a run: how much came when, where trouble was, where one looks.

It knows a few numbers and nothing of a history, so whoever has numbers can have it drawn.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from streamkit.cli.render.cells import Line, Span, cells, cut
from streamkit.cli.render.look import ASCII, STYLES_OF_STATUS, Look
from viewer import bars, brief

Mark = Literal["failed", "paused", "retried", "remark"]

_MARKS: Final[dict[Mark, tuple[str, str, str]]] = {
    "remark": ("◆", "@", "key"),
    "retried": ("↻", "R", "odd"),
    "paused": ("‖", "P", STYLES_OF_STATUS["paused"]),
    "failed": ("✗", "E", STYLES_OF_STATUS["failed"]),
}
"""Sign, the one in ASCII, style; where several are in one column, the last one of these is shown."""
_EVENTS_FROM: Final = 60
"""Columns from which on the number of the event stands beside the strip, else under it."""
_STRIP_MIN: Final = 8


class Track(Struct, frozen=True):
    """A run as a way that one can go back and forth."""

    densities: Sequence[float] = ()
    """Events in each of some equal parts of the time, any number of parts; `columns` is the best one."""
    marks: Sequence[tuple[float, Mark]] = ()
    """Places of trouble, as fractions of the time."""
    event: int = 0
    """The number of events that are folded where one looks."""
    events: int = 0
    """All so far."""
    time: float = 0.0
    """Where one looks, in seconds since the start."""
    duration: float = 0.0
    """Seconds so far."""
    is_live: bool = False
    """Whether more may come by itself."""
    is_playing: bool = True
    speed: float = 1.0

    @property
    def fraction(self) -> float:
        """Where one looks, 0 to 1."""
        if self.event >= self.events or self.duration <= 0:
            return 1.0
        return min(max(self.time / self.duration, 0.0), 1.0)


class Places(NamedTuple):
    """What stands where in the first line."""

    left: str
    columns: int
    right: str

    @property
    def start(self) -> int:
        """The first column of the strip."""
        return len(self.left)

    def fraction(self, x: int) -> float:
        """Return which place in time a column of the line is, 0 to 1."""
        return min(max((x - self.start) / max(self.columns - 1, 1), 0.0), 1.0)

    def column(self, fraction: float) -> int:
        """Return which column of the strip a place in time is."""
        return round(min(max(fraction, 0.0), 1.0) * (self.columns - 1))


def places(track: Track, width: int) -> Places:
    """Part the first line; where it is narrow, the number of the event gives way, then the times."""
    left, right = f" {brief.clock(0)[:5]} ", f" {brief.clock(track.duration)} "
    if width >= _EVENTS_FROM:
        right += f"{_events(track)} "
    if width - len(left) - len(right) < _STRIP_MIN:
        left = right = ""
    return Places(left, max(width - len(left) - len(right), 0), right)


def _events(track: Track) -> str:
    most = f"{track.events:,}"
    return f"ev {track.event:>{len(most)},}/{most}"


def _plain(speed: float) -> str:
    return f"{speed:.1f}" if speed == round(speed, 1) else f"{speed:g}"


def strip_line(track: Track, width: int, look: Look) -> Line:
    """Return the strip between its times, in exactly `width` columns."""
    left, columns, right = parted = places(track, width)
    styles = ["bar"] * columns
    text = list(bars.strip(bars.resampled(track.densities, columns), look))
    is_ascii = look.glyphs is ASCII
    for sign, where in _signs(track):
        if columns:
            column = parted.column(where)
            text[column], styles[column] = _MARKS[sign][is_ascii], _MARKS[sign][2]
    if columns:
        column = parted.column(track.fraction)
        text[column], styles[column] = "^" if is_ascii else "▲", "live"
    return Span(left, "dim"), *_joined(text, styles), Span(right, "dim")


def _signs(track: Track) -> list[tuple[Mark, float]]:
    order = list(_MARKS)
    return sorted(((sign, where) for where, sign in track.marks), key=lambda pair: order.index(pair[0]))


def _joined(text: Sequence[str], styles: Sequence[str]) -> Line:
    """Return as few spans as there are styles beside each other."""
    starts = [number for number in range(len(text)) if number == 0 or styles[number] != styles[number - 1]]
    ends = [*starts[1:], len(text)]
    return tuple(Span("".join(text[start:end]), styles[start]) for start, end in zip(starts, ends, strict=True))


def state_line(track: Track, width: int, look: Look) -> Line:
    """Return what goes on, in words: live or how far from it, playing or not and how fast, and where one looks."""
    behind = track.events - track.event
    head = "LIVE" if track.is_live else "END" if not behind else "RECORDED"
    offset = f" +{behind:,}" if behind and track.is_live else ""
    is_ascii = look.glyphs is ASCII
    sign = (">" if is_ascii else "▶") if track.is_playing else ("||" if is_ascii else "‖")
    rest = [
        f"{sign} {'' if track.is_playing else 'paused '}x{_plain(track.speed)}",
        f"at {brief.clock(track.time)}",
        *([_events(track)] if width < _EVENTS_FROM else []),
    ]
    told = cut("  ".join(rest), max(width - cells(head + offset) - 3, 0), look.glyphs.cut)
    return Span(" "), Span(head, "live" if track.is_live else "dim"), Span(offset, "odd"), Span(f"  {told}")
