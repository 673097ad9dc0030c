"""A run that is being watched: as it is now, as it was after any event, and where its bytes are.

The run itself is what a `Tap` makes of the same bytes, event by event. Beside it a `History` notes what changed when,
and spools keep the bytes, so that every earlier state can be folded again. A run that pauses and goes on has several
bodies, one segment for each. A view reads; only a `Stream` writes.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from streamkit.cli.asking.forms import Submit
from streamkit.dialects import DIALECTS
from streamkit.dialects.base import Event
from streamkit.fold import Fold
from streamkit.reader import Reader
from streamkit.records import PlacedBurst, Record
from streamkit.run import NodeExecution, Run
from streamkit.run.execution import OPEN
from streamkit.run.payload import Json
from viewer.history import History
from viewer.pace import Pace
from viewer.payloads import Held, Payloads
from viewer.refold import SELF_NAMED, Refold, Segment, detail, frames
from viewer.spool import Spool

if TYPE_CHECKING:
    from viewer.stream import Stream

Clock = Callable[[], float]
"""Seconds since something began; it never goes back."""

_NUMBER: Final = attrgetter("number")
_REVISION: Final = attrgetter("revision")
_SPEECH: Final = frozenset(kind for name in ("dify", "ragflow") for kind in DIALECTS[name].deltas)
"""Events that change one execution at most, and of it the text alone; a chunk of OpenAI's may hold calls of tools."""
_ROUNDS: Final = frozenset({"iteration_next", "loop_next"})
"""Events that say nothing of a container but that a round begins: there may be a hundred thousand of them."""


class Remark(NamedTuple):
    """A remark on a moment, which stands in a recording."""

    time: float
    """On the clock of the run."""
    text: str


class Request(Protocol):
    """What a run was asked for with, by the source that it came from."""

    @property
    def goes_on(self) -> bool:
        """Whether the run goes on at the server, as far as is known."""

    @property
    def asked(self) -> str:
        """The question and the inputs, as JSON in one line."""

    def problem(self, asked: str) -> str | None:
        """Return why something like `asked` cannot be asked; None if it can."""

    async def stop(self) -> None:
        """Stop the run at the server. Raises what went wrong."""

    async def repeat(self, asked: str, began: Callable[["Watched"], None]) -> "Watched | None":
        """Run it again, to its end.

        Args:
            asked: what to ask.
            began: is told of the run as soon as there is something of it.

        Returns:
            The run; None if nothing came of it.
        """


