import pytest

from streamkit.testing import OpenAIStream
from tests.unit.testing.reality import run_of


@pytest.mark.parametrize("server", ["openai", "ragflow-chat", "ragflow-agent"])
def test_an_answer(server):
    state = run_of(OpenAIStream(server).start(query="Hi?").llm("one two", tokens=6).finish())
    assert (state.status, state.text) == ("succeeded", "one two")


def test_what_was_asked_stands_in_the_request():
    header = OpenAIStream(model="small").start(query="Hi?").llm("x").finish().recording().header
    assert (header.source.kind, header.source.url) == ("openai", "/v1/chat/completions")
    assert header.request.body == {
        "model": "small",
        "messages": [{"role": "user", "content": "Hi?"}],
        "stream": True,
    }


def test_a_function_is_called():
    stream = OpenAIStream().tool_call("search", {"q": 1}).tool_call("look").finish()
    state = run_of(stream)
    assert [(node.title, node.inputs) for node in state.nodes] == [("search", {"q": 1}), ("look", {})]
    assert b'"finish_reason":"tool_calls"' in stream.bytes()


def test_ragflow_calls_no_tools():
    with pytest.raises(ValueError, match="no tools"):
        OpenAIStream("ragflow-chat").tool_call("search")


def test_a_server_that_is_not_known():
    with pytest.raises(ValueError, match="no server 'azure'"):
        OpenAIStream("azure")


def test_a_reason_of_ones_own():
    assert b'"finish_reason":"length"' in OpenAIStream().llm("x").finish("length").bytes()
