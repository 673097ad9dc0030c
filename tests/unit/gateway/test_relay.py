"""A watched stream: every chunk goes on unchanged and first; what goes wrong beside it never reaches it."""

import asyncio
import gzip
import itertools
import json
import logging
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from streamkit import Run, Tap, UnknownDialect, watch
from streamkit.gateway.relay import relay

PROTOCOL = Path(__file__).parents[3] / "fixtures" / "dify" / "protocol"


def sample(number):
    (path,) = PROTOCOL.glob(f"{number}_*.sse")
    return path.read_bytes()


BODY = sample("06")


def frame(word, **fields):
    return b"data: " + json.dumps({"event": word, **fields}).encode() + b"\n\n"


HELLO = frame("message", message_id="m", answer="Hi")
BYE = frame("message", message_id="m", answer=" and bye")
END = frame("message_end", message_id="m")


class Upstream:
    """A body as a framework gives it: chunks, then perhaps an error; remembers whether it was closed."""

    def __init__(self, *chunks, error=None):
        self.chunks = chunks
        self.error = error
        self.closed = 0
        self.given = 0

    async def stream(self):
        try:
            for chunk in self.chunks:
                self.given += 1
                yield chunk
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1


class Finish:
    """What `on_finish` was called with."""

    def __init__(self, error=None):
        self.runs = []
        self.error = error

    def __call__(self, run):
        self.runs.append(run)
        if self.error is not None:
            raise self.error

    @property
    def run(self):
        (run,) = self.runs
        return run


def ticks():
    return itertools.count(1).__next__


async def passed(stream):
    return [chunk async for chunk in stream]


# ---- what passes


@pytest.mark.parametrize("size", [1, 7, 1000, len(BODY)])
async def test_chunks_are_the_same_objects_in_the_same_order(size):
    chunks = [BODY[start : start + size] for start in range(0, len(BODY), size)]
    finish = Finish()
    got = await passed(watch(Upstream(*chunks).stream(), "dify", on_finish=finish))
    assert len(got) == len(chunks)
    assert all(one is other for one, other in zip(got, chunks, strict=True))
    tap = Tap("dify")
    tap.feed(BODY)
    tap.close()
    assert (finish.run.status, finish.run.text, len(finish.run.executions)) == ("succeeded", "", 9)
    assert finish.run.events == tap.run.events


async def test_a_chunk_goes_on_before_it_is_looked_at():
    """No latency of ours: when the reader has it, the run does not know of it yet."""
    run = Run("dify")
    stream = watch(Upstream(HELLO, BYE).stream(), "dify", run=run)
    assert await anext(stream) is HELLO
    assert run.text == ""
    assert await anext(stream) is BYE
    assert run.text == "Hi"
    assert await anext(stream, None) is None
    assert run.text == "Hi and bye"


async def test_nothing_is_asked_of_the_upstream_before_the_reader_wants_it():
    upstream = Upstream(HELLO, BYE)
    stream = watch(upstream.stream(), "dify")
    assert upstream.given == 0
    await anext(stream)
    assert upstream.given == 1
    await stream.aclose()


@pytest.mark.parametrize("chunks", [[], [b""], [b"", HELLO, b"", END, b""]], ids=["none", "an empty one", "between"])
async def test_empty_bodies_and_empty_chunks_pass_too(chunks):
    finish = Finish()
    assert await passed(watch(Upstream(*chunks).stream(), "dify", on_finish=finish)) == chunks
    assert finish.run.status == ("succeeded" if END in chunks else "interrupted")


async def test_bytearrays_and_views_pass_as_they_are():
    chunks = [bytearray(HELLO), memoryview(BYE), END]
    finish = Finish()
    got = await passed(watch(Upstream(*chunks).stream(), "dify", on_finish=finish))
    assert all(one is other for one, other in zip(got, chunks, strict=True))
    assert finish.run.text == "Hi and bye"


