"""What Ctrl-C does to a run that goes on: closing the connection does not stop it, so that is offered.

The first Ctrl-C asks whether to stop the run on the server, while one goes on to watch it; the second one leaves at
once. Where nobody can be asked, and for SIGTERM, it is stopped if it was begun here: whoever began another one may wait
for it.
"""

import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from streamkit.cli.asking.shown import Show
from streamkit.cli.asking.typed import can_ask, confirmed
from streamkit.cli.output import complain
from streamkit.errors import UpstreamError

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_LAST_WORDS: Final = 10.0
"""Seconds that one goes on to watch a run that is being stopped."""
_BY_SIGNAL: Final = 128

Stop = Callable[[], Awaitable[None]]
"""Stops what goes on."""


class Leaving:
    """Runs something that may be left."""

    def __init__(self, show: Show, *, is_ours: bool = True) -> None:
        """Prepare.

        Args:
            show: makes room when somebody is asked.
            is_ours: whether what goes on was begun here.
        """
        self.stop: Stop | None = None
        """Stops what goes on just now; None if nothing does."""
        self.caught: signal.Signals | None = None
        """The signal by which it was left."""
        self._show = show
        self._is_ours = is_ours

    @property
    def exit_code(self) -> int | None:
        """The exit code of a command that was left so; None if it was not."""
        return None if self.caught is None else _BY_SIGNAL + self.caught

    async def watch_over(
        self, work: Callable[[], Awaitable[None]], beside: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        """Do something, and leave it when a signal says so.

        Args:
            work: what to do.
            beside: what goes on as long, and ends with it.

        Raises:
            Exception: whatever the work raises, as it is.
        """
        raised: list[Exception] = []

        async def guarded() -> None:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - a group would wrap it
                raised.append(error)

        async with anyio.create_task_group() as group:
            await group.start(self._listen, group)
            group.start_soon(beside)
            await guarded()
            group.cancel_scope.cancel()
        if raised:
            raise raised[0]

    async def _listen(
        self, group: TaskGroup, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        with anyio.open_signal_receiver(*_SIGNALS) as signals:
            task_status.started()
            async for number in signals:
                if self.caught is not None or self.stop is None:
                    self.caught = self.caught or number
                    group.cancel_scope.cancel()
                    return
                self.caught = number
                group.start_soon(self._leave, group, self.stop)

    async def _leave(self, group: TaskGroup, stop: Stop) -> None:
        self._show.make_room()
        if not await self._wants_stop():
            complain("it goes on, and nobody watches it")
            group.cancel_scope.cancel()
            return
        self._show.go_on()
        try:
            await stop()
        except (UpstreamError, RuntimeError) as error:
            complain(str(error))
        else:
            await anyio.sleep(_LAST_WORDS)  # the end of the run ends this sooner
        group.cancel_scope.cancel()

    async def _wants_stop(self) -> bool:
        if self.caught == signal.SIGINT and can_ask():
            return await confirmed("\nstop the run on the server, too?")
        return self._is_ours
