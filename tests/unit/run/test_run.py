"""The run itself: names, start and end, pause and return, totals, segments, snapshots."""

from decimal import Decimal

import pytest

from streamkit import Run, RunFailed
from streamkit.run import HumanInput, NodeUsage, RunError, Usage
from streamkit.run.state import RunStatus

ENDS = ["succeeded", "partial-succeeded", "failed", "stopped"]


@pytest.fixture
def run():
    return Run("dify")


def execution(run, execution_id="e", **options):
    return run.open_execution(execution_id, execution_id, type="code", title="", **options)


def test_a_run_begins_running_and_knows_nothing(run):
    assert (run.status, run.mode, run.id, run.error, run.settled, run.ended_by_server) == (
        *("running", None, None, None),
        *(False, False),
    )
    assert (run.text, run.reasoning, list(run.nodes), list(run.forms), run.inputs, run.outputs) == (
        *("", "", [], []),
        *(None, None),
    )


def test_two_runs_share_nothing():
    one, two = Run("dify"), Run("dify")
    execution(one)
    one.append_text("x")
    one.report("bad-field", "x")
    one.events["x"] = 1
    assert two.snapshot() == Run("dify").snapshot()


def test_a_run_says_what_it_is(run):
    run.set_mode("chat")
    run.identify(message_id="m")
    assert repr(run) == "<Run dify chat m running>"
    run.identify(id="r")
    assert repr(run) == "<Run dify chat r running>"


# ---- names


def test_the_first_name_that_is_told_stays(run):
    run.identify(id="r", task_id="t", message_id="m", conversation_id="c", workflow_id="w", user="u")
    run.identify(id="R", task_id="T", message_id="M", conversation_id="C", workflow_id="W", user="U")
    assert (run.id, run.task_id, run.message_id) == ("r", "t", "m")
    assert (run.conversation_id, run.workflow_id, run.user) == ("c", "w", "u")


def test_names_may_be_told_one_by_one(run):
    run.identify(id="r")
    run.identify(task_id="t")
    run.identify()
    assert (run.id, run.task_id, run.message_id) == ("r", "t", None)


def test_what_tells_nothing_new_is_no_change(run):
    run.identify(id="r")
    run.set_mode("workflow")
    revision = run.revision
    run.identify(id="other")
    run.set_mode("workflow")
    assert run.revision == revision


def test_better_knowledge_of_the_mode_wins(run):
    run.set_mode("completion")
    run.set_mode("chat")
    assert run.mode == "chat"


# ---- beginning and end


def test_a_start_tells_inputs_and_time_once(run):
    run.start(inputs=b'{"q":"why"}', started_at=5)
    run.start(inputs=b'{"q":"other"}', started_at=6)
    assert (run.inputs, run.started_at, run.status) == ({"q": "why"}, 5, "running")


def test_a_start_without_inputs_leaves_room_for_them(run):
    run.start(inputs=b"null")
    run.start(inputs=b"{}")
    assert run.inputs == {}


@pytest.mark.parametrize("status", ENDS)
def test_the_servers_end_is_the_end(run, status):
    run.finish(
        status,
        error=RunError("why"),
        outputs=b'{"a":1}',
        total_tokens=5,
        total_steps=2,
        elapsed_time=1.5,
        started_at=100,
        finished_at=101,
        at=7,
    )
    assert (run.status, run.ended_by_server, run.ended_at) == (status, True, 7)
    assert (run.error, run.outputs, run.total_tokens, run.total_steps) == (RunError("why"), {"a": 1}, 5, 2)
    assert (run.elapsed_time, run.started_at, run.finished_at) == (1.5, 100, 101)


@pytest.mark.parametrize("later", ENDS)
@pytest.mark.parametrize("first", ENDS)
def test_of_two_ends_the_first_stays(run, first, later):
    run.finish(first, at=1)
    run.finish(later, at=2)
    assert (run.status, run.ended_at) == (first, 1)


def test_a_later_telling_of_the_end_fills_in_what_the_first_left_out(run):
    run.finish("succeeded", outputs=b'{"a":1}', total_tokens=5)
    run.finish("succeeded", total_steps=3, elapsed_time=1.5, started_at=1, finished_at=2)
    assert (run.outputs, run.total_tokens, run.total_steps, run.elapsed_time) == ({"a": 1}, 5, 3, 1.5)


def test_empty_outputs_do_not_take_the_place_of_full_ones(run):
    """A pause, and a run of one container, end with `{}` (correction 19)."""
    run.finish("paused", outputs=b"{}")
    assert run.outputs == {}
    run.finish("paused", outputs=b'{"a":1}')
    run.finish("succeeded", outputs=b"{}")
    assert run.outputs == {"a": 1}


