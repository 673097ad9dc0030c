"""How the name of an app is learnt: from an `/info` that passes, or from one that is asked for."""

from http import HTTPStatus
from typing import Final

import anyio
from aiohttp import ClientError
from multidict import CIMultiDict

from streamkit.gateway.coding import UnknownCoding, decoder
from streamkit.gateway.names import AppNames
from streamkit.gateway.upstream import Upstream

_LONGEST: Final = 64 * 1024
_PATIENCE: Final = 10.0
"""Seconds in which a server has to tell a name."""


class NameOnItsWay:
    """Collects an answer of `/info` while it passes."""

    def __init__(self, names: AppNames, key: str | None, coding: str | None) -> None:
        """Begin to collect.

        Args:
            names: what learns it.
            key: the fingerprint of the key that was asked with.
            coding: the content coding of the answer.
        """
        self._names = names
        self._key = key
        self._coding = coding
        self._chunks: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._size += len(chunk)
        if self._size <= _LONGEST:
            self._chunks.append(chunk)

    def close(self) -> None:
        """Learn from what came."""
        if self._key is None or self._size > _LONGEST:
            return
        try:
            decode = decoder(self._coding)
            self._names.learn(self._key, b"".join(piece for chunk in self._chunks for piece in decode(chunk)))
        except UnknownCoding:
            pass
        except Exception:  # noqa: BLE001, S110 - what a coding library raises; it was passed on, and that is all
            pass


async def ask_for_name(upstream: Upstream, names: AppNames, key: str, authorization: str, path: str) -> None:
    """Ask for the name of an app, with the key of a client. Whatever goes wrong, it stays without one.

    Args:
        upstream: the server.
        names: what learns it.
        key: the fingerprint of the key.
        authorization: the header that has it.
        path: of `/info`.
    """
    headers = CIMultiDict({"Authorization": authorization, "Accept": "application/json"})
    try:
        with anyio.fail_after(_PATIENCE):
            async with upstream.request("GET", path, headers) as answer:
                if answer.status == HTTPStatus.OK:
                    name = NameOnItsWay(names, key, answer.headers.get("Content-Encoding"))
                    async for chunk in answer.content.iter_any():
                        name.take(chunk)
                    name.close()
    except (ClientError, OSError, TimeoutError):
        return
