"""A response body as it comes, chunk by chunk; and whether it is a stream at all.

Servers and proxies call streams many things, and errors come as 200. So the content type is asked first (by "contains",
as RAGFlow sends it twice), and where it does not settle it, the first bytes.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import anyio
from aiohttp import ClientError, ClientResponse

from streamkit.clients.answer import Received
from streamkit.clients.operation import Call
from streamkit.clients.secret import Hiding, Secret
from streamkit.errors import NotAnEventStream, Refused

_LARGEST_REFUSAL: Final = 1024 * 1024
_OK: Final = 300
_FIELDS: Final = (b"data", b"event", b"id", b"retry", b":")
"""How the lines of an event stream begin."""

Refusal = Callable[[Received], Refused | None]
"""Returns the exception that an answer means, if it is a refusal."""


class Body:
    """A body that is read once, without the key that it was asked for with."""

    def __init__(
        self,
        call: Call,
        response: ClientResponse,
        chunks: AsyncIterator[bytes],
        head: bytes = b"",
        key: Secret | None = None,
    ) -> None:
        self.call = call
        """What was asked."""
        self._response = response
        self._chunks = chunks
        self._head = head
        self._hiding = Hiding(key)

    @property
    def status(self) -> int:
        """The status of the response."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response."""
        return self._response.headers

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers of the request, the key among them."""
        return self._response.request_info.headers

    @property
    def url(self) -> str:
        """Where it was asked for."""
        return str(self._response.url)

    async def read(self) -> bytes:
        """Return what came since the last call, at least one byte; none at the end.

        Raises:
            aiohttp.ClientError: it broke off.
            OSError: so did the network.
        """
        try:
            while piece := await self._piece():
                if told := self._hiding.feed(piece):
                    return told
        except (ClientError, OSError):
            if rest := self._hiding.close():
                return rest  # it came before the break, which the next call raises again
            raise
        return self._hiding.close()

    async def _piece(self) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return await anext(self._chunks, b"")

    def close(self) -> None:
        """Close the connection, whatever is still to come."""
        self._response.close()


async def body_of(
    call: Call, response: ClientResponse, refusal: Refusal, limit: float, key: Secret | None = None
) -> Body:
    """Return the body of a response that is to be a stream. A response that is none is closed.

    Args:
        call: what was asked.
        response: its head is there.
        refusal: how the vendor says no.
        limit: seconds for the first bytes, where they must tell what it is.
        key: what was asked with: no exception repeats it.

    Raises:
        Refused: the server said no.
        NotAnEventStream: it is something else.
        TimeoutError: its first bytes did not come.
        aiohttp.ClientError: it broke off before one could tell.
    """
    try:
        chunks = aiter(response.content.iter_any())
        content_type = response.headers.get("Content-Type", "").lower()
        if response.status < _OK and "text/event-stream" in content_type:
            return Body(call, response, chunks, key=key)
        with anyio.fail_after(limit):
            head = await anext(chunks, b"")
            if response.status < _OK and head.lstrip().startswith(_FIELDS):
                return Body(call, response, chunks, head, key)
            received = Received(response.status, content_type, await _rest(head, chunks), key)
        refused = refusal(received)
        if refused is not None:
            raise refused
        if received.is_json and received.body:  # a blocking answer: a run in one document
            return Body(call, response, chunks, received.body, key)
        raise NotAnEventStream(received.status, received.content_type, received.start)
    except BaseException:
        response.close()
        raise


async def _rest(head: bytes, chunks: AsyncIterator[bytes]) -> bytes:
    """Return a small body whole, and the beginning of a large one."""
    pieces, size = [head], len(head)
    async for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size > _LARGEST_REFUSAL:
            break
    return b"".join(pieces)
