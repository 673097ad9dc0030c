"""The name of an app is learnt from an `/info` that passes, or from one that is asked for with the client's key."""

import gzip

import aiohttp
import pytest
from aiohttp import web

from streamkit.gateway.names import AppNames
from streamkit.gateway.naming import NameOnItsWay
from tests.unit.gateway.sites import recording, standing
from tests.unit.gateway.test_exchange import RUN, playing

BODY = recording("dify/wf_failed")
KEY = {"Authorization": "Bearer app-AbCdEfGhIjKlMnOp"}


class Server:
    """Answers `/info`, and plays a run."""

    def __init__(self, info=b'{"name": "Support"}', *, status=200, headers=None):
        self.info = info
        self.status = status
        self.headers = headers or {"Content-Type": "application/json"}
        self.asked = []

    async def answer(self, request):
        if request.path.endswith("/info"):
            self.asked.append(dict(request.headers))
            return web.Response(body=self.info, status=self.status, headers=self.headers)
        return await playing(BODY)(request)


async def run(site, client, path=RUN):
    async with client.post(site.url + path, json={}, headers=KEY) as answer:
        await answer.read()


@pytest.mark.parametrize(
    ("info", "headers"),
    [
        (b'{"name": "Support"}', {}),
        (gzip.compress(b'{"name": "Support"}'), {"Content-Encoding": "gzip", "Content-Type": "application/json"}),
    ],
    ids=["plain", "compressed"],
)
async def test_a_name_that_passes_is_learnt_and_passes_unchanged(info, headers):
    server = Server(info, headers=headers)
    async with standing(server.answer) as site, aiohttp.ClientSession(auto_decompress=False) as client:
        async with client.get(site.url + "/v1/info", headers=KEY) as answer:
            assert await answer.read() == info
        await run(site, client)
    assert site.seen.body.run.app == "Support"


async def test_a_name_is_asked_for_once_where_that_is_wished():
    server = Server()
    async with standing(server.answer, asks_for_names=True) as site, aiohttp.ClientSession() as client:
        for _ in range(3):
            await run(site, client)
    assert [found["Authorization"] for found in server.asked] == [KEY["Authorization"]]
    assert site.seen.ended[-1].run.app == "Support"


async def test_nobody_is_asked_unless_that_is_wished():
    server = Server()
    async with standing(server.answer) as site, aiohttp.ClientSession() as client:
        await run(site, client)
    assert server.asked == []
    assert site.seen.body.app is None


@pytest.mark.parametrize(
    "server", [Server(status=401), Server(b"<html>"), Server(b"x" * 100_000)], ids=["401", "html", "long"]
)
async def test_an_answer_that_tells_no_name_is_no_mistake(server):
    async with standing(server.answer, asks_for_names=True) as site, aiohttp.ClientSession() as client:
        await run(site, client)
        await run(site, client)
    assert [body.run.app for body in site.seen.ended] == [None, None]
    assert len(server.asked) == 1


@pytest.mark.parametrize("coding", ["gzip", "rot13"])
def test_what_cannot_be_decoded_teaches_nothing(coding):
    names = AppNames()
    name = NameOnItsWay(names, "0123456789ab", coding)
    name.take(b'{"name": "Support"}')
    name.close()
    assert names._learnt == {}
