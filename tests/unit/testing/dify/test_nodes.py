from decimal import Decimal

import pytest

from streamkit.dialects.dify.events import NodeFinished, NodeRetry
from streamkit.reader import Reader
from streamkit.testing import DifyStream
from tests.unit.testing.reality import run_of

FLOW = DifyStream(mode="workflow").start()


def node(stream, place=-1):
    return run_of(stream).nodes[place]


def test_a_node_puts_out_what_it_is_told_to():
    ran = node(FLOW.node("code", "Make list", inputs={"n": 2}, outputs={"items": ["a", "b"]}, seconds=1.5))
    assert (ran.node_id, ran.type, ran.title, ran.status) == ("make-list", "code", "Make list", "succeeded")
    assert (ran.inputs, ran.outputs, ran.elapsed_time) == ({"n": 2}, {"items": ["a", "b"]}, 1.5)


def test_nodes_of_one_title_are_told_apart_and_rounds_have_the_same_ones():
    def body(round, _):
        return round.node("code", "Step").node("code", "Step")

    state = run_of(FLOW.node("code", "Step").loop(2, body).node("code", "!?").node("code", "Step"))
    inner = [[inside.node_id for inside in round.nodes] for round in state.nodes[2].rounds]
    assert inner == [["step-2", "step-3"]] * 2
    assert [ran.node_id for ran in state.nodes] == ["start", "step", "loop", "node", "step-4"]


def test_tries_come_before_the_last_one():
    ran = node(FLOW.node("http-request", "Fetch", seconds=0.5).retry("busy", 2).retry("down"))
    assert [attempt.error for attempt in ran.attempts] == ["busy", "busy", "down"]
    assert (ran.status, ran.elapsed_time) == ("succeeded", 2.0)


@pytest.mark.parametrize(("version", "ids"), [("1.8", 3), ("1.9", 1)])
def test_before_1_9_each_try_has_an_id_of_its_own(version, ids):
    stream = DifyStream(version, "workflow").start().node("http-request", "Fetch").retry("busy", 2)
    records = Reader("dify").feed(b"".join(stream.bodies()))
    told = [record.event.data.id for record in records if isinstance(record.event, NodeRetry | NodeFinished)]
    assert len(set(told[1:])) == ids  # the first one is that of the start
    assert len(node(stream).attempts) == 2


def test_before_1_9_tries_in_rounds_beside_each_other_are_told_apart():
    def body(round, item):
        return round.node("http-request", "Fetch").retry("busy", item)

    state = run_of(DifyStream("1.8", "workflow").start().iteration([2, 1], body, parallel=2).finish())
    (iteration,) = [node for node in state.nodes if node.type == "iteration"]
    assert [[len(ran.attempts) for ran in turn.nodes] for turn in iteration.rounds] == [[2], [1]]


def test_a_retried_node_makes_the_run_partly_succeed_since_1_9():
    def status(version):
        return run_of(DifyStream(version, "workflow").start().node("code").retry("busy").finish()).status

    assert (status("1.8"), status("1.9"), status("1.14")) == ("succeeded", "partial-succeeded", "partial-succeeded")


def test_a_handled_error_is_told_in_the_outputs():
    state = run_of(FLOW.node("code", "Parse", outputs={"default": 1}).exception("bad").finish())
    assert state.status == "partial-succeeded"
    assert (state.nodes[1].status, state.nodes[1].error) == ("exception", "bad")
    assert state.nodes[1].outputs["default"] == 1


def test_a_model_spends_and_says():
    state = run_of(FLOW.llm("two words", tokens=9, model="small").finish())
    ran = state.nodes[1]
    assert (ran.text, ran.model, ran.total_tokens, ran.prompt_tokens) == ("two words", "small", 9, 4)
    assert (state.text, state.leaf_tokens, state.total_tokens) == ("two words", 9, 9)
    assert ran.cost == {"USD": Decimal("0.00006")}


def test_a_model_in_a_round_says_nothing_aloud():
    state = run_of(FLOW.iteration(["a"], lambda round, item: round.llm("quiet", tokens=4)).finish())
    assert (state.text, state.leaf_tokens) == ("", 4)


@pytest.mark.parametrize(("version", "expected"), [("1.14", ""), ("1.15", "well")])
def test_thinking_is_streamed_since_1_15(version, expected):
    state = run_of(DifyStream(version).start().llm("hi", reasoning="well").finish())
    assert (state.reasoning, state.text) == (expected, "hi")


def test_an_agent_keeps_a_log():
    agent = FLOW.node("agent", "Agent").agent_log("ROUND 1").agent_log("CALL", parent="ROUND 1", data={"x": 1})
    (first,) = node(agent.agent_log("LOOK", parent="ROUND 1", error="gone")).logs
    assert (first.label, first.status) == ("ROUND 1", "success")
    assert [(entry.label, entry.status, entry.error) for entry in first.children] == [
        ("CALL", "success", None),
        ("LOOK", "error", "gone"),
    ]
    assert first.children[0].data == {"x": 1}
