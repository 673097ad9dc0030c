"""Equality with a real browser: what Chromium's EventSource dispatches is what our parser returns.

A server on the loopback interface sends a page and streams, valid, tricky and random, cut into chunks at random
places. The page opens one EventSource after another and posts back the events that it received; it closes each at the
end of its stream, before it would reconnect.
"""

import asyncio
import random
from pathlib import Path

import pytest
from aiohttp import web

from streamkit.sse import Parser
from tests.integration.chromium import BROWSER, browser

CONFORMANCE = Path(__file__).parents[2] / "fixtures" / "conformance"
RANDOM_STREAMS = 300
TIMEOUT = 60.0

# An EventSource shows named events only to those who listen for the name.
NAMES = ["add", "remove", "ping", "workflow_finished", "häppchen", "\ufffd", "a b", " two", "x", "y", "a", "b"]

PAGE = """<!doctype html><meta charset="utf-8"><title>streams</title><script>
const names = NAMES;
function read(number) {
  return new Promise(resolve => {
    const source = new EventSource("/stream/" + number);
    const events = [];
    const keep = event => events.push([event.type, event.data, event.lastEventId]);
    source.onmessage = keep;
    for (const name of names) source.addEventListener(name, keep);
    source.onerror = () => { source.close(); resolve(events); };
  });
}
async function worker(numbers, results) {
  while (numbers.length) { const number = numbers.shift(); results[number] = await read(number); }
}
async function main() {
  const numbers = [...Array(COUNT).keys()], results = [];
  await Promise.all([1, 2, 3, 4].map(() => worker(numbers, results)));
  await fetch("/results", {method: "POST", body: JSON.stringify(results)});
}
main();
</script>"""

PIECES = [
    *[b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r", b"\n\r\n"] * 2,
    *[b"data: one\n\n", b"data: one\ndata: two\n\n", b"data: a\r\n\r\n", b"data:b\r\r", b"data:\n\n", b"data\ndata\n\n"]
    * 2,
    *(b"data", b"data:", b"data: ", b"data:  two", b"data: c\n", b"data: d\r", b"data: e\r\n", b"data: cut"),
    *(
        b"event: add\n",
        b"event: remove\r\n",
        b"event:x\r",
        b"event: ping\n\n",
        b"event",
        b"event:\n",
        b"event:  two\n",
        b"event",
    ),
    *(b"event: \xff\n", b"event: a b\n", "event: häppchen\n".encode(), b"events: y\n", b"event: workflow_finished\n"),
    *(
        b"id: 1\n",
        b"id:2\r",
        b"id\n",
        b"id:\r\n",
        b"id: a\0b\n",
        b"id: \0\n",
        b"id: 3\n\n",
        "id: é\n".encode(),
        b"id: \xff\n",
    ),
    *(b"retry: 10\n", b"retry: -5\n", b"retry: 1_0\n", b"retry\n", b"retry: 99999999999999999999999999\n"),
    *(
        b":",
        b": comment\n",
        b":\r",
        b": ping\n\n",
        b" ",
        b": ",
        b"foo: bar\n",
        b"Data: no\n",
        b" data: no\n",
        b"a",
        b"0",
        b"\0",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b"\xbf",
        b"\xff",
        b"\xe2\x82",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x99",
        b"\xf4\x90\x80\x80",
    ),
    *("🙂".encode(), "\u2028".encode(), "\u0085".encode(), b"\x0b\x0c\x1c\x1d\x1e", b"\t", b"x" * 70_000),
]


def random_stream(rnd: random.Random) -> bytes:
    start = b"\xef\xbb\xbfdata" if rnd.random() < 0.1 else b""
    return start + b"".join(rnd.choices(PIECES, k=rnd.randrange(1, 40)))


def random_chunks(stream: bytes, rnd: random.Random) -> list[bytes]:
    if len(stream) < 300 and rnd.random() < 0.3:
        return [stream[at : at + 1] for at in range(len(stream))]
    cuts = sorted(rnd.randrange(len(stream) + 1) for _ in range(rnd.randrange(6)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def as_seen_by_a_page(chunks: list[bytes]) -> list[list[str]]:
    """Our frames in the page's words, without the names that it does not listen for."""
    parser = Parser()
    frames = [frame for chunk in chunks for frame in parser.feed(chunk)]
    events = [[frame.event or "message", frame.text, frame.id] for frame in frames]
    return [event for event in events if event[0] in {"message", *NAMES}]


def application(streams: list[list[bytes]], results: asyncio.Future[list[list[list[str]]]]) -> web.Application:
    async def page(_: web.Request) -> web.Response:
        names = "[" + ", ".join(f'"{name}"' for name in NAMES) + "]"
        text = PAGE.replace("NAMES", names).replace("COUNT", str(len(streams)))
        return web.Response(text=text, content_type="text/html")

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        for chunk in streams[int(request.match_info["number"])]:
            await response.write(chunk)
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    async def take_results(request: web.Request) -> web.Response:
        if not results.done():
            results.set_result(await request.json())
        return web.Response()

    app = web.Application(client_max_size=1 << 28)
    app.add_routes([web.get("/", page), web.get("/stream/{number}", stream), web.post("/results", take_results)])
    return app


async def seen_by_a_browser(streams: list[list[bytes]], folder: Path) -> list[list[list[str]]]:
    results: asyncio.Future[list[list[list[str]]]] = asyncio.get_running_loop().create_future()
    runner = web.AppRunner(application(streams, results), shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with browser(f"http://127.0.0.1:{port}/", folder / "profile") as process:
            exited = asyncio.ensure_future(process.wait())
            try:
                await asyncio.wait({results, exited}, timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            finally:
                exited.cancel()
    finally:
        await runner.cleanup()
    if not results.done():
        log = (folder / "browser.log").read_text("utf-8", "replace")
        pytest.fail(f"{BROWSER} did not report within {TIMEOUT:.0f} s, or died:\n{log[-2000:]}")
    return results.result()


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt-get install chromium")
def test_a_browser_dispatches_the_same_events(tmp_path: Path) -> None:
    """9.2.6 as a browser has it, on the conformance streams and on random ones."""
    rnd = random.Random(0x55E)  # noqa: S311 - the same streams every time
    fixed = [path.read_bytes() for path in sorted(CONFORMANCE.glob("*.sse"))]
    chunks = [random_chunks(stream, rnd) for stream in fixed]
    chunks += [random_chunks(random_stream(rnd), rnd) for _ in range(RANDOM_STREAMS)]
    expected = [as_seen_by_a_page(pieces) for pieces in chunks]
    assert sum(map(len, expected)) > 2 * len(chunks)  # the streams are worth it
    seen = asyncio.run(seen_by_a_browser(chunks, tmp_path))
    assert len(seen) == len(chunks)
    differing = [
        (pieces, ours, theirs) for pieces, ours, theirs in zip(chunks, expected, seen, strict=True) if ours != theirs
    ]
    assert differing == []
