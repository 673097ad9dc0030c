"""What one run has of one body: its events are folded here, counted, and in the end concluded.

A `Tap` reads a body and folds all of it into one run. Who parts a body that holds several runs reads it with one
`Reader` and gives each run a `Fold` of its own.
"""

from streamkit.dialects import DIALECTS
from streamkit.dialects.base import Reducer
from streamkit.reader import Reader, Record
from streamkit.run import Run


class Fold:
    """Folds records of one body into one run."""

    def __init__(self, run: Run, reader: Reader, *, is_first: bool = True) -> None:
        """Begin a segment of a run.

        Args:
            run: the run, perhaps of an earlier body.
            reader: reads the body; it knows the dialect once there is a record.
            is_first: whether the body opens with this run, so that what came before the first frame is this run's.
        """
        self.run = run
        self._reader = reader
        self._is_first = is_first
        self._reducer: Reducer | None = None
        self._last_frame: int | None = None
        run.begin_segment()

    def fold(self, record: Record, at: float | None = None) -> bool:
        """Fold one event, and count its frame.

        Args:
            record: what the reader made of a frame.
            at: when it arrived, in seconds on one monotonic clock.

        Returns:
            False if the event is only a heartbeat.
        """
        run, event = self.run, record.event
        if record.frame != self._last_frame:  # a document is one frame and may be several events
            self._last_frame = record.frame
            run.frames += 1
        run.frame = None
        for kind, detail in record.before:
            run.report(kind, detail)
        if event.is_heartbeat:
            run.heartbeat(1, at)
            return False
        run.frame = run.frames - 1
        for kind, detail in record.notes:
            run.report(kind, detail)
        run.events[event.kind] = run.events.get(event.kind, 0) + 1
        run.progress(at)
        reducer = self._reducer or self._begin()
        if reducer.belongs(run, event):
            reducer.apply(run, event, at)
        else:
            run.report("foreign-run", event.kind)
        return True

    def count(self, *, bytes: int = 0, heartbeats: int = 0, at: float | None = None) -> None:
        """Count bytes of the body, and heartbeats that are no events, as this run's."""
        self.run.bytes += bytes
        if heartbeats:
            self.run.heartbeat(heartbeats, at)

    def close(self, at: float | None = None) -> None:
        """End the body for this run: what the reader still has to report is this run's, then it is concluded."""
        self.run.frame = None
        for kind, detail in self._reader.troubles:
            self.run.report(kind, detail)
        self._reader.troubles.clear()
        (self._reducer or self._begin()).close(self.run, at)

    def _begin(self) -> Reducer:
        """Return the reducer of this run, told that a body begins."""
        known = self._reader.dialect or next(iter(DIALECTS.values()))
        self.run.dialect = known.name
        if self.run.wire is None:
            self.run.wire = known.reducer()
        reducer: Reducer = self.run.wire
        reducer.begin(self.run, self._reader.opening_heartbeats if self._is_first else 0)
        self._reducer = reducer
        return reducer
