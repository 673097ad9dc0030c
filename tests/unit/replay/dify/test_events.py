"""A run is watched further: after a pause and a form, after a cut, after its end."""

import json

import aiohttp
import pytest

from streamkit import Tap
from tests.unit.replay.serving import DIFY, serving

FLOW = "/v1/workflows/run"
RUN = "0da69be8-c2e9-4ac5-a254-073f57170ba8"
FORM = "/v1/form/human_input/RXuAr7fBN8SmbhOkgkqOb1"
EVENTS = f"/v1/workflow/{RUN}/events?user=u"
PING = b"event: ping\n\n"
HUMAN = sorted(DIFY.glob("wf_human_[123]*.sse"))


def body(name):
    return (DIFY / f"{name}.sse").read_bytes()


def rejected(tmp_path):
    """The same run, answered the other way."""
    path = tmp_path / "wf_human_2_resumed_reject.sse"
    path.write_bytes(body("wf_human_2_resumed_approve").replace(b'"approve"', b'"reject"').replace(b"yes", b"no!"))
    for file in HUMAN:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return path.read_bytes()


async def test_a_paused_run_goes_on_once_its_form_is_submitted():
    async with serving(*HUMAN) as client:
        assert await client.body(FLOW) == body("wf_human_1_paused")
        async with client.get(EVENTS) as answer:
            assert answer.headers["Cache-Control"] == "no-cache"
            assert await answer.content.readexactly(len(PING)) == PING  # and then nothing, until …
            assert client.server.requests[-1].sent == 0
            assert await client.told(FORM, {"inputs": {"comment": "fine"}, "action": "approve", "user": "u"}) == {}
            assert PING + await answer.read() == body("wf_human_2_resumed_approve")


async def test_who_submits_first_watches_at_once():
    async with serving(*HUMAN) as client:
        await client.body(FLOW)
        await client.told(FORM, {"inputs": {}, "action": "approve", "user": "u"})
        async with client.get(EVENTS) as answer:
            assert await answer.read() == body("wf_human_2_resumed_approve")


@pytest.mark.parametrize("action", ["approve", "reject"])
async def test_the_action_chooses_how_it_goes_on(tmp_path, action):
    bodies = {"reject": rejected(tmp_path), "approve": body("wf_human_2_resumed_approve")}
    async with serving(tmp_path) as client:
        await client.body(FLOW)
        await client.told(FORM, {"inputs": {}, "action": action, "user": "u"})
        async with client.get(EVENTS) as answer:
            assert await answer.read() == bodies[action]


async def test_an_action_that_was_not_recorded_is_told(tmp_path):
    rejected(tmp_path)
    other = tmp_path / "wf_human_2_resumed_reject.sse"
    other.write_bytes(body("wf_human_2_resumed_approve"))
    async with serving(tmp_path) as client:
        await client.body(FLOW)
        await client.told(FORM, {"inputs": {}, "action": "reject", "user": "u"})
        async with client.get(EVENTS) as answer:
            assert answer.status == 501
            assert "no recording with the action that was submitted" in (await answer.json())["message"]


async def test_a_form_that_expires_needs_nobody():
    async with serving(*DIFY.glob("june26_chat_human_timeout_*.sse")) as client:
        paused = await client.body("/v1/chat-messages")
        run = json.loads(paused.rpartition(b"data: ")[2])["workflow_run_id"]
        async with client.get(f"/v1/workflow/{run}/events") as answer:
            assert await answer.read() == body("june26_chat_human_timeout_2_resumed")


async def test_each_form_of_a_long_connection_waits_for_its_own_submission():
    async with serving(*DIFY.glob("wf_two_humans_*.sse")) as client:
        await client.body(FLOW)
        tap = Tap("dify")
        whole = body("wf_two_humans_2_long_connection")
        resumed = [at for at in range(len(whole)) if whole.startswith(b'data: {"event":"workflow_started"', at)][1:]
        tap.feed(whole)
        run = tap.run
        forms = sorted(
            run.forms,
            key=lambda form: whole.index(
                f'form_filled","workflow_run_id":"{run.id}","task_id":"{run.task_id}","data":{{"node_id":"{form.node_id}"'.encode()
            ),
        )
        path = f"/v1/workflow/{run.id}/events?include_state_snapshot=true&continue_on_pause=true"
        async with client.get(path) as answer:
            assert await answer.content.readexactly(resumed[0]) == whole[: resumed[0]]
            for form, (start, end) in zip(forms, [(resumed[0], resumed[1]), (resumed[1], len(whole))], strict=True):
                order = {"inputs": {}, "action": form.action_id, "user": "u"}
                assert await client.told(f"/v1/form/human_input/{form.token}", order) == {}
                assert await answer.content.readexactly(end - start) == whole[start:end]


