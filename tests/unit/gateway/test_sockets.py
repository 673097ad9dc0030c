"""WebSockets pass through: messages of every kind and size, pings, ends, refusals."""

import asyncio

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from tests.unit.gateway.sites import proxied, serving, standing, until


async def echo(request):
    """A site that echoes, tells what it was asked with, and closes when it is told to."""
    if request.path == "/refused":
        return web.Response(status=403)
    protocols = ("graphql-ws", "echo")
    socket = web.WebSocketResponse(protocols=protocols, autoping=False, max_msg_size=0)
    await socket.prepare(request)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT and message.data == "break off":
                request.transport.abort()
            elif message.type is WSMsgType.TEXT and message.data == "say no code":
                await socket.send_frame(b"", WSMsgType.CLOSE)
            elif message.type is WSMsgType.TEXT and message.data == "close":
                await socket.close(code=4001, message=b"as you wish")
            elif message.type is WSMsgType.TEXT and message.data == "headers":
                wanted = ("Origin", "Cookie", "Host", "Authorization")
                await socket.send_json(
                    {name: request.headers.get(name) for name in wanted} | {"path": request.raw_path}
                )
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            elif message.type is WSMsgType.PING:
                await socket.pong(message.data + b"!")
    finally:
        ended.append(socket.close_code)
    return socket


ended = []


async def test_messages_pass_both_ways():
    async with (
        standing(echo) as site,
        aiohttp.ClientSession() as client,
        client.ws_connect(site.url + "/socket", max_msg_size=0) as socket,
    ):
        for data in ("", "hello", "é漢🙂", "x" * 3_000_000):
            await socket.send_str(data)
            assert await socket.receive_str() == data
        for data in (b"", b"\x00\xff", bytes(1_000_000)):
            await socket.send_bytes(data)
            assert await socket.receive_bytes() == data


async def test_who_reads_slowly_slows_the_other_end_down():
    much = asyncio.Event()

    async def pushing(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for number in range(1000):
            await socket.send_bytes(bytes(64_000))
            if number == 400:
                much.set()
        return socket

    async with (
        standing(pushing) as site,
        aiohttp.ClientSession(read_bufsize=1024) as client,
        client.ws_connect(site.url + "/socket") as socket,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(much.wait(), 1)  # 25 MB: more than all buffers on the way
        assert sum([len(message.data) async for message in socket]) == 64_000_000


async def test_a_ping_goes_to_the_other_end_and_its_answer_comes_from_there():
    async with (
        standing(echo) as site,
        aiohttp.ClientSession() as client,
        client.ws_connect(site.url + "/socket", autoping=False) as socket,
    ):
        await socket.ping(b"there?")
        message = await socket.receive()
        assert (message.type, bytes(message.data)) == (WSMsgType.PONG, b"there?!")


async def test_the_server_is_asked_as_it_wants_to_be():
    async with standing(echo) as site, aiohttp.ClientSession() as client:
        headers = {"Origin": site.url, "Cookie": "s=1", "Authorization": "Bearer t"}
        async with client.ws_connect(
            URL(site.url + "/socket?a=%2F", encoded=True), headers=headers, protocols=("other", "echo")
        ) as socket:
            await socket.send_str("headers")
            told = await socket.receive_json()
            assert socket.protocol == "echo"
    host = site.upstream.removeprefix("http://")
    assert told == {
        "Origin": site.upstream,
        "Cookie": "s=1",
        "Host": host,
        "Authorization": "Bearer t",
        "path": "/socket?a=%2F",
    }


async def test_an_end_has_its_code_and_its_words():
    async with (
        standing(echo) as site,
        aiohttp.ClientSession() as client,
        client.ws_connect(site.url + "/socket") as socket,
    ):
        await socket.send_str("close")
        message = await socket.receive()
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4001, "as you wish")


async def test_an_end_without_a_code_is_an_ordinary_one():
    async with (
        standing(echo) as site,
        aiohttp.ClientSession() as client,
        client.ws_connect(site.url + "/socket") as socket,
    ):
        await socket.send_str("say no code")
        message = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1000)


async def test_a_server_that_breaks_off_breaks_off_for_the_client():
    async with (
        standing(echo) as site,
        aiohttp.ClientSession() as client,
        client.ws_connect(site.url + "/socket") as socket,
    ):
        await socket.send_str("break off")
        message = await socket.receive()
        assert (message.type, socket.close_code) == (WSMsgType.CLOSED, 1006)  # no frame says so: it must not


async def test_a_client_that_leaves_leaves_the_server_too():
    ended.clear()
    async with standing(echo) as site, aiohttp.ClientSession() as client:
        socket = await client.ws_connect(site.url + "/socket")
        await socket.close(code=4002)
        await until(lambda: ended)
        assert ended == [4002]
        gone = await client.ws_connect(site.url + "/socket")
        gone._response.connection.transport.abort()  # without a word
        await until(lambda: len(ended) == 2)
        assert ended == [4002, 1001]


async def test_a_client_that_closes_hears_what_the_server_answers():
    async def answering(request):
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        await socket.receive()
        await socket.close(code=4444)
        return socket

    async with standing(answering) as site, aiohttp.ClientSession() as client:
        socket = await client.ws_connect(site.url + "/socket")
        await socket.close(code=4002)
        assert socket.close_code == 4444


async def test_when_the_proxy_goes_down_so_do_its_sockets():
    ended.clear()
    async with serving(echo) as upstream, aiohttp.ClientSession() as client:
        async with proxied(upstream) as site:
            socket = await client.ws_connect(site.url + "/socket")
        assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        await until(lambda: ended)


async def test_a_refusal_is_a_refusal():
    async with standing(echo) as site, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.ws_connect(site.url + "/refused")
        assert caught.value.status == 403


async def test_a_server_that_is_not_there_is_a_502():
    async with proxied("http://127.0.0.1:9") as site, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.ws_connect(site.url + "/socket")
        assert caught.value.status == 502
