"""OpenAI's paths, and Paradigm's."""

import json

import pytest

from tests.unit.replay.serving import FIXTURES, serving

CHAT = FIXTURES / "openai" / "chat_openai_delta.sse"
PARADIGM = FIXTURES / "lighton" / "protocol" / "38_lighton_chatflow_response.json"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/api/v1/chats_openai/c/chat/completions",
        "/api/v1/openai/c/chat/completions",
        "/api/v1/agents_openai/a/chat/completions",
        "/api/v2/chat/completions",
    ],
)
async def test_a_completion_streams_on_all_paths(path):
    async with serving(CHAT) as client:
        assert await client.body(path, {"model": "m", "messages": [], "stream": True}) == CHAT.read_bytes()


async def test_without_a_stream_it_is_one_document():
    async with serving(CHAT) as client:
        told = await client.told("/v1/chat/completions", {"model": "m", "messages": []})
    assert (told["object"], told["choices"][0]["finish_reason"]) == ("chat.completion", "stop")


async def test_models_are_those_of_the_recordings():
    async with serving(CHAT, PARADIGM) as client:
        told = await client.read("/v1/models")
    assert [model["id"] for model in told["data"]] == ["stub-model@local@OpenAI-API-Compatible"]


async def test_paradigm_answers_with_its_document():
    async with serving(PARADIGM) as client, client.post("/api/v2/tools/chatflows/", {"messages": "hi"}) as answer:
        assert answer.content_type == "application/json"
        assert json.loads(await answer.read()) == json.loads(PARADIGM.read_bytes())
