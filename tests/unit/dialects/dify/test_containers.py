"""Where executions stand: rounds, nesting, and what the wire cannot tell (C.5, corrections 2, 3 and 11).

Each test is a script of the wire and the tree that it proves. Where a place is not on the wire, the test says so, and
asks only that nothing is invented: `unassigned` is a right answer there.
"""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .engine import Box, Engine, Leaf, Version
from .streams import (
    Script,
    anomalies,
    finished,
    folded,
    iteration_completed,
    iteration_next,
    iteration_started,
    live,
    live_tree,
    loop_completed,
    loop_next,
    loop_started,
    outline,
    ran,
    retried,
    started,
    tree,
    tree_of,
    workflow,
    workflow_body,
    workflow_finished,
    workflow_started,
)

LEGACY_PARALLEL = {"0b1": "0b1f4c3a", "77e": "77e0a9d2"}
"""Run ids of rounds, as 0.8-1.8 draw them."""

TWO_ROUNDS = outline("""
    it#0
      round 0
        a.1
      round 1
        a.2
""")

TWO_LOOP_ROUNDS = TWO_ROUNDS.replace("it#0", "lp#0")


def legacy_started(execution: str, key: str) -> Script:
    return started(execution, iteration="it", parallel_run_id=LEGACY_PARALLEL[key])


def legacy_finished(execution: str, key: str) -> Script:
    return finished(execution, iteration="it", metadata={"parallel_mode_run_id": LEGACY_PARALLEL[key]})


def legacy_next(index: int, key: str) -> Script:
    """The end of a round is announced with the index of the next one, and the run id of the one that ended."""
    return iteration_next("it", index, parallel_mode_run_id=LEGACY_PARALLEL[key], duration=0.5)


# ---- the table of engines: iterations, one round after another


@pytest.mark.parametrize("inside", [("it", 0), "it"], ids=["told", "not told"])
def test_an_execution_stands_in_the_round_that_was_announced_before_it(inside):
    """1.9 and later: next(i) before each round, none after the last. Simple frames tell no round (correction 3)."""
    second = ("it", 1) if isinstance(inside, tuple) else "it"
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=inside),
        iteration_next("it", 1),
        ran("a.2", iteration=second),
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_a_legacy_iteration_announces_a_round_that_never_comes(told):
    """0.8-1.8: next(0) directly after the start, next(i + 1) after round i, so next(n) after the last one."""
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0) if told else "it"),
        iteration_next("it", 1, pre_iteration_output="A", duration=0.5),
        ran("a.2", iteration=("it", 1) if told else "it"),
        iteration_next("it", 2, pre_iteration_output="B", duration=0.25),
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS.replace("round 0", "round 0 in 0.5 s").replace("round 1", "round 1 in 0.25 s")


def test_while_it_runs_an_execution_stands_in_the_current_round():
    """C.5: the guess of a live view, one round after another: the round of the last `*_next`."""
    assert live_tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_next("it", 1),
        started("a.2", iteration="it"),
    ) == outline("""
        it#0 running
          round 0
            a.1
          round 1 running
            a.2 running
    """)


def test_the_end_of_an_execution_outweighs_the_announcements():
    """C.5: only `execution_metadata` is right; here every announcement was lost but the first."""
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        ran("a.2", iteration=("it", 1)),
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS


def test_a_retry_tells_the_round_before_the_end_does():
    """C.5: `node_retry` carries the round too."""
    assert live_tree(
        iteration_started("it", 3),
        iteration_next("it", 0),
        iteration_next("it", 1),
        iteration_next("it", 2),
        started("a.1", iteration="it"),
        retried("a.1", 1, iteration=("it", 2)),
    ) == outline("""
        it#0 running
          round 2 running
            a.1 running after 1 retries
    """)


def test_rounds_have_the_time_that_the_end_of_their_container_tells():
    """C.5: the keys of the duration map are strings; one without a round makes none."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_next("it", 1),
        ran("a.2", iteration=("it", 1)),
        iteration_completed("it", {"0": 1.25, "1": 2.5, "2": 9.0}),
    ) == outline("""
        it#0
          round 0 in 1.25 s
            a.1
          round 1 in 2.5 s
            a.2
    """)


# ---- the table of engines: iterations in parallel


def test_rounds_that_come_in_blocks_are_told_by_the_ends_of_their_executions():
    """graphon 0.6 and before: every next at once, then each round in one block, in order of completion."""
    assert tree(
        iteration_started("it", 3),
        [iteration_next("it", index) for index in range(3)],
        ran("a.1", iteration=("it", 2)),
        ran("b.1", iteration=("it", 2)),
        ran("a.2", iteration=("it", 0)),
        ran("b.2", iteration=("it", 0)),
        ran("a.3", iteration=("it", 1)),
        ran("b.3", iteration=("it", 1)),
        iteration_completed("it", {"2": 0.1, "0": 0.2, "1": 0.3}),
    ) == outline("""
        it#0
          round 0 in 0.2 s
            a.2
            b.2
          round 1 in 0.3 s
            a.3
            b.3
          round 2 in 0.1 s
            a.1
            b.1
    """)


def test_rounds_that_interleave_live_are_told_by_the_ends_of_their_executions():
    """graphon 0.7 and later: next for as many as run at once, then one for each refill."""
    assert tree(
        iteration_started("it", 3),
        iteration_next("it", 0),
        iteration_next("it", 1),
        started("a.1", iteration="it"),
        started("a.2", iteration="it"),
        finished("a.1", iteration=("it", 1)),  # the n-th start of a node is not round n
        started("b.1", iteration="it"),
        finished("a.2", iteration=("it", 0)),
        finished("b.1", iteration=("it", 1)),
        iteration_next("it", 2),
        started("a.3", iteration="it"),
        started("b.2", iteration="it"),
        finished("a.3", iteration=("it", 2)),
        finished("b.2", iteration=("it", 0)),
        ran("b.3", iteration=("it", 2)),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            a.2
            b.2
          round 1
            a.1
            b.1
          round 2
            a.3
            b.3
    """)


def test_while_rounds_run_beside_each_other_the_round_of_an_open_execution_is_not_known():
    assert live_tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        started("a.1", iteration="it"),
        started("a.2", iteration="it"),
        finished("a.2", iteration=("it", 1)),
    ) == outline("""
        it#0 running
          round 1 running
            a.2
          unassigned
            a.1 running
    """)


def test_a_place_that_was_taken_from_the_current_round_is_given_back_when_rounds_turn_out_to_be_parallel():
    """The second round is announced while the first one runs: after all nobody knows where its execution stands."""
    script = [iteration_started("it"), iteration_next("it", 0), started("a.1", iteration="it")]
    assert live_tree(script) == outline("""
        it#0 running
          round 0 running
            a.1 running
    """)
    assert live_tree(script, iteration_next("it", 1)) == outline("""
        it#0 running
          unassigned
            a.1 running
    """)
    told = [finished("a.1", iteration=("it", 1)), ran("a.2", iteration=("it", 0)), iteration_completed("it")]
    assert tree(script, iteration_next("it", 1), told) == outline("""
        it#0
          round 0
            a.2
          round 1
            a.1
    """)


@pytest.mark.parametrize("engine", ["graphon <= 0.6", "graphon >= 0.7"])
def test_announced_rounds_of_a_terminated_iteration_may_never_show_an_execution(engine):
    """Correction 11: frames of the failed round and of those in flight never come, and the error names no node."""
    end = {
        "graphon <= 0.6": iteration_completed("it", {"1": 0.5}, status="failed"),
        "graphon >= 0.7": iteration_completed("it", {"1": 0.5, "0": 0.7, "2": 0.7}, status="failed"),
    }
    run = workflow(
        workflow_started(),
        iteration_started("it", 3),
        [iteration_next("it", index) for index in range(3)],
        ran("a.1", iteration=("it", 1)),
        end[engine],
        workflow_finished("failed", error="Failed to invoke code 'c': boom"),
    )
    assert tree_of(run) == outline("""
        it#0 failed
          round 1 in 0.5 s
            a.1
    """)
    assert anomalies(run) == []


# ---- the table of engines: iterations in parallel before 1.9


LEGACY_ROUNDS = outline("""
    it#0
      round 0 in 0.5 s
        a.1
      round 1 in 0.25 s
        a.2
""")


@pytest.mark.parametrize("order", ["end first", "announcement first"])
def test_a_legacy_parallel_round_is_named_by_its_run_id(order):
    """0.8-1.8: the run id of the start, of the end and of the `iteration_next` at the end of the round are one."""
    first = [legacy_finished("a.1", "0b1"), legacy_next(1, "0b1")]
    second = [legacy_finished("a.2", "77e"), legacy_next(2, "77e")]  # its index is the number of rounds: a phantom
    if order == "announcement first":
        first.reverse()
        second.reverse()
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        legacy_started("a.1", "0b1"),
        legacy_started("a.2", "77e"),
        second,
        first,
        iteration_completed("it", {LEGACY_PARALLEL["77e"]: 0.25, LEGACY_PARALLEL["0b1"]: 0.5}),
    )
    assert got == LEGACY_ROUNDS


