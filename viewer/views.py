"""Other orders of the executions of one run, figures of groups of them, the critical path, and what is plumbing.

Rule 1: all is told of the run as it is. Who looks at an earlier moment takes those that had `begun`, in the order that
came of it in the end: rows do not jump while the past is played.
Rule 2: nothing here is more than a sort: a run of 100,000 executions takes less than half a second.
Rule 3: time and tokens of a container are those of what is inside, so where both would count, only the inside does.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil, inf
from operator import attrgetter
from typing import Final, NamedTuple

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Span
from streamkit.cli.render.look import Look
from streamkit.cli.safe import safe_line
from streamkit.run import NodeExecution, Round, Run
from streamkit.run.execution import OPEN
from streamkit.run.state import Cost
from viewer import table
from viewer.facts import Now
from viewer.labels import name_of

ERRORS: Final = frozenset({"failed", "exception"})
"""Statuses of an execution that went wrong, whether or not the workflow took care of it."""

PLUMBING: Final = frozenset(
    {"start", "end", "answer", "if-else", "assigner", "variable-assigner", "template-transform", "variable-aggregator"}
    | {"iteration-start", "loop-start", "loop-end"}
    | {"Begin", "Message", "Switch", "VariableAssigner", "VariableAggregator", "StringTransform"}
    | {"IterationItem", "LoopItem", "ExitLoop"}
)
"""Node types, Dify's and RAGFlow's, that carry values from one place to another and do nothing else."""

_NUMBER: Final = attrgetter("number")


def begun(run: Run, limit: int | None = None) -> list[NodeExecution]:
    """Return all executions, in the order in which they began.

    Args:
        run: whose.
        limit: the number of the last one, at an earlier moment.
    """
    nodes = sorted(run.executions.values(), key=_NUMBER)
    return nodes if limit is None else nodes[: bisect_right(nodes, limit, key=_NUMBER)]


def is_leaf(node: NodeExecution) -> bool:
    """Whether nothing is inside an execution."""
    return node.container is None or node.container.is_empty()


def is_plumbing(node: NodeExecution) -> bool:
    """Whether the logical view hides an execution: it carries values, and nothing is the matter with it."""
    return node.type in PLUMBING and node.status == "succeeded" and is_leaf(node)


def _seconds(node: NodeExecution, now: Now) -> float | None:
    """Return how long an execution took. Most say it: facts of all of them would take longer than the sort."""
    return node.elapsed_time if node.elapsed_time is not None else now.facts(node).seconds


# ---- orders


def by_start(nodes: Iterable[NodeExecution], _now: Now) -> list[NodeExecution]:
    """Return executions in the order in which they began."""
    return sorted(nodes, key=_NUMBER)


def slowest(nodes: Iterable[NodeExecution], now: Now) -> list[NodeExecution]:
    """Return the leaves of which it is known how long they took, the slowest first."""
    return _most(nodes, lambda node: _seconds(node, now))


def dearest(nodes: Iterable[NodeExecution], _now: Now) -> list[NodeExecution]:
    """Return the leaves that spent tokens, those with most tokens first."""
    return _most(nodes, lambda node: node.total_tokens or None)


def errors(nodes: Iterable[NodeExecution], _now: Now) -> list[NodeExecution]:
    """Return the executions that went wrong, in the order in which they began."""
    return sorted((node for node in nodes if node.status in ERRORS), key=_NUMBER)


def _most(nodes: Iterable[NodeExecution], figure: Callable[[NodeExecution], float | None]) -> list[NodeExecution]:
    leaves = [node for node in nodes if is_leaf(node)]
    told = [(-amount, place) for place, node in enumerate(leaves) if (amount := figure(node)) is not None]
    return [leaves[place] for _, place in sorted(told)]


Order = Callable[[Iterable[NodeExecution], Now], list[NodeExecution]]

ORDERS: Final[Mapping[str, Order]] = {
    "by start": by_start,
    "slowest first": slowest,
    "most tokens first": dearest,
    "errors only": errors,
}
"""Every order by its name, as the viewer goes through them."""


# ---- groups


class Group(NamedTuple):
    """Executions that have something in common."""

    name: str
    """Safe for a terminal."""
    executions: int
    errors: int
    seconds: float
    """Durations are of those that are over."""
    p50: float | None
    """So long took half of them at most. A duration that one of them had, none between two."""
    p95: float | None
    longest: float | None
    tokens: int
    """Of leaves, like the cost."""
    cost: Cost


def by_node(nodes: Iterable[NodeExecution], now: Now) -> list[Group]:
    """Return figures of each node of the graph, those first that took most time in all."""
    return _groups(nodes, now, lambda node: node.node_id, name_of)


def by_model(nodes: Iterable[NodeExecution], now: Now) -> list[Group]:
    """Return figures of each model; executions that neither name one nor spent tokens are in none."""
    return _groups(nodes, now, _model_used, lambda node: safe_line(node.model or "") or "no model told")


def _model_used(node: NodeExecution) -> tuple[str | None, str | None] | None:
    usage = node.usage if is_leaf(node) else None
    return (usage.model, usage.provider) if usage is not None and (usage.model or usage.total_tokens) else None


GROUPS: Final[Mapping[str, Callable[[Iterable[NodeExecution], Now], list[Group]]]] = {
    "by node": by_node,
    "by model": by_model,
}
"""Every way to make groups by its name, as the viewer goes through them."""


def _groups(
    nodes: Iterable[NodeExecution],
    now: Now,
    key: Callable[[NodeExecution], Hashable],
    name: Callable[[NodeExecution], str],
) -> list[Group]:
    members: dict[Hashable, list[NodeExecution]] = {}
    for node in nodes:
        members.setdefault(key(node), []).append(node)
    members.pop(None, None)
    groups = [_group(name(group[-1]), group, now) for group in members.values()]
    return sorted(groups, key=lambda group: -group.seconds)


def _group(name: str, nodes: Sequence[NodeExecution], now: Now) -> Group:
    told = (_seconds(node, now) for node in nodes if node.status not in OPEN)
    seconds = sorted(each for each in told if each is not None)
    spent = [node.usage for node in nodes if is_leaf(node)]
    return Group(
        name=name,
        executions=len(nodes),
        errors=sum(node.status in ERRORS for node in nodes),
        seconds=sum(seconds),
        p50=_rank(seconds, 0.5),
        p95=_rank(seconds, 0.95),
        longest=_rank(seconds, 1.0),
        tokens=sum(usage.total_tokens or 0 for usage in spent if usage is not None),
        cost=_sum(usage.cost for usage in spent if usage is not None),
    )


def _rank(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that so great a share of all does not exceed."""
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None


