"""When the viewer looks at its runs: 30 times a second while something happens, seldom while nothing does.

A look at a screen of 140x40 costs 2 ms even where nothing changed: 6 % of a core at 30 Hz, for nothing. So whatever
brings something, bytes or keys, wakes the pulse, and a while after the last of them it beats slowly again.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from textual.message_pump import MessagePump
from textual.timer import Timer

FRAMES: Final = 30
"""Looks in a second while something happens."""
_GRACE: Final = 1.2
"""Seconds for which it stays quick: heights, and the order of bars, are put off for up to a second."""
_SLOW: Final = 0.5
"""Seconds between two looks at a live run that says nothing: its clock goes on."""
_SELDOM: Final = 10.0
"""Seconds between two looks where no run is live: the ages of runs go on."""


class Pulse:
    """Calls a tick."""

    def __init__(self, tick: Callable[[], None], *, is_busy: Callable[[], bool], is_live: Callable[[], bool]) -> None:
        """Prepare to call a tick.

        Args:
            tick: looks at everything.
            is_busy: whether something goes on that wakes nobody.
            is_live: whether a clock is shown that goes on.
        """
        self._tick = tick
        self._is_busy = is_busy
        self._is_live = is_live
        self._quick: Timer | None = None
        self._slow: Timer | None = None
        self._awake_until = 0.0
        self.is_slow = False
        """Whether nothing happened for a while."""

    def begin(self, pump: MessagePump) -> None:
        """Begin to beat, quickly at first."""
        self._quick = pump.set_interval(1 / FRAMES, self._beat)
        self._slow = pump.set_interval(_SLOW, self._beat_slowly, pause=True)
        pump.set_interval(_SELDOM, self._beat_seldom)
        self.wake()

    def wake(self) -> None:
        """Beat quickly for a while: something came."""
        self._awake_until = monotonic() + _GRACE
        if self.is_slow and self._quick is not None and self._slow is not None:
            self.is_slow = False
            self._slow.pause()
            self._quick.resume()

    def _beat(self) -> None:
        self._tick()
        if self._quick is None or self._slow is None or monotonic() < self._awake_until or self._is_busy():
            return
        self.is_slow = True
        self._quick.pause()
        if self._is_live():
            self._slow.resume()

    def _beat_slowly(self) -> None:
        self._tick()
        if self._slow is not None and not self._is_live():
            self._slow.pause()

    def _beat_seldom(self) -> None:
        if self.is_slow:
            self._tick()
