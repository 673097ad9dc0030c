"""Places in a body are found as a person names them."""

from itertools import pairwise

import pytest

from streamkit.errors import ReplayError
from streamkit.replay.frames import Place, decoded, frames_of
from tests.unit.replay.serving import DIFY, FIXTURES, RAGFLOW

HUMAN = (DIFY / "wf_human_2_resumed_approve.sse").read_bytes()


def at(place, body):
    offset = Place.parse(place).offset_in(frames_of(body), len(body))
    return body[offset:]


def test_frames_have_their_words_nodes_and_bytes():
    first, second, *_ = frames_of(HUMAN)
    assert (first.number, first.kind, first.names) == (0, "workflow_started", frozenset())
    assert (second.kind, second.names) == ("node_started", {"ask", "Approval"})
    assert HUMAN[: first.start] == b"event: ping\n\n"
    assert HUMAN[first.start : first.end] == b"data: " + first.data + b"\n\n"


@pytest.mark.parametrize("path", sorted((FIXTURES / "hostile").glob("*.sse")), ids=lambda path: path.stem)
def test_frames_of_any_body_follow_each_other(path):
    body = path.read_bytes()
    frames = frames_of(body)
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert all(0 <= frame.start < frame.end <= len(body) for frame in frames)
    assert all(one.end <= other.start for one, other in pairwise(frames))


def test_lines_of_json_are_frames():
    body = (FIXTURES / "hostile" / "events.ndjson").read_bytes()
    assert b"".join(body[frame.start : frame.end] for frame in frames_of(body)) == body


def test_a_document_is_one_frame():
    body = (FIXTURES / "hostile" / "blocking_workflow.json").read_bytes()
    assert [(frame.start, frame.end) for frame in frames_of(body)] == [(0, len(body))]


@pytest.mark.parametrize(
    ("place", "begins"),
    [
        ("0", b'data: {"event":"workflow_started"'),
        (2, b'data: {"event":"human_input_form_filled"'),
        ("human_input_form_filled", b'data: {"event":"human_input_form_filled"'),
        ("node_finished:ask", b'data: {"event":"node_finished"'),
        ("node_finished:Approval", b'data: {"event":"node_finished"'),
        ("text_chunk#2", b'data: {"event":"text_chunk"'),
        ("stop", b'data: {"event":"workflow_finished"'),
    ],
)
def test_a_place_is_where_it_says(place, begins):
    assert at(place, HUMAN).startswith(begins)


def test_the_second_of_its_kind_comes_after_the_first():
    assert len(at("text_chunk#2", HUMAN)) < len(at("text_chunk", HUMAN))


def test_a_component_of_ragflow_is_a_node():
    body = (RAGFLOW / "simple_message.sse").read_bytes()
    assert at("node_finished:begin", body).startswith(b'data:{"event": "node_finished"')


def test_a_body_without_an_end_stops_behind_its_last_byte():
    body = b'data: {"event":"message","answer":"a"}\n\n'
    assert at("stop", body) == b""


@pytest.mark.parametrize("place", ["node_finished:nobody", "message", "text_chunk#9", "99"])
def test_a_place_that_is_not_there_is_refused_with_what_there_is(place):
    with pytest.raises(ReplayError, match=f"there is no {place} among 14 frames .*human_input_form_filled"):
        at(place, HUMAN)


def test_who_names_a_node_that_is_not_there_hears_which_are():
    with pytest.raises(ReplayError, match=r"; node_finished is of Approval, ask, yes, "):
        at("node_finished:nobody", HUMAN)


def test_nothing_is_no_place():
    with pytest.raises(ReplayError, match="names no place"):
        Place.parse(" ")


@pytest.mark.parametrize(
    ("data", "value"),
    [(b'{"a":1}', {"a": 1}), (b'{"a":NaN, "b":1}', "nan"), (b"[1]", {}), (b"{", {}), (b"\xff", {})],
)
def test_what_is_no_object_is_empty(data, value):
    assert decoded(data).keys() == {"a", "b"} if value == "nan" else decoded(data) == value
