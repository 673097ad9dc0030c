"""The pane of tokens: sums, what the server says of them, and a bar for each node, model or round."""

from collections.abc import Callable, Hashable, Sequence

from streamkit.cli.render.cells import Line, Span
from streamkit.cli.render.look import Look
from streamkit.run import Run
from viewer.paint import Palette
from viewer.tokens import BY, Bars, Spending, bar_line, head, label
from viewer.widgets.lines import Lines


class Tokens(Lines):
    """What the run spends."""

    def __init__(self, palette: Palette, look: Look, clock: Callable[[], float], *, id: str | None = None) -> None:
        """Make an empty pane.

        Args:
            palette: makes strips.
            look: how to draw.
            clock: tells seconds, of any clock that goes on.
            id: of the widget.
        """
        super().__init__(palette, id=id)
        self.look = look
        self.rates: Sequence[float] = ()
        """Tokens a second, estimated, of the last seconds, the last one at the end."""
        self.is_of_now = False
        """Whether somebody looks at an earlier moment, and all this is said of now."""
        self._clock = clock
        self._bars: Bars | None = None
        self._head: list[Line] = []
        self._head_of: Hashable = None

    def show(self, run: Run) -> None:
        """Show what another run spends."""
        before = self._bars
        self._bars = Bars(Spending(run, before.by if before is not None else BY[0]))
        if before is not None:
            self._bars.unit = before.unit
        self._head_of = None
        self.sync()

    @property
    def caption(self) -> str:
        """For the title: what the bars are."""
        bars = self._bars
        what = f"{bars.unit.capitalize()} by {bars.by}" if bars is not None else "Tokens"
        return f"{what}, as of now" if self.is_of_now else what

    @property
    def is_behind(self) -> bool:
        """Whether executions are left to add up, in the ticks that come."""
        return self._bars is not None and self._bars.spending.is_behind and bool(self.size.height)

    def next_group(self) -> None:
        """Go from nodes to models, to rounds, and back to nodes."""
        if self._bars is not None:
            self._bars.by = BY[(BY.index(self._bars.by) + 1) % len(BY)]
            self.sync()

    def toggle_unit(self) -> None:
        """Go from tokens to cost, and back."""
        if self._bars is not None:
            self._bars.unit = "cost" if self._bars.unit == "tokens" else "tokens"
            self.sync()

    # ---- lines

    def sync(self) -> None:
        """Take in what changed, and repaint it."""
        bars = self._bars
        if bars is not None:
            bars.sync(self._clock())
            width = self.scrollable_content_region.width
            head_of = (bars.by, bars.spending.version, bars.spending.run.revision, tuple(self.rates), width)
            if head_of != self._head_of:
                self._head_of, self._head = head_of, head(bars.spending, self.rates, width, self.look)
        super().sync()

    def height_now(self) -> int:
        """The lines above the bars, and the bars."""
        return len(self._head) + (len(self._bars.shown) if self._bars is not None else 0)

    def keys(self, first: int, count: int) -> Sequence[Hashable]:
        """All that a line says."""
        return [self._key(number) for number in range(first, first + count)]

    def _key(self, number: int) -> Hashable:
        above, bars = len(self._head), self._bars
        if number < above or bars is None:
            return self._head[number]
        bar = bars.shown[number - above]
        spent = bar.sum
        split = (spent.prompt_tokens, spent.completion_tokens)
        return label(spent, bars.by), bar.currency, bar.amount, spent.open > 0, split, bars.most(bar.currency)

    def spans(self, number: int, width: int) -> Sequence[Span]:
        """Return a line."""
        above, bars = len(self._head), self._bars
        if number < above or bars is None:
            return self._head[number]
        bar = bars.shown[number - above]
        return bar_line(bar, bars.most(bar.currency), bars.by, width, self.look)
