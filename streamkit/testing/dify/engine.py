"""Plays a script as the workflow engine does: workflows and chatflows."""

from collections.abc import Callable
from typing import Any, Final

from streamkit.recording import Chunk
from streamkit.testing.dify.frames import NOTHING, Frames, Inside
from streamkit.testing.dify.nodes import Nodes
from streamkit.testing.dify.pen import USER, Pen
from streamkit.testing.dify.rounds import Rounds
from streamkit.testing.dify.script import Container, End, Node, Pause, Ping, Resume, Start, Step
from streamkit.testing.dify.waiting import Waiting
from streamkit.testing.seeded import Json, Seeded

_AT_ONCE: Final = 0.0001
"""Seconds of a node that does nothing."""
_FOUND: Final = [
    "position",
    "dataset_id",
    "dataset_name",
    "document_id",
    "document_name",
    "data_source_type",
    "segment_id",
    "retriever_from",
    "score",
    "hit_count",
    "word_count",
    "segment_position",
    "index_node_hash",
    "content",
    "page",
    "doc_metadata",
    "title",
    "files",
    "summary",
]


class Engine:
    """Plays the steps of one run."""

    def __init__(self, pen: Pen, seeded: Seeded) -> None:
        self.pen = pen
        self.seeded = seeded
        self.frames = Frames(pen.version)
        self.inside: tuple[Inside, ...] = ()
        """The containers that a step is in, the outermost first."""
        self.query = ""
        self.said = ""
        """The answer so far."""
        self.spent = NOTHING
        self.steps = 0
        """So many executions, tries counted each, but none inside of containers."""
        self.exceptions = 0
        self.nodes = Nodes(self)
        self._rounds = Rounds(self)
        self._waiting = Waiting(self)
        self._inputs: Json = {}

    def play(self, steps: tuple[Step, ...]) -> list[list[Chunk]]:
        """Play a script and return the frames of its bodies."""
        for step in steps:
            self.step(step)
        return self.pen.bodies

    def step(self, step: Step) -> Any:  # noqa: ANN401 - JSON
        """Play one step, and return what it puts out."""
        match step:
            case Start():
                self._start(step)
            case Node():
                return self.nodes.run(step)
            case Container():
                return self._rounds.run(step)
            case Pause():
                self._waiting.pause(step)
            case Resume():
                self._waiting.resume(step)
            case Ping():
                self.pen.ping()
            case End():
                self._end(step)
            case _:
                raise TypeError(f"a graph has no {type(step).__name__.lower()}")
        return None

    # ---- begin and end

    def _start(self, step: Start) -> None:
        self.query, self._inputs = step.query, step.inputs
        self.begin("initial")
        known = {} if self.pen.version.is_relayed else self._system()
        given = {**step.inputs, **known}
        self.nodes.run(Node(type="start", title="Start", inputs=given, outputs=given, seconds=_AT_ONCE))

    def begin(self, reason: str) -> None:
        """Write how a body begins."""
        pen, inputs = self.pen, {**self._inputs, **self._system()}
        if pen.version.is_relayed:
            pen.ping()
        pen.flow("workflow_started", self.frames.started(pen.run, pen.workflow, inputs, pen.stamp, reason))

    def _system(self) -> Json:
        pen = self.pen
        known: Json = {"sys.files": [], "sys.user_id": USER}
        if pen.mode == "chatflow":
            known = {"sys.query": self.query, **known, "sys.dialogue_count": 1}
        return {**known, "sys.app_id": pen.app, "sys.workflow_id": pen.workflow, "sys.workflow_run_id": pen.run}

    def _end(self, step: End) -> None:
        if not self.steps:
            self._never_began(step)
            return
        outputs = self._conclude(step) if step.status == "succeeded" else {}
        ends: list[Callable[[], None]] = [lambda: self._workflow_ended(step, outputs)]
        if self.pen.mode == "chatflow" and (step.status == "succeeded" or not self.pen.version.is_relayed):
            self._and_chatflow_ended(step, ends)
        for end in ends:
            end()

    def _never_began(self, step: End) -> None:
        if self.pen.version.is_relayed:
            self.pen.ping()
        self.pen.error(step.code or "invalid_param", 400, step.error or "")

    def _conclude(self, step: End) -> Json:
        """Run the last node, and return what the run puts out."""
        if self.pen.mode == "chatflow":
            answer = {"answer": self.said, "files": []}
            self.nodes.run(Node(type="answer", title="Answer", inputs={}, outputs=answer, seconds=_AT_ONCE))
            return {**answer, **(step.outputs or {})}
        known = {"text": self.said} if self.said else {}
        outputs = known if step.outputs is None else step.outputs
        self.nodes.run(Node(type="end", title="End", inputs=outputs, outputs=outputs, seconds=_AT_ONCE))
        return outputs

    def _workflow_ended(self, step: End, outputs: Json) -> None:
        pen = self.pen
        is_partial = step.status == "succeeded" and self.exceptions > 0
        told = {
            "status": "partial-succeeded" if is_partial else step.status,
            "outputs": outputs,
            "error": step.error,
            "elapsed_time": round(pen.now, 6),
            "total_tokens": self.spent.total if step.status == "succeeded" else 0,
            "total_steps": self.steps,
            "created_by": {"id": pen.end_user, "user": USER},
            "created_at": pen.begun,
            "finished_at": pen.stamp,
        }
        count = self.exceptions + (step.status == "failed")
        pen.flow("workflow_finished", self.frames.ended(pen.run, pen.workflow, told, count))

    def _and_chatflow_ended(self, step: End, ends: list[Callable[[], None]]) -> None:
        """Add what a chatflow says at its end: a relay closes before it, the engine of threads said it last."""
        if step.status == "failed":
            ends.append(lambda: self.pen.error("invalid_param", 400, f"Run failed: {step.error}"))
        else:
            ends.insert(1 if self.pen.version.is_threaded else 0, lambda: self._message_ended(step))

    def _message_ended(self, step: End) -> None:
        metadata: Json = {"annotation_reply": None, "retriever_resources": citations(step.citations)}
        metadata["usage"] = self.frames.usage(self.spent, round(self.pen.now, 3))
        if self.pen.version.has_reasoning:
            metadata["reasoning"] = self.nodes.thoughts
        self.pen.talk("message_end", id=self.pen.message, metadata=metadata, files=[])


def citations(given: tuple[Json, ...]) -> list[Json]:
    """Return what was retrieved, with all the fields that the wire has."""
    empty = dict.fromkeys(_FOUND)
    return [{**empty, "position": place, "retriever_from": "workflow", **each} for place, each in enumerate(given, 1)]
