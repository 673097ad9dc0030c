"""A little graph engine that knows the truth: it streams a run as graphon would, and remembers where everything ran.

It knows what C.5 and correction 2 say of the engines: which rounds are announced when, how the rounds of a parallel
iteration arrive, and by which of two nested containers of one kind a leaf is named. It knows nothing of streamkit.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from .streams import (
    Json,
    finished,
    iteration_completed,
    iteration_next,
    iteration_started,
    loop_completed,
    loop_next,
    loop_started,
    started,
)

Version = Literal["graphon <= 0.6", "graphon >= 0.7"]


@dataclass(frozen=True)
class Leaf:
    """A node of the graph that is no container."""

    name: str


@dataclass(frozen=True)
class Box:
    """A container of the graph."""

    name: str
    kind: Literal["iteration", "loop"]
    rounds: int
    parallel: bool
    body: "Sequence[Leaf | Box]"


Chain = tuple[tuple[Box, int], ...]
"""Where something runs: each container around it, from the outside in, with its round."""


@dataclass
class Engine:
    """One run: the frames that it sends, and the place of each execution by its id."""

    version: Version
    chance: Random
    told: bool = True
    """Whether the ends of executions carry metadata: the streams of web apps have none."""
    places: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)

    def run(self, *branches: "Sequence[Leaf | Box]") -> list[Json]:
        """Run branches beside each other and return the frames."""
        return list(self._beside(self._all(branch, ()) for branch in branches))

    def _all(self, graph: "Iterable[Leaf | Box]", chain: Chain) -> Iterator[Json]:
        for item in graph:
            yield from self._leaf(item, chain) if isinstance(item, Leaf) else self._box(item, chain)

    def _beside(self, streams: Iterable[Iterator[Json]]) -> Iterator[Json]:
        """Interleave streams by chance."""
        going = list(streams)
        while going:
            stream = self.chance.choice(going)
            frame = next(stream, None)
            if frame is None:
                going.remove(stream)
            else:
                yield frame

    def _leaf(self, leaf: Leaf, chain: Chain) -> Iterator[Json]:
        self._count[leaf.name] += 1
        execution = f"{leaf.name}.{self._count[leaf.name]}"
        self.places[execution] = tuple((box.name, index) for box, index in chain)
        inside = {kind: self._named(chain, kind) for kind in ("iteration", "loop")}
        names = {kind: place[0] for kind, place in inside.items() if place}
        yield started(execution, **names)
        yield finished(execution, **(inside if self.told else names))

    def _named(self, chain: Chain, kind: str) -> tuple[str, int] | None:
        """Of several containers of a kind the outermost is named, with the index of the innermost (correction 2)."""
        mine = [(box.name, index) for box, index in chain if box.kind == kind]
        if not mine:
            return None
        return (mine[0] if self.version == "graphon <= 0.6" else mine[-1])[0], mine[-1][1]

    def _box(self, box: Box, chain: Chain) -> Iterator[Json]:
        if box.kind == "loop":
            return self._loop(box, chain)
        if not box.parallel:
            return self._one_by_one(box, chain)
        return self._in_blocks(box, chain) if self.version == "graphon <= 0.6" else self._live(box, chain)

    def _round(self, box: Box, index: int, chain: Chain) -> Iterator[Json]:
        return self._all(box.body, (*chain, (box, index)))

    def _loop(self, box: Box, chain: Chain) -> Iterator[Json]:
        early = self.version == "graphon >= 0.7"
        yield loop_started(box.name, box.rounds)
        for index in range(box.rounds):
            if early and index:
                yield loop_next(box.name, index)
            yield from self._round(box, index, chain)
            if not early:
                yield loop_next(box.name, index + 1)
        yield loop_completed(box.name, {str(index): 0.5 for index in range(box.rounds)})

    def _one_by_one(self, box: Box, chain: Chain) -> Iterator[Json]:
        yield iteration_started(box.name, box.rounds)
        for index in range(box.rounds):
            yield iteration_next(box.name, index)
            yield from self._round(box, index, chain)
        yield iteration_completed(box.name, {str(index): 0.5 for index in range(box.rounds)})

    def _in_blocks(self, box: Box, chain: Chain) -> Iterator[Json]:
        yield iteration_started(box.name, box.rounds)
        yield from [iteration_next(box.name, index) for index in range(box.rounds)]
        order = self.chance.sample(range(box.rounds), box.rounds)
        for index in order:
            yield from self._round(box, index, chain)
        yield iteration_completed(box.name, {str(index): 0.5 for index in order})

    def _live(self, box: Box, chain: Chain) -> Iterator[Json]:
        """Two rounds at once: the next one is announced when one of them ends."""
        yield iteration_started(box.name, box.rounds)
        going: dict[int, Iterator[Json]] = {}
        announced, ended = 0, []
        while len(ended) < box.rounds:
            while len(going) < 2 and announced < box.rounds:
                yield iteration_next(box.name, announced)
                going[announced] = self._round(box, announced, chain)
                announced += 1
            index = self.chance.choice(list(going))
            frame = next(going[index], None)
            if frame is None:
                del going[index]
                ended.append(index)
            else:
                yield frame
        yield iteration_completed(box.name, {str(index): 0.5 for index in ended})
