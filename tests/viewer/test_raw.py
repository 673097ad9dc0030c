"""Raw events by their place: all of a run, or those of one execution, up to a moment."""

import pytest

from streamkit.run import NodeExecution
from tests.viewer.bodies import BODIES, watch
from viewer.raw import Raw

NAME = "dify/wf_iter_fail_par_continue"


@pytest.fixture
def watched():
    (found,) = watch(BODIES[NAME]).runs
    return found


def test_of_a_run_all_events_are_there_in_order(watched):
    events = list(Raw(watched, watched.run, None))
    assert [event.number for event in events] == [*range(1, watched.events + 1)]
    assert b"".join(event.data for event in events) == b"".join(
        line.removeprefix(b"data: ") for line in BODIES[NAME].split(b"\n\n") if line.startswith(b"data: ")
    )
    assert events[0].after is None
    assert all(event.after >= 0 for event in events[1:])


def test_of_an_execution_those_that_concern_it(watched):
    numbers = set()
    for node in watched.run.executions.values():
        own = Raw(watched, node, None)
        told = [event.number for event in own]
        assert told == [number for part in watched.history.touched(node.number) for number in part]
        assert len(own) == len(told)
        if node.container is None:
            assert all(node.node_id.encode() in event.data for event in own)
        numbers |= set(told)
    assert isinstance(node, NodeExecution)
    assert len(numbers) > watched.events / 2


@pytest.mark.parametrize("last", [0, 1, 7])
def test_of_an_earlier_moment_those_that_had_come(watched, last):
    assert [event.number for event in Raw(watched, None, last)] == [*range(1, last + 1)]
    for node in watched.run.executions.values():
        assert all(event.number <= last for event in Raw(watched, node, last))


def test_they_are_a_sequence(watched):
    raw = Raw(watched, None, None)
    every = list(raw)
    assert raw[-1] == every[-1]
    assert raw[3:9:2] == every[3:9:2]
    with pytest.raises(IndexError):
        raw[len(raw)]
