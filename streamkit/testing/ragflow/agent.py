"""Plays a script as an agent does since 0.20: an event for everything that happens, as far as a version passes them on."""

from typing import Any, Final, NamedTuple

from streamkit.recording import Chunk
from streamkit.testing.ragflow.pen import Pen, documents, found
from streamkit.testing.ragflow.script import Container, End, Node, Pause, Resume, Speech, Start, Step
from streamkit.testing.seeded import Json

_AT_ONCE: Final = 0.0001
"""Seconds of a component that does nothing."""
_THOUGHTS: Final = {
    "Retrieval": "Searching...",
    "UserFillUp": "Waiting for your input...",
    "IterationItem": "Next turn...",
    "LoopItem": "Next turn...",
    "Loop": "Loop from canvas.",
}
_CITED: Final = 46
"""What the first citation is called: RAGFlow numbers them by a hash."""


class _Component(NamedTuple):
    """An execution that began."""

    id: str
    name: str
    type: str
    began: float
    tick: float


class Agent:
    """Plays the steps of one session."""

    def __init__(self, pen: Pen, mode: str) -> None:
        self._pen = pen
        self._passed_on = pen.version.passed_on(mode)
        self._is_bot = mode == "agentbot"
        self._is_filtered = mode == "agent-session"
        self._inputs: Json = {}
        self._query = ""
        self._inside = 0
        self._spent: list[int] = []
        self._last: Any = {}
        """What was put out last."""
        self._asked: Pause | None = None
        self._task = pen.session if pen.version.is_careful else pen.seeded.hex() if self._is_bot else pen.agent

    def play(self, steps: tuple[Step, ...]) -> list[list[Chunk]]:
        """Play a script and return the frames of its bodies."""
        for step in steps:
            self._step(step)
        return self._pen.bodies

    def _step(self, step: Step) -> None:
        match step:
            case Start():
                self._start(step)
            case Node():
                self._node(step)
            case Speech():
                self._speak(step)
            case Container():
                self._repeat(step)
            case Pause():
                self._pause(step)
            case Resume():
                self._resume(step)
            case End():
                self._end(step)

    # ---- begin and end

    def _start(self, step: Start) -> None:
        self._inputs, self._query = step.inputs, step.query
        self._event("workflow_started", {"inputs": step.inputs})
        self._finish(self._begin("Begin", "begin"), step.inputs, {}, _AT_ONCE, late=step.inputs)

    def _end(self, step: End) -> None:
        if step.status == "succeeded":
            self._event("workflow_finished", self._ended())
        elif step.status == "stopped":
            why = f"Task {self._task} has been canceled during batch execution."
            self._pen.write({"code": 500, "message": why, "data": False})
        self._done()

    def _ended(self) -> Json:
        spent = {
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "total_tokens": sum(self._spent),
            "calls": len(self._spent),
        }
        usage = {"usage": spent} if self._pen.version.is_careful else {}
        if self._is_filtered:
            return usage
        elapsed = round(self._pen.now, 6)
        told = {"inputs": self._inputs, "outputs": self._last, "elapsed_time": elapsed, "created_at": self._pen.tick}
        return {**told, **usage}

    def _done(self) -> None:
        self._pen.raw(b"" if self._is_bot else self._pen.version.done)

    def _event(self, event: str, data: Json) -> None:
        """Write an event, if it is passed on."""
        if event not in self._passed_on:
            return
        pen = self._pen
        named = {"event": event, "message_id": pen.message, "created_at": pen.begun, "task_id": self._task}
        is_named = not self._is_bot or pen.version.is_careful
        pen.write({**named, "data": data, **({"session_id": pen.session} if is_named else {})})

    # ---- components

    def _begin(self, kind: str, name: str) -> _Component:
        component = name if kind == "Begin" else f"{kind}:{name.replace(' ', '')}"
        began = _Component(component, name, kind, self._pen.now, self._pen.tick)
        thoughts = _THOUGHTS.get(
            kind, f"⌛Give me a moment—starting from: \n\n{self._query}" if kind in _MODELS else ""
        )
        told = {"inputs": None, "created_at": self._pen.stamp, **_named(began), "thoughts": thoughts}
        self._event("node_started", told)
        return began

    def _finish(
        self,
        began: _Component,
        inputs: Json,
        outputs: Json,
        seconds: float = 0.0,
        *,
        late: Json | None = None,
        error: str | None = None,
    ) -> None:
        """End an execution.

        Args:
            began: which one.
            inputs: what it was given.
            outputs: what it was known to put out when it began.
            seconds: how much longer it takes.
            late: what else it put out.
            error: why it failed.
        """
        self._pen.now += seconds
        took = round(self._pen.now - began.began, 6)
        put_out = {**outputs, "_created_time": began.tick, **(late or {})}
        if error is not None:
            put_out["_ERROR"] = error
        self._last = {**put_out, "_elapsed_time": took}
        told = {"inputs": inputs, "outputs": self._last, **_named(began), "error": error, "elapsed_time": took}
        self._event("node_finished", {**told, "created_at": began.tick})

    def _node(self, step: Node) -> None:
        began = self._begin(step.type, step.name)
        if step.ending == "open":
            self._pen.now += step.seconds
        else:
            self._finish(began, step.inputs, step.outputs, step.seconds, error=step.error)

    # ---- answers

    def _speak(self, step: Speech) -> None:
        model = self._begin("LLM", step.name) if step.name is not None else None
        if step.name is not None and (self._inside or step.ending == "failed"):
            self._answer_silently(step, model)
            return
        message = self._begin("Message", "Answer" if step.name is None else f"Answer of {step.name}")
        self._stream(step)
        self._event("message_end", self._message_end(step))
        if model is not None and step.ending == "succeeded":
            self._spent.append(step.tokens)
            self._finish(model, {"sys.query": self._query}, {"content": step.text})
        heard = {f"{model.id}@content": step.text} if model is not None else {}
        files: Json = {"downloads": []} if self._pen.version.has_downloads else {}
        self._finish(message, heard, {"content": step.thought + step.text, **files})

    def _answer_silently(self, step: Speech, model: _Component | None) -> None:
        """Let a model answer where no Message is, or where it fails."""
        assert model is not None  # noqa: S101 - for the type checker
        if step.ending == "succeeded":
            self._spent.append(step.tokens)
        answer = {"content": step.text if step.ending == "succeeded" else ""}
        self._finish(model, {"sys.query": self._query}, answer, step.seconds, error=step.error)

    def _stream(self, step: Speech) -> None:
        thought: list[Json] = []
        if step.thought:
            flags = ({"content": "", "start_to_think": True}, {"content": "", "end_to_think": True})
            thought = [flags[0], {"content": step.thought}, flags[1]]
        said = [*thought, *({"content": piece} for piece in step.pieces)]
        share = step.seconds / (1 + len(said))
        for each in said:
            self._pen.now += share
            self._event("message", each)
        self._pen.now += share

    def _message_end(self, step: Speech) -> Json:
        version = self._pen.version
        if not step.chunks:
            return {} if version >= (0, 23, 0) else {"reference": None if version >= (0, 20, 5) else _NOTHING_FOUND}
        chunks = [found(each, place, version) for place, each in enumerate(step.chunks)]
        named = {document["doc_name"]: document for document in documents(chunks)}
        return {
            "reference": {"chunks": {str(_CITED + place): each for place, each in enumerate(chunks)}, "doc_aggs": named}
        }

    # ---- containers

    def _repeat(self, step: Container) -> None:
        container = self._begin(step.type, step.name)
        self._inside += 1
        results = []
        for index, steps in enumerate(step.rounds):
            self._item(step, index)
            for inner in steps:
                self._step(inner)
            results.append(next((value for name, value in self._last.items() if not name.startswith("_")), None))
        self._item(step, len(step.rounds) - 1)  # one more says that there are no more
        self._inside -= 1
        if step.ending != "open":
            put_out = {"results": results} if step.type == "Iteration" else {}
            self._finish(container, {}, put_out, error=step.error)

    def _item(self, step: Container, index: int) -> None:
        began = self._begin(f"{step.type}Item", f"{step.name} item")
        item = step.items[index] if step.rounds and step.type == "Iteration" else None
        told = {"item": item, "result": item, "index": index} if step.type == "Iteration" and step.rounds else {}
        self._finish(began, {}, {}, _AT_ONCE, late=told)

    # ---- people

    def _pause(self, step: Pause) -> None:
        self._asked = step
        unset = {"value": None} if self._pen.version.is_careful else {}
        fields: Json = {
            name: {"name": name, "type": "line", "optional": False, "options": [], **unset} for name in step.fields
        }
        self._event("user_inputs", {"inputs": fields, "tips": step.tips})
        self._done()

    def _resume(self, step: Resume) -> None:
        if self._asked is None:
            raise ValueError("nothing waits for a person")
        asked, self._asked = self._asked, None
        self._pen.turn()
        self._inputs = {name: {"type": "line", "value": value} for name, value in step.values.items()}
        self._spent = []
        if not self._pen.version.is_careful:
            self._event("workflow_started", {"inputs": self._inputs})
        began = self._begin("UserFillUp", asked.name)
        given = step.values if self._pen.version.is_careful else dict.fromkeys(step.values)
        told = step.values if self._pen.version.is_careful else self._inputs
        self._finish(began, given, told, _AT_ONCE, late={"tips": asked.tips})


_MODELS: Final = ("LLM", "Agent")
_NOTHING_FOUND: Final[Json] = {"chunks": {}, "doc_aggs": {}}


def _named(component: _Component) -> Json:
    return {"component_id": component.id, "component_name": component.name, "component_type": component.type}
