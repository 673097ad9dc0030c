"""The dialect of Dify: how it is found, what it recognises, whose a frame is, and bodies that are no stream."""

import json

import pytest

from streamkit import Run, Tap, UnknownDialect
from streamkit.dialects import DIALECTS, detect, dialect
from streamkit.dialects.base import Dialect, Malformed, Notes, Unknown
from streamkit.dialects.dify import Dify
from streamkit.dialects.dify.events import (
    STREAMED,
    ChatCompletionResponse,
    Error,
    Message,
    NodeStarted,
    WorkflowBlockingResponse,
    WorkflowFinished,
    WorkflowPaused,
    WorkflowStarted,
)
from streamkit.dialects.dify.reducer import DifyReducer

DIFY = dialect("dify")


def read(**payload):
    return DIFY.decode(json.dumps(payload).encode(), [])


def document(data):
    """The events of a body that is one document; objects are written as JSON first."""
    notes: Notes = []
    return DIFY.decode_document(data if isinstance(data, bytes) else json.dumps(data).encode(), notes), notes


# ---- the registry


def test_a_dialect_is_found_by_its_name():
    assert isinstance(dialect("dify"), Dify)
    assert all(known.name == name for name, known in DIALECTS.items())


@pytest.mark.parametrize("name", ["nope", "", "Dify", "auto"])
def test_a_dialect_that_does_not_exist_is_an_error_of_the_caller(name):
    with pytest.raises(UnknownDialect, match="unknown dialect") as caught:
        dialect(name)
    assert caught.value.name == name
    assert {"auto", "dify"} <= set(caught.value.known)


def test_the_dialect_keeps_nothing_of_a_run():
    """One for the whole process: what a run needs is in its reducer."""
    first, second = DIFY.reducer(), DIFY.reducer()
    assert isinstance(first, DifyReducer)
    assert first is not second
    known: Dialect = DIFY
    assert known.name == "dify"


# ---- correction 13: recognised by its shape


WORDS = [str(kind.__struct_config__.tag) for kind in STREAMED]


@pytest.mark.parametrize("word", WORDS)
def test_a_known_word_is_enough(word):
    """Even of a worker's error, which has no ids at all."""
    assert DIFY.recognises({"event": word})


@pytest.mark.parametrize("key", ["task_id", "message_id", "conversation_id", "workflow_run_id"])
def test_an_unknown_word_needs_an_id_of_dify(key):
    assert DIFY.recognises({"event": "later", key: "x"})
    assert not DIFY.recognises({"event": "later", "id": "x"})


@pytest.mark.parametrize(
    "body",
    [
        {"code": "invalid_param", "message": "no", "status": 400},
        {"message": "no", "status": 500},
        {"code": "unauthorized", "message": "no"},
        {"task_id": "t", "workflow_run_id": "r", "data": {"status": "succeeded"}},
    ],
)
def test_answers_without_a_word_are_recognised_by_their_shape(body):
    """A.14 and section D."""
    assert DIFY.recognises(body)
    assert detect(json.dumps(body).encode()) is DIFY


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": 5},
        {"event": ["message"], "task_id": "t"},
        {"event": {"task_id": "t"}},
        {"message": "no"},
        {"message": {"content": "Hi"}, "status": 200},
        {"id": "x", "object": "chat.completion.chunk", "choices": []},
        {"error": {"message": "no", "code": "invalid_api_key"}},
        {"workflow_run_id": "r", "data": [{"status": "succeeded"}]},
        {"workflow_run_id": "r", "data": {"outputs": {}}},
        {"data": {"status": "succeeded"}},
    ],
)
def test_frames_of_others_are_not_recognised(body):
    assert not DIFY.recognises(body)
    assert detect(json.dumps(body).encode()) is not DIFY


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "message": "", "data": {"answer": "Hi", "reference": {}}},
        {"code": 0, "message": "", "data": True},
        {"code": 102, "message": "You don't own the assistant", "data": False},
        {"event": "message", "message_id": "m", "session_id": "s", "task_id": "t", "data": {"content": "Hi"}},
        {"event": "node_finished", "message_id": "m", "session_id": "s", "task_id": "t", "data": {}},
    ],
)
def test_frames_of_ragflow_are_not_recognised(body):
    """Its codes are numbers, and what it calls `message` and `node_finished` has a `session_id`."""
    assert not DIFY.recognises(body)


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", b"5", b"null", b'"message"', b"[DONE]", b"{", b"\xff"])
def test_what_is_no_object_is_of_no_dialect(data):
    assert detect(data) is None


def test_a_frame_that_breaks_the_standard_is_recognised():
    """A.5: NaN, bad UTF-8; nothing is noted by looking."""
    assert detect(b'{"event":"message","x":NaN,"answer":"\xff"}') is DIFY


def test_a_run_is_of_the_dialect_that_its_frames_show():
    tap = Tap("auto")
    tap.feed(b'data: {"event": "message", "answer": "Hi"}\n\n')
    assert (tap.run.dialect, tap.run.text) == ("dify", "Hi")


# ---- C.1: whose frame it is


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        (NodeStarted(workflow_run_id="r", message_id="m"), ("r", "m")),
        (Message(message_id="m"), ("m",)),
        (read(event="workflow_started", data={"id": "r"}), ("r",)),
        (read(event="workflow_finished", data={"id": "r"}, message_id="m"), ("r", "m")),
        (read(event="workflow_paused", data={"workflow_run_id": "r"}), ("r",)),
        (WorkflowStarted(), ()),
        (WorkflowFinished(message_id="m"), ("m",)),
        (WorkflowPaused(), ()),
        (Error(message="no"), ()),
        (Message(task_id="t", conversation_id="c"), ()),
        (Unknown("later", b"{}"), ()),
        (Malformed("no JSON", b"{"), ()),
    ],
)
def test_a_frame_names_its_run_and_its_message(event, keys):
    """The surest name comes first."""
    assert DIFY.run_keys(event) == keys


