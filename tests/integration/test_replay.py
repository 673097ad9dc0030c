"""Every recorded body, served and fetched over a real connection: not a byte is different, whatever the chunks.

Times are those of the recording, within what a loaded machine allows.
"""

import asyncio
import json
import statistics
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from streamkit.recording import Chunk, Header, Recording
from streamkit.replay import ReplayServer
from streamkit.replay.trying import example_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
VENDORS = ("dify", "ragflow", "openai", "lighton")
SMALL = 4_000
"""Larger bodies are not sent byte by byte: a server that cuts does not look at what it cuts, and each byte is a write."""


async def fetched(server, client, take):
    """What a client gets that asks for a recording by its name."""
    example = example_of(take, server.library)
    headers = {"Authorization": f"Bearer {example.key}"}
    async with client.request(example.method, server.url + example.path, json=example.body, headers=headers) as answer:
        return answer.status, await answer.read()


async def differing(vendor, wanted=lambda take: True, **how):
    """Names of the recordings of a vendor that do not arrive as they are."""
    server = ReplayServer([FIXTURES / vendor], **how)
    takes = [take for take in server.takes if wanted(take)]
    assert takes
    async with server.run(), aiohttp.ClientSession() as client:
        return [take.name for take in takes if await fetched(server, client, take) != (200, take.body)]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_every_body_arrives_as_it_was_recorded(vendor):
    assert await differing(vendor) == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_every_body_arrives_in_random_chunks(vendor):
    assert await differing(vendor, chunk_size="random:6") == []


@pytest.mark.untraced
@pytest.mark.parametrize("vendor", VENDORS)
async def test_every_small_body_arrives_byte_by_byte(vendor):
    assert await differing(vendor, lambda take: len(take.body) < SMALL, chunk_size=1) == []


async def test_chunks_reach_the_client_as_they_are_written():
    body = (FIXTURES / "dify" / "wf_iter_seq5.sse").read_bytes()
    server = ReplayServer([Recording([Chunk(0.0, body)])], chunk_size=500)
    example = example_of(server.takes[0], server.library)
    async with (
        server.run(),
        aiohttp.ClientSession() as client,
        client.post(server.url + example.path, json=example.body) as answer,
    ):
        arrived, ends = b"", []
        async for data, is_end in answer.content.iter_chunks():
            arrived += data
            ends += [len(arrived)] if is_end else []
    assert arrived == body
    assert ends == [*range(500, len(body), 500), len(body)]


# ---- time

TRIES = 5
"""A machine that others disturb is late once or twice; a server that is wrong is late every time."""


def timed(body, seconds):
    """A recording of a body, its frames evenly over so many seconds."""
    frames = [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]]
    step = seconds / len(frames)
    return Recording([Chunk(at * step, frame) for at, frame in enumerate(frames)], Header())


async def arrivals(server, count):
    """When each chunk arrives, counted from the first."""
    example = example_of(server.takes[0], server.library)
    loop, found = asyncio.get_running_loop(), []
    async with (
        aiohttp.ClientSession() as client,
        client.post(server.url + example.path, json=example.body) as answer,
    ):
        async for _, is_end in answer.content.iter_chunks():
            found += [loop.time()] if is_end else []
    assert len(found) == count
    return [at - found[0] for at in found]


@pytest.mark.parametrize("speed", [1.0, 4.0])
async def test_chunks_come_when_they_came(speed):
    recording = timed((FIXTURES / "dify" / "wf_iter_seq5.sse").read_bytes(), seconds=1.5)
    server = ReplayServer([recording], speed=speed)
    wanted = [chunk.at / speed for chunk in recording.chunks]
    async with server.run():
        for _ in range(TRIES):
            found = await arrivals(server, len(recording.chunks))
            late = [abs(there - due) for there, due in zip(found, wanted, strict=True)]
            if statistics.median(late) < 0.05 and late[-1] < 0.5:  # delays do not add up
                return
    pytest.fail(f"they never came when they came: {late}")


async def test_many_clients_are_served_beside_each_other():
    body = (FIXTURES / "dify" / "chat_simple.sse").read_bytes()
    server = ReplayServer([timed(body, seconds=0.3)], speed=1.0, fresh_ids=1)
    example = example_of(server.takes[0], server.library)

    async def ask(client):
        async with client.post(server.url + example.path, json=example.body) as answer:
            return await answer.read()

    async with server.run(), aiohttp.ClientSession() as client, AsyncExitStack():
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        bodies = await asyncio.gather(*(ask(client) for _ in range(40)))
        took = loop.time() - began_at
    assert {len(one) for one in bodies} == {len(body)}
    assert len({json.loads(one.partition(b"data: ")[2].partition(b"\n")[0])["task_id"] for one in bodies}) == 40
    assert took < 40 * 0.3 / 2  # not one after the other
