"""Conversations and messages are those that were played."""

from tests.unit.replay.serving import DIFY, STREAM, chat, recorded, serving

CHAT = "/v1/chat-messages"


async def test_a_conversation_has_its_turns_and_its_messages():
    async with serving(recorded(chat("one", "c", 1)), recorded(chat("two", "c", 2))) as client:
        assert (await client.read("/v1/conversations?user=u"))["data"] == []
        await client.body(CHAT, STREAM | {"query": "first", "inputs": {"a": 1}})
        await client.body(CHAT, STREAM | {"query": "second", "conversation_id": "c"})
        (conversation,) = (await client.read("/v1/conversations?user=u"))["data"]
        messages = await client.read("/v1/messages?conversation_id=c&user=u")
        assert [entry.turn for entry in client.server.requests[1:3]] == [1, 2]
    assert (conversation["id"], conversation["name"], conversation["inputs"]) == ("c", "first", {"a": 1})
    assert (messages["limit"], messages["has_more"]) == (20, False)
    assert [(one["id"], one["query"], one["answer"]) for one in messages["data"]] == [
        ("message-1", "first", "one"),
        ("message-2", "second", "two"),
    ]
    assert messages["data"][0]["created_at"] == 1_700_000_000


async def test_a_failed_message_says_so():
    async with serving(DIFY / "chat_app_error_midstream.sse") as client:
        await client.body(CHAT)
        (conversation,) = (await client.read("/v1/conversations"))["data"]
        (message,) = (await client.read(f"/v1/messages?conversation_id={conversation['id']}"))["data"]
    assert message["status"] == "error"
    assert message["error"]


async def test_a_conversation_that_nobody_began_is_not_found():
    async with serving(recorded(chat("a", "c"))) as client, client.get("/v1/messages?conversation_id=c") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


async def test_each_client_has_a_conversation_of_its_own_with_fresh_ids():
    first = (DIFY / "chat_simple.sse").read_bytes()
    async with serving(recorded(first), fresh_ids=1) as client:
        for query in ("a", "b"):
            await client.body(CHAT, STREAM | {"query": query})
        told = (await client.read("/v1/conversations"))["data"]
    assert [one["name"] for one in told] == ["a", "b"]
    assert len({one["id"] for one in told}) == 2


async def test_small_answers_about_messages():
    async with serving(recorded(chat("a"))) as client:
        assert await client.read("/v1/messages/m/suggested") == {"result": "success", "data": []}
        assert await client.told("/v1/messages/m/feedbacks", {"rating": "like"}) == {"result": "success"}
