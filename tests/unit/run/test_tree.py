"""Every operation on the executions of a run: what it changes, what it must not, and that it leaves a trace."""

import sys
from decimal import Decimal, localcontext
from itertools import pairwise

import msgspec
import pytest

from streamkit import Run
from streamkit.run import LogEntry, NodeUsage
from streamkit.run.anomaly import KEPT
from streamkit.run.execution import OVER
from streamkit.run.journal import LENGTH
from streamkit.run.state import MAX_DEPTH


@pytest.fixture
def run():
    return Run("dify")


def execution(run, execution_id="e", node_id=None, **options):
    return run.open_execution(execution_id, node_id or execution_id, type="code", title="", **options)


def container(run, execution_id="loop"):
    return execution(run, execution_id, is_container=True)


def ids(nodes):
    return [node.id for node in nodes]


def told(node):
    return node.type, node.title, node.started_at, node.inputs_json


def changed(run, revision):
    changes = run.changed_since(revision)
    assert not changes.everything
    return changes.changed


# ---- opening


@pytest.mark.parametrize("inputs", [msgspec.Raw(b'{"a":1}'), msgspec.Raw(b"{}"), msgspec.Raw(b"null"), None])
def test_what_a_start_tells_can_be_told_at_once(run, inputs):
    at_once = run.open_execution("e", "n", type="code", title="Code", started_at=5, inputs=inputs)
    described = run.open_execution("f", "m", type=None, title=None)
    run.describe(described, type="code", title="Code", started_at=5, inputs=inputs)
    assert told(at_once) == told(described)


def test_an_execution_begins_at_the_top_level_and_runs(run):
    node = run.open_execution("e", "n", type="llm", title="Model", at=3.5)
    assert (node.id, node.node_id, node.type, node.title, node.status) == ("e", "n", "llm", "Model", "running")
    assert (node.seen_at, node.ended_at, node.parent, node.round) == (3.5, None, None, None)
    assert run.executions == {"e": node}
    assert list(run.nodes) == [node]


def test_a_type_and_a_title_that_are_not_known_are_empty(run):
    node = run.open_execution("e", "n", type=None, title=None)
    assert (node.type, node.title) == ("", "")


def test_top_level_executions_stand_in_order_of_arrival(run):
    for name in "cab":
        execution(run, name)
    assert ids(run.nodes) == ["c", "a", "b"]
    execution(run, "d")
    assert ids(run.nodes) == ["c", "a", "b", "d"]


def test_the_latest_execution_of_a_node_is_the_one_that_began_last(run):
    assert run.latest("n") is None
    execution(run, "first", "n")
    second = execution(run, "second", "n")
    execution(run, "other", "m")
    assert run.latest("n") is second


# ---- facts


def test_facts_of_an_execution_are_learnt(run):
    node = execution(run)
    run.describe(
        node,
        type="llm",
        title="Model",
        started_at=7,
        inputs=b"1",
        outputs=b"2",
        process_data=b"3",
        metadata=msgspec.Raw(b"4"),
    )
    assert (node.type, node.title, node.started_at) == ("llm", "Model", 7)
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (1, 2, 3, 4)


def test_what_a_later_frame_leaves_out_stays(run):
    """C.13.2: non-null wins over null."""
    node = execution(run)
    run.describe(node, type="llm", title="Model", started_at=7, inputs=b"1", outputs=b"2")
    run.describe(node, type=None, title="", started_at=8, inputs=b"null", outputs=None)
    assert (node.type, node.title, node.inputs, node.outputs) == ("llm", "Model", 1, 2)
    assert node.started_at == 7  # the first start is the start


def test_a_whole_value_wins_over_a_truncated_one_whichever_comes_first(run):
    """C.11."""
    node = execution(run)
    run.describe(node, outputs=b'"cut"', truncated=["outputs"])
    assert node.outputs == "cut"  # better than nothing
    run.describe(node, outputs=b'"whole"')
    run.describe(node, outputs=b'"cut"', truncated=["outputs"])
    assert node.outputs == "whole"


