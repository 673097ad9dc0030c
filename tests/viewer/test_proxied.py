"""Runs that pass a proxy are shown while they do: of one in this process, of others that are attached to, of several at once."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from aiohttp import web
from yarl import URL

from streamkit.cli.render.look import UNICODE, Look
from streamkit.gateway.service import Plan, Service
from streamkit.gateway.settings import Settings
from streamkit.run import stable
from tests.unit.gateway.sites import ANYWHERE, recording, serving
from tests.unit.gateway.test_exchange import playing, stated
from viewer import proxied
from viewer.app import Viewer
from viewer.proxied import AdminSource, ProxySource
from viewer.session import Session
from viewer.stream import Watch

TOKEN = "0123456789abcdef"  # noqa: S105 - of a test
KEY = "app-Zm9vYmFyYmF6cXV4cXV1eA"
CHAT, PAUSED, RESUMED = map(
    recording, ("dify/chat_llm_400_chunks", "dify/wf_human_1_paused", "dify/wf_human_2_resumed_approve")
)
EVENTS = f"/v1/workflow/{stated(PAUSED).id}/events"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(proxied, "_POLL", 0.005)
    monkeypatch.setattr(proxied, "_AGAIN", 0.005)


@pytest.fixture
def found():
    made = Watch()
    yield made
    made.close()


async def until(condition):
    """Wait for something that another task does."""
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await anyio.sleep(0.005)


def site(request_path):
    return {"/v1/workflows/run": PAUSED, EVENTS: RESUMED}.get(request_path, CHAT)


async def upstream(request):
    return await playing(site(request.path))(request)


async def ask(url, path="/v1/chat-messages", method="POST"):
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession() as client, client.request(method, url + path, headers=headers) as answer:
        return await answer.read()


def plan(server, **more):
    return Plan(
        settings=Settings(upstream=URL(server), apps=more.pop("apps", {})),
        listen=ANYWHERE,
        admin=ANYWHERE,
        token=TOKEN,
        **{"shows_content": True, "grace": 0.1, **more},
    )


@asynccontextmanager
async def elsewhere(server, **more):
    """A proxy that works by itself; yields where its clients and its admin are."""
    service, ready, urls = Service(plan(server, **more)), anyio.Event(), []

    def ready_now(front, back):
        urls.extend((f"http://{front}", f"http://{back}"))
        ready.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(service.run, ready_now)
        await ready.wait()
        yield urls
        service.stopping.set()


@asynccontextmanager
async def beside(source, found):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(source.run, found)
        yield
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def inside(server, found, **more):
    """A proxy of the viewer's own; yields where its clients are."""
    source, urls = ProxySource(plan(server, **more)), []
    run = source.service.run

    async def run_and_tell(on_listening):
        await run(lambda front, back: urls.append(f"http://{front}") or on_listening(front, back))

    source.service.run = run_and_tell
    async with beside(source, found):
        await until(lambda: urls)
        yield urls[0]


def told(run):
    """A run but for who asked, which only a proxy knows."""
    return {**stable(run.snapshot()), "user": None, "app": None}


def seen(found):
    """The runs that are over."""
    return [told(watched.run) for watched in found.runs if not watched.live and watched.events]


def meant(*bodies):
    return [told(stated(body)) for body in bodies]


async def test_a_proxy_in_this_process_shows_what_passes(found):
    async with serving(upstream) as server, inside(server, found) as url:
        assert (found.runs, found.place) == ([], url)
        assert await ask(url) == CHAT
        await until(lambda: seen(found))
        assert seen(found) == meant(CHAT)
        assert [watched.problem for watched in found.runs] == [None]


async def test_another_proxy_is_attached_to(found):
    async with serving(upstream) as server, elsewhere(server) as (url, admin):
        await ask(url)  # before anybody looks
        async with beside(AdminSource(admin, TOKEN), found):
            await until(lambda: seen(found))
            await ask(url)
            await until(lambda: len(seen(found)) == 2)
        assert seen(found) == meant(CHAT, CHAT)


async def test_two_proxies_are_one_picture_and_a_run_that_passes_both_is_one_run(found):
    async with (
        serving(upstream) as server,
        elsewhere(server) as (one, admin_one),
        elsewhere(server) as (two, admin_two),
    ):
        async with beside(AdminSource(admin_one, TOKEN), found), beside(AdminSource(admin_two, TOKEN), found):
            await ask(one, "/v1/workflows/run")
            await until(lambda: len(seen(found)) == 1)
            await ask(two, EVENTS, "GET")
            await until(lambda: [run["status"] for run in seen(found)] == ["succeeded"])  # it is live again between
        (watched,) = [watched for watched in found.runs if watched.events]
        assert len(watched.run.segments) == 2


