"""Paths of the vendors lead to what they start or ask for."""

import pytest

from streamkit.replay.routes import Asked, Route, Routes, path_of, reply
from streamkit.replay.server import ROUTES


@pytest.mark.parametrize(
    ("method", "path", "door"),
    [
        ("POST", "/v1/chat-messages", "dify-chat"),
        ("POST", "/v1/completion-messages", "dify-completion"),
        ("POST", "/v1/workflows/run", "dify-workflow"),
        ("POST", "/v1/workflows/0c3b37ed/run", "dify-workflow"),
        ("GET", "/v1/workflow/0c3b37ed/events", "dify-events"),
        ("POST", "/api/chat-messages", "dify-chat"),
        ("POST", "/console/api/apps/a/advanced-chat/workflows/draft/run", "dify-chat"),
        ("POST", "/console/api/apps/a/workflows/draft/iteration/nodes/n/run", "dify-workflow"),
        ("POST", "/v1/datasets/d/pipeline/datasource/nodes/n/run", "dify-datasource"),
        ("POST", "/api/v1/chats/c/completions", "ragflow-chat"),
        ("POST", "/api/v1/chat/completions", "ragflow-chat"),
        ("POST", "/api/v1/chat/c/session/s/completion", "ragflow-chat"),
        ("POST", "/api/v1/agentbots/a/completions", "ragflow-agent"),
        ("POST", "/v1/canvas/completion", "ragflow-agent"),
        ("POST", "/v1/chat/completions", "openai"),
        ("POST", "/api/v1/chats_openai/c/chat/completions", "openai"),
        ("POST", "/api/v1/openai/c/chat/completions", "openai"),
        ("POST", "/api/v1/agents_openai/a/chat/completions", "openai"),
        ("POST", "/api/v2/tools/chatflows/", "lighton"),
    ],
)
def test_a_path_leads_to_its_door(method, path, door):
    found = ROUTES.find(method, path)
    assert found is not None
    assert found.route.door == door


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat-messages/t/stop"),
        ("POST", "/v1/completion-messages/t/stop"),
        ("POST", "/v1/workflows/tasks/t/stop"),
        ("GET", "/v1/workflows/run/r"),
        ("POST", "/v1/form/human_input/t"),
        ("POST", "/v1/files/upload"),
        ("GET", "/v1/parameters"),
        ("POST", "/api/v1/agents/a/completions"),
        ("POST", "/api/v1/agents/chat/completions"),
        ("POST", "/api/v1/tasks/t/cancel"),
        ("PATCH", "/api/v1/tasks/t"),
        ("PUT", "/v1/canvas/cancel/t"),
        ("POST", "/api/v1/agents/a/sessions"),
        ("GET", "/v1/models"),
    ],
)
def test_a_path_has_a_small_answer(method, path):
    found = ROUTES.find(method, path)
    assert found is not None
    assert found.route.answer is not None


def test_named_parts_are_given_as_they_were_meant():
    found = Routes([Route("GET", "/form/{token}")]).find("GET", "/form/a%2Fb")
    assert found is not None
    assert found.params == {"token": "a/b"}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/chat-messages"), ("POST", "/v1"), ("POST", "/x/v1/chat-messages")]
)
def test_what_no_vendor_has_leads_nowhere(method, path):
    assert ROUTES.find(method, path) is None


def test_a_path_may_end_with_a_slash_and_stand_in_a_url():
    assert ROUTES.find("POST", "/v1/workflows/run/") is not None
    assert path_of("https://h:1/a/b?c=d") == path_of("/a/b") == "/a/b"
    assert path_of(None) == ""


def test_texts_of_a_body_are_texts():
    asked = Asked(method="POST", path="/", body={"query": "hi", "inputs": {}})
    assert (asked.text("query"), asked.text("inputs"), asked.text("none")) == ("hi", "", "")


def test_a_reply_is_json():
    assert (reply({"a": 1}, 201).body, reply({}, 201).status) == (b'{"a":1}', 201)
