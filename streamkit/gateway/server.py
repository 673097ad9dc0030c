"""Sockets for a proxy: where it listens, and how it goes down without cutting streams off."""

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiohttp import web

_LONGEST_FIELD: Final = 64 * 1024
"""Bytes of a line of a request's head: cookies are long."""


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """A log for a server that would put the bytes it could not read into its messages, with keys and all."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:  # noqa: ANN401
        """Log what kind of error it was."""
        error = sys.exc_info()[0]
        self.logger.log(level, "a request could not be answered: %s", error.__name__ if error else "unknown")


_RUNNER: Final[dict[str, Any]] = {  # Any: aiohttp's own settings
    "access_log": None,
    "logger": _Discreet(logging.getLogger("streamkit.http"), {}),
    "auto_decompress": False,  # an upload passes as it came
    "handler_cancellation": True,  # we want to know when a client leaves
    "max_line_size": _LONGEST_FIELD,
    "max_field_size": _LONGEST_FIELD,
    "shutdown_timeout": 0.1,
}


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Listening(NamedTuple):
    """An application that is served."""

    address: Address
    """Where."""
    site: web.TCPSite

    async def stop(self) -> None:
        """Take no new connections; those that are there go on."""
        await self.site.stop()


def _reason(error: OSError) -> str:
    """Return why one cannot listen somewhere: the loop repeats the address, a resolver has numbers of its own."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (error.strerror or str(error)).lower()


@asynccontextmanager
async def listening(app: web.Application, address: Address, *, reuse_port: bool = False) -> AsyncIterator[Listening]:
    """Serve an application.

    Args:
        app: the application.
        address: where to listen; port 0 takes a free one.
        reuse_port: whether other processes listen there, too.

    Raises:
        OSError: one cannot listen there; its words say where.
    """
    runner = web.AppRunner(app, **_RUNNER)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address.host, address.port, reuse_port=reuse_port or None)
        try:
            await site.start()
        except OSError as error:
            raise OSError(error.errno, f"cannot listen at {address}: {_reason(error)}") from error
        host, port, *_ = runner.addresses[0]
        yield Listening(Address(host, port), site)
    finally:
        await runner.cleanup()
