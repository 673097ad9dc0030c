import json

import pytest

from streamkit.testing.dify.pen import PING, Pen
from streamkit.testing.dify.version import version_of
from streamkit.testing.seeded import Seeded


def pen(mode="chatflow", version="1.14"):
    return Pen(version_of(version), mode, Seeded(0))


def payload(pen):
    return json.loads(pen.bodies[-1][-1].data.removeprefix(b"data: "))


@pytest.mark.parametrize(
    ("mode", "event", "expected"),
    [
        ("workflow", "node_started", ["event", "workflow_run_id", "task_id", "data"]),
        ("workflow", "text_chunk", ["event", "workflow_run_id", "task_id", "data"]),
        ("chatflow", "agent_log", ["event", "conversation_id", "message_id", "created_at", "task_id", "data"]),
    ],
)
def test_the_envelope_of_an_event_with_data(mode, event, expected):
    writing = pen(mode)
    writing.flow(event, {})
    assert list(payload(writing)) == expected


def test_an_event_of_a_graph_names_the_run_in_a_chatflow():
    writing = pen()
    writing.flow("node_started", {})
    assert list(payload(writing))[-2:] == ["workflow_run_id", "data"]


def test_a_completion_has_no_conversation():
    writing = pen("completion")
    writing.talk("message", answer="a")
    assert list(payload(writing)) == ["event", "message_id", "created_at", "task_id", "answer"]


def test_an_error_names_no_task_and_no_run_before_there_is_one():
    writing = pen("workflow")
    writing.error("invalid_param", 400, "no")
    assert payload(writing) == {
        "event": "error",
        "workflow_run_id": None,
        "code": "invalid_param",
        "status": 400,
        "message": "no",
    }
    writing.flow("workflow_started", {})
    writing.error("invalid_param", 400, "no")
    assert payload(writing)["workflow_run_id"] == writing.run


def test_old_servers_write_json_with_blanks_and_in_ascii():
    old, new = pen(version="1.4"), pen(version="1.5")
    for writing in (old, new):
        writing.talk("message", answer="é")
    assert old.bodies[0][0].data.startswith(b'data: {"event": "message", ')
    assert b"\\u00e9" in old.bodies[0][0].data
    assert new.bodies[0][0].data.startswith(b'data: {"event":"message",')
    assert "é".encode() in new.bodies[0][0].data


def test_what_is_written_aside_takes_no_time_and_stands_where_it_is_added():
    writing = pen()
    writing.ping()
    with writing.aside() as page:
        writing.now += 5
        writing.ping()
    assert writing.now == 0
    assert [chunk.at for chunk in writing.bodies[0]] == [0]
    writing.add(page)
    assert [(chunk.at, chunk.data) for chunk in writing.bodies[0]] == [(0, PING), (5, PING)]


def test_another_body_begins_later():
    writing = pen()
    writing.now = 2.5
    before = writing.stamp
    writing.turn()
    assert (writing.now, len(writing.bodies)) == (0, 2)
    assert writing.stamp == before + 5
