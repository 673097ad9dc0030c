from pathlib import Path

import pytest

from streamkit import UnknownDialect
from streamkit.shape import Field, Framing, shape_of

FIXTURES = Path(__file__).parents[3] / "fixtures"


def test_a_body_in_one_look():
    shape = shape_of((FIXTURES / "ragflow" / "simple_message.sse").read_bytes())
    assert shape.dialect == "ragflow"
    assert shape.framing == Framing(body="event stream", line_end=["LF"], data_line=["data:"], json=["spaced"])
    assert list(shape.events) == [
        "workflow_started",
        "node_started (Begin)",
        "node_finished (Begin)",
        "node_started (Message)",
        "message",
        "message_end",
        "node_finished (Message)",
        "workflow_finished",
        "[DONE]",
    ]
    assert shape.events["message"]["data.content"] == Field(["text"], True)
    assert shape.lives == {name: [("node_started", "node_finished")] for name in ("Begin", "Message")}
    assert "message" in shape.texts


@pytest.mark.parametrize("name", ["missing_agent_json_not_sse.sse"])
def test_a_document_has_no_lines(name):
    shape = shape_of((FIXTURES / "ragflow" / name).read_bytes())
    assert shape.framing == Framing(body="JSON", json=["compact"])
    assert [*shape.events] == ["stream_error"]


def test_events_one_a_line_have_the_fields_of_their_stream():
    stream = shape_of((FIXTURES / "hostile" / "mixed_fields.sse").read_bytes())
    lines = shape_of((FIXTURES / "hostile" / "events.ndjson").read_bytes())
    assert lines.framing.body == "JSON"
    assert lines.events == stream.events


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("hostile/*.*")), ids=lambda path: path.name)
def test_nothing_that_a_peer_sends_raises(path):
    shape_of(path.read_bytes())


def test_a_dialect_can_be_named():
    assert shape_of(b"", "openai").dialect == "openai"
    with pytest.raises(UnknownDialect):
        shape_of(b"", "nobody")
