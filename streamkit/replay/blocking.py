"""The one document with which a vendor answers a request that wants no stream, made of a recorded stream.

Made of the vendor's own frames, so that nothing is lost that the state of a run has no place for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from streamkit.replay.frames import FrameSpan, decoded
from streamkit.replay.library import Take
from streamkit.replay.routes import Asked, Door

Document = dict[str, Any]
"""A JSON object of a vendor's. Any: its values."""

_RUN_KEYS: Final = ("id", "workflow_id", "status", "outputs", "error", "elapsed_time", "total_tokens", "total_steps")
_DIFY_MODES: Final = {"chatflow": "advanced-chat", "agent": "agent", "agent-chat": "agent-chat"}
_STREAM_ALONE: Final = {"agent-chat": "Agent Chat App", "agent": "New Agent"}
"""Apps that refuse to answer with a document."""


def wants_document(asked: Asked, door: Door) -> bool:
    """Whether a request wants one document, and no stream: the vendors have different defaults."""
    if door.startswith("dify"):
        always_streams = "/draft/" in asked.path or "/datasource/" in asked.path or asked.method == "GET"
        return not always_streams and asked.body.get("response_mode") != "streaming"
    if door.startswith("ragflow"):
        return asked.body.get("stream") is False
    return asked.body.get("stream") is not True


def document_of(take: Take) -> bytes:
    """Return the document that a recorded stream comes to."""
    return msgspec.json.encode(_MAKERS[take.run.dialect](take, _frames(take)))


class _Frame:
    """A frame with its JSON decoded."""

    def __init__(self, span: FrameSpan) -> None:
        self.kind = span.kind
        self.json = decoded(span.data)

    @property
    def data(self) -> Document:
        """The payload inside of its envelope."""
        inner = self.json.get("data")
        return inner if isinstance(inner, dict) else {}


def _frames(take: Take) -> list[_Frame]:
    return [_Frame(span) for span in take.frames]


def _last(frames: Sequence[_Frame], *kinds: str) -> _Frame | None:
    return next((frame for frame in reversed(frames) if frame.kind in kinds), None)


# ---- Dify


def dify_error(code: str, message: str, status: int) -> Document:
    """Return an error body of Dify's."""
    return {"code": code, "message": message, "status": status}


def mode_of(take: Take) -> str:
    """Return what Dify calls the kind of an app."""
    return _DIFY_MODES.get(take.run.mode or "", take.run.mode or "chat")


def _dify(take: Take, frames: Sequence[_Frame]) -> Document:
    mode = take.run.mode
    if mode in _STREAM_ALONE:
        return dify_error("invalid_param", f"{_STREAM_ALONE[mode]} does not support blocking mode", 400)
    end = _last(frames, "workflow_finished", "workflow_paused")
    if mode == "workflow" and end is not None:
        return _dify_workflow(end, take)
    error = _last(frames, "error")
    if error is not None:
        told = error.json
        return dify_error(
            told.get("code") or "internal_server_error", told.get("message") or "", told.get("status") or 500
        )
    if end is not None and end.data.get("status") == "failed":
        return dify_error("invalid_param", f"Run failed: {end.data.get('error')}", 400)
    return _dify_message(take, frames, end)


def _dify_workflow(end: _Frame, take: Take) -> Document:
    data = {key: end.data.get(key) for key in _RUN_KEYS}
    data["id"] = data["id"] or end.json.get("workflow_run_id")
    data["workflow_id"] = data["workflow_id"] or take.run.workflow_id
    data |= {"created_at": end.data.get("created_at"), "finished_at": end.data.get("finished_at")}
    data |= {key: end.data[key] for key in ("paused_nodes", "reasons") if key in end.data}
    return {"task_id": end.json.get("task_id"), "workflow_run_id": end.json.get("workflow_run_id"), "data": data}


