"""Status and headers are those that were recorded, else those of the vendor."""

import json

import pytest

from streamkit.recording import Recording, Response
from streamkit.replay.faults import Fault
from streamkit.replay.heads import head_of, refusal
from streamkit.replay.library import Take
from streamkit.replay.playing import Play
from streamkit.replay.sessions import Sessions
from tests.unit.replay.serving import FIXTURES, chat, recorded

SSE = "text/event-stream; charset=utf-8"


def play(one, *faults, document=None):
    made = Play(1, one, faults=[Fault.parse(fault) for fault in faults])
    made.begin(Sessions().open([one]), document=document)
    return made


def take(path):
    return Take(Recording.load(FIXTURES / path), "x")


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("dify/chat_simple.sse", 200, [("Content-Type", SSE)]),
        ("dify/wf_human_2_resumed_approve.sse", 200, [("Content-Type", SSE), ("Cache-Control", "no-cache")]),
        (
            "ragflow/simple_message.sse",
            200,
            [("Content-Type", SSE), ("Cache-control", "no-cache"), ("X-Accel-Buffering", "no"), ("Content-Type", SSE)],
        ),
        ("ragflow/missing_agent_json_not_sse.sse", 200, [("Content-Type", "application/json")]),
        ("hostile/error_body.json", 400, [("Content-Type", "application/json")]),
        ("hostile/html_page.html", 200, [("Content-Type", "text/html; charset=utf-8")]),
        ("hostile/events.ndjson", 200, [("Content-Type", "application/x-ndjson")]),
    ],
)
def test_a_body_alone_has_the_head_of_its_vendor(path, status, headers):
    head = head_of(play(take(path)))
    assert (head.status, list(head.headers)) == (status, headers)


def test_what_was_recorded_is_sent_but_for_what_was_of_the_connection():
    response = Response(
        status=201, headers={"X-Trace": "1", "content-length": "5", "Content-Encoding": "gzip", "Date": "x"}
    )
    head = head_of(play(Take(recorded(chat("a"), response=response), "x")))
    assert (head.status, list(head.headers)) == (201, [("X-Trace", "1"), ("Content-Type", SSE)])


def test_a_document_that_was_made_is_json_whatever_was_recorded():
    one = Take(recorded(chat("a"), response=Response(status=200, headers={"Content-Type": SSE})), "x")
    assert list(head_of(play(one, document=b"{}")).headers) == [("Content-Type", "application/json")]
    error = b'{"code":"c","message":"m","status":429}'
    assert head_of(play(one, document=error)).status == 429


def test_a_fault_names_the_body_something_else():
    head = head_of(play(take("ragflow/simple_message.sse"), "content-type=text/plain"))
    assert [value for name, value in head.headers if name == "Content-Type"] == ["text/plain"]


@pytest.mark.parametrize(
    ("path", "fault", "told"),
    [
        (
            "dify/chat_simple.sse",
            "status=429",
            {"code": "too_many_requests", "message": "Too Many Requests", "status": 429},
        ),
        ("ragflow/simple_message.sse", "status=503", {"code": 503, "data": False, "message": "Service Unavailable"}),
        (
            "openai/openai_compatible.sse",
            "status=599",
            {"error": {"message": "Error", "type": "server_error", "param": None, "code": "599"}},
        ),
    ],
)
def test_an_error_is_the_vendors(path, fault, told):
    made = play(take(path))
    refused = refusal(made, Fault.parse(fault))
    assert (json.loads(refused.body), refused.status) == (told, int(fault[-3:]))


def test_a_page_is_a_proxys():
    refused = refusal(play(take("dify/chat_simple.sse")), Fault.parse("html=502"))
    assert (refused.status, refused.content_type) == (502, "text/html; charset=utf-8")
    assert b"502 Bad Gateway" in refused.body