def test_a_legacy_parallel_execution_whose_start_was_lost_is_named_by_the_run_id_of_its_end():
    """The key stands in `execution_metadata.parallel_mode_run_id` too."""
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        legacy_started("a.1", "0b1"),
        legacy_finished("a.2", "77e"),
        legacy_next(2, "77e"),
        legacy_finished("a.1", "0b1"),
        legacy_next(1, "0b1"),
        iteration_completed("it", {LEGACY_PARALLEL["77e"]: 0.25, LEGACY_PARALLEL["0b1"]: 0.5}),
    )
    assert got == LEGACY_ROUNDS


def test_before_0_8_an_iteration_is_named_by_the_metadata_of_the_end_alone():
    """Neither start nor end has an `iteration_id`; one round comes after the other."""
    assert tree(
        ran("s.1"),
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", metadata={"iteration_id": "it", "iteration_index": 0}),
        ran("b.1", metadata={"iteration_id": "it", "iteration_index": 0}),
        iteration_next("it", 1),
        ran("a.2", metadata={"iteration_id": "it", "iteration_index": 1}),
        ran("b.2", metadata={"iteration_id": "it", "iteration_index": 1}),
        iteration_next("it", 2),
        iteration_completed("it"),
        ran("e.1"),
    ) == outline("""
        s.1
        it#0
          round 0
            a.1
            b.1
          round 1
            a.2
            b.2
        e.1
    """)


def test_a_legacy_iteration_that_is_terminated_ends_before_its_child_and_once_more():
    """0.8-1.8: it is one end of one iteration."""
    run = workflow(
        workflow_started(),
        iteration_started("it"),
        iteration_next("it", 0),
        started("a.1", iteration="it"),
        iteration_completed("it", status="failed", elapsed_time=0.5),
        finished("a.1", "failed", iteration=("it", 0), error="no"),
        iteration_completed("it", status="failed", elapsed_time=0.5),
        workflow_finished("failed", error="no"),
    )
    assert anomalies(run) == []
    assert tree_of(run) == outline("""
        it#0 failed
          round 0 failed
            a.1 failed: no
    """)


def test_metadata_that_names_an_iteration_that_was_never_seen_moves_nothing():
    assert tree(ran("a.1", metadata={"iteration_id": "it", "iteration_index": 0})) == "a.1"


@pytest.mark.parametrize("key", [None, LEGACY_PARALLEL["0b1"]])
def test_an_announcement_of_a_legacy_iteration_times_the_round_before(key):
    """0.8-1.8: the end of the iteration may tell no times. A phantom times the last round."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        started("a.1", iteration="it", parallel_run_id=key),
        finished("a.1", iteration="it", metadata={"parallel_mode_run_id": key}),
        iteration_next("it", 1, parallel_mode_run_id=key, duration=1.5),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0 in 1.5 s
            a.1
    """)


def test_several_executions_of_a_legacy_parallel_round_stand_together():
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        legacy_started("a.1", "0b1"),
        legacy_started("a.2", "77e"),
        legacy_finished("a.1", "0b1"),
        legacy_started("b.1", "0b1"),
        legacy_finished("a.2", "77e"),
        legacy_finished("b.1", "0b1"),
        legacy_next(1, "0b1"),
        legacy_started("b.2", "77e"),
        legacy_finished("b.2", "77e"),
        legacy_next(2, "77e"),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0 in 0.5 s
            a.1
            b.1
          round 1 in 0.5 s
            a.2
            b.2
    """)


def test_a_legacy_parallel_round_that_nobody_names_stays_unassigned():
    """Terminated: the round's `iteration_next` never comes, and its run id says nothing by itself."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        legacy_started("a.1", "0b1"),
        legacy_finished("a.1", "0b1"),
        iteration_completed("it", {LEGACY_PARALLEL["0b1"]: 0.5}),
    ) == outline("""
        it#0
          unassigned
            a.1
    """)


def test_a_legacy_run_id_of_decimal_digits_is_no_round():
    """A run id is 32 hexadecimal digits, which may all happen to be decimal."""
    key = "12345678901234567890123456789012"
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        started("a.1", iteration="it", parallel_run_id=key),
        finished("a.1", iteration="it", metadata={"parallel_mode_run_id": key}),
        iteration_next("it", 1, parallel_mode_run_id=key),
        iteration_completed("it", {key: 0.5, "00000000000000000000000000000000": 0.75}),
    ) == outline("""
        it#0
          round 0 in 0.5 s
            a.1
    """)


# ---- the table of engines: loops


def test_round_0_of_a_loop_is_never_announced():
    """All engines. graphon 0.7 and later and 0.8-1.8: next(k) before a real round k."""
    got = tree(
        loop_started("lp"),
        ran("a.1", loop="lp"),
        loop_next("lp", 1),
        ran("a.2", loop="lp"),
        loop_completed("lp"),
    )
    assert got == TWO_LOOP_ROUNDS


def test_a_loop_that_ends_by_its_count_announces_one_round_too_many():
    """graphon 0.6 and before: next(k) after round k - 1, so next(loop_count) is a phantom."""
    assert tree(
        loop_started("lp"),
        ran("a.1", loop=("lp", 0)),
        loop_next("lp", 1),
        ran("a.2", loop=("lp", 1)),
        loop_next("lp", 2),
        loop_completed("lp", {"0": 0.5, "1": 0.75}, steps=2),
    ) == outline("""
        lp#0
          round 0 in 0.5 s
            a.1
          round 1 in 0.75 s
            a.2
    """)


def test_a_loop_that_breaks_has_the_rounds_that_ran_and_not_its_steps():
    """C.5: `steps` is the maximum. The Exit Loop node (`loop-end`) is an execution like any other."""
    assert tree(
        loop_started("lp", 5),
        ran("a.1", loop=("lp", 0)),
        loop_next("lp", 1),
        ran("a.2", loop=("lp", 1)),
        ran("exit.1", loop=("lp", 1)),
        loop_completed("lp", steps=5, outputs={"loop_round": 2}, metadata={"completed_reason": "loop_break"}),
    ) == outline("""
        lp#0
          round 0
            a.1
          round 1
            a.2
            exit.1
    """)


def test_a_loop_whose_break_condition_holds_at_once_has_no_rounds():
    assert tree(loop_started("lp", 5), loop_completed("lp", steps=0)) == "lp#0"


def test_the_current_round_of_a_loop_is_round_0_until_another_one_is_announced():
    script = [loop_started("lp"), started("a.1", loop="lp")]
    assert live_tree(script) == outline("""
        lp#0 running
          round 0 running
            a.1 running
    """)
    assert live_tree(script, finished("a.1", loop=("lp", 0)), loop_next("lp", 1), started("a.2", loop="lp")) == outline("""
        lp#0 running
          round 0
            a.1
          round 1 running
            a.2 running
    """)


def test_executions_beside_each_other_in_one_round_of_a_loop_do_not_make_it_parallel():
    """Rounds of a loop always come one after another."""
    assert tree(
        loop_started("lp"),
        started("a.1", loop="lp"),
        started("b.1", loop="lp"),
        finished("a.1", loop="lp"),
        finished("b.1", loop="lp"),
        loop_next("lp", 1),
        started("a.2", loop="lp"),
        started("b.2", loop="lp"),
        finished("b.2", loop="lp"),
        finished("a.2", loop="lp"),
        loop_next("lp", 2),
        loop_completed("lp"),
    ) == outline("""
        lp#0
          round 0
            a.1
            b.1
          round 1
            a.2
            b.2
    """)


# ---- the order of the trace


def test_executions_of_a_round_stand_in_the_order_in_which_they_began():
    """C.13.9: by their first frames, whenever the round became known."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        started("a.1", iteration="it"),
        started("b.1", iteration="it"),
        finished("b.1", iteration=("it", 0)),
        finished("a.1", iteration=("it", 0)),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            a.1
            b.1
    """)


def test_a_container_that_turns_out_to_be_beside_stands_where_it_began():
    assert tree(
        [loop_started("A"), ran("a.1", loop=("A", 0))],
        loop_started("B"),
        ran("c.1"),
        ran("b.1", loop=("B", 0)),
        [loop_completed("A"), loop_completed("B")],
    ) == outline("""
        A#0
          round 0
            a.1
        B#0
          round 0
            b.1
        c.1
    """)


# ---- states of containers, rounds and what is in them


def test_an_empty_iteration_is_a_container_without_rounds():
    """graphon 0.7 and later: a start of length 0 and an end; before it, no frame at all."""
    assert tree(ran("a.1"), iteration_started("it", 0), iteration_completed("it", steps=0), ran("b.1")) == outline("""
        a.1
        it#0
        b.1
    """)


def test_a_failed_child_fails_its_round_and_not_its_container():
    """C.3: continue on error. Each keeps its own status."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0), status="failed", error="no"),
        iteration_next("it", 1),
        ran("a.2", iteration=("it", 1)),
        iteration_completed("it", outputs={"output": [None, "B"]}),
    ) == outline("""
        it#0
          round 0 failed
            a.1 failed: no
          round 1
            a.2
    """)


def test_a_failed_container_does_not_fail_its_children():
    assert tree(
        loop_started("lp"),
        ran("a.1", loop=("lp", 0)),
        loop_completed("lp", status="failed"),
    ) == outline("""
        lp#0 failed
          round 0
            a.1
    """)


def test_the_end_of_a_container_tells_its_tokens_which_are_those_of_its_children():
    """C.7: the container's total is shown and not counted again."""
    run = workflow(
        workflow_started(),
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0), metadata={"total_tokens": 12}),
        iteration_completed(
            "it", total_tokens=12, metadata={"total_tokens": 12, "total_price": "0.5", "currency": "USD"}
        ),
        workflow_finished(),
    )
    assert tree_of(run) == outline("""
        it#0, 12 tokens
          round 0
            a.1, 12 tokens
    """)
    assert (run.leaf_tokens, run.leaf_cost) == (12, {})