@pytest.mark.parametrize(
    ("token", "more", "problem"),
    [
        ("wrong-wrong-wrong", {}, "refuses the token; it is asked again"),
        (TOKEN, {"shows_content": False}, "this proxy was not started with --admin-content"),
    ],
)
async def test_one_that_tells_nothing_says_why(found, token, more, problem):
    async with serving(upstream) as server, elsewhere(server, **more) as (url, admin):
        await ask(url)
        async with beside(AdminSource(admin, token), found):
            await until(lambda: [watched.problem for watched in found.runs] == [problem])


async def test_one_that_is_not_there_is_asked_again(found):
    async with serving(upstream) as server:
        async with elsewhere(server) as (_, admin):
            pass
        async with beside(AdminSource(admin, TOKEN), found):
            await until(lambda: found.runs and "does not answer" in str(found.runs[0].problem))


async def test_a_page_of_something_else_is_no_proxy(found):
    async with serving(upstream) as server, beside(AdminSource(server, TOKEN), found):
        await until(lambda: found.place)
        assert (found.runs, found.place) == ([], server)


async def test_a_port_that_is_taken_is_said(found):
    async with serving(upstream) as server, elsewhere(server) as (url, _):
        taken = ANYWHERE._replace(port=int(url.rpartition(":")[2]))
        source = ProxySource(Plan(settings=Settings(upstream=URL(server)), listen=taken, shows_content=True))
        async with beside(source, found):
            await until(lambda: any("in use" in str(watched.problem) for watched in found.runs))


async def test_streams_may_end_when_nobody_looks_any_more(found):
    go_on = asyncio.Event()

    async def slow(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(CHAT[:9000])
        await go_on.wait()
        await response.write(CHAT[9000:])
        return response

    async with serving(slow) as server, aiohttp.ClientSession() as client:
        async with anyio.create_task_group() as tasks, inside(server, found) as url:
            answer = await client.post(url + "/v1/chat-messages")
            assert await answer.content.readexactly(9000) == CHAT[:9000]
            tasks.start_soon(_read, answer, got := [])
            await until(lambda: any(watched.events for watched in found.runs))
            go_on.set()
        assert b"".join(got) == CHAT[9000:]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
async def test_who_does_not_want_to_wait_for_them_need_not(found, capsys):
    async def endless(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(CHAT[:9000])
        await asyncio.Event().wait()

    async with serving(endless) as server, aiohttp.ClientSession() as client:
        async with anyio.create_task_group() as tasks, inside(server, found, grace=600) as url:
            answer = await client.post(url + "/v1/chat-messages")
            await answer.content.readexactly(9000)
            tasks.start_soon(_press_ctrl_c, capsys, signal.getsignal(signal.SIGINT))
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def _press_ctrl_c(capsys, handler):
    said = ""
    while "waits for 1 request, up to 600 s" not in said:
        await anyio.sleep(0.005)
        said += capsys.readouterr().err
    while signal.getsignal(signal.SIGINT) == handler:  # noqa: ASYNC110 - nobody tells
        await anyio.sleep(0.005)
    signal.raise_signal(signal.SIGINT)


async def _read(answer, got):
    got.append(await answer.read())


async def test_a_secret_is_on_no_screen(found):
    """Of a run that says its key and the token of its form, in the raw events as well."""
    token = stated(PAUSED).forms[0].token
    body = PAUSED.replace(b"Prepare", KEY.encode())

    async def telling(request):
        return await playing(body)(request)

    async with serving(telling) as server, inside(server, found) as url:
        app = Viewer(found, Session(), look=Look(glyphs=UNICODE))
        async with app.run_test(size=(220, 60)) as pilot:
            await ask(url, "/v1/workflows/run")
            await until(lambda: seen(found))
            screens = []
            for keys in (("M",), ("j",), ("enter",), ("tab",), ("tab",), ("j", "j"), ("R",), ("e",)):
                await pilot.press(*keys)
                await pilot.pause()
                screens.append(app.export_screenshot())
        kept = b"".join(
            segment.spool.read(0, segment.spool.size) for watched in found.runs for segment in watched.segments
        )
    assert "REDACTED" in "".join(screens)
    assert b"REDACTED" in kept
    for where in ("".join(screens).encode(), kept):
        assert KEY.encode() not in where
        assert token.encode() not in where