@pytest.mark.parametrize(
    ("outputs", "value", "kind"),
    [
        (b'"\xff"', "�", "bad-utf8"),
        (b'"\\ud800"', "�", "non-standard-json"),
        ('"real �"'.encode(), "real �", None),
        (b'"\\ud83d\\ude00"', "😀", None),
    ],
)
def test_a_value_that_had_to_be_mended_is_reported_and_no_other(run, outputs, value, kind):
    node = execution(run)
    run.describe(node, outputs=outputs)
    assert node.outputs == value
    assert list(run.anomaly_counts) == ([kind] if kind else [])


def test_what_is_kept_does_not_pin_what_it_was_cut_from(run):
    """A `Raw` is a view of the frame that it came with."""
    chunk = b'{"value":{"a":1},"rest":"' + b"x" * 1000 + b'"}'
    references = sys.getrefcount(chunk)
    node = execution(run)
    run.describe(node, outputs=msgspec.json.decode(chunk, type=Holder).value)
    assert node.outputs == {"a": 1}
    assert sys.getrefcount(chunk) == references


class Holder(msgspec.Struct):
    value: msgspec.Raw


# ---- states


@pytest.mark.parametrize("status", sorted(OVER))
def test_an_end_that_the_server_stated_is_not_taken_back(run, status):
    node = execution(run)
    run.close_execution(node, status, at=1)
    run.resume_execution(node)
    run.pause_execution(node)
    assert (node.status, node.ended_at) == (status, 1)


@pytest.mark.parametrize("status", sorted(OVER))
@pytest.mark.parametrize("later", ["resume", "pause"])
def test_an_end_that_we_inferred_yields(run, status, later):
    node = execution(run)
    run.close_execution(node, status, at=1)
    node.inferred = True
    getattr(run, f"{later}_execution")(node)
    assert node.status == ("running" if later == "resume" else "paused")
    assert not node.inferred


def test_a_paused_execution_runs_again_when_it_is_resumed(run):
    node = execution(run)
    run.pause_execution(node)
    assert node.status == "paused"
    run.resume_execution(node)
    assert (node.status, node.ended_at) == ("running", None)


@pytest.mark.parametrize("left", ["unknown", "paused"])
def test_what_holds_an_execution_that_is_resumed_runs_again(run, left):
    node, holder = execution(run), container(run)
    run.place(node, holder, 0)
    if left == "paused":
        run.pause_execution(holder)
    run.close_open_executions()
    run.resume_execution(node)
    assert (holder.status, holder.inferred) == ("running", False)


def test_a_container_that_ended_does_not_run_again_with_what_it_holds(run):
    node, holder = execution(run), container(run)
    run.place(node, holder, 0)
    run.close_execution(holder, "failed")
    run.resume_execution(node)
    assert holder.status == "failed"


def test_the_servers_word_on_an_end_is_taken_whole(run):
    node = execution(run, at=1)
    run.close_execution(node, "failed", error="no such model", elapsed_time=0.5, finished_at=100, at=2)
    assert (node.status, node.error, node.elapsed_time, node.finished_at) == ("failed", "no such model", 0.5, 100)
    assert (node.seen_at, node.ended_at) == (1, 2)


def test_what_the_end_leaves_out_stays_and_an_empty_error_is_none(run):
    node = execution(run)
    run.close_execution(node, "failed", error="why", elapsed_time=0.5, finished_at=100, at=2)
    run.close_execution(node, "failed", error="", at=9)
    assert (node.error, node.elapsed_time, node.finished_at, node.ended_at) == ("why", 0.5, 100, 2)
    quiet = execution(run, "quiet")
    run.close_execution(quiet, "succeeded", error="")
    assert quiet.error is None


