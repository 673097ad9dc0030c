"""A proxy as it is run: its listeners, its recorder, its log, and how it goes down."""

import errno
import os
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import anyio

from streamkit.gateway.admin import Admin
from streamkit.gateway.body import State
from streamkit.gateway.flight import FlightRecorder
from streamkit.gateway.listed import ENDED, Bodies
from streamkit.gateway.metrics import Kind, Labels, Metrics, Reading
from streamkit.gateway.proxy import Listener, Proxy
from streamkit.gateway.server import Address, listening
from streamkit.gateway.settings import MIB, Settings
from streamkit.gateway.shelf import SPOOL, Limits
from streamkit.gateway.spool import Spools
from streamkit.gateway.tailing import Tails
from streamkit.gateway.told import Lines
from streamkit.where import Where

LISTEN: Final = Address("127.0.0.1", 8400)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Which runs are recorded, where, and how much of that stays."""

    folder: Path
    keep: Where | None = None
    """None keeps all."""
    sample: float = 0.0
    max_bytes: int = 10 * 1024 * MIB
    max_seconds: float = 30 * 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run."""

    settings: Settings
    listen: Address = LISTEN
    reuse_port: bool = False
    admin: Address | None = None
    token: str = ""
    """What the listener for those who run it asks for."""
    shows_content: bool = False
    """Whether what was said in runs may be looked at, by the admin listener or a viewer."""
    record: Recording | None = None
    grace: float = 30.0
    """Seconds in which streams may end when the proxy goes down."""


class Service:
    """A proxy with everything around it."""

    def __init__(
        self,
        plan: Plan,
        *,
        write_line: Callable[[bytes], object] | None = None,
        lost_lines: Callable[[], int] = lambda: 0,
        say: Callable[[str], object] = lambda words: None,
    ) -> None:
        """Prepare to run.

        Args:
            plan: what is run.
            write_line: takes the line of each body that ended; it must neither block nor raise.
            lost_lines: gives how many of these did not get where they should.
            say: takes what somebody who waits for its end wants to know.
        """
        self.bodies = Bodies()
        self.tails: Tails | None = None
        """What was said in runs, while it runs, if that may be looked at."""
        self.stopping = anyio.Event()
        """Set it, and the proxy goes down as soon as its streams have ended."""
        self.hurry = anyio.Event()
        """Set it as well, and it does not wait for them."""
        self._plan = plan
        self._write_line = write_line
        self._lost_lines = lost_lines
        self._say = say

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests."""
        return not self.stopping.is_set()

    async def run(self, on_listening: Callable[[Address, Address | None], object]) -> None:
        """Serve until `stopping` is set, and then go down.

        Args:
            on_listening: told where clients are served, and where those who run it are.

        Raises:
            OSError: one cannot listen there, or record where that is asked for.
        """
        plan, metrics = self._plan, Metrics()
        async with AsyncExitStack() as stack:
            flight = self._flight()
            spools = stack.enter_context(self._spools()) if flight is not None or plan.shows_content else None
            listeners: list[Listener] = [
                listener for listener in (self.bodies, metrics, flight) if listener is not None
            ]
            if self._write_line is not None:
                listeners.append(Lines(self._write_line))
            if spools is not None:
                listeners.append(spools)
                self.tails = Tails(spools) if plan.shows_content else None
            if flight is not None:
                stack.callback(flight.close)
            proxy = await stack.enter_async_context(Proxy(plan.settings, listeners=tuple(listeners)))
            self._watch(metrics, proxy, spools)
            front = await stack.enter_async_context(
                listening(proxy.application(), plan.listen, reuse_port=plan.reuse_port)
            )
            back = None
            if plan.admin is not None:
                admin = Admin(self.bodies, metrics, token=plan.token, is_ready=lambda: self.is_ready, tails=self.tails)
                back = await stack.enter_async_context(listening(admin.application(), plan.admin))
            on_listening(front.address, back.address if back is not None else None)
            await self.stopping.wait()
            await front.stop()
            await self._let_end(proxy)

    async def _let_end(self, proxy: Proxy) -> None:
        """Let streams end, for so long as they may."""
        if proxy.passing and self._plan.grace:
            them = "1 request" if proxy.passing == 1 else f"{proxy.passing} requests"
            self._say(f"waits for {them}, up to {self._plan.grace:g} s; Ctrl-C or a signal ends it now")
        async with anyio.create_task_group() as tasks:

            async def end_early() -> None:
                await self.hurry.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_early)
            with anyio.move_on_after(self._plan.grace):
                await proxy.finish()
            tasks.cancel_scope.cancel()
        await proxy.shut_down()

    def _flight(self) -> FlightRecorder | None:
        how = self._plan.record
        if how is None:
            return None
        return FlightRecorder(keep=how.keep, sample=how.sample)

    def _spools(self) -> Spools:
        how = self._plan.record
        retain = ENDED if self._plan.shows_content else 0
        if how is None:
            return Spools(retain=retain)
        folder = _writable(how.folder.absolute())
        limits = Limits(str(folder), how.max_bytes, how.max_seconds)
        return Spools(folder / SPOOL, retain=retain, limits=limits)

    def _watch(self, metrics: Metrics, proxy: Proxy, spools: Spools | None) -> None:
        """Show figures of the present moment beside those that were counted."""

        def by_state() -> dict[Labels, float]:
            counts = Counter[str](body.state for body in self.bodies.open())
            return {(("state", state),): counts[state] for state in get_args(State)}

        def alone(value: Callable[[], float]) -> Callable[[], dict[Labels, float]]:
            return lambda: {(): value()}

        def read(name: str, about: str, kind: Kind, figures: Callable[[], dict[Labels, float]]) -> None:
            metrics.watch(Reading(f"streamkit_{name}", about, kind, figures))

        read("open_streams", "Bodies that are open, by how they stand.", "gauge", by_state)
        read("drained_streams", "Bodies that no client wants any more.", "gauge", alone(lambda: proxy.drained))
        read("waiting_runs", "Runs that paused or broke off.", "gauge", alone(lambda: len(proxy.store)))
        read("forgotten_runs_total", "Runs that waited and made room.", "counter", alone(lambda: proxy.store.forgotten))
        read("lines_lost_total", "Lines of the log that were not written.", "counter", alone(self._lost_lines))
        if spools is None:
            return

        def by_problem() -> dict[Labels, float]:
            return {(("why", why),): count for why, count in dict(spools.problems).items()}

        read("recordings_kept_total", "Recordings that stayed.", "counter", alone(lambda: spools.kept))
        read("recordings_swept_total", "Recordings that went for room or age.", "counter", alone(lambda: spools.swept))
        read("recordings_cut_total", "Bodies that are not recorded whole, by why.", "counter", by_problem)


def _writable(folder: Path) -> Path:
    """Make a folder for recordings, if it is not there.

    Raises:
        OSError: that cannot be, or nothing can be written there. Later it would be counted, and seen by nobody.
    """
    (folder / SPOOL).mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return folder
