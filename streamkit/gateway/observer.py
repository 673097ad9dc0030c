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
        self._decode = decoder(coding) if coding is not None else None
        self._chunk: bytes | None = None
        self._at: float | None = None
        self._has_failed = False

    # Flat, and without a guard that is called: this is done for each token of each stream.

    def saw(self, chunk: bytes) -> None:
        """Note a chunk and when it came."""
        self._chunk = chunk
        try:
            self._at = self._clock()
        except Exception as error:  # noqa: BLE001 - observing must not break what is observed
            self._failed(error)

    def look(self) -> None:
        """Fold the chunk that was noted."""
        chunk, self._chunk = self._chunk, None
        if chunk is None:
            return
        try:
            if self._decode is None:
                self._tap.observe(chunk, self._at)
            else:
                for piece in self._decode(chunk):
                    self._tap.observe(piece, self._at)
        except Exception as error:  # noqa: BLE001 - see `saw`
            self._failed(error)

    def finish(self, on_finish: Callable[[Run], object] | None) -> None:
        """Conclude the run and tell of it."""
        try:
            self._at = self._clock()
        except Exception as error:  # noqa: BLE001 - see `saw`
            self._failed(error)
        try:
            self._tap.close(at=self._at)
        except Exception as error:  # noqa: BLE001 - see `saw`
            self._failed(error)
        if on_finish is not None:
            try:
                on_finish(self._tap.run)
            except Exception as error:  # noqa: BLE001 - see `saw`
                self._failed(error, exc_info=error)  # a mistake of who wrote it, who needs its words

    def _failed(self, error: Exception, exc_info: Exception | None = None) -> None:
        """Count an error. The words of ours are not told: they may be of what was observed."""
        self._tap.run.report("observer-error", type(error).__name__)
        if not self._has_failed:
            self._has_failed = True
            what = "streamkit could not observe a stream, which was passed on: %s"
            _LOG.warning(what, place_of(error), exc_info=exc_info)


def place_of(error: Exception) -> str:
    """Return what kind of error it is, and where it arose."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{where}"