def test_the_servers_end_takes_the_place_of_one_that_we_inferred_its_time_included(run):
    """Rule 4: what we conclude ourselves yields to any later word of the server."""
    node = execution(run, at=1)
    run.close_open_executions(at=5)
    assert (node.status, node.ended_at, node.inferred) == ("unknown", 5, True)
    run.close_execution(node, "succeeded", at=9)
    assert (node.status, node.ended_at, node.inferred) == ("succeeded", 9, False)


def test_an_end_that_says_nothing_does_not_take_back_a_known_one(run):
    """Rule 5, C.13.2: a finish whose status is null or unknown must not turn `succeeded` into `unknown`."""
    node = execution(run)
    run.close_execution(node, "succeeded", at=1)
    run.close_execution(node, "unknown", at=2)
    assert node.status == "succeeded"


# ---- retries


def test_a_retry_is_an_attempt_before_the_last_one(run):
    node = execution(run)
    run.retry_execution(node, 1, "busy", 1.5)
    run.retry_execution(node, 2, "", None)
    attempts = [(attempt.index, attempt.error, attempt.elapsed_time) for attempt in node.attempts]
    assert attempts == [(1, "busy", 1.5), (2, None, None)]
    assert node.status == "running"


def test_the_same_retry_twice_is_one_retry(run):
    """C.13.1."""
    node = execution(run)
    run.retry_execution(node, 1, "busy", 1.5)
    revision = run.revision
    run.retry_execution(node, 1, "busy", 1.5)
    assert len(node.attempts) == 1
    assert run.revision == revision


def test_a_retry_takes_back_an_end_that_we_inferred(run):
    """It goes on running (C.4)."""
    node = execution(run)
    run.close_open_executions(at=5)
    run.retry_execution(node, 1, "busy", None)
    assert (node.status, node.inferred, node.ended_at) == ("running", False, None)


# ---- places


def test_an_execution_moves_into_a_round(run):
    loop, node = container(run), execution(run)
    run.place(node, loop, 3)
    assert ids(run.nodes) == ["loop"]
    assert (node.parent, node.round_index) == (loop, 3)
    assert [(turn.index, ids(turn.nodes)) for turn in loop.rounds] == [(3, ["e"])]
    assert not loop.unassigned


@pytest.mark.parametrize("index", [None, 3])
def test_an_execution_may_begin_where_it_stands(run, index):
    loop = container(run)
    node = execution(run, container=loop, index=index)
    assert (node.parent, node.round_index, ids(run.nodes)) == (loop, index, ["loop"])
    assert [(turn.index, ids(turn.nodes)) for turn in loop.rounds] == ([] if index is None else [(index, ["e"])])
    assert ids(loop.unassigned) == (["e"] if index is None else [])


def test_an_execution_whose_round_is_not_known_is_unassigned(run):
    loop, node = container(run), execution(run)
    run.place(node, loop)
    assert (node.parent, node.round_index, ids(loop.unassigned)) == (loop, None, ["e"])
    run.place(node, loop, 0)
    assert (node.round_index, list(loop.unassigned)) == (0, [])
    run.place(node, loop)
    assert (node.round_index, ids(loop.unassigned), list(loop.rounds)) == (None, ["e"], [])


def test_a_round_that_is_empty_again_was_none(run):
    """A phantom leaves no trace (C.5)."""
    loop, node = container(run), execution(run)
    run.place(node, loop, 0)
    run.place(node, loop, 1)
    assert [turn.index for turn in loop.rounds] == [1]


def test_others_in_a_round_stay_where_they_are(run):
    loop, node, other = container(run), execution(run), execution(run, "other")
    run.place(node, loop, 0)
    run.place(other, loop, 0)
    run.place(node, loop, 1)
    assert [(turn.index, ids(turn.nodes)) for turn in loop.rounds] == [(0, ["other"]), (1, ["e"])]


