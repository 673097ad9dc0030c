"""Two runs beside each other, node by node: what came of each, how long it took, what it spent, what it said.

Executions are partners if they stand in the same place (the same round of partners), are of the same node, and are the
same one of its executions there, counted. A node that the other run does not have may be one by its title: a copy of
an app has other ids. Nothing looks for partners in other places, so the work is linear but for JSON that differs.

Time is shown, and never counts as a difference: no two runs take equally long. Nor do sums, which only repeat what is
inside, nor what stands in something that itself has no partner.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from streamkit.cli.indented import indented
from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span
from streamkit.cli.render.look import STYLES_OF_STATUS, Look
from streamkit.cli.safe import safe_text
from streamkit.run import NodeExecution, Round, Run
from viewer import table
from viewer.facts import Facts
from viewer.items import error_of, last_moment
from viewer.labels import name_of

Compared = Run | NodeExecution | Round
"""What has a line in a comparison."""

_OWN_IDS: Final = frozenset({"sys.workflow_run_id", "sys.conversation_id"})
"""Values that are the run's own names, so no other run has them."""
_PAYLOADS: Final = ("outputs", "inputs")
"""What an execution may say differently, in the order of interest."""


class Side(NamedTuple):
    """What one of the two runs says."""

    item: Compared
    facts: Facts


class Row(NamedTuple):
    """A line of a comparison: partners, or one without a partner."""

    depth: int
    old: Side | None
    new: Side | None
    differs: tuple[str, ...]
    """What counts: "missing", "added", or some of "status", "tokens", "error", "outputs", "inputs"."""

    @property
    def name(self) -> str:
        """What it is called, safe for a terminal."""
        side = self.new or self.old
        return name_of(side.item) if side is not None else ""


class Comparison(NamedTuple):
    """Two runs beside each other."""

    rows: Sequence[Row]
    """The runs themselves first."""
    differences: Sequence[int]
    """Which rows differ."""

    @property
    def missing(self) -> int:
        """How many executions the new run lacks."""
        return sum(row.new is None and _is_execution(row.old) for row in self.rows)

    @property
    def added(self) -> int:
        """How many executions only the new run has."""
        return sum(row.old is None and _is_execution(row.new) for row in self.rows)


def _is_execution(side: Side | None) -> bool:
    return side is not None and isinstance(side.item, NodeExecution)


def compare(old: Run, new: Run) -> Comparison:
    """Put two runs beside each other.

    Args:
        old: what the other one is compared with.
        new: the one that is looked at.
    """
    rows = list(_Alignment(old, new).rows())
    return Comparison(rows, [number for number, row in enumerate(rows) if row.differs])


# ---- partners


class _Alignment:
    """Goes through two runs at once."""

    def __init__(self, old: Run, new: Run) -> None:
        self._runs = old, new
        self._old, self._new = last_moment(old, _spent), last_moment(new, _spent)

    def rows(self) -> Iterator[Row]:
        """Yield all rows, in order."""
        old, new = self._runs
        yield self._row(0, old, new)
        yield from self._nodes(old.nodes, new.nodes, 1)

    def _row(self, depth: int, old: Compared | None, new: Compared | None, *, counts: bool = True) -> Row:
        before = Side(old, self._old.facts(old)) if old is not None else None
        after = Side(new, self._new.facts(new)) if new is not None else None
        return Row(depth, before, after, tuple(_differences(before, after)) if counts else ())

    def _nodes(
        self, old: Sequence[NodeExecution], new: Sequence[NodeExecution], depth: int, *, counts: bool = True
    ) -> Iterator[Row]:
        for before, after in _partners(old, new):
            yield self._row(depth, before, after, counts=counts)
            if _has_inside(before) or _has_inside(after):
                yield from self._inside(before, after, depth + 1)

    def _inside(self, old: NodeExecution | None, new: NodeExecution | None, depth: int) -> Iterator[Row]:
        are_partners = old is not None and new is not None
        rounds, others = _rounds(old), _rounds(new)
        for index in sorted(rounds.keys() | others.keys()):
            before, after = rounds.get(index), others.get(index)
            yield self._row(depth, before, after, counts=are_partners)
            yield from self._nodes(
                before.nodes if before is not None else (),
                after.nodes if after is not None else (),
                depth + 1,
                counts=before is not None and after is not None,
            )
        yield from self._nodes(
            old.unassigned if old is not None else (),
            new.unassigned if new is not None else (),
            depth,
            counts=are_partners,
        )


