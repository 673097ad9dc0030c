"""The two clocks of a stream: one that any byte sets back, and one that only what means something does."""

from collections.abc import Callable
from typing import Final

from streamkit.clients.patience import Patience
from streamkit.run import Run

_LONGEST_HEARTBEAT: Final = 64
"""Bytes without an event that are more than a ping which is still incomplete: an event that is on its way."""


class Clocks:
    """Says how long to wait for the next byte of a body."""

    def __init__(self, patience: Patience, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._began = 0.0
        self._byte_at = 0.0
        self._news_at = 0.0
        self._unread = 0
        self.size = 0
        """Bytes of the body."""

    def now(self) -> float:
        """Return the time, on the clock that all bodies of a run have in common."""
        return self._clock()

    def begin_body(self) -> None:
        """Begin with the next body."""
        self._began = self._byte_at = self._news_at = self._clock()
        self._unread = self.size = 0

    def in_body(self) -> float:
        """Return the seconds since the body began."""
        return self._clock() - self._began

    def saw(self, size: int, *, is_news: bool, is_heartbeat: bool) -> None:
        """Note bytes.

        Args:
            size: how many.
            is_news: whether they completed an event.
            is_heartbeat: whether they completed a heartbeat.
        """
        now = self._clock()
        self.size += size
        self._byte_at = now
        self._unread = 0 if is_news or is_heartbeat else self._unread + size
        if is_news or self._unread > _LONGEST_HEARTBEAT:
            self._news_at = now

    def left(self, run: Run) -> float:
        """Return how many seconds more to wait."""
        return max(min(self._limits(run)) - self._clock(), 0.0)

    def verdict(self, run: Run) -> str | None:
        """Return what is wrong, now that time is up; None if the run has ended and there was nothing to wait for."""
        silence, progress, _ = self._limits(run)
        if run.ended_by_server:
            return None
        if silence <= progress:
            return f"not a byte for {self._patience.silence:g} s"
        return f"nothing but heartbeats for {self._patience.progress:g} s"

    def _limits(self, run: Run) -> tuple[float, float, float]:
        patience = self._patience
        if run.settled and run.status == "failed":  # an error: relays leave the connection open, and say nothing more
            linger = self._news_at
        else:
            linger = self._news_at + patience.linger if run.ended_by_server else float("inf")
        return self._byte_at + patience.silence, self._news_at + patience.progress, linger