async def test_whatever_is_asynchronously_iterable_can_be_watched():
    class Body:
        """An iterator that cannot be closed, as aiohttp's."""

        def __init__(self):
            self.rest = iter([HELLO, END])

        def __aiter__(self):
            return self

        async def __anext__(self):
            try:
                return next(self.rest)
            except StopIteration:
                raise StopAsyncIteration from None

    finish = Finish()
    assert await passed(watch(Body(), "dify", on_finish=finish)) == [HELLO, END]
    assert finish.run.status == "succeeded"


# ---- what is observed


async def test_on_finish_gets_the_run_once_when_all_is_over():
    finish, upstream = Finish(), Upstream(HELLO, END)
    stream = watch(upstream.stream(), "dify", on_finish=finish)
    async for _ in stream:
        assert finish.runs == []
    assert (finish.run.status, finish.run.settled) == ("succeeded", True)


async def test_nobody_needs_to_hear_of_the_end():
    run = Run("dify")
    await passed(watch(Upstream(HELLO, END).stream(), run=run))
    assert run.status == "succeeded"


async def test_the_dialect_is_detected_unless_it_is_named():
    finish = Finish()
    await passed(watch(Upstream(HELLO, END).stream(), on_finish=finish))
    assert finish.run.dialect == "dify"


async def test_a_run_is_carried_on():
    first, second = Finish(), Finish()
    await passed(watch(Upstream(sample("11")).stream(), "dify", on_finish=first))
    assert first.run.status == "paused"
    await passed(watch(Upstream(sample("12")).stream(), "dify", run=first.run, on_finish=second))
    assert second.run is first.run
    assert (second.run.status, len(second.run.segments)) == ("succeeded", 2)


async def test_a_chunk_arrived_when_it_came_and_not_when_it_was_looked_at():
    """The clock is read once a chunk, before the reader has it, and once at the end."""
    clock, finish = ticks(), Finish()
    stream = watch(Upstream(HELLO, BYE).stream(), "dify", clock=clock, on_finish=finish)
    async for chunk in stream:
        if chunk is HELLO:
            assert clock() == 2  # the reader takes its time
    run = finish.run
    assert (run.first_token_at, run.last_progress_at, run.ended_at) == (1, 3, 4)


async def test_a_frame_over_the_limit_passes_and_is_only_not_observed():
    finish, long = Finish(), frame("message", answer="x" * 1000)
    got = await passed(watch(Upstream(long, HELLO).stream(), "dify", on_finish=finish, max_frame_bytes=500))
    assert got == [long, HELLO]
    assert finish.run.text == "Hi"
    assert finish.run.anomaly_counts == {"frame-too-large": 1}


# ---- how it ends


class Gone(Exception):
    """What a framework raises when its peer is gone."""


async def test_an_error_of_the_upstream_passes_and_the_run_is_interrupted():
    finish, upstream = Finish(), Upstream(HELLO, error=Gone())
    stream = watch(upstream.stream(), "dify", on_finish=finish)
    assert await anext(stream) is HELLO
    with pytest.raises(Gone) as caught:
        await anext(stream)
    assert caught.value is upstream.error
    assert caught.value.__context__ is None
    assert (finish.run.status, finish.run.text, finish.run.anomalies) == ("interrupted", "Hi", [])
    assert upstream.closed == 1


async def test_a_reader_that_leaves_early_leaves_its_last_chunk_observed_and_the_upstream_closed():
    finish, upstream = Finish(), Upstream(HELLO, BYE, END)
    async with aclosing(watch(upstream.stream(), "dify", on_finish=finish)) as stream:
        async for chunk in stream:
            if chunk is BYE:
                break
    assert (finish.run.status, finish.run.text) == ("interrupted", "Hi and bye")
    assert (upstream.given, upstream.closed) == (2, 1)


async def test_a_reader_that_leaves_after_the_end_of_the_run_leaves_it_ended():
    """The server may keep a body open for minutes."""
    finish, upstream = Finish(), Upstream(HELLO, END, b"event: ping\n\n")
    async with aclosing(watch(upstream.stream(), "dify", on_finish=finish)) as stream:
        async for chunk in stream:
            if chunk is END:
                break
    assert finish.run.status == "succeeded"


