"""What a row says of an item as it is now."""

from decimal import Decimal

import pytest

from streamkit import Run
from streamkit.run import LogEntry, NodeUsage
from tests.viewer.shown import NAMES, execution, keys_of, run_of
from viewer.facts import Facts, Now
from viewer.tree import RunTree


def facts(item, time=10.0, spent=None):
    return Now(time, spent).facts(item)


# ---- executions


def test_the_servers_duration_counts_more_than_when_it_was_seen():
    run = Run("dify")
    node = execution(run, "a", begin=1.0)
    run.close_execution(node, "succeeded", elapsed_time=0.25, at=9.0)
    assert facts(node) == Facts("succeeded", 1.0, 9.0, 0.25)


def test_what_runs_took_so_long_until_now_and_what_is_over_did_not():
    run = Run("dify")
    runs, over = execution(run, "a", begin=1.0), execution(run, "b", begin=1.0)
    run.close_execution(over, "succeeded", at=4.0)
    assert [facts(runs, time).seconds for time in (1.0, 3.5, 0.5)] == [0.0, 2.5, 0.0]
    assert facts(runs).goes_on
    assert [facts(over, time).seconds for time in (5.0, 50.0)] == [3.0, 3.0]
    assert not facts(over).goes_on


def test_an_end_that_nobody_saw_is_where_its_duration_says():
    run = Run("dify")
    node = execution(run, "a", begin=2.0)
    run.close_execution(node, "succeeded", elapsed_time=1.5)
    assert facts(node).end == 3.5


def test_of_what_no_time_is_known_none_is_told():
    node = execution(Run("dify"), "a")
    assert facts(node) == Facts("running")


def test_the_end_of_what_it_says_is_told_while_it_says_it():
    run = Run("dify")
    node = execution(run, "a", begin=0.0)
    run.append_execution_text(node, "x" * 1000 + "end", 0.0)
    assert facts(node).said == "x" * 97 + "end"
    run.close_execution(node, "succeeded", at=1.0)
    assert facts(node).said == ""


def test_a_container_spent_what_is_below_it_unless_the_server_says_it():
    run = Run("dify")
    loop = execution(run, "loop", is_container=True, begin=0.0)
    execution(run, "in", inside=loop, index=0, begin=0.0, end=1.0, tokens=7)
    spent = RunTree(run).spent
    assert (facts(loop, spent=spent).tokens, facts(loop).tokens) == (7, None)
    run.spend(loop, NodeUsage(total_tokens=9))
    run.close_execution(loop, "succeeded", at=2.0)
    assert facts(loop, spent=spent).tokens == 9
    assert facts(loop).rounds == 1


def test_tries_and_errors_are_told():
    run = Run("dify")
    node = execution(run, "a", begin=0.0)
    run.retry_execution(node, 1, "429", 0.5)
    run.close_execution(node, "failed", error="timeout", at=1.0)
    told = facts(node)
    assert (told.status, told.attempts, told.error) == ("failed", 1, "timeout")
    assert facts(node.attempts[0]).status == "failed"


# ---- rounds, runs, entries of a log


def test_a_round_lasts_from_its_first_execution_to_the_end_of_its_last_one():
    run = Run("dify")
    loop = execution(run, "loop", is_container=True, begin=0.0)
    execution(run, "a", inside=loop, index=0, begin=1.0, end=2.0)
    late = execution(run, "b", inside=loop, index=0, begin=2.0)
    turn = loop.rounds[0]
    assert facts(turn) == Facts("running", 1.0, None, 9.0)
    run.close_execution(late, "succeeded", at=4.0)
    run.close_execution(loop, "succeeded", at=4.0)
    told = facts(turn)
    assert (told.status, told.begin, told.end, told.seconds) == ("succeeded", 1.0, 4.0, 3.0)


def test_a_run_that_goes_on_lasts_until_now():
    run = Run("dify")
    run.count("workflow_started", 1, 2.0)
    assert facts(run) == Facts("running", 2.0, None, 8.0, 0, {})


@pytest.mark.parametrize(
    ("said", "status"),
    [("start", "running"), ("success", "succeeded"), ("error", "failed"), ("odd", "odd"), ("", "unknown")],
)
def test_an_entry_of_a_log_has_our_word_for_its_status(said, status):
    run = Run("dify")
    node = execution(run, "agent", begin=0.0)
    run.log(node, LogEntry(id="l", label="L", status=said), None)
    assert facts(node.entries["l"]) == Facts(status)


@pytest.mark.parametrize("name", NAMES[::7])
def test_of_every_row_something_is_told_and_no_time_that_was_seen_is_negative(name):
    run = run_of(name)
    tree = RunTree(run)
    for key in keys_of(run):
        told = Now(0.05, tree.spent).facts(tree.item(key))
        assert told.status
        assert told.seconds is None or told.seconds >= 0 or told.seconds == tree.item(key).elapsed_time
        assert told.cost is None or all(isinstance(amount, Decimal) for amount in told.cost.values())
