"""What is looked at: the runs, the chosen one, and the moment of it. Knows no screen."""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple

from streamkit.run import LogEntry, NodeExecution, Run
from streamkit.run.logs import Log
from streamkit.run.rounds import Round
from streamkit.run.state import Attempt
from viewer.axis import Gap
from viewer.events import RawEvent
from viewer.facts import Moment, Now
from viewer.history import Edge
from viewer.idle import gaps
from viewer.past import Then
from viewer.raw import Raw
from viewer.rows import Item, Row, named
from viewer.scrub import Mark
from viewer.tree import RunTree
from viewer.watched import Remark, Watched

_SPEEDS: Final = (0.125, 8192.0)
_FOLDED_ANEW: Final = 20_000
"""Events of a run that is folded anew to look at its past."""
_WAITED: Final = 1.0
"""So many seconds of a long gap, in which a run waited, are played."""
_MARKS: Final = 500
"""So many marks of a kind are drawn: a strip has fewer columns."""


class Counts(NamedTuple):
    """What somebody should know at once."""

    errors: int = 0
    waiting: int = 0
    anomalies: int = 0


class Told(NamedTuple):
    """What a row is of."""

    item: Run | NodeExecution | Round | Attempt | LogEntry
    is_of_now: bool
    """Whether it is so now, though somebody looks at the past: how it was is not known."""


