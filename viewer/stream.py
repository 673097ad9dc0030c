"""A body while it comes: its bytes are spooled and read, and each event goes to the run that it is of.

One body may hold several runs, and one run may come in several bodies. The first event decides whether the body goes on
with a run that is already watched and waits; an event of another run than the current one goes to that, or begins it.
"""

from collections.abc import Callable

from streamkit.cli.body import Body
from streamkit.dialects.base import Event
from streamkit.records import PlacedBurst
from streamkit.run import Run
from viewer.payloads import Held
from viewer.spool import Spool
from viewer.watched import Clock, Watched


class Watch:
    """All that is watched. Sources begin bodies here; a view reads `runs`."""

    def __init__(self, dialect: str = "auto", *, on_change: Callable[[], None] = lambda: None) -> None:
        """Begin with nothing.

        Args:
            dialect: a dialect, or "auto" to detect that of each body.
            on_change: called when a run comes or goes; what changes in one, a view sees when it looks.
        """
        self.runs: list[Watched] = []
        """In the order in which they were first seen."""
        self.on_news: Callable[[], None] = lambda: None
        """Called when bytes came, or a run came or went: for a view that sleeps. It must be quick."""
        self.place: str | None = None
        """Where runs are waited for, if a source can tell: somebody has to point a client there."""
        self._dialect = dialect
        self._on_change = on_change
        self._held = Held()
        self._by_key: dict[tuple[str, str], Watched] = {}

    def begin(self, name: str, spool: Spool, clock: Clock | None = None) -> Watched:
        """Begin to watch a body, as `open` does; feed it to what is returned, and close that in the end."""
        return self.open(name, spool, clock).watched

    def open(self, name: str, spool: Spool, clock: Clock | None = None) -> "Stream":
        """Begin to watch a body.

        Args:
            name: what it is called.
            spool: keeps its bytes.
            clock: tells when they come, if they come live.
        """
        watched = self._add(Watched(name, self._dialect, self._held))
        watched.stream = Stream(self, watched, spool, self._dialect, clock)
        return watched.stream

    def add(self, beside: Watched) -> Watched:
        """Begin to watch another run of a body."""
        return self._add(Watched(beside.name, beside.run.dialect, self._held))

    def withdraw(self, watched: Watched) -> None:
        """Watch a run no more."""
        self.runs = [other for other in self.runs if other is not watched]
        self.forget(watched)
        self._on_change()
        self.on_news()

    def forget(self, watched: Watched) -> None:
        """Let no other body go on with a run: what it came in is told anew."""
        self._by_key = {key: other for key, other in self._by_key.items() if other is not watched}

    def close(self) -> None:
        """End all bodies, and give their places on the disk back."""
        for watched in self.runs:
            watched.close()
            for segment in watched.segments:
                segment.spool.close()

    def find(
        self, dialect: str, event: Event, keys: tuple[str, ...], may_be: Callable[[Watched], bool]
    ) -> Watched | None:
        """Return the run that an event names.

        Args:
            dialect: the event's.
            event: the event.
            keys: how it names its run.
            may_be: whether a run that is called so is the one.
        """
        for key in keys:
            known = self._by_key.get((dialect, key))
            if known is not None and may_be(known) and belongs(known.run, event):
                return known
        return None

    def learn(self, dialect: str, keys: tuple[str, ...], watched: Watched) -> None:
        """Remember what a run is called; the name of a session is that of its last run."""
        for key in keys:
            self._by_key[dialect, key] = watched

    def _add(self, watched: Watched) -> Watched:
        self.runs.append(watched)
        self._on_change()
        self.on_news()
        return watched


