"""A tap on one response body: bytes go in, typed events come out, and the run is rebuilt beside them.

The law: any split of the bytes gives the same events and the same run, in linear time and bounded memory; nothing
that a peer sends raises. A tap does no I/O and has no clock: whoever feeds it may say when.
"""

from streamkit.dialects import dialect
from streamkit.dialects.base import Event, Reducer
from streamkit.reader import MAX_FRAME_BYTES, Reader, Record
from streamkit.run import Run


class Tap:
    """Observes one body. The run outlives it: give it to the next tap when the run goes on in another body."""

    def __init__(
        self,
        name: str = "auto",
        *,
        run: Run | None = None,
        max_frame_bytes: int = MAX_FRAME_BYTES,
        reader: Reader | None = None,
    ) -> None:
        """Prepare to observe a body.

        Args:
            name: a dialect ("dify", …), or "auto" to detect it from the first frames.
            run: the run that this body continues (after a pause, a reconnect); by default a new one.
            max_frame_bytes: frames longer than this are dropped and reported.
            reader: reads the body in place of a reader of this tap's own. Then give records to `fold`, not bytes
                to `feed`: that is how several runs in one body are parted.

        Raises:
            UnknownDialect: there is no dialect of that name.
            ValueError: the run is of another dialect.
        """
        if run is not None and run.wire is not None:
            if name not in ("auto", run.dialect):
                raise ValueError(f"the run is of dialect {run.dialect!r}, not {name!r}")
            name = run.dialect
        self.run = run if run is not None else Run(name)
        """The run as it is now: read it whenever you like."""
        self._reader = reader or Reader(name, max_frame_bytes=max_frame_bytes)
        self._heartbeats = 0
        self._first_frame = self.run.frames
        self._reducer: Reducer | None = None
        self._closed = False
        self.run.begin_segment()

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
        return self._fold_all(records, at)

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
        events = self._fold_all(self._reader.close(), at)
        self._begin().close(self.run, at)
        return events

    def _fold_all(self, records: list[Record], at: float | None) -> list[Event]:
        reader, run = self._reader, self.run
        events = [record.event for record in records if self.fold(record, at)]
        if reader.heartbeats != self._heartbeats:
            run.heartbeat(reader.heartbeats - self._heartbeats, at)
            self._heartbeats = reader.heartbeats
        run.frames = self._first_frame + reader.frames
        for kind, detail in reader.troubles:
            run.frame = None
            run.report(kind, detail)
        reader.troubles.clear()
        return events

    def fold(self, record: Record, at: float | None = None) -> bool:
        """Fold one event; False if it is only a heartbeat.

        Whoever reads a body with a `Reader` of their own (to part the runs in it) folds with this.
        """
        run, event = self.run, record.event
        if event.is_heartbeat:
            run.heartbeat(1, at)
            return False
        reducer = self._reducer or self._begin()
        run.frame = None
        for anomaly, detail in record.before:
            run.report(anomaly, detail)
        run.frame = self._first_frame + record.frame
        for anomaly, detail in record.notes:
            run.report(anomaly, detail)
        kind = event.kind
        run.events[kind] = run.events.get(kind, 0) + 1
        run.progress(at)
        if reducer.belongs(run, event):
            reducer.apply(run, event, at)
        else:
            run.report("foreign-run", kind)
        return True

    def _begin(self) -> Reducer:
        """Return the reducer of this run; before the first event of the body, tell it that one begins."""
        if self._reducer is None:
            known = self._reader.dialect or dialect("dify")
            self.run.dialect = known.name
            if self.run.wire is None:
                self.run.wire = known.reducer()
            reducer: Reducer = self.run.wire
            reducer.begin(self.run, self._reader.opening_heartbeats)
            self._reducer = reducer
        return self._reducer
