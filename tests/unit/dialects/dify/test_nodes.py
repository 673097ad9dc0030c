"""What Dify's frames of nodes mean: executions, retries, failures, logs (protocol C.1 to C.5, C.10).

Each test is a script of the wire, or a table of them, and what a run must say of it. Containers have a module of their own.
"""

import pytest

from streamkit.run.state import Attempt

from .streams import (
    EPOCH,
    agent_log,
    anomalies,
    data,
    finished,
    folded,
    form_filled,
    human_input_required,
    iteration_completed,
    iteration_next,
    iteration_started,
    kinds,
    live,
    live_tree,
    loop_completed,
    loop_started,
    outline,
    ran,
    retried,
    spent,
    started,
    tree,
    tree_of,
    whole,
    workflow,
    workflow_body,
    workflow_finished,
    workflow_started,
)

# ---- C.1, C.2, C.13: executions


def test_executions_pair_by_their_id():
    """Never by node id: two executions of one node are open at once."""
    assert tree(
        started("a.1"), started("a.2"), finished("a.2", status="failed", error="no"), finished("a.1")
    ) == outline("""
        a.1
        a.2 failed: no
    """)


def test_an_end_without_a_start_makes_the_execution():
    """C.13.3; its title and its index are lost on the server too."""
    run = workflow(workflow_started(), finished("a.1", title="", index=0, created_at=EPOCH, finished_at=EPOCH + 1))
    (node,) = run.nodes
    assert (node.id, node.node_id, node.type, node.title, node.status) == ("a.1", "a", "code", "", "succeeded")
    assert (node.started_at, node.finished_at) == (EPOCH, EPOCH + 1)


def test_a_frame_that_comes_twice_is_one_frame():
    """C.13.1: nothing is counted twice, and nothing made twice."""
    script = [
        workflow_started(inputs={"q": "?"}),
        started("a.1"),
        agent_log("l1", "a"),
        agent_log("l1", "a", "success"),
        retried("a.1", 1),
        finished("a.1", metadata=spent(12, "0.5", "USD")),
        human_input_required("f", "h"),
        form_filled("h"),
        workflow_finished(total_tokens=12),
    ]
    once, twice = workflow(script), workflow([[item, item] for item in script])
    assert whole(twice) == whole(once)
    assert anomalies(twice) == []


def test_what_is_known_of_an_execution_is_not_taken_back():
    """C.13.2: null and a truncated value give way."""
    run = workflow(
        workflow_started(),
        started("a.1", title="A", inputs={"x": 1}, created_at=EPOCH),
        finished("a.1", outputs={"y": [1, 2, 3]}, process_data={"p": 1}, elapsed_time=0.5),
        data(
            "node_finished",
            id="a.1",
            node_id="a",
            status="succeeded",
            outputs={"y": [1]},
            outputs_truncated=True,
            **dict.fromkeys(("title", "inputs", "process_data", "elapsed_time", "created_at", "error")),
        ),
    )
    (node,) = run.nodes
    assert (node.title, node.inputs, node.outputs, node.process_data) == ("A", {"x": 1}, {"y": [1, 2, 3]}, {"p": 1})
    assert (node.elapsed_time, node.started_at) == (0.5, EPOCH)


def test_a_whole_value_takes_the_place_of_a_truncated_one():
    run = workflow(
        workflow_started(),
        started("a.1"),
        data("node_finished", id="a.1", node_id="a", status="succeeded", outputs={"y": [1]}, outputs_truncated=True),
        finished("a.1", outputs={"y": [1, 2]}),
    )
    assert run.nodes[0].outputs == {"y": [1, 2]}


def test_a_truncated_input_does_not_hold_back_a_whole_output():
    """`inputs_truncated` is said of the inputs."""
    run = workflow(
        workflow_started(),
        started("a.1"),
        finished("a.1", outputs={"y": 1}),
        data("node_finished", id="a.1", node_id="a", status="succeeded", outputs={"y": 2}, inputs_truncated=True),
    )
    assert run.nodes[0].outputs == {"y": 2}


@pytest.mark.parametrize("status", ["running", "paused", "retry", "pending", "scheduled"])
def test_an_end_is_not_taken_back_by_a_state_on_the_way(status):
    """C.8, C.13.2: never downgrade."""
    assert (
        tree(started("a.1"), finished("a.1", status="failed", error="no"), finished("a.1", status)) == "a.1 failed: no"
    )


