"""RAGFlow's client: sessions where they help, none where they harm, and refusals that look like success."""

import json

import pytest
from aiohttp import web

from streamkit import Run
from streamkit.clients import Patience, RAGFlowClient
from streamkit.clients.answer import Received
from streamkit.errors import RAGFlowError
from tests.integration.clients.served import serving, streamed

QUICK = Patience(linger=0.05)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("RAGFLOW_API_KEY", "RAGFLOW_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


class Server:
    """A server that remembers what it was asked."""

    def __init__(self, data=None):
        self.data = {"id": "s1"} if data is None else data
        self.told = []

    async def __call__(self, request):
        body = await request.json() if request.can_read_body else None
        self.told.append((request.method, request.path, body))
        if request.path.endswith(("/completions", "/completion")):
            return await streamed(
                request, b'data:{"code": 0, "data": {"answer": "tea"}}\n\n', b'data:{"code": 0, "data": true}\n\n'
            )
        return web.json_response({"code": 0, "data": self.data})

    @property
    def asked(self):
        return [f"{method} {path}" for method, path, _ in self.told]


def client_of(url, **how):
    return RAGFlowClient(url, "key", patience=QUICK, **how)


def test_it_is_told_by_the_environment(environment):
    with pytest.raises(ValueError, match="RAGFLOW_BASE_URL"):
        RAGFlowClient()
    environment.setenv("RAGFLOW_BASE_URL", "http://host:9380/api/v1")
    with pytest.raises(ValueError, match="RAGFLOW_API_KEY"):
        RAGFlowClient()
    environment.setenv("RAGFLOW_API_KEY", "ragflow-1")
    assert repr(RAGFlowClient()) == "<RAGFlowClient http://host:9380>"


# ---- sessions


async def test_a_chat_is_asked_in_a_session_that_is_begun_for_it():
    """Servers from v0.15 to v0.25.0 drop the first question of a conversation that they begin themselves."""
    server = Server()
    async with (
        serving(server) as served,
        client_of(served.url) as client,
        client.stream("What is tea? " * 20, chat="c") as stream,
    ):
        run = await stream.finish()
    assert server.asked == ["POST /api/v1/chats/c/sessions", "POST /api/v1/chats/c/completions"]
    assert server.told[0][2] == {"name": ("What is tea? " * 20)[:60]}
    assert server.told[1][2]["session_id"] == "s1"
    assert (run.status, run.text) == ("succeeded", "tea")


async def test_a_conversation_goes_on():
    server = Server()
    async with (
        serving(server) as served,
        client_of(served.url) as client,
        client.stream("And coffee?", chat="c", session_id="s0") as stream,
    ):
        await stream.finish()
    assert server.asked == ["POST /api/v1/chats/c/completions"]
    assert server.told[0][2]["session_id"] == "s0"


async def test_an_agent_begins_its_own():
    server = Server()
    async with (
        serving(server) as served,
        client_of(served.url) as client,
        client.stream("What is tea?", agent="a") as stream,
    ):
        await stream.finish()
    assert server.asked == ["POST /api/v1/agents/a/completions"]
    assert "session_id" not in server.told[0][2]


async def test_an_agent_of_the_old_engine_is_given_one_with_its_inputs():
    server = Server()
    async with (
        serving(server) as served,
        client_of(served.url, api="v0.19") as client,
        client.stream("What is tea?", agent="a", inputs={"lang": "de"}) as stream,
    ):
        await stream.finish()
    assert server.told[0] == ("POST", "/api/v1/agents/a/sessions", {"lang": "de"})
    assert server.told[1][2]["session_id"] == "s1"


async def test_october_2024_has_its_own_paths_and_no_agents():
    server = Server()
    async with serving(server) as served, client_of(served.url, api="2024-10") as client:
        async with client.stream("What is tea?", chat="c") as stream:
            await stream.finish()
        with pytest.raises(ValueError, match="no agents"):
            client.stream("What is tea?", agent="a")
        with pytest.raises(ValueError, match="has no agent_sessions"):
            await client.agent_sessions("a")
    assert server.asked == ["POST /api/v1/chat/c/session", "POST /api/v1/chat/c/session/s1/completion"]


@pytest.mark.parametrize("which", [{}, {"chat": "c", "agent": "a"}])
def test_a_run_is_of_a_chat_or_of_an_agent(which):
    with pytest.raises(ValueError, match="give one of them"):
        client_of("http://host").stream("hello", **which)


async def test_one_request_gives_the_run():
    async def answer(request):
        assert (await request.json())["stream"] is False
        return web.json_response({"code": 0, "data": {"answer": "tea", "session_id": "s"}})

    async with serving(answer) as served, client_of(served.url) as client:
        run = await client.run("What is tea?", chat="c", session_id="s")
    assert (run.status, run.text) == ("succeeded", "tea")


def test_a_run_that_waits_for_nothing_cannot_be_answered():
    with pytest.raises(ValueError, match="waits for no answer"):
        client_of("http://host").resume(Run("ragflow"), {}, agent="a")


async def test_a_run_is_stopped_by_its_task():
    server = Server(True)
    async with serving(server) as served, client_of(served.url) as client:
        await client.stop("t")
    assert server.asked == ["POST /api/v1/tasks/t/cancel"]


# ---- answers and refusals


@pytest.mark.parametrize(
    "data",
    [[{"id": "a", "title": "Refunds"}], {"canvas": [{"id": "a", "title": "Refunds"}], "total": 1}],
    ids=["v0.15", "v0.25"],
)
async def test_agents_are_listed_whatever_they_stand_in(data):
    async with serving(Server(data)) as served, client_of(served.url) as client:
        (agent,) = await client.agents()
    assert (agent.id, agent.title) == ("a", "Refunds")


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (200, {"code": 102, "message": "You don't own it."}, "102", "You don't own it."),
        (200, {"code": 109, "data": False, "message": "API key is invalid!"}, "109", "API key is invalid!"),
        (
            200,
            {"code": 0, "data": False, "message": "`Authorization` can't be empty"},
            "0",
            "`Authorization` can't be empty",
        ),
        (200, {"retcode": 102, "retmsg": "old"}, "102", "old"),
        (401, {"code": 401, "message": "Invalid access token"}, "401", "Invalid access token"),
        (404, {}, "", "Not Found"),
        (502, None, "", "Bad Gateway"),
    ],
)
def test_a_refusal_may_look_like_success(status, body, code, message):
    text = b"<html>" if body is None else json.dumps(body).encode()
    refused = client_of("http://host").refusal(Received(status, "application/json", text))
    assert isinstance(refused, RAGFlowError)
    assert (refused.code, refused.status, refused.message) == (code, status, message)


@pytest.mark.parametrize(
    "body", [{"code": 0, "data": True}, {"code": 0}, {"code": 0, "data": {"a": 1}, "message": ""}, {"retcode": 0}]
)
def test_success_is_success(body):
    assert client_of("http://host").refusal(Received(200, "application/json", json.dumps(body).encode())) is None


def test_a_document_of_a_user_is_no_refusal():
    """It is downloaded as it is; only JSON that says so is one."""
    assert client_of("http://host").refusal(Received(200, "application/octet-stream", b"code: 102")) is None


async def test_an_envelope_that_the_standard_forbids_is_opened():
    async def answer(_):
        return web.Response(
            body=b'{"code": 0, "data": {"chunks": [{"id": "c", "similarity": NaN}]}}', content_type="application/json"
        )

    async with serving(answer) as served, client_of(served.url) as client:
        found = await client.retrieve("why")
    assert [(chunk.id, chunk.similarity) for chunk in found.chunks] == [("c", None)]
