"""Recordings without what people wrote, whatever the body is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording import Chunk, End, Exchange, Header, Marker, Request, Response, Source
from streamkit.recording.scrub import scrub_body, scrubbed


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        (b'data: {"answer": "Ana"}\n\n', b'data: {"answer": "Xxx"}\n\n'),
        (b'\xef\xbb\xbfdata:{"answer": "Ana"}\r\n\r\n', b'\xef\xbb\xbfdata:{"answer": "Xxx"}\r\n\r\n'),
        (b'data: {"answer":\rdata: "Ana"}\r\r', b'data: {"answer":\rdata: "Xxx"}\r\r'),
        (b"event: ping\nid: a-1\nretry: 5\n: a comment\ndata\n\n", b"event: ping\nid: a-1\nretry: 5\n: a comment\ndata\n\n"),
        (b"data: [DONE]\n\ndata: Ana said\n\n", b"data: [DONE]\n\ndata: Xxx xxxx\n\n"),
        (b'data: {"answer": "Ana', b'data: {"answer": "Xxx'),
        (b'data: {"answer": "Ana \xff"}\n\n', b'data: {"answer": "Xxx \xff"}\n\n'),
        (b"Ana: says\n\n", b"Xxx: xxxx\n\n"),
        (b"<html>Ana</html>", b"<xxxx>Xxx</xxxx>"),
        (b'{"answer": "Ana"}', b'{"answer": "Xxx"}'),
        (b' {"answer":\n "Ana"}\n', b' {"answer":\n "Xxx"}\n'),
        (b'{"answer": "Ana"}\n{"id": "Ana"}\nAna\n', b'{"answer": "Xxx"}\n{"id": "Ana"}\nXxx\n'),
        (b"", b""),
        (b'data: ' + b"[" * 100_000 + b"\n\n", b'data: ' + b"[" * 100_000 + b"\n\n"),
    ],
)  # fmt: skip
def test_bodies_of_all_kinds_are_scrubbed(body, filled):
    assert scrub_body(body) == filled


@given(st.binary() | st.text().map(str.encode))
def test_whatever_it_is_it_stays_as_long(body):
    for kind in (body, b"data: " + body, b'{"a": "' + body, b'data: {"a": "' + body + b'"}\n\n'):
        assert len(scrub_body(kind)) == len(kind)


# ---- recordings


def test_a_recording_keeps_its_times_and_the_borders_of_its_chunks():
    header = Header(
        Source("dify", "POST", "https://host/v1/chat?user=Ana"),
        Request({"user-agent": "Ana's"}, {"query": "Ana?", "inputs": {"id": "Ana"}, "response_mode": "streaming"}),
        Response(200, {"x": "y"}),
        extra={"tool": "Ana's"},
    )
    exchange = Exchange(Request({}, "Ana", "GET", "/v1?q=Ana"), Response(200, {}, {"name": "Ana"}), 0.75)
    entries = [
        Chunk(0.5, b'data: {"answer": "A'),
        exchange,
        Marker(0.8, "Ana!"),
        Chunk(1.0, b'na"}\n\n'),
        End("error", "no Ana", 2.0),
    ]
    scrubbed_header, scrubbed_entries = scrubbed(header, iter(entries))
    assert (scrubbed_header, list(scrubbed_entries)) == (
        Header(
            Source("dify", "POST", "https://host/v1/chat?user=Xxx"),
            Request({"user-agent": "Ana's"}, {"query": "Xxx?", "inputs": {"id": "Xxx"}, "response_mode": "streaming"}),
            Response(200, {"x": "y"}),
            extra={"tool": "Ana's"},
        ),
        [
            Chunk(0.5, b'data: {"answer": "X'),
            Exchange(Request({}, "Xxx", "GET", "/v1?q=Xxx"), Response(200, {}, {"name": "Xxx"}), 0.75),
            Marker(0.8, "Xxx!"),
            Chunk(1.0, b'xx"}\n\n'),
            End("error", "xx Xxx", 2.0),
        ],
    )
