"""Follow bodies while they are written: for viewers that attach to a proxy, and for the one inside of it."""

import asyncio
from collections.abc import AsyncIterator
from io import FileIO
from typing import Final

import anyio
from anyio import to_thread

from streamkit.gateway.body import Body, OnDisk
from streamkit.gateway.spool import Spool, Spools

_AT_ONCE: Final = 256 * 1024


class Tails:
    """Gives bodies as they are on the disk, from their beginning, and then as they grow."""

    def __init__(self, spools: Spools) -> None:
        """Listen to spools; made in the event loop that will ask."""
        self._loop = asyncio.get_running_loop()
        self._spools = spools
        self._waiting: dict[int, set[anyio.Event]] = {}
        spools.on_news = self._news

    async def catch_up(self) -> None:
        """Wait until all that came so far is on the disk."""
        done = anyio.Event()
        self._spools.when_done(lambda: self._loop.call_soon_threadsafe(done.set))
        await done.wait()

    async def follow(self, body: Body) -> AsyncIterator[bytes]:
        """Yield the recording of a body, as lines of `.skrec` cut anywhere, until its end.

        Nothing is yielded of a body that never began to be answered, or that cannot be spooled.
        """
        spool = body.spool
        if spool is None or not await self._exists(spool):
            return
        with await to_thread.run_sync(FileIO, spool.path) as file:
            while True:
                news = self._listen(spool)
                is_closed = spool.is_closed  # asked before: what is written until then is read below
                try:
                    data = await to_thread.run_sync(file.read, _AT_ONCE)
                    if data:
                        yield data
                    elif is_closed:
                        return
                    else:
                        await news.wait()
                finally:
                    self._forget(spool, news)

    async def _exists(self, spool: OnDisk) -> bool:
        """Wait until a body is on the disk; return whether it ever is."""
        while not spool.path.exists():
            news = self._listen(spool)
            try:
                if spool.is_closed:
                    return spool.path.exists()
                await news.wait()
            finally:
                self._forget(spool, news)
        return True

    def _listen(self, spool: OnDisk) -> anyio.Event:
        event = anyio.Event()
        self._waiting.setdefault(id(spool), set()).add(event)
        return event

    def _forget(self, spool: OnDisk, event: anyio.Event) -> None:
        events = self._waiting.get(id(spool), set())
        events.discard(event)
        if not events:
            self._waiting.pop(id(spool), None)

    def _news(self, spool: Spool) -> None:
        """In another thread: a spool grew."""
        if id(spool) in self._waiting:
            self._loop.call_soon_threadsafe(self._wake, id(spool))

    def _wake(self, key: int) -> None:
        for event in self._waiting.get(key, ()):
            event.set()