def test_an_execution_moves_back_to_the_top_level_with_all_that_is_in_it(run):
    outer, inner, node = container(run, "outer"), container(run, "inner"), execution(run)
    run.place(node, inner, 0)
    run.place(inner, outer, 0)
    assert ids(run.nodes) == ["outer"]
    run.place(inner, None)
    assert ids(run.nodes) == ["outer", "inner"]
    assert node.parent is inner
    assert not outer.rounds


def test_a_move_to_where_it_stands_changes_nothing(run):
    loop, node = container(run), execution(run)
    run.place(node, loop, 0)
    revision = run.revision
    run.place(node, loop, 0)
    run.place(loop, None)
    assert run.revision == revision


def test_a_container_never_stands_inside_itself(run):
    outer, inner = container(run, "outer"), container(run, "inner")
    run.place(inner, outer, 0)
    revision = run.revision
    run.place(outer, inner, 0)
    run.place(outer, outer, 0)
    assert (ids(run.nodes), inner.parent, outer.parent) == (["outer"], outer, None)
    assert run.revision == revision


def test_nothing_stands_deeper_than_is_drawn(run):
    """Recursion would end at 1,000; engines end at 3 or 5."""
    nodes = [container(run, f"c{number}") for number in range(100)]
    for outer, inner in pairwise(nodes):
        run.place(inner, outer, 0)
    depth, node = 0, run.nodes[0]
    while node.rounds:
        node, depth = node.rounds[0].nodes[0], depth + 1
    assert depth == MAX_DEPTH - 1
    assert sorted(ids(run.walk())) == sorted(ids(nodes))  # nothing is lost
    assert msgspec.json.encode(run.snapshot())


def test_what_something_is_placed_in_is_a_container_from_then_on(run):
    agent, node = execution(run, "agent"), execution(run)
    run.place(node, agent, 0)
    assert [turn.index for turn in agent.rounds] == [0]


def test_what_became_a_container_does_not_count_as_a_leaf(run):
    """DESIGN 5.2: leaf tokens are summed over executions that are no containers."""
    agent, node = execution(run, "agent"), execution(run)
    run.spend(agent, NodeUsage(7, 3, 4, {"USD": Decimal(2)}))
    run.spend(node, NodeUsage(5, 2, 3, {"USD": Decimal(1)}))
    run.place(node, agent, 0)
    assert (run.leaf_tokens, run.leaf_cost) == (5, {"USD": Decimal(1)})
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (2, 3)


def test_an_announced_round_is_not_shown(run):
    loop = container(run)
    run.begin_round(loop, 0)
    assert (list(loop.rounds), loop.container.current) == ([], 0)


def test_a_round_of_what_is_no_container_is_not_announced(run):
    node = execution(run)
    revision = run.revision
    run.begin_round(node, 0)
    run.time_round(node, 0, 1.0)
    assert (node.container, run.revision) == (None, revision)


def test_a_time_makes_no_round(run):
    """Duration maps name rounds of which nothing was shown (C.5)."""
    loop = container(run)
    run.time_round(loop, 0, 1.5)
    assert not loop.rounds


# ---- tokens and money


def test_tokens_are_summed_over_leaves(run):
    for name, tokens in (("a", 5), ("b", 7)):
        run.spend(execution(run, name), NodeUsage(tokens, tokens - 1, 1, {"USD": Decimal("0.1")}))
    assert (run.leaf_tokens, run.leaf_cost) == (12, {"USD": Decimal("0.2")})
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (10, 2)


def test_containers_never_count(run):
    """Their server's sum repeats what is inside (C.7)."""
    loop = container(run)
    run.spend(loop, NodeUsage(36, 30, 6, {"USD": Decimal(1)}))
    assert loop.total_tokens == 36
    assert (run.leaf_tokens, run.leaf_cost, run.usage.prompt_tokens) == (0, {}, None)