def test_a_container_knows_its_title_inputs_and_outputs():
    run = workflow(
        workflow_started(),
        iteration_started("it", 1, inputs={"iterator_selector": ["x"]}, created_at=1700000001),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_completed("it", {"0": 0.5}, outputs={"output": ["X"]}, elapsed_time=0.75, finished_at=1700000002),
        workflow_finished(),
    )
    (container,) = run.nodes
    assert (container.node_id, container.type, container.title) == ("it", "iteration", "IT")
    assert (container.inputs, container.outputs) == ({"iterator_selector": ["x"]}, {"output": ["X"]})
    assert (container.started_at, container.finished_at, container.elapsed_time) == (1700000001, 1700000002, 0.75)


def test_a_container_that_never_ends_is_unknown_and_keeps_its_rounds():
    """C.3, C.9: the server sends nothing for what is open when a run ends."""
    assert tree(loop_started("lp"), ran("a.1", loop=("lp", 0)), loop_next("lp", 1)) == outline("""
        lp#0 unknown
          round 0
            a.1
    """)


# ---- nested, one kind


def nested_iterations(name: str) -> Script:
    """Two outer rounds with two inner ones each; `name` says how an engine names the container of a leaf."""
    return [
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=(name, 0)),
        iteration_next("in", 1),
        ran("a.2", iteration=(name, 1)),
        iteration_completed("in"),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.3", iteration=(name, 0)),
        iteration_next("in", 1),
        ran("a.4", iteration=(name, 1)),
        iteration_completed("in"),
        iteration_completed("out"),
    ]


NESTED = outline("""
    out#0
      round 0
        in#0
          round 0
            a.1
          round 1
            a.2
      round 1
        in#1
          round 0
            a.3
          round 1
            a.4
""")


def test_the_outer_one_of_two_iterations_is_named_with_the_index_of_the_inner_one():
    """Correction 2, graphon 0.6 and before: the index belongs to the innermost, found by descending."""
    assert tree(nested_iterations("out")) == NESTED


def test_an_iteration_that_starts_again_while_another_one_is_open_is_inside_it():
    """graphon 0.7 and later name the inner one, so nothing names the outer one; a container outside runs once."""
    assert tree(nested_iterations("in")) == NESTED


def test_the_outer_one_of_two_loops_is_named_with_the_index_of_the_inner_one():
    """Correction 2; phantoms of both loops are in the script."""
    got = tree(
        loop_started("out"),
        loop_started("in"),
        ran("a.1", loop=("out", 0)),
        loop_next("in", 1),
        ran("a.2", loop=("out", 1)),
        loop_next("in", 2),
        loop_completed("in"),
        loop_next("out", 1),
        loop_started("in"),
        ran("a.3", loop=("out", 0)),
        loop_next("in", 1),
        ran("a.4", loop=("out", 1)),
        loop_next("in", 2),
        loop_completed("in"),
        loop_next("out", 2),
        loop_completed("out"),
    )
    assert got == NESTED


def test_direct_children_of_the_outer_one_stand_beside_the_inner_one():
    """Before it starts and after it ended, the named container is the innermost."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        ran("before.1", iteration=("out", 0)),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("out", 0)),
        iteration_next("in", 1),
        ran("a.2", iteration=("out", 1)),
        iteration_completed("in"),
        ran("after.1", iteration=("out", 0)),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            before.1
            in#0
              round 0
                a.1
              round 1
                a.2
            after.1
    """)


def test_a_node_that_was_seen_in_the_outer_one_is_not_drawn_into_the_inner_one():
    """A node of the graph lives in one container; in round 0 it came before the inner one, in round 1 beside it."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        ran("beside.1", iteration=("out", 0)),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("out", 0)),
        iteration_completed("in"),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("beside.2", iteration=("out", 1)),
        ran("a.2", iteration=("out", 0)),
        iteration_completed("in"),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            beside.1
            in#0
              round 0
                a.1
          round 1
            in#1
              round 0
                a.2
            beside.2
    """)


@pytest.mark.parametrize("engine", ["graphon <= 0.6", "graphon >= 0.7"])
def test_three_levels_of_one_kind(engine):
    """A leaf names the outermost of them (correction 2), or since graphon 0.7 the innermost; the index is the latter's."""
    inner, middle = ("out", "out") if engine == "graphon <= 0.6" else ("in", "mid")
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_started("mid"),
        iteration_next("mid", 0),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=(inner, 0)),
        iteration_next("in", 1),
        ran("a.2", iteration=(inner, 1)),
        iteration_completed("in"),
        iteration_next("mid", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.3", iteration=(inner, 0)),
        iteration_completed("in"),
        ran("b.1", iteration=(middle, 1)),
        iteration_completed("mid"),
        iteration_next("out", 1),
        iteration_started("mid"),
        iteration_next("mid", 0),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.4", iteration=(inner, 0)),
        iteration_completed("in"),
        ran("b.2", iteration=(middle, 0)),
        iteration_completed("mid"),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            mid#0
              round 0
                in#0
                  round 0
                    a.1
                  round 1
                    a.2
              round 1
                in#1
                  round 0
                    a.3
                b.1
          round 1
            mid#1
              round 0
                in#2
                  round 0
                    a.4
                b.2
    """)


def test_an_inner_container_that_starts_beside_a_running_sibling_is_inside():
    """C.5: the outer one is in a round, so what starts is its child; the sibling runs on in its own branch.

    The next outer round proves it once more: a container outside containers runs once.
    """
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        started("beside.1", iteration="out"),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("out", 0)),
        iteration_completed("in"),
        finished("beside.1", iteration=("out", 0)),
        iteration_next("out", 1),
        started("beside.2", iteration="out"),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.2", iteration=("out", 0)),
        iteration_completed("in"),
        finished("beside.2", iteration=("out", 1)),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            beside.1
            in#0
              round 0
                a.1
          round 1
            beside.2
            in#1
              round 0
                a.2
    """)


def test_a_direct_child_in_the_same_block_tells_the_outer_round_of_an_inner_iteration():
    """Correction 2: with one kind in a parallel outer one, the outer round is nowhere else on the wire."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_next("out", 1),
        ran("sub.1", iteration=("out", 1)),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("out", 0)),
        iteration_next("in", 1),
        ran("a.2", iteration=("out", 1)),
        iteration_completed("in"),
        ran("sub.2", iteration=("out", 0)),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.3", iteration=("out", 0)),
        iteration_next("in", 1),
        ran("a.4", iteration=("out", 1)),
        iteration_completed("in"),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            sub.2
            in#1
              round 0
                a.3
              round 1
                a.4
          round 1
            sub.1
            in#0
              round 0
                a.1
              round 1
                a.2
    """)


def test_a_direct_child_after_the_inner_iteration_is_in_the_same_block():
    """Correction 2: the block begins with the inner one, and the direct child that ends it tells its round."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("out", 0)),
        iteration_completed("in"),
        ran("sub.1", iteration=("out", 1)),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.2", iteration=("out", 0)),
        iteration_completed("in"),
        ran("sub.2", iteration=("out", 0)),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            in#1
              round 0
                a.2
            sub.2
          round 1
            in#0
              round 0
                a.1
            sub.1
    """)


def test_without_a_direct_child_the_outer_round_of_an_inner_iteration_stays_unknown():
    """Correction 2: `unassigned` is a right answer. What is inside the inner one is known all the same."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("out", 0)),
        iteration_completed("in"),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.2", iteration=("out", 0)),
        iteration_completed("in"),
        iteration_completed("out"),
    ) == outline("""
        out#0
          unassigned
            in#0
              round 0
                a.1
            in#1
              round 0
                a.2
    """)


def test_inner_iterations_of_interleaving_rounds_are_inside_in_some_round():
    """graphon 0.7 and later: two occurrences are open at once, and no frame tells which of them it means.

    That both are inside is proved by the second start; in which rounds, and which leaf is whose, is nowhere.
    """
    run = workflow(
        workflow_started(),
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        started("a.1", iteration="in"),
        iteration_started("in"),
        iteration_next("in", 0),
        started("a.2", iteration="in"),
        finished("a.1", iteration=("in", 0)),
        finished("a.2", iteration=("in", 0)),
        iteration_completed("in"),
        iteration_completed("in"),
        iteration_completed("out"),
        workflow_finished(),
    )
    (outer,) = run.nodes
    assert [node.id for node in outer.unassigned] == ["in#0", "in#1"]
    assert [node.id for node in outer.walk() if node.container is None] == ["a.1", "a.2"]
    assert {node.status for node in run.walk()} == {"succeeded"}


def test_inner_iterations_that_start_before_any_leaf_are_inside_too():
    """The same, where the second one starts before a leaf names the first."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("in", 0)),
        iteration_completed("in"),
        iteration_completed("in"),
        iteration_completed("out"),
    ).splitlines()[:3] == ["out#0", "  unassigned", "    in#0"]