def _has_inside(node: NodeExecution | None) -> bool:
    return node is not None and node.container is not None


def _rounds(node: NodeExecution | None) -> dict[int, Round]:
    return node.container.rounds if node is not None and node.container is not None else {}


def _partners(
    old: Sequence[NodeExecution], new: Sequence[NodeExecution]
) -> Iterator[tuple[NodeExecution | None, NodeExecution | None]]:
    """Yield partners in the order of the old ones; what is new stands where it ran, behind what is missing there."""
    found = _matches(old, new, lambda node: node.node_id)
    strangers = _unknown_to(new, old), _unknown_to(old, new)
    found |= _matches(*strangers, lambda node: (node.type, node.title) if node.title else None)
    followers = _followers(new, found)
    waiting = followers.get(None, [])
    for node in old:
        partner = found.get(node.id)
        if partner is not None:
            yield from ((None, follower) for follower in waiting)
            waiting = followers.get(partner.id, [])
        yield node, partner
    yield from ((None, follower) for follower in waiting)


def _unknown_to(others: Sequence[NodeExecution], nodes: Sequence[NodeExecution]) -> list[NodeExecution]:
    """Return the executions of nodes that others have none of."""
    known = {node.node_id for node in others}
    return [node for node in nodes if node.node_id not in known]


def _matches(
    old: Sequence[NodeExecution], new: Sequence[NodeExecution], key: Callable[[NodeExecution], Hashable]
) -> dict[str, NodeExecution]:
    """Return the partners of old executions by their ids: the first one with a key is that of the first one."""
    waiting: dict[Hashable, list[NodeExecution]] = {}
    for node in reversed(new):
        waiting.setdefault(key(node), []).append(node)
    waiting.pop(None, None)
    found = {}
    for node in old:
        partners = waiting.get(key(node))
        if partners:
            found[node.id] = partners.pop()
    return found


def _followers(new: Sequence[NodeExecution], found: dict[str, NodeExecution]) -> dict[str | None, list[NodeExecution]]:
    """Return what has no partner, by the id of the one before it that has; None: there is none before it."""
    partners = {id(partner) for partner in found.values()}
    followers: dict[str | None, list[NodeExecution]] = {}
    before = None
    for node in new:
        if id(node) in partners:
            before = node.id
        else:
            followers.setdefault(before, []).append(node)
    return followers


def _spent(item: NodeExecution | Round) -> tuple[int | None, None]:
    """Return the tokens of the leaves below a container or in a round."""
    below = (node for sibling in item.nodes for node in sibling.walk()) if isinstance(item, Round) else item.walk()
    told = [node.total_tokens for node in below if node.container is None and node.total_tokens is not None]
    return (sum(told) if told else None), None


# ---- differences


def _differences(old: Side | None, new: Side | None) -> Iterator[str]:
    if old is None or new is None:
        yield "added" if old is None else "missing"
        return
    if isinstance(old.item, Round) or isinstance(new.item, Round):
        return
    if old.facts.status != new.facts.status:
        yield "status"
    if not (_has_parts(old.item) or _has_parts(new.item)) and (old.facts.tokens or 0) != (new.facts.tokens or 0):
        yield "tokens"
    if error_of(old.item) != error_of(new.item):
        yield "error"
    for name in _PAYLOADS:
        if not is_same(payload(old.item, name), payload(new.item, name)):
            yield name


def _has_parts(item: Run | NodeExecution) -> bool:
    """Whether the tokens of an item are those of what is inside."""
    return bool(item.executions) if isinstance(item, Run) else item.container is not None


def payload(item: Compared, name: str) -> bytes | None:
    """Return JSON of an item by the name of its slot, undecoded."""
    found: bytes | None = getattr(item, f"{name}_json", None)
    return found


def is_same(old: bytes | None, new: bytes | None) -> bool:
    """Whether two pieces of JSON say the same: blanks and the order of keys do not count."""
    return old == new or (old is not None and new is not None and _sorted(old) == _sorted(new))


def _sorted(data: bytes) -> bytes:
    """Return JSON with its keys in order, so that the same things are the same bytes; what cannot be read stays."""
    try:
        value = msgspec.json.decode(data)
        if isinstance(value, dict):
            value = {name: each for name, each in value.items() if name not in _OWN_IDS}
        return msgspec.json.encode(value, order="sorted")
    except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError):
        return data