@pytest.mark.parametrize("status", [None, "exploded"])
def test_an_end_is_not_taken_back_by_a_state_that_says_nothing(status):
    """Known beats unknown."""
    run = workflow(workflow_started(), ran("a.1"), finished("a.1", status), workflow_finished())
    assert tree_of(run) == "a.1"


def test_a_state_on_the_way_is_no_end():
    run = live(
        workflow_started(), started("a.1"), finished("a.1", "running"), started("b.1"), finished("b.1", "paused")
    )
    assert tree_of(run) == outline("""
        a.1 running
        b.1 paused
    """)


def test_an_unknown_state_of_an_execution_is_shown_as_unknown():
    """C.13.7"""
    run = workflow(workflow_started(), started("a.1"), finished("a.1", "exploded"), workflow_finished())
    assert tree_of(run) == "a.1 unknown"
    assert anomalies(run) == [("unknown-status", "node a: exploded")]


def test_an_unknown_state_of_a_container_is_shown_as_unknown():
    run = workflow(workflow_started(), loop_started("lp"), loop_completed("lp", status="exploded"), workflow_finished())
    assert tree_of(run) == "lp#0 unknown"
    assert anomalies(run) == [("unknown-status", "loop lp: exploded")]


@pytest.mark.parametrize("status", ["succeeded", "failed", "exception", "stopped", "skipped"])
def test_states_of_executions_are_those_of_the_server(status):
    """C.3"""
    assert tree(ran("a.1", status=status)) == ("a.1" if status == "succeeded" else f"a.1 {status}")


def test_an_execution_without_an_id_is_known_by_its_node():
    run = workflow(
        workflow_started(),
        data("node_started", node_id="a"),
        data("node_finished", node_id="a", status="succeeded"),
        workflow_finished(),
    )
    assert [(node.node_id, node.status) for node in run.nodes] == [("a", "succeeded")]


def test_a_node_frame_that_names_nothing_has_no_meaning():
    run = workflow(workflow_started(), data("node_started"), data("node_finished"), data("node_retry"))
    assert len(run.executions) == 0
    assert kinds(run) == ["malformed-event"] * 3


# ---- C.4: retries


def test_retries_are_attempts_of_one_execution():
    run = workflow(
        workflow_started(),
        started("a.1"),
        retried("a.1", 1, "busy", elapsed_time=1.5),
        retried("a.1", 2, "", elapsed_time=3.0),
        finished("a.1", elapsed_time=3.5),
        workflow_finished("partial-succeeded"),  # correction 10
    )
    (node,) = run.nodes
    assert (node.status, node.error, node.elapsed_time) == ("succeeded", None, 3.5)
    assert list(node.attempts) == [
        Attempt(index=1, error="busy", elapsed_time=1.5),
        Attempt(index=2, error=None, elapsed_time=3.0),
    ]


def test_an_execution_that_is_tried_again_runs():
    assert tree_of(live(workflow_started(), started("a.1"), retried("a.1", 1))) == "a.1 running after 1 retries"


def test_a_retry_without_a_start_makes_the_execution():
    assert tree_of(live(workflow_started(), retried("a.1", 1))) == "a.1 running after 1 retries"


def test_a_retry_that_has_an_id_of_its_own_is_one_of_the_open_execution_of_its_node():
    """0.14-1.8: only start and end share an id. Two of one node are told apart by the run id of their round."""
    assert tree(
        started("a.1"),
        retried("a.1", 1, id="r1"),
        retried("a.1", 2, id="r2"),
        finished("a.1"),
        iteration_started("it"),
        iteration_next("it", 0),
        started("b.1", iteration="it", parallel_run_id="0b1f"),
        started("b.2", iteration="it", parallel_run_id="77e0"),
        retried("b.1", 1, id="r3", iteration="it", metadata={"parallel_mode_run_id": "0b1f"}),
        retried("b.1", 2, id="r4", iteration="it", metadata={"parallel_mode_run_id": "0b1f"}),
        retried("b.2", 1, id="r5", iteration="it", metadata={"parallel_mode_run_id": "77e0"}),
        finished("b.2", iteration="it", metadata={"parallel_mode_run_id": "77e0"}),
        iteration_next("it", 2, parallel_mode_run_id="77e0"),
        finished("b.1", iteration="it", metadata={"parallel_mode_run_id": "0b1f"}),
        iteration_next("it", 1, parallel_mode_run_id="0b1f"),
        iteration_completed("it"),
    ) == outline("""
        a.1 after 2 retries
        it#0
          round 0
            b.1 after 2 retries
          round 1
            b.2 after 1 retries
    """)


