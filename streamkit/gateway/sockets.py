"""WebSockets: a site has some, and they pass through, message by message, with their pings and their ends."""

import logging
from typing import Final

import anyio
from aiohttp import (
    ClientError,
    ClientWebSocketResponse,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from multidict import CIMultiDict

from streamkit.gateway.headers import end_to_end, has_word
from streamkit.gateway.origins import Origins
from streamkit.gateway.upstream import Upstream

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
_NO_STATUS: Final = 1005
"""What a close without a code is called here; it must not stand in a frame."""

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
        async with upstream.connect(request.raw_path, headers, protocols) as server:
            chosen = [server.protocol] if server.protocol else []
            client = web.WebSocketResponse(autoclose=False, autoping=False, protocols=chosen, max_msg_size=0)
            await client.prepare(request)
            await _connect(client, server)
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


async def _connect(client: Socket, server: Socket) -> None:
    """Pass messages on, both ways, until one end closes."""
    async with anyio.create_task_group() as tasks:

        async def one_way(source: Socket, target: Socket) -> None:
            await _pump(source, target)
            tasks.cancel_scope.cancel()

        tasks.start_soon(one_way, client, server)
        tasks.start_soon(one_way, server, client)


async def _pump(source: Socket, target: Socket) -> None:
    while True:
        message = await source.receive()
        if message.type in _ENDS:
            code = source.close_code
            await target.close(code=code if code and code != _NO_STATUS else 1000, message=_reason(message))
            return
        try:
            await _send(target, message)
        except ConnectionResetError:
            return


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


def _reason(message: WSMessage) -> bytes:
    return message.extra.encode() if message.type is WSMsgType.CLOSE and isinstance(message.extra, str) else b""