class FirstDifference(NamedTuple):
    """Where two texts differ first."""

    slot: str
    """Of what they are: "outputs", "error", …"""
    line: int
    """The first line that is not the same, counted from 1."""
    column: int
    """So many characters of it are the same."""
    old: Sequence[str]
    """That line and those after it; safe for a terminal. Empty where the text ends before."""
    new: Sequence[str]


def first_difference(row: Row) -> FirstDifference | None:
    """Return where the outputs of partners differ first, else their errors or their inputs; None where none does."""
    if row.old is None or row.new is None:
        return None
    for slot in ("outputs", "error", "inputs"):
        if slot in row.differs:
            return _first(slot, _lines(row.old.item, slot), _lines(row.new.item, slot))
    return None


def _first(slot: str, old: Sequence[str], new: Sequence[str]) -> FirstDifference:
    shorter = min(len(old), len(new))
    pairs = enumerate(zip(old, new, strict=False))
    line = next((number for number, (before, after) in pairs if before != after), shorter)
    column = _same_letters(old[line], new[line]) if line < shorter else 0
    return FirstDifference(slot, line + 1, column, old[line:], new[line:])


def _same_letters(old: str, new: str) -> int:
    """Return how long the beginning is that two texts share; they may have millions of letters."""
    shorter = min(len(old), len(new))
    return bisect_left(range(shorter), True, key=lambda last: old[: last + 1] != new[: last + 1])


def _lines(item: Compared, slot: str) -> list[str]:
    if slot == "error":
        return safe_text(error_of(item) or "").split("\n")
    data = payload(item, slot)
    if data is None:
        return []
    text = indented(_sorted(data)) or data
    return safe_text(text.decode("utf-8", "replace")).split("\n")


# ---- lines

OLD: Final = "A"
NEW: Final = "B"
"""What the two runs are called in the columns."""

_COLUMNS: Final = tuple(
    table.Column(title, width)
    for title, width in (
        ("differs", 11),
        (f"time {OLD}", 8),
        (f"time {NEW}", 8),
        ("+/-", 9),
        (f"tok {OLD}", 8),
        (f"tok {NEW}", 8),
        ("+/-", 9),
    )
)
_SHORT: Final = {"outputs": "out", "inputs": "in", "error": "err", "status": "", "tokens": ""}
"""Status and tokens have marks and columns of their own."""


def head(width: int, look: Look) -> list[Span]:
    """Return the line above the rows."""
    return table.head(" node", _COLUMNS, width, look)


def row_line(row: Row, width: int, look: Look) -> list[Span]:
    """Return the line of a row, exactly `width` columns."""
    old, new = (side.facts if side is not None else None for side in (row.old, row.new))
    words = [_SHORT.get(name, name) for name in row.differs]
    told = (
        Span(" ".join(filter(None, words)), "odd"),
        *_pair(old, new, lambda facts: facts.seconds, figures.duration),
        *_pair(
            old, new, lambda facts: facts.tokens, lambda tokens: table.count(None if tokens is None else int(tokens))
        ),
    )
    return table.line(_name(row, look), told, _COLUMNS, width, look)


def _pair(
    old: Facts | None,
    new: Facts | None,
    figure: Callable[[Facts], float | None],
    word: Callable[[float | None], str],
) -> Iterator[Span]:
    """Yield a figure of both sides, and how much more it is now."""
    before, after = (figure(facts) if facts is not None else None for facts in (old, new))
    yield Span(word(before))
    yield Span(word(after))
    more = round(after - before, 3) if before is not None and after is not None else 0
    yield Span(f"{'+' if more > 0 else '-'}{word(abs(more))}" if more else "", "bad" if more > 0 else "good")


def _name(row: Row, look: Look) -> list[Span]:
    sign = "-" if row.new is None else "+" if row.old is None else "~" if row.differs else " "
    statuses = [side.facts.status for side in (row.old, row.new) if side is not None]
    marks: list[Span] = []
    for status in dict.fromkeys(statuses):
        if marks:
            marks.append(Span(look.glyphs.arrow, "dim"))
        marks.append(Span(look.mark(status).text.strip(), STYLES_OF_STATUS.get(status, "")))
    return [Span(f"{sign} ", "odd"), Span("  " * row.depth), *marks, Span(f" {row.name}", "" if row.differs else "dim")]
