"""Tests in any language control the server: play, wait at a gate, release, faults, reset."""

from contextlib import asynccontextmanager

import aiohttp
import pytest

from streamkit.replay import ReplayServer
from tests.unit.replay.serving import STREAM, chat, recorded

CHAT = "/v1/chat-messages"


class Control:
    def __init__(self, server, session):
        self.server, self.session = server, session

    async def __call__(self, method, path, body=None):
        async with self.session.request(method, self.server.admin_url + path, json=body) as answer:
            return answer.status, await answer.json()

    def ask(self):
        return self.session.post(self.server.url + CHAT, json=STREAM)


@asynccontextmanager
async def controlled():
    server = ReplayServer([recorded(chat("hello"))])
    async with server.run(admin_port=0), aiohttp.ClientSession() as session:
        yield Control(server, session)


async def test_its_health_says_where_it_listens():
    async with controlled() as control:
        assert await control("GET", "/healthz") == (200, {"url": control.server.url, "recordings": 1})
        assert control.server.admin_url.startswith("http://127.0.0.1:")


async def test_without_a_port_there_is_no_admin():
    server = ReplayServer([])
    async with server.run():
        assert server.admin_url is None


async def test_a_play_is_queued_waited_for_and_released():
    async with controlled() as control:
        status, play = await control("POST", "/play", {"recording": "recording-1", "hold_before": "message_end"})
        gate = {"place": "message_end", "reached": False, "open": False}
        assert (status, play["outcome"], play["held_before"], play["gates"]) == (200, "waiting", None, [gate])
        async with control.ask() as answer:
            _, held = await control("GET", f"/gates/{play['id']}?wait=5")
            assert (held["outcome"], held["held_before"]) == ("playing", "message_end")
            _, released = await control("POST", f"/gates/{play['id']}/release")
            assert released["gates"] == [gate | {"reached": True, "open": True}]
            assert await answer.read() == chat("hello")
        _, (entry,) = await control("GET", "/requests")
        assert (entry["recording"], entry["play"], entry["outcome"]) == ("recording-1", 1, "played")


async def test_who_does_not_wait_is_told_how_it_stands():
    async with controlled() as control:
        _, play = await control("POST", "/play", {"recording": "recording-1", "hold_before": ["message_end"]})
        _, held = await control("GET", f"/gates/{play['id']}")
        assert (held["outcome"], held["held_before"]) == ("waiting", None)


async def test_a_play_that_ended_before_its_gate_is_told():
    async with controlled() as control:
        order = {"recording": "recording-1", "hold_before": "message_end", "faults": ["cut-after=1"]}
        _, play = await control("POST", "/play", order)
        async with control.ask() as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        assert (await control("GET", f"/gates/{play['id']}?wait=5"))[1]["outcome"] == "cut"


async def test_faults_come_and_go():
    async with controlled() as control:
        assert await control("POST", "/faults", {"fault": "status=500"}) == (200, {})
        async with control.ask() as answer:
            assert answer.status == 500
        assert await control("POST", "/reset") == (200, {})
        async with control.ask() as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/play", {"recording": "none"}, 400, "there is no recording 'none'"),
        ("POST", "/play", {"recording": "recording-1", "hold_before": "nowhere"}, 400, "there is no nowhere"),
        ("POST", "/play", {"recording": "recording-1", "hold": 1}, 400, "unknown field `hold`"),
        ("POST", "/faults", {"fault": "x"}, 400, "'x' is none of"),
        ("GET", "/gates/9", None, 404, "there is no play 9"),
        ("GET", "/gates/x", None, 404, "there is no play x"),
        ("POST", "/gates/9/release", None, 404, "there is no play 9"),
    ],
)
async def test_what_cannot_be_done_is_said(method, path, body, status, says):
    async with controlled() as control:
        found, told = await control(method, path, body)
        assert found == status
        assert says in told["error"]


async def test_nothing_is_released_that_is_not_held():
    async with controlled() as control:
        _, play = await control("POST", "/play", {"recording": "recording-1"})
        assert (await control("POST", f"/gates/{play['id']}/release"))[0] == 400
        assert (await control("GET", f"/gates/{play['id']}?wait=x"))[0] == 400
