"""A client leaves in the middle of a run: the run is read to its end, or stopped, or let go, as it is wished."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from streamkit.gateway.settings import Drain
from tests.unit.gateway.sites import STREAM, recording, standing, until
from tests.unit.gateway.test_exchange import RUN, stated

BODY = recording("dify/chat_llm_400_chunks")
HALF = BODY[: len(BODY) // 2].rpartition(b"\n\n")[0] + b"\n\n"
"""Whole frames, so that the client can leave between two of them."""


class Server:
    """Sends half of a run, waits until it is told to go on, and notes what else it is asked."""

    def __init__(self, head=HALF, rest=None):
        self.head = head
        self.rest = BODY[len(HALF) :] if rest is None else rest
        self.go_on = asyncio.Event()
        self.asked = asyncio.Queue()
        self.broken = asyncio.Event()

    async def answer(self, request):
        if request.path.endswith("/stop") or "cancel" in request.path:
            await self.asked.put((request.method, request.path, dict(request.headers), await request.json()))
            return web.json_response({"result": "success"})
        await request.read()
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        await response.write(self.head)
        try:
            await self.go_on.wait()
            for start in range(0, len(self.rest), 1000):
                await response.write(self.rest[start : start + 1000])
        except BaseException:  # the server is cancelled when the proxy leaves
            self.broken.set()
            raise
        return response


async def leave(site, path="/v1/chat-messages", user="u-7", head=HALF):
    """Ask for a run, read half of it, and go away."""
    headers = {"Authorization": "Bearer app-key", "Cookie": "s=1"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(
            URL(f"{site.url}{path}", encoded=True), json={"user": user, "query": "?"}, headers=headers
        ) as answer,
    ):
        got = await answer.content.readexactly(len(head))
        assert got == head
        answer.close()
    await until(lambda: site.seen.began[-1].client_gone_at)


async def test_what_a_client_leaves_behind_is_read_to_its_end():
    server = Server()
    async with standing(server.answer) as site:
        await leave(site)
        server.go_on.set()
        await site.proxy.finish()
    body, run = site.seen.body, stated(BODY)
    assert (body.run.status, body.run.leaf_tokens, body.run.usage) == (run.status, run.leaf_tokens, run.usage)
    assert run.usage.total_tokens
    assert (body.client_gone_at is not None, body.is_complete) == (True, True)
    assert body.ended in ("client-gone", "eof")  # the run was settled; the server may have ended the body with it
    assert server.asked.empty()


async def test_a_client_that_is_slow_and_leaves_leaves_a_run_that_is_read_to_its_end():
    """It leaves while the proxy waits for it to take more."""
    filler = b"event: ping\n\n" * 1_000_000
    all_sent = asyncio.Event()

    async def answer(request):
        await request.read()
        response = web.StreamResponse(headers=STREAM)
        await response.prepare(request)
        for part in (HALF, *(filler[start : start + 65_000] for start in range(0, len(filler), 65_000))):
            await response.write(part)
        all_sent.set()
        await response.write(BODY[len(HALF) :])
        return response

    async with standing(answer) as site, aiohttp.ClientSession(read_bufsize=1024) as client:
        got = await client.post(site.url + "/v1/chat-messages", json={})
        assert await got.content.readexactly(len(HALF)) == HALF
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(all_sent.wait(), 0.5)
        got.close()
        await site.proxy.finish()
    body, run = site.seen.body, stated(BODY)
    assert body.client_gone_at is not None
    assert (body.run.status, body.run.leaf_tokens, body.is_complete) == (run.status, run.leaf_tokens, True)


async def test_with_stop_the_vendor_is_asked_to_stop_and_the_end_is_seen():
    server = Server()
    async with standing(server.answer, on_client_gone="stop") as site:
        await leave(site)
        method, path, headers, body = await server.asked.get()
        server.go_on.set()
        await site.proxy.finish()
    assert (method, path, body) == ("POST", f"/v1/chat-messages/{stated(BODY).task_id}/stop", {"user": "u-7"})
    assert (headers["Authorization"], headers["Cookie"]) == ("Bearer app-key", "s=1")
    assert site.seen.body.stop_status == 200
    assert site.seen.body.is_complete


STOPS = [
    ("dify/wf_parallel3", "/v1/workflows/run", "POST /v1/workflows/tasks/{task}/stop"),
    ("dify/wf_parallel3", "/x/v1/workflows/w-1/run", "POST /x/v1/workflows/tasks/{task}/stop"),
    (
        "dify/preview_chat_plain",
        "/console/api/apps/a/advanced-chat/workflows/draft/run",
        "POST /console/api/apps/a/workflow-runs/tasks/{task}/stop",
    ),
    ("ragflow/simple_message", "/api/v1/agents/g/completions", "POST /api/v1/tasks/{task}/cancel"),
    ("ragflow/simple_message", "/api/v1/agents/chat/completions", "POST /api/v1/tasks/{task}/cancel"),
    ("ragflow/v0221_fillup_1_pause", "/v1/canvas/completion", "PUT /v1/canvas/cancel/{task}"),
]


@pytest.mark.parametrize(("name", "path", "asked"), STOPS)
async def test_each_vendor_is_asked_in_its_own_way(name, path, asked):
    body = recording(name)
    head = body[: len(body) // 2].rpartition(b"\n\n")[0] + b"\n\n"
    server = Server(head, body[len(head) :])
    async with standing(server.answer, on_client_gone="stop") as site:
        await leave(site, path, head=head)
        method, where, headers, _ = await server.asked.get()
        server.go_on.set()
        await site.proxy.finish()
    assert f"{method} {where}" == asked.format(task=stated(body).task_id)
    assert headers["Authorization"] == "Bearer app-key"
    assert site.seen.body.stop_status == 200


async def test_what_a_client_or_a_server_says_is_no_part_of_the_request_but_its_path():
    task = stated(BODY).task_id.encode()
    strange = b"a b/..?x=1#y"
    body = BODY.replace(task, strange)
    head = body[: len(body) // 2].rpartition(b"\n\n")[0] + b"\n\n"
    server, seen = Server(head, body[len(head) :]), []

    async def answer(request):
        seen.append(request.raw_path)
        return await server.answer(request)

    async with standing(answer, on_client_gone="stop") as site:
        await leave(site, URL("/a%0D%0AX-Injected:%201%0D%0A/v1/chat-messages", encoded=True), head=head)
        _, _, headers, _ = await server.asked.get()
        server.go_on.set()
        await site.proxy.finish()
    assert "X-Injected" not in headers
    assert seen[1] == "/a%0D%0AX-Injected%3A%201%0D%0A/v1/chat-messages/a%20b%2F..%3Fx%3D1%23y/stop"


async def test_a_vendor_that_does_not_answer_is_not_waited_for_for_ever(monkeypatch, caplog):
    monkeypatch.setattr("streamkit.gateway.stopping._PATIENCE", 0.05)
    server, never = Server(), asyncio.Event()

    async def answer(request):
        if request.path.endswith("/stop"):
            await never.wait()
        return await server.answer(request)

    async with standing(answer, on_client_gone="stop") as site:
        await leave(site)
        server.go_on.set()
        await site.proxy.finish()
    assert (site.seen.body.stop_status, site.seen.body.is_complete) == (None, True)
    assert "could not be stopped: TimeoutError" in caplog.text


async def test_a_task_that_is_not_known_yet_is_stopped_when_it_is():
    ping = b"event: ping\n\n"
    server = Server(ping, BODY.removeprefix(ping))
    async with standing(server.answer, on_client_gone="stop") as site:
        await leave(site, head=ping)
        assert server.asked.empty()
        server.go_on.set()
        _, path, *_ = await server.asked.get()
        await site.proxy.finish()
    assert path == f"/v1/chat-messages/{stated(BODY).task_id}/stop"


async def test_with_close_the_upstream_is_left_at_once():
    server = Server()
    async with standing(server.answer, on_client_gone="close") as site:
        await leave(site)
        await site.proxy.finish()
        await server.broken.wait()
    body = site.seen.body
    assert (body.ended, body.run.status, body.is_complete) == ("client-gone", "interrupted", False)


async def test_without_a_request_that_stops_a_run_it_is_drained():
    chat = recording("ragflow/chat_kb_delta_final_reference")
    server = Server(chat[:300], chat[300:])
    async with standing(server.answer, on_client_gone="stop") as site:
        await leave(site, "/api/v1/chats/c1/completions", head=chat[:300])
        server.go_on.set()
        await site.proxy.finish()
    assert (site.seen.body.run.status, site.seen.body.stop_status) == ("succeeded", None)


@pytest.mark.parametrize("path", ["/api/v1/agents/{task}/completions", "/api/v1/agents/chat/completions"])
async def test_a_task_that_stands_for_all_runs_of_an_agent_is_not_stopped(path):
    """RAGFlow before 0.26.3 calls a run by the id of its agent, which is in the path or in the request's body."""
    agent = recording("ragflow/v0221_fillup_1_pause")
    task = stated(agent).task_id
    assert task
    half = agent[: len(agent) // 2]
    server = Server(half, agent[len(half) :])
    async with standing(server.answer, on_client_gone="stop") as site:
        await leave(site, path.format(task=task), head=half)
        server.go_on.set()
        await site.proxy.finish()
    assert server.asked.empty()


async def test_a_run_that_is_over_is_not_read_any_further():
    """After its end Dify may ping for five minutes."""
    server = Server(BODY, b"event: ping\n\n")
    async with standing(server.answer, on_client_gone="stop") as site:
        await leave(site, head=BODY)
        await site.proxy.finish()
        await server.broken.wait()
    assert (site.seen.body.ended, site.seen.body.is_complete) == ("client-gone", True)
    assert server.asked.empty()


@pytest.mark.parametrize("drain", [Drain(seconds=0.05), Drain(bytes=5_000)], ids=["seconds", "bytes"])
async def test_a_drain_has_an_end(drain):
    server = Server()
    async with standing(server.answer, drain=drain) as site:
        await leave(site)
        if drain.bytes == 5_000:
            server.go_on.set()
        await site.proxy.finish()
    assert (site.seen.body.ended, site.seen.body.is_complete) == ("drain-limit", False)


async def test_more_than_so_many_are_not_drained():
    server = Server()
    async with standing(server.answer, drain=Drain(count=1)) as site:
        await leave(site)
        await leave(site)
        await asyncio.sleep(0)
        assert [body.ended for body in site.seen.ended] == ["client-gone"]
        server.go_on.set()
        await site.proxy.finish()
    assert [body.is_complete for body in site.seen.ended] == [False, True]


async def test_what_is_no_run_is_left_with_its_client():
    server = Server(b"data: {}\n\n", b"data: {}\n\n")
    async with standing(server.answer) as site:
        await leave(site, "/ticker", head=b"data: {}\n\n")
        await site.proxy.finish()
        await server.broken.wait()
    assert site.seen.body.ended == "client-gone"


async def test_a_client_that_leaves_before_the_answer_begins_leaves_a_run_that_is_still_counted():
    server = Server()
    asked, begin = asyncio.Event(), asyncio.Event()

    async def slow(request):
        asked.set()
        await begin.wait()
        return await server.answer(request)

    server.go_on.set()
    async with standing(slow) as site:
        async with aiohttp.ClientSession() as client:
            asking = asyncio.ensure_future(client.post(site.url + "/v1/chat-messages", json={}))
            await asked.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        await until(lambda: site.proxy.drained)
        begin.set()
        await site.proxy.finish()
    assert site.seen.body.is_complete


async def test_a_client_that_leaves_in_its_own_request_is_gone_and_that_is_all(caplog):
    started = asyncio.Event()

    async def handler(request):
        started.set()
        await request.read()
        return web.Response()

    async with standing(handler) as site:
        host, port = site.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST {RUN} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode() + json.dumps({}).encode()
        )
        await writer.drain()
        await started.wait()
        writer.close()
        await writer.wait_closed()
        await site.proxy.finish()
    assert site.seen.body.ended == "client-gone"
    assert [record for record in caplog.records if record.name == "streamkit.proxy"] == []