async def test_a_reader_that_is_cancelled_leaves_the_run_concluded_and_the_upstream_closed():
    finish, waiting = Finish(), asyncio.Event()

    async def upstream():
        try:
            yield HELLO
            waiting.set()
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    closed = []
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(passed(watch(upstream(), "dify", on_finish=finish)))
        await waiting.wait()
        reader.cancel()
    assert reader.cancelled()
    assert closed == [True]
    assert (finish.run.status, finish.run.text) == ("interrupted", "Hi")


async def test_an_error_that_the_reader_throws_in_comes_out_again():
    finish, upstream = Finish(), Upstream(HELLO, BYE)
    stream = watch(upstream.stream(), "dify", on_finish=finish)
    await anext(stream)
    with pytest.raises(Gone):
        await stream.athrow(Gone())
    assert (finish.run.text, upstream.closed) == ("Hi", 1)


async def test_a_body_read_to_its_end_is_closed_once():
    upstream = Upstream(HELLO, END)
    await passed(watch(upstream.stream(), "dify"))
    assert upstream.closed == 1


async def test_a_generator_that_an_iterable_makes_is_closed_too():
    """As `httpx.AsyncByteStream` and many bodies of responses: nobody else has hold of that generator."""
    upstream = Upstream(HELLO, BYE)

    class Body:
        def __aiter__(self):
            return upstream.stream()

    async with aclosing(watch(Body(), "dify")) as stream:
        await anext(stream)
    assert upstream.closed == 1


# ---- what must not reach the stream


def warnings(caplog):
    return [record for record in caplog.records if record.name == "streamkit" and record.levelno == logging.WARNING]


@pytest.mark.parametrize("wrong", ["text", 5, object()], ids=["text", "a number", "an object"])
async def test_a_chunk_that_is_no_bytes_passes_and_the_rest_is_observed(caplog, wrong):
    finish = Finish()
    got = await passed(watch(Upstream(HELLO, wrong, BYE, END).stream(), "dify", on_finish=finish))
    assert got == [HELLO, wrong, BYE, END]
    assert (finish.run.text, finish.run.status) == ("Hi and bye", "succeeded")
    assert finish.run.anomaly_counts == {"observer-error": 1}
    (warning,) = warnings(caplog)
    assert "TypeError at streamkit." in warning.getMessage()
    assert warning.exc_info is None  # the words of an error may be of what was observed


async def test_errors_of_ours_are_logged_once_and_all_counted(caplog):
    finish = Finish()
    await passed(watch(Upstream(HELLO, "a", "b", END, "c").stream(), "dify", on_finish=finish))
    assert finish.run.anomaly_counts == {"observer-error": 3}
    assert len(warnings(caplog)) == 1


async def test_what_on_finish_raises_is_logged_once_and_swallowed(caplog):
    finish = Finish(error=Gone("no room on the disk"))
    assert await passed(watch(Upstream(HELLO, END).stream(), "dify", on_finish=finish)) == [HELLO, END]
    (warning,) = warnings(caplog)
    assert warning.exc_info[1] is finish.error
    assert finish.run.status == "succeeded"


