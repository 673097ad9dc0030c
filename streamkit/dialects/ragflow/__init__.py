"""RAGFlow: chats, searches and agents, of every server since 0.10 (`docs/protocol-ragflow.md`).

* `events`: what is on the wire; `reducer`: what it means
* `components`: executions of agents; `scopes`: where they stand; `tools`: their calls of tools
* `answers`: text, thinking and citations
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Union

import msgspec

from streamkit.dialects.base import REFUSALS, Delta, Event, Notes
from streamkit.dialects.ragflow.events import (
    DELTAS,
    ENVELOPES,
    EVENTS,
    ChatAnswer,
    Json,
    RagflowEvent,
    SessionEcho,
    StreamEnd,
)
from streamkit.dialects.ragflow.reducer import RagflowReducer
from streamkit.dialects.salvage import decode_lenient, malformed, mend

_DONE: Final = b"[DONE]"
_ERROR: Final = "**ERROR**: "
_WORDS: Final = frozenset(str(event.__struct_config__.tag) for event in EVENTS)
_LINE: Final = frozenset(("kind", "dialect"))
"""What `streamkit events` adds to a frame."""
_ENVELOPE: Final = frozenset(("message_id", "created_at", "task_id"))
"""What the Go backend adds to the echo of a session."""
_ENVELOPED: Final = (b'{"code"', b'{"retcode"')
"""How a frame begins that has no `event`; an agent's begins with that, or (the Go backend sorts) with `created_at`."""
_DIFY_ONLY: Final = ("workflow_run_id", "conversation_id")


class _Enveloped(msgspec.Struct):
    """An answer in its envelope, as nearly all come."""

    data: ChatAnswer
    code: int = 0
    retcode: int = 0
    event: Json = None


class Ragflow:
    """The dialect of RAGFlow's servers."""

    name = "ragflow"
    deltas: ClassVar[Mapping[type[Event], Delta]] = DELTAS

    def __init__(self) -> None:
        # Any: unions made from the tables of events, which mypy cannot read
        events: Any = Union[EVENTS]  # noqa: UP007 - made from a tuple
        envelopes: Any = Union[ENVELOPES]  # noqa: UP007
        self._events: msgspec.json.Decoder[Any] = msgspec.json.Decoder(events)
        self._envelopes: msgspec.json.Decoder[Any] = msgspec.json.Decoder(envelopes)
        self._answers = msgspec.json.Decoder(_Enveloped)

    def typed(self, data: bytes) -> Event:
        """Decode an event of an agent, or an answer in its envelope."""
        if not data.startswith(_ENVELOPED):
            event: Event = self._events.decode(data)
            return event
        envelope = self._answers.decode(data)
        answer = envelope.data
        if envelope.code or envelope.retcode or envelope.event is not None or answer.answer is None:
            raise msgspec.ValidationError("more than an answer")
        return answer

    def recognises(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload has the shape of a RAGFlow frame: an agent's event, or an envelope (C.1)."""
        if "event" in payload:
            if any(key in payload for key in _DIFY_ONLY) or "choices" in payload:
                return False
            code = payload.get("code")
            if "session_id" in payload or (isinstance(code, int) and code):  # the codes of Dify's errors are words
                return True
            word = payload["event"]
            return isinstance(word, str) and word in _WORDS and "message_id" in payload and "data" in payload
        if "object" in payload or "choices" in payload or isinstance(payload.get("status"), int):
            return False
        if isinstance(payload.get("retcode"), int):
            return True
        if isinstance(payload.get("code"), int) and ("data" in payload or isinstance(payload.get("message"), str)):
            return True
        if payload.keys() == _LINE:  # a terminator, as `streamkit events` prints it
            return bool(payload["dialect"] == self.name)
        return payload.keys() - _LINE - _ENVELOPE == {"session_id", "data"}

    def decode(self, data: bytes, notes: Notes) -> Event:
        """Decode the data of one frame."""
        if data.removeprefix(b"data:").strip() == _DONE:
            return StreamEnd()
        try:
            return self.typed(data)
        except REFUSALS:
            pass
        payload = decode_lenient(data, notes)
        if payload is None:
            return malformed("no JSON object", data, notes)
        word = payload.get("event")
        if isinstance(word, str) and (word in _WORDS or not payload.get("code")):  # an error goes before a word (C.1)
            return mend(payload, data, notes, self._events)
        envelope = _envelope(payload)
        if envelope is None:
            return malformed("an object without `event`, `answer` or `data`", data, notes)
        return mend(envelope, data, notes, self._envelopes)

    def decode_document(self, data: bytes, notes: Notes) -> Sequence[Event]:
        """Decode a body that is one JSON document: an answer that was not streamed, or an error."""
        payload = decode_lenient(data, notes)
        inner = payload.get("data") if payload is not None and not _code(payload) else None
        if isinstance(inner, dict) and isinstance(inner.get("data"), dict):  # an agent's: data in data
            names = {**_ids(inner), "event": "agent_answer", "last_event": inner.get("event")}
            return [mend({**inner["data"], **names}, data, notes, self._envelopes)]
        if isinstance(inner, str):
            error = inner.removeprefix(_ERROR)
            told = {"content": inner} if error == inner else {"error": error}  # A.3.8: an error with code 0
            return [mend({"event": "agent_answer", **told}, data, notes, self._envelopes)]
        if isinstance(inner, dict) and inner.keys() == {"session_id"}:
            return [SessionEcho(session_id=str(inner["session_id"])), StreamEnd()]
        found: Notes = []
        event = self.decode(data, found)
        notes.extend(note for note in found if note not in notes)
        if isinstance(event, ChatAnswer):
            return [event, StreamEnd()]
        return [event]

    def run_keys(self, event: Event) -> tuple[str, ...]:
        """The message id of an agent's body, and its session: a resumed run has a new message id (C.7)."""
        if not isinstance(event, RagflowEvent):
            return ()
        return tuple(key for key in (event.message_id, event.session_id) if key)

    def reducer(self) -> RagflowReducer:
        """Make the reducer of a new run."""
        return RagflowReducer()


def _ids(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {key: payload[key] for key in ("message_id", "created_at", "task_id", "session_id") if key in payload}


def _code(payload: Mapping[str, Any]) -> Json:
    return payload.get("code", payload.get("retcode", 0))


def _envelope(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Say what a frame without `event` is, in the order of C.1; None if it is nothing that is known."""
    code = _code(payload)
    message = payload.get("message", payload.get("retmsg"))
    data = payload.get("data")
    common = {**_ids(payload), "code": code, "message": message}
    if code or (data is False and message):
        return {**common, "event": "stream_error"}
    if data is True:
        return {"event": "stream_end"}
    if isinstance(data, dict) and ("answer" in data or "running_status" in data):
        return {**data, "event": "chat_answer"}
    if isinstance(data, dict) and "session_id" in payload:
        return {**_ids(payload), "event": "session_echo"}
    if payload.get("kind") == "stream_end":  # a line of `streamkit events`: `[DONE]` itself is no JSON
        return {"event": "stream_end"}
    return None


__all__ = ["Ragflow", "RagflowEvent"]
