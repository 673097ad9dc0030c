"""What a run spends, by node, by model and by round; and the lines that say it.

Sums are over leaves alone, each execution once: what a container tells is the sum of what is inside. They are kept up
to date by what changed, so a run of a hundred thousand executions that stands still costs nothing. They are kept of the
groups that are looked at alone: a run may have fifty thousand rounds. No sum is guessed: one that an execution which
still runs may add to is marked, as is one that the server contradicts.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, cells, cut, pad
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from streamkit.run import NodeExecution, NodeUsage, Round, Run
from streamkit.run.leaves import Leaves
from viewer import bars, brief

By = Literal["node", "model", "round"]
BY: Final[tuple[By, ...]] = ("node", "model", "round")
Unit = Literal["tokens", "cost"]

_RATE: Final = " tok/s "
_TOKENS: Final = 6
_MONEY: Final = 11
_SPLIT: Final = 11
_LABEL_MIN: Final = 6
_LABEL_MAX: Final = 28
_WIDE: Final = 56
"""Columns from which on prompt and completion of each group are shown."""

AT_ONCE: Final = 4000
"""So many executions are looked at in one tick: a few milliseconds. The first look at a large run takes several."""
ORDER_EVERY: Final = 1.0
"""Seconds between two new orders of bars that grow: bars that change places all the time cannot be read."""


_NOT_TOLD: Final = (None, None)
"""Model and provider."""


class Sum(Leaves):
    """What a group of executions spent."""

    __slots__ = ("key", "of", "open", "parts")

    def __init__(self, key: Hashable, of: NodeExecution | Round | None) -> None:
        """Begin with nothing.

        Args:
            key: what the group has in common.
            of: an execution of the node or of the model, the round, or the container of a round that is not known.
        """
        super().__init__()
        self.key = key
        self.of = of
        self.open = 0
        """Executions that run and have not said what they spent."""
        self.parts = 0
        """Executions that spent something, or may."""


class _Part(Struct, gc=False):  # a hundred thousand of these are none of the collector's business
    """What was added for one execution."""

    usage: NodeUsage | None
    is_open: bool
    sum: Sum


class Spending:
    """What the leaves of one run spent, in groups."""

    def __init__(self, run: Run, by: By = "node") -> None:
        """Begin with nothing; `sync` looks at the run.

        Args:
            run: whose leaves.
            by: what the executions of a group have in common.
        """
        self.run = run
        self.by = by
        self.version = 0
        """Grows when sums change."""
        self._revision = 0  # of the run, when it was asked for changes
        self._left: dict[str, NodeExecution] = {}  # the next one to look at is at the end
        self._sums: dict[Hashable, Sum] = {}
        self._parts: dict[str, _Part] = {}

    @property
    def sums(self) -> Collection[Sum]:
        """The groups, in the order in which they came."""
        return self._sums.values()

    @property
    def tokens(self) -> int:
        """The sum of all groups: what executions spent that the run still keeps."""
        return sum(each.tokens for each in self._sums.values())

    @property
    def is_behind(self) -> bool:
        """Whether there are executions left to look at."""
        return bool(self._left)

    def sync(self) -> bool:
        """Take in what changed, of many changes a part; return whether there may be other sums."""
        run, seen = self.run, self._revision
        if run.revision != seen:
            changes = run.changed_since(seen)
            if changes.everything:
                self._left |= {node.id: node for node in reversed(run.executions.values()) if node.revision > seen}
            else:
                self._left |= {each: run.executions[each] for each in changes.changed if each in run.executions}
            looked_at = self._parts if changes.everything else self._parts.keys() & changes.gone
            for each in [each for each in looked_at if each not in run.executions]:
                self._take_back(self._parts.pop(each))
            self._revision = changes.revision
        elif not self._left:
            return False
        for _ in range(min(AT_ONCE, len(self._left))):
            self._look_at(self._left.popitem()[1])
        self.version += 1
        return True

    def _look_at(self, node: NodeExecution) -> None:
        if self.run.executions.get(node.id) is not node:  # it went while it waited
            return
        before, part = self._parts.get(node.id), self._part(node)
        if part == before:
            return
        if part is not None:
            self._add(part)
            self._parts[node.id] = part
        else:
            self._parts.pop(node.id, None)
        if before is not None:  # at last, so that a group does not go that it stays in
            self._take_back(before)

    def _part(self, node: NodeExecution) -> _Part | None:
        usage = node.usage
        is_open = usage is None and node.status == "running"
        if node.container is not None or not (usage is not None or is_open):
            return None
        return _Part(usage, is_open, self._sum_of(node, usage))

    def _sum_of(self, node: NodeExecution, usage: NodeUsage | None) -> Sum:
        """Return the group that an execution is in."""
        key: Hashable
        of: NodeExecution | Round | None = node
        if self.by == "node":
            key = node.node_id
        elif self.by == "model":
            key = (usage.model, usage.provider) if usage is not None else _NOT_TOLD
        else:
            key = of = node.parent if node.round is None else node.round
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = Sum(key, of)
        return found

    def _add(self, part: _Part) -> None:
        part.sum.parts += 1
        part.sum.open += part.is_open
        if part.usage is not None:
            part.sum.add(part.usage)

    def _take_back(self, part: _Part) -> None:
        part.sum.parts -= 1
        part.sum.open -= part.is_open
        if part.usage is not None:
            part.sum.take_back(part.usage)
        if not part.sum.parts:
            del self._sums[part.sum.key]


# ---- bars


class Bar(NamedTuple):
    """One group, in tokens or in one currency."""

    sum: Sum
    currency: str | None = None

    @property
    def amount(self) -> int | Decimal:
        """How much it spent."""
        return self.sum.tokens if self.currency is None else self.sum.cost[self.currency]


class Bars:
    """The groups of a run that spent something, the dearest first."""

    def __init__(self, spending: Spending) -> None:
        """Begin without bars; `sync` makes them."""
        self.spending = spending
        self.unit: Unit = "tokens"
        self.shown: list[Bar] = []
        self._ordered: tuple[By, Unit, int, int] | None = None
        self._ordered_at = 0.0

    @property
    def by(self) -> By:
        """What the executions of a group have in common; other groups are added up anew."""
        return self.spending.by

    @by.setter
    def by(self, by: By) -> None:
        if by != self.spending.by:
            self.spending = Spending(self.spending.run, by)

    def sync(self, now: float) -> bool:
        """Take in what changed, and put the bars in order if it is time to.

        Args:
            now: seconds on any clock that goes on.

        Returns:
            Whether there may be other bars, or in another order.
        """
        self.spending.sync()
        sums = self.spending.sums
        wanted = (self.by, self.unit, len(sums), self.spending.version)
        before = self._ordered
        if wanted == before:
            return False
        is_early = before is not None and wanted[:3] == before[:3] and 0 <= now - self._ordered_at < ORDER_EVERY
        if is_early and self.shown and self._are_there():
            return False
        self._ordered, self._ordered_at = wanted, now
        self.shown = sorted(self._bars(sums), key=lambda bar: (bar.currency or "", -bar.amount))
        return True

    def _are_there(self) -> bool:
        """Whether all groups that have a bar still spent something."""
        return all(bar.currency is None or bar.currency in bar.sum.cost for bar in self.shown)

    def _bars(self, sums: Collection[Sum]) -> Iterator[Bar]:
        for each in sums:
            if self.unit == "cost":
                yield from (Bar(each, currency) for currency, amount in each.cost.items() if amount)
            elif each.tokens:
                yield Bar(each)

    def most(self, currency: str | None) -> int | Decimal:
        """Return how much the longest bar stands for: amounts of two currencies have nothing in common."""
        return next((bar.amount for bar in self.shown if bar.currency == currency), 0)


# ---- lines


def head(spending: Spending, rates: Sequence[float], width: int, look: Look) -> list[Line]:
    """Return the lines above the bars: the sums, and what the server says of them.

    Args:
        spending: of the run.
        rates: tokens a second, estimated, of the last seconds, the last one at the end.
        width: columns.
        look: how to draw.
    """
    run = spending.run
    lines = [*_sum_of_tokens(run, look), *_sums_of_money(run, look)]
    usage = run.usage
    split = [
        f"{name} {brief.count(tokens)}"
        for name, tokens in (("prompt", usage.prompt_tokens), ("completion", usage.completion_tokens))
        if tokens is not None
    ]
    if split and (usage.prompt_tokens or usage.completion_tokens):
        lines.append((Span(" " + f" {look.glyphs.dot} ".join(split), "dim"),))
    if spending.is_behind:
        lines.append((Span(" adding up" + look.glyphs.cut, "dim"),))
    elif run.leaf_tokens != spending.tokens:
        lines.append((Span(f" {run.leaf_tokens - spending.tokens:,} of it by nodes that are not kept", "odd"),))
    if rates:
        lines.append(_rate(rates, width, look))
    return lines


def _sum_of_tokens(run: Run, look: Look) -> Iterator[Line]:
    leaves, total = run.leaf_tokens, run.total_tokens or 0
    if leaves:
        said = f"{total - leaves:+,}: server says {total:,}" if total != leaves else ""
        yield _sum_line(f"{leaves:,} tok", said, run, look)
    elif total:
        yield Span(" server ", "dim"), Span(f"{total:,} tok", "strong")
    else:
        yield (Span(" no tokens told", "dim"),)


def _sums_of_money(run: Run, look: Look) -> Iterator[Line]:
    told, leaves = run.usage.cost, run.leaf_cost
    for currency, amount in leaves.items():
        server = told.get(currency, amount)
        if amount:
            said = f"{_more(server - amount, currency)}: server says {_exactly(server, currency)}"
            yield _sum_line(_exactly(amount, currency), said if server != amount else "", run, look)
    for currency, server in told.items():
        if server and not leaves.get(currency):
            yield Span(" server ", "dim"), Span(_exactly(server, currency), "strong")


def _exactly(amount: Decimal, currency: str) -> str:
    return figures.money({currency: amount}, exact=True) or "0"


def _more(difference: Decimal, currency: str) -> str:
    return f"{'-' if difference < 0 else '+'}{_exactly(abs(difference), currency)}"


def _sum_line(amount: str, said: str, run: Run, look: Look) -> Line:
    """Return a sum over the nodes, beside what the server says where that is something else."""
    if not run.ended_by_server:
        return Span(" sum ", "dim"), Span(f"{amount}~", "strong")
    mark = look.mark("exception" if said else "succeeded")
    verdict = Span(f" {said}", mark.style) if said else Span(" server too", "dim")
    return Span(" sum ", "dim"), Span(amount, "strong"), Span(f" {mark.text.strip()}", mark.style), verdict


def _rate(rates: Sequence[float], width: int, look: Look) -> Line:
    now = f" ~{brief.count(rates[-1])}/s"
    room = max(width - cells(_RATE + now) - 1, 0)
    return Span(_RATE, "dim"), Span(bars.strip(rates[-room:] if room else (), look), "bar"), Span(now)


def bar_line(bar: Bar, most: int | Decimal, by: By, width: int, look: Look) -> Line:
    """Return the line of a group, in exactly `width` columns if there are at least sixteen.

    Args:
        bar: the group.
        most: what the longest bar stands for.
        by: how the groups were made.
        width: columns.
        look: how to draw.
    """
    if bar.currency is None:
        figure, figure_width = brief.count(bar.sum.tokens), _TOKENS
    else:
        figure, figure_width = figures.money({bar.currency: bar.sum.cost[bar.currency]}), _MONEY
    figure = cut(figure, figure_width - 1, look.glyphs.cut) + ("~" if bar.sum.open else "")
    split = _split(bar.sum) if bar.currency is None and width >= _WIDE else None
    label_width = min(max(width * 2 // 5, _LABEL_MIN), _LABEL_MAX, max(width - figure_width - 3, 0))
    room = max(width - label_width - figure_width - 3 - (_SPLIT + 1 if split is not None else 0), 0)
    name = pad(cut(label(bar.sum, by), label_width, look.glyphs.cut), label_width)
    return (
        Span(f" {name} "),
        Span(bars.bar(float(bar.amount / most) if most else 0, room, look), "bar"),
        Span(" " + pad(figure, figure_width, right=True)),
        Span(" " + pad(split, _SPLIT, right=True) if split is not None else "", "dim"),
    )


def _split(spent: Sum) -> str:
    """Return tokens of prompt and completion, where the wire says them."""
    if spent.prompt_tokens is None and spent.completion_tokens is None:
        return ""
    return f"{brief.count(spent.prompt_tokens or 0)}+{brief.count(spent.completion_tokens or 0)}"


def label(spent: Sum, by: By) -> str:
    """Return what a group is called, in one safe line."""
    of = spent.of
    if by == "round":
        return _round_name(of)
    if not isinstance(of, NodeExecution):
        return ""
    return safe_line(of.model or "") or "no model told" if by == "model" else _title(of)


def _round_name(of: NodeExecution | Round | None) -> str:
    """Return the innermost round first: of long names, the end is cut."""
    names = []
    while of is not None:
        container = of if isinstance(of, NodeExecution) else of.container
        names.append(f"{_title(container)} {'?' if isinstance(of, NodeExecution) else of.index}")
        of = container.parent if container.round is None else container.round
    return " in ".join(names) or "outside of rounds"


def _title(node: NodeExecution) -> str:
    return safe_line(node.title) or safe_line(node.node_id) or "no name"
