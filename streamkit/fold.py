"""What one run has of one body: its events are folded here, counted, and in the end concluded.

A `Tap` reads a body and folds all of it into one run. Who parts a body that holds several runs reads it with one
`Reader` and gives each run a `Fold` of its own.
"""

from collections.abc import Sequence

from streamkit.dialects import DIALECTS
from streamkit.dialects.base import Event, Reducer, Sink, kind_of
from streamkit.pattern import Pattern
from streamkit.reader import Reader
from streamkit.records import Burst, Flagged, Found, Noted, Record
from streamkit.run import Run
from streamkit.run.state import Seconds


class Fold:
    """Folds records of one body into one run."""

    __slots__ = (
        "_heartbeats",
        "_is_first",
        "_last_frame",
        "_reader",
        "_reducer",
        "_sink",
        "_sink_kind",
        "_sink_pattern",
        "_sink_revision",
        "run",
    )

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
        self._heartbeats = 0
        self._sink: Sink | None = None
        self._sink_kind = ""
        self._sink_pattern: Pattern | None = None
        self._sink_revision = 0
        run.begin_segment()

    def take(self, events: Sequence[Found], size: int, at: Seconds | None) -> None:
        """Fold what the reader read of some bytes, all of which are of this run.

        Args:
            events: what it read.
            size: the number of the bytes.
            at: when they arrived, in seconds on one monotonic clock.
        """
        run = self.run
        run.bytes += size
        for event in events:
            if type(event) is Burst:  # of structs, isinstance() takes five times as long
                self.deltas(event.pattern, event.texts, [at] * len(event.texts), 0)
            elif type(event) is Flagged or type(event) is Record:
                self.fold(event, at)
            else:
                self._event(event, at)
        heartbeats = self._reader.heartbeats
        if heartbeats != self._heartbeats:
            run.heartbeat(heartbeats - self._heartbeats, at)
            self._heartbeats = heartbeats

    def take_one(self, event: Event | Flagged, size: int, at: Seconds | None) -> None:
        """Fold what `Reader.whole` read of some bytes, as `take` does."""
        self.run.bytes += size
        if type(event) is Flagged:
            self.fold(event, at)
        else:
            self._event(event, at)

    def fold(self, record: Noted, at: Seconds | None = None) -> bool:
        """Fold one event with what is to be said of it, and count its frame.

        Args:
            record: what the reader made of a frame.
            at: when it arrived, in seconds on one monotonic clock.

        Returns:
            False if the event is only a heartbeat.
        """
        run, event = self.run, record.event
        is_next = record.frame == self._last_frame  # a document is one frame and may be several events
        self._last_frame = record.frame
        run.frame = None
        for kind, detail in record.before:
            run.report(kind, detail)
        if is_next:
            run.frames -= 1
        if record.notes and not event.is_heartbeat:
            run.frame = run.frames
            for kind, detail in record.notes:
                run.report(kind, detail)
        self._event(event, at)
        return not event.is_heartbeat

    def _event(self, event: Event, at: Seconds | None) -> None:
        run = self.run
        if event.is_heartbeat:
            run.frames += 1
            run.frame = None
            run.heartbeat(1, at)
            return
        self._sink_pattern = None  # a sink knows nothing of what others change in the reducer
        kind = kind_of(type(event))
        run.count(kind, 1, at)
        reducer = self._reducer or self._begin()
        if not reducer.apply(run, event, at):
            run.report("foreign-run", kind)

    # ---- bursts: events that differ in a text only

    def deltas(self, pattern: Pattern, texts: list[str], ats: Sequence[Seconds | None], size: int) -> None:
        """Fold events that differ in their text only, as `take` folds them one after the other.

        Args:
            pattern: what they have in common.
            texts: what they say.
            ats: when each arrived.
            size: the number of their bytes.
        """
        run = self.run
        run.bytes += size
        if pattern is not self._sink_pattern or run.revision != self._sink_revision:
            self._begin_sink(pattern, texts, ats)
        elif not self.at_once(pattern, texts, ats):
            for event, at in zip(pattern.events(texts), ats, strict=True):
                self._event(event, at)

    def at_once(self, pattern: Pattern, texts: list[str], ats: Sequence[Seconds | None]) -> bool:
        """Fold such events in one go, where that comes to the same, and nothing but their text is new.

        Args:
            pattern: what they have in common.
            texts: what they say.
            ats: when each arrived.

        Returns:
            False if they must be looked at one by one; then nothing was done.
        """
        run, sink = self.run, self._sink
        if sink is None or pattern is not self._sink_pattern or run.revision != self._sink_revision:
            return False
        first, last = ats[0], ats[-1]
        if first is None or last is None:  # some chunks may have been given a time, and some not
            timed = [at for at in ats if at is not None]
            first, last = (timed[0], timed[-1]) if timed else (None, None)
        spoken = first if texts[0] and ats[0] is first else _spoken_at(texts, ats)
        if sink(texts, spoken) is False:
            return False
        run.count(self._sink_kind, len(texts), first)
        if last is not first:
            run.count(self._sink_kind, 0, last)
        self._sink_revision = run.revision
        return True

    def _begin_sink(self, pattern: Pattern, texts: list[str], ats: Sequence[Seconds | None]) -> None:
        """Fold one event the plain way, which sets all that is the same in those that follow, and ask for a sink."""
        run = self.run
        (event,) = pattern.events(texts[:1])
        self._event(event, ats[0])
        reducer = self._reducer or self._begin()
        self._sink = reducer.sink(run, event) if reducer.belongs(run, event) else None
        self._sink_kind = event.kind
        self._sink_pattern = pattern
        self._sink_revision = run.revision
        if len(texts) > 1:
            self.deltas(pattern, texts[1:], ats[1:], 0)

    def count(self, *, bytes: int = 0, heartbeats: int = 0, at: Seconds | None = None) -> None:
        """Count bytes of the body, and heartbeats that are no events, as this run's."""
        self.run.bytes += bytes
        if heartbeats:
            self.run.heartbeat(heartbeats, at)

    def close(self, at: Seconds | None = None) -> None:
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


def _spoken_at(texts: list[str], ats: Sequence[Seconds | None]) -> Seconds | None:
    """Return when the first text arrived that is not empty, and was given a time."""
    return next((at for text, at in zip(texts, ats, strict=True) if text and at is not None), None)