def test_the_first_error_is_the_reason_and_a_later_one_may_know_the_code(run):
    """A.10: of two errors the first message stays."""
    run.finish("failed", error=RunError("no such model"))
    run.finish("failed", error=RunError("failed", "invoke_error", 400))
    assert run.error == RunError("no such model", "invoke_error", 400)
    run.finish("failed", error=RunError("failed", "other", 500))
    assert run.error == RunError("no such model", "invoke_error", 400)


def test_a_run_that_succeeded_has_no_error_of_a_later_end(run):
    run.finish("succeeded")
    run.finish("failed", error=RunError("late"))
    assert (run.status, run.error) == ("succeeded", None)


@pytest.mark.parametrize("status", ["paused", "interrupted"])
def test_a_pause_and_an_interruption_are_no_end(run, status):
    run.finish(status, at=1)
    assert (run.status, run.ended_by_server) == (status, False)
    run.finish("succeeded", at=2)
    assert (run.status, run.ended_at) == ("succeeded", 2)


def test_what_we_conclude_yields_to_the_server(run):
    """Rule 4."""
    run.conclude("interrupted", at=1)
    assert (run.status, run.ended_at, run.ended_by_server) == ("interrupted", 1, False)
    run.finish("failed", at=2)
    assert (run.status, run.ended_at) == ("failed", 2)


def test_a_run_goes_on_after_a_pause(run):
    run.finish("paused", at=1)
    run.settle()
    run.reopen()
    assert (run.status, run.ended_at, run.settled) == ("running", None, False)


def test_a_run_that_the_server_ended_does_not_go_on(run):
    run.finish("failed", at=1)
    run.settle()
    run.reopen()
    run.start()
    assert (run.status, run.ended_at, run.settled) == ("failed", 1, True)


def test_an_end_that_was_none_is_taken_back(run):
    """`message_end` of a chatflow before its first workflow frame (C.12)."""
    run.finish("succeeded", at=1)
    run.settle()
    run.withdraw_end()
    assert (run.status, run.ended_by_server, run.ended_at, run.settled) == ("running", False, None, False)


def test_settling_twice_is_settling_once(run):
    run.settle()
    revision = run.revision
    run.settle()
    assert (run.settled, run.revision) == (True, revision)


# ---- executions that were left open


@pytest.mark.parametrize(
    ("ended", "open_status"),
    [
        (None, "unknown"),
        ("succeeded", "unknown"),
        ("partial-succeeded", "unknown"),
        ("failed", "unknown"),
        ("stopped", "stopped"),
        ("paused", "unknown"),
    ],
)
def test_an_execution_that_was_left_open_neither_runs_nor_succeeded(run, ended, open_status):
    """C.3."""
    node = execution(run)
    if ended:
        run.finish(ended)
    run.close_open_executions(at=9)
    assert (node.status, node.inferred, node.ended_at) == (open_status, True, 9)


def test_executions_that_ended_stay_as_they_are(run):
    node = execution(run)
    run.close_execution(node, "succeeded", at=1)
    revision = run.revision
    run.close_open_executions(at=9)
    assert (node.status, node.ended_at, run.revision) == ("succeeded", 1, revision)


@pytest.mark.parametrize(
    ("ended", "status"),
    [(None, "paused"), ("paused", "paused"), ("stopped", "stopped"), ("failed", "unknown"), ("succeeded", "unknown")],
)
@pytest.mark.parametrize("told", ["not told", "told"])
def test_what_waits_for_a_person_is_paused_until_the_run_ends(run, ended, status, told):
    """C.3: whether the server had said that it pauses makes no difference to where an open execution ends."""
    node = execution(run, "human")
    run.ask(HumanInput(form_id="f", node_id="human"))
    if told == "told":
        run.pause_execution(node)
    if ended:
        run.finish(ended)
    run.close_open_executions(at=9)
    assert node.status == status


@pytest.mark.parametrize(("ended", "status"), [("paused", "paused"), (None, "unknown"), ("failed", "unknown")])
def test_what_holds_an_execution_that_waits_is_paused_with_the_run(run, ended, status):
    """In a run that pauses nothing else goes on; in any other one the container might."""
    outer, inner, other = (execution(run, name, is_container=True) for name in ("out#0", "in#0", "other#0"))
    node = execution(run, "human")
    run.place(node, inner, 0)
    run.place(inner, outer, 0)
    run.ask(HumanInput(form_id="f", node_id="human"))
    if ended:
        run.finish(ended)
    run.close_open_executions()
    assert [holder.status for holder in (outer, inner, other)] == [status, status, "unknown"]


def test_a_form_that_was_answered_holds_nothing_up(run):
    node = execution(run, "human")
    run.answer_form(HumanInput(form_id="f", node_id="human", status="submitted"))
    run.close_open_executions()
    assert node.status == "unknown"


