"""Observe one body beside the stream that it goes on in: clocked, guarded, and off where somebody wants that.

An error of ours is counted and logged once. It never reaches the stream.
"""

import logging
import os
from collections.abc import Callable
from typing import Final

from streamkit.gateway.coding import decoder
from streamkit.run import Run
from streamkit.tap import Tap

_LOG = logging.getLogger("streamkit")
_DISABLE: Final = "STREAMKIT_DISABLE"
_OFF: Final = ("", "0")


def is_disabled() -> bool:
    """Whether the environment says that nothing is to be observed: `STREAMKIT_DISABLE=1`."""
    return os.environ.get(_DISABLE, "") not in _OFF


class Observer:
    """Feeds a tap, one chunk behind the stream; its errors are its own."""

    def __init__(self, tap: Tap, clock: Callable[[], float], coding: str | None = None) -> None:
        """Prepare to observe a body.

        Args:
            tap: what is fed.
            clock: gives seconds on one monotonic clock.
            coding: the content coding of the chunks that will come, if they have one.

        Raises:
            UnknownCoding: nothing that is installed decodes it.
        """
        self._tap = tap
        self._clock = clock
        self._decode = decoder(coding)
        self._seen: list[bytes] = []
        self._at: float | None = None
        self._failed = False

    def saw(self, chunk: bytes) -> None:
        """Note a chunk and when it came."""
        self._seen.append(chunk)
        self._guarded(self._look_at_clock)

    def look(self) -> None:
        """Fold the chunk that was noted."""
        while self._seen:
            chunk = self._seen.pop()
            self._guarded(lambda: self._fold(chunk))  # noqa: B023 - called at once

    def finish(self, on_finish: Callable[[Run], object] | None) -> None:
        """Conclude the run and tell of it."""
        self._guarded(self._look_at_clock)
        self._guarded(lambda: self._tap.close(at=self._at))
        if on_finish is not None:
            self._guarded(lambda: on_finish(self._tap.run))

    def _fold(self, chunk: bytes) -> None:
        for piece in self._decode(chunk):
            self._tap.observe(piece, at=self._at)

    def _look_at_clock(self) -> None:
        self._at = self._clock()

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - observing must not break what is observed
            self._tap.run.report("observer-error", repr(error))
            if not self._failed:
                self._failed = True
                _LOG.warning("streamkit could not observe a stream; it was passed on", exc_info=error)
