"""What a row says of an item at an earlier event: what the run itself said then, folded anew."""

import pytest

from streamkit.run import NodeExecution, Round
from tests.viewer.bodies import BODIES, RICH, watch
from tests.viewer.shown import keys_of
from viewer.facts import Now
from viewer.past import Then
from viewer.rows import named
from viewer.tree import RunTree

NAMES = [name for name in RICH if name.startswith(("dify/wf_", "dify/chat_l"))][::5]


def then_of(watched, event, clock=None):
    """The moment, with a tree that goes there, too."""
    tree = RunTree(watched.run)
    tree.limit = watched.history.count_at(event)
    return Then(watched.history, event, tree.rounds_begun, clock)


def moments(watched):
    """Some events of a run, each with the run as it was after it."""
    step = max(watched.events // 7, 1)
    for event in range(0, watched.events, step):
        yield event, watched.at(event)


def both(name):
    """For each execution at each of some events: what the history says of it, and what the run said then."""
    (watched,) = watch(BODIES[name]).runs
    for event, run in moments(watched):
        then, now = then_of(watched, event), Now(watched.history.time_of(event))
        for node in watched.run.executions.values():
            if node.number <= watched.history.count_at(event) and node.id in run.executions:
                yield then.facts(node), now.facts(run.executions[node.id])


@pytest.mark.parametrize("name", NAMES)
def test_an_execution_stood_as_the_run_said_then(name):
    pairs = list(both(name))
    assert pairs
    for then, now in pairs:
        assert (then.status, then.attempts, then.error, then.begin) == (now.status, now.attempts, now.error, now.begin)
        assert then.goes_on is now.goes_on


@pytest.mark.parametrize("name", NAMES)
def test_what_ran_then_took_so_long_until_then(name):
    for then, now in both(name):
        if then.goes_on:
            assert then.seconds == now.seconds
            assert then.end is None


@pytest.mark.parametrize("name", NAMES)
def test_the_run_stood_as_it_said_then(name):
    (watched,) = watch(BODIES[name]).runs
    for event, run in moments(watched):
        then = then_of(watched, event).facts(watched.run)
        assert (then.status, then.tokens) == (run.status, run.leaf_tokens)


def test_nothing_of_later_is_told_of_a_round():
    (watched,) = watch(BODIES["dify/wf_iter_seq5"]).runs
    rounds = [item for key in keys_of(watched.run) if isinstance(item := named(watched.run, key), Round)]
    seen = set()
    for event in range(watched.events):
        then = then_of(watched, event)
        for turn in rounds:
            begun = [node for node in turn.in_order() if node.number <= watched.history.count_at(event)]
            told = then.facts(turn)
            if not begun:
                assert told.status == "unknown"
                continue
            statuses = {watched.history.status_of(node.number, event) for node in begun}
            assert told.goes_on is ("running" in statuses)
            assert told.end is None or told.end <= watched.history.time_of(event)
            seen.add(told.status)
    assert seen == {"running", "succeeded"}


def test_rounds_are_counted_as_they_begin():
    (watched,) = watch(BODIES["dify/wf_iter_seq5"]).runs
    container = next(node for node in watched.run.executions.values() if node.container is not None)
    counts = [then_of(watched, event).facts(container).rounds for event in range(watched.events + 1)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 5)


def test_the_clock_may_stand_between_two_events():
    (watched,) = watch(BODIES["dify/wf_iter_seq5"]).runs
    node = next(iter(watched.run.executions.values()))
    assert isinstance(node, NodeExecution)
    begun = watched.history.touched(node.number)[0][0]
    time = watched.history.time_of(begun)
    assert then_of(watched, begun).facts(node).seconds == 0
    assert then_of(watched, begun, time + 5).facts(node).seconds == pytest.approx(5)
    assert then_of(watched, begun, time + 5).time == time + 5
