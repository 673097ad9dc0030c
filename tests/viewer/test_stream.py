import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Tap
from tests.viewer.bodies import BODIES, TWO_RUNS, frame, memory, node, state, watch, workflow
from viewer.stream import Watch

FIRST = workflow("one", ("node_started", node(1)), ("node_finished", node(1, status="succeeded", outputs={"a": 1})))
SECOND = workflow("two", ("node_started", node(1)), ("node_finished", node(1, status="failed", error="no")))


def alone(body):
    tap = Tap()
    tap.feed(body)
    tap.close()
    return tap.run


@pytest.mark.parametrize("size", [1, 50, 10_000])
def test_a_second_run_in_a_body_is_watched_too(size):
    body = FIRST + SECOND
    first, second = watch(*(body[start : start + size] for start in range(0, len(body), size))).runs
    assert (state(first.run), state(second.run)) == (state(alone(FIRST)), state(alone(SECOND)))
    assert (first.name, second.name) == ("body", "body")


def test_runs_that_take_turns_are_parted():
    frames = zip(FIRST.split(b"\n\n"), SECOND.split(b"\n\n"), strict=True)
    body = b"".join(frame + b"\n\n" for pair in frames for frame in pair if frame)
    first, second = watch(body).runs
    assert (first.run.status, second.run.status) == ("succeeded", "succeeded")
    assert second.run.executions["x1"].status == "failed"
    for watched, whole in ((first, FIRST), (second, SECOND)):
        assert state(watched.run) == state(alone(whole))
        assert watched.at(2).executions["x1"].status == "running"
        assert watched.detail_at("x1", 2).status == "running"


@pytest.mark.parametrize("name", sorted(TWO_RUNS))
def test_a_frame_of_another_run_begins_it(name):
    assert len(watch(BODIES[name]).runs) == 2


PAUSED = b"".join(
    [
        frame("workflow_started", workflow_run_id="r", data={"id": "r", "inputs": {}}),
        frame("node_started", workflow_run_id="r", data=node(1)),
        frame("workflow_paused", workflow_run_id="r", data={"workflow_run_id": "r", "paused_nodes": ["n1"]}),
    ]
)
RESUMED = b"".join(
    [
        b"event: ping\n\n",
        frame("workflow_started", workflow_run_id="r", data={"id": "r", "reason": "resumption"}),
        frame("node_finished", workflow_run_id="r", data=node(1, status="succeeded")),
        frame("workflow_finished", workflow_run_id="r", data={"id": "r", "status": "succeeded"}),
    ]
)


def test_a_body_goes_on_with_a_run_that_waits():
    changes = []
    found = Watch(on_change=lambda: changes.append(None))
    for name, body in (("a", PAUSED), ("b", RESUMED)):
        watched = found.begin(name, memory())
        watched.feed(body)
        watched.close()
    (watched,) = found.runs
    assert (watched.names, watched.run.status, watched.events) == (["a", "b"], "succeeded", 6)
    assert [segment.first for segment in watched.segments] == [1, 4]
    assert len(changes) == 3


def test_a_body_may_go_on_with_a_run_before_it_says_anything():
    found = Watch()
    first = found.open("a", memory())
    first.feed(PAUSED)
    first.close()
    second = found.open("b", memory(), lambda: 50.0)
    second.go_on_with(first.watched)
    (watched,) = found.runs
    assert (watched.live, watched.run.status, watched.now()) == (True, "paused", 50.0)
    second.feed(b": ping\n\n")
    second.close()
    assert (watched.run.status, watched.events, watched.run.heartbeats) == ("paused", 3, 1)
    third = found.open("c", memory())
    third.go_on_with(watched)
    third.feed(RESUMED)
    third.close()
    assert (found.runs, watched.run.status, watched.events) == ([watched], "succeeded", 6)
    assert watched.at(4).status == "running"
    assert watched.at(3).status == "paused"


def test_a_body_of_a_run_that_is_over_is_a_run_of_its_own():
    found = Watch()
    for _ in range(2):
        stream = found.open("a", memory())
        stream.feed(FIRST)
        stream.close()
    assert len(found.runs) == 2


def test_what_was_forgotten_is_not_gone_on_with():
    found = Watch()
    stream = found.open("a", memory())
    stream.feed(PAUSED)
    stream.close()
    found.forget(stream.watched)
    found.begin("a", memory()).feed(PAUSED)
    assert len(found.runs) == 2


def test_times_go_on_where_a_clock_begins_again():
    found = Watch()
    for body, now in ((PAUSED, 50.0), (RESUMED, 0.0)):
        watched = found.begin("x", memory(), lambda now=now: now)
        watched.feed(body)
        watched.close()
    (watched,) = found.runs
    assert [watched.history.time_of(event) for event in range(1, 7)] == [50.0] * 6


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is empty"),
        (b"<html>", "is a page of HTML or XML, not an event stream"),
        (b'{"a": ', "begins like JSON, but holds no JSON object"),
        (b": ping\n\n", "holds heartbeats (1), but no event"),
    ],
)
def test_a_body_without_anything_says_why(body, problem):
    (watched,) = watch(body).runs
    assert watched.problem == problem
    assert not watched.run.executions


def test_json_lines_are_read():
    lines = b"".join(frame[6:] + b"\n" for frame in FIRST.split(b"\n\n") if frame)
    (watched,) = watch(lines).runs
    assert state(watched.run)[:50] == state(alone(FIRST))[:50]
    assert watched.at(2).executions["x1"].status == "running"
    assert watched.detail_at("x1", 2).status == "running"


def test_after_the_end_nothing_is_taken():
    found = watch(FIRST)
    (watched,) = found.runs
    watched.feed(SECOND)
    watched.close()
    assert len(found.runs) == 1


@given(junk=st.lists(st.binary(max_size=60), max_size=20))
def test_nothing_raises_on_what_a_peer_says(junk):
    pieces = [piece for junk_piece in junk for piece in (junk_piece, FIRST[:200], b"\n\n", SECOND[:150])]
    found = watch(*pieces)
    for watched in found.runs:
        for event in range(watched.events + 1):
            assert watched.at(event) is not None