def test_a_retry_that_has_an_id_of_its_own_may_be_one_in_a_loop_in_a_parallel_round():
    """0.14-1.8: the run id of the round stands on everything in it."""
    run = live(
        workflow_started(),
        iteration_started("it"),
        iteration_next("it", 0),
        loop_started("lp"),
        started("a.1", iteration="it", loop="lp", parallel_run_id="0b1f"),
        retried("a.1", 1, id="r1", iteration="it", loop="lp", metadata={"parallel_mode_run_id": "0b1f"}),
    )
    assert list(run.executions) == ["it#0", "lp#0", "a.1"]
    assert len(run.executions["a.1"].attempts) == 1


def test_a_retry_that_has_the_id_of_an_execution_is_one_of_no_other():
    """1.9 and later: the start of this one was lost, and another one of its node is open."""
    got = tree(started("a.1"), retried("a.2", 1, inputs_truncated=False), finished("a.2"), finished("a.1"))
    assert got == "a.1\na.2 after 1 retries"


def test_a_retry_in_a_round_whose_start_was_lost_makes_the_execution():
    """0.14-1.8: no other round's execution is tried."""
    assert live_tree(
        iteration_started("it"),
        iteration_next("it", 0),
        started("a.1", iteration="it", parallel_run_id="0b1f"),
        retried("a.2", 1, iteration="it", metadata={"parallel_mode_run_id": "77e0"}),
    ) == outline("""
        it#0 running
          unassigned
            a.1 running
            a.2 running after 1 retries
    """)


def test_the_last_try_may_fail_too():
    assert tree(started("a.1"), retried("a.1", 1), finished("a.1", "failed", error="no")) == (
        "a.1 failed after 1 retries: no"
    )


def test_a_retry_takes_back_that_nobody_knows_what_became_of_an_execution():
    """DESIGN 6: what we inferred at the end of a body yields to any later frame of the server."""
    cut = workflow_body(workflow_started(), started("a.1"))
    assert tree_of(folded(cut)) == "a.1 unknown"
    assert tree_of(folded(cut, workflow_body(retried("a.1", 1)), end=False)) == "a.1 running after 1 retries"


# ---- C.3, correction 10: failures that a strategy handled


@pytest.mark.parametrize("told", ["Unknown error", "", None])
@pytest.mark.parametrize("strategy", ["fail-branch", "default-value"])
def test_the_true_error_of_an_exception_stands_in_its_outputs(told, strategy):
    outputs = {"error_message": "503 Service Unavailable", "error_type": "HTTPError", "body": "-"}
    end = finished("a.1", "exception", error=told, outputs=outputs, metadata={"error_strategy": strategy})
    run = workflow(workflow_started(), started("a.1"), end, workflow_finished("partial-succeeded", exceptions_count=1))
    assert tree_of(run) == "a.1 exception: 503 Service Unavailable"
    assert (run.status, run.error) == ("partial-succeeded", None)


@pytest.mark.parametrize("outputs", [None, {}, {"error_message": ""}, {"error_message": 503}, [1]])
def test_an_exception_whose_outputs_do_not_tell_keeps_its_word(outputs):
    assert tree(started("a.1"), finished("a.1", "exception", error="Unknown error", outputs=outputs)) == (
        "a.1 exception: Unknown error"
    )


def test_an_exception_that_says_what_it_is_keeps_its_word():
    end = finished("a.1", "exception", error="timeout", outputs={"error_message": "other"})
    assert tree(started("a.1"), end) == "a.1 exception: timeout"


def test_the_error_of_a_failure_is_its_own():
    end = finished("a.1", "failed", error="Unknown error", outputs={"error_message": "not asked"})
    assert tree(started("a.1"), end) == "a.1 failed: Unknown error"


# ---- C.10, correction 5: the log of an agent node


LOG = outline("""
    ag.1
      ~ ROUND 1 success
        ~ CALL search success
""")


@pytest.mark.parametrize("execution", ["ag", "ag.1", "something else", None])
def test_entries_of_a_log_belong_to_the_execution_of_their_node(execution):
    """Correction 5: `node_execution_id` holds the node's id, and in other versions the execution's."""
    got = tree(
        started("ag.1"),
        agent_log("1", "ag", label="ROUND 1", node_execution_id=execution),
        agent_log("2", "ag", parent="1", label="CALL search", node_execution_id=execution),
        agent_log("2", "ag", "success", parent="1", label="CALL search", node_execution_id=execution),
        agent_log("1", "ag", "success", label="ROUND 1", node_execution_id=execution),
        finished("ag.1"),
    )
    assert got == LOG