def test_where_leaves_name_the_inner_one_a_child_that_names_the_outer_one_is_directly_in_it():
    """graphon 0.7 and later, known by the leaf before: nothing is descended then (correction 2 is of engines before)."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("in", 0)),
        iteration_completed("in"),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        started("a.2", iteration="in"),
        ran("beside.1", iteration=("out", 1)),
        finished("a.2", iteration=("in", 0)),
        iteration_completed("in"),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            in#0
              round 0
                a.1
          round 1
            in#1
              round 0
                a.2
            beside.1
    """)


def test_an_iteration_that_starts_again_is_inside_what_was_open_both_times():
    """A loop was open beside it the first time only, so it cannot be the loop that repeats it."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        loop_started("lp"),
        ran("x.1", iteration=("out", 0), loop=("lp", 0)),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("in", 0)),
        iteration_completed("in"),
        loop_completed("lp"),
        iteration_next("out", 1),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.2", iteration=("in", 0)),
        iteration_completed("in"),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            lp#0
              round 0
                x.1
            in#0
              round 0
                a.1
          round 1
            in#1
              round 0
                a.2
    """)


# ---- nested, two kinds


def test_a_loop_in_an_iteration_is_named_together_with_it():
    """Correction 2: leaves carry both ids and both rounds; `pick` names the iteration alone and is directly in it."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        loop_started("lp"),
        ran("a.1", iteration=("it", 0), loop=("lp", 0)),
        loop_next("lp", 1),
        ran("a.2", iteration=("it", 0), loop=("lp", 1)),
        loop_next("lp", 2),
        loop_completed("lp"),
        ran("pick.1", iteration=("it", 0)),
        iteration_next("it", 1),
        loop_started("lp"),
        ran("a.3", iteration=("it", 1), loop=("lp", 0)),
        loop_next("lp", 1),
        ran("a.4", iteration=("it", 1), loop=("lp", 1)),
        loop_next("lp", 2),
        loop_completed("lp"),
        ran("pick.2", iteration=("it", 1)),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#0
              round 0
                a.1
              round 1
                a.2
            pick.1
          round 1
            lp#1
              round 0
                a.3
              round 1
                a.4
            pick.2
    """)


def test_an_iteration_in_a_loop_is_named_together_with_it():
    assert tree(
        loop_started("lp"),
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", loop=("lp", 0), iteration=("it", 0)),
        iteration_next("it", 1),
        ran("a.2", loop=("lp", 0), iteration=("it", 1)),
        iteration_completed("it"),
        loop_next("lp", 1),
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.3", loop=("lp", 1), iteration=("it", 0)),
        iteration_next("it", 1),
        ran("a.4", loop=("lp", 1), iteration=("it", 1)),
        iteration_completed("it"),
        ran("exit.1", loop=("lp", 1)),
        loop_completed("lp"),
    ) == outline("""
        lp#0
          round 0
            it#0
              round 0
                a.1
              round 1
                a.2
          round 1
            it#1
              round 0
                a.3
              round 1
                a.4
            exit.1
    """)


def test_an_execution_that_names_one_container_is_directly_in_it_while_the_inner_one_is_open():
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
        ran("beside.1", iteration=("it", 0)),
        finished("a.1", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp"),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#0
              round 0
                a.1
            beside.1
    """)


def test_an_inner_container_that_starts_beside_a_running_sibling_is_inside_once_a_leaf_names_both():
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        started("beside.1", iteration="it"),
        loop_started("lp"),
        ran("a.1", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp"),
        finished("beside.1", iteration=("it", 0)),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            beside.1
            lp#0
              round 0
                a.1
    """)


def test_three_levels_of_two_kinds():
    """A loop in an iteration in a loop. Of the two loops the outer one is named, with the index of the inner one."""
    assert tree(
        loop_started("out"),
        iteration_started("it"),
        iteration_next("it", 0),
        loop_started("in"),
        ran("a.1", loop=("out", 0), iteration=("it", 0)),
        loop_next("in", 1),
        ran("a.2", loop=("out", 1), iteration=("it", 0)),
        loop_next("in", 2),
        loop_completed("in"),
        iteration_next("it", 1),
        loop_started("in"),
        ran("a.3", loop=("out", 0), iteration=("it", 1)),
        loop_completed("in"),
        iteration_completed("it"),
        loop_completed("out"),
    ) == outline("""
        out#0
          round 0
            it#0
              round 0
                in#0
                  round 0
                    a.1
                  round 1
                    a.2
              round 1
                in#1
                  round 0
                    a.3
    """)


# ---- nested in a parallel iteration


LOOPS_IN_PARALLEL_ROUNDS = outline("""
    it#0
      round 0
        lp#1
          round 0
            a.3
          round 1
            a.4
      round 1
        lp#0
          round 0
            a.1
          round 1
            a.2
""")


def test_the_first_child_to_finish_tells_the_outer_round_of_its_loop():
    """Correction 2, blocks of graphon 0.6 and before: the whole loop moves, with what is in it."""
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        ran("a.1", iteration=("it", 1), loop=("lp", 0)),
        loop_next("lp", 1),
        ran("a.2", iteration=("it", 1), loop=("lp", 1)),
        loop_next("lp", 2),
        loop_completed("lp"),
        loop_started("lp"),
        ran("a.3", iteration=("it", 0), loop=("lp", 0)),
        loop_next("lp", 1),
        ran("a.4", iteration=("it", 0), loop=("lp", 1)),
        loop_next("lp", 2),
        loop_completed("lp"),
        iteration_completed("it"),
    )
    assert got == LOOPS_IN_PARALLEL_ROUNDS


def test_until_a_child_finishes_nobody_knows_the_outer_round_of_its_loop():
    script = [
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
    ]
    assert live_tree(script) == outline("""
        it#0 running
          unassigned
            lp#0 running
              round 0 running
                a.1 running
    """)
    assert live_tree(script, retried("a.1", 1, iteration=("it", 1), loop=("lp", 0))) == outline("""
        it#0 running
          round 1 running
            lp#0 running
              round 0 running
                a.1 running after 1 retries
    """)


def test_a_second_occurrence_is_not_inside_the_first_one():
    """A container is never inside itself: the loop of the other round starts while nothing runs in this one."""
    assert live_tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        loop_started("lp"),
    ) == outline("""
        it#0 running
          unassigned
            lp#0 running
            lp#1 running
    """)


def test_two_loops_of_interleaving_rounds_are_kept_apart():
    """graphon 0.7 and later: two occurrences of the loop are open at once, and each end tells which one it means."""
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
        loop_started("lp"),
        started("a.3", iteration="it", loop="lp"),
        finished("a.3", iteration=("it", 0), loop=("lp", 0)),
        finished("a.1", iteration=("it", 1), loop=("lp", 0)),
        loop_next("lp", 1),
        started("a.2", iteration="it", loop="lp"),
        loop_next("lp", 1),
        started("a.4", iteration="it", loop="lp"),
        finished("a.4", iteration=("it", 0), loop=("lp", 1)),
        finished("a.2", iteration=("it", 1), loop=("lp", 1)),
        loop_completed("lp"),
        loop_completed("lp"),
        iteration_completed("it"),
    )
    assert got == LOOPS_IN_PARALLEL_ROUNDS


@pytest.mark.parametrize("ends", ["while the other one is idle", "while the other one works", "last"])
def test_rounds_of_a_loop_stay_together_whichever_loop_ends_first(ends):
    """Which occurrence an end means is not on the wire unless its metadata says so; the leaves stay right.

    Which of two loops is called #0 is not on the wire either, once both have begun before a child of theirs.
    """
    end, others = loop_completed("lp"), {"while the other one is idle": 1, "while the other one works": 2, "last": 3}
    rest = [
        started("a.2", iteration="it", loop="lp"),
        finished("a.2", iteration=("it", 1), loop=("lp", 1)),
    ]
    rest.insert(others[ends] - 1, end)
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        loop_started("lp"),
        ran("a.1", iteration=("it", 1), loop=("lp", 0)),
        ran("a.3", iteration=("it", 0), loop=("lp", 0)),
        rest,
        loop_completed("lp"),
        iteration_completed("it"),
    )
    assert got.replace("lp#0", "lp#?").replace("lp#1", "lp#?") == outline("""
        it#0
          round 0
            lp#?
              round 0
                a.3
          round 1
            lp#?
              round 0
                a.1
              round 1
                a.2
    """)


def test_an_end_that_names_the_outer_round_closes_the_loop_of_that_round():
    """graphon 0.7 and later may say it in `execution_metadata`; here the loop of round 0 fails, that of round 1 not."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        ran("a.1", iteration=("it", 1), loop=("lp", 0)),
        loop_started("lp"),
        ran("a.2", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp", status="failed", metadata={"iteration_id": "it", "iteration_index": 0}),
        loop_completed("lp", metadata={"iteration_id": "it", "iteration_index": 1}),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0 failed
            lp#1 failed
              round 0
                a.2
          round 1
            lp#0
              round 0
                a.1
    """)


def test_an_end_that_names_the_outer_round_closes_the_loop_of_that_round_whatever_runs_in_it():
    """The same, where the loop that goes on is idle and the one that ends has lost the end of a child."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
        retried("a.1", 1, iteration=("it", 1), loop=("lp", 0)),
        loop_started("lp"),
        ran("a.2", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp", status="failed", metadata={"iteration_id": "it", "iteration_index": 1}),
        loop_completed("lp", metadata={"iteration_id": "it", "iteration_index": 0}),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#1
              round 0
                a.2
          round 1 failed
            lp#0 failed
              round 0 unknown
                a.1 unknown after 1 retries
    """)


