"""The viewer for browsers: what its server gives to whom, and what it runs."""

import asyncio
import re
import shlex
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.viewer.served import served
from viewer.browser import command, is_loopback, url_of

DEMO = Path(__file__).parents[2] / "streamkit" / "demo"
RECORDING = DEMO / "iteration-with-failed-rounds.skrec"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("203.0.113.1", "::", "192.168.0.1", "localhost.example", "")],
)
def test_a_loopback_address_is_told_from_others(host, wanted):
    assert is_loopback(host) is wanted


def test_an_address_is_written_as_browsers_want_it():
    assert url_of("127.0.0.1", 80) == "http://127.0.0.1:80/"
    assert url_of("::1", 8377) == "http://[::1]:8377/"


def test_nothing_in_an_argument_is_obeyed_by_the_shell():
    arguments = ["--where=title:'a b' | $(touch x)", "--", "it's; rm -rf `x` &.sse"]
    assert shlex.split(command(arguments)) == [sys.executable, "-m", "streamkit", "view", *arguments]


async def test_the_page_names_no_other_server_and_allows_none():
    async with served(RECORDING) as server, aiohttp.ClientSession() as session:
        async with session.get(server.url) as response:
            page = await response.text()
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page) == []
        loaded = re.findall(r'(?:href|src)="(/[^"]+)"', page)
        assert len(loaded) == 2
        for path in loaded:
            async with session.get(server.url + path[1:]) as response:
                assert response.status == 200
                assert not re.search(r"url\(|@import|fonts\.g", await response.text())


async def test_a_page_of_somebody_elses_is_refused():
    async with served(RECORDING) as server, aiohttp.ClientSession() as session:
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
            async with session.get(server.url, headers=headers) as response:
                assert response.status == 403, headers
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(f"{server.url}ws", headers=headers)
            assert caught.value.status == 403, headers


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_tab_has_a_viewer_of_its_own_and_a_closed_one_leaves_none(tmp_path):
    odd = tmp_path / 'it\'s $(odd) & "quoted".sse'
    odd.write_bytes(RECORDING.read_bytes())
    async with asyncio.timeout(60), served("--where=status:failed", odd) as server, aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.ws_connect(f"{server.url}ws?width=100&height=30") as socket:
                shown = ""
                while "bad item 3" not in shown:
                    shown += (await socket.receive_bytes()).decode()
                assert "Make list" not in shown  # the filter came along
                assert len(children(server.process.pid)) == 1
            while children(server.process.pid):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)


async def test_it_ends_with_its_viewers():
    async with asyncio.timeout(60), served(RECORDING) as server, aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{server.url}ws")
        await socket.receive_bytes()
        server.process.terminate()
        assert await server.process.wait() == 143
