import pytest

from streamkit.testing import DifyStream
from tests.unit.testing.reality import run_of

MODES = pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion"])


@MODES
def test_an_answer(mode):
    state = run_of(DifyStream(mode=mode).start().llm("two words", tokens=8).ping().finish())
    assert (state.mode, state.status, state.text) == (mode, "succeeded", "two words")
    assert (state.usage.total_tokens, state.stats.heartbeats) == (8, 1)


@MODES
def test_an_error_in_the_middle(mode):
    state = run_of(DifyStream(mode=mode).llm("two").fail("gone", code="provider_quota_exceeded"))
    assert (state.status, state.text) == ("failed", "two")
    assert (state.error.message, state.error.code) == ("gone", "provider_quota_exceeded")


@MODES
def test_a_stop_looks_like_an_end_without_tokens(mode):
    state = run_of(DifyStream(mode=mode).llm("two", tokens=8).stop())
    assert (state.status, state.text, state.usage.total_tokens) == ("succeeded", "two", 0)


def test_an_agent_thinks_and_calls():
    stream = DifyStream(mode="agent-chat").thought("Look. ", tool="search", tool_input={"q": 1}, observation="found")
    state = run_of(stream.llm("Done.").finish())
    assert [(thought.position, thought.thought, thought.tool) for thought in state.thoughts] == [
        (1, "Look. ", "search"),
        (2, "Done.", ""),
    ]
    assert state.thoughts[0].tool_input == '{"search":{"q":1}}'
    assert state.text == "Look. Done."


def test_what_was_found_is_cited():
    state = run_of(DifyStream(mode="chat").llm("x").finish(citations=[{"content": "c", "document_name": "a.md"}]))
    assert [(found["position"], found["document_name"], found["content"]) for found in state.citations] == [
        (1, "a.md", "c")
    ]


@pytest.mark.parametrize(
    ("mode", "stream"),
    [
        ("chat", DifyStream(mode="chat").node("code")),
        ("completion", DifyStream(mode="completion").thought(tool="x")),
        ("chat", DifyStream(mode="chat").human_input()),
        ("chat", DifyStream(mode="chat").loop(1, lambda round, _: round)),
    ],
)
def test_there_is_no_graph(mode, stream):
    with pytest.raises(ValueError, match=f"an app of mode {mode} has no"):
        stream.bytes()