def test_an_execution_moves_to_the_loop_whose_outer_round_its_end_names():
    """It was put into the loop that began last; that one is in another round, so the first loop is meant."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
        loop_started("lp"),
        ran("b.1", iteration=("it", 1), loop=("lp", 0)),
        ran("b.2", iteration=("it", 0), loop=("lp", 0)),
        finished("a.1", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp"),
        loop_completed("lp"),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#0
              round 0
                a.1
                b.2
          round 1
            lp#1
              round 0
                b.1
    """)


def test_an_execution_belongs_to_the_loop_that_is_known_to_be_in_its_outer_round():
    """A loop runs once in each round: the one that began last is in another round, though nobody has told which."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
        retried("a.1", 1, iteration=("it", 1), loop=("lp", 0)),
        loop_started("lp"),
        ran("b.1", iteration=("it", 1), loop=("lp", 0)),
        ran("b.2", iteration=("it", 0), loop=("lp", 0)),
        finished("a.1", iteration=("it", 1), loop=("lp", 0)),
        loop_completed("lp"),
        loop_completed("lp"),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#1
              round 0
                b.2
          round 1
            lp#0
              round 0
                a.1 after 1 retries
                b.1
    """)


def test_of_several_loops_the_one_that_is_known_to_be_in_the_round_is_meant():
    """Rather than one of which nothing is known yet."""
    assert tree(
        iteration_started("it", 3),
        [iteration_next("it", index) for index in range(3)],
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp"),
        retried("a.1", 1, iteration=("it", 1), loop=("lp", 0)),
        loop_started("lp"),
        started("a.2", iteration="it", loop="lp"),
        retried("a.2", 1, iteration=("it", 0), loop=("lp", 0)),
        started("b.1", iteration="it", loop="lp"),
        loop_started("lp"),
        finished("b.1", iteration=("it", 1), loop=("lp", 0)),
        ran("b.2", iteration=("it", 2), loop=("lp", 0)),
        [finished(f"a.{n}", iteration=("it", 2 - n), loop=("lp", 0)) for n in (1, 2)],
        [loop_completed("lp")] * 3,
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#1
              round 0
                a.2 after 1 retries
          round 1
            lp#0
              round 0
                a.1 after 1 retries
                b.1
          round 2
            lp#2
              round 0
                b.2
    """)


def test_a_leaf_whose_outer_round_has_no_loop_proves_that_the_start_of_one_was_lost():
    """C.13.4: both of its indices are true (correction 2), so it stands in no loop of another round."""
    run = workflow(
        workflow_started(),
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_next("it", 1),
        loop_started("lp"),
        ran("a.1", iteration=("it", 1), loop=("lp", 0)),
        ran("a.2", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp"),
        loop_completed("lp"),
        iteration_completed("it"),
        workflow_finished(),
    )
    assert tree_of(run) == outline("""
        it#0
          round 0
            lp#1
              round 0
                a.2
          round 1
            lp#0
              round 0
                a.1
    """)


def test_a_parallel_iteration_in_a_loop_begins_anew_in_every_round_of_it():
    assert tree(
        loop_started("lp"),
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        ran("a.1", loop=("lp", 0), iteration=("it", 1)),
        ran("a.2", loop=("lp", 0), iteration=("it", 0)),
        iteration_completed("it"),
        loop_next("lp", 1),
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        ran("a.3", loop=("lp", 1), iteration=("it", 0)),
        ran("a.4", loop=("lp", 1), iteration=("it", 1)),
        iteration_completed("it"),
        loop_next("lp", 2),
        loop_completed("lp"),
    ) == outline("""
        lp#0
          round 0
            it#0
              round 0
                a.2
              round 1
                a.1
          round 1
            it#1
              round 0
                a.3
              round 1
                a.4
    """)


# ---- what the end of a container says of the one around it


@pytest.mark.parametrize(
    "outer",
    [{"iteration_id": "it", "iteration_index": 1}, {"iteration_index": 1}, {"iteration_id": "it"}],
    ids=["id and index", "index", "id"],
)
def test_the_end_of_a_container_proves_where_it_stands(outer):
    """C.5: "`*_completed` has an outer id or index in `execution_metadata`": then it is there.

    No child of the loop was seen, and it starts while another branch of the round runs: nothing else tells.
    """
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_next("it", 1),
        started("a.2", iteration="it"),
        loop_started("lp", 0),
        loop_completed("lp", metadata=outer),
        finished("a.2", iteration=("it", 1)),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            a.1
          round 1
            a.2
            lp#0
    """)


def test_one_end_that_names_the_outer_round_proves_nesting_of_one_kind():
    """graphon 0.7 and later: leaves name the inner one, and one outer round does not start it twice."""
    assert tree(
        iteration_started("out"),
        iteration_next("out", 0),
        iteration_started("in"),
        iteration_next("in", 0),
        ran("a.1", iteration=("in", 0)),
        iteration_completed("in", metadata={"iteration_id": "out", "iteration_index": 0}),
        iteration_completed("out"),
    ) == outline("""
        out#0
          round 0
            in#0
              round 0
                a.1
    """)


def test_an_end_that_names_its_own_container_proves_nothing():
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_completed("it", metadata={"iteration_id": "it", "iteration_index": 3}),
    ) == outline("""
        it#0
          round 0
            a.1
    """)


def test_an_end_that_names_a_container_that_was_never_seen_proves_nothing():
    assert tree(
        loop_started("lp"),
        ran("a.1", loop=("lp", 0)),
        loop_completed("lp", metadata={"iteration_id": "lost", "iteration_index": 3}),
    ) == outline("""
        lp#0
          round 0
            a.1
    """)


def test_an_end_cannot_put_a_container_into_what_it_holds():
    assert tree(
        loop_started("lp"),
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", loop=("lp", 0), iteration=("it", 0)),
        iteration_completed("it"),
        loop_completed("lp", metadata={"iteration_id": "it", "iteration_index": 0}),
    ) == outline("""
        lp#0
          round 0
            it#0
              round 0
                a.1
    """)


# ---- two containers beside each other, in parallel branches of the graph


SIDE_BY_SIDE = outline("""
    A#0
      round 0
        a.1
      round 1
        a.2
    B#0
      round 0
        b.1
      round 1
        b.2
""")

CONTAINERS = {
    "iteration": (iteration_started, iteration_next, iteration_completed),
    "loop": (loop_started, loop_next, loop_completed),
}

every_pair = pytest.mark.parametrize(("first", "second"), [(a, b) for a in CONTAINERS for b in CONTAINERS])
told_or_not = pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])


class Side:
    """One of two containers beside each other: words for its frames."""

    def __init__(self, name: str, kind: str, told: bool) -> None:
        self.name, self.kind, self.told = name, kind, told
        self.start, self.next_frame, self.end = CONTAINERS[kind]

    def begin(self) -> Script:
        return self.start(self.name)

    def next(self, index: int) -> Script:
        """Round 0 of a loop is not announced."""
        return [] if self.kind == "loop" and index == 0 else self.next_frame(self.name, index)

    def ran(self, execution: str, index: int) -> Script:
        return [self.started(execution), self.finished(execution, index)]

    def started(self, execution: str) -> Script:
        return started(execution, **{self.kind: self.name})

    def finished(self, execution: str, index: int) -> Script:
        return finished(execution, **{self.kind: (self.name, index) if self.told else self.name})

    def completed(self) -> Script:
        return self.end(self.name)


@told_or_not
@every_pair
def test_containers_beside_each_other_where_the_second_one_shows_a_child_first(first, second, told):
    """B starts between two rounds of A, which looks as if it were inside; its child names it alone: it is not."""
    a, b = Side("A", first, told), Side("B", second, told)
    got = tree(
        [a.begin(), a.next(0), a.ran("a.1", 0)],
        [b.begin(), b.next(0), b.ran("b.1", 0)],
        [a.next(1), a.ran("a.2", 1)],
        [b.next(1), b.ran("b.2", 1)],
        [a.completed(), b.completed()],
    )
    assert got == SIDE_BY_SIDE


@told_or_not
@every_pair
def test_containers_beside_each_other_where_the_first_one_goes_on_first(first, second, told):
    """A's node is known to be A's own, so the open B does not draw it in."""
    a, b = Side("A", first, told), Side("B", second, told)
    got = tree(
        [a.begin(), a.next(0), a.ran("a.1", 0)],
        b.begin(),
        [a.next(1), a.ran("a.2", 1)],
        [b.next(0), b.ran("b.1", 0)],
        a.completed(),
        [b.next(1), b.ran("b.2", 1)],
        b.completed(),
    )
    assert got == SIDE_BY_SIDE


@told_or_not
@every_pair
def test_containers_beside_each_other_that_start_before_either_shows_a_child(first, second, told):
    """Nothing is known of A's node when it starts; B's first child proves that it was never in B."""
    a, b = Side("A", first, told), Side("B", second, told)
    got = tree(
        [a.begin(), a.next(0), b.begin(), b.next(0)],
        a.ran("a.1", 0),
        b.ran("b.1", 0),
        [a.next(1), a.ran("a.2", 1)],
        [b.next(1), b.ran("b.2", 1)],
        [b.completed(), a.completed()],
    )
    assert got == SIDE_BY_SIDE


