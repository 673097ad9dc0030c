"""The dialect of OpenAI-compatible servers: what it recognises, what a frame is, and bodies that are no stream."""

import json

import pytest

from streamkit import Tap
from streamkit.dialects import DIALECTS, detect, dialect
from streamkit.dialects.base import Dialect, Malformed, Notes, Unknown
from streamkit.dialects.openai import OpenAI
from streamkit.dialects.openai.events import ChatCompletion, ChatCompletionChunk, Done, Error, ErrorBody
from streamkit.dialects.openai.reducer import OpenAIReducer

OPENAI = dialect("openai")

CHUNK = {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
ANSWER = {"id": "x", "object": "chat.completion", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
ERROR = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}


def encoded(data):
    return data if isinstance(data, bytes) else json.dumps(data).encode()


def read(data):
    """The event of a frame; objects are written as JSON first."""
    notes: Notes = []
    return OPENAI.decode(encoded(data), notes), notes


def document(data):
    """The event of a body that is one document."""
    notes: Notes = []
    (event,) = OPENAI.decode_document(encoded(data), notes)
    return event, notes


def test_the_dialect_keeps_nothing_of_a_run():
    """One for the whole process: what a run needs is in its reducer."""
    assert isinstance(OPENAI, OpenAI)
    first, second = OPENAI.reducer(), OPENAI.reducer()
    assert isinstance(first, OpenAIReducer)
    assert first is not second
    known: Dialect = OPENAI
    assert known.name == "openai"


# ---- recognised by its shape


@pytest.mark.parametrize(
    "body",
    [
        CHUNK,
        ANSWER,
        ERROR,
        {"choices": [{"delta": {}}]},
        {"choices": [], "object": "", "id": ""},
        {"choices": [], "usage": {"total_tokens": 3}},
        {"object": "chat.completion.chunk"},
        {"object": "text_completion", "choices": [{"text": "Hi"}]},
        {"error": {"message": "no", "code": 429}},
        {"error": {"message": "no"}, "user_id": "u"},
        {"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": 400},
    ],
)
def test_what_an_openai_server_sends_is_recognised(body):
    assert OPENAI.recognises(body)
    assert detect(encoded(body)) is OPENAI


OTHERS = [
    # Dify
    {"event": "message", "task_id": "t", "answer": "Hi"},
    {"event": "error", "code": "x", "message": "no", "status": 400},
    {"event": "message", "choices": [], "object": "chat.completion"},
    {"code": "invalid_param", "message": "no", "status": 400},
    {"task_id": "t", "workflow_run_id": "r", "data": {"status": "failed", "error": {"message": "no"}}},
    # RAGFlow
    {"code": 0, "message": "", "data": {"answer": "Hi", "reference": {}}},
    {"code": 0, "data": True},
    {"code": 500, "message": "no", "data": False},
    {"retcode": 0, "retmsg": "", "data": {"answer": "Hi"}},
    {"event": "message", "message_id": "m", "session_id": "s", "data": {"content": "Hi"}},
    {"session_id": "s", "data": {}},
    {"code": 102, "message": "no", "error": {"message": "no"}},
    # LightOn
    {"id": 1, "tool_call": {}, "feedback": {}, "document_extracts": [], "text": "Hi"},
    # nobody we know
    {},
    {"choices": "a"},
    {"choices": ["a", "b"]},
    {"choices": {"0": {}}},
    {"object": "list", "data": []},
    {"object": "error", "message": {"text": "no"}},
    {"object": ["chat.completion"]},
    {"error": "no"},
    {"error": {"code": 500}},
    {"error": {"message": None}},
    {"error": None},
]


@pytest.mark.parametrize("body", OTHERS)
def test_frames_of_others_are_not_recognised(body):
    assert not OPENAI.recognises(body)
    assert detect(encoded(body)) is not OPENAI


@pytest.mark.parametrize("body", [CHUNK, ANSWER, ERROR])
def test_nobody_else_recognises_an_openai_frame(body):
    assert [name for name, known in DIALECTS.items() if known.recognises(body)] == ["openai"]


def test_the_terminator_alone_tells_nothing():
    """RAGFlow's own streams end with it too."""
    assert detect(b"[DONE]") is None


@pytest.mark.parametrize("first", [b"", b"data: [DONE]\n\n"])
def test_a_run_is_of_the_dialect_that_its_frames_show(first):
    tap = Tap("auto")
    tap.feed(first + b"data: " + encoded(CHUNK) + b"\n\n")
    assert tap.run.dialect == "openai"


# ---- what a frame is


@pytest.mark.parametrize("data", [b"[DONE]", b" [DONE]", b"[DONE]\r", {"kind": "done", "dialect": "openai"}])
def test_the_terminator_is_an_event(data):
    """Bare, as servers write it, or as a line of `streamkit events`."""
    assert read(data) == (Done(), [])


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (CHUNK, ChatCompletionChunk),
        (ANSWER, ChatCompletionChunk),  # in a stream: the message so far, and no end
        ({"choices": []}, ChatCompletionChunk),
        ({"object": "chat.completion.chunk", "usage": {"total_tokens": 3}}, ChatCompletionChunk),
        ({"object": "chat.completion.chunk", "choices": None}, ChatCompletionChunk),
        ({**CHUNK, "error": {"message": "no"}}, ChatCompletionChunk),
        ({**CHUNK, "event": None}, ChatCompletionChunk),
        ({**CHUNK, "kind": "chat.completion.chunk", "dialect": "openai"}, ChatCompletionChunk),
        (ERROR, Error),
        ({**ERROR, "kind": "error", "dialect": "openai"}, Error),
        ({"error": "no"}, Error),
        ({"object": "error", "message": "no", "code": 400}, Error),
        ({"object": "error", "message": "no"}, Error),
        ({"code": 102, "message": "no"}, Error),
        ({"object": "thread.message.delta"}, Unknown),
        ({"event": "message", "choices": []}, Unknown),
    ],
)
def test_a_frame_is_known_by_its_shape(payload, kind):
    event, notes = read(payload)
    assert type(event) is kind
    assert notes == ([] if kind is not Unknown else [("unknown-event", event.word)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"hello", "no JSON"),
        (b"[DONE", "no JSON"),
        (b"[]", "a JSON list, not an object"),
        (b"5", "a JSON int, not an object"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "no JSON"),
    ],
)
def test_what_is_no_object_is_malformed(data, reason):
    event, notes = read(data)
    assert type(event) is Malformed
    assert (event.reason, event.raw, notes) == (reason, data, [("malformed-event", reason)])


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"id": "x"},
        {"object": ""},
        {"error": None},
        {"message": "no"},
        {"message": "", "code": 0},
        {"object": 5},
        {"message": 5, "code": 3},
    ],
)
def test_an_object_without_any_meaning_is_malformed(payload):
    event, notes = read(payload)
    assert type(event) is Malformed
    assert [kind for kind, _ in notes] == ["malformed-event"]


