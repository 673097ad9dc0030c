"""RAGFlow's dialect: what it recognises, what a frame is, and bodies that are no stream."""

import json
from pathlib import Path

import msgspec
import pytest

from streamkit.dialects import detect, dialect
from streamkit.dialects.base import REFUSALS, Dialect, Malformed, Unknown
from streamkit.dialects.ragflow import Ragflow
from streamkit.dialects.ragflow.events import (
    AgentAnswer,
    ChatAnswer,
    Message,
    MessageData,
    NodeFinished,
    SessionEcho,
    StreamEnd,
    StreamError,
    WorkflowStarted,
)
from streamkit.dialects.ragflow.reducer import RagflowReducer

RAGFLOW = dialect("ragflow")
FIXTURES = Path(__file__).parents[3] / "fixtures"

EVENT = {"event": "message", "message_id": "m", "session_id": "s", "data": {"content": "Hi"}}
ANSWER = {"code": 0, "message": "", "data": {"answer": "Hi", "reference": {}, "session_id": "s"}}
END = {"code": 0, "message": "", "data": True}
NOWHERE = "an object without `event`, `answer` or `data`"


def encoded(data):
    return data if isinstance(data, bytes) else json.dumps(data).encode()


def read(data):
    """The event of a frame; objects are written as JSON first."""
    notes = []
    return RAGFLOW.decode(encoded(data), notes), notes


def document(data):
    """The events of a body that is one document."""
    notes = []
    return list(RAGFLOW.decode_document(encoded(data), notes)), notes


def test_the_dialect_keeps_nothing_of_a_run():
    assert isinstance(RAGFLOW, Ragflow)
    first, second = RAGFLOW.reducer(), RAGFLOW.reducer()
    assert isinstance(first, RagflowReducer)
    assert first is not second
    known: Dialect = RAGFLOW
    assert known.name == "ragflow"


# ---- recognised by its shape


@pytest.mark.parametrize(
    "payload",
    [
        EVENT,
        {"event": "message", "message_id": "m", "data": {}},
        {"event": "message", "code": 102, "message": "no", "data": None},
        {"event": "novelty", "session_id": "s", "data": {}},
        ANSWER,
        END,
        {"code": 0, "data": True},
        {"code": 102, "message": "no"},
        {"retcode": 0, "retmsg": "", "data": {"answer": "Hi"}},
        {"session_id": "s", "data": {}},
        {"created_at": 1, "data": {}, "session_id": "s", "task_id": "s"},
    ],
    ids=json.dumps,
)
def test_a_frame_of_ragflow_is_recognised(payload):
    assert RAGFLOW.recognises(payload)
    assert detect(encoded(payload)) is RAGFLOW


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"event": "message"},
        {"event": 5, "message_id": "m", "data": {}},
        {"event": "message", "message_id": "m", "answer": "Hi"},
        {"event": "message", "message_id": "m", "conversation_id": "c", "answer": "Hi", "session_id": "s"},
        {"event": "node_started", "workflow_run_id": "w", "message_id": "m", "data": {}},
        {"event": "error", "message_id": "m", "status": 400, "code": "invalid_param", "message": "no"},
        {"event": "message", "choices": [], "session_id": "s"},
        {"code": "invalid_param", "message": "no", "status": 400},
        {"code": 400, "message": "no", "status": 400},
        {"code": 0},
        {"code": "0", "data": True},
        {"object": "chat.completion.chunk", "code": 0, "data": True},
        {"choices": [], "code": 0, "data": True},
        {"session_id": "s", "data": {}, "more": 1},
        {"data": {"answer": "Hi"}},
    ],
    ids=json.dumps,
)
def test_what_is_not_ragflows_is_not_recognised(payload):
    assert not RAGFLOW.recognises(payload)


def payloads(folder):
    """The first 40 objects of every recorded stream of a vendor."""
    for path in sorted((FIXTURES / folder).rglob("*.sse")):
        lines = [line[5:].strip() for line in path.read_bytes().splitlines() if line.startswith(b"data:")]
        for line in lines[:40]:
            try:
                payload = json.loads(line)
            except ValueError:
                continue
            if isinstance(payload, dict):
                yield path.name, payload


@pytest.mark.parametrize("folder", ["dify", "openai"])
def test_no_recorded_frame_of_another_vendor_is_recognised(folder):
    taken = [name for name, payload in payloads(folder) if RAGFLOW.recognises(payload)]
    assert taken == []


