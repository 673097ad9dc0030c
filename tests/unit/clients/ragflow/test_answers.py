"""RAGFlow's answers, where servers differ in their shape."""

import pytest

from streamkit.clients.answer import Reading, Received
from streamkit.clients.ragflow.answers import AgentLog, AgentSession, Chunk, ToolCall


def read(kind, body):
    return Reading(kind).read(Received(200, "application/json", body))


def test_one_session_where_a_list_is_meant_is_a_list_of_one():
    """So the page for v0.15 shows it."""
    assert read(tuple[AgentSession, ...], b'{"id":"s","source":"agent"}') == (AgentSession(id="s", source="agent"),)


def test_logs_that_are_not_there_are_none():
    """`{}` is what the server says then."""
    assert read(tuple[AgentLog, ...], b"{}") == ()


def test_a_log_has_the_calls_of_tools():
    body = b'[{"component_id":"Agent:A","trace":[{"path":"A-->B","tool_name":"search","arguments":{"q":1},"result":"r","elapsed_time":null}]}]'
    call = ToolCall(path="A-->B", tool_name="search", arguments={"q": 1}, result="r")
    assert read(tuple[AgentLog, ...], body) == (AgentLog(component_id="Agent:A", trace=(call,)),)


@pytest.mark.parametrize("dataset_id", [b'"d"', b'["d"]'])
def test_what_servers_give_in_two_shapes_is_kept_as_it_came(dataset_id):
    assert read(Chunk, b'{"id":"c","dataset_id":' + dataset_id + b"}").dataset_id in ("d", ["d"])
