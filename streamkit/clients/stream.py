"""One run while it streams: events out of bodies, and the run beside them.

::

    async with client.stream("Where is my refund?", user="ada") as stream:
        async for event in stream:
            print(event.kind)
    stream.run.status

A stream ends quietly, however it ends: how the run stands is in `stream.run`, and what broke it in `stream.broken`. A body
that breaks off is gone on with where the server can do that, by a GET that tells the run again; the POST that began the
run is never repeated. What is still unknown at the end is asked for once more, in one small request.
"""

import contextlib
import random
from collections import deque
from types import TracebackType
from typing import Final, Self

import aiohttp
import anyio

from streamkit.clients.body import Body
from streamkit.clients.clocks import Clocks
from streamkit.clients.connection import reason_of
from streamkit.clients.origin import Origin
from streamkit.clients.patience import Patience
from streamkit.clients.tape import NO_TAPE, Tape
from streamkit.dialects.base import Event
from streamkit.errors import Interrupted, Refused, UpstreamError
from streamkit.run import Run
from streamkit.tap import Tap

_LAST_WORDS: Final = 5.0
"""Seconds for a request to stop a run that nobody listens to any more."""
_ASIDE: Final = 2.0
"""Seconds for a look at what the stream does not tell."""
_LASTING: Final = 60.0
"""Seconds after which a body that breaks off was one that worked."""