# ---- totals


def test_without_the_servers_word_the_total_is_the_sum_of_the_leaves(run):
    assert run.total_tokens == 0
    run.spend(execution(run), NodeUsage(5, 2, 3, {"USD": Decimal(1)}))
    assert run.total_tokens == 5
    assert run.usage == Usage(2, 3, 5, None, {"USD": Decimal(1)})


def test_the_servers_figures_stay_the_servers(run):
    """C.7: the sum stands beside them, even where they double it."""
    run.spend(execution(run), NodeUsage(5))
    run.report_usage(Usage(20, 5, 25, 1.5, {"USD": Decimal(2)}))
    assert (run.total_tokens, run.leaf_tokens) == (25, 5)
    run.finish("succeeded", total_tokens=10)
    assert (run.total_tokens, run.usage.total_tokens, run.leaf_tokens) == (10, 25, 5)


def test_usage_that_leaves_out_the_total_leaves_the_sum(run):
    run.spend(execution(run), NodeUsage(5))
    run.report_usage(Usage(prompt_tokens=4))
    assert run.total_tokens == 5


def test_usage_that_says_nothing_does_not_take_back_what_is_known(run):
    """Rule 5."""
    run.report_usage(Usage(20, 5, 25, 1.5, {"USD": Decimal(2)}))
    run.report_usage(Usage())
    assert run.usage == Usage(20, 5, 25, 1.5, {"USD": Decimal(2)})


def test_what_somebody_does_to_a_read_sum_does_not_change_the_run(run):
    run.spend(execution(run), NodeUsage(cost={"USD": Decimal(1)}))
    run.usage.cost.clear()
    run.snapshot().leaf_cost.clear()
    assert run.leaf_cost == {"USD": Decimal(1)}


# ---- segments


def test_each_body_is_a_segment_of_its_own(run):
    run.begin_segment()
    run.spend(execution(run, "a"), NodeUsage(60))
    run.finish("paused", total_tokens=60)
    run.frames = 11
    run.begin_segment()
    run.spend(execution(run, "b"), NodeUsage(40))
    run.finish("succeeded", total_tokens=100)
    told = [(part.index, part.first_frame, part.tokens, part.leaf_tokens, part.tokens_source) for part in run.segments]
    assert told == [(0, 0, 60, 60, "leaf"), (1, 11, 40, 40, "leaf")]


def test_an_execution_left_open_makes_its_segment_partial(run):
    run.begin_segment()
    run.spend(execution(run, "a"), NodeUsage(60))
    run.finish("stopped", total_tokens=0)
    run.close_open_executions()
    assert [part.tokens_source for part in run.segments] == ["partial"]


def test_an_execution_that_waits_does_not(run):
    run.begin_segment()
    node = execution(run, "human")
    run.ask(HumanInput(form_id="f", node_id="human"))
    run.spend(node, NodeUsage(60))
    run.finish("paused", total_tokens=60)
    run.close_open_executions()
    assert [part.tokens_source for part in run.segments] == ["leaf"]


def test_usage_of_an_app_without_nodes_is_its_segment(run):
    run.begin_segment()
    run.report_usage(Usage(total_tokens=853))
    assert [(part.tokens, part.tokens_source) for part in run.segments] == [(None, "partial")]
    run.finish("succeeded")
    assert [(part.tokens, part.tokens_source) for part in run.segments] == [(853, "server")]


def test_usage_that_is_told_after_the_end_counts_too(run):
    """`message_end` and `workflow_finished` come in any order (C.12)."""
    run.begin_segment()
    run.finish("succeeded")
    run.report_usage(Usage(total_tokens=853))
    assert [(part.tokens, part.tokens_source) for part in run.segments] == [(853, "server")]


def test_of_a_run_that_began_unseen_the_servers_total_is_not_the_segments(run):
    run.begin_segment()
    run.continue_unseen()
    run.finish("succeeded", total_tokens=853)
    assert [(part.tokens, part.tokens_source) for part in run.segments] == [(0, "leaf")]
    run.begin_segment()
    run.continue_unseen()  # by now all of it was seen
    run.spend(execution(run), NodeUsage(7))
    assert [part.tokens for part in run.segments] == [0, 7]


def test_a_run_that_no_tap_fed_has_no_segments(run):
    run.report_usage(Usage(total_tokens=5))
    run.finish("succeeded")
    execution(run)
    run.close_open_executions()
    assert list(run.segments) == []


# ---- arrival times


def test_progress_is_timed_and_the_first_one_is_when_the_run_was_seen(run):
    run.count("message", 1, 1)
    run.count("message", 1, 2)
    run.count("message", 1, None)
    assert (run.seen_at, run.last_progress_at) == (1, 2)


