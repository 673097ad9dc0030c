"""The list of runs: which of them, in which order, and what a line says of each.

Lines that change places all the time cannot be read, nor is it free to put five hundred in order: that happens when
one comes or goes, when somebody asks for another order, and else once a second, if a run changed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, cells, cut, pad
from streamkit.cli.render.look import ASCII, Look
from streamkit.cli.safe import safe_line
from streamkit.run import Run
from viewer import brief
from viewer.labels import file_of

Sort = Literal["start", "duration", "tokens", "cost", "status"]
SORTS: Final[tuple[Sort, ...]] = ("start", "duration", "tokens", "cost", "status")

ORDER_EVERY: Final = 1.0
"""Seconds between two new orders of runs that change."""
_URGENCY: Final = ("failed", "interrupted", "stopped", "partial-succeeded", "paused", "running", "succeeded")
"""Statuses, the one first that somebody should look at; what cannot be read is before them all."""


class Entry(Protocol):
    """A run that is watched, or something that could not be read."""

    @property
    def name(self) -> str:
        """What it was found as: a file, an address."""

    @property
    def run(self) -> Run:
        """The run as it is now."""

    @property
    def problem(self) -> str | None:
        """Why it could not be read (to its end), if so."""

    @property
    def live(self) -> bool:
        """Whether more of it may come."""


class Listing:
    """The entries that are wanted, in order."""

    def __init__(self) -> None:
        """Begin without entries."""
        self.entries: Sequence[Entry] = ()
        """All of them, as they came: the list may be the caller's own, which grows."""
        self.shown: list[Entry] = []
        self._wanted: Callable[[Entry], bool] | None = None
        self._sort: Sort = "start"
        self._revisions: list[int] = []
        self._ordered_at: float | None = None

    @property
    def sort(self) -> Sort:
        """What comes first: the newest, the longest, the dearest, the one in trouble."""
        return self._sort

    def order_by(self, sort: Sort) -> None:
        """Ask for another order."""
        self._sort, self._ordered_at = sort, None

    def want(self, wanted: Callable[[Entry], bool] | None) -> None:
        """Ask for those entries only that a predicate wants; None: for all."""
        self._wanted, self._ordered_at = wanted, None

    def sync(self, now: float) -> bool:
        """Put the entries in order if it is time to.

        Args:
            now: epoch seconds.

        Returns:
            Whether there may be another order.
        """
        at = self._ordered_at
        if at is not None and len(self.entries) == len(self._revisions) and 0 <= now - at < ORDER_EVERY:
            return False
        revisions = [entry.run.revision for entry in self.entries]
        if at is not None and revisions == self._revisions:
            self._ordered_at = now
            return False
        self._revisions, self._ordered_at = revisions, now
        wanted = self._wanted
        numbered = [(number, entry) for number, entry in enumerate(self.entries) if wanted is None or wanted(entry)]
        rank = _RANKS[self._sort]
        numbered.sort(key=lambda pair: (rank(pair[1], now), -pair[0]))
        self.shown = [entry for _, entry in numbered]
        return True


# ---- orders: what is lower comes first


def _by_start(entry: Entry, now: float) -> tuple[float, ...]:
    return not entry.live, -(entry.run.started_at or 0)


def _by_duration(entry: Entry, now: float) -> tuple[float, ...]:
    return (-(elapsed(entry, now) or 0),)


def _by_tokens(entry: Entry, now: float) -> tuple[float, ...]:
    return (-(entry.run.total_tokens or 0),)


def _by_cost(entry: Entry, now: float) -> tuple[float, ...]:
    return (-float(sum(entry.run.usage.cost.values())),)  # of several currencies too: it orders, nobody sees it


def _by_status(entry: Entry, now: float) -> tuple[float, ...]:
    return entry.problem is None, _URGENCY.index(entry.run.status)


_RANKS: Final[Mapping[Sort, Callable[[Entry, float], tuple[float, ...]]]] = {
    "start": _by_start,
    "duration": _by_duration,
    "tokens": _by_tokens,
    "cost": _by_cost,
    "status": _by_status,
}


def elapsed(entry: Entry, now: float) -> float | None:
    """Return how long a run took, or takes so far: by the server's word, else by when its events came."""
    run = entry.run
    if entry.live and run.status == "running" and run.started_at is not None:
        return max(now - run.started_at, 0)
    if run.elapsed_time is not None:
        return run.elapsed_time
    if run.seen_at is None or run.last_progress_at is None:
        return run.usage.latency
    return run.last_progress_at - run.seen_at


# ---- a line


class _Column(NamedTuple):
    width: int
    figure: Callable[[Entry, float], str]
    style: str = ""


def _age(entry: Entry, now: float) -> str:
    started = entry.run.started_at
    return brief.age(now - started) if started is not None else ""


def _duration(entry: Entry, now: float) -> str:
    return figures.duration(elapsed(entry, now))


def _tokens(entry: Entry, now: float) -> str:
    """The sum so far is marked until the server said how the run ended."""
    total = entry.run.total_tokens
    return f"{brief.count(total)}{'' if entry.run.ended_by_server else '~'}" if total else ""


def _cost(entry: Entry, now: float) -> str:
    return figures.money(entry.run.usage.cost)


_COLUMNS: Final = (_Column(4, _age, "dim"), _Column(6, _duration), _Column(6, _tokens), _Column(11, _cost))
_IN_NEED: Final = ((1, 8), (2, 8), (0, 8), (3, 16))
"""Columns in the order in which they are given room, and how much of it they must leave for a name."""


def line(entry: Entry, width: int, look: Look, now: float, *, is_chosen: bool = False) -> Line:
    """Return the line of an entry, in exactly `width` columns if there are at least ten.

    Args:
        entry: what it is about.
        width: columns.
        look: how to draw.
        now: epoch seconds.
        is_chosen: whether this is the run that the other panes show.
    """
    pointer = Span((">" if look.glyphs is ASCII else "▌") if is_chosen else " ", "live")
    mark = look.mark("failed" if entry.problem else entry.run.status)
    room = width - 2 - look.mark_width
    name = safe_line(entry.run.app or file_of(entry.name)) or "no name"
    if entry.problem:
        problem = cut(safe_line(entry.problem), max(room - min(cells(name), room // 2) - 1, 0), look.glyphs.cut)
        name = cut(name, room - 1 - cells(problem), look.glyphs.cut)
        return pointer, mark, Span(" "), Span(name), Span(" "), Span(pad(problem, room - cells(name) - 1), "bad")
    columns = _that_fit(room)
    room -= sum(column.width + 1 for column in columns)
    shown = Span(pad(cut(name, room, look.glyphs.cut), room), "strong" if is_chosen else "")
    return pointer, mark, Span(" "), shown, *_figures(entry, columns, look, now)


def _that_fit(room: int) -> Sequence[_Column]:
    """Return the columns that leave room for a name."""
    fitting = set()
    for number, for_name in _IN_NEED:
        room -= _COLUMNS[number].width + 1
        if room >= for_name:
            fitting.add(number)
    return [column for number, column in enumerate(_COLUMNS) if number in fitting]


def _figures(entry: Entry, columns: Sequence[_Column], look: Look, now: float) -> Iterator[Span]:
    for column in columns:
        text = cut(column.figure(entry, now), column.width, look.glyphs.cut)
        yield Span(" " + pad(text, column.width, right=True), column.style)


def tick(entry: Entry, now: float) -> tuple[str, int]:
    """Return what makes the line of an entry another one though its run did not change: its age, and a second."""
    return _age(entry, now), int(now) if entry.live and entry.run.status == "running" else 0
