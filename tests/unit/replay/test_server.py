"""The server, over a real connection: heads, faults as a client sees them, gates, the journal, and how it ends."""

import asyncio
import gzip

import aiohttp
import pytest

from streamkit.errors import ReplayError
from streamkit.recording import Recording
from streamkit.replay import ReplayServer
from tests.unit.replay.serving import DIFY, RAGFLOW, STREAM, chat, exchange, frame, recorded, serving

CHAT = "/v1/chat-messages"
BODY = chat("hello")
FLOW = DIFY / "wf_iter_seq5.sse"


async def test_a_recording_is_played():
    async with serving(recorded(BODY)) as client:
        async with client.post(CHAT) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert await answer.read() == BODY
        (entry,) = client.server.requests
        assert (entry.status, entry.recording, entry.outcome, entry.sent) == (200, "recording-1", "played", len(BODY))


async def test_ragflow_sends_its_content_type_twice():
    async with serving(RAGFLOW / "simple_message.sse") as client, client.post("/api/v1/agents/a/completions") as answer:
        assert answer.headers.getall("Content-Type") == ["text/event-stream; charset=utf-8"] * 2
        assert (answer.headers["X-Accel-Buffering"], answer.headers["Cache-control"]) == ("no", "no-cache")


async def test_an_error_body_is_no_stream():
    async with serving(DIFY.parent / "hostile" / "error_body.json") as client, client.post(CHAT) as answer:
        assert (answer.status, answer.content_type) == (400, "application/json")
        assert int(answer.headers["Content-Length"]) == len(await answer.read())


async def test_a_path_that_no_vendor_has_is_played_if_it_was_recorded():
    async with serving(recorded(BODY, url="/my/own/chat", request={"q": 1})) as client:
        assert await client.body("/my/own/chat", {"q": 1, "stream": True}) == BODY


async def test_a_path_that_nobody_has_is_told():
    async with serving(recorded(BODY)) as client, client.get("/nothing/here") as answer:
        assert answer.status == 501
        assert (await answer.json())["message"] == "no recording answers GET /nothing/here: no vendor has this path"


async def test_a_small_answer_that_was_recorded_wins():
    told = exchange("GET", "/v1/parameters", {"opening_statement": "recorded"})
    async with serving(recorded(BODY, exchanges=(told,))) as client:
        assert await client.read("/v1/parameters") == {"opening_statement": "recorded"}


# ---- faults, as a client sees them


async def seen(*faults, body=BODY, **how):
    """What a client sees of a faulty answer."""
    async with serving(recorded(body), faults=faults) as client, client.post(CHAT, **how) as answer:
        return answer.status, answer.headers, await answer.read()


async def received(fault):
    """What arrives before the connection breaks."""
    arrived = bytearray()
    async with serving(recorded(BODY), faults=[fault]) as client, client.post(CHAT) as answer:
        try:
            async for chunk in answer.content.iter_any():
                arrived += chunk
        except aiohttp.ClientError as error:
            return bytes(arrived), error
    raise AssertionError("the answer was whole")


@pytest.mark.parametrize(
    ("fault", "size"), [("cut-after=100", 100), ("cut-before=message_end", len(BODY) // 2), ("cut-after=0", 0)]
)
async def test_a_cut_is_a_body_that_is_not_complete(fault, size):
    arrived, error = await received(fault)
    assert isinstance(error, aiohttp.ClientPayloadError)
    assert BODY.startswith(arrived)
    assert abs(len(arrived) - size) < 60  # both frames are about as long


async def test_a_reset_is_seen_as_one():
    arrived, error = await received("reset-after=100")
    assert arrived in (b"", BODY[:100])  # a reset may overtake what was sent
    assert isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientOSError)
    assert "reset" in str(error).lower()


async def test_a_stall_is_silence():
    async with serving(recorded(BODY), faults=["stall-after=100"]) as client, client.post(CHAT) as answer:
        assert await answer.content.readexactly(100) == BODY[:100]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.content.read(1), 0.05)


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "begins"),
    [
        ("status=429", 429, "application/json", b'{"code":"too_many_requests"'),
        ("status=500", 500, "application/json", b'{"code":"internal_server_error"'),
        ("html=502", 502, "text/html", b"<html>"),
    ],
)
async def test_an_error_comes_in_place_of_the_answer(fault, status, content_type, begins):
    found, headers, body = await seen(fault)
    assert (found, headers["Content-Type"].partition(";")[0]) == (status, content_type)
    assert body.startswith(begins)


async def test_slow_headers_come_late():
    async with serving(recorded(BODY), faults=["slow-headers=30"]) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.body(CHAT), 0.05)


async def test_frames_are_left_out_or_come_twice():
    first, last = BODY[: BODY.index(b"\n\n") + 2], BODY[BODY.index(b"\n\n") + 2 :]
    assert (await seen("drop=message"))[2] == last
    assert (await seen("duplicate=message"))[2] == first + BODY


async def test_a_body_is_compressed():
    raw = {"headers": {"Accept-Encoding": "identity"}}
    async with serving(recorded(BODY), faults=["gzip"]) as client:
        async with client.post(CHAT, **raw) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert await answer.read() == BODY  # the client undoes it
        reader, writer = await asyncio.open_connection(*client.server.url.removeprefix("http://").split(":"))
        writer.write(b'POST /v1/chat-messages HTTP/1.0\r\nContent-Length: 29\r\n\r\n{"response_mode":"streaming"}')
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert b"Content-Encoding: gzip" in head
    assert gzip.decompress(body) == BODY


