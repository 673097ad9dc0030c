"""Plays a script where only an answer is sent: chats of all versions, and agents before 0.20."""

from abc import ABC, abstractmethod
from typing import Final

from streamkit.recording import Chunk
from streamkit.testing.ragflow.pen import Pen, documents, found
from streamkit.testing.ragflow.script import End, Node, Speech, Start, Step
from streamkit.testing.seeded import Json

_PROMPT: Final = "You are an assistant."


class Answers(ABC):
    """What both have in common."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._said = ""
        """The answer so far, with what was thought in tags."""

    def play(self, steps: tuple[Step, ...]) -> list[list[Chunk]]:
        """Play a script and return the frames of its only body."""
        for step in steps:
            self._step(step)
        return self._pen.bodies

    def _step(self, step: Step) -> None:
        match step:
            case Speech():
                self._speak(step)
            case End():
                self._end(step)
            case Start():
                pass
            case _:
                raise ValueError(f"a chat has no {type(step).__name__.lower()}")

    @abstractmethod
    def _speak(self, step: Speech) -> None:
        """Write an answer."""

    def _end(self, step: End) -> None:
        """Write the end; who stops a chat only closes the connection."""
        if step.status == "failed":
            self._fail(step.error or "")
        if step.status != "stopped":
            self._frame(None)

    def _fail(self, error: str) -> None:
        data = {"answer": f"**ERROR**: {error}", "reference": []}
        self._pen.write({"code": 500, "message": error, "data": data})

    def _frame(self, data: Json | None) -> None:
        """Write data, or the end."""
        self._pen.write({"code": 0, "message": "", "data": True if data is None else data})


class Chat(Answers):
    """A chat: whole answers before 0.24, and since then what is new of them."""

    def __init__(self, pen: Pen) -> None:
        super().__init__(pen)
        self._chat = pen.agent
        self._last: Speech | None = None

    def _speak(self, step: Speech) -> None:
        self._last = step
        thought = [step.thought] if step.thought else []
        share = step.seconds / (1 + len(step.pieces) + len(thought))
        if thought:
            self._pen.now += share
            self._think(step.thought)
        for piece in step.pieces:
            self._pen.now += share
            self._said += piece
            self._answer(piece if self._pen.version.has_deltas else self._said)
        self._pen.now += share

    def _think(self, text: str) -> None:
        self._said += f"<think>{text}</think>"
        if self._pen.version.has_deltas:
            self._answer("", start_to_think=True)
            self._answer(text)
            self._answer("", end_to_think=True)
        else:
            self._answer(self._said)

    def _answer(self, text: str, **flags: bool) -> None:
        kind = {"final": False, **flags} if self._pen.version.has_deltas else {}
        self._frame({"answer": text, "reference": {"chunks": []}, "audio_binary": None, **kind, **self._named()})

    def _named(self) -> Json:
        pen = self._pen
        chat = {"chat_id": self._chat} if pen.version.has_chat_id else {}
        return {"id": pen.answer, "session_id": pen.session, **chat}

    def _end(self, step: End) -> None:
        if step.status == "succeeded" and self._last is not None:
            self._conclude(self._last)
        super()._end(step)

    def _conclude(self, last: Speech) -> None:
        """Write the last frame of an answer: what was found for it, and the prompt."""
        version = self._pen.version
        chunks = [found(each, place, version) for place, each in enumerate(last.chunks)]
        reference = {"total": len(chunks), "chunks": chunks, "doc_aggs": documents(chunks)}
        answer = self._said if version.repeats_answer or not version.has_deltas else ""
        told: Json = {"answer": answer, "reference": reference, "prompt": _PROMPT}
        if version.has_prompt_times:
            told["created_at"] = float(self._pen.stamp)
        audio = {"final": True, "audio_binary": None} if version.has_deltas else {}
        self._frame({**told, **audio, **self._named()})

    def _frame(self, data: Json | None) -> None:
        if self._pen.version.has_chat_id:
            super()._frame(data)
        else:
            self._pen.write({"code": 0, "data": True if data is None else data})


class OldAgent(Answers):
    """An agent before 0.20: which component runs, then the whole answer, again and again."""

    def _step(self, step: Step) -> None:
        if isinstance(step, Node):
            self._run(step.name, step.seconds)
        else:
            super()._step(step)

    def _run(self, name: str, seconds: float) -> None:
        self._frame({"answer": f"*'{name}'* is running...🕞", "running_status": True})
        self._pen.now += seconds

    def _speak(self, step: Speech) -> None:
        share = step.seconds / (2 + len(step.pieces))
        self._run(step.name or "Answer", share)
        if step.ending == "failed":
            return
        self._said += f"<think>{step.thought}</think>" if step.thought else ""
        for piece in step.pieces:
            self._pen.now += share
            self._said += piece
            self._answer({})
        self._pen.now += share
        version = self._pen.version
        chunks = [found(each, place, version) for place, each in enumerate(step.chunks)]
        self._answer({"chunks": chunks, "doc_aggs": documents(chunks)} if chunks else {})

    def _answer(self, reference: Json) -> None:
        named = {"param": [], "id": self._pen.answer, "session_id": self._pen.session}
        self._frame({"answer": self._said, "reference": reference, **named})

    def _fail(self, error: str) -> None:
        """Say it in the answer: no code tells it."""
        self._said += f"\n**ERROR**: {error}"
        self._answer({})