def test_an_entry_may_name_only_the_execution():
    assert tree(
        started("ag.1"),
        agent_log("1", "ag", "success", node_execution_id="ag.1", node_id=None),
        finished("ag.1"),
    ) == outline("""
        ag.1
          ~ 1 success
    """)


def test_some_servers_name_an_entry_by_message_id():
    """B.7"""
    entry = agent_log("1", "ag", id=None, message_id="m1")
    assert tree(
        started("ag.1"), entry, {**entry, "data": {**entry["data"], "status": "success"}}, finished("ag.1")
    ) == (
        outline("""
            ag.1
              ~ 1 success
        """)
    )


def test_an_update_leaves_what_it_does_not_tell():
    run = workflow(
        workflow_started(),
        started("ag.1"),
        agent_log("1", "ag", label="ROUND 1", data={"thought": "hm"}, metadata={"started_at": 1.5}),
        agent_log("1", "ag", "error", label=None, error="no", data=None, metadata={"finished_at": 2.5}),
    )
    (entry,) = run.nodes[0].logs
    assert (entry.label, entry.status, entry.error, entry.data) == ("ROUND 1", "error", "no", {"thought": "hm"})
    assert entry.metadata == {"started_at": 1.5, "finished_at": 2.5}


@pytest.mark.parametrize("node", [started("ag.1"), finished("ag.1")], ids=["start", "end whose start was lost"])
def test_entries_that_come_before_their_node_wait_for_it(node):
    run = workflow(
        workflow_started(),
        agent_log("1", "ag", "success", label="ROUND 1"),
        agent_log("2", "ag", "success", parent="1", label="CALL search"),
        node,
        finished("ag.1"),
        workflow_finished(),
    )
    assert tree_of(run) == LOG
    assert anomalies(run) == []


def test_entries_whose_node_never_comes_are_counted():
    run = workflow(workflow_started(), agent_log("1", "ag"), agent_log("2", "ag"), workflow_finished())
    assert kinds(run) == ["orphan-log"]
    assert "ag" in run.anomalies[0].detail


def test_entries_belong_to_the_open_execution_of_their_node():
    """Correction 5: by (open execution of `node_id`, id). The one that began last is over here."""
    assert tree(
        started("ag.1"),
        started("ag.2"),
        finished("ag.2"),
        agent_log("1", "ag", "success", label="ROUND 1"),
        finished("ag.1"),
    ) == outline("""
        ag.1
          ~ ROUND 1 success
        ag.2
    """)


def test_an_update_goes_to_the_execution_that_has_the_entry():
    """C.1: entries are upserted by id."""
    assert tree(
        started("ag.1"),
        agent_log("1", "ag", label="ROUND 1"),
        started("ag.2"),
        agent_log("1", "ag", "success", label="ROUND 1"),
        finished("ag.1"),
        finished("ag.2"),
    ) == outline("""
        ag.1
          ~ ROUND 1 success
        ag.2
    """)


@pytest.mark.parametrize(
    ("parents", "drawn"),
    [
        ({"1": "unseen"}, ["~ 1"]),
        ({"1": "1"}, ["~ 1"]),
        ({"1": "2", "2": "1"}, ["~ 1", "  ~ 2"]),
        ({"1": "2", "2": "3", "3": "1", "4": "2"}, ["~ 1", "  ~ 3", "    ~ 2", "      ~ 4"]),
        ({"2": "1", "1": None}, ["~ 1", "  ~ 2"]),
    ],
    ids=["unseen parent", "itself", "circle of two", "circle with a tail", "child first"],
)
def test_no_entry_is_lost_whatever_its_parent_is(parents, drawn):
    """C.10: a parent may be unseen; tolerate cycles."""
    got = tree(
        started("ag.1"),
        [agent_log(entry, "ag", "success", parent=parent) for entry, parent in parents.items()],
        finished("ag.1"),
    )
    assert got.splitlines() == ["ag.1", *(f"  {line} success" for line in drawn)]


def test_the_copy_of_a_log_in_the_metadata_adds_nothing():
    """C.10: `execution_metadata.agent_log` repeats it."""
    end = finished("ag.1", metadata={"agent_log": [{"id": "1", "label": "ROUND 1"}], "tool_info": {}})
    assert tree(started("ag.1"), agent_log("1", "ag", "success"), end) == outline("""
        ag.1
          ~ 1 success
    """)
