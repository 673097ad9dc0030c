"""The proxy as a whole: who may ask for what, one run in several bodies, and going down."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from tests.unit.gateway.sites import STREAM, Seen, recording, standing, until
from tests.unit.gateway.test_exchange import RUN, ask, echo, playing, raw, stated

BODY = recording("dify/wf_iter_fail_par_continue")
PAUSED, RESUMED, AGAIN = (
    recording(f"dify/wf_human_{part}") for part in ("1_paused", "2_resumed_approve", "3_events_after_finish")
)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/workflows/run", 200),
        ("/v1/", 200),
        ("/files/a%20b", 200),
        ("/v1", 403),
        ("/console/api/apps", 403),
        ("/", 403),
        ("/v1/../console/api", 403),
        ("/v1/%2e%2e/console", 403),
        ("/v1/..%2fconsole", 403),
        ("/v1/..", 403),
        ("/V1/x", 403),
        ("http://x/v1/a", 200),
        ("http://x/console/api", 403),
        ("http://v1/", 403),
    ],
)
async def test_only_what_is_allowed_is_served(path, status):
    seen = []
    async with standing(echo(seen), allow_paths=("/v1/*", "/files/*")) as site:
        answer = await raw(site.url, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert bool(seen) is (status == 200)


def in_turn(*bodies):
    rest = iter(bodies)

    async def handler(request):
        return await playing(next(rest))(request)

    return handler


async def test_a_run_that_pauses_and_goes_on_is_one_run_and_so_is_its_end_when_it_is_told_again():
    run = stated(PAUSED)
    async with standing(in_turn(PAUSED, RESUMED, AGAIN)) as site, aiohttp.ClientSession() as client:
        assert await ask(client, site.url) == PAUSED
        assert len(site.proxy.store) == 1
        for body in (RESUMED, AGAIN):
            async with client.get(f"{site.url}/v1/workflow/{run.id}/events") as answer:
                assert await answer.read() == body
        await site.proxy.finish()
    first, second, third = site.seen.ended
    assert first.run is second.run is third.run
    assert (first.run.status, [body.spent.index for body in site.seen.ended]) == ("succeeded", [0, 1, 2])


async def test_a_page_that_is_loaded_again_does_not_count_a_run_twice():
    """The first body is drained, the second one shows the same run: one of them counts."""
    go_on = asyncio.Event()
    chat = recording("dify/chat_llm_400_chunks")

    async def handler(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await response.write(chat[:20_000])
        await go_on.wait()
        await response.write(chat[20_000:])
        return response

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        first = await client.post(site.url + "/v1/chat-messages", json={})
        await first.content.readexactly(20_000)
        first.close()
        await until(lambda: site.seen.began[0].client_gone_at)
        async with client.get(f"{site.url}/v1/workflow/{stated(chat).id}/events") as second:
            await second.content.readexactly(20_000)
            go_on.set()
            await second.read()
        await site.proxy.finish()
    told = {body.handle: (body.spent.tokens, body.spent.source) for body in site.seen.ended}
    assert told == {
        site.seen.began[0].handle: (stated(chat).leaf_tokens, "leaf"),
        site.seen.began[1].handle: (0, "elsewhere"),
    }


class Failing:
    """A listener with a mistake."""

    def body_began(self, body):
        raise ValueError("s3cr3t")

    def body_answered(self, body, head):
        raise KeyError("s3cr3t")

    def body_ended(self, body):
        raise RuntimeError("s3cr3t")


async def test_a_listener_that_fails_is_counted_and_neither_the_stream_nor_the_others_feel_it(caplog):
    told = Seen()
    async with standing(playing(BODY), Failing(), told) as site, aiohttp.ClientSession() as client:
        for _ in range(2):
            assert await ask(client, site.url) == BODY
        await site.proxy.finish()
    assert [body.errors for body in told.ended] == [3, 3]
    assert told.ended[0].run.anomaly_counts["observer-error"] == 3
    assert "s3cr3t" not in caplog.text


async def test_a_body_that_cannot_be_observed_passes_all_the_same(monkeypatch, caplog):
    monkeypatch.setattr("streamkit.gateway.proxy.secret_values", lambda *_: 1 / 0)
    async with standing(playing(BODY)) as site, aiohttp.ClientSession() as client:
        assert await ask(client, site.url) == BODY
    assert site.seen.began == []
    assert "could not observe a body, which is passed on: ZeroDivisionError" in caplog.text


async def test_switched_off_it_only_passes(monkeypatch):
    monkeypatch.setenv("STREAMKIT_DISABLE", "1")
    async with standing(playing(BODY)) as site, aiohttp.ClientSession() as client:
        assert await ask(client, site.url) == BODY
    assert site.seen.began == []


async def test_when_it_goes_down_what_is_open_is_cut_and_said_to_be():
    async def handler(request):
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await response.write(BODY[:9000])
        await asyncio.Event().wait()

    async with standing(handler) as site, aiohttp.ClientSession() as client, client.post(site.url + RUN) as answer:
        await answer.content.readexactly(9000)
        await site.proxy.shut_down()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert (site.seen.body.ended, site.seen.body.client_gone_at) == ("shutdown", None)


async def test_when_it_goes_down_connections_are_not_used_again():
    async with standing(echo([])) as site, aiohttp.ClientSession() as client:
        async with client.get(site.url) as answer:
            assert answer.headers.get("Connection") != "close"
        await site.proxy.finish()
        async with client.get(site.url) as answer:
            assert answer.headers["Connection"] == "close"


async def test_an_error_inside_its_block_comes_out_as_it_is():
    with pytest.raises(ZeroDivisionError):
        async with standing(echo([])):
            raise ZeroDivisionError


@pytest.mark.parametrize("told", ["https", "https, http", "HTTPS"])
async def test_a_request_behind_another_proxy_is_told_by_its_scheme(told):
    async def handler(request):
        raise web.HTTPFound(f"http://{request.headers['Host']}/signin", headers={"Set-Cookie": "s=1; Secure"})

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        headers = {"Host": "ai.example", "X-Forwarded-Proto": told}
        async with client.get(site.url, headers=headers, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "https://ai.example/signin"
            assert answer.headers["Set-Cookie"] == "s=1; Secure"


async def test_what_is_no_scheme_of_a_site_is_not_believed():
    async def handler(request):
        raise web.HTTPFound(f"http://{request.headers['Host']}/signin")

    async with standing(handler) as site, aiohttp.ClientSession() as client:
        headers = {"X-Forwarded-Proto": "javascript"}
        async with client.get(site.url, headers=headers, allow_redirects=False) as answer:
            assert answer.headers["Location"] == f"{site.url}/signin"


@pytest.mark.parametrize("host", ["", "[", "a b", "x:99999999"])
async def test_a_host_that_is_none_is_no_mistake_of_ours(host):
    async with standing(echo([])) as site:
        answer = await raw(site.url, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert b" 200 " in answer.split(b"\r\n")[0] or b" 400 " in answer.split(b"\r\n")[0]
