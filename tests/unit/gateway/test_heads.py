"""What was asked and how the answer begins, as a recording has it."""

from datetime import UTC, datetime

import pytest

from streamkit.gateway.heads import Head, header_of
from streamkit.gateway.recognise import recognise

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
RUN = recognise("POST", "/v1/workflows/run")


def headed(content=None, asked=(), answered=(), route=RUN):
    return header_of(Head("POST", "/v1/workflows/run?a=1", asked, content, 200, answered), route, AT)


def test_a_recording_says_what_was_asked_and_what_was_answered():
    header = headed(asked=(("X-A", "1"), ("X-A", "2")), answered=(("Content-Type", "text/event-stream"),))
    assert (header.source.kind, header.source.method, header.source.url) == ("dify", "POST", "/v1/workflows/run?a=1")
    assert (header.request.headers, header.response.status) == ({"X-A": "1, 2"}, 200)
    assert header.response.headers == {"Content-Type": "text/event-stream"}
    assert header.created == "2026-01-02T03:04:05Z"
    assert headed(route=None).source.kind is None


@pytest.mark.parametrize("name", ["Content-Encoding", "content-length", "Transfer-Encoding"])
def test_what_is_said_of_the_wire_is_not_said_of_a_recording(name):
    assert headed(answered=((name, "x"),)).response.headers == {}


@pytest.mark.parametrize(
    ("content", "kept"),
    [(b"{}", {}), (b"a=b", "a=b"), (b"\xff", None), (b"", None), (None, None), (b"[" * 9999, "[" * 9999)],
)
def test_the_body_of_a_request_is_json_or_text_or_nothing(content, kept):
    assert headed(content).request.body == kept
