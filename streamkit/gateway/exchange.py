"""One request on its way to the upstream, and its response on its way back.

Every chunk goes to the client first. Whatever is wrong with looking at it, the client does not notice; whatever the
upstream does, the client sees: an end, a break, nothing.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, Protocol

import anyio
from aiohttp import ClientError, ClientResponse, web
from multidict import CIMultiDict

from streamkit.gateway.asked import Kept, asked
from streamkit.gateway.body import Body, Ended
from streamkit.gateway.coding import is_known
from streamkit.gateway.headers import end_to_end
from streamkit.gateway.heads import Head
from streamkit.gateway.names import AppNames, is_info
from streamkit.gateway.naming import NameOnItsWay
from streamkit.gateway.origins import Origins
from streamkit.gateway.recognise import Route, recognise
from streamkit.gateway.settings import Settings
from streamkit.gateway.stopping import can_stop
from streamkit.gateway.upstream import Upstream, target

_LOG = logging.getLogger("streamkit.proxy")
_EVENT_STREAM: Final = "text/event-stream"
_BROKEN: Final = (ClientError, OSError, TimeoutError)
"""What a connection raises when it breaks, or is not made."""
_GONE: Final = ConnectionError
"""What writing raises when the client is gone; while it waits for a slow one, that is none of the finer kinds."""


class Site(Protocol):
    """What an exchange needs to know of the proxy that it is part of."""

    settings: Settings
    upstream: Upstream
    names: AppNames
    is_closing: bool

    def begin(self, route: Route | None, request: web.BaseRequest) -> Body | None:
        """Begin to observe a body; None if nothing is to be observed. Never raises, like what follows."""

    def answered(self, body: Body, head: Head) -> None:
        """Tell that the upstream has begun to answer."""

    def may_drain(self) -> bool:
        """Whether there is room for one more body that nobody wants."""

    def stop(self, body: Body, headers: CIMultiDict[str]) -> anyio.Event:
        """Have the run of a body stopped by the vendor; return what is set when that is done, or failed."""


class Answer(web.StreamResponse):
    """A response with the headers of the upstream's, and none of the server's own."""

    async def prepare(self, request: web.BaseRequest) -> object:  # type: ignore[override]
        """Send the head."""
        self._names = frozenset(name.lower() for name in self.headers)
        return await super().prepare(request)

    def drop_additions(self) -> None:
        """Take off what the server has added by itself."""
        for name in ("Server", "Content-Type"):
            if name.lower() not in self._names:
                self.headers.popall(name, None)


class Exchange:
    """One request and its response."""

    def __init__(self, site: Site, request: web.BaseRequest, origins: Origins) -> None:
        """Prepare to pass a request on.

        Args:
            site: the proxy.
            request: the request.
            origins: what the site is called on both sides.
        """
        self.done = anyio.Event()
        """Set when there is nothing more to do for the client."""
        self.response: web.StreamResponse | None = None
        """What the client was answered; it has its end only when the server is given it."""
        self._site = site
        self._request = request
        self._origins = origins
        self._scope = anyio.CancelScope()
        self._is_gone = False
        self._is_to_stop = False
        self._stopped: anyio.Event | None = None
        self._drained = 0
        self._body: Body | None = None
        self._why: Ended = "shutdown"
        """Why the body ends if it is cancelled."""

    # ---- from end to end

    async def run(self, on_close: Callable[[Body], None]) -> None:
        """Pass the request on, and the response back. Never raises.

        Args:
            on_close: told the body when it ended, if it was observed.
        """
        try:
            with self._scope:
                await self._pass()
                if self._stopped is not None:
                    await self._stopped.wait()  # what the vendor answered is told with the body
        except Exception as error:  # noqa: BLE001 - one exchange must not take the others along
            _LOG.error("an exchange failed: %s", type(error).__name__)
        finally:
            if self._why != "eof" and isinstance(self.response, Answer):
                self._cut()
            if self._body is not None:
                self._body.close(self._why)
                on_close(self._body)
            self.done.set()

    def shut_down(self) -> None:
        """End it now: the proxy goes down."""
        self._why = "shutdown"
        self._is_gone = True  # whatever becomes of the client now is our doing
        self._scope.cancel()

    def client_left(self) -> None:
        """Go on without the client, if what comes is worth it."""
        if self._is_gone or self.done.is_set():
            return
        self._is_gone = True
        body, settings = self._body, self._site.settings
        if body is not None:
            body.client_gone_at = datetime.now(UTC)
        self._why = "client-gone"
        wanted = body is not None and body.is_run and not body.run.settled and settings.on_client_gone != "close"
        if body is None or not wanted or not self._site.may_drain():
            self._scope.cancel()
            return
        self._why = "drain-limit"
        self._scope.deadline = anyio.current_time() + settings.drain.seconds
        self._is_to_stop = settings.on_client_gone == "stop"
        self._stop(body)

    def _stop(self, body: Body) -> None:
        """Have the run stopped, if that is wanted, once its first frames have told its task."""
        if self._is_to_stop and can_stop(body):
            self._is_to_stop = False
            self._stopped = self._site.stop(body, self._request_headers(is_run=False))

    @property
    def is_drained(self) -> bool:
        """Whether it goes on without its client."""
        return self._is_gone and not self.done.is_set()

    async def _pass(self) -> None:
        request = self._request
        route = recognise(request.method, request.path)
        kept = Kept(request.content.iter_any()) if request.body_exists else None
        if route is not None:
            self._body = self._site.begin(route, request)
        try:
            async with self._site.upstream.request(
                request.method, target(request), self._request_headers(is_run=route is not None), kept
            ) as answer:
                self._look_at_head(answer, kept)
                await self._head(answer)
                await self._stream(answer)
        except _BROKEN as error:
            if kept is not None and not kept.is_whole and self._is_gone:
                self._why = "client-gone"  # before it had said what it wanted
                return
            self._why = "upstream-broke"
            if self.response is None and not self._is_gone:
                _LOG.warning("the upstream does not answer: %s", type(error).__name__)
                self.response = web.Response(status=502, text="The server behind this proxy does not answer.\n")

    async def _head(self, answer: ClientResponse) -> None:
        headers = end_to_end(answer.headers)
        self._origins.translate_response(headers)
        response = Answer(status=answer.status, reason=answer.reason, headers=headers)
        if self._is_gone:
            return
        if self._site.is_closing:
            response.force_close()
        try:
            await response.prepare(self._request)
            self.response = response
        except _GONE:
            self.client_left()

    async def _stream(self, answer: ClientResponse) -> None:
        """Pass the body on: to the client first, and as fast as it takes it."""
        body, response, name = self._body, self.response, self._name_on_its_way(answer)
        async for chunk in answer.content.iter_any():
            if not self._is_gone and response is not None:
                try:
                    await response.write(chunk)
                except _GONE:
                    self.client_left()
            if body is not None:
                body.take(chunk)
            elif name is not None:
                name.take(chunk)
            if self._is_gone and self._is_enough(body, len(chunk)):
                return
        self._why = "eof"
        if name is not None:
            name.close()

    def _is_enough(self, body: Body | None, size: int) -> bool:
        """Whether nobody needs more of what a client left behind."""
        self._drained += size
        if self._drained > self._site.settings.drain.bytes:
            return True
        if body is not None and body.run.settled:
            self._why = "client-gone"
            return True
        if body is not None:
            self._stop(body)
        return False

    def _cut(self) -> None:
        """Break the response off, as the upstream did: what was sent arrives, its end does not."""
        if self._request.transport is not None:
            self._request.transport.close()

    # ---- what is said around bodies

    def _request_headers(self, *, is_run: bool) -> CIMultiDict[str]:
        headers = end_to_end(self._request.headers)
        headers.popall("Expect", None)  # our server has answered that
        if not self._site.settings.keep_host:
            headers.popall("Host", None)
            self._origins.translate_request(headers)
        if is_run and "Accept-Encoding" in headers:
            headers["Accept-Encoding"] = _readable(headers["Accept-Encoding"])
        return headers

    def _look_at_head(self, answer: ClientResponse, kept: Kept | None) -> None:
        if self._body is None and _EVENT_STREAM in answer.headers.get("Content-Type", ""):
            self._body = self._site.begin(None, self._request)
        body, request = self._body, self._request
        if body is not None:
            content = kept.body if kept is not None else None
            body.asked = asked(request.headers, content, answer.headers)
            head = Head(
                request.method,
                target(request),
                tuple(request.headers.items()),
                content,
                answer.status,
                tuple(answer.headers.items()),
            )
            body.answered(answer.status, answer.headers.get("Content-Encoding"))
            self._site.answered(body, head)

    def _name_on_its_way(self, answer: ClientResponse) -> NameOnItsWay | None:
        """Return what learns the name of an app, if the response tells it."""
        if self._body is not None or answer.status != HTTPStatus.OK or not is_info(*self._asked_for):
            return None
        return NameOnItsWay(self._site.names, asked(self._request.headers).key, answer.headers.get("Content-Encoding"))

    @property
    def _asked_for(self) -> tuple[str, str]:
        return self._request.method, self._request.path


def _readable(codings: str) -> str:
    """Return those of the codings that a client takes which we can read as well: the body of a run is looked at."""
    kept = [coding for coding in codings.split(",") if is_known(coding.partition(";")[0])]
    return ",".join(kept).strip() or "identity"
