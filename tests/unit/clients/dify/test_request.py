"""The request that runs an app: path and body by what the app is."""

import pytest

from streamkit.clients.dify.answers import UploadedFile
from streamkit.clients.dify.request import run_call, stop_call

LEAST = {"inputs": {}, "user": "ada", "response_mode": "streaming"}


def call(mode, query, streaming=True, **asked):
    return run_call(mode, query, asked, user="ada", streaming=streaming)


@pytest.mark.parametrize(
    ("mode", "query", "path"),
    [
        ("chat", "hi", "/chat-messages"),
        ("agent-chat", "hi", "/chat-messages"),
        ("advanced-chat", "hi", "/chat-messages"),
        ("agent", "hi", "/chat-messages"),
        ("completion", None, "/completion-messages"),
        ("completion", "hi", "/completion-messages"),
        ("workflow", None, "/workflows/run"),
        (None, "hi", "/chat-messages"),
        (None, None, "/workflows/run"),
    ],
)
def test_the_path_follows_from_the_app(mode, query, path):
    found = call(mode, query)
    assert (found.method, found.path) == ("POST", path)
    assert found.body == (LEAST if query is None else {**LEAST, "query": query})


def test_all_that_can_be_asked_of_a_chat():
    body = call(
        "advanced-chat",
        "hi",
        streaming=False,
        inputs={"city": "Rome"},
        user="bob",
        conversation_id="c",
        files=[UploadedFile(id="f", mime_type="image/png"), {"type": "custom"}],
        workflow_id="v",
        auto_generate_name=False,
        trace_id="t",
    ).body
    assert body == {
        "inputs": {"city": "Rome"},
        "query": "hi",
        "user": "bob",
        "response_mode": "blocking",
        "files": [{"type": "image", "transfer_method": "local_file", "upload_file_id": "f"}, {"type": "custom"}],
        "trace_id": "t",
        "conversation_id": "c",
        "auto_generate_name": False,
        "workflow_id": "v",
    }


def test_a_version_of_a_workflow_stands_in_its_path():
    found = call("workflow", None, workflow_id="v/1")
    assert found.path == "/workflows/v%2F1/run"
    assert found.body == LEAST


def test_a_workflow_has_no_conversations():
    assert call("workflow", None, conversation_id="c", auto_generate_name=True).body == LEAST


@pytest.mark.parametrize(("mode", "query", "said"), [("workflow", "hi", "no query"), ("chat", None, "needs a query")])
def test_what_an_app_does_not_take_is_told_before_it_is_sent(mode, query, said):
    with pytest.raises(ValueError, match=said):
        call(mode, query)


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        ("chat", "/chat-messages/t/stop"),
        ("completion", "/completion-messages/t/stop"),
        ("workflow", "/workflows/tasks/t/stop"),
        (None, "/chat-messages/t/stop"),
    ],
)
def test_a_run_is_stopped_where_it_was_begun(mode, path):
    assert (stop_call(mode, "t", "ada").path, stop_call(mode, "t", "ada").body) == (path, {"user": "ada"})
