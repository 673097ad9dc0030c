"""Which rounds of containers had begun at an earlier moment: asked at each step of the way back.

A container may have fifty thousand rounds. When each of them began is read once, and again where executions came or left.
Nearly all rounds began one after the other: then a bisection tells how many had.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import compress, islice
from operator import attrgetter, le
from typing import Final

from streamkit.run import NodeExecution, Round

_INDEX: Final = attrgetter("index")


class Beginnings:
    """When the rounds of containers began, as numbers of executions."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[NodeExecution, _Known] = {}

    def forget(self, turn: Round) -> None:
        """Note that executions came to a round, or left it. Rounds that are new or gone are seen without that."""
        known = self._known.get(turn.container)
        if known is not None:
            known.changed.add(turn.index)

    def begun(self, container: NodeExecution, limit: float) -> tuple[Sequence[Round], int]:
        """Return rounds of a container by index, and how many of these had begun when the run had so many executions."""
        rounds = container.container.in_order() if container.container is not None else []
        known = self._known.get(container)
        if known is None or known.rounds is not rounds:
            known = self._known[container] = _Known(rounds)
        known.catch_up()
        if known.rises:
            return rounds, bisect_right(known.numbers, limit)
        begun = list(compress(rounds, map(limit.__ge__, known.numbers)))
        return begun, len(begun)


class _Known:
    """When the rounds of one container began, as far as that was read."""

    __slots__ = ("changed", "numbers", "rises", "rounds")

    def __init__(self, rounds: list[Round]) -> None:
        self.rounds = rounds
        """The container's own list, which grows at its end; where others come or go it has another one."""
        self.numbers = array("I")
        """The first execution of each round."""
        self.rises = True
        """Whether the rounds began in this order."""
        self.changed: set[int] = set()
        """Indices of rounds that may have begun at another time."""

    def catch_up(self) -> None:
        """Read the numbers that are new, or may be others."""
        rounds, numbers = self.rounds, self.numbers
        places = [bisect_left(rounds, index, key=_INDEX) for index in self.changed]
        others = [(place, _first(rounds[place])) for place in places if place < len(numbers)]
        others = [(place, number) for place, number in others if numbers[place] != number]
        for place, number in others:
            numbers[place] = number
        self.changed.clear()
        seam = 0 if others else max(len(numbers) - 1, 0)
        numbers.extend([turn.in_order()[0].number for turn in islice(rounds, len(numbers), None)])
        self.rises = (self.rises or bool(others)) and all(map(le, numbers[seam:], islice(numbers, seam + 1, None)))


def _first(turn: Round) -> int:
    return turn.in_order()[0].number
