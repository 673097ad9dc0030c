"""Forms are shown and submitted as Dify does it, with its refusals."""

import pytest

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


async def test_a_token_is_no_part_of_the_journal():
    async with serving(*HUMAN) as client:
        await client.read(FORM)
        (entry,) = client.server.requests
    assert entry.path.startswith("/v1/form/human_input/REDACTED")
