"""What a proxy tells those who run it, on a listener of its own: figures, runs that are open, and how it is itself.

Clients never reach it: it is another port, by default on loopback, and asks for a token. What was said in runs leaves
only if the proxy was started so; then it is masked like a recording.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from streamkit.gateway.amounts import seconds
from streamkit.gateway.listed import Bodies, rows
from streamkit.gateway.metrics import CONTENT_TYPE, Metrics
from streamkit.gateway.replayed import replayed, shown
from streamkit.gateway.tailing import Tails

_OPEN_TO_ALL: Final = ("/healthz", "/readyz")
"""Asked for by machines that have no token, and they tell nothing."""


class Admin:
    """Answers those who run a proxy."""

    def __init__(
        self,
        bodies: Bodies,
        metrics: Metrics,
        *,
        token: str,
        is_ready: Callable[[], bool],
        tails: Tails | None = None,
    ) -> None:
        """Prepare to answer.

        Args:
            bodies: those that are open, and some that ended.
            metrics: the figures.
            token: what a request must bear.
            is_ready: whether the proxy takes requests.
            tails: gives what was said in bodies; without it that stays where it is.
        """
        self._bodies = bodies
        self._metrics = metrics
        self._token = token
        self._is_ready = is_ready
        self._tails = tails

    def application(self) -> web.Application:
        """Return the application that is to be served."""
        app = web.Application(middlewares=[self._let_in])
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics_text)
        app.router.add_get("/runs", self._runs)
        app.router.add_get("/runs/{id}", self._run)
        app.router.add_get("/runs/{id}/stream", self._stream)
        return app

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who bears the token."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode("utf-8", "replace")
        if request.path not in _OPEN_TO_ALL and not hmac.compare_digest(given, self._token.encode()):
            return _refusal(401, "this needs the token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
        return await handler(request)

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n") if self._is_ready() else web.Response(status=503, text="going down\n")

    async def _metrics_text(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text().encode(), headers={"Content-Type": CONTENT_TYPE})

    async def _runs(self, request: web.Request) -> web.Response:
        stalled = request.query.get("stalled")
        if stalled is None:
            return _json({"runs": rows(self._bodies.all())})
        try:
            least = seconds(stalled)
        except ValueError as error:
            return _refusal(400, f"stalled: {error}")
        return _json({"runs": rows(body for body in self._bodies.open() if body.idle >= least)})

    async def _run(self, request: web.Request) -> web.Response:
        bodies = self._bodies.find(request.match_info["id"])
        if not bodies:
            return _refusal(404, "no such run is open, and none of those that ended last")
        if self._tails is None:
            state = shown(bodies[-1])
        else:
            await self._tails.catch_up()
            state = await replayed(bodies)
        return _json(state, mask=bodies[-1].secrets.text)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        bodies = self._bodies.find(request.match_info["id"])
        if self._tails is None:
            return _refusal(403, "this proxy was not started with --admin-content")
        if not bodies:
            return _refusal(404, "no such run is open, and none of those that ended last")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        async for piece in self._tails.follow(bodies[-1]):
            await response.write(piece)
        return response


def _json(value: Any, mask: Callable[[str], str] = str) -> web.Response:  # noqa: ANN401 - whatever msgspec encodes
    text = mask(msgspec.json.encode(value).decode())
    return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})


def _refusal(status: int, why: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode({"error": why})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
