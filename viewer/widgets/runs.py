"""The pane of runs: one line each, filtered and in order; the run that the other panes show is marked."""

from collections.abc import Callable, Hashable, Sequence

from streamkit.cli.render.cells import Span
from streamkit.cli.render.look import Look
from viewer.paint import Palette
from viewer.runs import SORTS, Entry, Listing, Sort, line, tick
from viewer.widgets.lines import Lines


class RunList(Lines):
    """The runs that are watched, and what could not be read."""

    def __init__(self, palette: Palette, look: Look, clock: Callable[[], float], *, id: str | None = None) -> None:
        """Make an empty list.

        Args:
            palette: makes strips.
            look: how to draw.
            clock: tells epoch seconds.
            id: of the widget.
        """
        super().__init__(palette, id=id)
        self.look = look
        self.chosen: Entry | None = None
        """The run that the other panes show."""
        self._clock = clock
        self._listing = Listing()

    # ---- what is listed

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, as they came; the list may be the caller's own, which grows."""
        return self._listing.entries

    @entries.setter
    def entries(self, entries: Sequence[Entry]) -> None:
        self._listing.entries = entries

    @property
    def shown(self) -> Sequence[Entry]:
        """Those that are wanted, in order, as of the last `sync`."""
        return self._listing.shown

    @property
    def caption(self) -> str:
        """For the title: how many, of how many if not all, and what comes first if not the newest."""
        shown, total = len(self.shown), len(self.entries)
        many = f"{total:,}" if shown == total else f"{shown:,}/{total:,}"
        return f"Runs {many}" if self.sort == "start" else f"Runs {many} by {self.sort}"

    def filter_by(self, wanted: Callable[[Entry], bool] | None) -> None:
        """List only what a predicate wants; None: everything."""
        self._listing.want(wanted)
        self.sync()

    @property
    def sort(self) -> Sort:
        """What comes first."""
        return self._listing.sort

    def sort_by(self, sort: Sort | None = None) -> None:
        """List in another order; None: in the next one of `SORTS`."""
        self._listing.order_by(sort or SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)])
        self.sync()

    @property
    def at_cursor(self) -> Entry | None:
        """The entry that the cursor is on."""
        shown = self.shown
        return shown[self.cursor] if self.cursor is not None and self.cursor < len(shown) else None

    def point_at(self, entry: Entry | None) -> None:
        """Put the cursor on an entry."""
        self.sync()
        if entry in self.shown:
            self.move_to(self.shown.index(entry))

    # ---- lines

    def sync(self) -> None:
        """Repaint what changed; the cursor stays on its run wherever that goes."""
        at_cursor = self.at_cursor
        if self._listing.sync(self._clock()) and self.cursor is not None:
            if at_cursor in self.shown:
                self.cursor = self.shown.index(at_cursor)
            else:
                self.cursor = min(self.cursor, len(self.shown) - 1) if self.shown else None
        super().sync()

    def height_now(self) -> int:
        """How many entries are listed."""
        return len(self.shown)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """What an entry shows changes with its run, and by itself as time goes by."""
        now = self._clock()
        return [
            (id(entry), entry.run.revision, entry.problem, entry.live, entry is self.chosen, tick(entry, now))
            for entry in self.shown[first : first + count]
        ]

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return the line of an entry."""
        entry = self.shown[number]
        return line(entry, width, self.look, self._clock(), is_chosen=entry is self.chosen)
