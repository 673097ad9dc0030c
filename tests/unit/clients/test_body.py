"""A body: whether it is a stream, whatever it is called; and what it is if it is none."""

import anyio
import pytest
from aiohttp import ClientPayloadError, ClientSession, web

from streamkit.clients.body import body_of
from streamkit.clients.operation import Call
from streamkit.clients.secret import Secret
from streamkit.errors import DifyError, NotAnEventStream
from tests.integration.clients.served import serving, streamed

CALL = Call("POST", "/run")
FRAME = b'data: {"event":"message_end"}\n\n'
KEY = "app-0123456789"


def refusal(received):
    return DifyError("code", received.status, received.start) if received.status >= 300 else None


async def read(handler, limit=2.0):
    async with serving(handler) as served, ClientSession() as session:
        response = await session.post(served.url)
        body = await body_of(CALL, response, refusal, limit, Secret(KEY))
        pieces = []
        try:
            while piece := await body.read():
                pieces.append(piece)
        finally:
            body.close()
        return b"".join(pieces)


def answering(body, content_type, status=200):
    async def answer(_):
        return web.Response(body=body, status=status, headers={"Content-Type": content_type} if content_type else {})

    return answer


@pytest.mark.parametrize(
    "content_type",
    [
        "text/event-stream",
        "text/event-stream; charset=utf-8",
        "TEXT/EVENT-STREAM",
        "text/event-stream; charset=utf-8, text/event-stream; charset=utf-8",
    ],
)
async def test_a_stream_says_so_in_many_ways(content_type):
    """RAGFlow says it twice in one header."""
    assert await read(answering(FRAME, content_type)) == FRAME


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "application/json", ""])
@pytest.mark.parametrize("start", [b"data: ", b"event: ping\n\ndata:", b": hello\n\ndata: ", b"id: 1\ndata: "])
async def test_a_stream_that_is_called_otherwise_is_told_by_its_first_bytes(content_type, start):
    """The run has begun and costs money: it is not thrown away for the name of its type."""
    assert await read(answering(start + b"{}\n\n", content_type)) == start + b"{}\n\n"


async def test_a_document_is_a_body_too():
    """A blocking answer to a streaming request: of a gateway, or of an agent that does not stream."""
    assert await read(answering(b'{"answer":"hi"}', "application/json")) == b'{"answer":"hi"}'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"<html><title>Sign in</title>", "text/html"), (b"hello", "text/plain"), (b"", "application/json"), (b"", "")],
)
async def test_what_is_no_stream_says_what_it_is(body, content_type):
    with pytest.raises(NotAnEventStream) as raised:
        await read(answering(body, content_type))
    assert raised.value.status == 200
    assert raised.value.body_start == body.decode()


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/event-stream"])
async def test_a_refusal_is_one_whatever_it_is_called(content_type):
    with pytest.raises(DifyError) as raised:
        await read(answering(f"no: {KEY}".encode(), content_type, 502))
    assert (raised.value.status, raised.value.message) == (502, "no: [hidden]")


async def test_a_refusal_without_end_is_read_for_a_while_only():
    async def endless(request):
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    with pytest.raises(DifyError):
        await read(endless)


async def test_first_bytes_that_do_not_come_are_not_waited_for():
    async def silent(request):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await anyio.sleep_forever()

    with pytest.raises(TimeoutError):
        await read(silent, 0.1)


async def test_a_body_that_breaks_off_is_an_error_of_the_network():
    async def cut(request):
        response = await streamed(request, FRAME)
        request.transport.close()
        return response

    with pytest.raises(ClientPayloadError):
        await read(cut)


@pytest.mark.parametrize("content_type", ["text/event-stream", "text/plain", "application/json"])
async def test_a_key_that_a_server_repeats_is_hidden(content_type):
    start = b"data: " if content_type != "application/json" else b""
    told = await read(answering(start + f'{{"error":"no such key: {KEY}"}}\n\n'.encode(), content_type))
    assert KEY.encode() not in told
    assert told.startswith(start + b'{"error":"no such key: REDACTED')


async def test_what_may_be_the_beginning_of_a_key_is_not_lost_where_a_body_breaks_off():
    async def cut(request):
        response = await streamed(request, b"data: an a")
        await told.wait()
        request.transport.close()
        return response

    told = anyio.Event()
    async with serving(cut) as served, ClientSession() as session:
        body = await body_of(CALL, await session.post(served.url), refusal, 1, Secret(KEY))
        assert await body.read() == b"data: an "
        told.set()
        assert await body.read() == b"a"
        with pytest.raises(ClientPayloadError):
            await body.read()
        body.close()


async def test_what_was_asked_and_answered_is_kept_for_a_recording():
    async with serving(answering(FRAME, "text/event-stream")) as served, ClientSession() as session:
        response = await session.post(f"{served.url}/run", headers={"X-A": "b"})
        body = await body_of(CALL, response, refusal, 1)
        assert (body.call, body.status, body.url) == (CALL, 200, f"{served.url}/run")
        assert body.headers["Content-Type"] == "text/event-stream"
        assert body.request_headers["X-A"] == "b"
        body.close()
