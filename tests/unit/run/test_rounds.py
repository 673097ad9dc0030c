"""Executions beside each other, rounds and what becomes of them, published parts that are refreshed where they changed."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run
from streamkit.run.execution import NodeExecution
from streamkit.run.rounds import Siblings

from .executions import container, execution, ids


@pytest.fixture
def run():
    return Run("dify")


# ---- rounds


def test_rounds_stand_by_index_whatever_came_first(run):
    loop = container(run)
    for index in (2, 0, 2**70, -1):
        execution(run, f"n#{index}", inside=loop, index=index)
    assert [turn.index for turn in loop.rounds] == [-1, 0, 2, 2**70]
    assert ids(loop.rounds[1].nodes) == ["n#0"]


def test_executions_of_a_round_stand_in_order_of_arrival(run):
    loop = container(run)
    for name in ("b", "a", "c"):
        execution(run, name, inside=loop, index=0)
    assert ids(loop.rounds[0].nodes) == ["b", "a", "c"]


def test_executions_that_came_to_their_place_late_stand_where_they_began(run):
    """C.13.9: the order of the trace is the order of first frames, whenever a round was told."""
    loop = container(run)
    nodes = [execution(run, name) for name in "abcd"]
    for number in (2, 0, 3, 1):
        run.place(nodes[number], loop, 0)
    assert ids(loop.rounds[0].nodes) == ["a", "b", "c", "d"]
    for number in (3, 0):
        run.place(nodes[number], loop)
    assert ids(loop.unassigned) == ["a", "d"]
    assert ids(loop.rounds[0].nodes) == ["b", "c"]
    for number in (2, 1, 0):
        run.place(nodes[number], None)
    assert ids(run.nodes) == ["loop", "a", "b", "c"]
    assert [node.id for node in run.snapshot().nodes] == ["loop", "a", "b", "c"]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ("succeeded failed stopped paused unknown running", "failed"),
        ("succeeded stopped paused unknown running", "stopped"),
        ("succeeded paused unknown running", "paused"),
        ("succeeded unknown running", "unknown"),
        ("succeeded running", "running"),
        ("succeeded exception skipped", "succeeded"),
        ("exception", "succeeded"),
    ],
)
def test_a_round_is_as_its_worst_execution(run, states, status):
    """Nothing on the wire says what became of a round. A handled exception is no failure (C.3)."""
    loop = container(run)
    run.begin_round(loop, 1)
    for number, state in enumerate(states.split()):
        node = execution(run, f"n#{number}", inside=loop, index=0)
        node.status = state
    assert loop.rounds[0].status == status


def test_a_round_in_which_more_may_come_is_running(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    assert loop.rounds[0].status == "running"  # no round was announced: nobody knows which one goes on
    run.begin_round(loop, 0)
    assert loop.rounds[0].status == "running"
    run.begin_round(loop, 1)
    assert loop.rounds[0].status == "succeeded"


def test_a_round_whose_time_is_told_is_over(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    run.time_round(loop, 0, 1.5)
    assert (loop.rounds[0].status, loop.rounds[0].elapsed_time) == ("succeeded", 1.5)


def test_the_rounds_of_a_container_that_is_over_are_over(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    run.close_execution(loop, "failed")
    assert loop.rounds[0].status == "succeeded"


def test_a_round_of_one_execution_costs_the_collector_two_objects(run):
    """It looks through all of them when enough came, and a run may have a hundred thousand rounds."""
    loop = container(run)
    gc.collect()
    before = len(gc.get_objects())
    for index in range(200):
        execution(run, f"n#{index}", inside=loop, index=index)
    gc.collect()
    assert len(gc.get_objects()) - before < 2.2 * 200


# ---- siblings


@given(
    st.lists(st.tuples(st.sampled_from(["add", "remove", "thaw", "freeze", "read"]), st.integers(0, 9)), max_size=60)
)
def test_siblings_are_those_that_came_and_did_not_go_in_the_order_of_their_beginning(steps):
    nodes = [NodeExecution(f"e{number}", "n", type="", title="", number=number) for number in range(10)]
    siblings, here = Siblings(), set()
    for step, number in steps:
        node = nodes[number]
        match step:
            case "add" if number not in here:
                siblings.add(node)
                here.add(number)
            case "remove" if number in here:
                siblings.remove(node)
                here.discard(number)
            case "thaw" if number in here:
                node.title += "x"
                node._frozen = None
                siblings.thaw_node(node)
            case "freeze":
                assert [(state.id, state.title) for state in siblings.freeze_nodes()] == [
                    (f"e{one}", nodes[one].title) for one in sorted(here)
                ]
            case "read":
                assert list(siblings) == [nodes[one] for one in sorted(here)]
        assert (len(siblings), bool(siblings)) == (len(here), bool(here))