def test_what_is_no_event_of_dify_belongs_to_every_run():
    run = Run("dify")
    run.identify(id="r", message_id="m")
    assert DIFY.reducer().belongs(run, Unknown("later", b"{}"))
    assert DIFY.reducer().belongs(run, Malformed("no JSON", b"{"))
    assert not DIFY.reducer().belongs(run, NodeStarted(workflow_run_id="other"))


# ---- section D: a body that is one document


def test_the_blocking_answer_of_a_chat():
    body = {"event": "message", "task_id": "t", "id": "m", "message_id": "m", "conversation_id": "c"}
    (event,), notes = document({**body, "mode": "chat", "answer": "Hi", "metadata": {"usage": {"total_tokens": 3}}})
    assert type(event) is ChatCompletionResponse
    assert (event.message_id, event.mode, event.answer, event.metadata.usage.total_tokens) == ("m", "chat", "Hi", 3)
    assert notes == []


def test_the_blocking_answer_of_a_workflow():
    (event,), notes = document({"task_id": "t", "workflow_run_id": "r", "data": {"status": "failed", "error": "no"}})
    assert type(event) is WorkflowBlockingResponse
    assert (event.task_id, event.workflow_run_id, event.data.status, event.data.error) == ("t", "r", "failed", "no")
    assert notes == []


@pytest.mark.parametrize("metadata", ["none", {"usage": {"total_tokens": {}}}, {"usage": [3]}])
def test_a_blocking_answer_with_a_wrong_field_keeps_its_text(metadata):
    (event,), notes = document({"event": "message", "mode": "chat", "answer": "Hi", "metadata": metadata})
    assert type(event) is ChatCompletionResponse
    assert event.answer == "Hi"
    assert [kind for kind, _ in notes] == ["bad-field"]


@pytest.mark.parametrize("odd", ["NaN", '"\\ud800"', "Infinity"])
def test_a_blocking_answer_may_break_the_standard(odd):
    (event,), notes = document(b'{"event":"message","mode":"chat","answer":"Hi","x":%s}' % odd.encode())
    assert type(event) is ChatCompletionResponse
    assert event.answer == "Hi"
    assert [kind for kind, _ in notes] == ["non-standard-json"]


def test_an_error_is_an_error():
    (event,), notes = document({"code": "not_found", "message": "no", "status": 404})
    assert (event, notes) == (Error(code="not_found", message="no", status=404), [])


@pytest.mark.parametrize("event", ["workflow_paused", "workflow_finished", "message_end", "error"])
def test_a_document_may_be_one_event_of_a_stream(event):
    """A chatflow that pauses in blocking mode; a body of one line."""
    (decoded,), notes = document({"event": event, "task_id": "t"})
    assert (decoded.kind, notes) == (event, [])


def test_a_message_without_a_mode_is_a_delta():
    """`mode` is what a blocking answer has and a delta lacks."""
    (event,), notes = document({"event": "message", "answer": "Hi"})
    assert (event, notes) == (Message(answer="Hi"), [])


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"data":{}}', b'{"workflow_run_id":"r","data":{}}', b"<html>"])
def test_a_document_that_means_nothing_is_malformed(data):
    (event,), notes = document(data)
    assert type(event) is Malformed
    assert event.raw == data
    assert [kind for kind, _ in notes] == ["malformed-event"]
