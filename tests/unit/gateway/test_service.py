"""A proxy with everything around it: it listens, tells, records, and goes down when its streams have ended."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from aiohttp import web
from yarl import URL

from streamkit.gateway.service import Plan, Recording, Service
from streamkit.gateway.settings import Settings
from tests.unit.gateway.sites import ANYWHERE, STREAM, recording, serving
from tests.unit.gateway.test_exchange import ask, playing, stated

BODY = recording("dify/chat_llm_400_chunks")
TOKEN = "0123456789abcdef"  # noqa: S105 - of a test
CHAT = "/v1/chat-messages"


@asynccontextmanager
async def running(upstream, **plan):
    """A service; yields it with its addresses."""
    lines, said = [], []
    service = Service(
        Plan(settings=Settings(upstream=URL(upstream)), listen=ANYWHERE, admin=ANYWHERE, token=TOKEN, **plan),
        write_line=lines.append,
        say=said.append,
    )
    service.lines, service.said = lines, said
    ready = anyio.Event()

    def listening(front, back):
        service.url, service.admin = f"http://{front}", f"http://{back}"
        ready.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(service.run, listening)
        await ready.wait()
        yield service
        service.hurry.set()
        service.stopping.set()


async def told(service, path):
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as client,
        client.get(service.admin + path) as answer,
    ):
        return await answer.text()


async def test_all_of_it_together(tmp_path):
    record = Recording(folder=tmp_path)
    async with serving(playing(BODY)) as upstream, running(upstream, record=record, shows_content=True) as service:
        async with aiohttp.ClientSession() as client:
            assert await ask(client, service.url, CHAT) == BODY
        (line,) = map(json.loads, service.lines)
        assert line["segment_tokens"] == stated(BODY).leaf_tokens
        (row,) = json.loads(await told(service, "/runs"))["runs"]
        state = json.loads(await told(service, f"/runs/{row['handle']}"))
        assert state["text"] == stated(BODY).text
        metrics = await told(service, "/metrics")
        assert 'streamkit_open_streams{state="silent"} 0' in metrics
        assert "# TYPE streamkit_recordings_swept_total counter\nstreamkit_recordings_swept_total 0" in metrics
    (kept,) = tmp_path.rglob("*.skrec")
    assert str(kept.relative_to(tmp_path)) == line["recording"]


async def test_clients_reach_nothing_of_what_those_who_run_it_do():
    async def nothing(_request):
        return web.Response(status=404, text="of the site")

    async with serving(nothing) as upstream, running(upstream) as service, aiohttp.ClientSession() as client:
        for path in ("/runs", "/metrics", "/healthz", "/readyz"):
            async with client.get(service.url + path, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
                assert (answer.status, await answer.text()) == (404, "of the site")


class Slow:
    """A server whose run waits in the middle."""

    def __init__(self):
        self.go_on = asyncio.Event()

    async def answer(self, request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await response.write(BODY[:20_000])
        await self.go_on.wait()
        await response.write(BODY[20_000:])
        return response


async def test_it_goes_down_when_its_streams_have_ended():
    slow = Slow()
    async with (
        serving(slow.answer) as upstream,
        aiohttp.ClientSession() as client,
        running(upstream, grace=60) as service,
        client.post(service.url + CHAT) as answer,
    ):
        await answer.content.readexactly(20_000)
        service.stopping.set()
        while (await told_status(service, "/readyz")) != 503:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        while True:  # no new clients
            try:
                async with aiohttp.ClientSession() as other:
                    await other.get(service.url)
            except aiohttp.ClientConnectorError:
                break
        slow.go_on.set()
        assert len(await answer.read()) == len(BODY) - 20_000
    (line,) = map(json.loads, service.lines)
    assert (line["ended"], line["usage_complete"]) == ("eof", True)
    assert service.said == ["waits for 1 request, up to 60 s; Ctrl-C or a signal ends it now"]


async def told_status(service, path):
    async with aiohttp.ClientSession() as client, client.get(service.admin + path) as answer:
        return answer.status


@pytest.mark.parametrize("how", ["grace", "hurry"])
async def test_it_waits_for_them_no_longer_than_it_may(how):
    slow = Slow()
    async with (
        serving(slow.answer) as upstream,
        aiohttp.ClientSession() as client,
        running(upstream, grace=0.05 if how == "grace" else 60) as service,
        client.post(service.url + CHAT) as answer,
    ):
        await answer.content.readexactly(20_000)
        service.stopping.set()
        if how == "hurry":
            service.hurry.set()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    (line,) = map(json.loads, service.lines)
    assert (line["ended"], line["status"], line["client_gone_at"]) == ("shutdown", "interrupted", None)


async def until_stuck(service):
    """Wait until nothing passes any more: all buffers are full."""
    (body,), before = service.bodies.open(), -1
    while body.bytes != before:
        before = body.bytes
        await asyncio.sleep(0.1)


async def test_a_client_that_takes_nothing_does_not_hold_it_up():
    async def endless(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        while True:
            await response.write(b"event: ping\n\n" * 5_000)

    async with serving(endless) as upstream, aiohttp.ClientSession(read_bufsize=1024) as client:
        async with running(upstream, grace=0.05) as service:
            answer = await client.post(service.url + CHAT)
            await until_stuck(service)
            service.stopping.set()
        answer.close()
    (line,) = map(json.loads, service.lines)
    assert (line["ended"], line["client_gone_at"]) == ("shutdown", None)


async def test_a_drain_is_waited_for_as_well():
    slow = Slow()
    async with (
        serving(slow.answer) as upstream,
        aiohttp.ClientSession() as client,
        running(upstream, grace=60) as service,
    ):
        answer = await client.post(service.url + CHAT)
        await answer.content.readexactly(20_000)
        answer.close()
        while "streamkit_drained_streams 1" not in await told(service, "/metrics"):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        service.stopping.set()
        slow.go_on.set()
    (line,) = map(json.loads, service.lines)
    assert line["usage_complete"]


async def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    """At once, and not when the first recording is missed."""
    (tmp_path / "file").write_text("")
    plan = Plan(settings=Settings(upstream=URL("http://x")), record=Recording(folder=tmp_path / "file" / "runs"))
    with pytest.raises(NotADirectoryError):
        await Service(plan).run(lambda front, back: None)


async def test_a_port_that_is_taken_is_an_error():
    async with serving(playing(BODY)) as upstream, running(upstream) as service:
        _, port = service.url.removeprefix("http://").split(":")
        plan = Plan(settings=Settings(upstream=URL(upstream)), listen=ANYWHERE._replace(port=int(port)))
        with pytest.raises(OSError, match=f"cannot listen at 127.0.0.1:{port}: address already in use"):
            await Service(plan).run(lambda front, back: None)
