import re

import pytest

from streamkit.testing import RAGFlowStream
from tests.unit.testing.reality import run_of

BOT = RAGFlowStream("0.27", "agentbot")


def events(stream):
    return [word.decode() for word in re.findall(rb'"event": "(\w+)"', stream.bytes())]


def test_a_model_is_heard_through_a_message():
    stream = RAGFlowStream().start().llm("one two", tokens=5, reasoning="hm", reference=[{"content": "c"}]).finish()
    state = run_of(stream)
    assert (state.text, state.reasoning, state.status) == ("one two", "hm", "succeeded")
    assert [(node.type, node.status) for node in state.nodes] == [
        ("Begin", "succeeded"),
        ("LLM", "succeeded"),
        ("Message", "succeeded"),
    ]
    assert (state.usage.total_tokens, len(state.citations)) == (5, 1)
    assert events(stream)[3:5] == [
        "node_started",
        "node_started",
    ]  # the model's, and the Message's before it says a word
    assert events(stream)[-4:] == ["message_end", "node_finished", "node_finished", "workflow_finished"]


def test_a_message_says_its_own_text():
    state = run_of(BOT.start().message("Hello").finish())
    assert (state.text, [node.type for node in state.nodes]) == ("Hello", ["Begin", "Message"])


def test_rounds_and_the_one_too_many():
    stream = BOT.start().iteration(["a", "b"], lambda round, item: round.node("Code", outputs={"r": item}))
    stream = stream.loop(2, lambda round, index: round.message(f"{index}")).finish()
    state = run_of(stream)
    assert [(node.type, len(node.rounds)) for node in state.nodes[1:]] == [("Iteration", 2), ("Loop", 2)]
    assert stream.bytes().count(b'"component_type": "IterationItem", "thoughts"') == 3
    assert state.nodes[1].outputs["results"] == ["a", "b"]
    assert state.text == "01"


def test_an_empty_iteration():
    state = run_of(BOT.start().iteration([], lambda round, item: round).finish())
    assert (state.nodes[1].status, state.nodes[1].rounds) == ("succeeded", ())


@pytest.mark.parametrize(("version", "starts"), [("0.22", 2), ("0.26.2", 2), ("0.26.3", 1), ("0.27", 1)])
def test_a_person_is_asked(version, starts):
    paused = RAGFlowStream(version, "agentbot").start().human_input("Where?", fields=["city"])
    assert run_of(paused).status == "paused"
    stream = paused.resume(city="Rome").message("Rome").finish()
    state = run_of(stream)
    assert (state.status, state.forms[0].status, state.text) == ("succeeded", "submitted", "Rome")
    assert sum(body.count(b"workflow_started") for body in stream.bodies()) == starts


def test_to_go_on_something_must_wait():
    with pytest.raises(ValueError, match="nothing waits"):
        BOT.start().resume().bytes()


ENDS = [
    (BOT.start().node("Code").fail("boom"), "failed", "boom"),
    (BOT.start().llm("never heard").fail("boom"), "failed", "boom"),
    (BOT.start().node("Code").stop(), "stopped", "has been canceled"),
    (BOT.start().llm("heard").stop(), "stopped", "has been canceled"),
]


@pytest.mark.parametrize(("stream", "status", "why"), ENDS)
def test_how_a_run_may_end(stream, status, why):
    state = run_of(stream)
    assert (state.status, why in state.error.message) == (status, True)


def test_of_a_model_that_fails_nothing_is_heard():
    assert run_of(ENDS[1][0]).text == ""
    assert run_of(ENDS[3][0]).text == "heard"


def test_a_container_may_fail_or_stay_open():
    stream = BOT.start().iteration(["a"], lambda round, item: round)
    failed, stopped = run_of(stream.fail("no list")), run_of(stream.stop())
    assert (failed.status, failed.error.message) == ("failed", "no list")
    assert (stopped.status, stopped.nodes[1].status) == ("stopped", "stopped")


def test_a_round_that_fails_is_that_round_alone():
    def body(round, item):
        return round.node("Code", outputs={"r": 1}) if item else round.node("Code").fail("no")

    state = run_of(BOT.start().iteration([0, 1], body).finish())
    assert [[node.status for node in round.nodes][-1] for round in state.nodes[1].rounds] == ["failed", "succeeded"]
    assert state.status == "succeeded"


@pytest.mark.parametrize(
    ("version", "mode", "names"), [("0.22", "agentbot", False), ("0.22", "agent", True), ("0.27", "agentbot", True)]
)
def test_the_session_is_named(version, mode, names):
    assert (b"session_id" in RAGFlowStream(version, mode).start().message("x").bytes()) is names
