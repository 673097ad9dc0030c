"""Time travel: a run as it was after an event, folded again from the bytes of its bodies.

What is folded again is exactly what was folded then: the same bytes, read by the same reader, each event at its time.
It costs what reading them costs, so it goes in slices, and forward from where it stands. Whoever wants one execution
alone asks `detail`, which reads only the frames that concern it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from streamkit.fold import Fold
from streamkit.reader import Reader
from streamkit.records import Record
from streamkit.run import NodeExecution, Run
from viewer.history import History
from viewer.spool import Spool

_AT_ONCE: Final = 64 * 1024
_SLICE: Final = 100
"""Events that are folded in one go: about a millisecond."""
SELF_NAMED: Final = ("dify",)
"""Dialects whose frames name the execution that they are about, so that those of one can be read alone."""


class Segment:
    """One body of a run, or what the run has of a body that holds several."""

    __slots__ = ("closed", "closed_at", "dialect", "first", "is_current", "is_first", "last", "spool")

    def __init__(self, spool: Spool, dialect: str, first: int, *, is_first: bool) -> None:
        self.spool = spool
        """The bytes of the body; offsets of events are places in it."""
        self.dialect = dialect
        """What its reader was told: a dialect, or "auto"."""
        self.first = first
        """The number of its first event."""
        self.last = first - 1
        """The number of its last one so far."""
        self.is_first = is_first
        """Whether the body opens with this run."""
        self.is_current = True
        """Whether, at the end, what the reader had to report of the body was this run's."""
        self.closed = False
        self.closed_at: float | None = None


class Refold:
    """A run on its way through its own history."""

    def __init__(self, history: History, segments: Sequence[Segment]) -> None:
        """Stand before the first event.

        Args:
            history: of the run as it is watched.
            segments: its bodies; those that begin later are found, too.
        """
        self._history = history
        self._segments = segments
        self._passed = 0  # so many bodies are behind
        self._part: _Part | None = None
        self.run = Run(segments[0].dialect if segments else "auto")
        """The run after `event`."""
        self.event = 0
        """The last event that is folded; the end of a body comes with the last one in it."""

    def forward(self, event: int) -> Iterator[None]:
        """Fold on to an event, with a pause after each slice; stops where bytes are missing."""
        while (part := self._part or self._next(event)) is not None:
            last = min(event, part.segment.last)
            while self.event < last:
                folded = part.fold(min(last, self.event + _SLICE))
                self.event += folded
                if not folded:
                    return
                yield
            if not part.segment.closed or self.event < part.segment.last:
                return
            part.close()
            self._part = None
            self._passed += 1

    def _next(self, event: int) -> "_Part | None":
        """Return the next body, if it has anything up to an event; one without an event has its end."""
        if self._passed == len(self._segments):
            return None
        segment = self._segments[self._passed]
        if segment.first > event and not (segment.closed and segment.last == segment.first - 1 == event):
            return None
        self._part = _Part(self.run, self._history, segment)
        return self._part


class _Part:
    """One body on the way."""

    def __init__(self, run: Run, history: History, segment: Segment) -> None:
        self.segment = segment
        self._history = history
        self._event = segment.first - 1
        self._reader = Reader(segment.dialect)
        self._fold = Fold(run, self._reader, is_first=segment.is_first)
        self._records = self._read()
        self._is_mine = segment.is_first
        self._bytes = self._heartbeats = 0

    def fold(self, last: int) -> int:
        """Fold events up to one, and return how many there were."""
        first = self._event
        history = self._history
        while self._event < last and (record := next(self._records, None)) is not None:
            if record.event.is_heartbeat:
                self._beat(record)
                continue
            self._is_mine = record.offset == history.offset_of(self._event + 1)
            if self._is_mine:
                self._event += 1
                self._fold.fold(record, history.time_of(self._event))
        self._count()
        return self._event - first

    def close(self) -> None:
        """End the body as it ended then."""
        for record in self._records:
            if record.event.is_heartbeat:
                self._beat(record)
            else:
                self._is_mine = False
        self._count()
        if not self.segment.is_current:
            self._reader.troubles.clear()
        self._fold.close(self.segment.closed_at)

    def _beat(self, record: Record) -> None:
        """A heartbeat is of the run that spoke last."""
        if self._is_mine:
            self._fold.fold(record, self._history.time_of(self._event))

    def _count(self) -> None:
        """Count what the reader has taken in: a little more than was folded."""
        size, beats = self._reader.size, self._reader.heartbeats
        self._fold.count(bytes=size - self._bytes, heartbeats=beats - self._heartbeats)
        self._bytes, self._heartbeats = size, beats

    def _read(self) -> Iterator[Record]:
        offset = 0
        while data := self.segment.spool.read(offset, _AT_ONCE):
            offset += len(data)
            yield from self._reader.feed(data)
        if self.segment.closed:
            yield from self._reader.close()


def detail(
    history: History, segments: Sequence[Segment], dialect: str, known: NodeExecution, event: int
) -> NodeExecution | None:
    """Return one execution as it was after an event, folded from the frames that concern it alone.

    Args:
        history: of the run.
        segments: its bodies.
        dialect: the run's.
        known: the execution as it is now.
        event: the event; the execution had begun by then.

    Returns:
        None where the frames do not say of themselves which execution they are about: in `SELF_NAMED` alone they do.
        What surrounds the execution (its container, its rounds) is not there.
    """
    if dialect not in SELF_NAMED:
        return None
    run = Run(dialect)
    for segment in segments:
        stretches = [_within(stretch, segment, event) for stretch in history.touched(known.number)]
        if not any(stretches):
            continue
        reader = Reader(dialect)
        fold = Fold(run, reader)
        for stretch in [_within(range(segment.first, segment.first + 1), segment, stretches[0].start - 1), *stretches]:
            for record in frames(history, segment, dialect, stretch):
                fold.fold(record, history.time_of(stretch.start))
    node = run.executions.get(known.id) or run.latest(known.node_id)  # containers have no id on the wire
    if node is not None:
        node.id, node.number = known.id, known.number
        node.status = history.status_of(known.number, event) or node.status
        node.ended_at = history.ended_of(known.number, event)
    return node


def _within(stretch: range, segment: Segment, event: int) -> range:
    return range(max(stretch.start, segment.first), min(stretch.stop, segment.last + 1, event + 1))


def frames(history: History, segment: Segment, dialect: str, stretch: range) -> Iterator[Record]:
    """Read the frames of some events that follow one another in a body."""
    if not stretch:
        return
    start = history.offset_of(stretch.start)
    end = history.offset_of(stretch.stop) if stretch.stop <= segment.last else segment.spool.size
    reader = Reader(dialect)
    wanted = {history.offset_of(event) - start for event in stretch}
    for record in [*reader.feed(segment.spool.read(start, end - start)), *reader.close()]:
        if record.offset in wanted:
            yield record
