"""RAGFlow's paths: runs on all of them, sessions, resumption, cancellation."""

import json

import aiohttp
import pytest

from streamkit import Tap
from tests.unit.replay.serving import DIFY, FIXTURES, RAGFLOW, serving

SIMPLE = RAGFLOW / "simple_message.sse"
CHAT = RAGFLOW / "chat_kb_delta_final_reference.sse"
PAUSE, RESUME = RAGFLOW / "fillup_1_pause.sse", RAGFLOW / "fillup_2_resume.sse"
OLD_CHAT = RAGFLOW / "protocol" / "01_chat_v015_cumulative_reference_hash_markers.sse"
OLD_AGENT = RAGFLOW / "v0221_fillup_1_pause.sse"
ASK = {"question": "hi", "stream": True}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/agents/a/completions",
        "/api/v1/agents/chat/completions",
        "/api/v1/agents/chat/completion",
        "/api/v1/agentbots/a/completions",
        "/v1/canvas/completion",
        "/api/v1/webhook/a",
    ],
)
async def test_an_agent_runs_on_all_of_its_paths(path):
    async with serving(SIMPLE) as client:
        assert await client.body(path, ASK | {"agent_id": "a"}) == SIMPLE.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/chats/c/completions",
        "/api/v1/chat/completions",
        "/api/v1/chats/c/sessions/s/completions",
        "/api/v1/chatbots/c/completions",
        "/api/v1/searchbots/ask",
        "/api/v1/sessions/ask",
        "/api/v1/searches/s/completions",
        "/api/v1/chat/c/session/s/completion",
        "/v1/conversation/completion",
        "/v1/api/completion",
        "/api/v1/session/completion",
    ],
)
async def test_a_chat_runs_on_all_of_its_paths(path):
    async with serving(CHAT) as client:
        assert await client.body(path, ASK) == CHAT.read_bytes()


async def test_one_path_speaks_as_openai_does_if_it_is_asked_to():
    speaks = FIXTURES / "openai" / "openai_compatible.sse"
    async with serving(SIMPLE, speaks) as client:
        assert (
            await client.body("/api/v1/agents/chat/completions", ASK | {"openai-compatible": True})
            == speaks.read_bytes()
        )


async def test_an_error_is_json_with_status_200():
    error = RAGFLOW / "missing_agent_json_not_sse.sse"
    async with serving(error) as client, client.post("/api/v1/agents/a/completions", ASK) as answer:
        assert (answer.status, answer.content_type, (await answer.json())["code"]) == (200, "application/json", 103)


async def test_who_wants_no_stream_gets_an_envelope():
    async with serving(SIMPLE) as client:
        told = await client.told("/api/v1/agents/a/completions", ASK | {"stream": False})
    assert told["code"] == 0
    assert told["data"]["data"]["content"]


# ---- sessions


async def test_a_run_that_asked_goes_on_in_its_session():
    async with serving(PAUSE, RESUME) as client:
        first = await client.body("/api/v1/agents/chat/completions", ASK)
        session = json.loads(first.partition(b"data:")[2].partition(b"\n")[0])["session_id"]
        order = {"session_id": session, "inputs": {"ok": {"value": True}}, "stream": True}
        assert await client.body("/api/v1/agents/chat/completions", order) == RESUME.read_bytes()
    assert first == PAUSE.read_bytes()


async def test_a_session_goes_on_with_the_id_that_the_client_was_given():
    async with serving(PAUSE, RESUME, fresh_ids=1) as client:
        first = await client.body("/api/v1/agents/a/completions", ASK)
        session = json.loads(first.partition(b"data:")[2].partition(b"\n")[0])["session_id"]
        second = await client.body(
            "/api/v1/agents/a/completions", {"session_id": session, "inputs": {}, "stream": True}
        )
    assert session.encode() not in RESUME.read_bytes()
    assert second.count(session.encode()) == RESUME.read_bytes().count(b"bf53a91ee5fb11f1817a02fc00000001")


@pytest.mark.parametrize(
    ("create", "complete", "folder", "name"),
    [
        ("/api/v1/chats/c/sessions", "/api/v1/chats/c/completions", RAGFLOW, "chat_kb_delta_final_reference"),
        ("/api/v1/chat/c/session", "/api/v1/chats/c/completions", RAGFLOW, "chat_kb_delta_final_reference"),
        ("/api/v1/agents/a/sessions", "/api/v1/agents/a/completions", RAGFLOW, "session_filtered_events"),
    ],
)
async def test_a_session_that_was_created_is_that_of_the_recording(create, complete, folder, name):
    tap = Tap("ragflow")
    tap.feed((folder / f"{name}.sse").read_bytes())
    async with serving(folder / f"{name}.sse") as client:
        created = await client.told(create, {"name": "mine"})
        assert (created["code"], created["data"]["id"]) == (0, tap.run.conversation_id)
        assert (
            await client.body(complete, ASK | {"session_id": created["data"]["id"]})
            == (folder / f"{name}.sse").read_bytes()
        )
        (listed,) = (await client.read(create))["data"]
        assert listed["id"] == created["data"]["id"]