class Session:
    """The runs of the viewer, the one that is looked at, and when."""

    def __init__(self, *, speed: float = 1.0, play: bool = False) -> None:
        """Begin without a run.

        Args:
            speed: how fast the past is played.
            play: whether to play each run from its beginning when it is chosen, as soon as it is over.
        """
        self._plays = play
        self.runs: list[Watched] = []
        """Those that may be looked at."""
        self.chosen: Watched | None = None
        self.marked: Watched | None = None
        """The run that others are compared with."""
        self.past: int | None = None
        """How many events of the chosen run are looked at; None: all, and whatever comes."""
        self.playing = False
        self.speed = speed
        self._trees: dict[int, RunTree] = {}
        self._played: set[int] = set()
        self._clock = 0.0  # of the chosen run, while the past is played

    # ---- which run

    def take_in(self, runs: list[Watched]) -> None:
        """Follow what is watched; the first run is chosen."""
        self.runs = runs
        if self.chosen is not None and self.chosen not in runs:
            self.chosen = None
        if self.chosen is None and runs:
            self.choose(runs[0])

    def choose(self, run: Watched) -> None:
        """Look at a run, as it is now; at the one that is looked at nothing changes."""
        if run is self.chosen:
            return
        if (tree := self.tree) is not None:
            tree.limit = None
        self.chosen = run
        self.past = None
        self.playing = False

    def other(self, steps: int) -> None:
        """Look at a run further down the list, or up."""
        if self.chosen is not None:
            place = self.runs.index(self.chosen) + steps
            self.choose(self.runs[max(0, min(place, len(self.runs) - 1))])

    @property
    def tree(self) -> RunTree | None:
        """The rows of the chosen run."""
        run = self.chosen
        if run is None:
            return None
        tree = self._trees.get(id(run))
        if tree is None:
            tree = self._trees[id(run)] = RunTree(run.run)
        return tree

    # ---- when

    @property
    def moment(self) -> Moment | None:
        """The moment that is looked at."""
        run, tree = self.chosen, self.tree
        if run is None or tree is None:
            return None
        if self.past is None:
            return self.now
        return Then(run.history, self.past, tree.rounds_begun, self._clock)

    @property
    def now(self) -> Now | None:
        """The run as it is, whatever is looked at."""
        run, tree = self.chosen, self.tree
        return Now(run.now(), tree.spent) if run is not None and tree is not None else None

    def idle(self, start: float, end: float) -> Sequence[Gap]:
        """Return when the run waited, in a stretch of time up to the moment that is looked at."""
        run = self.chosen
        return gaps(run.history, run.events if self.past is None else self.past, start, end) if run is not None else ()

    @property
    def time(self) -> float:
        """Seconds from the beginning of the run to the moment that is looked at."""
        run = self.chosen
        if run is None:
            return 0.0
        return (run.now() if self.past is None else self._clock) - run.history.began_at

    @property
    def state(self) -> tuple[str, str]:
        """What the moment is called, and in which style."""
        run = self.chosen
        if run is None:
            return "", ""
        if self.past is not None:
            return (f"PLAY x{self.speed:g}", "live") if self.playing else ("PAST", "odd")
        return ("LIVE", "live") if run.live else ("END", "dim")

    @property
    def counts(self) -> Counts:
        """Errors, forms that wait and anomalies at the moment that is looked at; the last two only where they are known."""
        chosen, run = self.chosen, self.run
        if chosen is None or run is None:
            return Counts()
        marks = chosen.history.edges("error")
        errors = len(marks) if self.past is None else bisect_right(marks, self.past)
        if self.is_of_now:
            return Counts(errors)
        waiting = sum(form.status == "waiting" for form in run.forms)
        return Counts(errors, waiting, sum(run.anomaly_counts.values()))

    def marks(self) -> list[tuple[float, Mark]]:
        """Return where trouble was, as fractions of the time."""
        run = self.chosen
        if run is None or not run.events:
            return []
        history = run.history
        length = max(history.ended_at - history.began_at, 1e-9)
        kinds: tuple[tuple[Edge, Mark], ...] = (("error", "failed"), ("retry", "retried"), ("pause", "paused"))
        return [
            ((history.time_of(event) - history.began_at) / length, mark)
            for kind, mark in kinds
            for event in history.edges(kind)[-_MARKS:]
        ] + [((remark.time - history.began_at) / length, "remark") for remark in run.remarks[-_MARKS:]]

    @property
    def remarks(self) -> Sequence[Remark]:
        """What a recording says of moments of the run, up to the one that is looked at; times are as of `time`."""
        run = self.chosen
        if run is None or not run.remarks:
            return ()
        began, now = run.history.began_at, self._clock if self.past is not None else inf
        return [Remark(remark.time - began, remark.text) for remark in run.remarks if remark.time <= now]

    def seek(self, event: int) -> None:
        """Look at the run after so many events; at all of them it is live again."""
        run, tree = self.chosen, self.tree
        if run is None or tree is None:
            return
        event = max(0, min(event, run.events))
        self.past = event if event < run.events else None
        self._clock = run.history.time_of(event) if event else run.history.began_at
        tree.limit = run.history.count_at(event) if self.past is not None else None
        if self.past is None:
            self.playing = False

    def step(self, events: int) -> None:
        """Look some events on, or back."""
        if self.chosen is not None:
            self.playing = False
            self.seek((self.chosen.events if self.past is None else self.past) + events)

    def seconds(self, seconds: float) -> None:
        """Look some seconds on, or back."""
        run = self.chosen
        if run is not None:
            clock = (run.history.ended_at if self.past is None else self._clock) + seconds
            self.seek(run.history.event_at(clock))
            if self.past is not None:
                self._clock = max(clock, run.history.began_at)

    def edge(self, direction: int) -> None:
        """Look at the next event at which something begins, ends or fails; or at the one before."""
        run = self.chosen
        if run is None:
            return
        self.playing = False
        here = run.events if self.past is None else self.past
        found = run.history.next_edge(here) if direction > 0 else run.history.last_edge(here)
        self.seek(found if found is not None else (run.events if direction > 0 else 0))

    def freeze(self) -> None:
        """Stop the picture of a live run; it goes on behind it."""
        run, tree = self.chosen, self.tree
        if run is not None and tree is not None:
            self.past = run.events
            self._clock = run.now()
            tree.limit = run.history.count_at(self.past)

    def to_live(self) -> None:
        """Look at all of it, and at whatever comes."""
        if self.chosen is not None:
            self.seek(self.chosen.events)

    def play(self) -> None:
        """Play or pause the past; from its end on it begins anew."""
        if self.chosen is None:
            return
        if self.past is None:
            self.seek(0)
            self.playing = self.past is not None
        else:
            self.playing = not self.playing

    def faster(self, factor: float) -> None:
        """Play faster, or slower."""
        self.speed = max(_SPEEDS[0], min(self.speed * factor, _SPEEDS[1]))

    def tick(self, elapsed: float) -> None:
        """Let time pass: `elapsed` seconds on the clock on the wall."""
        run = self.chosen
        if run is not None and self._plays and not run.live and run.events and id(run) not in self._played:
            self._played.add(id(run))
            self.play()
        if run is None or not self.playing or self.past is None:
            return
        clock = self._clock + elapsed * self.speed
        for gap in gaps(run.history, run.events, run.history.began_at, run.history.ended_at):
            if gap.begin + _WAITED < clock < gap.end:
                clock = gap.end
        self.seek(run.history.event_at(clock))
        if self.past is not None:
            self._clock = clock

    # ---- what is chosen in it

    @property
    def run(self) -> Run | None:
        """The chosen run, at the moment that is looked at; of a large one that is past, as it is now.

        To go back folds the run anew, which takes some ten microseconds an event.
        """
        run = self.chosen
        if run is None or self.past is None or self.is_of_now:
            return run.run if run is not None else None
        return run.at(self.past)

    @property
    def is_of_now(self) -> bool:
        """Whether `run` is as it is now though somebody looks at its past."""
        return self.past is not None and self.chosen is not None and self.chosen.events > _FOLDED_ANEW

    def item_of(self, row: Row) -> Told:
        """Return what a row is of, at the moment that is looked at."""
        then = self._then(row) if self.past is not None else None
        if self.past is None and self.chosen is not None and isinstance(row.item, NodeExecution):
            self.chosen.payloads.fetch(row.item)
        item = then if then is not None else row.item
        return Told(item.freeze(()) if isinstance(item, Log) else item, self.past is not None and then is None)

    def _then(self, row: Row) -> Item | None:
        """Return what a row was of; None where that is not known."""
        chosen, run = self.chosen, self.run
        if isinstance(row.item, Attempt):  # it is over when it is told, and stays as it is
            return row.item
        if isinstance(row.item, NodeExecution) and chosen is not None and self.past is not None:
            return chosen.detail_at(row.item.id, self.past)
        return named(run, row.key) if run is not None and not self.is_of_now else None

    def raw_events(self, row: Row | None) -> Sequence[RawEvent]:
        """Return the events that concern a row, read when they are looked at."""
        run = self.chosen
        return Raw(run, row.item if row is not None else None, self.past) if run is not None else ()
