"""Forms are shown and submitted as Dify does it, with its refusals."""

import pytest

from streamkit.replay.dify.forms import form
from streamkit.replay.library import load
from streamkit.replay.routes import Asked
from streamkit.replay.server import ROUTES
from streamkit.replay.stage import Stage
from tests.unit.replay.serving import DIFY, serving

FORM = "/v1/form/human_input/RXuAr7fBN8SmbhOkgkqOb1"
HUMAN = sorted(DIFY.glob("wf_human_[123]*.sse"))
ORDER = {"inputs": {"comment": "fine"}, "action": "approve", "user": "u"}


async def refused(client, order=None, path=FORM):
    async with client.post(path, ORDER if order is None else order) as answer:
        told = await answer.json()
        assert told.get("status", answer.status) == answer.status
        return answer.status, told.get("code")


async def test_a_form_is_shown():
    async with serving(*HUMAN) as client:
        await client.body("/v1/workflows/run")
        told = await client.read(FORM)
    assert list(told) == ["form_content", "inputs", "resolved_default_values", "user_actions", "expiration_time"]
    assert told["form_content"].startswith("## Please review\nTransfer of €250")
    assert [action["id"] for action in told["user_actions"]] == ["approve", "reject"]
    assert told["expiration_time"] == 1795430962


async def test_a_form_is_submitted_once():
    async with serving(*HUMAN) as client:
        await client.body("/v1/workflows/run")
        assert await client.told(FORM, ORDER) == {}
        assert await refused(client) == (412, "human_input_form_submitted")
        assert (await client.read(FORM))["code"] == "human_input_form_submitted"


@pytest.mark.parametrize("order", [{"inputs": {}}, {"inputs": {}, "action": "maybe"}, {}])
async def test_an_action_that_the_form_does_not_have_is_refused(order):
    async with serving(*HUMAN) as client:
        await client.body("/v1/workflows/run")
        assert await refused(client, order) == (400, "invalid_form_data")
        assert await client.told(FORM, ORDER) == {}


async def test_a_form_that_nobody_knows_is_not_found():
    async with serving(*HUMAN) as client:
        assert await refused(client, path="/v1/form/human_input/unknown") == (404, "not_found")


async def test_a_form_is_new_when_its_run_begins_again():
    async with serving(*HUMAN) as client:
        for _ in range(2):
            await client.body("/v1/workflows/run")
            assert await client.told(FORM, ORDER) == {}


async def test_a_form_of_today_has_a_token_and_an_end_of_today():
    async with serving(*HUMAN, retime="now", fresh_ids=1) as client:
        body = await client.body("/v1/workflows/run")
        assert b"RXuAr7fBN8SmbhOkgkqOb1" not in body
        token = body.partition(b'"form_token":"')[2].partition(b'"')[0].decode()
        assert (await client.read(f"/v1/form/human_input/{token}"))["expiration_time"] > 1795430962
        assert await client.told(f"/v1/form/human_input/{token}", ORDER) == {}
        assert await refused(client) == (404, "not_found")


async def test_a_form_that_nobody_answered_in_time_has_expired():
    async with serving(*sorted(DIFY.glob("wf_human_timeout_*.sse"))) as client:
        paused = await client.body("/v1/workflows/run")
        token, run = (
            paused.rpartition(b'"%b":"' % name)[2].partition(b'"')[0].decode()
            for name in (b"form_token", b"workflow_run_id")
        )
        async with client.get(f"/v1/workflow/{run}/events") as answer:
            assert b'"human_input_form_timeout"' in await answer.read()
        assert await refused(client, path=f"/v1/form/human_input/{token}") == (412, "human_input_form_expired")


def test_a_form_of_today_expires_by_the_clock():
    now = [2_000_000_000.0]
    stage = Stage(load(HUMAN, ROUTES), now=lambda: now[0])
    asked = Asked(method="GET", path=FORM, params={"token": FORM.rpartition("/")[2]})
    assert form(stage, asked).status == 200
    now[0] += 10 * 24 * 3600
    assert form(stage, asked).status == 412


async def test_a_token_is_no_part_of_the_journal():
    async with serving(*HUMAN) as client:
        await client.read(FORM)
        (entry,) = client.server.requests
    assert entry.path.startswith("/v1/form/human_input/REDACTED")
