import time

import pytest

from streamkit.run import NodeUsage, Run
from viewer.history import History


@pytest.fixture
def run():
    return Run("dify")


@pytest.fixture
def history():
    return History()


def open_one(run, history, name, time=0.0):
    """An event at which an execution begins."""
    node = run.open_execution(name, name, type="llm", title=name)
    history.record(history.events * 10, time)
    history.see(node)
    history.touch(node.number)
    return node


def end_one(run, history, node, status="succeeded", time=0.0):
    run.close_execution(node, status)
    history.record(history.events * 10, time)
    history.see(node)
    history.touch(node.number)


def test_nothing_is_known_before_the_first_event(history):
    assert (history.events, history.executions, history.count_at(5)) == (0, 0, 0)
    assert (history.time_of(0), history.event_at(9), history.density(3)) == (0, 0, [0, 0, 0])
    assert history.status_of(1, 1) is None
    assert history.touched(1) == []
    assert (history.run_status_at(0), history.leaf_tokens_at(0)) == ("running", 0)


def test_an_execution_stands_as_it_did(run, history):
    node = open_one(run, history, "a")
    open_one(run, history, "b")
    end_one(run, history, node, "failed", time=2.5)
    told = [(history.status_of(1, event), history.ended_of(1, event)) for event in range(5)]
    assert told == [(None, None), ("running", None), ("running", None), ("failed", 2.5), ("failed", 2.5)]
    assert [history.count_at(event) for event in range(4)] == [0, 1, 2, 2]
    assert history.id_of(2) == "b"


def test_what_was_taken_back_is_none_from_then_on(run, history):
    node = open_one(run, history, "a")
    run.retract(node)
    history.record(10, 0)
    history.lose("a")
    history.lose("never seen")
    assert [history.status_of(1, event) for event in (1, 2)] == ["running", None]
    assert history.tokens_of(1, 2) is None


def test_executions_that_nobody_saw_leave_no_hole(run, history):
    run.open_execution("gone", "gone", type="", title="")
    open_one(run, history, "b")
    assert (history.executions, history.id_of(1), history.id_of(2)) == (2, "", "b")
    assert history.status_of(1, 9) is None


def test_numbers_that_no_array_holds_are_the_most_it_can_hold(run, history):
    node = open_one(run, history, "a")
    run.spend(node, NodeUsage(total_tokens=10**30))
    history.record(10, 0)
    history.see(node)
    history.see_run("running", -(10**30))
    assert history.tokens_of(1, 2) == 2**63 - 1
    assert history.leaf_tokens_at(2) == 0
    assert not history.see(node)


def test_edges_are_found_in_both_directions(run, history):
    node = open_one(run, history, "a")  # 1
    other = open_one(run, history, "b")  # 2
    run.retry_execution(other, 1, "again", 0.5)
    history.record(0, 0)  # 3
    history.see(other)
    end_one(run, history, node)  # 4
    end_one(run, history, other, "failed")  # 5
    history.record(0, 0)  # 6
    history.see_run("paused", 3)
    told = {kind: list(history.edges(kind)) for kind in ("begin", "end", "error", "pause", "retry")}
    assert told == {"begin": [1, 2], "end": [4], "error": [5], "pause": [6], "retry": [3]}
    assert (history.next_edge(2), history.last_edge(3), history.next_edge(6), history.last_edge(1)) == (
        3,
        2,
        None,
        None,
    )
    assert (history.next_edge(0, ("error",)), history.last_edge(9, ("begin", "end"))) == (5, 4)
    assert history.attempts_of(2, 3) == 1
    assert (history.run_status_at(5), history.run_status_at(6), history.leaf_tokens_at(6)) == ("running", "paused", 3)


def test_touched_events_are_stretches(run, history):
    node = open_one(run, history, "a")
    for _ in range(3):
        history.record(0, 0)
        history.touch(node.number)
    open_one(run, history, "b")
    end_one(run, history, node)
    assert history.touched(1) == [range(1, 5), range(6, 7)]
    assert history.touched(2) == [range(5, 6)]


def test_density_counts_every_event_once(history):
    for second in (0, 0, 1, 5, 9, 10):
        history.record(0, second)
    assert history.density(2) == [3, 3]
    assert sum(history.density(7)) == 6
    assert [history.event_at(second) for second in (-1, 0, 4, 99)] == [0, 2, 3, 6]


@pytest.mark.untraced
def test_questions_are_cheap_at_any_size(history):
    """300,000 events, 100,000 executions: well under a millisecond each, with much room for a slow machine."""
    run = Run("dify")
    for number in range(100_000):
        node = run.open_execution(str(number), "n", type="llm", title="")
        for status in ("running", "running", "succeeded"):
            history.record(number, number)
            node.status = status
            history.see(node)
    assert (history.events, history.executions) == (300_000, 100_000)
    questions = {
        "status": lambda: history.status_of(70_000, 290_000),
        "count": lambda: history.count_at(123_456),
        "event": lambda: history.event_at(55_555.5),
        "edge": lambda: history.next_edge(150_000),
        "density": lambda: history.density(140),
    }
    for name, ask in questions.items():
        took = min(timed(ask) for _ in range(5))
        assert took < 0.001, name


def timed(ask):
    began = time.process_time()
    ask()
    return time.process_time() - began


def test_events_that_come_together_are_noted_as_one_by_one():
    logs = []
    for sizes in ([1, 1, 1, 1], [3, 1], [4]):
        history, start = History(), 10
        node = open_one(Run("dify"), history, "a")
        for size in sizes:
            history.record_all(range(start, start + size), [1.0] * size)
            history.touch(node.number, size)
            start += size
        logs.append((history.touched(node.number), [history.offset_of(event) for event in range(1, 6)]))
    assert logs == [([range(1, 6)], [0, 10, 11, 12, 13])] * 3
