"""A connection to one server: requests with its key and limits, and exceptions of ours where it cannot be had.

Rule 1: a POST is sent once, whatever becomes of it. Nothing here repeats a request, or follows it elsewhere.
Rule 2: no key leaves but in its header. Exceptions of aiohttp hold headers, so none is passed on or chained.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import anyio
import msgspec

from streamkit.clients.address import proxy_of, url_of
from streamkit.clients.answer import Received
from streamkit.clients.operation import Call
from streamkit.clients.patience import Patience
from streamkit.clients.secret import Secret
from streamkit.clients.upload import form_of
from streamkit.errors import Interrupted, Unreachable

ANY: Final = "application/json, */*;q=0.5"
STREAM: Final = "text/event-stream"
_KEEP_ALIVE: Final = 2.0
"""Seconds that an idle connection is kept: servers close theirs after a few, and a POST on a closed one is lost."""
_SENT_WITH_STREAMS: Final = {"Accept-Encoding": "identity", "Cache-Control": "no-store"}
"""Compressed streams are held back until a block is full."""

OnExchange = Callable[[Call, Received, str], object]
"""Is told each small request with its answer, and its address."""


class Connection:
    """Requests to one server. As a context manager it lives for the block."""

    def __init__(
        self, base: str, key: Secret | None, patience: Patience, session: aiohttp.ClientSession | None = None
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            base: what stands before all paths.
            key: is sent as a bearer token.
            patience: limits.
            session: one of the caller's, who closes it; by default an own one.
        """
        self.base = base
        self.patience = patience
        self.key = key
        self.on_exchange: OnExchange | None = None
        """Is told what is asked beside streams: for recordings."""
        self._session = session
        self._is_own = session is None

    def __repr__(self) -> str:
        return f"<Connection {self.base}>"

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=_KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_own and self._session is not None:
            session, self._session = self._session, None
            with anyio.CancelScope(shield=True):
                await session.close()

    @property
    def host(self) -> str:
        """The server, with its port."""
        return self.base.split("/")[2]

    async def fetch(self, call: Call, *, limit: float | None = None) -> Received:
        """Send a request, and read its answer to the end.

        Args:
            call: the request.
            limit: seconds for all of it; by default as the patience says.

        Raises:
            Unreachable: there is no connection.
            Interrupted: it broke, or took too long.
            OSError: a file to send cannot be read.
        """
        seen = 0
        with self._translated(lambda: seen), anyio.fail_after(limit or self.patience.answer):
            async with self._sent(call, {"Accept": ANY}) as response:
                pieces = []
                async for piece in response.content.iter_any():
                    pieces.append(piece)
                    seen += len(piece)
        received = Received(response.status, response.headers.get("Content-Type", ""), b"".join(pieces), self.key)
        received = received.without_key()
        if self.on_exchange is not None:
            self.on_exchange(call, received, str(url_of(self.base, call.path, call.query)))
        return received

    async def open(self, call: Call) -> aiohttp.ClientResponse:
        """Send a request whose answer is a stream, and return it when its head is there. Whoever has it closes it.

        Raises:
            Unreachable: there is no connection.
            Interrupted: it broke, or took too long.
            OSError: a file to send cannot be read.
        """
        with self._translated(lambda: 0), anyio.fail_after(self.patience.answer), ExitStack() as files:
            return await self._request(call, {"Accept": STREAM, **_SENT_WITH_STREAMS}, files)

    @asynccontextmanager
    async def _sent(self, call: Call, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        with ExitStack() as files:
            response = await self._request(call, headers, files)
            try:
                yield response
            finally:
                response.close()

    async def _request(self, call: Call, headers: dict[str, str], files: ExitStack) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the client is closed: use it as `async with …Client(…) as client`")
        content: dict[str, Any] = {}
        headers |= call.headers
        if call.uploads:
            content["data"] = form_of(dict(call.fields), list(call.uploads), files)
        elif call.body is not None:
            content["data"] = msgspec.json.encode(call.body)
            headers |= {"Content-Type": "application/json"}
        if self.key is not None:
            headers |= {"Authorization": f"Bearer {self.key.reveal()}"}
        return await self._session.request(
            call.method,
            url_of(self.base, call.path, call.query),
            headers=headers,
            allow_redirects=call.method == "GET",
            proxy=proxy_of(self.base),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.patience.connect),
            **content,
        )

    @contextmanager
    def _translated(self, seen: Callable[[], int]) -> Iterator[None]:
        """Raise our exceptions in the place of those of the network."""
        began = anyio.current_time()
        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(self.host, reason_of(error)) from None
        except TimeoutError:
            raise Interrupted(anyio.current_time() - began, seen(), "no answer in time") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Interrupted(anyio.current_time() - began, seen(), reason_of(error)) from None


def reason_of(error: Exception) -> str:
    """Return what broke a connection, in a few words and without an address: addresses may have secrets in them."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "no such host"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no trusted certificate"
    if isinstance(error, aiohttp.ClientConnectorError):
        return (os.strerror(error.errno) if error.errno else "no connection").lower()
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the body ended in the middle"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the server closed the connection"