async def test_each_session_is_another_conversation_until_none_is_left():
    async with serving(CHAT, RAGFLOW / "chat_empty_response.sse") as client:
        ids = [(await client.told("/api/v1/chats/c/sessions", {}))["data"]["id"] for _ in range(3)]
    assert ids[0] != ids[1] == ids[2]


async def test_who_created_a_session_does_not_hear_its_prologue():
    both = [RAGFLOW / f"v0191_chain_running_status_{part}.sse" for part in ("0_prologue", "1")]
    async with serving(*both) as client:
        created = await client.told("/api/v1/agents/a/sessions", {})
        assert created["data"]["source"] == "agent"
        order = ASK | {"session_id": created["data"]["id"]}
        assert await client.body("/api/v1/agents/a/completions", order) == both[1].read_bytes()
    async with serving(*both) as client:
        assert await client.body("/api/v1/agents/a/completions", ASK) == both[0].read_bytes()


async def test_a_session_of_no_recording_has_an_id_too():
    async with serving(DIFY / "chat_simple.sse") as client:
        told = await client.told("/api/v1/chats/c/sessions", {"name": "mine"})
        assert len(told["data"]["id"]) == 32
        assert (await client.read("/v1/api/new_conversation"))["retcode"] == 0


# ---- cancellation


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/tasks/{}/cancel"), ("PATCH", "/api/v1/tasks/{}"), ("PUT", "/v1/canvas/cancel/{}")],
)
async def test_a_task_is_cancelled(method, path):
    async with serving(SIMPLE) as client:
        play = client.server.play("simple_message", hold_before="message#2")
        async with client.post("/api/v1/agents/a/completions", ASK) as answer:
            await play.reached()
            task = play.take.run.task_id
            async with client.request(method, path.format(task), json={"action": "stop"}) as told:
                assert await told.json() == {"code": 0, "data": True, "message": ""}
            body = await answer.read()
    assert body.endswith(b"data:[DONE]\n\n")
    tap = Tap("ragflow")
    tap.feed(body)
    tap.close()
    assert (tap.run.status, tap.run.error.message) == (
        "stopped",
        f"Task {task} has been canceled during batch execution.",
    )


async def test_a_task_that_nobody_knows_is_cancelled_too():
    async with serving(SIMPLE) as client:
        assert (await client.told("/api/v1/tasks/unknown/cancel"))["data"] is True


# ---- what there is


async def test_chats_and_agents_are_listed_as_the_server_of_the_recordings_does_it():
    async with serving(CHAT, SIMPLE) as client:
        told = (await client.read("/api/v1/chats"))["data"]
        assert ([chat["name"] for chat in told["chats"]], told["total"]) == (["chat_kb_delta_final_reference"], 1)
        assert [agent["title"] for agent in (await client.read("/api/v1/agents"))["data"]["canvas"]] == [
            "simple_message"
        ]
    async with serving(OLD_CHAT, OLD_AGENT) as client:
        assert [chat["name"] for chat in (await client.read("/api/v1/chats"))["data"]] == [OLD_CHAT.stem]
        assert OLD_AGENT.stem in [agent["title"] for agent in (await client.read("/api/v1/agents"))["data"]]


async def test_chats_and_agents_are_found_by_the_name_that_is_asked_for():
    async with serving(OLD_CHAT, OLD_AGENT) as client:
        (chat,) = (await client.read("/api/v1/chats?name=Support"))["data"]
        (agent,) = (await client.read("/api/v1/agents?title=Helper&id=7"))["data"]
        assert (chat["name"], agent) == ("Support", {"id": "7", "title": "Helper"})
        assert (await client.read("/api/v1/agents/a/logs/m"))["data"] == {}
        async with client.request("DELETE", "/api/v1/chats/c/sessions", json={"ids": ["s"]}) as answer:
            assert await answer.json() == {"code": 0}


async def test_a_file_for_an_agent_is_taken():
    form = aiohttp.FormData()
    form.add_field("file", b"%PDF", filename="bill.pdf", content_type="application/pdf")
    async with serving(SIMPLE) as client:
        async with client.request("POST", "/api/v1/agents/a/upload", data=form) as answer:
            told = await answer.json()
        assert (await client.told("/api/v1/agents/a/upload", {}))["code"] == 101
    assert told["code"] == 0
    assert (told["data"]["name"], told["data"]["size"], told["data"]["mime_type"]) == ("bill.pdf", 4, "application/pdf")