class RunStream:
    """A run while it streams. `async with` sends the request, `async for` gives its events."""

    def __init__(
        self,
        origin: Origin,
        dialect: str,
        *,
        patience: Patience,
        run: Run | None = None,
        tape: Tape = NO_TAPE,
        stop_if_left: bool = False,
    ) -> None:
        """Prepare a stream; nothing is sent yet.

        Args:
            origin: where its bodies come from.
            dialect: whose they are.
            patience: how long to wait for what.
            run: the run that it goes on with; by default a new one.
            tape: records its bodies.
            stop_if_left: whether to stop the run when the block is left before its end. To close the connection does
                not stop it.
        """
        self.broken: Interrupted | None = None
        """What broke the last body that broke off; None if none did."""
        self.reconnects = 0
        """How many bodies went on where another one broke off."""
        self._origin = origin
        self._dialect = dialect
        self._patience = patience
        self._tap = Tap(dialect, run=run)
        self._tape = tape
        self._stop_if_left = stop_if_left
        self._body: Body | None = None
        self._events: deque[Event] = deque()
        self._clocks = Clocks(patience, anyio.current_time)
        self._failures = 0  # attempts since a body worked
        self._due: float | None = None  # when the next one is, if it is settled
        self._is_over = False
        self._is_without_body = False  # one ended, and the next one is still to be asked for
        self._is_between = False  # whether the last chunk ended with a frame

    def __repr__(self) -> str:
        return f"<RunStream {self.run!r}>"

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return self._tap.run

    async def __aenter__(self) -> Self:
        self._take(await self._origin.first())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        goes_on = self._goes_on
        self._is_without_body = False
        try:
            if self._body is not None:
                self._end_body("cancelled")
        finally:
            if goes_on and self._stop_if_left:
                await self._last_words()

    @property
    def _goes_on(self) -> bool:
        """Whether the run goes on at the server, as far as is known: also where its body broke off."""
        if self._is_over or self.run.ended_by_server:
            return False
        return self.run.status != "paused" or self._origin.goes_on(self.run)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            StopAsyncIteration: nothing more comes; `run` says how it ended.
            RuntimeError: the block was left, or not entered.
            OSError: it cannot be recorded.
        """
        while not self._events:
            if self._is_over:
                raise StopAsyncIteration
            await self._advance()
        return self._events.popleft()

    async def finish(self) -> Run:
        """Read what is left without a look at its events, and return the run.

        Raises:
            RuntimeError: the block was left, or not entered.
            OSError: it cannot be recorded.
        """
        async for _ in self:
            pass
        return self.run

    async def stop(self) -> None:
        """Ask the server to stop the run; what it still says of it comes as events.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
            RuntimeError: the server has no way to stop it, or has not named it yet.
        """
        await self._origin.stop(self.run)

    # ---- a body

    def _take(self, body: Body) -> None:
        try:
            self._tape.begin(body)
        except BaseException:
            body.close()
            raise
        self._body = body
        self._clocks.begin_body()

    async def _advance(self) -> None:
        """Read a chunk, or learn that there is none."""
        if self._is_without_body:
            await self._go_on()
            return
        if self._body is None:
            raise RuntimeError("a stream is read inside of its `async with`")
        chunk = b""
        reason: str | None = None
        left, pause = self._clocks.left(self.run), self._origin.aside_every
        looks_aside = pause is not None and pause < left
        try:
            with anyio.fail_after(pause if looks_aside else left):
                chunk = await self._body.read()
        except TimeoutError:
            if looks_aside:
                await self._look_aside()
                return
            reason = self._clocks.verdict(self.run)
        except (aiohttp.ClientError, OSError) as error:
            reason = reason_of(error)
        if chunk:
            self._feed(chunk)
        else:
            await self._conclude(reason)

    def _feed(self, chunk: bytes) -> None:
        at = self._clocks.now()
        self._tape.write(chunk)
        self._is_between = chunk.endswith(b"\n\n")
        heartbeats = self.run.heartbeats
        events = self._tap.feed(chunk, at)
        self._clocks.saw(len(chunk), is_news=bool(events), is_heartbeat=self.run.heartbeats > heartbeats)
        self._events.extend(events)

    def _end_body(self, how: str, reason: str | None = None) -> None:
        body, self._body = self._body, None
        assert body is not None  # noqa: S101 - its callers have seen it
        body.close()
        self._events.extend(self._tap.close(self._clocks.now()))
        self._tape.end(how, reason)

    async def _conclude(self, reason: str | None) -> None:
        """End a body that ended, broke off, or has nothing more to say."""
        lasted, size = self._clocks.in_body(), self._clocks.size
        if self._origin.aside_every is not None:
            await self._look_aside()
        self._end_body("error" if reason else "eof", reason)
        if self.run.status == "interrupted":
            self.broken = Interrupted(lasted, size, reason or "the body ended before the run did")
        elif not self._origin.goes_on(self.run):
            self._is_over = True
            return
        self._failures = 0 if lasted > _LASTING else self._failures
        self._is_without_body = True

    async def _look_aside(self) -> None:
        """Learn what the stream does not tell, if that is possible: it must not cost the run."""
        if not self._is_between:
            return
        frames = b""
        with contextlib.suppress(UpstreamError), anyio.move_on_after(_ASIDE):
            frames = await self._origin.aside(self.run)
        if frames:
            self._tape.aside(frames)
            self._events.extend(self._tap.feed(frames, self._clocks.now()))

    # ---- after a break

    async def _go_on(self) -> None:
        """Go on in another body where that is possible, else learn how the run ended.

        Whoever is cancelled here, and stays in the block, comes back: nothing is asked twice that has an effect.
        """
        body = await self._again()
        if body is None:
            await self._verify()
            self._is_over = True
        else:
            self._is_without_body = False
            self.reconnects += 1
            self._tap = Tap(self._dialect, run=self.run)
            self._take(body)

    async def _again(self) -> Body | None:
        """Return the body in which the run goes on; None if it does not, or not soon."""
        while self._failures < self._patience.attempts:
            await self._wait_until_due()
            self._failures += 1
            try:
                return await self._origin.again(self.run)
            except Refused as refused:
                if refused.status < 500:  # it is not the server that fails
                    return None
            except UpstreamError:
                pass
        return None

    async def _wait_until_due(self) -> None:
        """Wait until it is time for the next attempt; whoever is cancelled meanwhile waits for what is left of it."""
        if self._due is None:
            self._due = self._clocks.now() + self._delay()
        await anyio.sleep(max(self._due - self._clocks.now(), 0.0))
        self._due = None

    def _delay(self) -> float:
        """Return how long to wait: at first not at all, then longer each time, varied lest all clients come at once."""
        if not self._failures:
            return 0.0
        patience = self._patience
        longest: float = min(patience.first_delay * 2 ** (self._failures - 1), patience.longest_delay)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - chance, and no secret

    async def _verify(self) -> None:
        """Ask how the run ended, where its stream did not say it."""
        try:
            told = await self._origin.verdict(self.run)
        except UpstreamError:
            return  # it stays interrupted, and that is true
        if told is not None:
            tap = Tap(self._dialect, run=self.run)
            self._events.extend(tap.feed(told, self._clocks.now()))
            self._events.extend(tap.close(self._clocks.now()))

    async def _last_words(self) -> None:
        unheard = contextlib.suppress(UpstreamError, RuntimeError)  # then it goes on: nobody is left who could be told
        with unheard, anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS):
            await self._origin.stop(self.run)
