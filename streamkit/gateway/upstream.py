"""The server behind the proxy: requests go to it as they came, and nothing is added to them or followed for them."""

from collections.abc import AsyncIterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Final, Self

from aiohttp import (
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    TCPConnector,
    web,
)
from multidict import CIMultiDict
from yarl import URL

_ADDED_BY_THE_CLIENT: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_LONGEST_FIELD: Final = 64 * 1024
"""Bytes of a line of a response's head: cookies and policies are long."""
_SAFE_TO_REPEAT: Final = ("GET", "HEAD", "OPTIONS")


class Upstream:
    """Makes requests to one origin. As a context manager it closes its connections in the end."""

    def __init__(self, origin: URL, *, connect_seconds: float) -> None:
        """Prepare to connect.

        Args:
            origin: of the server.
            connect_seconds: how long a connection may take to be made. Nothing else has a limit: a node may be silent
                for minutes.
        """
        self._origin = str(origin.origin())
        self._timeout = ClientTimeout(total=None, sock_connect=connect_seconds)
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # A connection that is used again may have been closed just then. What can be repeated is; a run must not be,
        # so whatever is not safe has a connection of its own.
        self._kept = await self._closing.enter_async_context(self._session(TCPConnector(limit=0)))
        self._fresh = await self._closing.enter_async_context(self._session(TCPConnector(limit=0, force_close=True)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    def request(
        self, method: str, path: str, headers: CIMultiDict[str], body: AsyncIterable[bytes] | bytes | None = None
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Make a request; the response has its body as it came, compressed or not.

        Args:
            method: as it came.
            path: as it came, with the query: it is not normalised.
            headers: those that go from end to end.
            body: sent while it comes.
        """
        session = self._kept if method in _SAFE_TO_REPEAT else self._fresh
        return session.request(
            method,
            self.url(path),
            headers=_spelt_alike(headers),
            data=body,
            allow_redirects=False,
            skip_auto_headers=[name for name in _ADDED_BY_THE_CLIENT if name not in headers],
        )

    def connect(
        self, path: str, headers: CIMultiDict[str], protocols: list[str]
    ) -> AbstractAsyncContextManager[ClientWebSocketResponse]:
        """Open a WebSocket; it answers nothing by itself."""
        return self._fresh.ws_connect(
            self.url(path), headers=headers, protocols=protocols, autoclose=False, autoping=False, max_msg_size=0
        )

    def url(self, path: str) -> URL:
        """Return the URL of a path, letter by letter as it is."""
        return URL(self._origin + path, encoded=True)

    def _session(self, connector: TCPConnector) -> ClientSession:
        return ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),  # cookies are the client's
            auto_decompress=False,
            timeout=self._timeout,
            max_line_size=_LONGEST_FIELD,
            max_field_size=_LONGEST_FIELD,
        )


def target(request: web.BaseRequest) -> str:
    """Return what a request asks for: the path and the query, letter by letter.

    A client may name the origin as well, as if to a forward proxy; that is none of the upstream's.
    """
    path = request.raw_path
    return path if path.startswith("/") else URL(path, encoded=True).raw_path_qs


def _spelt_alike(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """Spell a name always as it is spelt first: of one that is spelt in two ways, aiohttp would send the last alone."""
    spelling: dict[str, str] = {}
    return CIMultiDict([(spelling.setdefault(name.lower(), name), value) for name, value in headers.items()])
