"""What the viewer wants of itself, and whether a figure shows it."""

import statistics
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct


class Goal(Struct, frozen=True):
    """A figure that is wanted."""

    text: str
    limit: float
    unit: str
    at_least: bool = False


GOALS: Final[Mapping[str, Goal]] = {
    "G1 wall": Goal("first frame of 1,000 executions", 350, "ms"),
    "G1 CPU": Goal("first frame of 1,000 executions", 300, "ms CPU"),
    "G2": Goal("first frame of a long run, painted before it is read", 450, "ms"),
    "G3": Goal("events read in a second of CPU, most of them of executions", 150_000, "events/s", at_least=True),
    "G3 text": Goal("events read in a second of CPU, most of them of text", 150_000, "events/s", at_least=True),
    "G4 10k": Goal("an execution comes, and is painted, beside 10,000", 10, "ms CPU"),
    "G4": Goal("an execution comes, and is painted, in the long run", 10, "ms CPU"),
    "G5 p50": Goal("frame at 20,000 events/s, half of them", 6, "ms CPU"),
    "G5 p99": Goal("frame at 20,000 events/s, all but one in a hundred", 16, "ms CPU"),
    "G5 fps": Goal("looks at the run at 20,000 events/s", 28, "1/s", at_least=True),
    "G5 core": Goal("a core at 20,000 events/s", 40, "% CPU"),
    "G6 p50": Goal("from key to paint while nothing comes, half of them", 12, "ms"),
    "G6 p99": Goal("from key to paint while nothing comes, all but one in a hundred", 30, "ms"),
    "G7 p50": Goal("from key to paint at 20,000 events/s, half of them", 20, "ms"),
    "G7 p99": Goal("from key to paint at 20,000 events/s, all but one in a hundred", 60, "ms"),
    "G8": Goal("memory with the long run", 96, "MB"),
    "G9 p50": Goal("to any moment of the long run, half of them", 60, "ms CPU"),
    "G9 p99": Goal("to any moment of the long run, all but one in a hundred", 100, "ms CPU"),
    "G10": Goal("search of all labels of the long run", 80, "ms CPU"),
    "G11": Goal("detail of 600 kB of JSON", 20, "ms CPU"),
    "G12 over": Goal("idle beside a run that is over", 0.1, "% CPU"),
    "G12 quiet": Goal("idle beside a run that goes on and says nothing", 2, "% CPU"),
    "G13": Goal("written to the terminal at 20,000 events/s", 150, "kB/s"),
    "G15 p50": Goal("frame at 20,000 events/s in 80x24, half of them", 6, "ms CPU"),
    "G15 p99": Goal("frame at 20,000 events/s in 80x24, all but one in a hundred", 16, "ms CPU"),
}


class Figure(Struct, frozen=True):
    """What was measured for a goal."""

    goal: str
    value: float

    @property
    def met(self) -> bool:
        """Whether it is as good as was wanted."""
        goal = GOALS[self.goal]
        return self.value >= goal.limit if goal.at_least else self.value <= goal.limit

    def __str__(self) -> str:
        goal = GOALS[self.goal]
        wanted = f"{'at least' if goal.at_least else 'at most'} {goal.limit:,g} {goal.unit}"
        mark = "met" if self.met else "MISSED"
        return f"{self.goal:10} {goal.text:68} {self.value:>10,.1f}  {wanted:28} {mark}"


def median(goal: str, figures: Iterable[Figure]) -> Figure:
    """One figure for several of the same goal."""
    return Figure(goal, statistics.median(figure.value for figure in figures))


def quantile(found: list[float], part: float) -> float:
    """The least of some figures that so large a part of them does not exceed."""
    return sorted(found)[min(int(len(found) * part), len(found) - 1)]
