"""The peers, one small adapter each: chunks of bytes go in, the data of frames comes out.

Each has its best configuration: bytes are fed as the peer's own code feeds them, without HTTP and without an event
loop, limits are lifted, and text is decoded by the quickest decoder that the standard library has. Imports stand
inside, since each peer runs in a process of its own.
"""

import asyncio
import codecs
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

Chunks = list[bytes]
Found = Iterator[Any]
"""The data of each frame: text or bytes, or what the peer decoded by itself."""


class Peer(Struct, frozen=True):
    """One library."""

    frames: Callable[[Chunks], Found]
    distribution: str | None = None
    """What to ask for its version."""
    decodes: bool = False
    """Whether framing cannot be had without decoding JSON."""


def _decoded(chunks: Chunks) -> Iterator[str]:
    """Text as httpx's `iter_text` makes it."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    return (decode(chunk) for chunk in chunks)


def httpx_sse(chunks: Chunks) -> Found:
    """What `EventSource.iter_sse` does with the text of a response."""
    from httpx_sse._decoders import SSEDecoder, SSELineDecoder

    lines, events = SSELineDecoder(), SSEDecoder()
    for text in _decoded(chunks):
        for line in lines.decode(text):
            event = events.decode(line)
            if event is not None:
                yield event.data


def httpx2(chunks: Chunks) -> Found:
    """What iterating over `EventSource` does; its limit of 1 MiB for an event is lifted."""
    from httpx2._sse import _SSEParser

    parser = _SSEParser(max_event_size=None)
    for text in _decoded(chunks):
        for event in parser.decode(text):
            yield event.data


class _End(Exception):
    """The body ended, and the peer wants to connect again."""


def aiohttp_sse_client2(chunks: Chunks) -> Found:
    """`EventSource` over aiohttp's own `StreamReader`, which is driven by hand; its limit for a line is lifted."""
    from aiohttp.base_protocol import BaseProtocol
    from aiohttp.streams import StreamReader
    from aiohttp_sse_client2.client import EventSource

    def reconnect() -> None:
        raise _End

    class Response:
        status = 200

    loop = asyncio.new_event_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    reader = StreamReader(protocol, 2**30, loop=loop)
    source = EventSource("http://127.0.0.1", session=Response(), on_error=reconnect)
    source._response = Response()
    source._response.content = reader
    arriving = iter(chunks)
    with contextlib.closing(loop), contextlib.suppress(_End):
        while True:
            waiting = source.__anext__()
            try:
                while True:
                    waiting.send(None)  # comes back when the reader waits for bytes
                    chunk = next(arriving, None)
                    reader.feed_eof() if chunk is None else reader.feed_data(chunk)
            except StopIteration as done:
                yield done.value.data


def sseclient_py(chunks: Chunks) -> Found:
    """`SSEClient` over anything that yields chunks."""
    from sseclient import SSEClient

    for event in SSEClient(chunks).events():
        yield event.data


def launchdarkly(chunks: Chunks) -> Found:
    """What `SSEClient.events` does with a connection."""
    from ld_eventsource.actions import Event
    from ld_eventsource.reader import _BufferedLineReader, _SSEReader

    for event in _SSEReader(_BufferedLineReader.lines_from(chunks)).events_and_comments():
        if isinstance(event, Event):
            yield event.data


def openai(chunks: Chunks) -> Found:
    """The decoder of `Stream`, without its models."""
    from openai._streaming import SSEDecoder

    for event in SSEDecoder().iter_bytes(iter(chunks)):
        yield event.data


def langgraph(chunks: Chunks) -> Found:
    """The decoder of the client's streams. It decodes the JSON too, with orjson."""
    from langgraph_sdk.sse import BytesLineDecoder, SSEDecoder

    lines, events = BytesLineDecoder(), SSEDecoder()
    for chunk in chunks:
        for line in lines.decode(chunk):
            event = events.decode(line)
            if event is not None:
                yield event.data


def aiter_lines(chunks: Chunks) -> Found:
    """The loop that people write: httpx's `aiter_lines`, `startswith("data: ")`."""
    from httpx._decoders import LineDecoder

    lines = LineDecoder()
    for text in _decoded(chunks):
        for line in lines.decode(text):
            if line.startswith("data: "):
                yield line[6:]


LOOP: Final = "aiter_lines"
"""No library, and no parser of the standard: it sees one data line of a frame, no event types and no ids."""

PEERS: Final[Mapping[str, Peer]] = {
    "httpx-sse": Peer(httpx_sse, "httpx-sse"),
    "httpx2": Peer(httpx2, "httpx2"),
    "aiohttp-sse-client2": Peer(aiohttp_sse_client2, "aiohttp-sse-client2"),
    "sseclient-py": Peer(sseclient_py, "sseclient-py"),
    "launchdarkly": Peer(launchdarkly, "launchdarkly-eventsource"),
    "openai": Peer(openai, "openai"),
    "langgraph-sdk": Peer(langgraph, "langgraph-sdk", decodes=True),
    LOOP: Peer(aiter_lines, "httpx"),
}
"""The peers in Python."""
