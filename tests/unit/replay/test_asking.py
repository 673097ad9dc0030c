"""A request is read as far as an answer depends on it."""

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamkit.replay.asking import FAULT_HEADER, asked_of


@pytest.fixture
async def asked():
    """Send a request; return what was read of it."""
    seen = []

    async def handle(request):
        seen.append(await asked_of(request, {"id": "7"}))
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestClient(TestServer(app)) as client:

        async def send(method="POST", path="/v1/x", **how):
            async with client.request(method, path, **how):
                return seen[-1]

        yield send


async def test_a_request_is_read(asked):
    one = await asked("POST", "/v1/x?a=b", json={"query": "hi"}, headers={"Authorization": "Bearer app-1"})
    assert (one.method, one.path, one.query, one.params) == ("POST", "/v1/x", {"a": "b"}, {"id": "7"})
    assert (one.body, one.key, one.upload, one.fault) == ({"query": "hi"}, "app-1", None, "")


@pytest.mark.parametrize(
    ("headers", "key"),
    [({"Authorization": "eyJ"}, "eyJ"), ({"X-Api-Key": "k"}, "k"), ({"Authorization": "bearer  k "}, "k"), ({}, "")],
)
async def test_keys_come_in_several_ways(asked, headers, key):
    assert (await asked(headers=headers)).key == key


async def test_json_is_json_whatever_it_is_called(asked):
    """`curl -d` calls everything a form."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await asked(data=b'{"query":"hi"}', headers=headers)).body == {"query": "hi"}


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[1]", b"\xff"])
async def test_what_is_no_object_is_no_body(asked, data):
    assert (await asked(data=data)).body == {}


async def test_a_file_is_looked_at_and_not_kept(asked):
    form = aiohttp.FormData({"user": "u"})
    form.add_field("file", b"12345", filename="a.txt", content_type="text/plain")
    one = await asked(data=form)
    assert (one.body, tuple(one.upload)) == ({"user": "u"}, ("a.txt", "text/plain", 5))


async def test_a_form_without_a_file_has_fields(asked):
    form = aiohttp.FormData({"user": "u"}, default_to_multipart=True)
    assert (await asked(data=form)).body == {"user": "u"}


async def test_a_request_may_ask_for_a_fault(asked):
    assert (await asked(headers={FAULT_HEADER: "status=500"})).fault == "status=500"
