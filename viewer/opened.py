"""The open ones of many children: in order, found by a row, and each change counted once.

Sums are kept as far as somebody asked since something changed before them. A change near what is in view, which most
are, costs little however many are open.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate
from operator import attrgetter
from typing import Final, Generic, Protocol, TypeVar

_STRIDE: Final = 512
"""Groups whose rows are summed up at once."""

_ROWS: Final = attrgetter("rows")

Position = Callable[[int], int]
"""Tells of a number in the order where it stands among all children."""


class HasRows(Protocol):
    """Something open."""

    rows: int
    """The rows below it."""


G = TypeVar("G", bound=HasRows)


class Opened(Generic[G]):
    """The open ones of many children, in order, and the rows below them."""

    __slots__ = ("_ends", "groups", "orders")

    def __init__(self) -> None:
        """Begin with none."""
        self.orders: list[int] = []
        self.groups: list[G] = []
        self._ends = [0]
        """How many rows stand below the first so many groups, as far as that was asked since it changed."""

    def get(self, order: int) -> G | None:
        """Return what is open at a place in the order."""
        number = bisect_left(self.orders, order)
        return self.groups[number] if number < len(self.orders) and self.orders[number] == order else None

    def put(self, order: int, group: G) -> None:
        """Add what opens."""
        number = bisect_left(self.orders, order)
        self.orders.insert(number, order)
        self.groups.insert(number, group)
        del self._ends[number + 1 :]

    def take(self, order: int) -> None:
        """Remove what folds."""
        number = bisect_left(self.orders, order)
        del self.orders[number], self.groups[number], self._ends[number + 1 :]

    def grew(self, order: int, group: G) -> bool:
        """Note that a group has another number of rows; return whether it stands here."""
        number = bisect_left(self.orders, order)
        if number == len(self.groups) or self.groups[number] is not group:
            return False
        del self._ends[number + 1 :]
        return True

    def rows_before(self, order: int) -> int:
        """Return how many rows stand below groups before a place in the order."""
        return self._end(bisect_left(self.orders, order))

    def start(self, number: int, position: Position) -> int:
        """Return at which row the child of a group stands."""
        return position(self.orders[number]) + self._end(number)

    def starts_before(self, row: int, position: Position) -> int:
        """Return how many groups' children stand at a row or before it."""
        while len(self._ends) <= len(self.groups) and self.start(len(self._ends) - 1, position) <= row:
            self._end(min(len(self._ends) + _STRIDE, len(self.groups)))
        known = min(len(self._ends), len(self.groups))
        return bisect_right(range(known), row, key=lambda number: self.start(number, position))

    def _end(self, number: int) -> int:
        ends = self._ends
        if number >= len(ends):
            start = len(ends) - 1
            ends += accumulate(map(_ROWS, self.groups[start:number]), initial=ends.pop())
        return ends[number]
