"""The tree of a run beside its waterfall."""

from collections.abc import Callable, Hashable, Sequence, Set
from itertools import islice
from typing import Final

from textual import events

from streamkit.cli.render.cells import Span, cut, pad
from streamkit.cli.render.look import ASCII, Look
from viewer import labels
from viewer.axis import Axis, Gap
from viewer.facts import Facts, Moment, Now
from viewer.paint import Palette
from viewer.rows import Key, Row
from viewer.tree import RunTree
from viewer.widgets.lines import Lines

_LOOKED_AT: Final = 64
"""So many executions are looked at for one that runs: those that began last."""
_TENTH: Final = 10
"""What goes on is drawn anew ten times a second, where time goes by itself."""


class RunTreePane(Lines):
    """Rows of a run: what it is, how long it took, what it spent, and when."""

    def __init__(self, palette: Palette, look: Look, *, id: str | None = None) -> None:
        """Make a pane without a run."""
        super().__init__(palette, id=id)
        self.look = look
        self.model: RunTree | None = None
        self.moment: Moment | None = None
        self.idle: Callable[[float, float], Sequence[Gap]] = lambda _start, _end: ()
        """Tells when the run waited, in a stretch of time."""
        self.axis = Axis(0.0, 1.0)
        self.zoomed: Axis | None = None
        """The stretch of time that somebody asked for."""
        self.follow = True
        self.hits: Set[Key] = frozenset()
        """Rows that a search found."""
        self.rows: Sequence[Row] | None = None
        """Rows of a filtered or sorted view; None: those of the tree."""
        self.narrowed = ""
        """How the rows are narrowed down, or ordered."""
        self._key: Key | None = None  # the row that the cursor is on, wherever it moves
        self._strayed = False  # whether rows came or went since the cursor was looked after
        self._window: dict[int, tuple[Row, Facts]] = {}

    # ---- what is shown

    @property
    def caption(self) -> str:
        """What the title says: how the rows are narrowed down."""
        return f"Tree  {self.narrowed}" if self.narrowed else "Tree"

    def show(self, tree: RunTree | None) -> None:
        """Show another run."""
        self.model = tree
        self.rows = self.zoomed = self._key = None
        self.cursor = 0 if tree is not None else None
        self._window.clear()
        self.scroll_to(y=0, animate=False, force=True)

    @property
    def chosen(self) -> Row | None:
        """The row that the cursor is on."""
        if self.cursor is None or not 0 <= self.cursor < self.height_now():
            return None
        return self._rows(self.cursor, 1)[0]

    def choose(self, key: Key) -> None:
        """Put the cursor on a row, and open what holds it."""
        if self.model is None:
            return
        if self.rows is None:
            self.model.reveal(key)
        place = self._place(key)
        if place is None:
            return
        top = round(self.scroll_y)
        if not top <= place < top + self.room:  # far away: with what stands before it
            self.show_line(self.height_now() - 1)
            self.scroll_to(y=max(0, place - self.room // 3), animate=False, force=True)
        self.move_to(place)

    def narrow(self, rows: Sequence[Row] | None) -> None:
        """Show rows of a filtered or sorted view, or with None those of the tree; the cursor stays on its row."""
        if rows is not None or self.rows is not None:
            self.rows = rows
            self.cursor = self._place_near(self._key)
            self.show_line(self.cursor)

    def _place(self, key: Key) -> int | None:
        if self.rows is not None:
            return next((place for place, row in enumerate(self.rows) if row.key == key), None)
        return self.model.row_of(key) if self.model is not None else None

    def _rows(self, first: int, count: int) -> Sequence[Row]:
        if self.rows is not None:
            return self.rows[first : first + count]
        return self.model.window(first, count) if self.model is not None else ()

    # ---- lines

    def height_now(self) -> int:
        """How many rows are not folded."""
        if self.rows is not None:
            return len(self.rows)
        return self.model.height if self.model is not None else 0

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """Return what the rows in view show."""
        moment = self.moment
        if moment is None:
            return [None] * max(count, 0)
        self._window = {}
        keys: list[Hashable] = []
        axis, has_cost = self.zoomed or self.axis, self._has_cost()
        for number, row in enumerate(self._rows(first, count), first):
            facts = moment.facts(row.item)
            self._window[number] = row, facts
            told = facts._replace(cost=None)
            if facts.goes_on and isinstance(moment, Now):  # its seconds never stand still
                told = told._replace(seconds=int(moment.time * _TENTH))
            said = getattr(row.item, "revision", 0)
            keys.append((row, told, said, axis, has_cost, row.key in self.hits))
        return keys

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a row."""
        known = self._window.get(number)
        if known is None:
            rows = self._rows(number, 1)
            if not rows or self.moment is None:
                return ()
            known = rows[0], self.moment.facts(rows[0].item)
        row, facts = known
        columns = labels.Columns.of(width, cost=self._has_cost())
        return [
            *labels.label(
                row.item,
                facts,
                self._guides(row),
                self._fold(row),
                columns.label,
                self.look,
                match=row.key in self.hits,
            ),
            *labels.numbers(facts, columns.figures, self.look),
            *([Span("│" if not self.is_ascii else "|", "dim")] if columns.bar else []),
            *labels.bar(facts, self.zoomed or self.axis, self._now(), columns.bar, self.look, ascii_only=self.is_ascii),
        ]

    @property
    def is_ascii(self) -> bool:
        """Whether there is nothing but ASCII."""
        return self.look.glyphs is ASCII

    def _now(self) -> float:
        return self.moment.time if self.moment is not None else 0.0

    def _has_cost(self) -> bool:
        return self.model is not None and bool(self.model.run.leaf_cost)

    def _guides(self, row: Row) -> str:
        if not row.depth:
            return ""
        trunk, blank = ("| ", "  ") if self.is_ascii else ("│ ", "  ")
        above = "".join(trunk if goes_on else blank for goes_on in row.guides)
        if self.is_ascii:
            return above + ("\\-" if row.is_last else "|-")
        return above + ("└─" if row.is_last else "├─")

    def _fold(self, row: Row) -> str:
        if row.open is None:
            return "  "
        if self.is_ascii:
            return "v " if row.open else "> "
        return "▾ " if row.open else "▸ "

    def title(self, width: int) -> Sequence[Span]:
        """Return the line above: columns and the time axis."""
        columns = labels.Columns.of(width, cost=self._has_cost())
        axis = self.zoomed or self.axis
        line = [" "] * columns.bar
        for column, text in axis.labels(columns.bar, ascii_only=self.is_ascii) if columns.bar else ():
            line[column : column + len(text)] = text
        names = [word.rjust(size) for word, size in zip(("time", "tokens", "cost"), columns.figures, strict=False)]
        head = cut(f" {self.caption}", columns.label - 1, self.look.glyphs.cut)
        return [
            Span(pad(head, columns.label), "title" if self.has_focus else "dim"),
            Span("".join(names) + (" " if columns.bar else "") + "".join(line), "dim"),
        ]

    def axis_over(self, start: float, end: float) -> Axis:
        """Return the axis that shows a stretch of time."""
        return Axis.over(start, end, self.idle(start, end))

    # ---- the tick

    def sync(self) -> None:
        """Take in what changed of the run, keep the cursor on its row, and repaint."""
        tree = self.model
        if tree is not None and self.moment is not None:
            self._strayed |= tree.sync() and self.rows is None
            if self.zoomed is None:
                start = tree.run.seen_at or 0.0
                self.axis = self.axis_over(start, max(self.moment.time, start))
            if self._strayed and (self.may_lay_out or not self.follow):
                self._strayed = False
                self._keep_the_cursor()
        super().sync()

    def _keep_the_cursor(self) -> None:
        height = self.height_now()
        if self.follow:
            self.cursor = max(self._newest(height), 0)
            self.show_line(self.cursor)
        elif self._key is not None:
            place = self._place_near(self._key)
            if place != self.cursor:
                moved = place - (self.cursor or 0)
                self.cursor = place
                self.scroll_to(y=max(0, round(self.scroll_y) + moved), animate=False, force=True)

    def _place_near(self, key: Key | None) -> int:
        """Return where a row stands; of one that is folded away, or not there, what holds it; else as near as can be."""
        while key is not None:
            place = self._place(key)
            if place is not None:
                return place
            key = self.model.parent(key) if self.model is not None else None
        return max(0, min(self.cursor or 0, self.height_now() - 1))

    def _newest(self, height: int) -> int:
        """The row to look at while following: the last one that runs, else the last one."""
        tree, moment = self.model, self.moment
        if tree is None or moment is None:
            return 0
        for node in islice(tree.latest(), _LOOKED_AT):
            place = tree.row_of(("x", node.id)) if moment.facts(node).goes_on else None
            if place is not None:
                return place
        return height - 1

    def move_to(self, number: int) -> None:
        """Put the cursor on a row; who goes back up does not follow any more."""
        rows = self._rows(max(0, min(number, self.height_now() - 1)), 1)
        if not rows:
            return
        self.follow = self.follow and number >= (self.cursor or 0)
        self._key = rows[0].key  # first: a sync puts the cursor where this row is
        super().move_to(number)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row; a click on its mark, or a second one, folds or opens it."""
        before = self.cursor
        super().on_click(event)
        row = self.chosen
        if row is None or row.open is None or event.y < self.heading:
            return
        marks = range(2 * row.depth, 2 * row.depth + 2)
        if event.x in marks or (self.cursor == before and event.chain > 1):
            self.toggle()

    def on_mouse_scroll_up(self) -> None:
        """Who scrolls up does not follow any more."""
        self.follow = False

    # ---- folds

    def fold(self) -> None:
        """Fold the row, or go to what holds it."""
        row, tree = self.chosen, self.model
        if row is None or tree is None:
            return
        if row.open and self.rows is None:
            tree.set_open(row.key, False)
            self.sync()
        else:
            self.to_parent()

    def unfold(self) -> None:
        """Open the row, or go to the first one inside."""
        row, tree = self.chosen, self.model
        if row is None or tree is None or row.open is None:
            return
        if row.open:
            self.move_by(1)
        elif self.rows is None:
            tree.set_open(row.key, True)
            self.sync()

    def toggle(self) -> None:
        """Fold the row if it is open, else open it."""
        row = self.chosen
        if row is not None and row.open is not None and self.model is not None and self.rows is None:
            self.model.toggle(row.key)
            self.sync()

    def to_parent(self) -> None:
        """Go to what holds the row."""
        row = self.chosen
        if row is not None and self.model is not None:
            key = self.model.parent(row.key)
            place = self._place(key) if key is not None else None
            if place is not None:
                self.move_to(place)
