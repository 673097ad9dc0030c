"""A run while it streams: events, the run beside them, and an end, whatever becomes of its bodies."""

import asyncio
import json

import anyio
import pytest
from aiohttp import web

from streamkit import Run, RunFailed
from streamkit.clients import Patience, RunStream
from streamkit.clients.body import Body, body_of
from streamkit.clients.connection import Connection
from streamkit.clients.operation import Call
from streamkit.clients.origin import Origin
from streamkit.clients.tape import FileTape
from streamkit.errors import DifyError, NotAnEventStream, Unreachable
from streamkit.recording import Recording
from tests.integration.clients.served import serving, streamed

QUICK = Patience(answer=60, silence=60, progress=60, linger=0.05, first_delay=0.001, longest_delay=0.002, attempts=4)
PING = b"event: ping\n\n"


def frame(word, **fields):
    told = {"event": word, "task_id": "t", "workflow_run_id": "r", **fields}
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def workflow(word, **data):
    return frame(word, data={"id": "r", "workflow_id": "w", **data})


STARTED = workflow("workflow_started", inputs={}, created_at=1)
NODE = frame("node_started", data={"id": "e", "node_id": "n", "node_type": "code", "title": "Work"})
NODE_END = frame(
    "node_finished", data={"id": "e", "node_id": "n", "node_type": "code", "title": "Work", "status": "succeeded"}
)
FINISHED = workflow("workflow_finished", status="succeeded", outputs={})
PAUSED = frame("workflow_paused", data={"workflow_run_id": "r", "paused_nodes": ["n"], "status": "paused"})
ERROR = b'data: {"event":"error","message":"no such model","status":500}\n\n'


class Server(Origin):
    """An origin of which each body is a function of the request, in order."""

    def __init__(self, line, *, verdict=None, goes_on=False):
        self.line = line
        self.told = verdict
        self.goes_on_still = goes_on
        self.stopped = []
        self.bodies: list[Body] = []

    async def first(self):
        return await self.open("POST")

    async def again(self, run):
        return await self.open("GET")

    async def verdict(self, run):
        return self.told

    async def stop(self, run):
        self.stopped.append(run.task_id)

    def goes_on(self, run):
        return self.goes_on_still and run.status == "paused"

    async def open(self, method):
        call = Call(method, "/run")
        response = await self.line.open(call)
        self.bodies.append(await body_of(call, response, refusal, 1.0))
        return self.bodies[-1]


def refusal(received):
    return DifyError("code", received.status, "no") if received.status >= 300 else None


class Script:
    """A handler that answers each request with the next part."""

    def __init__(self, *parts):
        self.parts = list(parts)

    async def __call__(self, request):
        part = self.parts.pop(0)
        if isinstance(part, int):
            return web.Response(status=part)
        return await part(request) if callable(part) else await streamed(request, *part)


def cut(*chunks):
    """Chunks, and then the connection breaks."""

    async def answer(request):
        response = await streamed(request, *chunks)
        request.transport.close()
        return response

    return answer


def held(*chunks):
    """Chunks, and then nothing for ever."""

    async def answer(request):
        response = await streamed(request, *chunks)
        await anyio.sleep_forever()
        return response

    return answer


def pinging(*chunks):
    """Chunks, and then pings for ever."""

    async def answer(request):
        response = await streamed(request, *chunks)
        while True:
            await response.write(PING)
            await anyio.sleep(0.005)

    return answer


class Told:
    """What came of a stream."""

    def __init__(self, stream, events, served, origin):
        self.stream = stream
        self.events = [event.kind for event in events]
        self.asked = [method for method, _ in served.asked]
        self.origin = origin
        self.run = stream.run


async def play(*parts, patience=QUICK, **how):
    origin_how = {name: how.pop(name) for name in ("verdict", "goes_on") if name in how}
    async with serving(Script(*parts)) as served, Connection(served.url, None, patience) as line:
        origin = Server(line, **origin_how)
        with anyio.fail_after(60):
            async with RunStream(origin, "dify", patience=patience, **how) as stream:
                events = [event async for event in stream]
        return Told(stream, events, served, origin)


# ---- whole bodies


async def test_events_come_and_the_run_beside_them():
    told = await play([PING, STARTED, NODE, NODE_END, FINISHED])
    assert told.events == ["workflow_started", "node_started", "node_finished", "workflow_finished"]
    assert (told.run.status, told.run.id, told.run.heartbeats) == ("succeeded", "r", 1)
    assert told.stream.broken is None


async def test_the_run_is_as_far_as_the_events_are():
    async with (
        serving(Script([STARTED, NODE, FINISHED])) as served,
        Connection(served.url, None, QUICK) as line,
        RunStream(Server(line), "dify", patience=QUICK) as stream,
    ):
        assert stream.run.status == "running"
        assert (await anext(stream)).kind == "workflow_started"
        run = await stream.finish()
    assert run is stream.run
    assert run.status == "succeeded"


async def test_a_document_in_place_of_a_stream_is_a_run():
    async def blocking(_):
        return web.json_response(
            {
                "task_id": "t",
                "workflow_run_id": "r",
                "data": {"id": "r", "workflow_id": "w", "status": "succeeded", "outputs": {"a": 1}},
            }
        )

    told = await play(blocking)
    assert (told.run.status, told.run.outputs) == ("succeeded", {"a": 1})


async def test_a_paused_run_ends_its_stream():
    told = await play([STARTED, NODE, PAUSED])
    assert told.run.status == "paused"
    assert told.asked == ["POST"]


async def test_a_run_goes_on_in_another_stream():
    run = (await play([STARTED, NODE, PAUSED])).run
    told = await play([workflow("workflow_started", reason="resumption"), NODE_END, FINISHED], run=run)
    assert told.run is run
    assert run.status == "succeeded"
    assert [node.status for node in run.nodes] == ["succeeded"]
    assert len(run.segments) == 2


# ---- ends that servers do not mark


async def test_after_an_error_nothing_is_waited_for():
    """A relay leaves the connection open and pings, for five minutes (Dify #36996)."""
    told = await play(pinging(STARTED, ERROR), patience=Patience(linger=60))
    assert (told.run.status, told.run.error.message) == ("failed", "no such model")
    assert told.asked == ["POST"]


async def test_after_an_end_that_is_not_the_last_word_it_lingers_and_leaves():
    """A chatflow that an annotation answers has a `message_end`, and pings (Dify #32839)."""
    told = await play(
        pinging(b'data: {"event":"message_end","task_id":"t","message_id":"m","conversation_id":"c"}\n\n')
    )
    assert told.run.status == "succeeded"
    assert told.stream.broken is None


async def test_what_comes_while_it_lingers_still_counts():
    async def late(request):
        response = await streamed(
            request, b'data: {"event":"message_end","task_id":"t","message_id":"m","conversation_id":"c"}\n\n'
        )
        await anyio.sleep(0.02)
        await response.write(b'data: {"event":"tts_message","task_id":"t","message_id":"m","audio":"AA=="}\n\n')
        return response

    told = await play(late, patience=Patience(linger=60))
    assert told.events == ["message_end", "tts_message"]


# ---- breaks


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ([STARTED, NODE], "the body ended before the run did"),
        (cut(STARTED, NODE), "the body ended in the middle"),
        (cut(STARTED, NODE[:20]), "the body ended in the middle"),
    ],
    ids=["ends without an end", "cut", "cut in a frame"],
)
async def test_a_broken_run_is_asked_for_again_and_ends_whole(broken, reason):
    told = await play(broken, [PING, workflow("workflow_started", reason="initial"), NODE, NODE_END, FINISHED])
    assert told.run.status == "succeeded"
    assert [node.status for node in told.run.walk()] == ["succeeded"]
    assert told.stream.broken.reason == reason
    assert told.stream.broken.bytes_seen >= len(STARTED)
    assert told.stream.reconnects == 1
    assert told.asked == ["POST", "GET"]


@pytest.mark.parametrize("held_up", [held(STARTED), pinging(STARTED)], ids=["silence", "pings alone"])
async def test_a_run_that_makes_no_progress_is_asked_for_again(held_up):
    patience = Patience(silence=0.1, progress=0.2, linger=0.05, first_delay=0.001)
    told = await play(held_up, [STARTED, FINISHED], patience=patience)
    assert told.run.status == "succeeded"
    assert told.stream.broken.reason in ("not a byte for 0.1 s", "nothing but heartbeats for 0.2 s")


async def test_a_server_that_fails_is_asked_a_few_times():
    told = await play(cut(STARTED), 502, 503, cut(), [STARTED, FINISHED])
    assert told.run.status == "succeeded"
    assert told.asked == ["POST", "GET", "GET", "GET", "GET"]


async def test_one_that_refuses_is_not_asked_again():
    told = await play(cut(STARTED), 404)
    assert told.run.status == "interrupted"
    assert told.asked == ["POST", "GET"]


async def test_it_is_given_up_in_the_end():
    told = await play(cut(STARTED), *[500] * 9)
    assert told.run.status == "interrupted"
    assert told.asked == ["POST", "GET", "GET", "GET", "GET"]
    with pytest.raises(RunFailed):
        told.run.raise_for_status()


async def test_a_server_that_cuts_every_body_is_given_up_too():
    told = await play(*[cut(STARTED)] * 9)
    assert told.run.status == "interrupted"
    assert told.asked == ["POST"] + ["GET"] * QUICK.attempts


async def test_attempts_are_further_and_further_apart_and_varied(monkeypatch):
    """At once at first, then up to a limit; never all clients at the same moment."""
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr("streamkit.clients.stream.anyio.sleep", sleep)
    patience = Patience(attempts=7, first_delay=0.5, longest_delay=3)
    await play(cut(STARTED), *[500] * 7, patience=patience)
    first, *others = waited
    assert first == 0
    longest = [0.5, 1, 2, 3, 3, 3]
    assert all(most / 2 <= told <= most for told, most in zip(others, longest, strict=True))
    assert len(set(others)) == len(others)


async def test_who_waits_a_moment_at_a_time_misses_nothing():
    """A relay that pings its own clients asks so: for an event, and for no longer than a second."""
    server = Script(cut(STARTED, NODE), 500, cut(STARTED, NODE, NODE_END), 404)
    patience = Patience(first_delay=1.0, longest_delay=1.0, linger=0.05)
    moments, kinds = 0, []
    async with serving(server) as served, Connection(served.url, None, patience) as line:
        async with RunStream(Server(line, verdict=FINISHED), "dify", patience=patience) as stream:
            with anyio.fail_after(30):
                while stream.run.status != "succeeded":
                    with anyio.move_on_after(0.4) as moment:  # less than a delay, and far more than an answer takes
                        kinds.append((await anext(stream)).kind)
                    moments += moment.cancelled_caught
        assert served.count("POST") == 1
    assert moments >= 1
    assert kinds[:2] == ["workflow_started", "node_started"]
    assert kinds[-2:] == ["node_finished", "workflow_finished"]


async def test_what_nobody_told_is_asked_for_once_more():
    told = await play(cut(STARTED, NODE), 404, verdict=FINISHED)
    assert told.run.status == "succeeded"
    assert told.events[-1] == "workflow_finished"


async def test_a_run_that_waits_for_nobody_any_more_is_asked_for_again():
    """The form was answered, and the server has not noticed yet."""
    told = await play([STARTED, NODE, PAUSED], [STARTED, PAUSED], [STARTED, NODE_END, FINISHED], goes_on=True)
    assert told.run.status == "succeeded"
    assert told.stream.broken is None
    assert told.asked == ["POST", "GET", "GET"]


# ---- what no stream tells


class Telling(Server):
    """An origin that knows more than its streams."""

    aside_every = 0.01

    def __init__(self, line, *frames):
        super().__init__(line)
        self.frames = list(frames)

    async def aside(self, run):
        if not self.frames:
            return b""
        frame = self.frames.pop(0)
        if frame is None:
            raise Unreachable("host", "connection refused")
        return frame


async def test_what_no_stream_tells_is_asked_for_while_it_is_silent_and_at_its_end(tmp_path):
    async def slow(request):
        response = await streamed(request, STARTED, NODE)
        await told.wait()
        await response.write(NODE_END + FINISHED)
        return response

    log = frame("agent_log", data={"node_id": "n", "id": "1", "label": "search", "status": "start", "data": {}})
    done = frame("agent_log", data={"node_id": "n", "id": "1", "label": "search", "status": "success", "data": {}})
    told = anyio.Event()
    tape = FileTape(tmp_path / "x.skrec", "dify")
    async with (
        serving(Script(slow)) as served,
        Connection(served.url, None, QUICK) as line,
        RunStream(Telling(line, None, log, done), "dify", patience=QUICK, tape=tape) as stream,
    ):
        kinds = []
        async for event in stream:
            kinds.append(event.kind)
            if event.kind == "agent_log":
                told.set()
    assert kinds == ["workflow_started", "node_started", "agent_log", "node_finished", "workflow_finished", "agent_log"]
    assert [entry.label for entry in stream.run.nodes[0].logs] == ["search"]
    assert stream.run.status == "succeeded"
    assert Recording.load(tmp_path / "x.skrec").body == STARTED + NODE + NODE_END + FINISHED


async def test_it_is_not_asked_for_in_the_middle_of_a_frame():
    log = frame("agent_log", data={"node_id": "n", "id": "1", "label": "search", "status": "start", "data": {}})
    async with (
        serving(Script(cut(STARTED, NODE[:30]), 404)) as served,
        Connection(served.url, None, QUICK) as line,
        RunStream(Telling(line, log), "dify", patience=QUICK) as stream,
    ):
        run = await stream.finish()
    assert "malformed-event" not in run.anomaly_counts
    assert run.events == {"workflow_started": 1}


# ---- before there is a body


async def test_a_refusal_is_raised_where_the_stream_is_opened():
    with pytest.raises(DifyError):
        await play(400)


async def test_a_page_is_raised_where_the_stream_is_opened():
    async def page(_):
        return web.Response(text="<html>", content_type="text/html")

    with pytest.raises(NotAnEventStream):
        await play(page)


# ---- leaving


async def test_to_leave_closes_the_connection_and_to_read_on_is_wrong_use():
    left = anyio.Event()

    async def endless(request):
        try:
            response = await streamed(request, STARTED)
            while True:
                await response.write(NODE)
                await anyio.sleep(0.001)
        finally:
            left.set()

    async with serving(endless) as served, Connection(served.url, None, QUICK) as line:
        async with RunStream(Server(line), "dify", patience=QUICK) as stream:
            await anext(stream)
        with anyio.fail_after(60):
            await left.wait()
        with pytest.raises(RuntimeError, match="async with"):
            await stream.finish()
    assert stream.run.status == "interrupted"


@pytest.mark.parametrize("stops", [True, False])
async def test_a_run_that_is_left_is_stopped_if_that_was_asked_for(stops):
    async with serving(Script(held(STARTED))) as served, Connection(served.url, None, QUICK) as line:
        origin = Server(line)
        async with RunStream(origin, "dify", patience=QUICK, stop_if_left=stops) as stream:
            await anext(stream)
    assert origin.stopped == (["t"] if stops else [])


async def test_a_run_that_is_over_is_not_stopped():
    told = await play([STARTED, FINISHED], stop_if_left=True)
    assert told.origin.stopped == []


async def test_a_cancelled_task_stops_the_run_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "x.skrec"
    before = asyncio.all_tasks()
    async with serving(Script(held(STARTED))) as served, Connection(served.url, None, QUICK) as line:
        origin = Server(line)
        with anyio.move_on_after(60) as scope:
            async with RunStream(
                origin, "dify", patience=QUICK, stop_if_left=True, tape=FileTape(path, "dify")
            ) as stream:
                async for _ in stream:
                    scope.cancel()
        assert scope.cancelled_caught
    assert origin.stopped == ["t"]
    assert asyncio.all_tasks() == before
    recording = Recording.load(path)
    assert recording.body == STARTED
    assert recording.end.reason == "cancelled"


async def test_stop_asks_the_server():
    async with serving(Script([STARTED, FINISHED])) as served, Connection(served.url, None, QUICK) as line:
        origin = Server(line)
        async with RunStream(origin, "dify", patience=QUICK) as stream:
            await anext(stream)
            await stream.stop()
    assert origin.stopped == ["t"]


async def test_an_origin_that_is_unreachable_leaves_the_run_interrupted():
    class Gone(Server):
        async def again(self, run):
            raise Unreachable("host", "connection refused")

        verdict = again

    async with (
        serving(Script(cut(STARTED))) as served,
        Connection(served.url, None, QUICK) as line,
        RunStream(Gone(line), "dify", patience=QUICK) as stream,
    ):
        run = await stream.finish()
    assert run.status == "interrupted"


def test_a_stream_is_shown_as_its_run():
    stream = RunStream(Origin(), "dify", patience=QUICK, run=Run("dify"))
    assert repr(stream) == f"<RunStream {stream.run!r}>"
