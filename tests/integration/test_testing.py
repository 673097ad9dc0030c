"""Tests as somebody would write them who has a client to test: no sleep in any of them."""

import asyncio
import json
import threading
from urllib.request import Request, urlopen

import aiohttp
import pytest

from streamkit import Tap
from streamkit.run import stable
from streamkit.testing import DifyStream, recordings

ASKED = {"inputs": {}, "response_mode": "streaming", "user": "u-lab"}
TRIP = {"agent_id": "planner", "query": "trip to Oslo", "stream": True}


class App:
    """A client that shows a run while it streams: what the tests below test."""

    def __init__(self, server):
        self.server = server
        self.tap = Tap()
        self.session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.api_key}"})
        self.changed = asyncio.Event()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.session.close()

    @property
    def run(self):
        return self.tap.run

    @property
    def state(self):
        return self.run.snapshot()

    async def start(self, path, body):
        await self._follow(self.session.post(self.server.url + path, json=body))

    async def go_on(self, request):
        self.tap = Tap(run=self.run)
        await self._follow(request)

    async def submit(self, action, **inputs):
        """Fill in the form that waits, and see how the run goes on."""
        url = f"{self.server.base_url}/form/human_input/{self.state.forms[0].token}"
        answer = {"inputs": inputs, "action": action, "user": "u-lab"}
        async with self.session.post(url, json=answer) as response:
            assert response.status == 200
        await self.go_on(self.session.get(f"{self.server.base_url}/workflow/{self.run.id}/events?user=u-lab"))

    async def _follow(self, request):
        async with request as response:
            async for chunk in response.content.iter_any():
                self.tap.feed(chunk)
                self.changed.set()
        self.tap.close()

    async def shows(self, title, status):
        """Wait until a node is shown so."""
        while {node.title: node.status for node in self.state.nodes}.get(title) != status:
            self.changed.clear()
            await self.changed.wait()


@pytest.fixture
async def app(dify):
    async with App(dify) as app:
        yield app


@pytest.fixture
async def ragflow_app(ragflow):
    async with App(ragflow) as app:
        yield app


async def test_a_node_is_shown_as_running_until_it_finishes(dify, app):
    dify.play("1.13/workflow-retry", hold_before="node_finished:Flaky API")
    async with asyncio.TaskGroup() as group:
        group.create_task(app.start("/v1/workflows/run", ASKED))
        await dify.areached()
        await app.shows("Flaky API", "running")
        assert (app.state.status, len(app.state.nodes)) == ("running", 2)
        dify.release()
    assert (app.state.status, app.state.nodes[1].status) == ("partial-succeeded", "succeeded")


async def test_a_form_is_filled_in_and_the_run_goes_on(dify, app):
    dify.play("1.14/workflow-form-1-paused")
    await app.start("/v1/workflows/run", ASKED)
    assert (app.state.status, app.state.forms[0].title) == ("paused", "Approval")
    await app.submit("approve", comment="fine")
    assert (app.state.status, app.state.forms[0].action_id) == ("succeeded", "approve")


async def test_a_form_of_ones_own(dify, app):
    asked = DifyStream(mode="workflow").start().human_input("Send 250?", fields=["why"], title="Approval")
    dify.play(asked.resume("reject", why="too much").finish({"sent": False}))
    await app.start("/v1/workflows/run", ASKED)
    await app.submit("reject", why="too much")
    assert (app.state.status, app.state.outputs) == ("succeeded", {"sent": False})


async def test_nothing_comes_before_the_form_is_filled_in(dify, app):
    waiting = dify.play(DifyStream(mode="workflow").start().human_input().resume().finish())
    await app.start("/v1/workflows/run", ASKED)
    assert waiting.outcome == "played"
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(
            app.go_on(app.session.get(f"{dify.base_url}/workflow/{app.run.id}/events?user=u-lab"))
        )
        await app.session.get(f"{dify.base_url}/form/human_input/{app.state.forms[0].token}")
        assert (watching.done(), app.state.status) == (False, "paused")
        answer = {"inputs": {}, "action": "approve", "user": "u-lab"}
        await app.session.post(f"{dify.base_url}/form/human_input/{app.state.forms[0].token}", json=answer)
    assert app.state.status == "succeeded"


async def test_ragflow_asks_and_is_answered(ragflow, ragflow_app):
    app = ragflow_app
    ragflow.play("agent-form-1-paused")
    await app.start("/api/v1/agents/chat/completions", TRIP)
    assert app.state.status == "paused"
    filled = {"ok": ("boolean", True), "note": ("paragraph", "by train, bitte"), "pick": ("options", "ç")}
    inputs = {name: {"type": kind, "value": value} for name, (kind, value) in filled.items()}
    answer = {**TRIP, "query": "", "session_id": app.run.conversation_id, "inputs": inputs}
    await app.go_on(app.session.post(f"{ragflow.url}/api/v1/agents/chat/completions", json=answer))
    assert app.state.status == "succeeded"


async def test_a_run_that_fails_halfway(dify, app):
    dify.play(DifyStream(version="1.14").start().llm("Half an ans", tokens=3).fail("429"))
    await app.start("/v1/chat-messages", {**ASKED, "query": "Hi"})
    assert (app.state.status, app.state.error.message, app.state.text) == ("failed", "429", "Half an ans")


async def test_a_connection_that_breaks(dify, app):
    dify.play("1.13/workflow-text", faults=["cut-after=2000"])
    with pytest.raises(aiohttp.ClientPayloadError):
        await app.start("/v1/workflows/run", ASKED)
    app.tap.close()
    assert app.state.status == "interrupted"


async def test_who_was_refused_tries_again(dify, app):
    dify.play("1.13/workflow-text", faults=["status=429"])
    async with app.session.post(f"{dify.base_url}/workflows/run", json=ASKED) as response:
        assert response.status == 429
    dify.play("1.13/workflow-text")
    await app.start("/v1/workflows/run", ASKED)
    assert [request.status for request in dify.requests] == [429, 200]
    assert app.state.status == "succeeded"


def test_without_an_event_loop(dify):
    play = dify.play("1.13/workflow-parallel", hold_before="workflow_finished")
    bodies = []

    def ask():
        headers = {"Content-Type": "application/json"}
        request = Request(f"{dify.base_url}/workflows/run", json.dumps(ASKED).encode(), headers)  # noqa: S310 - ours
        with urlopen(request) as response:  # noqa: S310
            bodies.append(response.read())

    client = threading.Thread(target=ask)
    client.start()
    assert play.reached() == "workflow_finished"
    assert bodies == []
    play.release()
    client.join()
    assert play.finished() == "played"
    assert bodies[0].endswith(b"\n\n")


def goes_on(recording):
    return recording.follows is not None and recording.follows.expected.status == "paused"


FIRST = [each for each in recordings() if not goes_on(each) and each.recording.header.source.method == "POST"]


@pytest.mark.parametrize("recording", FIRST)
async def test_every_generation_is_shown(recording, dify):
    """One server plays them all: whose recording it is shows in its path."""
    header = recording.recording.header
    dify.play(recording)
    async with App(dify) as app:
        await app.start(header.source.url, header.request.body)
    assert stable(app.state) == stable(recording.expected)