async def test_what_on_finish_raises_does_not_hide_the_error_of_the_upstream():
    upstream = Upstream(HELLO, error=ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        await passed(watch(upstream.stream(), "dify", on_finish=Finish(error=Gone())))
    assert upstream.closed == 1


async def test_a_clock_that_fails_does_not_stop_the_stream(caplog):
    def clock():
        raise Gone

    finish = Finish()
    got = await passed(watch(Upstream(HELLO, END).stream(), "dify", clock=clock, on_finish=finish))
    assert got == [HELLO, END]
    assert finish.run.anomaly_counts["observer-error"] >= 1
    assert len(warnings(caplog)) == 1


async def test_where_all_goes_well_nothing_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        await passed(watch(Upstream(HELLO, b"data: {oops\n\n", END).stream(), "dify"))
    assert [record for record in caplog.records if record.name == "streamkit"] == []


# ---- the caller's mistakes


async def test_a_dialect_that_does_not_exist_is_told_before_anything_is_read():
    upstream = Upstream(HELLO)
    with pytest.raises(UnknownDialect):
        await passed(watch(upstream.stream(), "difi"))
    assert upstream.given == 0


# ---- off, and compressed


async def test_switched_off_it_passes_everything_and_tells_nothing(monkeypatch):
    monkeypatch.setenv("STREAMKIT_DISABLE", "1")
    finish, upstream = Finish(), Upstream(HELLO, END)
    assert await passed(watch(upstream.stream(), "dify", on_finish=finish)) == [HELLO, END]
    assert finish.runs == []
    assert upstream.closed == 1


async def test_a_compressed_body_passes_as_it_is_and_is_observed_decoded():
    whole, finish = gzip.compress(BODY), Finish()
    chunks = [whole[start : start + 100] for start in range(0, len(whole), 100)]
    assert await passed(watch(Upstream(*chunks).stream(), "dify", on_finish=finish, coding="gzip")) == chunks
    assert (finish.run.status, len(finish.run.executions)) == ("succeeded", 9)


# ---- in front of aiohttp


@asynccontextmanager
async def serving(handler):
    """A server on a port of its own; yields its URL."""
    runner = web.AppRunner(web.Application(), shutdown_timeout=1)
    runner.app.router.add_route("*", "/{path:.*}", handler)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


async def compressed(request):
    """A server that compresses, as a proxy before it may."""
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip", "X-Request-Id": "r1"}
    return web.Response(body=gzip.compress(BODY), headers=headers, status=201)


@pytest.mark.parametrize("decompressed", [True, False])
async def test_ten_lines_relay_a_response_of_aiohttp(decompressed):
    finish = Finish()
    async with aiohttp.ClientSession(auto_decompress=decompressed) as session, serving(compressed) as upstream:

        async def completions(request):
            async with session.post(upstream, data=request.content) as answer:
                return await relay(request, answer, "dify", on_finish=finish, decompressed=decompressed)

        async with serving(completions) as url, session.post(url, data=b"{}") as answer:
            body = await answer.read()
            assert (answer.status, answer.headers["X-Request-Id"]) == (201, "r1")
            assert answer.headers.get("Content-Encoding") == (None if decompressed else "gzip")
    assert (body if decompressed else gzip.decompress(body)) == BODY
    assert (finish.run.status, len(finish.run.executions)) == ("succeeded", 9)


async def test_an_upstream_that_breaks_breaks_the_response(caplog):
    async def breaking(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(HELLO)
        request.transport.close()
        return response

    finish = Finish()
    async with aiohttp.ClientSession() as session, serving(breaking) as upstream:

        async def completions(request):
            async with session.get(upstream) as answer:
                return await relay(request, answer, "dify", on_finish=finish)

        async with serving(completions) as url, session.get(url) as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
    assert (finish.run.status, finish.run.text) == ("interrupted", "Hi")


async def test_a_client_that_leaves_ends_the_run_and_is_no_error(caplog):
    left, is_over = asyncio.Event(), asyncio.Event()

    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(HELLO)
        await left.wait()
        with suppress(ConnectionError):
            while not is_over.is_set():
                await response.write(HELLO)
        return response

    async with aiohttp.ClientSession() as session, serving(endless) as upstream:
        finish = Finish()

        async def completions(request):
            try:
                async with session.get(upstream) as answer:
                    return await relay(request, answer, "dify", on_finish=finish)
            finally:
                is_over.set()

        async with serving(completions) as url:
            async with session.get(url) as answer:
                await answer.content.readany()
            left.set()
            await asyncio.wait_for(is_over.wait(), 10)
    assert finish.run.status == "interrupted"
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
