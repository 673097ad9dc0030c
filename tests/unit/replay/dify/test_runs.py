"""A run can be stopped, and asked how it stands."""

import json

import pytest

from streamkit import Tap
from tests.unit.replay.serving import DIFY, serving

FLOW = "/v1/workflows/run"
SEQ = DIFY / "wf_iter_seq5.sse"


def run_of(body):
    tap = Tap("dify")
    tap.feed(body)
    tap.close()
    return tap.run


@pytest.mark.parametrize(
    ("name", "path", "stop"),
    [
        ("wf_iter_seq5", FLOW, "/v1/workflows/tasks/{}/stop"),
        ("chat_simple", "/v1/chat-messages", "/v1/chat-messages/{}/stop"),
        ("chat_app_plain", "/v1/chat-messages", "/api/chat-messages/{}/stop"),
        ("completion_plain", "/v1/completion-messages", "/v1/completion-messages/{}/stop"),
        (
            "preview_wf_loop",
            "/console/api/apps/a/workflows/draft/run",
            "/console/api/apps/a/workflow-runs/tasks/{}/stop",
        ),
    ],
)
async def test_a_run_that_is_stopped_ends_as_its_server_ends_it(name, path, stop):
    async with serving(DIFY / f"{name}.sse") as client:
        play = client.server.play(name, hold_before=3)
        async with client.post(path) as answer:
            await play.reached()
            assert await client.told(stop.format(play.take.run.task_id), {"user": "u"}) == {"result": "success"}
            run = run_of(await answer.read())
        assert await play.finished() == "stopped"
    assert run.settled or run.status in ("stopped", "succeeded")
    assert run.status == ("succeeded" if "app" in name or "completion" in name else "stopped")


async def test_a_task_that_nobody_knows_is_stopped_too():
    async with serving(SEQ) as client:
        assert await client.told("/v1/workflows/tasks/unknown/stop", {"user": "u"}) == {"result": "success"}


async def test_a_task_is_stopped_by_the_id_that_the_client_was_given():
    async with serving(SEQ, fresh_ids="x") as client:
        play = client.server.play("wf_iter_seq5", hold_before=3)
        async with client.post(FLOW) as answer:
            await play.reached()
            given = json.loads((await answer.content.readuntil(b"}\n\n")).partition(b"data: ")[2])
            await client.told(f"/v1/workflows/tasks/{given['task_id']}/stop", {"user": "u"})
            assert run_of(await answer.read()).id == given["workflow_run_id"]


async def test_a_run_tells_how_it_stands():
    streamed = run_of(SEQ.read_bytes())
    path = f"/v1/workflows/run/{streamed.id}"
    async with serving(SEQ) as client:
        async with client.get(path) as answer:
            assert answer.status == 404
        play = client.server.play("wf_iter_seq5", hold_before=3)
        async with client.post(FLOW) as answer:
            await play.reached()
            running = await client.read(path)
            play.release()
            await answer.read()
        told = await client.read(path)
    assert (running["status"], running["outputs"], running["finished_at"]) == ("running", None, None)
    assert (told["id"], told["status"], told["outputs"]) == (streamed.id, "succeeded", streamed.outputs)
    assert (told["total_steps"], told["elapsed_time"]) == (streamed.total_steps, streamed.elapsed_time)
    assert (told["created_at"], told["finished_at"]) == (streamed.started_at, streamed.finished_at)
    assert (told["inputs"], told["error"]) == (streamed.inputs, None)


async def test_a_run_that_was_stopped_stays_stopped():
    async with serving(SEQ) as client:
        play = client.server.play("wf_iter_seq5", hold_before=3)
        async with client.post(FLOW) as answer:
            await play.reached()
            await client.told(f"/v1/workflows/tasks/{play.take.run.task_id}/stop", {"user": "u"})
            await answer.read()
        run_id = play.take.run.id
        told = await client.read(f"/v1/workflows/run/{run_id}")
        async with client.get(f"/v1/workflow/{run_id}/events") as answer:
            end = json.loads((await answer.read()).removeprefix(b"data: "))
    assert (told["status"], told["error"], told["outputs"]) == ("stopped", "Stopped by user.", {})
    assert (end["event"], end["data"]["status"]) == ("workflow_finished", "stopped")


async def test_a_failed_run_tells_why():
    streamed = run_of((DIFY / "wf_failed.sse").read_bytes())
    async with serving(DIFY / "wf_failed.sse") as client:
        await client.body(FLOW)
        told = await client.read(f"/v1/workflows/run/{streamed.id}")
    assert (told["status"], told["error"]) == ("failed", streamed.error.message)


async def test_ids_and_times_are_those_that_the_client_was_given():
    async with serving(SEQ, fresh_ids=1, retime="now") as client:
        given = run_of(await client.body(FLOW))
        told = await client.read(f"/v1/workflows/run/{given.id}")
    assert (told["id"], told["created_at"]) == (given.id, given.started_at)
