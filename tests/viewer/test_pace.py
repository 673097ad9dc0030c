import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.dialects import DIALECTS
from streamkit.reader import Reader
from tests.viewer.bodies import BODIES
from viewer.pace import TOKENS_A_SECOND, Pace

EPOCH = 1776000000


def dify(word, **data):
    return DIALECTS["dify"].decode(msgspec.json.encode({"event": word, "data": data}), [])


def times(*events):
    pace = Pace()
    return [pace.at(event) for event in events]


def test_of_whole_seconds_only_what_is_sure_counts():
    began = dify("workflow_started", id="r", created_at=EPOCH)
    assert times(began, dify("node_started", id="x", created_at=EPOCH + 4)) == [0, 3]
    assert times(began, dify("node_started", id="x", created_at=EPOCH + 1)) == [0, 0]


def test_the_servers_stamps_tell_the_time():
    began = dify("workflow_started", id="r", created_at=EPOCH)
    node = dify("node_started", id="x", created_at=EPOCH + 4.5)
    assert times(began, node) == [0, 4.5]


def test_an_end_comes_as_late_as_it_took():
    start = dify("node_started", id="x", created_at=EPOCH)
    end = dify("node_finished", id="x", elapsed_time=1.25, finished_at=EPOCH + 1)
    assert times(start, end) == [0, 1.25]


def test_the_run_ends_as_late_as_it_took():
    start = dify("workflow_started", id="r", created_at=EPOCH)
    assert times(start, dify("workflow_finished", id="r", elapsed_time=2.5)) == [0, 2.5]


def test_a_run_that_waits_pauses_as_late_as_it_took():
    start = dify("workflow_started", id="r", created_at=EPOCH)
    assert times(start, dify("workflow_paused", id="r", elapsed_time=2.5)) == [0, 2.5]


def test_text_is_typed():
    token = dify("text_chunk", text="hello")
    assert times(*[token] * TOKENS_A_SECOND)[-1] == pytest.approx(1)


def test_a_server_whose_clock_goes_back_is_not_followed():
    start, before = dify("node_started", id="x", created_at=EPOCH), dify("node_started", id="y", created_at=EPOCH - 9)
    assert times(start, before) == [0, 0]


@pytest.mark.parametrize("stamp", [-5, 0, 77.5, 1776000000000, 10**40])
def test_a_stamp_that_is_none_is_passed_over(stamp):
    start = dify("node_started", id="x", created_at=EPOCH)
    assert times(start, dify("node_started", id="y", created_at=stamp)) == [0, 0]


def test_ragflow_s_performance_counter_is_no_time():
    ragflow = DIALECTS["ragflow"]
    start = ragflow.decode(b'{"event":"node_started","data":{"component_id":"a","created_at":1776000000}}', [])
    end = ragflow.decode(
        b'{"event":"node_finished","data":{"component_id":"a","created_at":812.5,"elapsed_time":0.5}}', []
    )
    assert times(start, end) == [0, 0.5]


@given(name=st.sampled_from(list(BODIES)))
def test_time_never_goes_back(name):
    reader, pace = Reader("auto"), Pace()
    records = [*reader.feed(BODIES[name]), *reader.close()]
    told = [pace.at(record.event) for record in records]
    assert told == sorted(told)
    assert not told or 0 <= told[0] <= told[-1] < float("inf")


def test_pieces_of_text_that_come_at_once_are_typed_one_after_the_other():
    one, other = Pace(), Pace()
    said = DIALECTS["dify"].decode(msgspec.json.encode({"event": "message", "answer": "a"}), [])
    assert one.typed(3) == [other.at(said) for _ in range(3)]
    assert one.typed(2) == [other.at(said) for _ in range(2)]
