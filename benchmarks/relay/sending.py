"""The server of the benchmark, in a process of its own: `POST /v1/workflows/run?events=N&rate=R&after=S`.

It sends a run of one node that writes so many tokens, R a second, beginning S seconds after the request; with R = 0 as
fast as they are taken. A token is when it was sent, in nanoseconds of the clock that all processes of the machine share.
Plain asyncio, so that it costs little beside what is measured.
"""

import asyncio
import contextlib
import re
import time
from urllib.parse import parse_qs

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
_RUN = b'"workflow_run_id":"5f3c0f6e-6a55-4b4c-9d6e-%012d","task_id":"0d8c3a51-7f0f-4f63-8d7d-%012d"'
_STARTED = (
    b'data: {"event":"workflow_started",%b,"data":{"id":"r","workflow_id":"w","inputs":{},"created_at":1776000000}}\n\n'
)
_NODE = b'"id":"e","node_id":"1775628341312","node_type":"llm","title":"LLM","index":1,"created_at":1776000000'
_NODE_STARTED = b'data: {"event":"node_started",%b,"data":{' + _NODE + b"}}\n\n"
_NODE_FINISHED = (
    b'data: {"event":"node_finished",%b,"data":{' + _NODE + b',"status":"succeeded","elapsed_time":5.0}}\n\n'
)
_CHUNK = b'data: {"event":"text_chunk",%b,"data":{"text":"%b","from_variable_selector":["1775628341312","text"]}}\n\n'
_FINISHED = (
    b'data: {"event":"workflow_finished",%b,"data":{"id":"r","workflow_id":"w","status":"succeeded","outputs":{}}}\n\n'
)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_AT_ONCE = 64


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(run: bytes) -> bytes:
    return _CHUNK % (run, b"%020d" % time.monotonic_ns())


class Server:
    """Sends runs."""

    def __init__(self) -> None:
        self._runs = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._skip_body(head, reader)
                await self._send(head, writer)
        writer.close()

    async def _skip_body(self, head: bytes, reader: asyncio.StreamReader) -> None:
        length = _LENGTH.search(head)
        if length is not None:
            await reader.readexactly(int(length[1]))
        elif b"chunked" in head.lower():
            await reader.readuntil(b"0\r\n\r\n")

    async def _send(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        query = parse_qs(head.split(b" ", 2)[1].decode().partition("?")[2])
        events, rate, after = (float(query[name][0]) for name in ("events", "rate", "after"))
        self._runs += 1
        run = _RUN % (self._runs, self._runs)
        writer.write(_HEAD + _http_chunk(_STARTED % run + _NODE_STARTED % run))
        if rate:
            await self._paced(run, int(events), rate, after, writer)
        else:
            await self._at_full_speed(run, int(events), writer)
        writer.write(_http_chunk(_NODE_FINISHED % run + _FINISHED % run) + b"0\r\n\r\n")
        await writer.drain()

    async def _paced(self, run: bytes, events: int, rate: float, after: float, writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        begin = clock() + after
        for number in range(events):
            await asyncio.sleep(max(begin + number / rate - clock(), 0))
            writer.write(_http_chunk(_event(run)))

    async def _at_full_speed(self, run: bytes, events: int, writer: asyncio.StreamWriter) -> None:
        for start in range(0, events, _AT_ONCE):
            writer.write(b"".join(_http_chunk(_event(run)) for _ in range(min(_AT_ONCE, events - start))))
            await writer.drain()


async def _serve() -> None:
    server = await asyncio.start_server(Server().answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
