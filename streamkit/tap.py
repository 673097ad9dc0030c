"""A tap on one response body: bytes go in, typed events come out, and the run is rebuilt beside them.

The law: any split of the bytes gives the same events and the same run, in linear time and bounded memory; nothing
that a peer sends raises. A tap does no I/O and has no clock: whoever feeds it may say when.
"""

from streamkit.dialects.base import Event
from streamkit.fold import Fold
from streamkit.reader import MAX_FRAME_BYTES, Reader, events_of
from streamkit.run import Run
from streamkit.run.retention import EVERYTHING, Retention


class Tap:
    """Observes one body. The run outlives it: give it to the next tap when the run goes on in another body."""

    __slots__ = ("_closed", "_fold", "_reader", "_run")

    def __init__(
        self,
        name: str = "auto",
        *,
        run: Run | None = None,
        max_frame_bytes: int = MAX_FRAME_BYTES,
        retention: Retention = EVERYTHING,
    ) -> None:
        """Prepare to observe a body.

        Args:
            name: a dialect ("dify", …), or "auto" to detect it from the first frames.
            run: the run that this body continues (after a pause, a reconnect); by default a new one.
            max_frame_bytes: frames longer than this are dropped and reported.
            retention: what a new run keeps of what it sees; by default everything. A given run has its own.

        Raises:
            UnknownDialect: there is no dialect of that name.
            ValueError: the run is of another dialect.
        """
        if run is not None and run.wire is not None:
            if name not in ("auto", run.dialect):
                raise ValueError(f"the run is of dialect {run.dialect!r}, not {name!r}")
            name = run.dialect
        self._reader = Reader(name, max_frame_bytes=max_frame_bytes)
        self._run = run if run is not None else Run(name, retention=retention)
        self._fold = Fold(self._run, self._reader)
        self._closed = False

    @property
    def run(self) -> Run:
        """The run as it is now: read it here whenever you like."""
        if self._reader.deferred.texts:
            self._catch_up()
        return self._run

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
        deferred = self._reader.deferred
        if deferred.texts:
            self._catch_up()
        if deferred.take(chunk, at) and (pattern := deferred.pattern) is not None:
            event = pattern.with_text(pattern.event, deferred.texts[0])
            self._catch_up()
            return [event]
        found = self._reader.read(chunk)
        self._fold.take(found, len(chunk), at)
        return events_of(found)

    def observe(self, chunk: bytes | bytearray | memoryview, at: float | None = None) -> None:
        """Observe bytes as `feed` does, for who only wants the run: events of no interest are not even made.

        Up to 16 deltas of text wait to be folded together, until something else comes or `run` is read: a run that you
        hold in a variable of your own may be that much behind.

        Raises:
            RuntimeError: the tap was closed.
        """
        deferred = self._reader.deferred
        if deferred.take(chunk, at):
            return
        if deferred.texts:
            self._catch_up()
            if deferred.take(chunk, at):  # there was only no room for it
                return
        event = self._reader.whole(chunk)
        if event is None:
            self._fold.take(self._reader.read(chunk), len(chunk), at)
        else:
            self._fold.take_one(event, len(chunk), at)

    def _catch_up(self) -> None:
        """Fold the deltas that wait."""
        deferred = self._reader.deferred
        pattern, texts, ats, size = deferred.pattern, deferred.texts, deferred.ats, deferred.size
        self._reader.settle()
        if pattern is not None:
            self._fold.deltas(pattern, texts, ats, size)

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
        if self._reader.deferred.texts:
            self._catch_up()
        found = self._reader.close()
        self._fold.take(found, 0, at)
        self._fold.close(at)
        return events_of(found)
