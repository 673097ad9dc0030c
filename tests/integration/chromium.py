"""A real browser, headless: started on a page, driven and listened to as its own developer tools do it."""

import asyncio
import base64
import contextlib
import itertools
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-default-apps", "--disable-dev-shm-usage", "--no-default-browser-check"),
]
_STYLING = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_TYPED = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38}


@contextlib.asynccontextmanager
async def browser(url: str, profile: Path, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A browser on a page, with all its processes gone at the end."""
    assert BROWSER is not None
    with (profile.parent / "browser.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(BROWSER, *FLAGS, *more, f"--user-data-dir={profile}", url), stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


class Tab:
    """A page: what it asks for, what its WebSocket brings, and a hand on its mouse and keys."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._came = asyncio.Event()
        self.asked: list[str] = []
        """Every address that the page asked for, in order."""
        self.brought = ""
        """The text that came through WebSockets, without what only styles it."""

    async def listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Network.requestWillBeSent":
                self.asked.append(told["params"]["request"]["url"])
            elif told["method"] == "Network.webSocketCreated":
                self.asked.append(told["params"]["url"])
            elif told["method"] == "Network.webSocketFrameReceived":
                self._take(told["params"]["response"])

    def _take(self, frame: dict[str, Any]) -> None:
        binary = frame["opcode"] == 2
        data = base64.b64decode(frame["payloadData"]) if binary else frame["payloadData"].encode()
        self.brought += _STYLING.sub("", data.decode("utf-8", "replace"))
        self._came.set()

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await self._answers[number]
        assert "error" not in told, told
        return told["result"]

    async def brings(self, text: str, since: int = 0) -> None:
        """Wait until a WebSocket brought some text."""
        while text not in self.brought[since:]:
            self._came.clear()
            await self._came.wait()

    async def press(self, *keys: str) -> None:
        for key in keys:
            code = {"windowsVirtualKeyCode": _TYPED[key]} if key in _TYPED else {"text": key}
            await self.do("Input.dispatchKeyEvent", type="keyDown", key=key, **code)
            await self.do("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            await self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def value(self, expression: str) -> Any:
        told = await self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        return told["result"].get("value")

    async def picture(self) -> bytes:
        return base64.b64decode((await self.do("Page.captureScreenshot"))["data"])


@contextlib.asynccontextmanager
async def tab(url: str, profile: Path) -> AsyncIterator[Tab]:
    """A page that is opened while one listens."""
    size, port = "--window-size=1400,900", "--remote-debugging-port=0"
    async with browser("about:blank", profile, size, port), aiohttp.ClientSession() as session:
        address = await _debugger(session, profile / "DevToolsActivePort")
        async with session.ws_connect(address, max_msg_size=0) as socket:
            page = Tab(socket)
            listening = asyncio.ensure_future(page.listen())
            try:
                for room in ("Network", "Page", "Runtime"):
                    await page.do(f"{room}.enable")
                await page.do("Page.navigate", url=url)
                yield page
            finally:
                listening.cancel()


async def _debugger(session: aiohttp.ClientSession, file: Path) -> str:
    """Return where the page is listened to, once the browser told it."""
    while True:
        for target in await _targets(session, _port(file)):
            if target["type"] == "page":
                return target["webSocketDebuggerUrl"]
        await asyncio.sleep(0.05)


def _port(file: Path) -> str | None:
    told = file.read_text().split("\n") if file.exists() else []
    return told[0] if len(told) > 1 else None


async def _targets(session: aiohttp.ClientSession, port: str | None) -> list[dict[str, Any]]:
    if port is None:
        return []
    async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
        return await response.json(content_type=None)
