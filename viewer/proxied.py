"""Runs that pass a proxy: one that works in this process, or others that are attached to over their admin listeners.

Both give each body as a recording that goes on while it does, already masked. One run that pauses at one proxy and
goes on at another is one run here: they are told apart and joined by what the frames say.
"""

import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import anyio
import anyio.lowlevel
import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout
from anyio.abc import TaskGroup

from streamkit.cli.output import complain
from streamkit.gateway.body import Body
from streamkit.gateway.server import Address
from streamkit.gateway.service import Plan, Service
from viewer.intake import Intake
from viewer.spool import TempSpool, reason
from viewer.stream import Watch
from viewer.watched import Clock, Watched

_POLL: Final = 0.25
"""Seconds between two looks for new bodies."""
_AGAIN: Final = 2.0
"""Seconds until a proxy that does not answer is asked again."""
_AT_ONCE: Final = 64 * 1024


class ProxySource:
    """A proxy that works in this process, as long as somebody looks."""

    live = True

    def __init__(self, plan: Plan, *, write_line: Callable[[bytes], object] | None = None) -> None:
        """Prepare to run it.

        Args:
            plan: what is run; it must show content.
            write_line: as `Service` takes it.
        """
        self.name = f"{plan.listen} → {plan.settings.upstream}"
        self.service = Service(plan, write_line=write_line, say=complain)
        self._seen: set[str] = set()
        self._is_down = anyio.Event()

    async def run(self, watch: Watch) -> None:
        """Run it, and feed each body that passes. Streams may end when nobody looks any more, within its grace."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve, watch)
            try:
                while True:
                    for body in self.service.bodies.all():
                        if body.handle not in self._seen:
                            self._seen.add(body.handle)
                            tasks.start_soon(self._follow, watch, body)
                    await anyio.sleep(_POLL)
            finally:
                self.service.stopping.set()
                await self._until_down()

    async def _until_down(self) -> None:
        """Wait until streams have ended, or a signal comes: nobody looks any more, and the terminal is the shell's."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._hurry_on_signal)
                await self._is_down.wait()
                tasks.cancel_scope.cancel()

    async def _hurry_on_signal(self) -> None:
        await anyio.lowlevel.checkpoint()  # the viewer, which ends as well, takes its hands off them
        if sys.platform != "win32":
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    self.service.hurry.set()

    async def _serve(self, watch: Watch) -> None:
        def listens(front: Address, _back: Address | None) -> None:
            watch.place = f"http://{front}"
            watch.on_news()

        try:
            with anyio.CancelScope(shield=True):
                await self.service.run(listens)
        except OSError as error:
            _Placeholder(watch, self.name).say(reason(error))
        finally:
            self._is_down.set()

    async def _follow(self, watch: Watch, body: Body) -> None:
        tails = self.service.tails
        if tails is not None:
            name = _name(body.label, body.handle)
            await _feed(watch, name, tails.follow(body), lambda: time.monotonic() - body.began_at)


class AdminSource:
    """A proxy that works elsewhere, seen through its admin listener."""

    live = True

    def __init__(self, url: str, token: str) -> None:
        """Prepare to attach.

        Args:
            url: of the listener.
            token: what it asks for.
        """
        self.name = url
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._seen: set[str] = set()

    async def run(self, watch: Watch) -> None:
        """Feed each body that passes there, and those that ended lately; ask again where nobody answers."""
        timeout = ClientTimeout(total=None, sock_connect=10)
        waiting = _Placeholder(watch, self.name)
        async with (
            ClientSession(headers=self._headers, timeout=timeout) as client,
            anyio.create_task_group() as tasks,
        ):
            while True:
                try:
                    await self._look(client, watch, tasks, waiting)
                    await anyio.sleep(_POLL)
                except (ClientError, OSError, TimeoutError) as error:
                    waiting.say(f"does not answer ({type(error).__name__}); it is asked again")
                    await anyio.sleep(_AGAIN)

    async def _look(self, client: ClientSession, watch: Watch, tasks: TaskGroup, waiting: "_Placeholder") -> None:
        async with client.get(f"{self._url}/runs") as answer:
            if answer.status != HTTPStatus.OK:
                why = "refuses the token" if answer.status == HTTPStatus.UNAUTHORIZED else f"answers {answer.status}"
                waiting.say(f"{why}; it is asked again")
                await anyio.sleep(_AGAIN)
                return
            rows = _rows(await answer.read())
        waiting.withdraw()
        watch.place = self.name
        for row in rows:
            if row.handle not in self._seen:
                self._seen.add(row.handle)
                tasks.start_soon(self._follow, client, watch, row)

    async def _follow(self, client: ClientSession, watch: Watch, row: "_Row") -> None:
        began_at = time.monotonic() - row.duration
        name = _name(row.app or row.route or "run", row.handle)
        with suppress(ClientError, OSError, TimeoutError):
            async with client.get(f"{self._url}/runs/{row.handle}/stream") as answer:
                if answer.status == HTTPStatus.OK:
                    pieces = answer.content.iter_chunked(_AT_ONCE)
                    await _feed(watch, name, pieces, lambda: time.monotonic() - began_at)
                else:
                    _Placeholder(watch, name).say(_refusal(await answer.read()))


class _Row(msgspec.Struct):
    """As much of a row of `/runs` as is needed here."""

    handle: str
    duration: float = 0.0
    app: str | None = None
    route: str | None = None


class _Rows(msgspec.Struct):
    runs: list[_Row]


class _Refusal(msgspec.Struct):
    error: str


_ROWS: Final = msgspec.json.Decoder(_Rows)
_REFUSAL: Final = msgspec.json.Decoder(_Refusal)


def _rows(data: bytes) -> Sequence[_Row]:
    """Read the rows of `/runs`; something else than a proxy may have answered."""
    try:
        return _ROWS.decode(data).runs
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ()


def _refusal(data: bytes) -> str:
    try:
        return _REFUSAL.decode(data).error
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return "does not give what was said"


async def _feed(watch: Watch, name: str, pieces: AsyncIterator[bytes], clock: Clock) -> None:
    """Feed a body from its recording, while that grows."""
    intake = Intake(watch.open(name, TempSpool(), clock))
    try:
        async for piece in pieces:
            await intake.take(piece)
    finally:
        intake.close()


def _name(app: str, handle: str) -> str:
    return f"{app} {handle[:6]}"


class _Placeholder:
    """An entry that says why there is nothing to see."""

    def __init__(self, watch: Watch, name: str) -> None:
        self._watch = watch
        self._name = name
        self._watched: Watched | None = None

    def say(self, problem: str) -> None:
        """Show it, or show another reason."""
        if self._watched is None:
            stream = self._watch.open(self._name, TempSpool())
            stream.close()
            stream.spool.close()
            self._watched = stream.watched
        self._watched.problem = problem
        self._watch.on_news()

    def withdraw(self) -> None:
        """Show it no more."""
        if self._watched is not None:
            self._watch.withdraw(self._watched)
            self._watched = None
