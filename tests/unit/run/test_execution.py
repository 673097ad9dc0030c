"""Executions and rounds as they are read: values, derived states, the log as a tree, frozen copies that are shared."""

from decimal import Decimal

import pytest

from streamkit import Run
from streamkit.run import LogEntry, NodeUsage

from .executions import container, execution, ids


@pytest.fixture
def run():
    return Run("dify")


# ---- values


def test_a_payload_is_decoded_once(run):
    node = execution(run, "e")
    run.describe(node, inputs=b'{"a":1}', outputs=b'{"b":2}', process_data=b'{"c":3}', metadata=b'{"d":4}')
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == ({"a": 1}, {"b": 2}, {"c": 3}, {"d": 4})
    assert node.outputs is node.outputs


def test_a_later_payload_is_decoded_anew_and_the_others_are_not(run):
    node = execution(run, "e")
    run.describe(node, inputs=b'{"a":1}', outputs=b'{"b":2}')
    inputs, _ = node.inputs, node.outputs
    run.describe(node, outputs=b'{"b":3}')
    assert node.outputs == {"b": 3}
    assert node.inputs is inputs


def test_a_payload_that_was_not_sent_is_none(run):
    node = execution(run, "e")
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (None, None, None, None)


def test_reading_a_payload_never_raises(run):
    node = execution(run, "e")
    run.describe(node, outputs=b"[" * 100_000)
    assert node.outputs == "[" * 100_000


def test_what_was_not_said_of_spending_is_none(run):
    node = execution(run, "e")
    assert (node.model, node.provider, node.prompt_tokens, node.completion_tokens) == (None, None, None, None)
    assert (node.total_tokens, node.cost) == (None, None)


def test_spending_is_read_off_the_execution(run):
    node = execution(run, "e")
    run.spend(node, NodeUsage(5, 2, 3, {"USD": Decimal(1)}, "gpt", "openai"))
    assert (node.model, node.provider, node.prompt_tokens, node.completion_tokens) == ("gpt", "openai", 2, 3)
    assert (node.total_tokens, node.cost) == (5, {"USD": Decimal(1)})


def test_the_reasoning_of_a_node_is_what_was_sent_as_such_and_then_its_think_blocks(run):
    node = execution(run, "llm")
    assert (node.text, node.reasoning) == ("", "")
    run.append_node_text("llm", "<think>two</think>answer")
    run.append_node_reasoning("llm", "one ")
    assert (node.text, node.reasoning) == ("answer", "one two")


def test_an_execution_says_what_it_is(run):
    assert repr(execution(run, "llm#1")) == "<NodeExecution llm#1 llm running>"


def test_what_is_no_container_has_no_rounds(run):
    node = execution(run, "e")
    assert (list(node.rounds), list(node.unassigned), node.round_index) == ([], [], None)


# ---- walking


@pytest.mark.parametrize(
    "grow",
    [
        lambda run, node: run.place(run.open_execution("inside", "n", type="t", title=""), node, 0),
        lambda run, node: run.retry_execution(node, 1, "no", None),
        lambda run, node: run.log(node, LogEntry(id="l", label="", status="start"), None),
    ],
    ids=["a container", "tries", "a log"],
)
def test_an_execution_is_bare_until_something_stands_below_it(run, grow):
    node = run.open_execution("a", "a", type="llm", title="A")
    run.append_execution_text(node, "text is no row")
    assert node.is_bare
    grow(run, node)
    assert not node.is_bare


def test_a_walk_goes_down_before_it_goes_on(run):
    loop = container(run)
    inner = container(run, "inner", inside=loop, index=1)
    execution(run, "stray", inside=loop)
    execution(run, "late", inside=loop, index=1)
    execution(run, "deep", inside=inner, index=0)
    execution(run, "first", inside=loop, index=0)
    execution(run, "after")
    assert ids(loop.walk()) == ["loop", "first", "inner", "deep", "late", "stray"]
    assert ids(run.walk()) == [*ids(loop.walk()), "after"]


# ---- frozen copies


def test_a_frozen_copy_is_shared_until_something_changes(run):
    loop = container(run)
    node = execution(run, "n", inside=loop, index=0)
    frozen = node.freeze()
    assert node.freeze() is frozen
    run.append_node_text("n", "x")
    assert node.freeze() is not frozen
    assert (frozen.text, node.freeze().text) == ("", "x")


def test_a_change_below_renews_the_way_up_and_nothing_beside_it(run):
    outer = container(run, "outer")
    inner = container(run, "inner", inside=outer, index=1)
    changing = execution(run, "changing", inside=inner, index=0)
    execution(run, "beside", inside=inner, index=0)
    execution(run, "other round", inside=outer, index=0)
    execution(run, "elsewhere")
    before = run.snapshot()
    run.append_node_text(changing.node_id, "x")
    after = run.snapshot()
    (outer1, elsewhere1), (outer2, elsewhere2) = before.nodes, after.nodes
    assert elsewhere1 is elsewhere2
    assert outer1 is not outer2
    assert outer1.rounds[0] is outer2.rounds[0]
    inner1, inner2 = outer1.rounds[1].nodes[0], outer2.rounds[1].nodes[0]
    assert inner1 is not inner2
    assert inner1.rounds[0].nodes[0] is not inner2.rounds[0].nodes[0]
    assert inner1.rounds[0].nodes[1] is inner2.rounds[0].nodes[1]


@pytest.mark.parametrize("change", ["the next round begins", "the container ends"])
def test_a_frozen_round_follows_its_container_and_shares_its_executions(run, change):
    loop = container(run)
    run.begin_round(loop, 0)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    before = run.snapshot().nodes[0].rounds[0]
    assert before.status == "running"
    if change == "the container ends":
        run.close_execution(loop, "succeeded")
    else:
        run.begin_round(loop, 1)
    after = run.snapshot().nodes[0].rounds[0]
    assert after.status == "succeeded"
    assert after.nodes is before.nodes


def test_a_frozen_round_that_does_not_end_well_stays_as_it_is(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "failed")
    before = run.snapshot().nodes[0].rounds[0]
    run.close_execution(loop, "failed")
    assert run.snapshot().nodes[0].rounds[0] is before


def test_a_time_that_is_told_renews_the_round(run):
    loop = container(run)
    execution(run, "n", inside=loop, index=0)
    assert run.snapshot().nodes[0].rounds[0].elapsed_time is None
    run.time_round(loop, 0, 1.5)
    assert run.snapshot().nodes[0].rounds[0].elapsed_time == 1.5


def test_what_somebody_does_to_a_read_list_does_not_change_the_run(run):
    loop = container(run)
    node = execution(run, "n", inside=loop, index=0)
    execution(run, "stray", inside=loop)
    run.retry_execution(node, 1, None, None)
    run.spend(node, NodeUsage(cost={"USD": Decimal(1)}))
    for read in (lambda: loop.rounds, lambda: loop.unassigned, lambda: loop.rounds[0].nodes, lambda: node.attempts):
        length = len(read())
        read().clear()
        assert len(read()) == length
    node.freeze().cost.clear()
    assert node.cost == {"USD": Decimal(1)}