def test_an_execution_counts_once_however_often_it_is_told(run):
    node = execution(run)
    for _ in range(3):
        run.spend(node, NodeUsage(5, 2, 3, {"USD": Decimal("0.1")}))
    assert (run.leaf_tokens, run.leaf_cost) == (5, {"USD": Decimal("0.1")})
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (2, 3)


def test_a_later_figure_takes_the_place_of_the_first(run):
    node = execution(run)
    run.spend(node, NodeUsage(5, 2, 3, {"USD": Decimal("0.1")}))
    run.spend(node, NodeUsage(9, 4, 5, {"USD": Decimal("0.3")}))
    assert (run.leaf_tokens, run.leaf_cost) == (9, {"USD": Decimal("0.3")})
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (4, 5)


def test_a_figure_that_is_left_out_stays(run):
    node = execution(run)
    run.spend(node, NodeUsage(5, 2, 3, {"USD": Decimal("0.1")}, "gpt", "openai"))
    run.spend(node, NodeUsage())
    assert node.usage == NodeUsage(5, 2, 3, {"USD": Decimal("0.1")}, "gpt", "openai")
    assert (run.leaf_tokens, run.leaf_cost) == (5, {"USD": Decimal("0.1")})
    run.spend(node, NodeUsage(model="gpt-2"))
    assert (node.model, node.provider, node.total_tokens) == ("gpt-2", "openai", 5)


def test_where_nobody_told_the_split_the_split_is_unknown(run):
    run.spend(execution(run), NodeUsage(total_tokens=5))
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (None, None, 5)


def test_each_currency_has_its_own_sum(run):
    run.spend(execution(run, "a"), NodeUsage(cost={"USD": Decimal("0.1")}))
    run.spend(execution(run, "b"), NodeUsage(cost={"RMB": Decimal("0.7"), "USD": Decimal("0.2")}))
    assert run.leaf_cost == {"USD": Decimal("0.3"), "RMB": Decimal("0.7")}


def test_a_price_of_nothing_is_a_price(run):
    run.spend(execution(run), NodeUsage(cost={"RMB": Decimal(0)}))
    assert run.leaf_cost == {"RMB": Decimal(0)}


def test_a_currency_that_was_taken_back_leaves_no_sum_behind(run):
    node = execution(run)
    run.spend(node, NodeUsage(cost={"XXX": Decimal(1)}))
    run.spend(node, NodeUsage(cost={"USD": Decimal(1)}))
    assert run.leaf_cost == {"USD": Decimal(1)}


def test_sums_of_money_are_exact_whatever_their_sizes(run):
    """A price may have any size between 1e-30 and 1e30; the default context of `decimal` keeps 28 digits."""
    large, small = execution(run, "large"), execution(run, "small")
    run.spend(large, NodeUsage(cost={"USD": Decimal("1e30")}))
    run.spend(small, NodeUsage(cost={"USD": Decimal("1e-30")}))
    run.spend(large, NodeUsage(cost={"USD": Decimal(0)}))
    assert run.leaf_cost == {"USD": Decimal("1e-30")}


def test_sums_of_money_do_not_depend_on_the_callers_decimal_context(run):
    with localcontext() as context:
        context.prec = 2
        run.spend(execution(run, "a"), NodeUsage(cost={"USD": Decimal("1.23")}))
        run.spend(execution(run, "b"), NodeUsage(cost={"USD": Decimal("0.001")}))
    assert run.leaf_cost == {"USD": Decimal("1.231")}


# ---- logs


def test_a_log_entry_is_added_and_updated_by_its_id(run):
    node = execution(run, "agent")
    run.log(node, LogEntry(id="a", label="CALL", status="start", data={"q": 1}, metadata={"begun": 1}), None)
    run.log(node, LogEntry(id="a", label="CALL", status="success", data={"a": 2}, metadata={"ended": 2}), None)
    (entry,) = node.logs
    assert (entry.label, entry.status, entry.data) == ("CALL", "success", {"a": 2})
    assert entry.metadata == {"begun": 1, "ended": 2}


