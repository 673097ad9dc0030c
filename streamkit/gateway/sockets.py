"""WebSockets: a site has some, and they pass through, message by message, with their pings and their ends."""

import logging
from typing import Final

import anyio
from aiohttp import (
    ClientError,
    ClientWebSocketResponse,
    WSCloseCode,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from multidict import CIMultiDict

from streamkit.gateway.headers import end_to_end, has_word
from streamkit.gateway.origins import Origins
from streamkit.gateway.upstream import Upstream, target

_LOG = logging.getLogger("streamkit.proxy")
_HANDSHAKE: Final = (
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
)
"""What two neighbours agree on."""
_ENDS: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
_UNSAID: Final = (0, 1005, 1006)
"""What an end without a code is called here, or one without a word; that must not stand in a frame."""

Socket = web.WebSocketResponse | ClientWebSocketResponse


def is_upgrade(request: web.BaseRequest) -> bool:
    """Whether a request asks for a WebSocket."""
    return has_word(request.headers, "Connection", "upgrade") and has_word(request.headers, "Upgrade", "websocket")


async def pass_through(
    request: web.BaseRequest, upstream: Upstream, origins: Origins, *, keep_host: bool
) -> web.StreamResponse:
    """Connect a client with the upstream until one of them leaves.

    Args:
        request: asks for a WebSocket.
        upstream: the server.
        origins: what the site is called on both sides.
        keep_host: whether the server is told the host that the client asked for.
    """
    headers = _without_handshake(end_to_end(request.headers))
    if not keep_host:
        headers.popall("Host", None)
        origins.translate_request(headers)
    protocols = [
        word.strip() for value in request.headers.getall("Sec-WebSocket-Protocol", []) for word in value.split(",")
    ]
    try:
        async with upstream.connect(target(request), headers, protocols) as server:
            chosen = [server.protocol] if server.protocol else []
            client = web.WebSocketResponse(autoclose=False, autoping=False, protocols=chosen, max_msg_size=0)
            await client.prepare(request)
            try:
                await _connect(request, client, server)
            except BaseException:  # the client is gone, or this process goes down
                await server.close(code=WSCloseCode.GOING_AWAY)
                raise
            return client
    except WSServerHandshakeError as error:
        return web.Response(status=error.status, text="The server behind this proxy refused a WebSocket.\n")
    except (ClientError, OSError, TimeoutError) as error:
        _LOG.warning("the upstream opens no WebSocket: %s", type(error).__name__)
        return web.Response(status=502, text="The server behind this proxy does not answer.\n")


def _without_handshake(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    for name in _HANDSHAKE:
        headers.popall(name, None)
    return headers


async def _connect(request: web.BaseRequest, client: Socket, server: Socket) -> None:
    """Pass messages on, both ways, until one end leaves; then the other one hears how it left."""

    async def to_server() -> None:
        end = await _pump(client, server)
        if end.type is WSMsgType.CLOSE:
            await _close(client, server, end)
        elif end.type is not WSMsgType.CLOSING:
            await server.close(code=WSCloseCode.GOING_AWAY)

    async def to_client() -> None:
        end = await _pump(server, client)
        if end.type is WSMsgType.CLOSE:
            await _close(server, client, end)
        elif end.type is not WSMsgType.CLOSING and request.transport is not None:
            request.transport.abort()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(to_server)
        tasks.start_soon(to_client)


async def _pump(source: Socket, target: Socket) -> WSMessage:
    """Pass messages on until there is none; return how they ended: CLOSING if the other pump is at that already."""
    while (message := await source.receive()).type not in _ENDS:
        try:
            await _send(target, message)
        except ConnectionError:  # the other pump hears of that
            continue
    return message


async def _close(source: Socket, target: Socket, end: WSMessage) -> None:
    """Close the other end as this one was closed, and this one as the other one answers."""
    await target.close(code=_said(source.close_code), message=_reason(end))
    await source.close(code=_said(target.close_code))


async def _send(target: Socket, message: WSMessage) -> None:
    match message.type:
        case WSMsgType.TEXT:
            await target.send_str(message.data)
        case WSMsgType.BINARY:
            await target.send_bytes(message.data)
        case WSMsgType.PING:
            await target.ping(message.data)
        case WSMsgType.PONG:
            await target.pong(message.data)
        case _:  # a part of a message: aiohttp puts those together by itself
            pass


def _said(code: int | None) -> int:
    return WSCloseCode.OK if code is None or code in _UNSAID else code


def _reason(message: WSMessage) -> bytes:
    return message.extra.encode() if message.type is WSMsgType.CLOSE and isinstance(message.extra, str) else b""
