"""Sockets: where they are, how they stop, and that nothing of a request gets into a log."""

import asyncio
import logging

import aiohttp
import pytest
from aiohttp import web

from streamkit.gateway.server import Address, listening
from tests.unit.gateway.sites import ANYWHERE


def app(handler):
    found = web.Application()
    found.router.add_get("/", handler)
    return found


async def answer(_request):
    return web.Response(text="ok")


async def test_a_free_port_is_told():
    async with listening(app(answer), ANYWHERE) as server:
        assert server.address.port > 0
        async with aiohttp.ClientSession() as client, client.get(f"http://{server.address}") as got:
            assert await got.text() == "ok"


async def test_a_port_that_is_taken_is_an_error_unless_it_is_shared():
    async with listening(app(answer), ANYWHERE) as server:
        with pytest.raises(
            OSError, match=f"^\\[Errno \\d+\\] cannot listen at {server.address}: address already in use$"
        ):
            async with listening(app(answer), server.address):
                pass
    async with (
        listening(app(answer), ANYWHERE, reuse_port=True) as server,
        listening(app(answer), server.address, reuse_port=True) as other,
    ):
        assert other.address == server.address


async def test_when_it_stops_those_who_are_there_go_on_and_no_others_come():
    go_on = asyncio.Event()

    async def slow(_request):
        begun.set()
        await go_on.wait()
        return web.Response(text="ok")

    begun = asyncio.Event()
    async with listening(app(slow), ANYWHERE) as server, aiohttp.ClientSession() as client:
        asked = asyncio.ensure_future(client.get(f"http://{server.address}"))
        await begun.wait()
        await server.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(f"http://{server.address}")
        go_on.set()
        async with await asked as got:
            assert await got.text() == "ok"


async def test_an_address_is_written_as_in_a_url():
    assert str(Address("127.0.0.1", 8400)) == "127.0.0.1:8400"
    assert str(Address("::1", 8400)) == "[::1]:8400"


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer app-s3cr3t\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: app-s3cr3t" + b"x" * 100_000 + b"\r\n\r\n",
        b"app-s3cr3t nonsense\r\n\r\n",
    ],
    ids=["control", "long", "nonsense"],
)
async def test_a_request_that_cannot_be_read_is_not_repeated_in_the_log(caplog, text):
    with caplog.at_level(logging.DEBUG):
        async with listening(app(answer), ANYWHERE) as server:
            reader, writer = await asyncio.open_connection(*server.address)
            writer.write(text)
            assert b" 400 " in (await reader.readline())
            writer.close()
    assert "app-s3cr3t" not in caplog.text


async def test_a_handler_that_fails_is_logged_by_what_kind_of_error_it_was(caplog):
    async def failing(_request):
        raise ValueError("app-s3cr3t")

    async with listening(app(failing), ANYWHERE) as server, aiohttp.ClientSession() as client:
        assert (await client.get(f"http://{server.address}")).status == 500
    assert "a request could not be answered: ValueError" in caplog.text
    assert "app-s3cr3t" not in caplog.text
