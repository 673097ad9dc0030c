"""Dify's client: what it knows of itself, what it sends for whom, and what it makes of refusals."""

import json

import pytest
from aiohttp import web

from streamkit import Run
from streamkit.clients import DifyClient
from streamkit.clients.answer import Received
from streamkit.errors import DifyError
from streamkit.run import HumanInput
from tests.integration.clients.served import serving


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("DIFY_API_KEY", "DIFY_BASE_URL", "DIFY_SERVER", "DIFY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


class App:
    """An app that says what it is, and remembers what it was asked."""

    def __init__(self, mode="advanced-chat"):
        self.mode = mode
        self.told = []

    async def __call__(self, request):
        body = await request.json() if request.can_read_body else None
        self.told.append((request.method, request.path, dict(request.query), body))
        if request.path == "/v1/info":
            return web.json_response({"name": "Refunds", "mode": self.mode} if self.mode else {"name": "Refunds"})
        return web.json_response({"result": "success"})


# ---- where, and with which key


def test_it_is_told_by_the_environment(environment):
    with pytest.raises(ValueError, match="DIFY_API_KEY"):
        DifyClient()
    environment.setenv("DIFY_API_KEY", "app-1")
    assert repr(DifyClient()) == "<DifyClient https://api.dify.ai/v1>"
    environment.setenv("DIFY_SERVER", "http://other")
    assert repr(DifyClient()) == "<DifyClient http://other/v1>"
    environment.setenv("DIFY_BASE_URL", "http://host/v1")
    assert repr(DifyClient()) == "<DifyClient http://host/v1>"
    assert repr(DifyClient("http://given")) == "<DifyClient http://given/v1>"


def test_the_token_of_an_account_is_no_key_of_an_app(environment):
    environment.setenv("DIFY_TOKEN", "dfoa_1")
    with pytest.raises(ValueError, match="DIFY_API_KEY"):
        DifyClient()


# ---- what it is


async def test_the_app_is_asked_once_what_it_is():
    app = App("workflow")
    async with serving(app) as served, DifyClient(served.url, "key") as client:
        assert [await client.mode(), await client.mode()] == ["workflow", "workflow"]
    assert len(app.told) == 1


@pytest.mark.parametrize("mode", [None, "added-later"])
async def test_a_server_that_does_not_tell_leaves_it_open(mode):
    async with serving(App(mode)) as served, DifyClient(served.url, "key") as client:
        assert await client.mode() is None


async def test_who_knows_it_need_not_ask():
    app = App()
    async with serving(app) as served, DifyClient(served.url, "key", mode="completion") as client:
        await client.stop("t")
    assert [path for _, path, _, _ in app.told] == ["/v1/completion-messages/t/stop"]


# ---- on whose behalf


async def test_a_call_is_on_behalf_of_the_client_s_user_unless_it_says_another_one():
    app = App()
    async with serving(app) as served, DifyClient(served.url, "key", user="ada", mode="chat") as client:
        await client.conversations()
        await client.conversations(user="bob")
        await client.give_feedback("m", None)
        await client.delete_conversation("c")
        await client.stop("t", user="bob")
    assert [(query, body) for _, _, query, body in app.told] == [
        ({"user": "ada"}, None),
        ({"user": "bob"}, None),
        ({}, {"rating": None, "user": "ada"}),
        ({}, {"user": "ada"}),
        ({}, {"user": "bob"}),
    ]


# ---- forms


async def test_a_form_is_looked_at_and_answered_by_its_token():
    app = App()
    form = HumanInput(form_id="f", node_id="n", token="tok")  # noqa: S106 - no password
    run = Run("dify")
    run.ask(form)
    async with serving(app) as served, DifyClient(served.url, "key", user="ada") as client:
        await client.form(form)
        assert not client.is_answered(run)
        await client.submit_form(form, "approve", {"why": "so"})
        assert client.is_answered(run)
        await client.submit_form("other", "reject", user="bob")
    assert app.told == [
        ("GET", "/v1/form/human_input/tok", {}, None),
        ("POST", "/v1/form/human_input/tok", {}, {"inputs": {"why": "so"}, "action": "approve", "user": "ada"}),
        ("POST", "/v1/form/human_input/other", {}, {"inputs": {}, "action": "reject", "user": "bob"}),
    ]


async def test_a_form_without_a_token_cannot_be_answered_here():
    async with DifyClient("http://host", "key") as client:
        with pytest.raises(ValueError, match="cannot be answered through the API"):
            await client.submit_form(HumanInput(form_id="f", node_id="n"), "approve")


def test_a_run_without_forms_is_not_an_answered_one():
    assert not DifyClient("http://host", "key").is_answered(Run("dify"))


def test_a_run_without_a_workflow_cannot_be_gone_on_with():
    with pytest.raises(ValueError, match="only runs of workflows"):
        DifyClient("http://host", "key").resume(Run("dify"))


# ---- refusals


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (400, b'{"code":"not_chat_app","message":"Wrong app","status":400}', "not_chat_app", "Wrong app"),
        (412, b'{"code":"human_input_form_expired","message":"Over","status":412}', "human_input_form_expired", "Over"),
        (500, b'{"message":"boom"}', "", "boom"),
        (502, b"<html><h1>nginx</h1>", "", "Bad Gateway"),
        (504, b"", "", "Gateway Timeout"),
        (301, b"", "", "Moved Permanently"),
    ],
)
def test_a_refusal_is_told_in_the_server_s_words(status, body, code, message):
    refused = DifyClient("http://host", "key").refusal(Received(status, "", body))
    assert isinstance(refused, DifyError)
    assert (refused.code, refused.status, refused.message) == (code, status, message)


def test_an_answer_is_no_refusal():
    body = json.dumps({"code": "x", "message": "of the app's own"}).encode()
    assert DifyClient("http://host", "key").refusal(Received(200, "application/json", body)) is None
