"""A relay as a gateway would build it: an aiohttp server streams a recording, another one passes it on through `watch`.

Everything is real but the network: both servers listen on loopback, and the bytes are cut at random.
"""

import random
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from streamkit import Tap, watch
from streamkit.run import stable

PROTOCOL = Path(__file__).parents[2] / "fixtures" / "dify" / "protocol"
SAMPLES = sorted(path.stem for path in PROTOCOL.glob("*.sse"))


def body_of(sample):
    return (PROTOCOL / f"{sample}.sse").read_bytes()


def in_pieces(body, seed):
    """Chunks of all sizes: single bytes, a frame and a half, all the rest."""
    chance = random.Random(seed)  # noqa: S311
    while body:
        size = chance.choice([1, 2, 3, 50, 700, 5000])
        yield body[:size]
        body = body[size:]


@asynccontextmanager
async def serving(handler):
    """A server on a port of its own; yields its URL."""
    app = web.Application()
    app.router.add_get("/{name}", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


class Gateway:
    """Passes a response on, and keeps the runs that it observed."""

    def __init__(self, upstream, client):
        self.upstream = upstream
        self.client = client
        self.runs = []

    async def relay(self, request):
        async with self.client.get(f"{self.upstream}/{request.match_info['name']}") as answer:
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
            await response.prepare(request)
            async for chunk in watch(answer.content.iter_any(), on_finish=self.runs.append):
                await response.write(chunk)
            await response.write_eof()
            return response


async def dify(request):
    """What a server sends, in its own chunks."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    name = request.match_info["name"]
    for piece in in_pieces(body_of(name), seed=name):
        await response.write(piece)
    await response.write_eof()
    return response


async def relayed(name):
    """The bytes that arrive behind the gateway, and the run that it saw."""
    async with aiohttp.ClientSession() as client, serving(dify) as upstream:
        gateway = Gateway(upstream, client)
        async with serving(gateway.relay) as url, client.get(f"{url}/{name}") as answer:
            arrived = await answer.read()
    (run,) = gateway.runs
    return arrived, run


@pytest.mark.parametrize("sample", SAMPLES)
async def test_a_relayed_body_arrives_unchanged_and_its_run_is_the_one_of_the_recording(sample):
    arrived, run = await relayed(sample)
    assert arrived == body_of(sample)
    direct = Tap("auto")
    direct.feed(body_of(sample))
    direct.close()
    assert stable(run.snapshot()) == stable(direct.run.snapshot())
    assert msgspec.json.encode(run.snapshot().nodes).count(b'"node_id"') == len(run.executions)
    assert run.seen_at is not None


async def test_a_server_that_dies_leaves_the_client_with_what_came_and_the_run_interrupted():
    body = body_of("06_workflow_iteration_sequential_retry")

    async def dying(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[:9000])
        request.transport.close()
        return response

    passed, runs = bytearray(), []

    async def pass_on(answer):
        async for chunk in watch(answer.content.iter_any(), "dify", on_finish=runs.append):
            passed.extend(chunk)

    async with aiohttp.ClientSession() as client, serving(dying) as upstream, client.get(f"{upstream}/x") as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await pass_on(answer)
    (run,) = runs
    assert body.startswith(passed)
    assert run.bytes == len(passed)
    assert run.status == "interrupted"


async def test_an_error_page_passes_and_is_called_what_it_is():
    async def refusing(_request):
        return web.Response(status=502, text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")

    async with aiohttp.ClientSession() as client, serving(refusing) as upstream:
        gateway = Gateway(upstream, client)
        async with serving(gateway.relay) as url, client.get(f"{url}/x") as answer:
            assert (answer.status, await answer.text()) == (502, "<html><body>502 Bad Gateway</body></html>")
    (run,) = gateway.runs
    assert (run.status, list(run.anomaly_counts)) == ("interrupted", ["not-an-event-stream"])
