"""The requests that run chats and agents, by the API of the server."""

import pytest

from streamkit.clients.ragflow.request import agent_call, answer_call, chat_call
from streamkit.run import HumanInput


@pytest.mark.parametrize("stream", [True, False])
def test_stream_is_always_said(stream):
    """What it is by default has changed four times (protocol B.6)."""
    assert chat_call("c", "s", "why", {}, api="current", stream=stream).body["stream"] is stream
    assert agent_call("a", "why", {}, stream=stream).body["stream"] is stream


def test_a_chat_is_asked_in_its_session():
    found = chat_call("c/1", "s", "why", {"user_id": "ada", "options": {"quote": True}}, api="current", stream=True)
    assert found.path == "/api/v1/chats/c%2F1/completions"
    assert found.body == {"question": "why", "stream": True, "session_id": "s", "user_id": "ada", "quote": True}


def test_in_october_2024_the_session_stands_in_the_path():
    found = chat_call("c", "s", "why", {}, api="2024-10", stream=True)
    assert found.path == "/api/v1/chat/c/session/s/completion"
    assert found.body == {"question": "why", "stream": True}


def test_an_agent_begins_its_own_session_and_has_its_question_by_both_names():
    """In a session that was made before, no node is shown to start (protocol B.6)."""
    found = agent_call("a", "why", {}, stream=True)
    assert found.path == "/api/v1/agents/a/completions"
    assert found.body == {"question": "why", "query": "why", "stream": True}


def test_inputs_stand_where_either_engine_looks_for_them():
    body = agent_call("a", "", {"inputs": {"lang": "de", "size": {"type": "line", "value": 3}}}, stream=True).body
    assert body["lang"] == "de"  # up to v0.19
    assert body["inputs"] == {"lang": {"value": "de"}, "size": {"type": "line", "value": 3}}


def test_an_input_cannot_take_the_place_of_what_is_ours():
    body = agent_call(
        "a", "why", {"inputs": {"stream": False, "question": "other"}, "session_id": "s"}, stream=True
    ).body
    assert (body["stream"], body["question"], body["session_id"]) == (True, "why", "s")


def test_files_go_along():
    assert agent_call("a", "", {"files": [{"id": "f"}]}, stream=True).body["files"] == [{"id": "f"}]


FORM = HumanInput(form_id=None, node_id="n", inputs=[{"key": "ok", "type": "boolean"}, {"key": "note", "type": "line"}])


def test_an_answer_has_each_field_as_it_was_asked():
    found = answer_call("a", "s", FORM, {"ok": True}, "ada")
    assert found.path == "/api/v1/agents/a/completions"
    assert found.body == {
        "question": "",
        "query": "",
        "stream": True,
        "session_id": "s",
        "user_id": "ada",
        "inputs": {"ok": {"key": "ok", "type": "boolean", "value": True}},
    }


def test_an_answer_to_what_was_not_asked_is_wrong_use():
    with pytest.raises(ValueError, match="does not ask for colour; it asks for ok, note"):
        answer_call("a", "s", FORM, {"colour": "red"}, None)