@told_or_not
@every_pair
def test_containers_beside_each_other_that_start_before_either_is_in_a_round(first, second, told):
    a, b = Side("A", first, told), Side("B", second, told)
    assert (
        tree(
            [a.begin(), b.begin(), a.next(0), b.next(0)],
            [b.ran("b.1", 0), a.ran("a.1", 0)],
            [a.next(1), b.next(1), a.ran("a.2", 1), b.ran("b.2", 1)],
            [a.completed(), b.completed()],
        )
        == SIDE_BY_SIDE
    )


@told_or_not
@every_pair
def test_containers_beside_each_other_where_the_second_one_is_slow(first, second, told):
    """A is over before B shows its first child: what seemed to be in B goes back to the rounds in which it ran."""
    a, b = Side("A", first, told), Side("B", second, told)
    got = tree(
        [a.begin(), a.next(0), b.begin(), b.next(0)],
        [a.ran("a.1", 0), a.next(1), a.ran("a.2", 1)],
        b.started("b.1"),
        a.completed(),
        b.finished("b.1", 0),
        [b.next(1), b.ran("b.2", 1)],
        b.completed(),
    )
    assert got == SIDE_BY_SIDE


@told_or_not
@every_pair
def test_containers_beside_each_other_whose_executions_overlap(first, second, told):
    a, b = Side("A", first, told), Side("B", second, told)
    got = tree(
        [a.begin(), a.next(0), a.started("a.1")],
        [b.begin(), b.next(0), b.started("b.1")],
        [a.finished("a.1", 0), a.next(1), a.started("a.2")],
        [b.finished("b.1", 0), b.next(1), b.started("b.2")],
        [b.finished("b.2", 1), b.completed()],
        [a.finished("a.2", 1), a.completed()],
    )
    assert got == SIDE_BY_SIDE


def test_what_was_drawn_into_a_container_stays_behind_when_that_proves_to_be_elsewhere():
    """A loop began beside a nested pair; until a leaf names the pair, what names that loop may be in the inner one."""
    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        loop_started("beside"),
        loop_started("lp"),
        started("b.1", loop="beside"),
        started("c.1", loop="beside"),
        finished("b.1", loop=("beside", 0)),
        ran("a.1", iteration=("it", 0), loop=("lp", 0)),
        finished("c.1", loop=("beside", 0)),
        loop_completed("beside"),
        loop_completed("lp"),
        iteration_completed("it"),
    ) == outline("""
        it#0
          round 0
            lp#0
              round 0
                a.1
        beside#0
          round 0
            b.1
            c.1
    """)


def test_an_execution_that_still_runs_goes_back_to_the_container_beside():
    """It seemed to be in B when it started; A's rounds go on after it as if it had never been there."""
    a, b = Side("A", "iteration", told=True), Side("B", "iteration", told=True)
    got = tree(
        [a.begin(), a.next(0), b.begin(), b.next(0)],
        a.started("a.1"),
        b.ran("b.1", 0),
        a.finished("a.1", 0),
        [a.next(1), a.ran("a.2", 1)],
        [b.next(1), b.ran("b.2", 1)],
        [a.completed(), b.completed()],
    )
    assert got == SIDE_BY_SIDE


def test_a_container_beside_a_parallel_one_is_not_in_it():
    """A's rounds run beside each other; B starts in the middle of them."""
    a, b = Side("A", "iteration", told=True), Side("B", "iteration", told=True)
    got = tree(
        [a.begin(), a.next(0), a.next(1), a.ran("a.1", 0)],
        [b.begin(), b.next(0), b.ran("b.1", 0)],
        a.ran("a.2", 1),
        [b.next(1), b.ran("b.2", 1)],
        [a.completed(), b.completed()],
    )
    assert got == SIDE_BY_SIDE


def test_containers_one_after_another_are_not_nested():
    a, b = Side("A", "iteration", told=True), Side("B", "loop", told=True)
    got = tree(
        [a.begin(), a.next(0), a.ran("a.1", 0), a.next(1), a.ran("a.2", 1), a.completed()],
        [b.begin(), b.next(0), b.ran("b.1", 0), b.next(1), b.ran("b.2", 1), b.completed()],
    )
    assert got == SIDE_BY_SIDE


def test_one_outer_round_leaves_open_whether_a_container_is_inside_or_beside():
    """A known gap: leaves that name the inner one of two (graphon 0.7) look like those of two beside each other."""
    assert tree(
        iteration_started("A", 1),
        iteration_next("A", 0),
        iteration_started("B", 1),
        iteration_next("B", 0),
        ran("b.1", iteration=("B", 0)),
        iteration_completed("B"),
        iteration_completed("A"),
    ) == outline("""
        A#0
        B#0
          round 0
            b.1
    """)


def test_a_nested_pair_beside_a_third_container():
    """The leaf of the pair names both of them, and A with neither."""
    assert tree(
        iteration_started("A", 1),
        iteration_next("A", 0),
        ran("a.1", iteration=("A", 0)),
        loop_started("lp", 1),
        ran("b.1", loop=("lp", 0)),
        iteration_started("in", 1),
        iteration_next("in", 0),
        ran("c.1", loop=("lp", 0), iteration=("in", 0)),
        iteration_completed("in"),
        loop_completed("lp"),
        iteration_completed("A"),
    ) == outline("""
        A#0
          round 0
            a.1
        lp#0
          round 0
            b.1
            in#0
              round 0
                c.1
    """)


def test_the_next_round_of_a_container_does_not_end_the_one_beside_it():
    """B seemed to be in round 0 of A, and is neither over nor inside; what starts then is in B, which began last."""
    assert tree(
        [loop_started("A"), ran("a.1", loop=("A", 0))],
        loop_started("B"),
        loop_next("A", 1),
        ran("b.1", loop=("B", 0)),
        [loop_started("in"), ran("c.1", loop=("B", 0)), loop_completed("in")],
        ran("a.2", loop=("A", 1)),
        [loop_completed("A"), loop_completed("B")],
    ) == outline("""
        A#0
          round 0
            a.1
          round 1
            a.2
        B#0
          round 0
            b.1
            in#0
              round 0
                c.1
    """)


@told_or_not
def test_a_container_that_starts_between_two_announcements_does_not_hide_that_rounds_are_parallel(told):
    """It is beside, so no child came between them. Without metadata `unassigned` is right, and a wrong round is not."""
    a, b = Side("A", "iteration", told), Side("B", "iteration", told)
    run = workflow(
        workflow_started(),
        [a.begin(), a.next(0), b.begin(), a.next(1), b.next(0)],
        [a.ran("a.1", 1), b.ran("b.1", 0), a.ran("a.2", 0)],
        iteration_completed("A", {"1": 0.5, "0": 0.5}),
        b.completed(),
        workflow_finished(),
    )
    assert [node.id for node in run.nodes] == ["A#0", "B#0"]
    right = {"a.1": 1, "a.2": 0, "b.1": 0}
    rounds = {name: run.executions[name].round_index for name in right}
    assert all(rounds[name] in (right[name], None) for name in right), rounds
    assert rounds == right or not told


# ---- frames out of order, lost frames


def test_children_that_come_before_their_container_are_in_it():
    """C.13.4, reordering seen on redis transports: the start fills in a container that its children made known."""
    run = workflow(
        workflow_started(),
        started("a.1", iteration="it"),
        finished("a.1", iteration=("it", 0)),
        iteration_started("it", 2, inputs={"iterator_selector": ["x", "y"]}),
        iteration_next("it", 1),
        ran("a.2", iteration=("it", 1)),
        iteration_completed("it"),
        workflow_finished(),
    )
    assert tree_of(run) == TWO_ROUNDS
    assert (run.nodes[0].title, run.nodes[0].inputs) == ("IT", {"iterator_selector": ["x", "y"]})
    assert anomalies(run) == []


def test_a_child_that_comes_before_its_container_is_unassigned_until_its_round_is_told():
    assert live_tree(started("a.1", iteration="it")) == outline("""
        it#0 running
          unassigned
            a.1 running
    """)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_container_whose_start_was_lost_shows_what_is_told(kind):
    """C.13.3: nothing is dropped; rounds come from the children's ends."""
    side = Side("C", kind, told=True)
    assert tree(
        side.ran("a.1", 0),
        side.next(1),
        side.ran("a.2", 1),
        side.completed(),
    ) == outline("""
        C#0
          round 0
            a.1
          round 1
            a.2
    """)


def test_a_loop_whose_start_was_lost_is_in_the_round_that_it_announces():
    """Its rounds come one after the other; those of an iteration may not."""
    assert live_tree(
        started("a.1", loop="lp"), finished("a.1", loop=("lp", 0)), loop_next("lp", 1), started("a.2", loop="lp")
    ) == outline("""
        lp#0 running
          round 0
            a.1
          round 1 running
            a.2 running
    """)


def test_an_execution_is_inside_both_containers_that_it_names_though_both_starts_were_lost():
    """Which of the two is inside the other one is lost with them."""
    run = workflow(workflow_started(), ran("a.1", iteration=("it", 1), loop=("lp", 2)), workflow_finished())
    leaf = run.executions["a.1"]
    inner = leaf.parent
    assert inner is not None
    assert inner.parent is not None
    assert {inner.node_id: leaf.round_index, inner.parent.node_id: inner.round_index} == {"it": 1, "lp": 2}
    assert len(run.nodes) == 1