class Watched:
    """One run, watched."""

    def __init__(self, name: str, dialect: str = "auto", held: Held | None = None) -> None:
        """Prepare to watch a run of which nothing came yet.

        Args:
            name: what its first body is called.
            dialect: a dialect, or "auto" to detect it.
            held: the payloads of all runs that are watched; by default of this one alone.
        """
        self.names = [name]
        """What its bodies are called."""
        self.run = Run(dialect)
        """The run as it is now."""
        self.history = History()
        self.payloads = Payloads(self.run, held or Held(), may_go=self._can_be_read, read=self._read_again)
        """Where inputs and outputs are: who looks at those of an execution that ended fetches them."""
        self.segments: list[Segment] = []
        self.problem: str | None = None
        """What is wrong with it, in one line: it could not be read, or is not kept. It is no part of the run."""
        self.submit: Submit | None = None
        """Sends the answer to a form, where its source can; a recording cannot."""
        self.request: Request | None = None
        """What it was asked for with; a recording was not."""
        self.defaults: dict[str | None, Json] = {}
        """What defaults of forms stand for that are variables, by the id of the form, where its source knows."""
        self.stream: Stream | None = None
        """The body that it goes on in, or ended in."""
        self.remarks: list[Remark] = []
        """What recordings say of moments of it."""
        self.epoch: float | None = None
        """When the recording of its first body began, in epoch seconds."""
        self._offset = 0.0  # from the beginning of the run to that of the body that goes on
        self._pace = Pace()
        self._clock: Clock | None = None
        self._shift = 0.0
        self._last = 0.0  # the time of the last event
        self._fold: Fold | None = None
        self._speaker: NodeExecution | None = None  # the execution that changed last
        self._revision = self.run.changed_since(self.run.revision).revision  # from now on the run remembers
        self._heirs: set[int] = set()
        """Numbers of executions that began with something which had waited for them."""
        self._past: Refold | None = None

    def __repr__(self) -> str:
        return f"<Watched {self.name} {self.run!r} {self.events} events>"

    # ---- what is there

    @property
    def name(self) -> str:
        """What it is called: as its first body."""
        return self.names[0]

    @property
    def events(self) -> int:
        """How many events came."""
        return self.history.events

    @property
    def live(self) -> bool:
        """Whether more may come."""
        return self._fold is not None

    @property
    def comes_live(self) -> bool:
        """Whether more may come, at the time at which it is made."""
        return self.live and self._clock is not None

    def now(self) -> float:
        """Return what time it is for this run: the clock's while it is live and has one, else when it last went on."""
        if self._clock is not None and self.live:
            return max(self._clock() + self._shift, self._last)
        return self._last

    @property
    def reach(self) -> int:
        """The last event that one can travel back to: all of them, unless bytes were not kept."""
        for segment in self.segments:
            if segment.spool.problem is not None or (segment.last >= segment.first and not segment.spool.size):
                return self._reach_of(segment)
        return self.events

    def _reach_of(self, segment: Segment) -> int:
        """Return the last event of a body whose frame is kept: the one whose successor begins on kept bytes."""
        low, high, size = segment.first - 1, segment.last, segment.spool.size
        while low < high:
            middle = (low + high + 1) // 2
            end = self.history.offset_of(middle + 1) if middle < segment.last else size + 1
            low, high = (middle, high) if end <= size else (low, middle - 1)
        return low

    # ---- what was

    def at(self, event: int) -> Run:
        """Return the run as it was after an event. The last one is the run itself.

        The same object serves for the next call: it goes forward, and is a new one where that goes back. Where bytes
        were not kept, it is the run as far as they reach.
        """
        for _ in self.refold(event):
            pass
        return self.run if event >= self.events or self._past is None else self._past.run

    def refold(self, event: int) -> Iterator[None]:
        """Prepare `at(event)` in slices of about a millisecond: a large run takes seconds."""
        if event >= self.events:
            return
        if self._past is None or self._past.event > event:
            self._past = Refold(self.history, self.segments)
        yield from self._past.forward(max(event, 0))

    def detail_at(self, execution_id: str, event: int) -> NodeExecution | None:
        """Return one execution as it was after an event: what it said and did, not what surrounds it.

        Cheap at any size, where Dify's frames say themselves what they are about. Frames of other dialects do not (the
        third run of a RAGFlow component is the third that begins), so there this is `at(event)`, and it is also for
        the few executions of Dify that began with text or logs which had come before them.

        Returns:
            The execution, or None if it had not begun. Inputs, outputs, process data, metadata, text, thinking, error,
            attempts, logs and status are as in `at(event)`; a container's rounds may be missing, or be of later.
        """
        known = self.run.executions.get(execution_id)
        if known is None or event < 0:  # it may have been taken back since
            return self.at(event).executions.get(execution_id)
        if known.number > self.history.count_at(event):
            return None
        touched = self.history.touched(known.number)
        if touched and touched[-1][-1] <= event:
            self.payloads.fetch(known)
            return known
        alone = None
        if known.number not in self._heirs:
            alone = detail(self.history, self.segments, self.run.dialect, known, event)
        return alone or self.at(event).executions.get(execution_id)

    def _can_be_read(self, node: NodeExecution) -> bool:
        """Whether the frames of an execution tell all of it, and are kept."""
        return self.run.dialect in SELF_NAMED and node.number not in self._heirs and self.reach == self.events

    def _read_again(self, node: NodeExecution) -> NodeExecution | None:
        found = detail(self.history, self.segments, self.run.dialect, node, self.events)
        if found is None and self.problem is None:
            self.problem = "not kept any more, so inputs and outputs of some executions are missing"
        return found

    # ---- writing: a stream's business

    def frame_of(self, event: int) -> tuple[str, bytes]:
        """Return the kind of an event, and its data as it came; both empty where the bytes were not kept."""
        segment = next((segment for segment in self.segments if segment.first <= event <= segment.last), None)
        if segment is None:
            return "", b""
        record = next(frames(self.history, segment, self.run.dialect, range(event, event + 1)), None)
        return (record.event.kind, record.data) if record is not None else ("", b"")

    def feed(self, chunk: bytes, at: float | None = None) -> None:
        """Take the next bytes of the body that this run came in last: see `Stream.feed`."""
        if self.stream is not None:
            self.stream.feed(chunk, at)

    def close(self, at: float | None = None) -> None:
        """End that body: see `Stream.close`."""
        if self.stream is not None:
            self.stream.close(at)

    def begin_segment(
        self,
        spool: Spool,
        reader: Reader,
        dialect: str,
        clock: Clock | None,
        *,
        is_first: bool,
        offset: float = 0.0,
    ) -> None:
        """Begin a body of this run.

        Args:
            spool: where its bytes are.
            reader: reads it.
            dialect: what the reader was told.
            clock: tells when its bytes come; None if nobody knows.
            is_first: whether the body opens with this run.
            offset: seconds from the beginning of the run to that of the body, where its times are told.
        """
        self._offset = offset
        self.segments.append(Segment(spool, dialect, self.events + 1, is_first=is_first))
        self._fold = Fold(self.run, reader, is_first=is_first)
        self._speaker = None  # what is said first may bring the run back to life
        self.set_clock(clock)

    def set_clock(self, clock: Clock | None) -> None:
        """Take times from a clock from now on. They go on from the last one, wherever the clock stands."""
        self._clock = clock
        self._shift = max(self._last - clock(), 0.0) if clock is not None else 0.0

    def fold(self, record: Record, at: float | None) -> None:
        """Fold one event of the body that goes on.

        Args:
            record: what the reader made of it.
            at: when it came, in seconds since the body began; by default the clock's time, without one a likely time.
        """
        fold, event = self._fold, record.event
        assert fold is not None  # noqa: S101 - for the type checker
        self._last = time = self._time(event, at)
        if not event.is_heartbeat:
            self.history.record(record.offset, time)
            self.segments[-1].last += 1
        fold.fold(record, time)
        if self.run.revision != self._revision:
            self._note(event)

    def fold_burst(self, burst: PlacedBurst, start: int, at: float | None) -> int:
        """Fold events that differ in their text only: all that are left at once, where nothing else can change.

        Args:
            burst: what the reader made of their frames.
            start: so many of them are folded already.
            at: when they came, as in `fold`.

        Returns:
            How many were folded: all that were left, or one.
        """
        fold = self._fold
        assert fold is not None  # noqa: S101 - for the type checker
        pattern, texts, paced = burst.pattern, burst.texts[start:], self._pace.now
        times = self._times(len(texts), at)
        if "" in texts or not fold.at_once(pattern, texts, times):  # an empty text may change nothing
            self._pace.now = paced
            texts, times = texts[:1], self._times(1, at)
            fold.deltas(pattern, texts, times, 0)
        self._last = times[-1]
        self.history.record_all(burst.offsets[start : start + len(texts)], times)
        self.segments[-1].last += len(texts)
        if self.run.revision != self._revision:
            self._note(pattern.event, len(texts))
        return len(texts)

    def remark(self, at: float, text: str) -> None:
        """Take a remark on a moment of the body that goes on: `at` is as in `fold`."""
        self.remarks.append(Remark(at + self._offset, text))

    def take_over(self, other: "Watched") -> None:
        """Take what came of the body that goes on before its first event said that it is of this run."""
        self.count(other.run.bytes, other.run.heartbeats, other.run.last_heartbeat_at)
        for remark in other.remarks:
            self.remark(*remark)

    def count(self, size: int, heartbeats: int, at: float | None = None) -> None:
        """Count bytes and heartbeats of the body that goes on; `at` is as in `fold`."""
        if self._fold is not None:
            time = self.now() if at is None else at + self._offset
            self._fold.count(bytes=size, heartbeats=heartbeats, at=time)

    def end_segment(self, at: float | None, *, is_current: bool) -> None:
        """End the body that goes on.

        Args:
            at: when, as in `fold`.
            is_current: whether it is this run's to say what was wrong with the body.
        """
        if self._fold is None:
            return
        segment = self.segments[-1]
        segment.is_current = is_current
        segment.closed_at = self._last = max(at + self._offset, self._last) if at is not None else self.now()
        segment.closed = True
        self._fold.close(segment.closed_at)
        self._note(None)
        self._fold = None

    def _time(self, event: Event, at: float | None) -> float:
        if at is not None:
            at += self._offset
        else:
            at = self._clock() + self._shift if self._clock is not None else self._pace.at(event)
        return max(at, self._last)

    def _times(self, count: int, at: float | None) -> list[float]:
        """Return when so many pieces of text came that were read at once."""
        if at is None:
            if self._clock is None:
                return [max(time, self._last) for time in self._pace.typed(count)]
            at = self._clock() + self._shift
        else:
            at += self._offset
        return [max(at, self._last)] * count

    def _note(self, event: Event | None, events: int = 1) -> None:
        """Note in the history what the last event changed; the end of a body changes things with the last event.

        Args:
            event: the event.
            events: so many events changed the same: pieces of one text.
        """
        run, history, speaker = self.run, self.history, self._speaker
        if speaker is not None and speaker.revision == run.revision and type(event) in _SPEECH:
            history.touch(speaker.number, events)
        else:
            history.see_run(run.status, run.leaf_tokens)
            if run.executions or history.executions:
                self._note_changes(event)
        self._revision = run.revision

    def _note_changes(self, event: Event | None) -> None:
        run, history = self.run, self.history
        changes = run.changed_since(self._revision)
        ids = run.executions if changes.everything else changes.changed
        nodes = [run.executions[id] for id in ids]
        if len(nodes) > 1:
            nodes.sort(key=_NUMBER)
        for node in nodes:
            is_new = node.number > history.executions
            is_news = history.see(node)
            if is_new and (node.text or node.reasoning or node.entries):
                self._heirs.add(node.number)
            if is_news or node.container is None or (len(nodes) == 1 and not (event and event.kind in _ROUNDS)):
                history.touch(node.number)  # else something began inside of it
            if node.status not in OPEN and run.dialect in SELF_NAMED:
                self.payloads.hold(node)
        for execution_id in changes.gone:
            history.lose(execution_id)
        if nodes:
            self._speaker = max(nodes, key=_REVISION) if len(nodes) > 1 else nodes[0]
