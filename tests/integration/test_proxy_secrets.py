"""A key, a cookie and a form token, planted wherever they can stand, are found nowhere: not in what the proxy tells, keeps or logs."""

import asyncio
import json
import logging
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from aiohttp import web
from yarl import URL

from streamkit.gateway.server import Address, listening
from streamkit.gateway.service import Plan, Recording, Service
from streamkit.gateway.settings import Settings
from tests.integration.test_proxy import FIXTURES, run_of
from tests.unit.recording.planted import SPELLINGS, leaks

KEY = "app-Zm9vYmFyYmF6cXV4cXV1eA"
COOKIE = "c00kie-Of-A-Login-0123456789"
URL_TOKEN = "s1gnAtureOfAUrl0123456789"  # noqa: S105 - of a test
SET_COOKIE = "fr3sh-Session-9876543210"
ADMIN = "admin-t0ken-0123456789"
PAUSED = (FIXTURES / "dify" / "wf_human_1_paused.sse").read_bytes()
FORM_TOKEN = run_of(PAUSED).forms[0].token
ALL = [KEY, COOKIE, URL_TOKEN, SET_COOKIE, FORM_TOKEN, ADMIN]


def planted():
    """A body that repeats the secrets in every spelling, in text, outputs, errors, titles and ids."""
    run = {"workflow_run_id": "run-1", "task_id": KEY}
    yield {"event": "workflow_started", **run, "data": {"id": "run-1", "workflow_id": "w", "inputs": {"key": KEY}}}
    for number, (spelt, secret) in enumerate(
        (spell(secret), secret) for spell in SPELLINGS.values() for secret in (KEY, COOKIE)
    ):
        node = {"id": f"e{number}", "node_id": f"n{number}", "node_type": "llm", "title": f"T {secret}"}
        yield {"event": "node_started", **run, "data": node}
        yield {
            "event": "text_chunk",
            **run,
            "data": {"text": f"say {spelt} ", "from_variable_selector": [f"n{number}", "text"]},
        }
        ended = {
            "status": "failed",
            "error": f"key {secret} is wrong: {spelt}",
            "outputs": {"text": spelt, "api_key": secret},
        }
        yield {"event": "node_finished", **run, "data": {**node, **ended}}
    url = f"https://files.example/x?sign={URL_TOKEN}&nonce=1"
    form = f"https://dify.example/form/human_input/{FORM_TOKEN}"
    yield {"event": "text_chunk", **run, "data": {"text": f"{url} {form}", "from_variable_selector": ["n0", "text"]}}
    yield {"event": "a_word_that_nobody_knows", **run, "data": {"form_token": FORM_TOKEN, "url": url}}
    yield {"event": "error", **run, "code": KEY, "status": 400, "message": f"Incorrect API key {KEY} ({SET_COOKIE})"}


BODY = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in planted())


async def upstream(request):
    """Tells the secrets in headers, bodies and URLs."""
    await request.read()
    headers = {"Set-Cookie": f"session={SET_COOKIE}; Path=/", "X-Request-Id": KEY, "X-Api-Key": KEY}
    if request.path.endswith("/info"):
        return web.json_response({"name": f"App of {KEY}"}, headers=headers)
    if "human_input" in request.path:
        return web.json_response({})
    if request.path.startswith("/broken"):
        raise ConnectionError(KEY)
    body = PAUSED if request.path.endswith("/pauses/v1/workflows/run") else BODY
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **headers})
    await response.prepare(request)
    for start in range(0, len(body), 700):
        await response.write(body[start : start + 700])
    return response


@asynccontextmanager
async def running(folder, url):
    """A service that tells, shows and keeps all that it can."""
    told = []
    plan = Plan(
        settings=Settings(upstream=URL(url), asks_for_names=True, apps={"0123456789ab": "a"}),
        listen=Address("127.0.0.1", 0),
        admin=Address("127.0.0.1", 0),
        token=ADMIN,
        shows_content=True,
        record=Recording(folder=folder),
    )
    service, ready, urls = Service(plan, write_line=told.append), anyio.Event(), []

    def listening_now(front, back):
        urls.extend((f"http://{front}", f"http://{back}"))
        ready.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(service.run, listening_now)
        await ready.wait()
        yield told, *urls
        service.stopping.set()


async def used(front, path, method="POST"):
    """Ask as somebody who has all secrets, and puts them wherever they fit."""
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Cookie": f"session={COOKIE}; theme=dark",
        "X-Api-Key": KEY,
        "X-Request-Id": KEY,
        "traceparent": KEY,
        "Referer": f"{front}/?token={URL_TOKEN}",
        "User-Agent": f"agent {KEY}",
    }
    content = {"inputs": {"key": KEY}, "user": KEY, "query": f"my key is {KEY}", "api_key": KEY, "conversation_id": KEY}
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, f"{front}{path}?token={URL_TOKEN}", json=content, headers=headers) as answer,
    ):
        await answer.read()


async def asked(back, *paths):
    """What the admin listener answers."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {ADMIN}"}) as client:
        answers = {}
        for path in paths:
            async with client.get(back + path) as answer:
                answers[path] = await answer.read() + repr(answer.headers).encode()
        return answers


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_planted_secrets_are_found_nowhere(tmp_path, caplog):
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", upstream)
    with caplog.at_level(logging.DEBUG):
        async with (
            listening(app, Address("127.0.0.1", 0)) as server,
            running(tmp_path, f"http://{server.address}") as (lines, front, back),
        ):
            for path in ("/v1/workflows/run", "/pauses/v1/workflows/run", f"/elsewhere/{KEY}", "/v1/chat-messages"):
                await used(front, path)
            await used(front, f"/v1/form/human_input/{FORM_TOKEN}")
            await used(front, "/broken/v1/workflows/run")
            rows = json.loads((await asked(back, "/runs"))["/runs"].partition(b"<CIMulti")[0])["runs"]
            handles = [row["handle"] for row in rows]
            assert len(handles) == 5
            paths = [path for handle in handles for path in (f"/runs/{handle}", f"/runs/{handle}/stream")]
            answers = await asked(back, "/runs", "/runs?stalled=0s", "/metrics", "/healthz", "/nothing", *paths)
            await asyncio.sleep(0)
    assert b"say" in b"".join(answers.values())  # what was said is told there, but for the secrets
    kept = {str(path): str(path).encode() + path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(kept) >= 4
    places = {**answers, **kept, "the log": caplog.text.encode()}
    places |= {f"line {number}": line for number, line in enumerate(lines)}
    assert len(lines) == 5
    found = [(place, secret) for place, data in places.items() for secret in ALL if leaks(data, secret)]
    assert found == []
