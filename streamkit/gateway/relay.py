"""Pass a stream of bytes on, every chunk unchanged and first, and rebuild its run beside it.

`watch` is for any framework that gives a body as an asynchronous iterator; `relay` answers a request of aiohttp's
server with a response of its client. Observation is guarded: see `observer`.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from streamkit.gateway.headers import end_to_end
from streamkit.gateway.observer import Observer, is_disabled
from streamkit.reader import MAX_FRAME_BYTES
from streamkit.run import Run
from streamkit.run.retention import EVERYTHING, Retention
from streamkit.tap import Tap

if TYPE_CHECKING:
    from aiohttp import ClientResponse, web


async def watch(
    chunks: AsyncIterable[bytes],
    name: str = "auto",
    *,
    run: Run | None = None,
    on_finish: Callable[[Run], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    retention: Retention = EVERYTHING,
    coding: str | None = None,
) -> AsyncGenerator[bytes, None]:
    """Yield every chunk unchanged, and rebuild the run beside it.

    ::

        async for chunk in watch(upstream.aiter_raw(), "dify", on_finish=log):
            yield chunk

    With `STREAMKIT_DISABLE=1` in the environment it yields the chunks, and that is all.

    Args:
        chunks: the body, as any framework gives it.
        name: a dialect, or "auto".
        run: the run that this body continues; by default a new one.
        on_finish: called once with the run when the body ended, broke, or its reader left. It must not block; what
            it raises is logged and goes no further.
        clock: gives seconds on one monotonic clock.
        max_frame_bytes: frames longer than this are dropped from the observation, not from the stream.
        retention: what a new run keeps of what it sees: `GATEWAY` keeps little, by default everything is kept.
        coding: the content coding of the chunks ("gzip", …), if they are not decoded yet: a copy of them is.

    Yields:
        The chunks of `chunks`, the very same objects in the same order.

    Raises:
        UnknownDialect: there is no dialect of that name.
        UnknownCoding: nothing that is installed decodes the chunks.
        Exception: whatever `chunks` raises, unchanged.
    """
    tap = Tap(name, run=run, max_frame_bytes=max_frame_bytes, retention=retention)
    observer = None if is_disabled() else Observer(tap, clock, coding)
    iterator = aiter(chunks)
    try:
        async for chunk in iterator:
            if observer is not None:
                observer.saw(chunk)
            yield chunk
            if observer is not None:
                observer.look()
    finally:
        if observer is not None:
            observer.look()  # the last chunk, if its reader left with it
            observer.finish(on_finish)
        close = getattr(iterator, "aclose", None)
        if close is not None:  # a generator made in the call has no other owner
            await close()


async def relay(
    request: "web.Request",
    upstream: "ClientResponse",
    name: str = "auto",
    *,
    run: Run | None = None,
    on_finish: Callable[[Run], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    retention: Retention = EVERYTHING,
    decompressed: bool = True,
) -> "web.StreamResponse":
    """Answer a request of aiohttp's server with a response of its client, and rebuild the run beside it.

    ::

        async def completions(request):
            async with session.post(url, data=request.content, headers=headers) as upstream:
                return await relay(request, upstream, "dify", on_finish=log)

    Args:
        request: the request to answer.
        upstream: the response whose status, headers and body answer it.
        name: a dialect, or "auto".
        run: as in `watch`, like all below but the last.
        on_finish: called once with the run.
        clock: gives seconds on one monotonic clock.
        max_frame_bytes: the longest frame that is observed.
        retention: what a new run keeps.
        decompressed: whether the session has decompressed the body, as it does unless it was made with
            `auto_decompress=False`. Then the body goes on decompressed; else as it came.

    Returns:
        The response, sent but for its end, which aiohttp adds when the handler returns it; where the client leaves, as
        much as it took. The run is `interrupted` then.

    Raises:
        UnknownDialect: there is no dialect of that name.
        UnknownCoding: nothing that is installed decodes the body.
        aiohttp.ClientError: the upstream broke; raised on, it cuts the response off as well.
    """
    from aiohttp import web

    headers = end_to_end(upstream.headers)
    coding = headers.get("Content-Encoding")
    if coding is not None and decompressed:
        coding = None
        for stale in ("Content-Encoding", "Content-Length"):
            headers.popall(stale, None)
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
    await response.prepare(request)
    body = watch(
        upstream.content.iter_any(),
        name,
        run=run,
        on_finish=on_finish,
        clock=clock,
        max_frame_bytes=max_frame_bytes,
        retention=retention,
        coding=coding,
    )
    async with aclosing(body) as chunks:
        async for chunk in chunks:
            try:
                await response.write(chunk)
            except ConnectionError:  # clients leave every day: aiohttp would log a traceback of each
                break
    return response
