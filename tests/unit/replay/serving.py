"""What tests of the replay server share: a server with a client, and recordings to play."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from streamkit.recording import Chunk, Exchange, Header, Recording, Request, Response, Source
from streamkit.replay import ReplayServer

FIXTURES = Path(__file__).parents[3] / "fixtures"
DIFY = FIXTURES / "dify"
RAGFLOW = FIXTURES / "ragflow"
STREAM = {"inputs": {}, "user": "u", "response_mode": "streaming"}


class Client:
    """Talks to a server, as an application under test would."""

    def __init__(self, server: ReplayServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    def post(self, path: str, body: Any = None, key: str = "", **how: Any):
        headers = how.pop("headers", {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        return self._session.post(self.server.url + path, json=STREAM if body is None else body, headers=headers, **how)

    def get(self, path: str, key: str = "", **how: Any):
        return self._session.get(
            self.server.url + path, headers={"Authorization": f"Bearer {key}"} if key else {}, **how
        )

    def request(self, method: str, path: str, **how: Any):
        return self._session.request(method, self.server.url + path, **how)

    async def body(self, path: str, body: Any = None, key: str = "") -> bytes:
        async with self.post(path, body, key) as answer:
            return await answer.read()

    async def told(self, path: str, body: Any = None, key: str = "") -> Any:
        async with self.post(path, body, key) as answer:
            return await answer.json()

    async def read(self, path: str, key: str = "") -> Any:
        async with self.get(path, key) as answer:
            return await answer.json()


@asynccontextmanager
async def serving(*recordings: Path | Recording, **how: Any) -> AsyncIterator[Client]:
    """A server that plays these, and a client of it."""
    server = ReplayServer(recordings, **how)
    async with server.run(), aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield Client(server, session)


def frame(event: str, **fields: Any) -> bytes:
    """One frame of Dify's."""
    return b"data: " + json.dumps({"event": event, **fields}).encode() + b"\n\n"


def chat(answer: str, conversation: str = "", number: int = 1) -> bytes:
    """The body of a chat of Dify's."""
    ids = {"task_id": f"task-{number}", "message_id": f"message-{number}", "conversation_id": conversation}
    said = frame("message", **ids, created_at=1_700_000_000, id=f"message-{number}", answer=answer)
    return said + frame("message_end", **ids, created_at=1_700_000_000, id=f"message-{number}", metadata={}, files=None)


def recorded(
    *bodies: bytes,
    request: Any = None,
    url: str = "/v1/chat-messages",
    method: str = "POST",
    times: tuple[float, ...] = (),
    exchanges: tuple[Exchange, ...] = (),
    response: Response | None = None,
) -> Recording:
    """A recording with what was asked; each body is a chunk."""
    chunks = [Chunk(times[at] if times else 0.0, body) for at, body in enumerate(bodies)]
    header = Header(
        source=Source("dify", method, f"https://dify.example{url}"),
        request=Request(body=request),
        response=response or Response(),
        is_timed=bool(times),
    )
    return Recording(chunks, header, list(exchanges))


def exchange(method: str, url: str, told: Any, status: int = 200, asked: Any = None) -> Exchange:
    """A small exchange, as it is recorded beside a body."""
    return Exchange(Request(method=method, url=url, body=asked), Response(status=status, body=told))
