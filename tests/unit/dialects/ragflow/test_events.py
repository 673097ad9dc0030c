"""What a RAGFlow server may send: every field of protocol B, typed.

`FRAMES` holds each event once with all of its fields, none of them null.
"""

import json

import msgspec
import pytest

from streamkit.dialects import dialect
from streamkit.dialects.base import Malformed, Unknown
from streamkit.dialects.ragflow import events
from streamkit.dialects.ragflow.events import (
    ENVELOPES,
    EVENTS,
    AgentAnswer,
    ChatAnswer,
    Message,
    MessageEnd,
    NodeFinished,
    NodeLogs,
    NodeStarted,
    RagflowEvent,
    SessionEcho,
    StreamEnd,
    StreamError,
    UserInputs,
    WaitingForUser,
    WorkflowFinished,
    WorkflowStarted,
)
from streamkit.dialects.ragflow.reducer import _APPLY

RAGFLOW = dialect("ragflow")

TOP = {"message_id": "m", "created_at": 1.5, "task_id": "t", "session_id": "s", "code": 0, "message": ""}
NODE = {
    "inputs": {"q": "?"},
    "component_id": "Agent:A",
    "component_name": "A",
    "component_type": "Agent",
    "created_at": 2.5,
}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 4, "calls": 1}
FORM = {"inputs": {"city": {"type": "line"}}, "tips": "Well?", "cpn_id": "i"}
FLAGS = {"start_to_think": True, "end_to_think": True, "audio_binary": "YQ=="}

END = {**NODE, "outputs": {"content": "x"}, "error": "no", "elapsed_time": 0.5, "trace": [1]}

FRAMES = {
    WorkflowStarted: {"data": {"inputs": {"a": 1}}},
    NodeStarted: {"data": {**NODE, "thoughts": "Searching…"}},
    NodeFinished: {"data": END},
    Message: {"data": {"content": "Hi", **FLAGS}},
    MessageEnd: {"data": {"reference": {"chunks": {}}, "status": 1, "attachment": {"doc_id": "d"}, "downloads": [1]}},
    UserInputs: {"data": FORM},
    WaitingForUser: {"data": FORM},
    WorkflowFinished: {
        "data": {"inputs": {}, "outputs": {"content": "x"}, "elapsed_time": 0.5, "created_at": 1.5, "usage": USAGE}
    },
    NodeLogs: {
        "data": [
            {
                "component_id": "Agent:A",
                "trace": [
                    {"path": "A-->B", "tool_name": "t", "arguments": {"q": 1}, "result": "r", "elapsed_time": 0.5}
                ],
            }
        ]
    },
    ChatAnswer: {
        "answer": "Hi",
        "reference": {"chunks": [{}]},
        "final": True,
        **FLAGS,
        "running_status": True,
        "id": "i",
        "chat_id": "c",
        "param": [{"key": "lang"}],
    },
    StreamError: {},
    StreamEnd: {},
    SessionEcho: {},
    AgentAnswer: {
        "content": "Hi",
        "reference": {},
        "usage": USAGE,
        "trace": [{"component_id": "A", "trace": [END]}],
        "last_event": "message",
        "inputs": {"a": {}},
        "tips": "?",
        "outputs": {"a": 1},
        "error": "no",
        "elapsed_time": 0.5,
    },
}

every_event = pytest.mark.parametrize("kind", FRAMES)
every_word = pytest.mark.parametrize("kind", EVENTS)


def word(kind):
    return kind.__struct_config__.tag


def read(payload):
    notes = []
    return RAGFLOW.decode(json.dumps(payload).encode(), notes), notes


def test_every_struct_is_an_event_or_an_envelope():
    defined = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, RagflowEvent) and kind is not RagflowEvent
    }
    assert defined == {*EVENTS, *ENVELOPES} == set(FRAMES)
    assert len(defined) == len(EVENTS) + len(ENVELOPES)


def test_the_reducer_knows_exactly_these_and_what_cannot_be_read():
    assert set(_APPLY) == {*EVENTS, *ENVELOPES, Unknown, Malformed}


@every_event
def test_an_event_tells_its_word_and_is_no_heartbeat(kind):
    assert kind().kind == word(kind)
    assert not kind().is_heartbeat


@every_event
def test_every_field_of_an_event_is_read_and_the_table_has_them_all(kind):
    payload = {"event": word(kind), **TOP, **FRAMES[kind]}
    event = msgspec.json.decode(json.dumps(payload), type=kind)
    assert msgspec.json.decode(msgspec.json.encode(event)) == payload
    assert {"event", *kind.__struct_fields__} == set(payload)


@every_word
def test_the_data_of_the_table_have_every_field_of_their_struct(kind):
    data = read({"event": word(kind), **TOP, **FRAMES[kind]})[0].data
    if isinstance(data, msgspec.Struct):
        assert set(data.__struct_fields__) == set(FRAMES[kind]["data"])


@every_word
def test_a_full_frame_is_its_event_without_notes(kind):
    event, notes = read({"event": word(kind), **TOP, **FRAMES[kind]})
    assert (type(event), notes) == (kind, [])


@every_event
def test_every_field_may_be_missing_or_null(kind):
    assert msgspec.json.decode(json.dumps({"event": word(kind)}), type=kind) == kind()
    assert read({"event": "node_finished", **dict.fromkeys(TOP), "data": None}) == (NodeFinished(), [])


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (
            {"event": "message", "data": {"content": "x", "start_to_think": None, "end_to_think": None}},
            Message(data=events.MessageData(content="x")),
        ),
        (
            {"code": 0, "data": {"answer": "x", "final": None, "start_to_think": None, "running_status": None}},
            ChatAnswer(answer="x"),
        ),
    ],
)
def test_a_flag_that_is_null_is_not_there(payload, event):
    assert read(payload) == (event, [])


@pytest.mark.parametrize("flag", ["start_to_think", "end_to_think"])
def test_a_flag_that_is_no_boolean_costs_itself_alone(flag):
    event, notes = read({"event": "message", "data": {"content": "x", flag: "yes"}})
    assert (event, notes) == (Message(data=events.MessageData(content="x")), [("bad-field", f"data.{flag}")])
