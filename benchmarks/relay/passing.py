"""Relays that one would write with aiohttp, in a process of their own: bare, and with a tap beside each stream."""

import asyncio
import sys
from collections.abc import AsyncIterator

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from streamkit import GATEWAY, watch

_HEADERS = ("Authorization", "Content-Type")


class Relay:
    """Passes requests on to a server."""

    def __init__(self, upstream: str, *, is_tapped: bool) -> None:
        self._upstream = upstream
        self._is_tapped = is_tapped
        self._session: ClientSession

    async def prepare(self, _: web.Application) -> AsyncIterator[None]:
        """Open the session of an application, and close it in the end."""
        connector = TCPConnector(limit=0)
        async with ClientSession(connector=connector, timeout=ClientTimeout(total=None)) as self._session:
            yield

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with what the server answers."""
        headers = {name: request.headers[name] for name in _HEADERS}
        body = await request.read()
        async with self._session.post(self._upstream + request.path_qs, data=body, headers=headers) as upstream:
            response = web.StreamResponse(status=upstream.status, headers={"Content-Type": upstream.content_type})
            await response.prepare(request)
            chunks = upstream.content.iter_any()
            if self._is_tapped:
                chunks = watch(chunks, retention=GATEWAY)
            async for chunk in chunks:
                await response.write(chunk)
            return response


async def _serve(upstream: str, kind: str) -> None:
    relay, app = Relay(upstream, is_tapped=kind == "tap"), web.Application()
    app.cleanup_ctx.append(relay.prepare)
    app.router.add_post("/{path:.*}", relay.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