def test_every_recorded_frame_of_ragflow_is_recognised():
    frames = list(payloads("ragflow/protocol"))
    assert frames
    assert [name for name, payload in frames if not RAGFLOW.recognises(payload)] == []


# ---- frames


@pytest.mark.parametrize(
    "data", [b"[DONE]", b" [DONE]\n", b"data:[DONE]", END, {"code": 0, "data": True}, {"retcode": 0, "data": True}]
)
def test_the_terminators_are_one(data):
    assert read(data) == (StreamEnd(), [])


def test_an_event_is_itself():
    assert read(EVENT) == (Message(message_id="m", session_id="s", data=MessageData(content="Hi")), [])


def test_sorted_keys_of_the_go_backend_are_read_too():
    data = json.dumps({**EVENT, "created_at": 1}, sort_keys=True, separators=(",", ":")).encode()
    assert not data.startswith(b'{"event"')
    event, notes = read(data)
    assert (type(event), event.data, event.created_at, notes) == (Message, MessageData(content="Hi"), 1, [])


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (ANSWER, ChatAnswer(answer="Hi", reference={}, session_id="s")),
        ({"data": {"answer": None}}, ChatAnswer()),
        ({"data": {"running_status": True}}, ChatAnswer(running_status=True)),
        ({"retcode": 0, "retmsg": "", "data": {"answer": "Hi"}}, ChatAnswer(answer="Hi")),
        ({"data": {"answer": "Hi", "event": "message"}}, ChatAnswer(answer="Hi")),
        ({"code": 500, "message": "no", "data": {"answer": "x"}}, StreamError(code=500, message="no")),
        ({"code": 500, "message": "no", "data": True}, StreamError(code=500, message="no")),
        ({"retcode": 102, "retmsg": "no", "data": None}, StreamError(code=102, message="no")),
        ({"code": 0, "message": "no", "data": False}, StreamError(code=0, message="no")),
        ({"session_id": "s", "data": {}}, SessionEcho(session_id="s")),
        ({"session_id": "s", "message_id": "m", "data": {}}, SessionEcho(session_id="s", message_id="m")),
    ],
    ids=str,
)
def test_a_frame_without_an_event_is_known_by_its_shape(payload, event):
    """C.1, in its order."""
    assert read(payload) == (event, [])


@pytest.mark.parametrize(
    "payload",
    [
        EVENT,
        ANSWER,
        {"retcode": 0, "retmsg": "", "data": {"answer": "Hi"}},
        dict(sorted({**EVENT, "created_at": 1}.items())),
        {"code": 0, "data": {"answer": "Hi", "running_status": True}},
    ],
    ids=json.dumps,
)
def test_nearly_all_frames_need_no_second_look(payload):
    assert (RAGFLOW.typed(encoded(payload)), []) == read(payload)


@pytest.mark.parametrize(
    "payload",
    [
        END,
        {"code": 500, "data": {"answer": "x"}},
        {"code": None, "data": {"answer": "x"}},
        {"retcode": 500, "data": {"answer": "x"}},
        {"code": 0, "event": "message", "data": {"answer": "x"}},
        {"code": 0, "data": {"answer": None}},
        {"code": 0, "data": {"answer": "x", "final": "no"}},
        {"code": 0},
        {"data": {"answer": "x"}},
    ],
    ids=json.dumps,
)
def test_what_is_more_than_an_answer_gets_a_second_look(payload):
    with pytest.raises(REFUSALS):
        RAGFLOW.typed(encoded(payload))


@pytest.mark.parametrize("code", [500, "500", 102.0])
def test_an_error_goes_before_a_word_that_is_not_known(code):
    """C.1, in its order."""
    event, notes = read({"event": "novelty", "code": code, "message": "no", "session_id": "s", "data": None})
    assert event == StreamError(code=int(code), message="no", session_id="s")
    assert [kind for kind, _ in notes if kind != "bad-field"] == []


def test_nan_is_read_as_null_and_noted():
    event, notes = read(b'{"event": "node_finished", "data": {"outputs": {"a": NaN}, "elapsed_time": Infinity}}')
    assert isinstance(event, NodeFinished)
    assert (bytes(event.data.outputs).replace(b" ", b""), event.data.elapsed_time) == (b'{"a":null}', None)
    assert [kind for kind, _ in notes] == ["non-standard-json"]


def test_bytes_that_are_no_utf8_are_noted():
    event, notes = read(b'{"code": 0, "data": {"answer": "\xff"}}')
    assert (event.answer, [kind for kind, _ in notes]) == ("�", ["bad-utf8"])


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"event": "message", "message_id": [], "data": {"content": "Hi"}}, "message_id"),
        ({"event": "message", "data": {"content": "Hi", "audio_binary": []}}, "data.audio_binary"),
    ],
)
def test_a_field_of_a_wrong_type_costs_itself_alone(payload, path):
    assert read(payload) == (Message(data=MessageData(content="Hi")), [("bad-field", path)])