async def test_a_body_is_called_something_else():
    assert (await seen("content-type=text/plain"))[1]["Content-Type"] == "text/plain"


async def test_a_retry_succeeds():
    async with serving(recorded(BODY), faults=["status=503,times=1"]) as client:
        statuses = []
        for _ in range(2):
            async with client.post(CHAT) as answer:
                statuses.append(answer.status)
    assert statuses == [503, 200]


async def test_a_request_may_ask_for_a_fault_itself():
    async with serving(recorded(BODY)) as client:
        async with client.post(CHAT, headers={"X-Streamkit-Fault": "status=418"}) as answer:
            assert answer.status == 418
        async with client.post(CHAT, headers={"X-Streamkit-Fault": "nonsense"}) as answer:
            assert answer.status == 501
            assert "'nonsense' is none of" in (await answer.json())["message"]


async def test_a_fault_is_for_the_answers_that_follow():
    async with serving(recorded(BODY)) as client:
        client.server.add_fault("status=500")
        async with client.post(CHAT) as answer:
            assert answer.status == 500
        with pytest.raises(ReplayError):
            client.server.add_fault("nonsense")


# ---- gates and stops


async def test_a_run_is_held_before_a_node_finishes_and_goes_on():
    async with serving(FLOW) as client:
        play = client.server.play("wf_iter_seq5", hold_before="node_finished:Make list")
        async with client.post("/v1/workflows/run") as answer:
            assert await play.reached() == "node_finished:Make list"
            before = answer.content.read_nowait()
            assert before.rstrip().endswith(b"}")
            assert b'"title":"Make list"' in before.rpartition(b'"node_started"')[2]
            play.release()
            assert before + await answer.read() == FLOW.read_bytes()
        assert await play.finished() == "played"


async def test_a_document_is_held_for_who_waited_before_it_was_asked_for():
    async with serving(FLOW) as client, asyncio.TaskGroup() as group:
        play = client.server.play("wf_iter_seq5", hold_before="node_finished:Make list")
        waiting = group.create_task(play.reached())
        await asyncio.sleep(0)
        asking = group.create_task(client.told("/v1/workflows/run", {"response_mode": "blocking"}))
        assert await waiting == "node_finished:Make list"
        assert not asking.done()
        play.release()
        assert (await asking)["data"]["status"] == "succeeded"


async def test_a_body_that_nobody_understands_comes_as_it_is_whatever_is_asked_for():
    page = DIFY.parent / "hostile" / "html_page.html"
    async with serving(page) as client:
        assert await client.body("/v1/workflows/run", {"response_mode": "blocking"}) == page.read_bytes()


async def test_a_run_is_held_until_it_is_stopped():
    recording = Recording.load(DIFY / "wf_stopped.sse")
    async with serving(recording) as client:
        play = client.server.play(recording, hold_before="stop")
        async with client.post("/v1/workflows/run") as answer:
            await play.reached()
            stopped = await client.told(f"/v1/workflows/tasks/{play.take.run.task_id}/stop", {"user": "u"})
            assert stopped == {"result": "success"}
            assert await answer.read() == recording.body


async def test_a_client_that_leaves_ends_its_play():
    async with serving(FLOW) as client:
        play = client.server.play("wf_iter_seq5", hold_before=1)
        async with client.post("/v1/workflows/run"):
            await play.reached()
        assert await asyncio.wait_for(play.finished(), 60) == "left"
        assert client.server.numbered(play.number) is play


# ---- how it ends


async def test_open_answers_are_cut_when_the_server_ends():
    server = ReplayServer([recorded(BODY)])
    async with aiohttp.ClientSession() as session:
        async with server.run():
            play = server.play("recording-1", hold_before="message_end")
            answer = await session.post(server.url + CHAT, json=STREAM)
            await play.reached()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
        answer.close()
    assert play.outcome == "cut"
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.url


async def test_a_strict_server_fails_on_what_was_not_answered_or_not_played():
    server = ReplayServer(
        [recorded(BODY), recorded(frame("message", conversation_id="x", message_id="y"))], strict=True
    )
    server.play("recording-2")

    async def ask():
        async with server.run(), aiohttp.ClientSession() as session:
            await (await session.get(server.url + "/nothing")).read()

    with pytest.raises(ReplayError) as caught:
        await ask()
    assert str(caught.value).splitlines() == [
        "request 1: no recording answers GET /nothing: no vendor has this path",
        "recording-2 was to be played, and nobody asked",
        "recording-1 was not played",
    ]


async def test_a_strict_server_is_content_with_what_was_played():
    async with serving(recorded(BODY), strict=True) as client:
        assert await client.body(CHAT) == BODY
        assert client.server.complaints() == []


async def test_a_reset_forgets_and_cuts():
    async with serving(recorded(BODY)) as client:
        play = client.server.play("recording-1", hold_before="message_end")
        async with client.post(CHAT) as answer:
            await play.reached()
            client.server.reset()
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        assert client.server.requests == []
        assert client.server.complaints() == ["recording-1 was not played"]


def test_only_now_is_a_time_to_move_to():
    with pytest.raises(ReplayError, match="retime 'then'"):
        ReplayServer([], retime="then")


async def test_times_and_ids_are_of_today():
    async with serving(DIFY / "chat_simple.sse", retime="now", fresh_ids=7) as client:
        one, other = [await client.body(CHAT) for _ in range(2)]
    recorded_body = (DIFY / "chat_simple.sse").read_bytes()
    assert len({one, other, recorded_body}) == 3
    assert len(one) == len(other) == len(recorded_body)
    assert b"8a436343-ea84-498e-a573-dbe7853ebd53" not in one
