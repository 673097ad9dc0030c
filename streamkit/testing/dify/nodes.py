"""Executions of nodes: tries, logs, what a model says, and how they end."""

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from streamkit.testing.dify.frames import Ended, Execution, spent
from streamkit.testing.dify.script import Log, Model, Node
from streamkit.testing.seeded import Json

if TYPE_CHECKING:
    from streamkit.testing.dify.engine import Engine

_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_CLOCK: Final = 1000
"""An agent's log has times of a clock of its own."""


class Nodes:
    """Runs nodes for an engine."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self.thoughts: dict[str, str] = {}
        """What models thought, by their node."""
        self._names: dict[tuple[object, ...], str] = {}
        """Ids of nodes by the containers that they are in, what they are called, and the how many of that name."""
        self._met: Counter[tuple[object, ...]] = Counter()
        self._used: Counter[str] = Counter()
        self._before: str | None = None

    def run(self, step: Node) -> Any:  # noqa: ANN401 - JSON
        """Run a node, and return what others see of what it puts out."""
        engine, pen = self._engine, self._engine.pen
        execution = self.begin(step.type, step.title)
        begun = pen.now
        for number, why in enumerate(step.tries, 1):
            self._try(step, execution, begun, number, why)
        log = self._work(step, execution)
        if step.ending == "open":
            return None
        ended = self._ended(step, pen.now - begun)
        if log:
            ended = ended._replace(metadata={**ended.metadata, "tool_info": _TOOL_INFO, "agent_log": log})
        engine.exceptions += step.ending == "exception"
        pen.flow("node_finished", engine.frames.node_ended(execution, ended, pen.stamp))
        return None if step.ending == "failed" else ended.outputs

    def begin(self, kind: str, title: str, known: Execution | None = None) -> Execution:
        """Write that a node starts, and return who its execution is.

        Args:
            kind: the type of the node.
            title: the title of the node.
            known: the execution, if it began in a body before.
        """
        engine, threads = self._engine, self._engine.pen.version.is_threaded
        node = known.node if known else self.name(title)
        engine.steps += not engine.inside and known is None
        execution = Execution(
            id=known.id if known else engine.seeded.uuid(),
            node=node,
            type=kind,
            title=title,
            index=engine.steps if threads else 1,
            predecessor=self._before if threads else None,
            inside=engine.inside,
            created_at=engine.pen.stamp,
        )
        self._before = node
        engine.pen.flow("node_started", engine.frames.node_started(execution))
        return execution

    def name(self, title: str) -> str:
        """Return the id of the next node: its title, numbered where another node has it; a round has those of the last."""
        inside = self._engine.inside
        slug = _NO_NAME.sub("-", title.lower()).strip("-") or "node"
        self._met[(*inside, slug)] += 1
        place = (*(each.node for each in inside), slug, self._met[(*inside, slug)])
        if place not in self._names:
            self._used[slug] += 1
            self._names[place] = slug if self._used[slug] == 1 else f"{slug}-{self._used[slug]}"
        return self._names[place]

    def _try(self, step: Node, execution: Execution, begun: float, number: int, why: str) -> None:
        engine, pen = self._engine, self._engine.pen
        pen.now += step.seconds
        engine.steps += not engine.inside
        engine.exceptions += not engine.inside and not pen.version.is_threaded
        ended = Ended("retry", why, step.inputs, {}, {}, pen.now - begun, {})
        if pen.version.is_threaded:
            execution = replace(execution, id=engine.seeded.uuid())
        pen.flow("node_retry", {**engine.frames.node_ended(execution, ended, pen.stamp), "retry_index": number})

    def _work(self, step: Node, execution: Execution) -> list[Json]:
        """Let a node work, and return the log that it wrote."""
        share = step.seconds / (1 + len(step.logs))
        ids = {entry.label: self._engine.seeded.uuid() for entry in step.logs}
        log = [self._log(entry, execution, ids, share) for entry in step.logs]
        if step.model is not None:
            self._speak(step.model, execution.node, share)
        else:
            self._engine.pen.now += share
        return log

    def _log(self, entry: Log, execution: Execution, ids: Json, seconds: float) -> Json:
        """Write how an entry begins and ends, and return it as the end of the node repeats it."""
        pen, frame = self._engine.pen, self._engine.frames.log
        began = {"started_at": round(_CLOCK + pen.now, 6)}
        pen.flow("agent_log", frame(entry, execution.node, ids, "start", began))
        pen.now += seconds
        done = {"finished_at": round(_CLOCK + pen.now, 6), "elapsed_time": round(seconds, 3)}
        told = frame(entry, execution.node, ids, "error" if entry.error else "success", done)
        pen.flow("agent_log", told)
        named = {"message_id": told["id"], "label": told["label"]}
        return {**named, **{name: value for name, value in told.items() if name not in ("id", "label")}}

    # ---- models

    def _speak(self, model: Model, node: str, seconds: float) -> None:
        """Stream what a model thinks and says; inside of containers nobody listens."""
        pen = self._engine.pen
        said = () if self._engine.inside else model.pieces
        thinks = bool(model.thought) and pen.version.has_reasoning
        share = seconds / (1 + len(said) + thinks)
        pen.now += share
        if thinks:
            self._think(model.thought, node)
            pen.now += share
        for piece in said:
            self.say(piece, node, "text")
            pen.now += share

    def _think(self, text: str, node: str) -> None:
        pen = self._engine.pen
        self.thoughts[node] = text
        message = pen.message if pen.mode == "chatflow" else None
        for piece, is_final in ((text, False), ("", True)):
            told = {"message_id": message, "reasoning": piece, "node_id": node, "is_final": is_final}
            pen.flow("reasoning_chunk", told)

    def say(self, text: str, *selector: str) -> None:
        """Write a piece of the answer, and whose it is."""
        engine, pen = self._engine, self._engine.pen
        engine.said += text
        source = {"from_variable_selector": list(selector)} if pen.version.has_selectors else {}
        if pen.mode == "chatflow":
            pen.talk("message", id=pen.message, answer=text, **source)
        else:
            pen.flow("text_chunk", {"text": text, "from_variable_selector": list(selector)})

    # ---- ends

    def _ended(self, step: Node, seconds: float) -> Ended:
        if step.ending == "exception":
            told = {**step.outputs, "error_message": step.error, "error_type": "NodeError"}
            return Ended("exception", "Unknown error", step.inputs, {}, told, seconds, _HANDLED)
        if step.ending == "failed":
            return Ended("failed", step.error, step.inputs, {}, {}, seconds, {})
        if step.model is not None:
            return self._answered(step, step.model, seconds)
        return Ended("succeeded", None, step.inputs, {}, step.outputs, seconds, {})

    def _answered(self, step: Node, model: Model, seconds: float) -> Ended:
        engine, tokens = self._engine, spent(model)
        engine.spent += tokens
        process, outputs = engine.frames.thought_through(model, engine.query, round(step.seconds, 3))
        inputs = {**engine.frames.asked_of(model), **step.inputs}
        metadata = {"total_tokens": tokens.total, "total_price": str(tokens.cost), "currency": "USD"}
        return Ended("succeeded", None, inputs, process, outputs, seconds, metadata)


_TOOL_INFO: Final[Json] = {"icon": None, "agent_strategy": "function_calling"}
_HANDLED: Final[Json] = {"error_strategy": "default-value"}
