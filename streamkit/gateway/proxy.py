"""A transparent reverse proxy that watches: the whole site passes, and of each run it is known how it goes.

A `Proxy` handles requests; whoever wants to know of runs is one of its listeners. Sockets and signals are `server`'s.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Final, Protocol, Self

import anyio
from aiohttp import web
from anyio.abc import TaskGroup
from multidict import CIMultiDict

from streamkit.gateway.asked import asked, secret_values
from streamkit.gateway.body import Body
from streamkit.gateway.exchange import Answer, Exchange
from streamkit.gateway.heads import Head
from streamkit.gateway.names import AppNames
from streamkit.gateway.naming import ask_for_name
from streamkit.gateway.observer import is_disabled, place_of
from streamkit.gateway.origins import origins_of
from streamkit.gateway.recognise import Route
from streamkit.gateway.settings import Settings
from streamkit.gateway.sockets import is_upgrade, pass_through
from streamkit.gateway.stopping import stop
from streamkit.gateway.store import Store
from streamkit.gateway.upstream import Upstream

_LOG = logging.getLogger("streamkit.proxy")
_HANDLE_BYTES: Final = 5


class Listener(Protocol):
    """Is told of bodies. It must not block; what it raises is counted, and goes no further."""

    def body_began(self, body: Body) -> None:
        """A body that may be of a run begins; it may be given copies."""

    def body_answered(self, body: Body, head: Head) -> None:
        """The upstream has begun to answer."""

    def body_ended(self, body: Body) -> None:
        """It ended, and its run is concluded as far as this body goes."""


class Proxy:
    """Passes requests on to an upstream. Nothing outlives its `async with`."""

    def __init__(
        self, settings: Settings, *, listeners: tuple[Listener, ...] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare.

        Args:
            settings: where the upstream is, and how what passes is treated.
            listeners: are told of bodies, in this order.
            clock: gives seconds on one monotonic clock.
        """
        self.settings = settings
        self.upstream = Upstream(settings.upstream, connect_seconds=settings.connect_seconds)
        self.store = Store()
        self.names = AppNames(settings.apps)
        self.open: dict[str, Body] = {}
        """Bodies that may be of a run and have not ended, by their handle."""
        self.is_closing = False
        """Whether it goes down: connections are not used again."""
        self._listeners = listeners
        self._clock = clock
        self._exchanges: set[Exchange] = set()
        self._tasks: TaskGroup
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._closing.enter_async_context(self.upstream)
        self._tasks = await anyio.create_task_group().__aenter__()
        # Not told of an error: none is a task's, and a group would wrap it.
        self._closing.push_async_callback(self._tasks.__aexit__, None, None, None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.shut_down()
        await self._closing.aclose()

    def application(self) -> web.Application:
        """Return an application of aiohttp whose every request is handled here; serve it with `RUNNER`'s options."""
        app = web.Application()
        app.router.add_route("*", "/{path:(?s:.*)}", self.handle)  # a path may have a line feed in it, encoded
        app.on_response_prepare.append(_drop_additions)
        return app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request with what the upstream answers."""
        if not self.settings.allows(request.path):
            return web.Response(status=403, text="This path is not served here.\n")
        origins = origins_of(request.headers, request.scheme, self.settings.upstream)
        if is_upgrade(request):
            return await pass_through(request, self.upstream, origins, keep_host=self.settings.keep_host)
        exchange = Exchange(self, request, origins)
        self._exchanges.add(exchange)
        self._tasks.start_soon(self._run, exchange)  # it may outlive its client, so it is no part of this task
        try:
            await exchange.done.wait()
        except BaseException:
            exchange.client_left()
            raise
        return exchange.response or web.Response(status=502)

    @property
    def passing(self) -> int:
        """How many requests are not answered to their end."""
        return len(self._exchanges)

    @property
    def drained(self) -> int:
        """How many bodies go on without their clients."""
        return sum(exchange.is_drained for exchange in self._exchanges)

    async def finish(self) -> None:
        """Wait until nothing passes any more; connections are not used again."""
        self.is_closing = True
        while self._exchanges:
            await next(iter(self._exchanges)).done.wait()

    async def shut_down(self) -> None:
        """End now whatever passes."""
        for exchange in self._exchanges:
            exchange.shut_down()
        await self.finish()

    # ---- what an exchange needs

    def begin(self, route: Route | None, request: web.BaseRequest) -> Body | None:
        """Begin to observe a body; None if nothing is to be observed."""
        if is_disabled():
            return None
        try:
            body = self._observed(route, request)
        except Exception as error:  # noqa: BLE001 - observing must not break what is observed
            _LOG.warning("could not observe a body, which is passed on: %s", place_of(error))
            return None
        self.open[body.handle] = body
        _tell(body, [listener.body_began for listener in self._listeners])
        return body

    def answered(self, body: Body, head: Head) -> None:
        """Tell that the upstream has begun to answer."""
        if self.settings.asks_for_names:
            self._ask_for_name(body, head)
        _tell(body, [partial(listener.body_answered, head=head) for listener in self._listeners])

    def may_drain(self) -> bool:
        """Whether there is room for one more body that nobody wants."""
        return self.drained <= self.settings.drain.count

    def stop(self, body: Body, headers: CIMultiDict[str]) -> anyio.Event:
        """Have the run of a body stopped by the vendor; return what is set when that is done, or failed."""
        done = anyio.Event()

        async def stop_and_tell() -> None:
            try:
                await stop(self.upstream, body, headers)
            finally:
                done.set()

        self._tasks.start_soon(stop_and_tell)
        return done

    async def _run(self, exchange: Exchange) -> None:
        try:
            await exchange.run(self._ended)
        finally:
            self._exchanges.discard(exchange)

    def _ended(self, body: Body) -> None:
        self.open.pop(body.handle, None)
        _tell(body, [listener.body_ended for listener in self._listeners])

    def _observed(self, route: Route | None, request: web.BaseRequest) -> Body:
        return Body(
            secrets.token_hex(_HANDLE_BYTES),
            route=route,
            asked=asked(request.headers),
            clock=self._clock,
            dialect=self.settings.dialect,
            store=self.store,
            names=self.names,
            secret_values=secret_values(request.headers, request.query_string),
            is_shadow=self._is_open(route),
        )

    def _ask_for_name(self, body: Body, head: Head) -> None:
        key, path = body.asked.key, self.names.question(body.route, body.asked, head.url)
        if key is not None and path is not None:
            authorization = CIMultiDict(head.request_headers).get("Authorization", "")
            self._tasks.start_soon(ask_for_name, self.upstream, self.names, key, authorization, path)

    def _is_open(self, route: Route | None) -> bool:
        """Whether a run that is asked for by its name is being watched already, in another body."""
        if route is None or route.run_id is None:
            return False
        return any(body.run.id == route.run_id for body in self.open.values())


def _tell(body: Body, listeners: Iterable[Callable[[Body], None]]) -> None:
    """Tell listeners of a body; what is wrong with one touches neither the others nor the stream."""
    for listener in listeners:
        try:
            listener(body)
        except Exception as error:  # noqa: BLE001 - see `begin`
            body.failed(error)


async def _drop_additions(_request: web.Request, response: web.StreamResponse) -> None:
    if isinstance(response, Answer):
        response.drop_additions()
