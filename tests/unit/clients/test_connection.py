"""Requests to one server: sent once, limited in time, and with exceptions of ours where they fail."""

import gc
import logging
import socket
import traceback

import anyio
import pytest
from aiohttp import ClientSession, web

from streamkit.clients.connection import Connection
from streamkit.clients.operation import Call
from streamkit.clients.patience import DIFY, Patience
from streamkit.clients.secret import Secret
from streamkit.clients.upload import Upload
from streamkit.errors import Interrupted, Unreachable, UpstreamError
from tests.integration.clients.served import serving, streamed

KEY = "app-0123456789"
SHORT = Patience(connect=60, answer=0.2)


def connection(url, patience=DIFY, session=None):
    return Connection(url, Secret(KEY), patience, session)


async def fine(request):
    return web.json_response(
        {"headers": dict(request.headers), "body": await request.text(), "query": request.query_string}
    )


async def hang(_):
    await anyio.sleep_forever()


async def cut(request):
    response = await streamed(request, b"half of ")
    request.transport.close()
    return response


async def test_a_request_has_the_key_and_its_parts():
    async with serving(fine) as served, connection(served.url) as line:
        got = await line.fetch(Call("POST", "/a", {"user": "ada"}, body={"x": [1, "é"]}))
    told = got.object
    assert got.status == 200
    assert told["headers"]["Authorization"] == "Bearer [hidden]"  # the server repeats it, we do not
    assert told["headers"]["Content-Type"] == "application/json"
    assert (told["query"], told["body"]) == ("user=ada", '{"x":[1,"é"]}')


async def test_a_get_has_no_body():
    async with serving(fine) as served, connection(served.url) as line:
        told = (await line.fetch(Call("GET", "/a"))).object
    assert told["body"] == ""
    assert "Content-Type" not in told["headers"]


async def test_a_form_carries_files_and_closes_them(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x00\xff" * 100_000)
    got = {}

    async def take(request):
        form = await request.post()
        got.update(
            {
                name: value if isinstance(value, str) else (value.filename, value.file.read())
                for name, value in form.items()
            }
        )
        return web.json_response({})

    async with serving(take) as served, connection(served.url) as line:
        await line.fetch(Call("POST", "/files", fields={"user": "ada"}, uploads=(("file", Upload.of(path)),)))
    assert got == {"user": "ada", "file": ("a.bin", path.read_bytes())}
    gc.collect()  # a file that is left open is a warning, and that an error


async def test_a_stream_asks_for_one_and_for_no_compression():
    async with serving(fine) as served, connection(served.url) as line:
        response = await line.open(Call("GET", "/events"))
        told = await response.json()
        response.close()
    assert told["headers"]["Accept"] == "text/event-stream"
    assert told["headers"]["Accept-Encoding"] == "identity"
    assert told["headers"]["Cache-Control"] == "no-store"


# ---- what goes wrong


async def test_where_nobody_listens_nothing_was_sent():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        async with connection(f"http://127.0.0.1:{port}") as line:
            with pytest.raises(Unreachable) as raised:
                await line.fetch(Call("POST", "/secret-token"))
    assert raised.value.host == f"127.0.0.1:{port}"
    assert raised.value.reason == "connection refused"
    assert "secret-token" not in str(raised.value)


async def test_a_host_that_does_not_exist_is_told_so():
    async with connection("http://nowhere.invalid") as line:
        with pytest.raises(Unreachable, match=r"cannot reach nowhere.invalid: (no such host|.+)"):
            await line.fetch(Call("GET", "/"))


@pytest.mark.parametrize("how", ["fetch", "open"])
async def test_a_server_that_does_not_answer_is_given_up(how):
    async with serving(hang) as served, connection(served.url, SHORT) as line:
        with pytest.raises(Interrupted, match="no answer in time"):
            await getattr(line, how)(Call("POST", "/"))
    assert len(served.asked) == 1


async def test_an_answer_that_breaks_off_says_how_far_it_came():
    async with serving(cut) as served, connection(served.url) as line:
        with pytest.raises(Interrupted) as raised:
            await line.fetch(Call("POST", "/"))
    assert raised.value.bytes_seen == len(b"half of ")
    assert len(served.asked) == 1


async def test_a_connection_that_is_closed_at_once_is_not_tried_again():
    async def close(request):
        request.transport.close()
        return web.Response()

    async with serving(close) as served, connection(served.url) as line:
        with pytest.raises(Interrupted, match="closed the connection"):
            await line.fetch(Call("POST", "/"))
    assert served.asked == [("POST", "/")]


@pytest.mark.parametrize("how", ["fetch", "open"])
async def test_a_connection_that_was_kept_and_is_closed_meanwhile_does_not_send_a_post_twice(how):
    """What was sent on it may have been read: whether it was, nobody knows."""

    async def answer(request):
        if request.method == "POST":
            request.transport.close()
        return web.json_response({})

    async with serving(answer) as served, connection(served.url) as line:
        await line.fetch(Call("GET", "/info"))
        with pytest.raises(Interrupted, match="closed the connection"):
            await getattr(line, how)(Call("POST", "/run", body={}))
        assert served.asked == [("GET", "/info"), ("POST", "/run")]
        assert served.accepted == 1  # it was the same connection


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_post_is_not_repeated_elsewhere(status):
    async def move(request):
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(move) as served, connection(served.url) as line:
        got = await line.fetch(Call("POST", "/a", body={}))
    assert got.status == status
    assert served.asked == [("POST", "/a")]


async def test_no_exception_shows_the_key_or_leads_to_one_that_does():
    """aiohttp's exceptions hold the request's headers, and a traceback shows what an exception was raised from."""
    for handler in (hang, cut):
        async with serving(handler) as served, connection(served.url, SHORT) as line:
            with pytest.raises(UpstreamError) as raised:
                await line.fetch(Call("GET", "/"))
            shown = (
                "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(line) + repr(vars(line))
            )
        assert KEY not in shown
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


async def test_nothing_is_logged_with_the_key(caplog):
    caplog.set_level(logging.DEBUG)
    async with serving(cut) as served, connection(served.url) as line:
        with pytest.raises(Interrupted):
            await line.fetch(Call("GET", "/"))
    assert KEY not in caplog.text


# ---- its life


async def test_outside_of_its_block_it_is_closed():
    line = connection("http://127.0.0.1:1")
    with pytest.raises(RuntimeError, match="async with"):
        await line.fetch(Call("GET", "/"))


async def test_a_session_of_the_caller_stays_open():
    async with serving(fine) as served, ClientSession() as session:
        async with connection(served.url, session=session) as line:
            await line.fetch(Call("GET", "/"))
        assert not session.closed


async def test_exchanges_are_told_to_who_asks():
    heard = []
    async with serving(fine) as served, connection(served.url) as line:
        line.on_exchange = lambda call, received, url: heard.append((call.path, received.status, url))
        await line.fetch(Call("GET", "/info"))
        (await line.open(Call("GET", "/events"))).close()
    assert heard == [("/info", 200, f"{served.url}/info")]
