"""Real servers on loopback: an upstream of a test's own, and a proxy before it."""

import asyncio
import random
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from yarl import URL

from streamkit.gateway.proxy import Proxy
from streamkit.gateway.server import Address, listening
from streamkit.gateway.settings import Settings

FIXTURES = Path(__file__).parents[3] / "fixtures"
ANYWHERE = Address("127.0.0.1", 0)
STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}


def recording(name):
    return (FIXTURES / f"{name}.sse").read_bytes()


def in_pieces(body, seed):
    """Chunks of all sizes: single bytes, a frame and a half, all the rest."""
    chance = random.Random(seed)  # noqa: S311
    while body:
        size = chance.choice([1, 2, 3, 50, 700, 5000])
        yield body[:size]
        body = body[size:]


@asynccontextmanager
async def serving(handler):
    """A server whose every request goes to one handler; yields its URL."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:(?s:.*)}", handler)
    async with listening(app, ANYWHERE) as server:
        yield f"http://{server.address}"


class Seen:
    """A listener that keeps what it is told."""

    def __init__(self):
        self.began = []
        self.ended = []

    def body_began(self, body):
        self.began.append(body)

    def body_answered(self, body, head):
        pass

    def body_ended(self, body):
        self.ended.append(body)

    @property
    def body(self):
        (body,) = self.ended
        return body


class Before:
    """A proxy before a server."""

    def __init__(self, url, proxy, seen):
        self.url = url
        self.proxy = proxy
        self.seen = seen


@asynccontextmanager
async def proxied(upstream, *listeners, **settings):
    """A proxy before an upstream."""
    seen = Seen()
    async with (
        Proxy(Settings(upstream=URL(upstream), **settings), listeners=(seen, *listeners)) as proxy,
        listening(proxy.application(), ANYWHERE) as server,
    ):
        yield Before(f"http://{server.address}", proxy, seen)


@asynccontextmanager
async def standing(handler, *listeners, **settings):
    """A server, and a proxy before it."""
    async with serving(handler) as upstream, proxied(upstream, *listeners, **settings) as before:
        before.upstream = upstream
        yield before


async def until(condition):
    """Wait until something is so that nobody tells."""
    while not condition():  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.005)
