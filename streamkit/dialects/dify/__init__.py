"""Dify: chat, agent, completion, chatflow and workflow apps, of every server since 0.6 (`docs/protocol-dify.md`).

* `events`: what is on the wire, one struct for each event
* `reducer`: what it means, with `speech`, `forms` and `nodes` for the most of it, and `wire` for the state that they share
* `containers`: where executions stand; `facts`: small facts out of large payloads
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Union

import msgspec

from streamkit.dialects.base import REFUSALS, Delta, Event, Malformed, Notes, Unknown
from streamkit.dialects.dify.events import (
    DELTAS,
    STREAMED,
    ChatCompletionResponse,
    DifyEvent,
    Error,
    WorkflowBlockingResponse,
)
from streamkit.dialects.dify.reducer import DifyReducer, run_id_of
from streamkit.dialects.salvage import decode_lenient, mend, salvage

_WORDS: Final = frozenset(str(event.__struct_config__.tag) for event in STREAMED)
_WORKFLOW_IDS: Final = ("workflow_run_id", "conversation_id")
_IDS: Final = ("task_id", "message_id", "conversation_id", "workflow_run_id")


class Dify:
    """The dialect of Dify's servers."""

    name = "dify"
    deltas: ClassVar[Mapping[type[Event], Delta]] = DELTAS

    def __init__(self) -> None:
        # Any: a union made from the table of events, which mypy cannot read
        streamed: Any = Union[STREAMED]  # noqa: UP007 - made from a tuple
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(streamed)
        self.typed = self._decoder.decode

    def recognises(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload has the shape of a Dify frame (correction 13: by the shape, not by one key)."""
        word = payload.get("event")
        if word is None:
            return _is_error(payload) or _is_blocking_workflow(payload)
        if not isinstance(word, str) or "session_id" in payload or (payload.get("code") and word != "error"):
            return False
        if "data" in payload and "message_id" in payload and not any(key in payload for key in _WORKFLOW_IDS):
            return False  # an agent of RAGFlow uses the same words
        return word in _WORDS or any(key in payload for key in _IDS)

    def decode(self, data: bytes, notes: Notes) -> Event:
        """Decode the data of one frame."""
        try:
            event: Event = self.typed(data)
        except REFUSALS:
            return salvage(data, notes, self._decoder, _tagged)
        return event

    def decode_document(self, data: bytes, notes: Notes) -> Sequence[Event]:
        """Decode a body that is one JSON document: a blocking answer, an error, or a single event."""
        payload = decode_lenient(data, notes)
        if payload is not None and "event" not in payload and _is_blocking_workflow(payload):
            return [_document(payload, data, WorkflowBlockingResponse, notes)]
        if payload is not None and payload.get("event") == "message" and "mode" in payload:
            return [_document(payload, data, ChatCompletionResponse, notes)]
        return [self.decode(data, notes)]

    def run_keys(self, event: Event) -> tuple[str, ...]:
        """The workflow run's id and the message's, which only chatflows both have."""
        if not isinstance(event, DifyEvent):
            return ()
        run_id, message_id = run_id_of(event), event.message_id  # asked for each event of a body: no loop
        if run_id is None or message_id is None:
            return (run_id,) if run_id is not None else (message_id,) if message_id is not None else ()
        return run_id, message_id

    def reducer(self) -> DifyReducer:
        """Make the reducer of a new run."""
        return DifyReducer()


def _tagged(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Read a bare error body as the event `error` (A.14)."""
    return {**payload, "event": "error"} if _is_error(payload) else None


def _document(payload: dict[str, Any], data: bytes, kind: type[DifyEvent], notes: Notes) -> Event:
    payload["event"] = str(kind.__struct_config__.tag)
    return mend(payload, data, notes, msgspec.json.Decoder(kind))


def _is_error(payload: Mapping[str, Any]) -> bool:
    code, status = payload.get("code"), payload.get("status")
    return isinstance(payload.get("message"), str) and (isinstance(code, str) or isinstance(status, int))


def _is_blocking_workflow(payload: Mapping[str, Any]) -> bool:
    data = payload.get("data")
    return "workflow_run_id" in payload and isinstance(data, dict) and "status" in data


__all__ = ["Dify", "DifyEvent", "Error", "Malformed", "Unknown"]