def test_a_container_of_which_only_the_end_is_seen():
    assert tree(iteration_completed("it", {"0": 0.5}, status="failed")) == "it#0 failed"


def test_an_execution_whose_start_was_lost_is_put_into_its_round_by_its_end():
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        finished("a.1", iteration=("it", 0)),
        iteration_next("it", 1),
        finished("a.2", iteration=("it", 1)),
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS


def test_a_loop_whose_rounds_are_told_by_their_ends_alone():
    """Starts and announcements were lost."""
    got = tree(
        loop_started("lp"),
        finished("a.1", loop=("lp", 0)),
        finished("a.2", loop=("lp", 1)),
        loop_completed("lp"),
    )
    assert got == TWO_LOOP_ROUNDS


def test_the_lost_end_of_an_execution_moves_no_other_one():
    """Of the lost one itself the round was never told: the current one or `unassigned`, both are right."""
    got = tree(
        iteration_started("it", 3),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_next("it", 1),
        started("lost.1", iteration="it"),
        ran("a.2", iteration=("it", 1)),
        iteration_next("it", 2),
        ran("a.3", iteration=("it", 2)),
        iteration_completed("it"),
    )
    known = outline("""
        it#0
          round 0
            a.1
          round 1
            a.2
          round 2
            a.3
          unassigned
            lost.1 unknown
    """)
    in_its_round = outline("""
        it#0
          round 0
            a.1
          round 1 unknown
            lost.1 unknown
            a.2
          round 2
            a.3
    """)
    assert got in (known, in_its_round)


LOST_END = [
    loop_started("out"),
    loop_started("in"),
    ran("a.1", loop=("out", 0)),
    loop_next("out", 1),  # the end of "in" was lost
    loop_started("in"),
    ran("a.2", loop=("out", 0)),
    loop_completed("in"),
]


def test_a_container_whose_end_was_lost_does_not_hold_its_next_occurrence():
    """A container is never inside itself."""
    assert tree(LOST_END, loop_completed("out")) == outline("""
        out#0
          round 0 unknown
            in#0 unknown
              round 0
                a.1
          round 1
            in#1
              round 0
                a.2
    """)


def test_a_container_whose_end_was_lost_catches_nothing_of_a_later_round():
    """Rounds of a loop come one after another: what is left open of round 0 is over when round 1 is announced."""
    assert tree(LOST_END, ran("b.1", loop=("out", 1)), loop_completed("out")) == outline("""
        out#0
          round 0 unknown
            in#0 unknown
              round 0
                a.1
          round 1
            in#1
              round 0
                a.2
            b.1
    """)


def test_a_frame_that_comes_twice_is_one_frame():
    """C.13.1, for everything but deltas and container starts (whose repetition is a new occurrence)."""
    begin, *script = [
        iteration_started("it"),
        iteration_next("it", 0),
        *ran("a.1", iteration=("it", 0)),
        iteration_next("it", 1),
        started("a.2", iteration="it"),
        retried("a.2", 1, iteration=("it", 1)),
        finished("a.2", iteration=("it", 1)),
        iteration_completed("it", {"0": 0.5, "1": 0.75}),
    ]
    assert tree(begin, [[item, item] for item in script]) == tree(begin, script)


def test_an_announcement_that_comes_twice_does_not_make_rounds_parallel():
    """C.13.1, where no end tells a round: the rounds of a web stream come from the announcements alone."""
    got = tree(
        iteration_started("it"),
        [iteration_next("it", 0)] * 2,
        ran("a.1", iteration="it"),
        [iteration_next("it", 1)] * 2,
        ran("a.2", iteration="it"),
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS


def test_a_container_that_starts_twice_has_two_occurrences():
    """DESIGN 6: outside replays a second start is new, even while the first one is open."""
    assert tree(
        loop_started("lp"),
        ran("a.1", loop=("lp", 0)),
        loop_completed("lp"),
        loop_started("lp"),
        ran("a.2", loop=("lp", 0)),
        loop_completed("lp"),
    ) == outline("""
        lp#0
          round 0
            a.1
        lp#1
          round 0
            a.2
    """)


# ---- streams without metadata: web apps


def test_blocks_without_metadata_are_matched_to_the_order_of_completion():
    """Correction 3: the keys of the duration map stand in the order in which the rounds ended."""
    assert tree(
        iteration_started("it", 3),
        [iteration_next("it", index) for index in range(3)],
        ran("a.1", iteration="it"),
        ran("b.1", iteration="it"),
        ran("a.2", iteration="it"),
        ran("b.2", iteration="it"),
        ran("a.3", iteration="it"),
        ran("b.3", iteration="it"),
        iteration_completed("it", {"1": 0.1, "0": 0.2, "2": 0.3}),
    ) == outline("""
        it#0
          round 0 in 0.2 s
            a.2
            b.2
          round 1 in 0.1 s
            a.1
            b.1
          round 2 in 0.3 s
            a.3
            b.3
    """)


def test_blocks_without_metadata_may_hold_different_nodes():
    """A round takes one branch or the other; the node after the start of the iteration is in all of them."""
    assert tree(
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        ran("if.1", iteration="it"),
        ran("yes.1", iteration="it"),
        ran("if.2", iteration="it"),
        ran("no.1", iteration="it"),
        iteration_completed("it", {"1": 0.1, "0": 0.2}),
    ) == outline("""
        it#0
          round 0 in 0.2 s
            if.2
            no.1
          round 1 in 0.1 s
            if.1
            yes.1
    """)


def test_while_blocks_without_metadata_come_in_their_rounds_are_not_known():
    assert live_tree(
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        ran("a.1", iteration="it"),
        ran("a.2", iteration="it"),
    ) == outline("""
        it#0 running
          unassigned
            a.1
            a.2
    """)


@pytest.mark.parametrize(
    "seconds", [{"1": 0.5}, {"2": 0.5, "0": 0.5, "1": 0.5}, {}, None], ids=["fewer", "more", "empty", "no map"]
)
def test_blocks_that_are_not_as_many_as_rounds_stay_unassigned(seconds):
    """Correction 3: rounds are missing on one side or the other, so the order says nothing."""
    assert tree(
        iteration_started("it", 3),
        [iteration_next("it", index) for index in range(3)],
        ran("a.1", iteration="it"),
        ran("a.2", iteration="it"),
        iteration_completed("it", seconds),
    ) == outline("""
        it#0
          unassigned
            a.1
            a.2
    """)


def test_rounds_that_interleave_without_metadata_stay_unassigned():
    """graphon 0.7 and later: there are no blocks, and nothing else says whose node this is."""
    assert tree(
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        started("a.1", iteration="it"),
        started("a.2", iteration="it"),
        finished("a.1", iteration="it"),
        finished("a.2", iteration="it"),
        iteration_completed("it", {"0": 0.1, "1": 0.2}),
    ) == outline("""
        it#0
          unassigned
            a.1
            a.2
    """)


def test_an_execution_beside_another_one_in_its_block_is_no_sign_of_interleaving():
    """Two branches inside one round overlap; the next block begins when both are over."""
    assert tree(
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        [started("a.1", iteration="it"), started("b.1", iteration="it")],
        [finished("a.1", iteration="it"), finished("b.1", iteration="it")],
        [started("b.2", iteration="it"), started("a.2", iteration="it")],
        [finished("a.2", iteration="it"), finished("b.2", iteration="it")],
        iteration_completed("it", {"1": 0.1, "0": 0.2}),
    ) == outline("""
        it#0
          round 0 in 0.2 s
            b.2
            a.2
          round 1 in 0.1 s
            a.1
            b.1
    """)


def test_a_loop_in_a_block_without_metadata_moves_with_its_block():
    """Its own rounds come one after another, so they are announced; its outer round is inferred from the order."""
    got = tree(
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        loop_started("lp"),
        ran("a.1", iteration="it", loop="lp"),
        loop_next("lp", 1),
        ran("a.2", iteration="it", loop="lp"),
        loop_next("lp", 2),
        loop_completed("lp"),
        loop_started("lp"),
        ran("a.3", iteration="it", loop="lp"),
        loop_next("lp", 1),
        ran("a.4", iteration="it", loop="lp"),
        loop_next("lp", 2),
        loop_completed("lp"),
        iteration_completed("it", {"1": 0.5, "0": 0.5}),
    )
    assert got == LOOPS_IN_PARALLEL_ROUNDS.replace("round 0\n    lp", "round 0 in 0.5 s\n    lp").replace(
        "round 1\n    lp", "round 1 in 0.5 s\n    lp"
    )


def test_nested_iterations_without_metadata():
    """One after another on both levels: the announcements say all."""
    assert tree(nested_without_metadata(nested_iterations("out"))) == NESTED


def nested_without_metadata(script: Script) -> Script:
    return [
        [strip_metadata(item) for item in step] if isinstance(step, list) else strip_metadata(step) for step in script
    ]


def strip_metadata(item: dict) -> dict:
    return {**item, "data": {**item["data"], "execution_metadata": None}} if item["event"] == "node_finished" else item


# ---- what lies


def test_the_index_of_a_node_is_not_its_round():
    """B.4: `index` is 1 for ever since 1.9, 0 if the server lost the start, and a trace number before."""
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        [started("a.1", iteration="it", index=7), finished("a.1", iteration=("it", 0), index=7)],
        iteration_next("it", 1),
        [started("a.2", iteration="it", index=0), finished("a.2", iteration=("it", 1), index=0)],
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS


def test_a_round_that_was_never_announced_exists_if_an_execution_ran_in_it():
    assert tree(
        iteration_started("it", 2),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 9)),
        iteration_completed("it", steps=2),
    ) == outline("""
        it#0
          round 9
            a.1
    """)


