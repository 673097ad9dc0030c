"""Requests to the server behind the proxy go as they are, and a run is never asked for twice."""

import asyncio

import pytest
from aiohttp import ClientError
from multidict import CIMultiDict
from yarl import URL

from streamkit.gateway.upstream import Upstream


class Raw:
    """A server of bytes: notes what it gets, answers, and may close a connection between two requests."""

    def __init__(self):
        self.heads = []
        self.connections = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                await writer.drain()
                if b"/last" in head:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def server():
    raw = Raw()
    listener = await asyncio.start_server(raw, "127.0.0.1", 0)
    async with listener:
        raw.url = URL(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        async with Upstream(raw.url, connect_seconds=5) as raw.upstream:
            yield raw


async def get(server, method, path, headers=None, body=None):
    async with server.upstream.request(method, path, CIMultiDict(headers or []), body) as answer:
        return await answer.read()


async def test_nothing_is_added_to_a_request(server):
    assert await get(server, "GET", "/a%2Fb?x=%20", [("X-A", "1")]) == b"hi"
    host = f"Host: {server.url.host}:{server.url.port}"
    assert sorted(server.heads[0].decode().strip().split("\r\n")) == sorted(
        ["GET /a%2Fb?x=%20 HTTP/1.1", host, "X-A: 1"]
    )


async def test_a_name_that_is_spelt_in_two_ways_keeps_both_values(server):
    await get(server, "GET", "/", [("X-A", "1"), ("x-a", "2"), ("X-B", "3")])
    head = server.heads[0].decode()
    assert [line for line in head.split("\r\n") if line.lower().startswith("x-")] == ["X-A: 1", "X-A: 2", "X-B: 3"]


async def test_what_can_be_repeated_uses_a_connection_again_and_what_cannot_has_its_own(server):
    for _ in range(3):
        await get(server, "GET", "/")
    assert server.connections == 1
    for _ in range(3):
        await get(server, "POST", "/", body=b"{}")
    assert server.connections == 4
    assert b"Connection: close" in server.heads[-1]


async def test_a_connection_that_was_closed_meanwhile_is_no_error(server):
    await get(server, "GET", "/last")
    assert await get(server, "GET", "/") == b"hi"
    assert await get(server, "POST", "/last", body=b"{}") == b"hi"
    assert await get(server, "POST", "/", body=b"{}") == b"hi"


async def test_a_server_that_is_not_there_is_an_error():
    async with Upstream(URL("http://127.0.0.1:9"), connect_seconds=5) as upstream:
        with pytest.raises(ClientError):
            async with upstream.request("GET", "/", CIMultiDict()):
                pass
