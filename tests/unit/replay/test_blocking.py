"""One document in the vendor's shape, made of a recorded stream; folded, it is the same run."""

import json

import pytest

from streamkit import Tap
from streamkit.recording import Recording
from streamkit.replay.blocking import answer_of, document_of, mode_of, wants_document
from streamkit.replay.library import Take
from streamkit.replay.routes import Asked
from tests.unit.replay.serving import DIFY, FIXTURES, frame, recorded


def take(path):
    return Take(Recording.load(FIXTURES / path), "x")


def told(path):
    return json.loads(document_of(take(path)))


def folded(document):
    tap = Tap("auto")
    tap.feed(json.dumps(document).encode())
    tap.close()
    return tap.run


@pytest.mark.parametrize(
    ("door", "path", "body", "wants"),
    [
        ("dify-chat", "/v1/chat-messages", {}, True),
        ("dify-chat", "/v1/chat-messages", {"response_mode": "streaming"}, False),
        ("dify-workflow", "/v1/workflows/run", {"response_mode": "blocking"}, True),
        ("dify-workflow", "/console/api/apps/a/workflows/draft/run", {}, False),
        ("ragflow-chat", "/api/v1/chats/c/completions", {}, False),
        ("ragflow-agent", "/api/v1/agents/a/completions", {"stream": False}, True),
        ("openai", "/v1/chat/completions", {}, True),
        ("openai", "/v1/chat/completions", {"stream": True}, False),
        ("lighton", "/api/v2/tools/chatflows", {}, True),
    ],
)
def test_vendors_have_different_defaults(door, path, body, wants):
    assert wants_document(Asked(method="POST", path=path, body=body), door) is wants


@pytest.mark.parametrize(
    "name", ["wf_iter_seq5", "wf_failed", "wf_human_1_paused", "wf_retry_then_success", "wf_stopped"]
)
def test_a_workflow_folds_to_the_same_run(name):
    streamed = take(f"dify/{name}.sse").run
    run = folded(told(f"dify/{name}.sse"))
    assert (run.id, run.task_id, run.status, run.outputs) == (
        streamed.id,
        streamed.task_id,
        streamed.status,
        streamed.outputs,
    )
    assert [form.form_id for form in run.forms] == [form.form_id for form in streamed.forms]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("chat_simple", "advanced-chat"),
        ("chat_app_plain", "chat"),
        ("completion_plain", "completion"),
        ("chat_app_output_moderation", "chat"),
    ],
)
def test_an_answer_is_whole(name, mode):
    streamed = take(f"dify/{name}.sse").run
    document = told(f"dify/{name}.sse")
    assert (document["event"], document["mode"], document["answer"]) == ("message", mode, streamed.text)
    assert document["message_id"] == document["id"] == streamed.message_id
    assert document.get("conversation_id") == streamed.conversation_id
    assert document["metadata"]["usage"]["total_tokens"] == streamed.usage.total_tokens
    assert isinstance(document["created_at"], int)


def test_an_answer_keeps_its_thinking():
    body = frame("message", answer="<think>hm") + frame("message", answer="</think>yes") + frame("message_end", id="m")
    assert answer_of(Take(recorded(body), "x")) == "<think>hm</think>yes"


def test_a_paused_chatflow_says_what_it_waits_for():
    document = told("dify/june26_chat_human_timeout_1_paused.sse")
    assert (document["event"], document["data"]["status"]) == ("workflow_paused", "paused")


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("chat_app_error_before_first_token", "completion_request_error", 400),
        ("chat_failed_http", "invalid_param", 400),
        ("agent_chat_fc_three_rounds", "invalid_param", 400),  # these apps only stream
        ("protocol/17_worker_setup_error_then_pings_until_idle", "internal_server_error", 500),
    ],
)
def test_a_failed_answer_is_an_error(name, code, status):
    document = told(f"dify/{name}.sse")
    assert (document["code"], document["status"]) == (code, status)
    assert document["message"]


def test_a_chat_of_ragflow_is_an_envelope():
    document = told("ragflow/chat_kb_delta_final_reference.sse")
    streamed = take("ragflow/chat_kb_delta_final_reference.sse").run
    assert (document["code"], document["data"]["session_id"]) == (0, streamed.conversation_id)
    assert document["data"]["answer"].endswith(streamed.text)
    assert document["data"]["reference"]["chunks"]
    assert "final" not in document["data"]


def test_thinking_of_ragflow_stands_in_tags():
    document = told("ragflow/protocol/04_chat_v0261plus_delta_think_final_empty_answer.sse")
    assert document["data"]["answer"].startswith("<think>")


def test_an_agent_of_ragflow_is_its_last_event_with_the_text():
    document = told("ragflow/simple_message.sse")
    streamed = take("ragflow/simple_message.sse").run
    assert document["data"]["event"] == "workflow_finished"
    assert document["data"]["data"]["content"] == streamed.text
    assert document["data"]["session_id"] == streamed.conversation_id


def test_an_agent_that_asks_tells_its_form():
    assert set(told("ragflow/fillup_1_pause.sse")["data"]["data"]["inputs"]) == {"ok", "note", "pick"}


def test_errors_and_empty_answers_of_ragflow():
    assert told("ragflow/chat_missing_parameter.sse")["code"] == 500
    assert told("ragflow/synthetic/nothing_but_done.sse") == {"code": 0, "data": {"session_id": None}}


@pytest.mark.parametrize(
    "name", ["chat_openai_delta", "openai_compatible", "protocol/24_openai_chat_reasoning_reference_done"]
)
def test_a_completion_folds_to_the_same_answer(name):
    streamed = take(f"openai/{name}.sse").run
    document = told(f"openai/{name}.sse")
    run = folded(document)
    assert document["object"] == "chat.completion"
    assert (run.text, run.reasoning) == (streamed.text, streamed.reasoning)
    assert run.usage.total_tokens == (streamed.usage.total_tokens or 0)


def test_tool_calls_are_put_together():
    def chunk(**delta):
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        return b"data: " + json.dumps(body).encode() + b"\n\n"

    def piece(**fields):
        return {"tool_calls": [{"index": 0, **fields}]}

    body = chunk(**piece(id="call", type="function", function={"name": "look", "arguments": ""}))
    body += chunk(**piece(function={"arguments": '{"a":'})) + chunk(**piece(function={"arguments": "1}"}))
    message = json.loads(document_of(Take(recorded(body + b"data: [DONE]\n\n"), "x")))["choices"][0]["message"]
    (call,) = message["tool_calls"]
    assert (call["id"], call["function"]) == ("call", {"name": "look", "arguments": '{"a":1}'})


def test_a_completion_without_an_answer_is_an_error():
    body = (
        b'data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[],"usage":null}\n\ndata: [DONE]\n\n'
    )
    assert json.loads(document_of(Take(recorded(body), "x")))["error"]["message"] == "the recording holds no answer"


def test_a_document_stays_as_it_is():
    path = "lighton/protocol/38_lighton_chatflow_response.json"
    assert told(path) == json.loads((FIXTURES / path).read_bytes())


def test_modes_have_the_names_of_the_vendor():
    assert mode_of(Take(Recording.load(DIFY / "chat_simple.sse"), "x")) == "advanced-chat"
    assert mode_of(Take(Recording.load(DIFY / "wf_failed.sse"), "x")) == "workflow"
