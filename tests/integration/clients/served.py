"""What tests of clients share: a server of their own on loopback, whose answers they write."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SSE = {"Content-Type": "text/event-stream; charset=utf-8"}


class Served:
    """A server that runs: where it is, and what it was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.asked: list[tuple[str, str]] = []
        """Method and path of each request, in order."""
        self.url = ""
        self._peers: set[object] = set()
        self.runner: web.AppRunner | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self.runner.server.connections) if self.runner and self.runner.server else 0

    @property
    def accepted(self) -> int:
        """How many connections there were."""
        return len(self._peers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self._peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        self.asked.append((request.method, request.path))
        return await self.handler(request)

    def count(self, method: str) -> int:
        return sum(1 for asked, _ in self.asked if asked == method)


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Served]:
    """Serve every path with one handler."""
    served = Served(handler)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", served.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    served.runner = runner
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    served.url = f"http://{host}:{port}"
    try:
        yield served
    finally:
        await runner.cleanup()


async def streamed(request: web.Request, *chunks: bytes, **how: object) -> web.StreamResponse:
    """Send chunks, each on its own."""
    response = web.StreamResponse(headers=SSE, **how)
    await response.prepare(request)
    for chunk in chunks:
        await response.write(chunk)
    return response
