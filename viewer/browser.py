"""The viewer in a browser: a server on this machine that runs one viewer for each tab.

Rule 1: nothing comes from outside. The page is our own, and what it may load is told to the browser, too.
Rule 2: only pages of this server may speak to it. There is no password, so a page of somebody else's in the same
browser must not reach it: neither from its own address nor from a name that leads here.
"""

import ipaddress
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server

_TEMPLATES: Final = Path(__file__).parent / "templates"
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NAME: Final = "localhost"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == _NAME


def command(arguments: Sequence[str]) -> str:
    """Return the line of a shell that runs `streamkit view` with arguments, whatever is in them."""
    words = [sys.executable, "-m", "streamkit", "view", *arguments]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def url_of(host: str, port: int) -> str:
    """Return where a browser finds the server."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class _Server(Server):
    """Serves the page, and a viewer for each tab that has it open."""

    def __init__(self, arguments: Sequence[str], host: str) -> None:
        super().__init__(command(arguments), host=host, title="streamkit", templates_path=_TEMPLATES)
        self._is_private = is_loopback(host)

    async def app(self) -> web.Application:
        """Return what answers requests."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the address is known only once it is open."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what no page of this server asks for, and say to the browser what the page may load."""
        if not self._is_ours(request):
            raise web.HTTPForbidden(text="not a page of this server\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update({"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"})
        return response

    def _is_ours(self, request: web.Request) -> bool:
        asked = urlsplit(f"//{request.host}")
        origin = request.headers.get("Origin")
        is_own_page = origin is None or urlsplit(origin).netloc == request.host
        return is_own_page and (not self._is_private or is_loopback(asked.hostname or ""))


def serve(arguments: Sequence[str], host: str, port: int, say: Callable[[str], None]) -> int:
    """Serve until somebody ends it; return the exit code.

    Args:
        arguments: those of `streamkit view`, for the viewers.
        host: the address to listen at.
        port: its port; 0 takes one that is free.
        say: is told the URL, once it can be opened.

    Raises:
        OSError: the address cannot be listened at.
    """
    return anyio.run(_serve, _Server(arguments, host), host, port, say)


async def _serve(server: _Server, host: str, port: int, say: Callable[[str], None]) -> int:
    runner = web.AppRunner(await server.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        say(url_of(host, runner.addresses[0][1]))
        return await _ended()
    finally:
        await runner.cleanup()


async def _ended() -> int:
    """Wait for a signal, and return the exit code that tells it; Ctrl-C is how one ends it."""
    if sys.platform == "win32":
        await anyio.sleep_forever()
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for number in signals:
            return 0 if number == signal.SIGINT else 128 + number
    return 0