def _sum(costs: Iterable[Cost | None]) -> Cost:
    total: Cost = {}
    for cost in costs:
        for currency, amount in (cost or {}).items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total


_COLUMNS: Final = tuple(
    table.Column(title, width)
    for title, width in (
        ("n", 7),
        ("errors", 7),
        ("total", 8),
        ("p50", 8),
        ("p95", 8),
        ("longest", 8),
        ("tokens", 9),
        ("cost", 9),
    )
)


def group_head(name: str, width: int, look: Look) -> list[Span]:
    """Return the line above the lines of groups."""
    return table.head(f" {name}", _COLUMNS, width, look)


def group_line(group: Group, width: int, look: Look) -> list[Span]:
    """Return the line of a group."""
    told = (
        Span(table.count(group.executions)),
        Span(table.count(group.errors or None), "bad"),
        *(Span(figures.duration(each)) for each in (group.seconds, group.p50, group.p95, group.longest)),
        Span(table.count(group.tokens or None)),
        Span(figures.money(group.cost)),
    )
    return table.line([Span(f" {group.name}")], told, _COLUMNS, width, look)


# ---- the critical path


def critical_path(run: Run, now: Now) -> frozenset[str]:
    """Return the ids of the executions that the run waited for: to shorten any other one gains nothing.

    Beside each other, that is the one that ended last, before it the one that ended last before it began, and so on;
    then the same inside of each of these, by rounds and in each round. What still runs ends now. An execution without a
    time of arrival is in no path.
    """
    found = set()
    waiting: list[Sequence[NodeExecution | Round]] = [run.nodes]
    while waiting:
        for item in _chain(waiting.pop(), now):
            if isinstance(item, Round):
                waiting.append(item.in_order())
                continue
            found.add(item.id)
            if item.container is not None:
                waiting.append([*item.container.in_order(), *item.container.unassigned.in_order()])
    return frozenset(found)


def _chain(items: Sequence[NodeExecution | Round], now: Now) -> Iterator[NodeExecution | Round]:
    """Yield items of which none overlaps another, from the last one back."""
    spans = [_span(item, now) for item in items]
    timed = [(span[1], place, span[0]) for place, span in enumerate(spans) if span is not None]
    before = inf
    for end, place, begin in sorted(timed, reverse=True):
        if end <= before:
            before = begin
            yield items[place]


def _span(item: NodeExecution | Round, now: Now) -> tuple[float, float] | None:
    """Return when something began and ended; None where nobody knows."""
    if isinstance(item, Round):
        spans = [span for node in item.in_order() if (span := _span(node, now)) is not None]
        return (min(begin for begin, _ in spans), max(end for _, end in spans)) if spans else None
    begin, end = item.seen_at, item.ended_at
    if begin is None:
        return None
    if end is None:
        facts = now.facts(item)
        end = facts.end if facts.end is not None else now.time
    return begin, max(begin, end)
