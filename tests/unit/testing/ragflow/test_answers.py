import json

import pytest

from streamkit.testing import RAGFlowStream
from tests.unit.testing.reality import run_of

FOUND = [{"content": "c", "document_name": "a.md"}]


def answers(stream):
    frames = [json.loads(line[5:]) for line in stream.bytes().split(b"\n") if line.startswith(b"data:")]
    return [frame["data"]["answer"] for frame in frames if isinstance(frame["data"], dict)]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.19", ["one ", "one two", "one two"]),
        ("0.24", ["one ", "two", ""]),
        ("0.25", ["one ", "two", ""]),
        ("0.25.1", ["one ", "two", "one two"]),
        ("0.27", ["one ", "two", ""]),
    ],
)
def test_a_chat_sends_all_of_an_answer_or_what_is_new(version, expected):
    stream = RAGFlowStream(version, "chat").llm("one two").finish()
    if version == "0.25":  # the last 0.25 still repeats the answer
        expected = ["one ", "two", "one two"]
    assert answers(stream) == expected
    assert run_of(stream).text == "one two"


@pytest.mark.parametrize("version", ["0.17", "0.23", "0.24", "0.27"])
def test_thinking_stands_apart(version):
    state = run_of(RAGFlowStream(version, "chat").llm("yes", reasoning="hm", reference=FOUND).finish())
    assert (state.text, state.reasoning, state.status) == ("yes", "hm", "succeeded")
    assert len(state.citations) == 1


@pytest.mark.parametrize(
    ("version", "end"), [("0.25.0", b'{"code": 0, "data": true}'), ("0.27", b'"message": "", "data": true}')]
)
def test_the_end_has_a_message_since_0_25_1(version, end):
    assert RAGFlowStream(version, "chat").llm("x").finish().bytes().endswith(end + b"\n\n")


def test_a_chat_that_fails_says_so_in_a_code():
    state = run_of(RAGFlowStream("0.27", "chat").llm("part").fail("boom"))
    assert (state.status, state.error.message, state.error.code) == ("failed", "boom", "500")


def test_who_stops_a_chat_closes_the_connection():
    stream = RAGFlowStream("0.27", "chat").llm("part").stop()
    assert b"true}" not in stream.bytes()
    assert run_of(stream).status == "interrupted"


def test_an_old_agent_says_what_runs_and_then_the_answer():
    stream = RAGFlowStream("0.19").start().node("Retrieval", "Find").llm("one two", reference=FOUND).finish()
    assert answers(stream) == [
        "*'Find'* is running...🕞",
        "*'LLM'* is running...🕞",
        "one ",
        "one two",
        "one two",
    ]
    state = run_of(stream)
    assert (state.mode, state.text, len(state.citations)) == ("agent", "one two", 1)


def test_an_old_agent_fails_in_its_answer():
    state = run_of(RAGFlowStream("0.19").llm("never said").fail("boom"))
    assert (state.status, state.text.strip()) == ("succeeded", "**ERROR**: boom")
    assert [anomaly.kind for anomaly in state.anomalies] == ["error-in-answer"]


@pytest.mark.parametrize("version", ["0.19", "0.27"])
def test_a_chat_has_no_components(version):
    with pytest.raises(ValueError, match="a chat has no"):
        RAGFlowStream(version, "chat").node("Code").bytes()
