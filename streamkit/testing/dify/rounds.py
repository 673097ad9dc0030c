"""Iterations and loops: when a version announces a round, and how the events of parallel ones mingle."""

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from streamkit.recording import Chunk
from streamkit.testing.dify.frames import Before, Ended, Inside
from streamkit.testing.dify.script import Container, Node, Step
from streamkit.testing.seeded import Json

if TYPE_CHECKING:
    from streamkit.testing.dify.engine import Engine

_OPENING: Final = 0.005
"""Seconds from the start of a container to its first round."""


class _Turn(Struct, frozen=True):
    """A round that was played."""

    index: int
    run: str | None
    output: Any
    began: float
    ended: float
    frames: list[Chunk]
    """Of a parallel one."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return round(self.ended - self.began, 6)

    def told(self) -> Before:
        """Return what the engine of threads says of it."""
        return Before(self.output, self.run, self.seconds)


class Rounds:
    """Runs containers for an engine."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    def run(self, step: Container) -> Any:  # noqa: ANN401 - JSON
        """Run a container, and return what it puts out."""
        engine, pen, begun = self._engine, self._engine.pen, self._engine.pen.now
        if not step.rounds and step.kind == "iteration" and not pen.version.has_live_rounds:
            return {"output": []}  # not a word of it
        tokens_before, cost_before = engine.spent.total, engine.spent.cost
        engine.steps += not engine.inside
        node = engine.nodes.name(step.title)
        names = {"id": node, "node_id": node, "node_type": step.kind, "title": step.title}
        started = engine.frames.container_started(names, step.length, step.inputs, pen.stamp)
        pen.flow(f"{step.kind}_started", started)
        pen.now += _OPENING
        turns = self._in_parallel(step, names) if step.is_parallel else self._in_turn(step, names)
        if step.ending == "open":
            return None
        outputs = _outputs(step, turns)
        totals = {
            "total_tokens": engine.spent.total - tokens_before,
            "total_price": str(engine.spent.cost - cost_before),
        }
        metadata = self._metadata(step, turns, {**totals, "currency": "USD"})
        ended = Ended(step.ending, None, step.inputs, {}, outputs, pen.now - begun, metadata)
        pen.flow(f"{step.kind}_completed", engine.frames.container_completed(names, ended, step.length, pen.stamp))
        return outputs

    # ---- one after the other

    def _in_turn(self, step: Container, names: Json) -> list[_Turn]:
        turns: list[_Turn] = []
        for index, steps in enumerate(step.rounds):
            if self._is_announced_before(step.kind, index):
                self._next(names, index, turns[-1].told() if turns else Before())
            turns.append(self._turn(names, index, steps))
            if self._is_announced_behind(step, index):
                self._next(names, index + 1, turns[-1].told())
        return turns

    def _is_announced_before(self, kind: str, index: int) -> bool:
        """Whether a round is announced when it begins: by the engine of threads the first one of an iteration alone."""
        version = self._engine.pen.version
        if kind == "loop":
            return index > 0 and (version.is_threaded or version.has_live_rounds)
        return index == 0 or not version.is_threaded

    def _is_announced_behind(self, step: Container, index: int) -> bool:
        """Whether the next round is announced when one ends, be there another one or not."""
        version, is_last = self._engine.pen.version, index + 1 == len(step.rounds)
        if is_last and (step.ending != "succeeded" or len(step.rounds) < step.length):
            return False
        if step.kind == "loop":
            return not version.is_threaded and not version.has_live_rounds
        return version.is_threaded

    def _next(self, names: Json, index: int, before: Before) -> None:
        pen = self._engine.pen
        told = self._engine.frames.container_next(names, index, pen.stamp, before)
        pen.flow(f"{names['node_type']}_next", told)

    # ---- all at once

    def _in_parallel(self, step: Container, names: Json) -> list[_Turn]:
        pen, version = self._engine.pen, self._engine.pen.version
        for index in range(1 if version.is_threaded else len(step.rounds)):
            self._next(names, index, Before())
        began, turns = pen.now, []
        for index, steps in enumerate(step.rounds):
            turns.append(self._turn(names, index, steps, aside=True))
        turns.sort(key=lambda turn: turn.ended)
        if version.is_threaded or version.has_live_rounds:
            self._mingled(turns, names)
        else:
            for turn in turns:
                pen.add([Chunk(turn.ended, frame.data) for frame in turn.frames])
        pen.now = max((turn.ended for turn in turns), default=began)
        return turns

    def _mingled(self, turns: list[_Turn], names: Json) -> None:
        """Write the events of all rounds as they come; the engine of threads tells of each that ends."""
        pen = self._engine.pen
        frames = [frame for turn in turns for frame in turn.frames]
        for turn in turns if pen.version.is_threaded else ():
            pen.now = turn.ended
            with pen.aside() as page:
                self._next(names, turn.index + 1, turn.told())
            frames += page
        pen.add(sorted(frames, key=lambda frame: frame.at))

    # ---- a round

    def _turn(self, names: Json, index: int, steps: tuple[Step, ...], *, aside: bool = False) -> _Turn:
        engine, pen = self._engine, self._engine.pen
        run = engine.seeded.hex() if aside and pen.version.is_threaded else None
        stretch = engine.seeded.factor() if aside else 1.0
        outer, began = engine.inside, pen.now
        engine.inside = (*outer, Inside(names["node_type"], names["node_id"], index, run))
        output, frames = None, []
        if aside:
            with pen.aside() as frames:
                output = self._play(steps)
                ended = pen.now
            frames = [Chunk(began + (frame.at - began) * stretch, frame.data) for frame in frames]
            ended = began + (ended - began) * stretch
        else:
            output, ended = self._play(steps), pen.now
        engine.inside = outer
        return _Turn(index, run, output, began, ended, frames)

    def _play(self, steps: tuple[Step, ...]) -> Any:  # noqa: ANN401 - JSON
        """Play the steps of a round up to the first one that fails, and return what the last one puts out."""
        output: Any = None
        for step in steps:
            output = self._engine.step(step)
            if isinstance(step, Node | Container) and step.ending in ("failed", "open"):
                return None
        return _value(output)

    # ---- what comes of it

    def _metadata(self, step: Container, turns: list[_Turn], totals: Json) -> Json:
        version = self._engine.pen.version
        seconds = {turn.run or str(turn.index): turn.seconds for turn in turns}
        took = {f"{step.kind}_duration_map": seconds}
        if version.is_threaded:
            return {**took, "total_tokens": totals["total_tokens"]}
        if step.kind == "iteration":
            return {**totals, **took}
        why = {"completed_reason": "loop_break" if len(step.rounds) < step.length else "loop_completed"}
        variables: Json = {"loop_variable_map": {str(turn.index): {} for turn in turns}}
        if version.has_submitted_data:
            return {**totals, **took, **variables, **why}
        return {**totals, **why, **took, **variables}


def _outputs(step: Container, turns: list[_Turn]) -> Json:
    if step.kind == "loop":
        return {"loop_round": len(turns)}
    done = sorted(turns, key=lambda turn: turn.index)
    return {"output": [turn.output for turn in done]}


def _value(outputs: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what stands for the outputs of a node: the text of a model, the only value, or all of them."""
    if not isinstance(outputs, dict):
        return outputs
    if "text" in outputs:
        return outputs["text"]
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs
