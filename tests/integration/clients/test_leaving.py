"""Who leaves a run, at whatever moment and however, leaves no task, no connection and no file behind but a recording that is whole."""

import asyncio
import contextlib
import errno
import tempfile

import anyio
import pytest
from aiohttp import web

from streamkit.clients import DifyClient, ParadigmClient, Patience, RAGFlowClient
from streamkit.clients.tape import FileTape
from streamkit.recording import Recording
from streamkit.run import Run
from tests.integration.clients.served import serving, streamed

PATIENCE = Patience(first_delay=60, longest_delay=60)
FIRST = {
    "dify": b'data: {"event":"workflow_started","task_id":"t","workflow_run_id":"r",'
    b'"data":{"id":"r","workflow_id":"w","inputs":{},"created_at":1}}\n\n',
    "ragflow": b'data:{"event":"workflow_started","message_id":"m","task_id":"t","session_id":"s","created_at":1,'
    b'"data":{"inputs":{}}}\n\n',
    "paradigm": b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n',
}
PAUSED = (
    b'data: {"event":"workflow_paused","task_id":"t","workflow_run_id":"r",'
    b'"data":{"workflow_run_id":"r","paused_nodes":["n"],"status":"paused"}}\n\n'
)
VENDORS = list(FIRST)


def client_of(vendor, url):
    match vendor:
        case "dify":
            return DifyClient(url, "key", mode="workflow", patience=PATIENCE)
        case "ragflow":
            return RAGFlowClient(url, "key", patience=PATIENCE)
    return ParadigmClient(url, "key", patience=PATIENCE)


def stream_of(client, **how):
    match client:
        case DifyClient():
            return client.stream(**how)
        case RAGFlowClient():
            return client.stream("hello", agent="a", **how)
    how.pop("stop_if_left", None)
    return client.stream([{"role": "user", "content": "hello"}], model="m", **how)


# ---- what a server does until somebody leaves


class Scene:
    """A server: each request is answered by the next part of the scene; in the last one it waits for ever."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.waits = anyio.Event()

    async def __call__(self, request):
        if request.path.endswith(("/stop", "/cancel")):
            return web.json_response({"result": "success"})
        part = self.parts.pop(0)
        return web.Response(status=part) if isinstance(part, int) else await part(self, request)

    async def wait(self):
        self.waits.set()
        await anyio.sleep_forever()


async def silent(scene, request):
    """Not even the head of an answer."""
    await scene.wait()


def told(*chunks):
    """Chunks, and then nothing."""

    async def answer(scene, request):
        await streamed(request, *chunks)
        await scene.wait()

    return answer


def cut(*chunks):
    """Chunks, and then the connection breaks."""

    async def answer(scene, request):
        response = await streamed(request, *chunks)
        request.transport.close()
        return response

    return answer


# ---- who leaves


async def until(done):
    """Wait for what no event tells: a stream that has read something, a server that learns of a connection."""
    with anyio.fail_after(60):
        while not done():  # noqa: ASYNC110 - what is waited for tells nobody
            await anyio.sleep(0.002)


async def by_task(work, ready):
    task = asyncio.ensure_future(work())
    await ready()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_scope(work, ready):
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await ready()
        group.cancel_scope.cancel()


async def by_exception(work, ready):
    """Something fails that a program does at the same time."""

    async def fail():
        await ready()
        raise ValueError("something else went wrong")

    async def both():
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await both()


WAYS = [by_task, by_scope, by_exception]
every_way = pytest.mark.parametrize("leave", WAYS, ids=lambda way: way.__name__)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary files would be."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def left(temporary, tmp_path):
    """Play a scene to somebody who leaves, and look at what is left; return what was asked of the server."""

    async def play(scene, leave, work, seen=lambda: True):
        async with serving(scene) as served:
            before = asyncio.all_tasks()

            async def ready():
                await scene.waits.wait()
                await until(seen)

            async def inside():
                await work(served.url)

            with anyio.fail_after(60):
                await leave(inside, ready)
                await until(lambda: not served.connections and not asyncio.all_tasks() - before)
        assert list(temporary.iterdir()) == []
        assert scene.parts == []
        return served.asked

    return play


class Watching:
    """Somebody who watches a run."""

    def __init__(self, vendor, record, **how):
        self.vendor = vendor
        self.how = {"record": record, **how}
        self.events = []
        self.stream = None
        """The stream, once its body has begun."""

    async def __call__(self, url):
        async with client_of(self.vendor, url) as client, stream_of(client, **self.how) as self.stream:
            async for event in self.stream:
                self.events.append(event.kind)


def runs(asked):
    """The POSTs that run something."""
    return [path for method, path in asked if method == "POST" and path.endswith(("/run", "/completions"))]


def stops(asked):
    return [path for _, path in asked if path.endswith(("/stop", "/cancel"))]


# ---- a run


@every_way
@pytest.mark.parametrize("vendor", VENDORS)
async def test_before_the_server_answers_there_is_nothing_to_record(left, vendor, leave, tmp_path):
    record = tmp_path / "x.skrec"
    asked = await left(Scene(silent), leave, Watching(vendor, record))
    assert len(runs(asked)) == 1
    assert not record.exists()


@every_way
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("part", ["nothing", "an event", "a piece of an event"])
async def test_in_the_middle_the_recording_has_all_that_came(left, vendor, leave, part, tmp_path):
    first = FIRST[vendor]
    chunks = {"nothing": [], "an event": [first], "a piece of an event": [first, first[:30]]}[part]
    record = tmp_path / "x.skrec"
    who = Watching(vendor, record)
    seen = b"".join(chunks)
    asked = await left(Scene(told(*chunks)), leave, who, lambda: who.stream and who.stream.run.bytes == len(seen))
    assert who.stream.run.status == "interrupted"
    assert len(who.events) == (part != "nothing")
    recording = Recording.load(record)
    assert recording.is_whole
    assert (recording.body, recording.end.reason) == (seen, "cancelled")
    assert asked == [("POST", path) for path in runs(asked)]


@every_way
@pytest.mark.parametrize("vendor", ["dify", "ragflow"])
async def test_a_run_is_stopped_if_that_was_asked_for(left, vendor, leave, tmp_path):
    who = Watching(vendor, tmp_path / "x.skrec", stop_if_left=True)
    asked = await left(Scene(told(FIRST[vendor])), leave, who, lambda: who.events)
    assert len(runs(asked)) == 1
    assert len(stops(asked)) == 1


@every_way
async def test_a_server_that_does_not_even_stop_it_is_left(left, leave, tmp_path, monkeypatch):
    """Who leaves does not wait for ever for that."""

    class Deaf(Scene):
        async def __call__(self, request):
            if request.path.endswith("/stop"):
                await anyio.sleep_forever()
            return await super().__call__(request)

    monkeypatch.setattr("streamkit.clients.stream._LAST_WORDS", 0.05)
    who = Watching("dify", tmp_path / "x.skrec", stop_if_left=True)
    asked = await left(Deaf(told(FIRST["dify"])), leave, who, lambda: who.events)
    assert len(stops(asked)) == 1
    assert Recording.load(tmp_path / "x.skrec").end.reason == "cancelled"


# ---- after a break: Dify alone goes on then

BROKEN = cut(FIRST["dify"])


@every_way
@pytest.mark.parametrize(
    "parts",
    [[BROKEN, silent], [BROKEN, told()], [BROKEN, 404, silent]],
    ids=["asked again", "joined again", "asked how it ended"],
)
@pytest.mark.parametrize("stop", [True, False])
async def test_while_it_is_asked_for_again(left, leave, parts, stop, tmp_path):
    record = tmp_path / "x.skrec"
    who = Watching("dify", record, stop_if_left=stop)
    asked = await left(Scene(*parts), leave, who, lambda: who.events)
    assert len(runs(asked)) == 1
    assert len(stops(asked)) == stop  # a body that broke off stops no run
    recording = Recording.load(record)
    assert (recording.is_whole, recording.end.reason) == (True, "error")
    assert recording.body == FIRST["dify"]
    for path in tmp_path.glob("x.*.skrec"):
        assert Recording.load(path).end.reason == "cancelled"


@every_way
async def test_between_two_attempts(left, leave, tmp_path):
    who = Watching("dify", tmp_path / "x.skrec", stop_if_left=True)
    scene = Scene(BROKEN, fails)
    asked = await left(scene, leave, who)
    assert [method for method, _ in asked] == ["POST", "GET", "POST"]
    assert len(stops(asked)) == 1
    assert who.stream.run.status == "interrupted"


async def fails(scene, request):
    """An attempt that was in vain; the next one is a minute away."""
    scene.waits.set()
    return web.Response(status=502)


# ---- while a form waits


@every_way
async def test_while_a_form_waits(left, leave, tmp_path):
    """Whoever watches it leaves: it waits on, and is not stopped."""
    record = tmp_path / "x.skrec"
    run = Run("dify")
    run.id = "r"

    async def watch(url):
        how = {"across_pauses": True, "record": record, "stop_if_left": True}
        async with client_of("dify", url) as client, client.resume(run, **how) as stream:
            await stream.finish()

    asked = await left(Scene(told(FIRST["dify"], PAUSED)), leave, watch, lambda: run.status == "paused")
    assert [method for method, _ in asked] == ["GET"]
    recording = Recording.load(record)
    assert (recording.body, recording.end.reason) == (FIRST["dify"] + PAUSED, "cancelled")


# ---- what is asked beside a run


@every_way
async def test_before_a_chat_of_ragflow_has_its_session(left, leave, tmp_path):
    async def ask(url):
        async with client_of("ragflow", url) as client, client.stream("hello", chat="c", record=tmp_path / "x.skrec"):
            pass

    asked = await left(Scene(silent), leave, ask)
    assert asked == [("POST", "/api/v1/chats/c/sessions")]
    assert not (tmp_path / "x.skrec").exists()


@every_way
async def test_a_file_that_is_being_sent_is_closed(left, leave, tmp_path):
    """A file that stays open is a warning when it is collected, and that an error."""
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(32_000_000))  # more than all buffers on the way
    gone = anyio.Event()

    async def upload(url):
        try:
            async with client_of("dify", url) as client:
                await client.upload(path)
        finally:
            gone.set()

    async def unread(scene, request):
        scene.waits.set()
        await gone.wait()
        await request.read()  # a server that reads nothing does not see that a connection ends

    asked = await left(Scene(unread), leave, upload)
    assert asked == [("POST", "/v1/files/upload")]


@every_way
async def test_one_answer_that_is_waited_for(left, leave):
    async def run(url):
        async with client_of("dify", url) as client:
            await client.run()

    assert runs(await left(Scene(silent), leave, run)) == ["/v1/workflows/run"]


# ---- without a cancellation


@pytest.mark.parametrize("vendor", VENDORS)
async def test_to_break_out_of_the_loop_leaves_nothing_either(left, vendor, tmp_path):
    record = tmp_path / "x.skrec"

    async def glance(url):
        async with client_of(vendor, url) as client, stream_of(client, record=record) as stream:
            async for _ in stream:
                break

    async def simply(work, ready):
        await work()
        await ready()

    await left(Scene(told(FIRST[vendor])), simply, glance)
    recording = Recording.load(record)
    assert (recording.body, recording.end.reason) == (FIRST[vendor], "cancelled")


async def test_a_full_disk_does_not_keep_a_run_from_being_stopped(left, tmp_path, monkeypatch):
    who = Watching("dify", tmp_path / "x.skrec", stop_if_left=True)
    end = FileTape.end

    def full(self, how, reason=None):
        end(self, how, reason)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileTape, "end", full)

    async def watch(url):
        with contextlib.suppress(OSError):
            await who(url)

    asked = await left(Scene(told(FIRST["dify"])), by_scope, watch, lambda: who.events)
    assert len(stops(asked)) == 1
