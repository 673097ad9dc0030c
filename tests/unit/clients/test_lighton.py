"""Paradigm: a chatflow in one document, chat completions as a stream, refusals in three shapes."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from streamkit import Tap
from streamkit.clients import ParadigmClient, Patience
from streamkit.dialects.lighton import Chatflow
from streamkit.errors import ParadigmError
from streamkit.run import stable
from tests.integration.clients.served import serving, streamed

FIXTURES = Path(__file__).parents[3] / "fixtures"
DOCUMENTS = sorted((FIXTURES / "lighton").rglob("*.json"))
STREAMS = sorted((FIXTURES / "openai").glob("*.sse"))


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("PARADIGM_API_KEY", "PARADIGM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_it_needs_a_key_and_knows_where_the_service_is(monkeypatch):
    with pytest.raises(ValueError, match="PARADIGM_API_KEY"):
        ParadigmClient()
    monkeypatch.setenv("PARADIGM_API_KEY", "key")
    assert repr(ParadigmClient()) == "<ParadigmClient https://paradigm.lighton.ai>"
    monkeypatch.setenv("PARADIGM_BASE_URL", "http://host/api/v2/")
    assert repr(ParadigmClient()) == "<ParadigmClient http://host>"


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if "golden" not in path.name], ids=lambda path: path.stem)
async def test_a_chatflow_is_a_document_and_a_run(path):
    asked = []

    async def chatflow(request):
        asked.append((request.path, await request.json()))
        return web.Response(body=path.read_bytes(), content_type="application/json")

    tap = Tap("lighton")
    tap.feed(path.read_bytes())
    tap.close()
    async with serving(chatflow) as served, ParadigmClient(served.url, "key") as client:
        document = await client.chatflow("Which contracts end?", tool="search", workspace_ids=[1])
        run = await client.run("Which contracts end?", tool="search", workspace_ids=[1])
    assert isinstance(document, Chatflow)
    assert document.text == json.loads(path.read_bytes()).get("text")
    assert stable(run.snapshot()) == stable(tap.run.snapshot())
    wanted = {"messages": "Which contracts end?", "tool": "search", "workspace_ids": [1]}
    assert asked == [("/api/v2/tools/chatflows/", wanted)] * 2


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
async def test_chat_completions_stream(path):
    asked = []

    async def complete(request):
        asked.append((request.path, await request.json()))
        return await streamed(request, path.read_bytes())

    tap = Tap("openai")
    tap.feed(path.read_bytes())
    tap.close()
    messages = [{"role": "user", "content": "hello"}]
    async with (
        serving(complete) as served,
        ParadigmClient(served.url, "key", patience=Patience(linger=0.1)) as client,
        client.stream(messages, model="alfred", options={"temperature": 0}) as stream,
    ):
        run = await stream.finish()
    assert stable(run.snapshot()) == stable(tap.run.snapshot())
    assert asked == [
        ("/api/v2/chat/completions", {"temperature": 0, "model": "alfred", "messages": messages, "stream": True})
    ]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"detail": "No permission"}, "", "No permission"),
        ({"error": {"message": "No model", "code": "model_not_found"}}, "model_not_found", "No model"),
        ({"code": "limit", "message": "Too many"}, "limit", "Too many"),
        ({"error": "Gone"}, "", "Gone"),
        ("<html>", "", "Forbidden"),
    ],
)
async def test_it_refuses_in_several_shapes(body, code, message):
    async def refuse(_):
        return web.json_response(body, status=403)

    async with serving(refuse) as served, ParadigmClient(served.url, "key") as client:
        with pytest.raises(ParadigmError) as raised:
            await client.chatflow("hello")
    assert (raised.value.code, raised.value.status, raised.value.message) == (code, 403, message)