def _dify_message(take: Take, frames: Sequence[_Frame], end: _Frame | None) -> Document:
    ended = _last(frames, "message_end")
    envelope = (ended or _last(frames, "message", "workflow_started") or frames[-1]).json if frames else {}
    answer: Document = {
        "event": "message",
        "task_id": envelope.get("task_id"),
        "id": envelope.get("message_id"),
        "message_id": envelope.get("message_id"),
        "conversation_id": envelope.get("conversation_id"),
        "mode": mode_of(take),
        "answer": answer_of(take),
        "metadata": ended.json.get("metadata") if ended else {},
        "created_at": envelope.get("created_at"),
    }
    if take.run.mode == "completion":
        del answer["conversation_id"]
    if end is not None and end.kind == "workflow_paused":
        answer |= {"event": "workflow_paused", "workflow_run_id": end.json.get("workflow_run_id"), "data": end.data}
    return answer


def answer_of(take: Take) -> str:
    """Return the answer that Dify stores: the text with its thinking, after replacements."""
    text = ""
    for frame in _frames(take):
        if frame.kind in ("message", "agent_message"):
            text += frame.json.get("answer") or ""
        elif frame.kind == "message_replace":
            text = frame.json.get("answer") or ""
    return text


# ---- RAGFlow


def _ragflow(take: Take, frames: Sequence[_Frame]) -> Document:
    error = _last(frames, "stream_error")
    if error is not None:
        return error.json
    run = take.run
    text = f"<think>{run.reasoning}</think>{run.text}" if run.reasoning else run.text
    chat = _last(frames, "chat_answer")
    if chat is not None:
        left_out = ("final", "start_to_think", "end_to_think")
        answer = {key: value for key, value in chat.data.items() if key not in left_out}
        return {"code": 0, "message": "", "data": answer | {"answer": text}}
    last = next((frame for frame in reversed(frames) if frame.json.get("event")), None)
    if last is None:
        return {"code": 0, "data": {"session_id": run.conversation_id}}
    ended = _last(frames, "message_end")
    content: Document = {"content": text, "reference": (ended.data.get("reference") if ended else None) or {}}
    asked = last.data if last.kind in ("user_inputs", "waiting_for_user") else {}
    return {"code": 0, "data": last.json | {"data": content | asked}}


# ---- OpenAI


def _openai(take: Take, frames: Sequence[_Frame]) -> Document:
    chunks = [frame.json for frame in frames if frame.json.get("choices")]
    if not chunks:
        error = next((frame.json for frame in frames if "error" in frame.json), None)
        return error or {"error": {"message": "the recording holds no answer", "type": "server_error", "code": None}}
    first, run = chunks[0], take.run
    message: Document = {"role": "assistant", "content": run.text}
    if run.reasoning:
        message["reasoning_content"] = run.reasoning
    calls = _calls(chunks)
    if calls:
        message["tool_calls"] = calls
    finish = next(
        (choice.get("finish_reason") for choice in _choices(chunks[::-1]) if choice.get("finish_reason")), "stop"
    )
    usage = next((frame.json["usage"] for frame in reversed(frames) if frame.json.get("usage")), None)
    return {
        "id": first.get("id"),
        "object": "chat.completion",
        "created": first.get("created"),
        "model": first.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": usage or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _choices(chunks: Sequence[Document]) -> list[Document]:
    return [chunk["choices"][0] for chunk in chunks if isinstance(chunk["choices"][0], dict)]


def _calls(chunks: Sequence[Document]) -> list[Document]:
    """Return the tool calls of the first choice, put together from their pieces."""
    calls: dict[int, Document] = {}
    for choice in _choices(chunks):
        for piece in (choice.get("delta") or {}).get("tool_calls") or ():
            call = calls.setdefault(
                piece.get("index", 0), {"id": None, "type": "function", "function": {"name": "", "arguments": ""}}
            )
            call["id"] = call["id"] or piece.get("id")
            for key, value in (piece.get("function") or {}).items():
                call["function"][key] = call["function"].get(key, "") + (value or "")
    return list(calls.values())


def _as_recorded(take: Take, _: Sequence[_Frame]) -> Document:
    return decoded(take.body)


_MAKERS: Final[Mapping[str, Callable[[Take, Sequence[_Frame]], Document]]] = {
    "dify": _dify,
    "ragflow": _ragflow,
    "openai": _openai,
    "lighton": _as_recorded,
}
