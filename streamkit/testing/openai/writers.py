"""Chunks of a completion as different servers write them."""

import json
from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec
from msgspec import Struct

from streamkit.recording import Chunk
from streamkit.testing.ragflow.pen import documents, found
from streamkit.testing.ragflow.version import version_of
from streamkit.testing.seeded import EPOCH, Json, Seeded

Server = Literal["openai", "ragflow-chat", "ragflow-agent"]
_CITED: Final = 46
_NEWEST: Final = version_of("0.27")


class Delta(Struct, frozen=True, kw_only=True):
    """What a chunk adds."""

    told: Json
    seconds: float
    tokens: int = 0


class End(Struct, frozen=True, kw_only=True):
    """The answer is over."""

    reason: str | None = None
    """None of a stream that is cut."""
    error: str | None = None
    reference: tuple[Json, ...] = ()


class OpenAI:
    """Writes as OpenAI does."""

    def __init__(self, model: str, seeded: Seeded) -> None:
        self._model = model
        self._which = seeded.hex()
        self._session = seeded.hex()
        self._now = 0.0
        self._tokens = 0
        self._said = ""
        self._frames: list[Chunk] = []

    @property
    def path(self) -> str:
        """Where it is asked."""
        return "/v1/chat/completions"

    def play(self, steps: tuple[Delta | End, ...]) -> list[Chunk]:
        """Write a script and return its frames."""
        self._begin()
        for step in steps:
            if isinstance(step, Delta):
                self._now += step.seconds
                self._tokens += step.tokens
                self._said += step.told.get("content", "")
                self._write(self._chunk(self._delta(step.told)))
            else:
                self._end(step)
        return self._frames

    def _begin(self) -> None:
        self._write(self._chunk({"role": "assistant", "content": ""}))

    def _delta(self, told: Json) -> Json:
        return told

    def _chunk(self, delta: Json, reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._top(), "choices": [choice]}

    def _top(self) -> Json:
        named = {"id": f"chatcmpl-{self._which}", "object": "chat.completion.chunk"}
        return {**named, "created": EPOCH, "model": self._model, "system_fingerprint": "fp"}

    def _usage(self) -> Json:
        prompt = self._tokens // 2
        return {"prompt_tokens": prompt, "completion_tokens": self._tokens - prompt, "total_tokens": self._tokens}

    def _end(self, step: End) -> None:
        if step.error is not None:
            self._write({"error": {"message": step.error, "type": "server_error", "param": None, "code": None}})
            return
        if step.reason is None:
            return
        self._write(self._chunk({}, step.reason))
        if self._tokens:
            self._write({**self._top(), "choices": [], "usage": self._usage()})
        self._add(b"data: [DONE]\n\n")

    def _write(self, payload: Json) -> None:
        self._add(b"data: " + msgspec.json.encode(payload) + b"\n\n")

    def _add(self, data: bytes) -> None:
        self._frames.append(Chunk(round(self._now, 6), data))


class RAGFlowChat(OpenAI):
    """Writes as a chat of RAGFlow does."""

    @property
    def path(self) -> str:
        """Where it is asked."""
        return f"/api/v1/openai/{self._which}/chat/completions"

    def _begin(self) -> None:
        """Write nothing: each chunk has the role."""

    def _delta(self, told: Json) -> Json:
        empty = {"content": None, "role": "assistant", "function_call": None, "tool_calls": None}
        return {**empty, "reasoning_content": None, **told}

    def _chunk(self, delta: Json, reason: str | None = None) -> Json:
        choice = {"delta": delta, "finish_reason": reason, "index": 0, "logprobs": None}
        usage = self._usage() if reason else None
        top = {"created": EPOCH, "model": self._model, "object": "chat.completion.chunk"}
        return {"id": f"chatcmpl-{self._which}", "choices": [choice], **top, "system_fingerprint": "", "usage": usage}

    def _end(self, step: End) -> None:
        if step.reason is None and step.error is None:
            return
        if step.error is not None:
            self._write(self._chunk(self._delta({"content": f"**ERROR**: {step.error}"})))
        chunks = [found(each, place, _NEWEST) for place, each in enumerate(step.reference)]
        cited = {"reference": chunks, "final_content": self._said} if chunks else {}
        self._write(self._chunk({**self._delta({}), **cited}, step.reason or "stop"))
        self._add(b"data:[DONE]\n\n")

    def _write(self, payload: Json) -> None:
        self._add(b"data:" + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n")


class RAGFlowAgent(OpenAI):
    """Writes as an agent of RAGFlow does."""

    @property
    def path(self) -> str:
        """Where it is asked."""
        return f"/api/v1/agents_openai/{self._which}/chat/completions"

    def _begin(self) -> None:
        """Write nothing: each chunk has the role."""

    def _delta(self, told: Json) -> Json:
        text = told.get("reasoning_content", "") + told.get("content", "")
        known = {"content": text, "role": "assistant", "function_call": None, "tool_calls": None}
        return {**known, **{name: value for name, value in told.items() if name == "reference"}}

    def _chunk(self, delta: Json, reason: str | None = None) -> Json:
        choice = {"delta": delta, "finish_reason": reason, "index": 0, "logprobs": None}
        top = {"id": self._session, "object": "chat.completion.chunk", "created": EPOCH, "model": self._which}
        return {**top, "system_fingerprint": "", "usage": None, "choices": [choice]}

    def _end(self, step: End) -> None:
        if step.error is not None:
            self._write(self._chunk(self._delta({"content": f"**ERROR**: {step.error}"}), "stop"))
        elif step.reason is None:
            return
        else:
            self._write(self._chunk(self._delta({"content": "", **self._cited(step)})))
        self._add(b"data: [DONE]\n\n")

    @staticmethod
    def _cited(step: End) -> Json:
        if not step.reference:
            return {}
        chunks = [found(each, place, _NEWEST) for place, each in enumerate(step.reference)]
        named = {document["doc_name"]: document for document in documents(chunks)}
        return {
            "reference": {"chunks": {str(_CITED + place): each for place, each in enumerate(chunks)}, "doc_aggs": named}
        }

    def _write(self, payload: Json) -> None:
        self._add(b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n")


WRITERS: Final[Mapping[Server, Callable[[str, Seeded], OpenAI]]] = {
    "openai": OpenAI,
    "ragflow-chat": RAGFlowChat,
    "ragflow-agent": RAGFlowAgent,
}
"""Who writes, by the server."""