def test_an_outer_round_that_contradicts_what_is_known_moves_no_nested_pair():
    """A loop in a loop in a parallel iteration; what one leaf claims of the outermost does not tear the others out."""
    run = workflow(
        workflow_started(),
        iteration_started("it"),
        [iteration_next("it", index) for index in range(2)],
        [loop_started("lp"), loop_started("in")],
        ran("a.1", iteration=("it", 1), loop=("lp", 0)),
        ran("b.1", iteration=("it", 0), loop=("lp", 0)),
        [loop_completed("in"), loop_completed("lp"), iteration_completed("it")],
        workflow_finished(),
    )
    assert run.executions["lp#0"].round_index == 1
    assert run.executions["a.1"].parent is run.executions["in#0"]
    assert run.executions["in#0"].parent is run.executions["lp#0"]


def test_an_announcement_without_an_index_announces_nothing():
    got = tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        {"event": "iteration_next", "data": {"id": "it", "node_id": "it", "index": None}},
        iteration_next("it", 1),
        ran("a.2", iteration=("it", 1)),
        iteration_completed("it"),
    )
    assert got == TWO_ROUNDS


def test_a_container_that_says_only_its_id_is_known_by_it():
    """B.6: `id` is the node id, whatever the documents say."""
    frames = [iteration_started("it"), iteration_next("it", 0), iteration_completed("it")]
    begin, following, end = [{**item, "data": {**item["data"], "node_id": None}} for item in frames]
    assert tree(begin, following, ran("a.1", iteration=("it", 0)), end) == outline("""
        it#0
          round 0
            a.1
    """)


def test_an_execution_id_that_looks_like_the_id_of_a_container_names_another_execution():
    """C.1: the ids of containers are ours, and ids of the wire are arbitrary strings."""
    run = workflow(
        workflow_started(),
        {"event": "node_started", "data": {"id": "it#0", "node_id": "x"}},
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_completed("it"),
        finished("it#0"),
        workflow_finished(),
    )
    assert [(node.node_id, len(node.rounds)) for node in run.nodes] == [("x", 0), ("it", 1)]
    assert len({node.id for node in run.walk()}) == 3


def test_containers_deeper_than_any_engine_nests_them_are_kept_somewhere():
    """Nothing is lost and nothing raised; where the deepest ones stand is no promise."""
    names = [f"c{level}" for level in range(50)]
    run = workflow(
        workflow_started(),
        [[iteration_started(name), iteration_next(name, 0)] for name in names],
        ran("a.1", iteration=("c0", 0)),
        [iteration_completed(name) for name in reversed(names)],
        workflow_finished(),
    )
    assert len(run.executions) == 51
    assert {node.status for node in run.walk()} == {"succeeded"}
    assert anomalies(run) == []


def test_a_hundred_open_containers_do_not_confuse_the_last_one():
    """An engine has a handful of open containers; a search that looks at some of them looks at the last ones."""
    run = workflow(
        workflow_started(),
        [loop_started("out")],
        [loop_started(f"open{number}") for number in range(100)],
        ran("a.1", loop=("open99", 0)),
        workflow_finished(),
    )
    home = run.executions["a.1"].parent
    assert home is not None
    assert home.id == "open99#0"


# ---- over several bodies


def test_a_container_goes_on_in_the_next_body_of_its_run():
    """C.8: a resumption tells nothing again; graphon 0.7 pauses in the middle of a round."""
    run = folded(
        workflow_body(
            workflow_started(),
            iteration_started("it"),
            iteration_next("it", 0),
            ran("a.1", iteration=("it", 0)),
            iteration_next("it", 1),
            started("h.1", iteration="it"),
            {"event": "workflow_paused", "data": {"paused_nodes": ["h"], "status": "paused"}},
        ),
        workflow_body(
            workflow_started("resumption"),
            started("h.1", iteration="it"),
            finished("h.1", iteration=("it", 1)),
            ran("b.1", iteration=("it", 1)),
            iteration_completed("it"),
            workflow_finished(),
        ),
    )
    assert tree_of(run) == outline("""
        it#0
          round 0
            a.1
          round 1
            h.1
            b.1
    """)
    assert anomalies(run) == []


def test_an_announced_round_takes_back_that_the_state_of_its_container_is_unknown():
    """DESIGN 6: what we inferred at the end of a body yields to any later frame of the server."""
    cut = workflow_body(workflow_started(), loop_started("lp"), ran("a.1", loop=("lp", 0)))
    assert tree_of(folded(cut)) == outline("""
        lp#0 unknown
          round 0
            a.1
    """)
    assert tree_of(folded(cut, workflow_body(loop_next("lp", 1)), end=False)).startswith("lp#0 running")


def test_a_start_that_comes_in_the_next_body_fills_in_what_its_children_made_known():
    """C.13.4 over two bodies: the state that we inferred at the end of the first one yields."""
    run = folded(
        workflow_body(workflow_started(), started("a.1", iteration="it")),
        workflow_body(
            *(iteration_started("it"), iteration_next("it", 0)),
            *(finished("a.1", iteration=("it", 0)), ran("a.2", iteration=("it", 0))),
        ),
        end=False,
    )
    assert tree_of(run) == outline("""
        it#0 running
          round 0 running
            a.1
            a.2
    """)


def test_a_start_without_a_name_is_a_container_all_the_same():
    run = live(workflow_started(), {"event": "loop_started", "data": {}}, {"event": "loop_completed", "data": {}})
    assert len(run.executions) == 1


# ---- whatever graph an engine runs


@st.composite
def boxes(draw, *, depth, least=1, kinds=("iteration", "loop"), parallel=False):
    """A container with containers in it, at most `depth` deep; every node of the graph has a name of its own."""
    names = count()

    def box(level):
        kind = draw(st.sampled_from(kinds))
        beside = parallel and kind == "iteration" and draw(st.booleans())
        body = draw(st.lists(st.booleans(), min_size=1, max_size=2)) if level > 1 else [False]
        name = f"c{next(names)}"
        inside = [box(level - 1) if deeper else Leaf(f"n{next(names)}") for deeper in body]
        return Box(name, kind, draw(st.integers(least, 3)), beside, inside)

    return box(depth)


ONE_BY_ONE = boxes(depth=3)
AT_LEAST_TWICE = boxes(depth=3, least=2)
IN_PARALLEL = boxes(depth=3, parallel=True)
chances = st.randoms(use_true_random=False)


def places(run) -> dict[str, tuple[tuple[str, int | None], ...]]:
    """Where each execution stands: every container around it, from the outside in, with its round."""
    found = {}
    for leaf in run.walk():
        if leaf.container is None:
            chain, node = [], leaf
            while node.parent is not None:
                chain.append((node.parent.node_id, node.round_index))
                node = node.parent
            found[leaf.id] = tuple(reversed(chain))
    return found


def ran_by(engine: Engine, *branches) -> dict[str, tuple[tuple[str, int | None], ...]]:
    run = workflow(workflow_started(), engine.run(*branches), workflow_finished())
    assert anomalies(run) == []
    return places(run)


@given(ONE_BY_ONE, chances, st.booleans())
def test_all_that_runs_one_by_one_stands_where_it_ran(box, chance, told):
    """graphon 0.6 and before, with and without metadata: three levels of any kinds."""
    engine = Engine("graphon <= 0.6", chance, told)
    assert ran_by(engine, [box]) == engine.places


@given(AT_LEAST_TWICE, chances, st.booleans())
def test_all_that_runs_one_by_one_and_repeats_stands_where_it_ran(box, chance, told):
    """graphon 0.7 and later: the same, if the outer of two of one kind has two rounds (a known gap with one)."""
    engine = Engine("graphon >= 0.7", chance, told)
    assert ran_by(engine, [box]) == engine.places


@given(IN_PARALLEL, chances, st.booleans())
def test_all_that_comes_in_blocks_stands_where_it_ran_or_its_round_is_not_known(box, chance, told):
    """graphon 0.6 and before, parallel iterations on any level: `unassigned` may be right, a wrong round never is."""
    engine = Engine("graphon <= 0.6", chance, told)
    got = ran_by(engine, [box])
    assert got.keys() == engine.places.keys()
    for name, truth in engine.places.items():
        assert [container for container, _ in got[name]] == [container for container, _ in truth]
        assert all(index in (right, None) for (_, index), (_, right) in zip(got[name], truth, strict=True)), name


@pytest.mark.parametrize("version", ["graphon <= 0.6", "graphon >= 0.7"])
@given(
    boxes(depth=1, least=2, parallel=True),
    boxes(depth=1, least=2, parallel=True),
    chances,
)
def test_two_containers_beside_each_other_hold_what_ran_in_them(version: Version, first, second, chance):
    """Any kinds, one by one or parallel, interleaved in any way: neither draws in what is the other's."""
    engine = Engine(version, chance)
    other = Box("d", second.kind, second.rounds, second.parallel, [Leaf("m")])
    assert ran_by(engine, [first], [other]) == engine.places
