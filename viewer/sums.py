"""What was spent, and what is in trouble, below each container and each round of a live run: kept up, never summed anew.

A change costs as much as what holds the execution is deep. A container that moves takes its sums with it, so what is
below it is not looked at.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Final

from msgspec import Struct

from streamkit.cli.render.folding import TROUBLE
from streamkit.run.execution import OPEN, NodeExecution
from streamkit.run.leaves import EXACT
from streamkit.run.rounds import Round
from streamkit.run.state import Cost

Home = Round | NodeExecution
"""Where an execution stands that is not at the top level: in a round, or in a container whose round is not known."""


class Sum(Struct, gc=False):
    """What stands below a container or in a round, or what one execution adds to that."""

    executions: int = 0
    troubled: int = 0
    """Those that did not succeed, or not yet."""
    tokens: int = 0
    """Of the leaves: containers never count."""
    cost: Cost | None = None

    def add(self, other: "Sum", times: int) -> None:
        """Add another one once, or take it off (-1 times)."""
        self.executions += times * other.executions
        self.troubled += times * other.troubled
        self.tokens += times * other.tokens
        if not other.cost:
            return
        if self.cost is None and times > 0:  # as of most rounds: no dictionary is written to, so they share it
            self.cost = other.cost
            return
        add = EXACT.add if times > 0 else EXACT.subtract
        cost = self.cost or {}
        self.cost = cost | {name: add(cost.get(name, Decimal(0)), price) for name, price in other.cost.items()}


class _Stand(Struct, gc=False):
    """Where an execution stood when it was last looked at, and what itself added there."""

    node: NodeExecution
    home: Home
    own: Sum


_NOTHING: Final = Sum()
_WELL: Final = Sum(1)
_TROUBLED: Final = Sum(1, 1)
"""What an execution adds that spent nothing: one object for all of them, which nobody adds to."""


def home_of(node: NodeExecution) -> Home | None:
    """Return where an execution stands; None at the top level."""
    return node.parent if node.round is None else node.round


class Sums:
    """Sums over everything that stands in a container, by container and by round."""

    __slots__ = ("_homes", "_stands", "_troubled")

    def __init__(self, nodes: Iterable[NodeExecution] = ()) -> None:
        """Sum up executions that are there already."""
        self._homes: dict[Home, Sum] = {}
        self._troubled: dict[NodeExecution, set[Round]] = {}
        self._stands: dict[str, _Stand] = {}
        self.update(nodes, ())

    def of(self, home: Home) -> Sum:
        """Return the sums below a container or in a round."""
        return self._homes.get(home, _NOTHING)

    def troubled(self, container: NodeExecution) -> Collection[Round]:
        """Return the rounds of a container in which trouble is."""
        return self._troubled.get(container, ())

    def spent(self, item: Home) -> tuple[int, Cost]:
        """Return tokens and cost of a round or an execution; of a container that ended, the server's own figures."""
        below = self.of(item)
        if isinstance(item, Round):
            return below.tokens, below.cost or {}
        if item.container is not None and (item.status in OPEN or item.total_tokens is None):
            return below.tokens, below.cost or {}
        return item.total_tokens or 0, item.cost or below.cost or {}

    def update(self, nodes: Iterable[NodeExecution], gone: Iterable[str]) -> set[Home]:
        """Follow what changed.

        Args:
            nodes: executions that are new, changed or moved.
            gone: ids of those that are none any more.

        Returns:
            What executions came to or left, and where trouble began or ended.
        """
        touched: set[Home] = set()
        for execution_id in gone:
            self._leave(execution_id, touched)
        moved = []  # all of them leave before one enters: two containers may have changed places
        for node in nodes:
            stand, home = self._stands.get(node.id), home_of(node)
            if stand is not None and stand.node is node and stand.home is home:
                self._renew(stand, touched)
                continue
            self._leave(node.id, touched)
            if home is not None:
                moved.append(_Stand(node, home, _own(node)))
        for stand in moved:
            self._stands[stand.node.id] = stand
            self._pass_on(stand, 1, touched)
            touched.add(stand.home)
        return touched

    def _leave(self, execution_id: str, touched: set[Home]) -> None:
        stand = self._stands.pop(execution_id, None)
        if stand is not None:
            self._pass_on(stand, -1, touched)
            touched.add(stand.home)

    def _pass_on(self, stand: _Stand, times: int, touched: set[Home]) -> None:
        """Add an execution with all below it to what holds it, or take it off."""
        whole, below = stand.own, self._homes.get(stand.node)
        if below is not None:
            whole = Sum()
            whole.add(stand.own, 1)
            whole.add(below, 1)
        self._add(stand.home, whole, times, touched)

    def _renew(self, stand: _Stand, touched: set[Home]) -> None:
        own = _own(stand.node)
        if own != stand.own:
            change = Sum()
            change.add(own, 1)
            change.add(stand.own, -1)
            self._add(stand.home, change, 1, touched)
            stand.own = own

    def _add(self, home: Home, what: Sum, times: int, touched: set[Home]) -> None:
        """Add to a home, and to all that hold it."""
        place: Home | None = home
        while place is not None:
            here = self._homes.get(place)
            if here is None:
                here = self._homes[place] = Sum()
            was_troubled = bool(here.troubled)
            here.add(what, times)
            if bool(here.troubled) is not was_troubled:
                touched.add(place)
                if isinstance(place, Round):
                    self._note_trouble(place, begins=not was_troubled)
            if not here.executions:
                del self._homes[place]
            place = self._around(place)

    def _note_trouble(self, turn: Round, *, begins: bool) -> None:
        rounds = self._troubled.setdefault(turn.container, set())
        if begins:
            rounds.add(turn)
        else:
            rounds.discard(turn)

    def _around(self, place: Home) -> Home | None:
        """Return what holds a home, as far as it was looked at."""
        if isinstance(place, Round):
            return place.container
        stand = self._stands.get(place.id)
        return stand.home if stand is not None and stand.node is place else None


def _own(node: NodeExecution) -> Sum:
    is_troubled = node.status in TROUBLE
    usage = node.usage if node.container is None else None
    if usage is None:
        return _TROUBLED if is_troubled else _WELL
    return Sum(1, int(is_troubled), usage.total_tokens or 0, usage.cost)
