"""The clients of the benchmark: so many streams at once, and of each event how long after it was sent it came."""

import asyncio
import re
import time

from msgspec import Struct

_STAMP = re.compile(rb'"text":"(\d{20})"')
_LONGEST_EVENT = 512
"""Bytes that are looked at again, where an event was cut."""
_REQUEST = (
    "POST /v1/workflows/run?events={events}&rate={rate}&after={after} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Authorization: Bearer app-0123456789abcdef\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
)


class Heard(Struct):
    """What clients heard."""

    latencies: list[float]
    """Milliseconds from sending to hearing, of each event."""
    lost: int
    """Events that did not come."""
    seconds: float


class Chunked:
    """Takes a body out of the chunks of HTTP."""

    def __init__(self) -> None:
        self.is_over = False
        self._left = 0
        """Bytes of the chunk that are still to come, with the line end behind it."""
        self._line = b""

    def feed(self, data: bytes) -> bytes:
        """Return what is in some bytes."""
        found = []
        while data and not self.is_over:
            if self._left:
                found.append(data[: max(self._left - 2, 0)])
                data, self._left = data[self._left :], max(self._left - len(data), 0)
            else:
                line, is_whole, rest = (self._line + data).partition(b"\r\n")
                self._line, data = (b"", rest) if is_whole else (line, b"")
                if is_whole:
                    size = int(line.partition(b";")[0], 16)
                    self._left, self.is_over = size + 2, size == 0
        return b"".join(found)


async def ask(port: int, *, streams: int, events: int, rate: float, spread: float = 0.0) -> Heard:
    """Ask for streams, all at once.

    Args:
        port: of this machine.
        streams: how many.
        events: of each.
        rate: events a second of each; 0 is as fast as possible.
        spread: seconds over which they begin, so that not all send at the same moment.
    """
    latencies: list[float] = []
    began = time.monotonic()
    await asyncio.gather(
        *(_one(port, events, rate, spread * (1 + number / streams), latencies) for number in range(streams))
    )
    return Heard(latencies, streams * events - len(latencies), time.monotonic() - began)


async def _one(port: int, events: int, rate: float, after: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(_REQUEST.format(events=events, rate=rate, after=after).encode())
    await reader.readuntil(b"\r\n\r\n")
    body, rest = Chunked(), b""
    while not body.is_over and (data := await reader.read(1 << 16)):
        now = time.monotonic_ns()
        rest += body.feed(data)
        end = 0
        for found in _STAMP.finditer(rest):
            latencies.append((now - int(found[1])) / 1e6)
            end = found.end()
        rest = rest[max(end, len(rest) - _LONGEST_EVENT) :]
    writer.close()
