"""Observe any stream of bytes on its way through: every chunk goes on unchanged, and first.

Observation is guarded: an error of ours is counted and logged once, and never reaches the stream.
"""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable

from streamkit.reader import MAX_FRAME_BYTES
from streamkit.run import Run
from streamkit.run.retention import EVERYTHING, Retention
from streamkit.tap import Tap

_LOG = logging.getLogger("streamkit")


async def watch(
    chunks: AsyncIterable[bytes],
    name: str = "auto",
    *,
    run: Run | None = None,
    on_finish: Callable[[Run], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    retention: Retention = EVERYTHING,
) -> AsyncGenerator[bytes, None]:
    """Yield every chunk unchanged, and rebuild the run beside it.

    ::

        async for chunk in watch(upstream.aiter_raw(), "dify", on_finish=log):
            yield chunk

    Args:
        chunks: the body, as any framework gives it.
        name: a dialect, or "auto".
        run: the run that this body continues; by default a new one.
        on_finish: called once with the run when the body ended, broke, or its reader left. It must not block; what
            it raises is logged and goes no further.
        clock: gives seconds on one monotonic clock.
        max_frame_bytes: frames longer than this are dropped from the observation, not from the stream.
        retention: what a new run keeps of what it sees: `GATEWAY` keeps little, by default everything is kept.

    Yields:
        The chunks of `chunks`, the very same objects in the same order.

    Raises:
        UnknownDialect: there is no dialect of that name.
        Exception: whatever `chunks` raises, unchanged.
    """
    observer = _Observer(Tap(name, run=run, max_frame_bytes=max_frame_bytes, retention=retention), clock)
    iterator = aiter(chunks)
    try:
        async for chunk in iterator:
            observer.saw(chunk)
            yield chunk
            observer.look()
    finally:
        observer.look()  # the last chunk, if its reader left with it
        observer.finish(on_finish)
        close = getattr(iterator, "aclose", None)
        if close is not None:  # a generator made in the call has no other owner
            await close()


class _Observer:
    """Feeds a tap, one chunk behind the stream; its errors are its own."""

    def __init__(self, tap: Tap, clock: Callable[[], float]) -> None:
        self._tap = tap
        self._clock = clock
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
            self._guarded(lambda: self._tap.observe(chunk, at=self._at))  # noqa: B023 - called at once

    def finish(self, on_finish: Callable[[Run], object] | None) -> None:
        """Conclude the run and tell of it."""
        self._guarded(self._look_at_clock)
        self._guarded(lambda: self._tap.close(at=self._at))
        if on_finish is not None:
            self._guarded(lambda: on_finish(self._tap.run))

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
