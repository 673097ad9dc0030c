"""A server that plays recordings on the vendors' own paths, as if the vendor's server were there.

::

    server = ReplayServer(["recordings/"])
    async with server.run():
        play = server.play("refund", hold_before="node_finished:summarise")
        …                     # the application under test talks to server.url
        await play.reached()  # and is now before that event
        play.release()

Everything happens in the event loop in which `run` is entered; `streamkit.testing` has a server for tests without one.
"""

import asyncio
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from streamkit.errors import ReplayError
from streamkit.recording import Recording
from streamkit.replay import dify, openai, ragflow
from streamkit.replay.admin import admin_app
from streamkit.replay.asking import asked_of
from streamkit.replay.faults import Fault
from streamkit.replay.heads import head_of, refusal
from streamkit.replay.journal import Journal, JournalEntry
from streamkit.replay.library import Library, Take, load
from streamkit.replay.playing import Play
from streamkit.replay.routes import Asked, Found, Reply, Routes
from streamkit.replay.stage import Stage, not_recorded

ROUTES: Final = Routes([*dify.ROUTES, *ragflow.ROUTES, *openai.ROUTES])
"""Every path that is answered, of every vendor."""

_LARGEST_BODY: Final = 256 * 1024 * 1024
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""A socket that is closed so sends RST."""


class ReplayServer:
    """Plays recordings; see the module."""

    def __init__(
        self,
        recordings: Iterable[str | os.PathLike[str] | Recording] = (),
        *,
        speed: float = 0.0,
        chunk_size: int | str | None = None,
        retime: str | None = None,
        fresh_ids: int | str | None = None,
        strict: bool = False,
        faults: Iterable[Fault | str] = (),
        journal: Path | None = None,
        on_request: Callable[[JournalEntry], object] | None = None,
    ) -> None:
        """Read the recordings.

        Args:
            recordings: files, folders with all below them, recordings in memory.
            speed: how many times as fast as recorded; 0 is as fast as possible.
            chunk_size: None for chunks as recorded, a number of bytes, or `random:SEED`.
            retime: `now`: each run begins when it is asked for, and all its times move with it.
            fresh_ids: a seed; each run has other ids than the recording, the same for the same seed.
            strict: whether `run` fails at its end on requests that nothing answered, and on recordings not played.
            faults: what goes wrong, see `Fault`.
            journal: a file that gets one JSON line for each request.
            on_request: called with each request once it is answered.

        Raises:
            ReplayError: something cannot be read, has a name twice, or means nothing.
        """
        if retime not in (None, "now"):
            raise ReplayError(f"retime {retime!r}: only 'now' is known")
        self._stage = Stage(
            load(recordings, ROUTES),
            speed=speed,
            chunk_size=chunk_size,
            fresh_ids=None if fresh_ids is None else str(fresh_ids),
            now=time.time if retime else None,  # noqa: TID251 - the rim has a clock
            faults=faults,
        )
        self._journal = Journal(journal, on_request)
        self._is_strict = strict
        self._url: str | None = None
        self._admin_url: str | None = None
        self._started_at = 0.0
        self._connections: set[_Connection] = set()

    # ---- for who tests

    @property
    def url(self) -> str:
        """Where it listens.

        Raises:
            RuntimeError: it does not run.
        """
        if self._url is None:
            raise RuntimeError("the server does not run")
        return self._url

    @property
    def admin_url(self) -> str | None:
        """Where tests in other languages control it; None without `admin_port`."""
        return self._admin_url

    @property
    def takes(self) -> Sequence[Take]:
        """What it can play, in order."""
        return self._stage.library.takes

    @property
    def library(self) -> Library:
        """What it can play, and how it is called."""
        return self._stage.library

    @property
    def requests(self) -> list[JournalEntry]:
        """What was asked so far, the last ten thousand requests; also those that are being answered."""
        return list(self._journal.entries)

    def play(
        self,
        recording: str | os.PathLike[str] | Recording | Take,
        *,
        hold_before: str | int | Sequence[str | int] | None = None,
        faults: Iterable[Fault | str] = (),
        speed: float | None = None,
        chunk_size: int | str | None = None,
    ) -> Play:
        """Let the next request that a recording can answer be answered with it.

        Args:
            recording: its name, its file, or the recording itself.
            hold_before: where it is held until it is released: `node_finished:summarise`, a frame's number, `stop`, or
                several of them.
            faults: what goes wrong with this answer.
            speed: how many times as fast as recorded; by default the server's.
            chunk_size: how it is cut; by default as the server's.

        Returns:
            The play: `await play.reached()`, `play.release()`, `await play.finished()`.

        Raises:
            ReplayError: there is no such recording, or no such place in it, or something means nothing.
        """
        play = self._stage.prepare(
            self._stage.find(recording), hold_before=hold_before, faults=faults, speed=speed, chunk_size=chunk_size
        )
        self._stage.plays.queue(play)
        return play

    def numbered(self, number: int) -> Play | None:
        """Return a play by its number."""
        return self._stage.plays.numbered(number)

    def add_fault(self, fault: Fault | str) -> None:
        """Give the answers that follow one more fault.

        Raises:
            ReplayError: it means nothing.
        """
        self._stage.faults.add(fault)

    def reset(self) -> None:
        """Begin anew: nothing was played, nothing is queued, no fault is left, the journal is empty."""
        for connection in list(self._connections):
            connection.close()
        self._stage.reset()
        self._journal.clear()

    def complaints(self) -> list[str]:
        """Return what a strict server fails on, one line each."""
        unmatched = [f"request {entry.number}: {entry.unmatched}" for entry in self._journal.unmatched()]
        queued = [f"{play.name} was to be played, and nobody asked" for play in self._stage.plays.waiting()]
        waiting = {play.take for play in self._stage.plays.waiting()}
        unplayed = [take for take in self._stage.matcher.unplayed() if take not in waiting]
        return unmatched + queued + [f"{take.name} was not played" for take in unplayed]

    # ---- serving

    @asynccontextmanager
    async def run(
        self, host: str = "127.0.0.1", port: int = 0, *, admin_port: int | None = None
    ) -> AsyncIterator["ReplayServer"]:
        """Serve until the block is left; answers that are being played are cut then.

        Args:
            host: where to listen; by default only this machine can connect.
            port: 0 takes a free one.
            admin_port: where tests in other languages control the server, on this machine alone; None for nowhere.

        Raises:
            OSError: it cannot listen there.
            ReplayError: at the end, if the server is strict and something is to be complained about.
        """
        self._started_at = asyncio.get_running_loop().time()
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        async with _listening(app, host, port) as self._url:
            try:
                if admin_port is None:
                    yield self
                else:
                    async with _listening(admin_app(self), "127.0.0.1", admin_port) as self._admin_url:
                        yield self
            finally:
                self._url = self._admin_url = None
                for connection in list(self._connections):
                    connection.close()
                self._journal.close()
        complaints = self.complaints() if self._is_strict else []
        if complaints:
            raise ReplayError("\n".join(complaints))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        found = ROUTES.find(request.method, request.path)
        asked = await asked_of(request, found.params if found else {})
        entry = self._journal.begin(
            self._clock() - self._started_at,
            request.method,
            request.path_qs,
            request.headers,
            asked.body,
        )
        try:
            answer = self._answer(asked, found)
            if isinstance(answer, Reply):
                return _whole(answer, entry)
            return await self._perform(answer, request, entry)
        finally:
            entry.took = self._clock() - self._started_at - entry.at
            self._journal.finish(entry)

    def _clock(self) -> float:
        return asyncio.get_running_loop().time()

    def _answer(self, asked: Asked, found: Found | None) -> Play | Reply:
        """Return what answers a request."""
        stage = self._stage
        if found is None:
            own = f"{asked.method} {asked.path}"
            if any(own in take.doors for take in stage.library.takes):
                return stage.start(asked, own)
            return stage.recorded(asked) or not_recorded(asked, [], "no vendor has this path")
        if found.route.answer is None:
            return stage.start(asked, found.route.door)
        answer = found.route.answer(stage, asked)
        return answer if isinstance(answer, Play) else stage.recorded(asked) or answer

    async def _perform(self, play: Play, request: web.Request, entry: JournalEntry) -> web.StreamResponse:
        entry.recording, entry.turn, entry.play = play.name, play.turn, play.number
        try:
            await asyncio.sleep(sum(fault.slow_headers for fault in play.faults))
            error = next((fault for fault in play.faults if fault.status is not None), None)
            if error is not None:
                play.end("cut")
                return _whole(refusal(play, error), entry)
            return await self._stream(play, request, entry)
        except (ConnectionError, asyncio.CancelledError):
            play.end("left")
            raise
        finally:
            entry.outcome, entry.sent = play.outcome, play.sent

    async def _stream(self, play: Play, request: web.Request, entry: JournalEntry) -> web.StreamResponse:
        head = head_of(play)
        entry.status = head.status
        response = web.StreamResponse(status=head.status, headers=CIMultiDict(head.headers))
        is_gzip = any(fault.is_gzip for fault in play.faults)
        if is_gzip:
            response.enable_compression(web.ContentCoding.gzip)
        if (play.is_document or play.take.is_document) and not is_gzip:
            response.content_length = len(play.body)
        await response.prepare(request)
        connection = _Connection(request, response, play)
        self._connections.add(connection)
        try:
            await play.perform(connection, self._clock)
            if play.outcome != "cut":
                await response.write_eof()
        finally:
            self._connections.discard(connection)
        return response


def _whole(answer: Reply, entry: JournalEntry) -> web.Response:
    entry.status, entry.sent = answer.status, len(answer.body)
    entry.unmatched = answer.why or None
    return web.Response(body=answer.body, status=answer.status, headers={"Content-Type": answer.content_type})


class _Connection:
    """The connection of an answer, as its play sees it."""

    def __init__(self, request: web.Request, response: web.StreamResponse, play: Play) -> None:
        self._request = request
        self._response = response
        self._play = play

    async def write(self, data: bytes) -> None:
        """Send bytes at once."""
        await self._response.write(data)

    async def cut(self) -> None:
        """Close the connection in the middle of the body; what was written still arrives."""
        transport = self._request.transport
        if transport is not None:
            transport.close()

    async def reset(self) -> None:
        """Reset the connection once everything was handed to the system."""
        transport = self._request.transport
        if transport is None:
            return
        while transport.get_write_buffer_size():  # noqa: ASYNC110 - a transport does not tell
            await asyncio.sleep(0.001)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()

    def close(self) -> None:
        """Cut it, as the server goes away."""
        self._play.end("cut")
        transport = self._request.transport
        if transport is not None:
            transport.close()


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve an application; give its URL."""
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address, number, *_ = runner.addresses[0]
        yield f"http://{f'[{address}]' if ':' in address else address}:{number}"
    finally:
        await runner.cleanup()
