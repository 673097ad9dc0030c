"""What of a large run is drawn, and what is only counted: failures are shown, successes are summed up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from streamkit.run.state import Cost, NodeState, RoundState

TROUBLE: Final = frozenset({"failed", "running", "paused", "stopped", "unknown"})
"""Statuses that a person must see; an `exception` was taken care of by the workflow itself."""

FEW_ROUNDS: Final = 5
FEW_NODES: Final = (24, 4)
"""Rounds are all drawn when there are no more of them than this, with no more executions than that in them: in a
container at the top, and in one that is inside another."""
MOST_TROUBLED: Final = 10
"""So many rounds that did not succeed are drawn."""


class Gap(NamedTuple):
    """Executions that are not drawn."""

    nodes: Sequence[NodeState]


def is_troubled(node: NodeState) -> bool:
    """Whether something in or below an execution did not succeed."""
    return any(each.status in TROUBLE for each in walk((node,)))


def round_is_troubled(turn: RoundState) -> bool:
    """Whether something in a round did not succeed."""
    return turn.status in TROUBLE or any(each.status in TROUBLE for each in walk(turn.nodes))


def are_few(rounds: Sequence[RoundState], *, nested: bool) -> bool:
    """Whether rounds can all be drawn."""
    return len(rounds) <= FEW_ROUNDS and sum(1 for turn in rounds for _ in walk(turn.nodes)) <= FEW_NODES[nested]


def fold_nodes(nodes: Sequence[NodeState], most: int) -> Iterator[NodeState | Gap]:
    """Yield the executions to draw, with gaps for the rest: the first ones, the last, and the first troubled ones."""
    if len(nodes) <= most:
        yield from nodes
        return
    first = most // 2
    troubled = [number for number, node in enumerate(nodes) if is_troubled(node)][:MOST_TROUBLED]
    drawn = {*range(first), len(nodes) - 1, *troubled}
    hidden: list[NodeState] = []
    for number, node in enumerate(nodes):
        if number not in drawn:
            hidden.append(node)
            continue
        if hidden:
            yield Gap(hidden)
            hidden = []
        yield node


def walk(nodes: Iterable[NodeState]) -> Iterator[NodeState]:
    """Yield executions and all below them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.unassigned
        for turn in node.rounds:
            waiting += turn.nodes


def spent(nodes: Iterable[NodeState]) -> tuple[int, Cost]:
    """Return tokens and cost of executions, those of containers taken from what is in them."""
    tokens, cost = 0, Cost()
    for node in walk(nodes):
        if not node.rounds and not node.unassigned:
            tokens += node.total_tokens or 0
            for currency, amount in (node.cost or {}).items():
                cost[currency] = cost.get(currency, Decimal(0)) + amount
    return tokens, cost


def by_status(things: Iterable[NodeState | RoundState]) -> Counter[str]:
    """Count executions or rounds by status."""
    return Counter(thing.status for thing in things)