# ---- after the end


async def test_a_run_that_is_over_is_told_in_one_frame():
    async with serving(*HUMAN) as client:
        await client.body(FLOW)
        await client.told(FORM, {"inputs": {}, "action": "approve", "user": "u"})
        async with client.get(EVENTS) as answer:
            await answer.read()
        for _ in range(2):
            async with client.get(EVENTS) as answer:
                assert await answer.read() == body("wf_human_3_events_after_finish")


async def test_the_frame_is_made_where_none_was_recorded():
    """The same shape as the recorded one: another encoder, the id of the run as that of its task."""
    async with serving(*HUMAN[:2]) as client:
        await client.body(FLOW)
        await client.told(FORM, {"inputs": {}, "action": "approve", "user": "u"})
        async with client.get(EVENTS) as answer:
            await answer.read()
        async with client.get(EVENTS) as answer:
            made = await answer.read()
    wanted = json.loads(body("wf_human_3_events_after_finish")[6:])
    found = json.loads(made[6:])
    assert list(found) == list(wanted)
    assert found["task_id"] == found["workflow_run_id"] == RUN
    assert list(found["data"]) == list(wanted["data"])
    assert (found["data"]["status"], found["data"]["outputs"]) == ("succeeded", wanted["data"]["outputs"])
    assert made.isascii()


@pytest.mark.parametrize("path", ["/v1/workflow/00000000-0000-4000-8000-000000000000/events", "/v1/workflow/x/events"])
async def test_a_run_that_nobody_knows_is_not_found(path):
    async with serving(*HUMAN) as client, client.get(path) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


async def test_a_run_that_nothing_goes_on_with_is_told():
    async with serving(HUMAN[0]) as client:
        await client.body(FLOW)
        async with client.get(EVENTS) as answer:
            assert answer.status == 501
            assert "has no recording that goes on with it" in (await answer.json())["message"]


async def test_a_run_may_have_begun_on_another_server():
    async with serving(*HUMAN) as client:
        await client.told(FORM, {"inputs": {}, "action": "approve", "user": "u"})
        async with client.get(EVENTS) as answer:
            assert await answer.read() == body("wf_human_2_resumed_approve")


async def test_nothing_waits_for_a_form_of_a_run_that_began_elsewhere():
    async with serving(*HUMAN) as client, client.get(EVENTS) as answer:
        assert await answer.read() == body("wf_human_2_resumed_approve")


# ---- after a cut


async def cut(client, path, request):
    arrived = bytearray()
    async with client.post(path, request) as answer:
        try:
            async for chunk in answer.content.iter_any():
                arrived += chunk
        except aiohttp.ClientPayloadError:
            return bytes(arrived)
    raise AssertionError("the answer was not cut")


async def test_what_a_cut_connection_missed_comes_on_the_next_one():
    whole = body("wf_iter_seq5")
    place = whole.index(b'{"event":"iteration_next"')
    async with serving(DIFY / "wf_iter_seq5.sse", faults=[f"cut-after={place},times=1"]) as client:
        arrived = await cut(client, FLOW, None)
        run = json.loads(whole.rpartition(b"data: ")[2])["workflow_run_id"]
        async with client.get(f"/v1/workflow/{run}/events") as answer:
            rest = await answer.read()
        async with client.get(f"/v1/workflow/{run}/events") as answer:
            assert b'"workflow_finished"' in await answer.read()
    assert rest == PING + whole[place - len(b"data: ") :]
    assert arrived == whole[:place]


async def test_a_snapshot_tells_what_happened_before():
    whole = body("chat_simple")
    place = whole.index(b'"event":"message_end"')
    async with serving(DIFY / "chat_simple.sse", faults=[f"cut-after={place},times=1"]) as client:
        arrived = await cut(client, "/v1/chat-messages", None)
        tap = Tap("dify")
        tap.feed(arrived)
        tap.close()
        async with client.get(f"/v1/workflow/{tap.run.id}/events?include_state_snapshot=true") as answer:
            snapshot = await answer.read()
    alone = Tap("dify")
    alone.feed(snapshot)
    alone.close()
    assert b'"message_replace"' in snapshot
    assert b'"execution_metadata":null' in snapshot
    assert b"inputs_truncated" not in snapshot.partition(b'"message_end"')[0]
    whole_run = Tap("dify")
    whole_run.feed(whole)
    whole_run.close()
    assert (alone.run.text, alone.run.status) == (whole_run.run.text, "succeeded")
    assert [node.node_id for node in alone.run.walk()] == [node.node_id for node in whole_run.run.walk()]