def test_what_an_update_of_an_entry_leaves_out_stays(run):
    node = execution(run, "agent")
    run.log(node, LogEntry(id="p", label="ROUND", status="start"), None)
    run.log(node, LogEntry(id="a", label="CALL", status="error", error="no", data={"q": 1}), "p")
    run.log(node, LogEntry(id="a", label="", status="", metadata=None), None)
    (parent,) = node.logs
    (entry,) = parent.children
    assert (entry.label, entry.status, entry.error, entry.data) == ("CALL", "error", "no", {"q": 1})


@pytest.mark.parametrize("metadata", [[1], "text", 5])
def test_metadata_of_an_entry_that_is_no_object_breaks_nothing(run, metadata):
    node = execution(run, "agent")
    run.log(node, LogEntry(id="a", label="", status="", metadata={"a": 1}), None)
    run.log(node, LogEntry(id="a", label="", status="", metadata=metadata), None)
    assert node.logs[0].metadata == {"a": 1}


# ---- text


def test_a_node_streams_into_its_latest_execution(run):
    first = execution(run, "first", "llm", at=1)
    run.append_node_text("llm", "one", 2)
    second = execution(run, "second", "llm", at=3)
    run.append_node_text("llm", "two", 4)
    run.append_node_text("llm", "!", 5)
    assert (first.text, second.text) == ("one", "two!")
    assert (first.first_token_at, second.first_token_at) == (2, 4)


def test_an_empty_delta_is_no_first_token(run):
    node = execution(run, "llm", at=1)
    run.append_node_text("llm", "", 2)
    assert node.first_token_at is None
    run.append_node_text("llm", "x", 3)
    assert node.first_token_at == 3


def test_without_a_clock_there_is_no_time_of_a_first_token(run):
    node = execution(run, "llm")
    run.append_node_text("llm", "x")
    assert node.first_token_at is None


def test_text_waits_for_its_node(run):
    """C.2: text may come before its node starts."""
    run.append_node_text("llm", "ear", 1)
    run.append_node_text("llm", "ly", 2)
    node = execution(run, "llm", at=3)
    run.append_node_text("llm", " and late", 4)
    assert node.text == "early and late"
    assert node.first_token_at is not None
    assert execution(run, "again", "llm").text == ""  # it waited once


def test_an_empty_delta_that_waits_is_no_first_token(run):
    run.append_node_text("llm", "", 1)
    node = execution(run, "llm", at=2)
    assert node.first_token_at is None


@pytest.mark.parametrize("outputs", [None, b"{}", b'{"text":null}', b'{"text":"whole answer"}', b"[1]", b'"text"'])
def test_text_after_the_end_of_a_node_is_its_own_while_it_may_be_missing_there(run, outputs):
    """A server may hold text back until the text before it is complete."""
    node = execution(run, "llm")
    run.describe(node, outputs=outputs)
    run.close_execution(node, "succeeded")
    run.append_node_text("llm", "whole")
    run.append_node_text("llm", " answer")
    assert node.text == "whole answer"


def test_text_after_the_end_of_a_node_that_has_all_of_its_text_is_the_next_ones(run):
    node = execution(run, "llm")
    run.append_node_text("llm", "one")
    run.describe(node, outputs=b'{"text":"one"}')
    run.close_execution(node, "succeeded")
    run.append_node_text("llm", "two")
    assert node.text == "one"
    assert execution(run, "next", "llm").text == "two"


def test_a_node_that_ended_with_an_empty_text_has_all_of_it(run):
    node = execution(run, "llm")
    run.describe(node, outputs=b'{"text":""}')
    run.close_execution(node, "succeeded")
    run.append_node_text("llm", "x")
    assert node.text == ""


