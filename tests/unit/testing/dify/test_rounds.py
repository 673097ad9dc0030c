"""When rounds are announced and how their events mingle, in the engines of all generations."""

import json

import pytest

from streamkit.testing import DifyStream
from tests.unit.testing.reality import run_of

THREADS, PLAIN, LIVE = "1.8", "1.14", "1.17"
GENERATIONS = pytest.mark.parametrize("version", ["0.8", "1.1", THREADS, "1.9", "1.13", PLAIN, "1.16", LIVE])


def work(round, item):
    return round.node("code", "Work", outputs={"r": item})


def iteration(version, *, parallel=False):
    return DifyStream(version, "workflow").start().iteration(["a", "b"], work, parallel=parallel).finish()


def loop(version, times=2, **more):
    return DifyStream(version, "workflow").start().loop(times, work, **more).finish()


def told(stream):
    """The events of containers and of what is inside, in short: `>` starts, `0`… announces, `[` and `]` are a node's."""
    words = []
    for line in stream.bytes().split(b"\n"):
        if line.startswith(b"data: "):
            frame = json.loads(line[6:])
            event, data = frame["event"], frame.get("data", {})
            if data.get("iteration_id") or data.get("loop_id"):
                words.append("[" if event == "node_started" else "]")
            elif event.startswith(("iteration", "loop")):
                words.append(str(data["index"]) if event.endswith("next") else {"d": ">"}.get(event[-1], event))
    return " ".join(words).replace("> ", ">", 1).replace(" >", "<")


@pytest.mark.parametrize(
    ("version", "expected"),
    [(THREADS, ">0 [ ] 1 [ ] 2<"), (PLAIN, ">0 [ ] 1 [ ]<"), (LIVE, ">0 [ ] 1 [ ]<")],
)
def test_an_iteration_one_after_the_other(version, expected):
    assert told(iteration(version)) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [(THREADS, ">[ ] 1 [ ]<"), (PLAIN, ">[ ] 1 [ ] 2<"), (LIVE, ">[ ] 1 [ ]<")],
)
def test_a_loop(version, expected):
    assert told(loop(version)) == expected


def test_a_loop_that_was_left_announces_no_round_too_many():
    assert told(loop(PLAIN, most=5)) == ">[ ] 1 [ ]<"


@pytest.mark.parametrize(
    ("version", "expected"),
    [(THREADS, (">0 [ [ ] 1 ] 2<", ">0 [ [ ] 2 ] 1<")), (PLAIN, (">0 1 [ ] [ ]<",)), (LIVE, (">0 1 [ [ ] ]<",))],
)
def test_an_iteration_all_at_once(version, expected):
    assert told(iteration(version, parallel=True)) in expected


@GENERATIONS
@pytest.mark.parametrize("parallel", [False, True])
def test_rounds_are_what_they_were_whatever_the_engine(version, parallel):
    def body(round, item):
        return work(round, item) if item != "b" else round.node("code", "Work").fail("nope")

    stream = DifyStream(version, "workflow").start().iteration(["a", "b", "c"], body, parallel=parallel).finish()
    state = run_of(stream)
    found = {round.index: [node.status for node in round.nodes] for round in state.nodes[1].rounds}
    assert found == {0: ["succeeded"], 1: ["failed"], 2: ["succeeded"]}
    assert state.nodes[1].unassigned == ()
    assert state.nodes[1].outputs == {"output": ["a", None, "c"]}
    assert state.status == "succeeded"


@pytest.mark.parametrize("version", ["1.9", PLAIN, LIVE])
def test_containers_in_containers(version):
    def outer(round, items):
        return round.iteration(items, work, title="Inner").loop(2, work, title="Again")

    state = run_of(DifyStream(version, "workflow").start().iteration([[1, 2], [3]], outer, title="Outer").finish())
    rounds = state.nodes[1].rounds
    assert [[(node.title, len(node.rounds)) for node in round.nodes] for round in rounds] == [
        [("Inner", 2), ("Again", 2)],
        [("Inner", 1), ("Again", 2)],
    ]


def test_a_container_sums_up_what_was_spent_inside():
    stream = DifyStream(mode="workflow").start().loop(3, lambda round, _: round.llm("x", tokens=5)).finish()
    state = run_of(stream)
    assert (state.nodes[1].total_tokens, state.leaf_tokens, state.total_tokens) == (15, 15, 15)


def test_a_round_ends_where_it_fails():
    def body(round, _):
        return round.node("code", "First").fail("no").node("code", "Never")

    state = run_of(DifyStream(mode="workflow").start().loop(1, body).finish())
    assert [node.title for node in state.nodes[1].rounds[0].nodes] == ["First"]


def test_a_container_may_fail_or_stay_open():
    stream = DifyStream(mode="workflow").start().iteration(["a", "b"], work)
    failed, stopped = run_of(stream.fail("too much")), run_of(stream.stop())
    assert (failed.status, failed.error.message, failed.nodes[1].status) == ("failed", "too much", "failed")
    assert (stopped.status, stopped.nodes[1].status) == ("stopped", "stopped")


@pytest.mark.parametrize(
    ("outputs", "expected"), [({"r": 1}, 1), ({"text": "t", "more": 2}, "t"), ({"a": 1, "b": 2}, {"a": 1, "b": 2})]
)
def test_what_a_round_puts_out_is_that_of_its_last_node(outputs, expected):
    stream = (
        DifyStream(mode="workflow")
        .start()
        .iteration(
            ["x"], lambda round, _: round.node("code", "First", outputs={"no": 0}).node("code", "Last", outputs=outputs)
        )
    )
    assert run_of(stream.finish()).nodes[1].outputs == {"output": [expected]}


def test_an_empty_iteration_has_no_rounds():
    state = run_of(DifyStream(LIVE, "workflow").start().iteration([], work, parallel=True).finish())
    assert (state.nodes[1].status, state.nodes[1].rounds) == ("succeeded", ())


def test_before_1_17_nothing_is_told_of_an_empty_iteration():
    state = run_of(DifyStream(PLAIN, "workflow").start().iteration([], work).finish())
    assert [node.type for node in state.nodes] == ["start", "end"]
