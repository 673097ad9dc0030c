"""The key of a client is in nothing that a program can see, print or log, also where the server repeats it."""

import asyncio
import logging
import traceback

import pytest
from aiohttp import web

from streamkit import RunFailed
from streamkit.clients import DifyClient, ParadigmClient, RAGFlowClient
from streamkit.errors import Refused
from tests.cli.parrot import parroting
from tests.integration.clients.served import serving
from tests.unit.recording.planted import leaks

KEY = "n0-shape-by-which-it-is-known_42"


@pytest.fixture(scope="module")
def server():
    with parroting() as found:
        yield found


@pytest.fixture(autouse=True)
def _afresh(server):
    server.refuses, server.is_page = None, False


@pytest.fixture
def client(request, server):
    match request.param:
        case "dify":
            return DifyClient(server.url, KEY)
        case "ragflow":
            return RAGFlowClient(server.url, KEY)
    return ParadigmClient(server.url, KEY)


every_client = pytest.mark.parametrize("client", ["dify", "ragflow", "paradigm"], indirect=True)


def stream_of(client, **how):
    match client:
        case DifyClient():
            return client.stream(**how)
        case RAGFlowClient():
            return client.stream("hello", agent="a", **how)
    return client.stream([{"role": "user", "content": "hello"}], model="m", **how)


async def small_answer(client):
    match client:
        case DifyClient():
            return [await client.info(), await client.parameters(), await client.run_detail("r")]
        case RAGFlowClient():
            return [await client.create_session("c", "hello")]
    return [await client.chatflow("hello")]


@every_client
async def test_it_is_in_nothing_that_comes_of_a_run(client, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with client, stream_of(client, record=tmp_path / "x.skrec") as stream:
        events = [event async for event in stream]
        shown = [
            repr(events),
            repr(stream.run.snapshot()),
            repr(stream),
            repr(client),
            repr(vars(client)),
            repr(stream.run),
        ]
        shown += [repr(await small_answer(client)), caplog.text, (tmp_path / "x.skrec").read_text()]
    assert events
    assert [told[:100] for told in shown if leaks(told.encode(), KEY)] == []
    if stream.run.status == "failed":
        with pytest.raises(RunFailed) as raised:
            stream.run.raise_for_status()
        assert KEY not in str(raised.value)


@every_client
@pytest.mark.parametrize("is_page", [False, True])
async def test_it_is_in_no_exception(client, server, is_page):
    server.refuses, server.is_page = 401, is_page
    async with client:
        with pytest.raises(Refused) as raised:
            async with stream_of(client):
                pass
    error = raised.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert "HTTP 401" in shown
    assert not leaks(shown.encode(), KEY)


async def test_it_is_not_taken_to_another_server():
    """A GET follows to where the server sends it; the key is for the one that it was given for."""
    keys = []

    async def elsewhere(request):
        keys.append(request.headers.get("Authorization"))
        return web.json_response({"mode": "chat"})

    async with serving(elsewhere) as other:

        async def moved(request):
            return web.Response(status=302, headers={"Location": f"{other.url}/v1/info"})

        async with serving(moved) as served, DifyClient(served.url, KEY) as client:
            assert (await client.info()).mode == "chat"
    assert keys == [None]