@pytest.mark.parametrize(
    ("data", "content", "noted"),
    [
        (b'{"choices":[{"delta":{"content":"a\xffb","reference":[]}}]}', "a\ufffdb", "bad-utf8"),
        (b'{"choices":[{"delta":{"content":"a\\ud800b"}}]}', "a\ufffdb", "non-standard-json"),
        (b'{"choices":[{"delta":{"content":"ab","reference":[{"score":NaN}]}}]}', "ab", "non-standard-json"),
        (b'{"choices":[{"delta":{"content":"ab"},"index":"zero"}]}', "ab", "bad-field"),
        (b'{"choices":[{"delta":{"content":"ab"},"index":"0"}],"usage":{"total_tokens":3.0}}', "ab", "bad-field"),
    ],
)
def test_a_chunk_that_breaks_the_standard_is_read(data, content, noted):
    event, notes = read(data)
    assert isinstance(event, ChatCompletionChunk)
    assert event.choices[0].delta.content == content
    assert {kind for kind, _ in notes} == {noted}


@pytest.mark.parametrize("depth", range(100, 1100, 50))
def test_no_depth_of_nesting_raises(depth):
    read(b'{"choices":[{"delta":{"reference":%b1%b}}],"id":5}' % (b"[" * depth, b"]" * depth))
    document(b'{"choices":[{"message":{"reference":%b1%b}}],"id":5}' % (b'{"a":' * depth, b"}" * depth))


# ---- whose it is


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        (ChatCompletionChunk(id="x"), ("x",)),
        (ChatCompletion(id="x"), ("x",)),
        (ChatCompletionChunk(), ()),
        (ChatCompletionChunk(id=""), ()),
        (ChatCompletionChunk(id="None"), ()),
        (Error(), ()),
        (Done(), ()),
        (Unknown("later", b"{}"), ()),
        (Malformed("no JSON", b"{"), ()),
    ],
)
def test_a_chunk_names_its_completion(event, keys):
    assert OPENAI.run_keys(event) == keys


# ---- a body that is one document


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (ANSWER, ChatCompletion),
        ({"choices": [{"message": {"content": "Hi"}}]}, ChatCompletion),
        ({"object": "text_completion", "choices": [{"text": "Hi"}]}, ChatCompletion),
        (CHUNK, ChatCompletionChunk),
        (ERROR, Error),
        ({"code": 102, "message": "no"}, Error),
        ({"object": "list", "data": []}, Unknown),
        ({"id": "x"}, Malformed),
        ([], Malformed),
        (b"{", Malformed),
    ],
)
def test_a_document_is_known_by_its_shape(payload, kind):
    event, notes = document(payload)
    assert type(event) is kind
    assert len(notes) == (kind in (Unknown, Malformed))


def test_a_document_with_a_wrong_field_keeps_its_text():
    event, notes = document({**ANSWER, "usage": "much"})
    assert event.choices[0].message.content == "Hi"
    assert notes == [("bad-field", "usage")]


def test_ragflows_own_envelope_is_an_error_here():
    """A.3: JSON in place of the stream that was asked for, when the dialect was named."""
    assert document({"code": 102, "message": "no", "data": False})[0] == Error(message="no", code=102)
    assert read(ERROR)[0].error == ErrorBody(message="no", type="invalid_request_error")