class Stream:
    """One body that comes."""

    def __init__(self, watch: Watch, first: Watched, spool: Spool, dialect: str, clock: Clock | None) -> None:
        self.name = first.name
        """What it is called."""
        self.spool = spool
        """Keeps its bytes."""
        self._watch = watch
        self._current = first
        self._parts = [first]
        self._dialect = dialect
        self._clock = clock
        self._body = Body(dialect)
        self._began = False
        self._is_recorded = False
        self._epoch: float | None = None
        self._heartbeats = 0
        self._keys: tuple[str, ...] = ()
        """How the last event named its run that did so in another way than the one before."""
        self._closed = False
        first.begin_segment(spool, self._body.reader, dialect, clock, is_first=True)

    @property
    def watched(self) -> Watched:
        """The run that the last event was of."""
        return self._current

    def go_live(self, clock: Callable[[], Clock]) -> None:
        """From now on bytes come as they are made, unless they did before; `clock` makes the clock for them."""
        if self._clock is None:
            self._clock = clock()
            for part in self._parts:
                part.set_clock(self._clock)

    def begin_recorded(self, epoch: float | None) -> None:
        """From now on times are told that count from the beginning of this body; `epoch` is that, if it is known."""
        self._is_recorded, self._epoch = True, epoch
        for part in self._parts:
            part.epoch = epoch

    def remark(self, at: float, text: str) -> None:
        """Take a remark on a moment of the run that the last event was of."""
        self._current.remark(at, text)

    def feed(self, chunk: bytes, at: float | None = None) -> None:
        """Take the next bytes.

        Args:
            chunk: cut anywhere.
            at: when they came, in seconds since the first ones; by default as the clock says, without one at a likely
                pace.
        """
        if self._closed:
            return
        self.spool.append(chunk)
        for found in self._body.place(chunk):
            if isinstance(found, PlacedBurst):
                self._fold_burst(found, at)
            else:
                self._part_of(found.event).fold(found, at)
        heartbeats = self._body.reader.heartbeats
        self._current.count(len(chunk), heartbeats - self._heartbeats, at)
        self._heartbeats = heartbeats
        self._watch.on_news()
        if self.spool.problem is not None and self._current.problem is None:
            self._current.problem = f"not kept any more, so one cannot go back to it: {self.spool.problem}"

    def _fold_burst(self, burst: PlacedBurst, at: float | None) -> None:
        folded = 0
        while folded < len(burst.texts):
            folded += self._part_of(burst.pattern.event).fold_burst(burst, folded, at)

    def close(self, at: float | None = None) -> None:
        """End the body, and say what was wrong with it. Twice does nothing more."""
        if self._closed:
            return
        for record in self._body.close():
            self._part_of(record.event).fold(record, at)
        self._closed = True
        current = self._current
        current.count(0, self._body.reader.heartbeats - self._heartbeats, at)
        current.end_segment(at, is_current=True)
        for part in self._parts:
            if part is not current:
                part.end_segment(at, is_current=False)
        current.problem = current.problem or self.problem()
        self._watch.on_news()

    def problem(self) -> str | None:
        """Return why nothing could be read of it so far; None if something could."""
        return self._body.problem()

    # ---- which run

    def _part_of(self, event: Event) -> Watched:
        """Return the run that an event is of, and make it the current one."""
        dialect = self._body.reader.dialect
        keys = dialect.run_keys(event) if dialect is not None else ()
        if event.is_heartbeat or (self._began and keys == self._keys and not (keys and self._current.run.settled)):
            return self._current
        name = dialect.name if dialect is not None else ""
        if not self._began:
            self._began = True
            if (known := self._watch.find(name, event, keys, self._waits)) is not None:
                self.go_on_with(known)
        elif keys:
            self._turn_to(self._choose(name, event, keys))
        if keys:
            self._keys = keys
            self._watch.learn(name, keys, self._current)
        return self._current

    def _choose(self, dialect: str, event: Event, keys: tuple[str, ...]) -> Watched:
        current = self._current
        if belongs(current.run, event) and keys[0] in (current.run.id, current.run.message_id):
            return current
        known = self._watch.find(dialect, event, keys, self._parts.__contains__)
        if known is not None:
            return known
        if not current.run.settled and belongs(current.run, event):
            return current
        return self._watch.add(current)

    def _waits(self, watched: Watched) -> bool:
        """Whether a run may go on in this body: it paused or broke off."""
        return not watched.live and not watched.run.ended_by_server

    def go_on_with(self, known: Watched) -> None:
        """Go on with a run that waits, in place of the one that was to begin: before the second event came."""
        before = self._current
        self._watch.withdraw(before)
        self._parts.clear()
        known.names.append(self.name)
        known.problem = None
        self._turn_to(known, is_first=True)
        known.take_over(before)

    def _turn_to(self, watched: Watched, *, is_first: bool = False) -> None:
        if watched is self._current:
            return
        self._current = watched
        if watched not in self._parts:
            self._parts.append(watched)
            watched.stream = self
            reader, offset = self._body.reader, self._offset_of(watched)
            watched.begin_segment(self.spool, reader, self._dialect, self._clock, is_first=is_first, offset=offset)

    def _offset_of(self, watched: Watched) -> float:
        """Return when this body began, on the clock of a run that it goes on with."""
        if not self._is_recorded:
            return 0.0
        if not watched.segments:
            watched.epoch = self._epoch
            return 0.0
        if self._epoch is not None and watched.epoch is not None:
            return self._epoch - watched.epoch
        return watched.run.last_progress_at or 0.0


def belongs(run: Run, event: Event) -> bool:
    """Whether an event is of a run, as far as it says: of one that heard nothing yet, any is."""
    return run.wire is None or bool(run.wire.belongs(run, event))