def test_thinking_goes_to_the_execution_of_a_node_and_waits_for_it(run):
    run.append_node_reasoning("llm", "early, ", 1)
    node = execution(run, "llm", at=2)
    run.append_node_reasoning("llm", "", 3)
    run.append_node_reasoning("llm", "so", 4)
    assert (node.reasoning, node.text, node.first_token_at) == ("early, so", "", 4)


# ---- executions that were none, ends that nobody told


@pytest.mark.parametrize("index", [0, None])
def test_a_retracted_execution_is_gone_from_its_place(run, index):
    loop, node, other = container(run), execution(run), execution(run, "other")
    run.place(node, loop, index)
    run.retract(node)
    assert ids(run.walk()) == ["loop", "other"]
    assert set(run.executions) == {"loop", "other"}
    assert (node.parent, node.round, list(loop.rounds)) == (None, None, [])
    run.retract(other)
    assert ids(run.nodes) == ["loop"]


def test_a_view_is_told_that_a_retracted_execution_went(run):
    loop, node = container(run), execution(run)
    run.place(node, loop, 0)
    before, frozen = run.changed_since(0).revision, run.snapshot()
    run.retract(node)
    assert changed(run, before) == {"loop"}
    assert run.changed_since(before).gone == {"e"}
    assert run.snapshot() != frozen


def test_a_retracted_execution_is_not_found_by_its_node(run):
    first = execution(run, "first", "n")
    run.retract(execution(run, "second", "n"))
    assert run.latest("n") is first
    run.retract(first)
    assert run.latest("n") is None


def test_an_earlier_execution_may_be_retracted_and_the_last_one_is_still_meant(run):
    first, second = execution(run, "first", "n"), execution(run, "second", "n")
    run.close_execution(second, "succeeded")
    run.retract(first)
    assert run.latest("n") is second


def test_what_a_retracted_execution_spent_was_not_spent(run):
    node, other = execution(run), execution(run, "other")
    run.spend(node, NodeUsage(5, cost={"USD": Decimal(1)}))
    run.spend(other, NodeUsage(2))
    run.retract(node)
    assert (run.leaf_tokens, run.leaf_cost) == (2, {})


def test_an_inferred_end_yields_to_the_word_of_the_server(run):
    node = execution(run)
    run.infer_end(node, "succeeded", 3)
    assert (node.status, node.inferred, node.ended_at) == ("succeeded", True, 3)
    run.close_execution(node, "failed", error="no", at=4)
    assert (node.status, node.inferred, node.ended_at, node.error) == ("failed", False, 4, "no")


def test_what_an_execution_streamed_may_turn_out_to_be_of_another_one(run):
    first, second = execution(run, "a"), execution(run, "b")
    run.changed_since(0)
    run.append_execution_text(first, "<think>hm</think>yes", 2)
    revision = run.revision
    run.hand_over_text(first, second)
    assert (first.text, first.reasoning, first.first_token_at) == ("", "", None)
    assert (second.text, second.reasoning, second.first_token_at) == ("yes", "hm", 2)
    assert set(changed(run, revision)) == {"a", "b"}


def test_an_execution_that_streamed_something_takes_over_nothing(run):
    first, second = execution(run, "a"), execution(run, "b")
    run.hand_over_text(first, second)
    run.append_execution_text(first, "x")
    run.append_execution_text(second, "y")
    run.hand_over_text(first, second)
    assert (first.text, second.text) == ("x", "y")


def test_text_of_an_execution_is_its_own_whatever_else_its_node_does(run):
    first, second = execution(run, "first", "n"), execution(run, "second", "n")
    run.close_execution(first, "succeeded")
    run.append_execution_text(first, "", 1)
    run.append_execution_text(first, "<think>hm</think>", 2)
    run.append_execution_text(first, "yes", 3)
    assert (first.text, first.reasoning, first.first_token_at, second.text) == ("yes", "hm", 2, "")


# ---- anomalies


