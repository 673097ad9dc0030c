"""What a proxy tells those who run it: to who bears the token, and of what was said only what it was started to tell."""

import asyncio
import json

import aiohttp
import pytest

from streamkit.gateway.admin import Admin
from streamkit.gateway.listed import Bodies
from streamkit.gateway.metrics import Metrics
from streamkit.gateway.server import listening
from streamkit.gateway.spool import Spools
from streamkit.gateway.tailing import Tails
from streamkit.recording import Recording
from streamkit.run import stable
from tests.unit.gateway.sites import ANYWHERE, recording
from tests.unit.gateway.test_body import Clock
from tests.unit.gateway.test_exchange import stated
from tests.unit.gateway.test_listed import HEAD, body, known
from tests.unit.gateway.test_spool import flush

TOKEN = "0123456789abcdef"  # noqa: S105 - of a test
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CHAT, PAUSED = recording("dify/chat_simple"), recording("dify/wf_human_1_paused")


class Asked:
    """A client of an admin listener."""

    def __init__(self, bodies, *, tails=None, ready=True):
        self.ready = ready
        self.admin = Admin(bodies, Metrics(), token=TOKEN, is_ready=lambda: self.ready, tails=tails)

    async def get(self, path, headers=BEARER):
        async with (
            listening(self.admin.application(), ANYWHERE) as server,
            aiohttp.ClientSession() as client,
            client.get(f"http://{server.address}{path}", headers=headers) as answer,
        ):
            return answer.status, await answer.text(), answer.headers

    async def json(self, path):
        status, text, headers = await self.get(path)
        assert headers["Content-Type"].startswith("application/json")
        return status, json.loads(text)


@pytest.mark.parametrize("path", ["/runs", "/runs/x", "/runs/x/stream", "/metrics", "/", "/nothing"])
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": ""}, {"Authorization": "Bearer é"}], ids=str
)
async def test_without_the_token_nothing_is_told(path, headers):
    status, text, _ = await Asked(known(body("h1"))).get(path, headers)
    assert status == 401
    assert "h1" not in text


async def test_how_it_is_itself_is_told_to_anybody():
    asked = Asked(Bodies())
    assert (await asked.get("/healthz", {}))[0] == 200
    assert (await asked.get("/readyz", {}))[0] == 200
    asked.ready = False
    assert (await asked.get("/readyz", {}))[0] == 503
    assert (await asked.get("/healthz", {}))[0] == 200


async def test_figures_are_told():
    status, text, headers = await Asked(Bodies()).get("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "# TYPE streamkit_runs_total counter" in text


async def test_runs_are_told_and_those_that_hang_by_themselves():
    clock = Clock()
    hanging = body("hangs", recording("dify/chat_llm_400_chunks")[:9000], close=False, clock=clock)
    bodies = known(body("over"), hanging)
    clock.now += 31
    fresh = body("fresh", PAUSED, close=False, clock=clock)
    bodies.body_began(fresh)
    asked = Asked(bodies)
    status, told = await asked.json("/runs")
    assert (status, [row["handle"] for row in told["runs"]]) == (200, ["over", "hangs", "fresh"])
    status, told = await asked.json("/runs?stalled=30s")
    assert [(row["handle"], row["state"], row["idle"]) for row in told["runs"]] == [("hangs", "silent", 31)]
    assert (await asked.json("/runs?stalled=1m"))[1] == {"runs": []}


async def test_what_is_no_duration_is_said_to_be_none():
    status, told = await Asked(Bodies()).json("/runs?stalled=soon")
    assert (status, told) == (400, {"error": "stalled: 'soon' is no duration like 500ms, 30s, 5m, 1h or 7d"})


@pytest.mark.parametrize("name", ["h1", stated(CHAT).id, stated(CHAT).message_id])
async def test_a_run_is_told_without_what_was_said(name):
    status, state = await Asked(known(body("h1", CHAT, path="/v1/chat-messages"))).json(f"/runs/{name}")
    assert (status, state["format"], state["id"], state["status"]) == (200, 1, stated(CHAT).id, "succeeded")
    assert (state["text"], state["inputs"], state["outputs"]) == ("", None, None)
    assert stated(CHAT).text[:20] not in json.dumps(state)


async def test_a_run_that_nobody_knows_is_not_found():
    assert (await Asked(Bodies()).json("/runs/x"))[0] == 404


async def test_what_was_said_stays_unless_the_proxy_was_started_to_tell_it():
    status, told = await Asked(known(body("h1"))).json("/runs/h1/stream")
    assert (status, told) == (403, {"error": "this proxy was not started with --admin-content"})


@pytest.fixture
async def said(tmp_path):
    """Bodies that are on the disk, and an admin listener that may tell of them."""
    with Spools(tmp_path / "spool", retain=5) as spools:
        bodies, tails = Bodies(), Tails(spools)

        def pass_through(handle, content, *, close=True):
            found = body(handle, b"", close=False, path="/v1/chat-messages", secret_values=frozenset(["s3cr3t-s3cr3t"]))
            for listener in (bodies, spools):
                listener.body_began(found)
                listener.body_answered(found, HEAD)
            found.take(content)
            if close:
                found.close("eof")
                for listener in (bodies, spools):
                    listener.body_ended(found)
            flush(spools)
            return found

        yield pass_through, Asked(bodies, tails=tails)


async def test_a_run_is_told_with_what_was_said_if_the_proxy_may(said):
    pass_through, asked = said
    pass_through("h1", CHAT)
    _, state = await asked.json("/runs/h1")
    whole = stable(stated(CHAT).snapshot())
    assert (state["text"], state["outputs"]) == (whole["text"], stated(CHAT).outputs)
    assert [node["outputs"] for node in state["nodes"]] == [node.outputs for node in stated(CHAT).snapshot().nodes]


async def test_a_body_is_told_as_a_recording_that_goes_on_while_it_does(said, tmp_path):
    pass_through, asked = said
    found = pass_through("h1", CHAT[:9000], close=False)
    reading = asyncio.ensure_future(asked.get("/runs/h1/stream"))
    await asyncio.sleep(0)
    found.take(CHAT[9000:])
    found.close("eof")
    found.spool.close("eof", 1.0)
    status, text, headers = await reading
    assert (status, headers["Content-Type"]) == (200, "application/x-ndjson")
    (tmp_path / "x.skrec").write_text(text)
    assert Recording.load(tmp_path / "x.skrec").body == CHAT


async def test_secrets_are_told_nowhere(said):
    pass_through, asked = said
    token = stated(PAUSED).forms[0].token
    assert token
    pass_through("h1", PAUSED.replace(b"u-lab", b"s3cr3t-s3cr3t"))
    for path in ("/runs", "/runs/h1", "/runs/h1/stream", "/metrics"):
        status, text, _ = await asked.get(path)
        assert status == 200
        assert token not in text
        assert "s3cr3t" not in text