def test_a_field_of_a_wrong_type_in_an_envelope_costs_itself_alone():
    event, notes = read({"code": 0, "data": {"answer": "Hi", "final": "yes"}})
    assert (event, notes) == (ChatAnswer(answer="Hi"), [("bad-field", "final")])
    assert read({"code": "102", "message": "no"})[0] == StreamError(code=102, message="no")


def test_a_word_that_is_not_known_is_kept_as_it_came():
    data = encoded({"event": "novelty", "data": {}})
    assert read(data) == (Unknown("novelty", data), [("unknown-event", "novelty")])


@pytest.mark.parametrize("data", [b"", b"oops", b"[1]", b'"text"', b"5", b"{", b"[" * 100_000])
def test_what_is_no_object_is_malformed(data):
    event, notes = read(data)
    assert (event, notes[-1]) == (Malformed("no JSON object", data), ("malformed-event", "no JSON object"))


@pytest.mark.parametrize(
    "payload",
    [{}, {"a": 1}, {"event": 5}, {"code": 0, "data": False}, {"data": None}, {"data": {}}, {"session_id": "s"}],
    ids=json.dumps,
)
def test_an_object_without_a_meaning_is_malformed(payload):
    assert read(payload) == (Malformed(NOWHERE, encoded(payload)), [("malformed-event", NOWHERE)])


# ---- documents


def test_the_answer_of_a_chat_is_followed_by_its_end():
    assert document(ANSWER) == ([ChatAnswer(answer="Hi", reference={}, session_id="s"), StreamEnd()], [])


def test_the_answer_of_an_agent_is_data_in_data():
    content = {"content": "Hi", "reference": {}, "inputs": {"a": {}}, "tips": "?", "outputs": 1, "structured": {}}
    events, notes = document({"code": 0, "data": {**EVENT, "event": "user_inputs", "data": content}})
    assert (events, notes) == (
        [
            AgentAnswer(
                message_id="m",
                session_id="s",
                content="Hi",
                reference={},
                inputs={"a": {}},
                tips="?",
                outputs=msgspec.Raw(b"1"),
                last_event="user_inputs",
            )
        ],
        [],
    )


def test_a_bare_text_is_the_answer_of_an_agent_or_its_error():
    assert document({"code": 0, "data": "Hi"}) == ([AgentAnswer(content="Hi")], [])
    assert document({"code": 0, "data": "**ERROR**: no"}) == ([AgentAnswer(error="no")], [])


def test_a_session_alone_is_its_echo():
    assert document({"code": 0, "data": {"session_id": "s"}}) == ([SessionEcho(session_id="s"), StreamEnd()], [])


@pytest.mark.parametrize("data", [None, False, "x", {"data": {"content": "x"}}, {"answer": "x"}])
def test_a_document_with_a_code_is_an_error(data):
    assert document({"code": 102, "message": "no", "data": data}) == ([StreamError(code=102, message="no")], [])


def test_a_document_of_the_oldest_servers_with_a_code_is_an_error():
    assert document({"retcode": 102, "retmsg": "no", "data": "x"})[0] == [StreamError(code=102, message="no")]


def test_one_event_may_be_a_document():
    assert document(EVENT)[0] == [read(EVENT)[0]]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b"oops", ["malformed-event"]),
        (b'{"a": 1}', ["malformed-event"]),
        (b'{"event": "novelty"}', ["unknown-event"]),
        (b'{"code": 0, "data": {"answer": "x", "created_at": NaN, "id": []}}', ["non-standard-json", "bad-field"]),
        (b"\xff", ["bad-utf8", "malformed-event"]),
    ],
)
def test_what_is_wrong_with_a_document_is_noted_once(data, kinds):
    assert [kind for kind, _ in document(data)[1]] == kinds


# ---- which run


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        (WorkflowStarted(message_id="m", session_id="s"), ("m", "s")),
        (SessionEcho(session_id="s"), ("s",)),
        (StreamEnd(), ()),
        (WorkflowStarted(message_id="", session_id=""), ()),
        (Unknown("x", b""), ()),
        (Malformed("x", b""), ()),
    ],
)
def test_an_event_names_its_run_and_its_session(event, keys):
    assert RAGFLOW.run_keys(event) == keys
