"""Plays a script of apps without a graph: chats, agents, completions."""

from typing import Any, Final

import msgspec

from streamkit.recording import Chunk
from streamkit.testing.dify.engine import citations
from streamkit.testing.dify.frames import NOTHING, Frames, spent
from streamkit.testing.dify.pen import Pen
from streamkit.testing.dify.script import End, Model, Node, Ping, Start, Step, Thought
from streamkit.testing.seeded import Json, Seeded

_LOOKED_UP: Final = 0.1
"""Seconds that a tool takes."""


class Talk:
    """Plays the steps of one answer."""

    def __init__(self, pen: Pen, seeded: Seeded) -> None:
        self._pen = pen
        self._seeded = seeded
        self._frames = Frames(pen.version)
        self._spent = NOTHING
        self._position = 0
        self._is_agent = pen.mode == "agent-chat"

    def play(self, steps: tuple[Step, ...]) -> list[list[Chunk]]:
        """Play a script and return the frames of its only body."""
        for step in steps:
            self._step(step)
        return self._pen.bodies

    def _step(self, step: Step) -> None:
        match step:
            case Node(model=Model() as model):
                self._answer(model, step.seconds, is_whole=step.ending == "succeeded")
            case Thought() if self._is_agent:
                self._call(step)
            case Ping():
                self._pen.ping()
            case End():
                self._end(step)
            case Start():
                pass
            case _:
                what = getattr(step, "type", type(step).__name__.lower())
                raise ValueError(f"an app of mode {self._pen.mode} has no {what}")

    def _answer(self, model: Model, seconds: float, *, is_whole: bool) -> None:
        thought = self._think() if self._is_agent else {}
        self._say(model.pieces, seconds)
        if is_whole:
            self._spent += spent(model)
            if self._is_agent:
                self._pen.talk("agent_thought", **{**thought, "thought": model.text})

    def _say(self, pieces: tuple[str, ...], seconds: float) -> None:
        share = seconds / (1 + len(pieces))
        for piece in pieces:
            self._pen.now += share
            if self._is_agent:
                self._pen.talk("agent_message", id=self._pen.message, answer=piece)
            else:
                source = {"from_variable_selector": None} if self._pen.version.has_selectors else {}
                self._pen.talk("message", id=self._pen.message, answer=piece, **source)
        self._pen.now += share

    def _think(self) -> Json:
        """Write that a thought begins, and return its fields."""
        self._position += 1
        empty: Json = dict.fromkeys(("thought", "observation", "tool"), "")
        thought = {"id": self._seeded.uuid(), "position": self._position, **empty}
        thought |= {"tool_labels": {}, "tool_input": "", "message_files": []}
        self._pen.talk("agent_thought", **thought)
        return thought

    def _call(self, step: Thought) -> None:
        """Write a round of an agent: it thinks, calls a tool, and looks at what it got."""
        thought = self._think()
        self._say((step.text,) if step.text else (), _LOOKED_UP)
        labels = {step.tool: {"en_US": step.tool, "zh_Hans": step.tool}}
        called = {**thought, "thought": step.text, "tool": step.tool, "tool_labels": labels}
        called["tool_input"] = _text({step.tool: step.tool_input})
        self._pen.talk("agent_thought", **called)
        self._pen.now += _LOOKED_UP
        self._pen.talk("agent_thought", **{**called, "observation": _text({step.tool: step.observation})})

    def _end(self, step: End) -> None:
        if step.status == "failed":
            self._pen.error(step.code or "completion_request_error", 400, step.error or "")
            return
        tokens = NOTHING if step.status == "stopped" else self._spent
        usage = self._frames.usage(tokens, round(self._pen.now, 3), first_token=False)
        found = [{**each, "retriever_from": "api"} for each in citations(step.citations)]
        metadata: Json = {"annotation_reply": None, "retriever_resources": found, "usage": usage}
        self._pen.talk("message_end", id=self._pen.message, metadata=metadata, files=None)


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return JSON as the text that the wire has it in."""
    return msgspec.json.encode(value).decode()