def test_an_anomaly_is_kept_with_its_frame_and_counted(run):
    run.frame = 7
    run.report("unknown-event", "new_word")
    run.frame = 3
    run.report("bad-field", "data.x")
    assert [(item.kind, item.detail, item.frame) for item in run.anomalies] == [
        ("unknown-event", "new_word", 7),
        ("bad-field", "data.x", 3),
    ]
    assert run.anomaly_counts == {"unknown-event": 1, "bad-field": 1}


def test_the_first_thousand_are_kept_and_all_are_counted(run):
    for number in range(KEPT + 500):
        run.report("bad-field", str(number))
    assert KEPT == 1000
    assert len(run.anomalies) == KEPT
    assert run.anomalies[-1].detail == "999"
    assert run.anomaly_counts == {"bad-field": 1500}
    assert run.snapshot().stats.anomalies == {"bad-field": 1500}


def test_a_detail_is_not_longer_than_somebody_reads(run):
    run.report("unknown-event", "x" * 10_000_000)
    assert len(run.anomalies[0].detail) == 500


# ---- revisions


OPERATIONS = {
    "open": lambda run, node, loop: execution(run, "new"),
    "describe": lambda run, node, loop: run.describe(node, title="x"),
    "resume": lambda run, node, loop: run.resume_execution(node),
    "pause": lambda run, node, loop: run.pause_execution(node),
    "retry": lambda run, node, loop: run.retry_execution(node, 1, None, None),
    "close": lambda run, node, loop: run.close_execution(node, "succeeded"),
    "place": lambda run, node, loop: run.place(node, loop, 1),
    "begin round": lambda run, node, loop: run.begin_round(loop, 1),
    "time round": lambda run, node, loop: run.time_round(loop, 0, 1.0),
    "spend": lambda run, node, loop: run.spend(node, NodeUsage(1)),
    "infer end": lambda run, node, loop: run.infer_end(node, "succeeded"),
    "execution text": lambda run, node, loop: run.append_execution_text(node, "x"),
    "log": lambda run, node, loop: run.log(node, LogEntry(id="a", label="", status=""), None),
    "text": lambda run, node, loop: run.append_node_text("e", "x"),
    "reasoning": lambda run, node, loop: run.append_node_reasoning("e", "x"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_gives_new_revisions_to_what_it_changes(run, name):
    loop, node = container(run), execution(run)
    run.place(node, loop, 0)
    before, frozen = run.changed_since(0).revision, run.snapshot()
    OPERATIONS[name](run, node, loop)
    assert run.revision > before
    assert run.snapshot() is not frozen
    renewed = changed(run, before)
    assert renewed == {item.id for item in run.walk() if item.revision > before}
    assert renewed


def test_a_move_changes_what_is_left_what_is_entered_and_what_moves(run):
    one, two, node = container(run, "one"), container(run, "two"), execution(run)
    run.place(node, one, 0)
    before = run.changed_since(0).revision
    run.place(node, two, 0)
    assert changed(run, before) == {"one", "two", "e"}


def test_a_view_asks_with_the_revision_that_it_was_given(run):
    assert run.changed_since(0).revision == 0
    execution(run, "a")
    changes = run.changed_since(0)
    assert (changes.changed, changes.revision) == ({"a"}, run.revision)
    assert changed(run, changes.revision) == frozenset()
    execution(run, "b")
    assert changed(run, changes.revision) == {"b"}


def test_a_run_that_nobody_asked_before_does_not_know_what_changed(run):
    """A gateway never asks, so its runs need not remember."""
    execution(run, "a")
    first = run.changed_since(run.revision - 1)
    assert (first.everything, first.changed, first.revision) == (True, frozenset(), run.revision)
    assert changed(run, first.revision) == frozenset()


def test_a_view_that_looks_too_seldom_is_told_to_look_at_everything(run):
    run.changed_since(0)
    for number in range(LENGTH + 1):
        execution(run, f"e{number}")
    assert run.changed_since(0).everything
    assert not run.changed_since(run.revision - 10).everything
