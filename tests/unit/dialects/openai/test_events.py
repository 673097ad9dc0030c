"""What an OpenAI-compatible server may send: every field of protocol B.7, B.9 and of OpenAI's own API, typed.

`FRAMES` holds each event once with all of its fields, none of them null. A struct that knew more or fewer fields than
its row would fail the first test, so the table is the whole of the structs.
"""

import json
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from streamkit.dialects import dialect
from streamkit.dialects.base import Event, Notes
from streamkit.dialects.openai import events
from streamkit.dialects.openai.events import (
    DOCUMENTS,
    STREAMED,
    ChatCompletion,
    ChatCompletionChunk,
    Done,
    Error,
    OpenAIEvent,
    Payload,
)

OPENAI = dialect("openai")

ERROR = {"message": "no", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}
DELTA = {
    "role": "assistant",
    "content": "Hi",
    "reasoning_content": "hm",
    "reasoning": "hm",
    "refusal": "No.",
    "tool_calls": [
        {
            "index": 0,
            "id": "c",
            "type": "function",
            "function": {"name": "f", "arguments": '{"a"'},
            "custom": {"name": "g", "input": "text"},
        }
    ],
    "function_call": {"name": "f", "arguments": "{}"},
    "reference": [{"id": "ck0", "content": "x"}],
    "final_content": "Hi",
    "error": ERROR,
    "cancelled": {**ERROR, "code": 499},
    "waiting_for_user": {"cpn_id": "i", "tips": "Well?", "inputs": {"a": {"type": "line"}}},
}
CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1700000000,
    "model": "m",
    "system_fingerprint": "fp",
    "service_tier": "default",
    "session_id": "s",
    "choices": [
        {
            "index": 0,
            "delta": DELTA,
            "message": DELTA,
            "text": "Hi",
            "finish_reason": "stop",
            "logprobs": {"content": [{"token": "Hi", "logprob": -0.5}]},
        }
    ],
    "usage": {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
    "param": [{"key": "lang"}],
    "error": ERROR,
}

FRAMES: dict[type[OpenAIEvent], dict[str, Any]] = {
    ChatCompletionChunk: CHUNK,
    ChatCompletion: CHUNK,
    Error: {"error": ERROR, "message": "no", "type": "BadRequestError", "code": 400},
    Done: {},
}

WORDS = {ChatCompletionChunk: "chat.completion.chunk", ChatCompletion: "chat.completion", Error: "error", Done: "done"}

every_event = pytest.mark.parametrize("kind", FRAMES)


def read(payload: Any) -> tuple[Event, Notes]:
    notes: Notes = []
    return OPENAI.decode(json.dumps(payload).encode(), notes), notes


def fields(payload: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of a frame down to where a value is somebody else's."""
    found = []
    for key, value in payload.items() if isinstance(payload, dict) else enumerate(payload):
        here = (*path, key)
        if not isinstance(key, int):
            found.append(here)
        opaque = here[-1] in ("reference", "inputs", "logprobs", "param") or str(here[-1]).endswith("_details")
        if isinstance(value, dict | list) and not opaque:
            found += fields(value, here)
    return found


every_field = pytest.mark.parametrize(
    "path", [pytest.param(path, id=".".join(map(str, path))) for path in fields(CHUNK)]
)


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The chunk with another value in one of its places."""
    payload = deepcopy(CHUNK)
    holder: Any = payload
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return payload


# ---- the tables are complete


def test_every_struct_is_an_event_of_a_stream_or_a_document():
    defined = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, OpenAIEvent) and kind is not OpenAIEvent
    }
    assert defined == {*STREAMED, *DOCUMENTS} == set(FRAMES)


def test_no_struct_knows_a_key_that_the_table_does_not():
    known = {path[-1] for path in fields(CHUNK)} | set(FRAMES[Error])
    structs = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    told = {name for kind in structs for name in kind.__struct_fields__ if issubclass(kind, Payload | OpenAIEvent)}
    assert told == known


@every_event
def test_an_event_tells_its_word(kind):
    assert kind().kind == WORDS[kind]
    assert not kind().is_heartbeat


# ---- fields


@every_event
def test_every_field_of_an_event_is_read(kind):
    """Nothing of the table is lost."""
    event = msgspec.json.decode(json.dumps(FRAMES[kind]), type=kind)
    assert msgspec.json.decode(msgspec.json.encode(event)) == {"event": WORDS[kind], **FRAMES[kind]}


def test_a_chunk_with_every_field_is_a_chunk_without_notes():
    event, notes = read(CHUNK)
    assert type(event) is ChatCompletionChunk
    assert notes == []


@every_event
def test_every_field_may_be_missing(kind):
    assert msgspec.json.decode(b"{}", type=kind) == kind()


@every_field
def test_a_null_is_no_wrong_type(path):
    event, notes = read(changed(path, None))
    assert notes == []
    assert type(event) is ChatCompletionChunk


@every_field
def test_a_field_of_a_wrong_type_costs_itself_alone(path):
    """DESIGN 6: noted by its path, the rest of the event is applied."""
    event, notes = read(changed(path, [[]]))
    assert type(event) is ChatCompletionChunk
    assert {kind for kind, _ in notes} <= {"bad-field"}
    if path[0] != "choices":
        assert event.choices is not None
        assert event.choices[0].delta.content == "Hi"
    if path[0] != "usage":
        assert event.usage.total_tokens == 3


def test_a_number_where_a_text_belongs_is_read_as_text():
    event, notes = read({"id": 5, "choices": [{"delta": {"content": 7}}]})
    assert isinstance(event, ChatCompletionChunk)
    assert (event.id, event.choices[0].delta.content) == ("5", "7")
    assert [kind for kind, _ in notes] == ["bad-field", "bad-field"]
