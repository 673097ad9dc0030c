"""A tap on one response body: bytes go in, typed events come out, and the run is rebuilt beside them.

The law: any split of the bytes gives the same events and the same run, in linear time and bounded memory; nothing
that a peer sends raises. A tap does no I/O and has no clock: whoever feeds it may say when.
"""

from streamkit.dialects.base import Event
from streamkit.fold import Fold
from streamkit.reader import MAX_FRAME_BYTES, Reader, Record
from streamkit.run import Run


class Tap:
    """Observes one body. The run outlives it: give it to the next tap when the run goes on in another body."""

    def __init__(self, name: str = "auto", *, run: Run | None = None, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        """Prepare to observe a body.

        Args:
            name: a dialect ("dify", …), or "auto" to detect it from the first frames.
            run: the run that this body continues (after a pause, a reconnect); by default a new one.
            max_frame_bytes: frames longer than this are dropped and reported.

        Raises:
            UnknownDialect: there is no dialect of that name.
            ValueError: the run is of another dialect.
        """
        if run is not None and run.wire is not None:
            if name not in ("auto", run.dialect):
                raise ValueError(f"the run is of dialect {run.dialect!r}, not {name!r}")
            name = run.dialect
        self._reader = Reader(name, max_frame_bytes=max_frame_bytes)
        self.run = run if run is not None else Run(name)
        """The run as it is now: read it whenever you like."""
        self._fold = Fold(self.run, self._reader)
        self._heartbeats = 0
        self._closed = False

    def feed(self, chunk: bytes | bytearray | memoryview, at: float | None = None) -> list[Event]:
        """Observe bytes as they arrive.

        Args:
            chunk: the next bytes of the body, cut anywhere.
            at: when they arrived, in seconds on one monotonic clock of yours.

        Returns:
            The events that are complete now, also unknown and malformed ones. Heartbeats are only counted.

        Raises:
            RuntimeError: the tap was closed.
        """
        records = self._reader.feed(chunk)
        self.run.bytes += len(chunk)
        return self._take(records, at)

    def close(self, at: float | None = None) -> list[Event]:
        """End the body, and conclude how the run stands: paused, over, or interrupted. Twice does nothing more.

        Args:
            at: when the body ended.

        Returns:
            Events that only the end of the body completes: those of a body that is JSON and no stream.
        """
        if self._closed:
            return []
        self._closed = True
        events = self._take(self._reader.close(), at)
        self._fold.close(at)
        return events

    def _take(self, records: list[Record], at: float | None) -> list[Event]:
        fold, heartbeats = self._fold.fold, self._reader.heartbeats
        events = [record.event for record in records if fold(record, at)]
        if heartbeats != self._heartbeats:
            self._fold.count(heartbeats=heartbeats - self._heartbeats, at=at)
            self._heartbeats = heartbeats
        return events