def test_heartbeats_are_no_progress(run):
    run.heartbeat(2, 5)
    run.heartbeat(1, None)
    assert (run.heartbeats, run.last_heartbeat_at, run.last_progress_at, run.seen_at) == (3, 5, None, None)


# ---- raise_for_status


@pytest.mark.parametrize("status", ["running", "paused", "succeeded", "partial-succeeded"])
def test_a_run_that_did_not_fail_does_not_raise(run, status):
    run.status = status
    run.raise_for_status()


@pytest.mark.parametrize("status", ["failed", "stopped", "interrupted"])
def test_a_run_that_did_not_succeed_raises_on_demand(run, status):
    run.conclude(status)
    with pytest.raises(RunFailed, match=f"run {status}: no reason was given") as caught:
        run.raise_for_status()
    assert (caught.value.status, caught.value.code) == (status, None)


def test_the_error_of_a_run_is_in_what_it_raises(run):
    run.finish("failed", error=RunError("no such model", "invoke_error", 400))
    with pytest.raises(RunFailed, match="run failed: no such model") as caught:
        run.raise_for_status()
    assert caught.value.code == "invoke_error"


def test_every_status_either_raises_or_passes():
    """The two tests above name them all."""
    passing = {"running", "paused", "succeeded", "partial-succeeded"}
    assert passing | {"failed", "stopped", "interrupted"} == set(RunStatus.__args__)


# ---- snapshots


def test_a_snapshot_is_the_same_object_until_something_changes(run):
    snapshot = run.snapshot()
    assert run.snapshot() is snapshot
    run.append_text("x")
    assert run.snapshot() is not snapshot
    assert (snapshot.text, run.snapshot().text) == ("", "x")


CHANGES = {
    "names": lambda run: run.identify(id="r"),
    "mode": lambda run: run.set_mode("chat"),
    "inputs": lambda run: run.start(inputs=b'{"a":1}'),
    "start": lambda run: run.start(started_at=1),
    "end": lambda run: run.finish("succeeded"),
    "conclusion": lambda run: run.conclude("interrupted"),
    "settled": lambda run: run.settle(),
    "usage": lambda run: run.report_usage(Usage(total_tokens=1)),
    "anomaly": lambda run: run.report("bad-field", "x"),
    "segment": lambda run: run.begin_segment(),
    "execution": lambda run: execution(run),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_of_a_run_shows_in_its_revision_and_its_snapshot(run, name):
    revision, snapshot = run.revision, run.snapshot()
    CHANGES[name](run)
    assert run.revision > revision
    assert run.snapshot() != snapshot


@pytest.mark.parametrize("name", ["bytes", "frames", "heartbeats", "progress"])
def test_counters_and_clocks_show_in_a_snapshot_without_a_new_revision(run, name):
    """No view should repaint for them."""
    revision, snapshot = run.revision, run.snapshot()
    match name:
        case "heartbeats":
            run.heartbeat(1, 3)
        case "progress":
            run.count("message", 1, 3)
        case _:
            setattr(run, name, 7)
    assert run.snapshot() != snapshot
    assert run.revision == revision


def test_a_snapshot_does_not_change_with_the_run(run):
    """Looked at again after everything has changed, it is what it was."""
    run.begin_segment()
    loop = run.open_execution("loop", "loop", type="loop", title="", is_container=True)
    node = execution(run)
    run.place(node, loop, 0)
    run.events["message"] = 1
    run.report("bad-field", "x")
    run.ask(HumanInput(form_id="f", node_id="h"))
    before = run.snapshot()
    said = repr(before)
    run.close_execution(node, "failed", error="x")
    run.place(node, loop, 1)
    run.spend(node, NodeUsage(1, 1, 0, {"USD": Decimal(1)}))
    run.report("bad-field", "y")
    run.events["message"] = 2
    run.ask(HumanInput(form_id="g", node_id="h"))
    run.append_text("x")
    run.finish("failed", outputs=b"1")
    run.begin_segment()
    run.snapshot()
    assert repr(before) == said


def test_what_did_not_change_is_shared_with_the_last_snapshot(run):
    still, changing = execution(run, "still"), execution(run, "changing")
    before = run.snapshot()
    run.append_node_text("changing", "x")
    after = run.snapshot()
    assert after.nodes[0] is before.nodes[0] is still.freeze()
    assert after.nodes[1] is not before.nodes[1]
    assert changing.freeze() is after.nodes[1]


def test_a_snapshot_knows_its_revision(run):
    run.changed_since(0)
    revision = run.snapshot().revision
    execution(run, "new")
    assert run.changed_since(revision).changed == {"new"}
