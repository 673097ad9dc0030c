"""What a comparison found, and what can be computed from it. A file of results is this, as JSON."""

import statistics
from collections.abc import Iterable

from msgspec import Struct, field


class Figures(Struct):
    """CPU time of one library in one stage of one case, a figure for each round."""

    stage: str
    shape: str
    chunking: str
    scale: float
    library: str
    rounds: dict[int, float] = field(default_factory=dict)
    """By the number of the round: one that was not asked again has fewer."""
    wrong: str | None = None
    """Why there are none."""

    @property
    def median(self) -> float:
        return statistics.median(self.rounds.values())

    @property
    def best(self) -> float:
        return min(self.rounds.values())


class Size(Struct):
    """What a case holds."""

    shape: str
    chunking: str
    scale: float
    events: int
    bytes: int
    chunks: int


class Machine(Struct):
    """Where it was measured. Names of hosts and paths are not told."""

    cpu: str
    cores: int
    system: str
    python: str
    date: str


class Flat(Struct):
    """The cost of an event in each tenth of a long run, a list for each round."""

    shape: str
    events: int
    tenths: list[list[float]]

    @property
    def ratio(self) -> float:
        """The last tenth beside the first, the median over rounds."""
        return statistics.median(tenths[-1] / tenths[0] for tenths in self.tenths)


class Memory(Struct):
    """A figure of memory, in bytes."""

    name: str
    count: int
    """Of how many."""
    bytes: float


class Results(Struct):
    """One comparison."""

    machine: Machine
    versions: dict[str, str]
    absent: dict[str, str]
    """Libraries that were not there, and why."""
    full: bool
    sizes: list[Size] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)
    """Bytes that each library grew by while it framed one event of 12 MB."""
    flat: list[Flat] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)

    def find(
        self, stage: str, shape: str, chunking: str, library: str, *, scale: float | None = None
    ) -> Figures | None:
        """The figures of one library in one place: by default at the largest scale that was measured."""
        found = [
            figures
            for figures in self.figures
            if (figures.stage, figures.shape, figures.chunking, figures.library) == (stage, shape, chunking, library)
            and scale in (None, figures.scale)
        ]
        return max(found, key=lambda figures: figures.scale, default=None)

    def size(self, figures: Figures) -> Size:
        """The case that figures are of."""
        key = (figures.shape, figures.chunking, figures.scale)
        return next(size for size in self.sizes if (size.shape, size.chunking, size.scale) == key)


def ratio(figures: Figures | None, base: Figures | None) -> float | None:
    """How often the time of `base` the others took: the median of the ratios of each round.

    Both figures of a ratio were measured one soon after the other, so that most noise of the machine is in both.
    """
    if figures is None or base is None:
        return None
    both = figures.rounds.keys() & base.rounds.keys()
    return statistics.median(figures.rounds[number] / base.rounds[number] for number in both) if both else None


def worst(ratios: Iterable[float | None]) -> float | None:
    """The largest of those that are there."""
    return max((ratio for ratio in ratios if ratio is not None), default=None)
