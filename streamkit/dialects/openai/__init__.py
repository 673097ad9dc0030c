"""OpenAI-compatible chat completions: OpenAI's, RAGFlow's two endpoints, LightOn's Paradigm, and all who speak like them.

* `events`: what is on the wire, one struct for each event
* `reducer`: what it means; `calls`: tool calls; `facts`: small facts out of a chunk
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final, Union

import msgspec

from streamkit.dialects.base import REFUSALS, Delta, Event, Malformed, Notes, Unknown
from streamkit.dialects.openai.events import DELTAS, DOCUMENTS, STREAMED, ChatCompletionChunk, Done, Error, OpenAIEvent
from streamkit.dialects.openai.facts import completion_id
from streamkit.dialects.openai.reducer import OpenAIReducer
from streamkit.dialects.salvage import decode_lenient, salvage

_OBJECTS: Final = ("chat.completion", "text_completion")
"""How the word of an answer begins; a chunk's is longer by `.chunk`."""
_ENVELOPE: Final = frozenset({"code", "retcode", "data", "message", "status"})
"""Keys that no OpenAI error has beside `error`: with them it is another vendor's."""
_TERMINATOR: Final = b"[DONE]"


class OpenAI:
    """The dialect of OpenAI-compatible servers."""

    name = "openai"
    deltas: ClassVar[Mapping[type[Event], Delta]] = DELTAS

    def __init__(self) -> None:
        # Any: a union made from the tables of events, which mypy cannot read
        tagged: Any = Union[tuple({*STREAMED, *DOCUMENTS})]  # noqa: UP007 - made from a tuple
        self._tagged: msgspec.json.Decoder[Any] = msgspec.json.Decoder(tagged)
        self._chunk = msgspec.json.Decoder(ChatCompletionChunk)

    def typed(self, data: bytes) -> Event:
        """Decode a chunk with choices."""
        chunk = self._chunk.decode(data)
        if chunk.choices is None:
            raise msgspec.ValidationError("a chunk without choices")
        return chunk

    def recognises(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload has the shape of a chunk, of an answer or of an error; `[DONE]` alone tells nothing."""
        if "event" in payload:
            return False
        if _is_answer(payload):
            return True
        error = payload.get("error")
        if isinstance(error, dict):
            return isinstance(error.get("message"), str) and _ENVELOPE.isdisjoint(payload)
        return payload.get("object") == "error" and isinstance(payload.get("message"), str)

    def decode(self, data: bytes, notes: Notes) -> Event:
        """Decode the data of one frame. In a stream everything with choices is a chunk, whatever `object` says."""
        try:
            return self.typed(data)
        except REFUSALS:
            if data.strip() == _TERMINATOR:
                return Done()
        return salvage(data, notes, self._tagged, _as_chunk)

    def decode_document(self, data: bytes, notes: Notes) -> Sequence[Event]:
        """Decode a body that is one JSON document: a whole answer, an error, or a single chunk."""
        payload = decode_lenient(data, [])
        is_chunk = payload is not None and str(payload.get("object")).endswith(".chunk")
        return [salvage(data, notes, self._tagged, _as_chunk if is_chunk else _as_answer)]

    def run_keys(self, event: Event) -> tuple[str, ...]:
        """The completion's id."""
        name = completion_id(event) if isinstance(event, ChatCompletionChunk) else None
        return () if name is None else (name,)

    def reducer(self) -> OpenAIReducer:
        """Make the reducer of a new run."""
        return OpenAIReducer()


def _is_answer(payload: Mapping[str, Any]) -> bool:
    choices, kind = payload.get("choices"), payload.get("object")
    if isinstance(kind, str) and kind.startswith(_OBJECTS):
        return True
    return isinstance(choices, list) and (not choices or isinstance(choices[0], dict))


def _tagged(answer: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """Return an object with the word for what it is: `answer` if it is one."""
    kind = payload.get("object")
    if _is_answer(payload):
        word = answer
    elif payload.get("error") or kind == "error" or (isinstance(payload.get("message"), str) and payload.get("code")):
        word = "error"  # the last: RAGFlow's own envelope in place of a stream (A.3)
    elif payload.get("kind") == "done":  # a line of `streamkit events`
        word = "done"
    elif isinstance(kind, str) and kind:
        word = kind
    else:
        return None
    return {**payload, "event": word}


_as_chunk: Final = partial(_tagged, "chat.completion.chunk")
_as_answer: Final = partial(_tagged, "chat.completion")

__all__ = ["Done", "Error", "Malformed", "OpenAI", "OpenAIEvent", "Unknown"]
