"""What all clients have in common: operations, refusals, and that their key is nowhere to be seen."""

import pytest
from aiohttp import web

from streamkit.clients import DifyClient
from streamkit.clients.answer import Answer
from streamkit.clients.client import Client, from_environment, is_refused
from streamkit.clients.operation import Call, get
from streamkit.clients.patience import Patience
from streamkit.clients.tape import NO_TAPE
from streamkit.errors import DifyError, Interrupted, UnexpectedAnswer
from tests.integration.clients.served import serving, streamed

KEY = "app-0123456789"


class Thing(Answer, frozen=True):
    name: str = ""


class Things(Client):
    dialect = "dify"

    @get("/things/{name}")
    async def thing(self, name: str) -> Thing:
        """Return a thing."""

    def refusal(self, received):
        return DifyError("code", received.status, received.start) if is_refused(received) else None


def things(url, **how):
    return Things(url, KEY, patience=Patience(answer=60, **how))


def answering(text, status=200, content_type="application/json"):
    async def answer(_):
        return web.Response(text=text, status=status, content_type=content_type)

    return answer


async def test_an_operation_is_performed():
    async with serving(answering('{"name":"cup"}')) as served, things(served.url) as client:
        assert await client.thing("cup") == Thing(name="cup")
    assert served.asked == [("GET", "/things/cup")]


async def test_a_refusal_is_an_exception_without_the_key():
    async with serving(answering(f"no such key: {KEY}", 401)) as served, things(served.url) as client:
        with pytest.raises(DifyError) as raised:
            await client.thing("cup")
    assert raised.value.message == "no such key: [hidden]"


async def test_a_page_in_place_of_json_is_an_exception_without_the_key():
    async with serving(answering(f"<html>{KEY}", 200, "text/html")) as served, things(served.url) as client:
        with pytest.raises(UnexpectedAnswer) as raised:
            await client.thing("cup")
    assert raised.value.body_start == "<html>[hidden]"


async def test_a_stream_that_is_cut_before_one_can_tell_what_it_is():
    async def cut(request):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        request.transport.close()
        return response

    async with serving(cut) as served, things(served.url) as client:
        with pytest.raises(Interrupted):
            await client.open_body(Call("POST", "/run"))


async def test_a_body_is_opened():
    async def run(request):
        return await streamed(request, b"data: {}\n\n")

    async with serving(run) as served, things(served.url) as client:
        body = await client.open_body(Call("POST", "/run"))
        assert await body.read() == b"data: {}\n\n"
        body.close()


def test_a_client_is_shown_without_its_key():
    client = DifyClient("http://host", KEY)
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))
    assert repr(client) == "<DifyClient http://host/v1>"


def test_a_recording_goes_to_a_file_or_to_a_tape(tmp_path):
    client = DifyClient("http://host", KEY)
    (tmp_path / "x.skrec").write_text("mine")
    with pytest.raises(FileExistsError):
        client.stream("hello", record=tmp_path / "x.skrec")
    client.stream("hello", record=NO_TAPE)


def test_the_environment_is_asked_in_order(monkeypatch):
    for name in ("A_KEY", "B_KEY", "C_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert from_environment("A_KEY", "B_KEY") is None
    monkeypatch.setenv("A_KEY", "  ")
    monkeypatch.setenv("B_KEY", "b")
    monkeypatch.setenv("C_KEY", "c")
    assert from_environment("A_KEY", "B_KEY", "C_KEY") == "b"
