"""Where the bodies of Dify's runs come from.

A run of a workflow that breaks off is asked for again at `/workflow/{run}/events`, which first tells how it stands; runs of
other apps have no such path, and nothing but their end is lost with them. The server tells how a run ended that nobody
heard the end of, at `/workflows/run/{run}` (protocol C.8, C.12).
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from streamkit.clients.address import filled
from streamkit.clients.body import Body
from streamkit.clients.dify.answers import RunDetail
from streamkit.clients.operation import Call
from streamkit.clients.origin import Origin
from streamkit.run import Run

_ENDED: Final = ("succeeded", "partial-succeeded", "failed", "stopped")


class DifyServer(Protocol):
    """What the origin of a run asks of its client."""

    async def open_body(self, call: Call) -> Body:
        """Open a stream."""

    async def run_detail(self, workflow_run_id: str) -> RunDetail:
        """Ask how a run stands."""

    async def stop(self, task_id: str, *, user: str | None = None) -> object:
        """Stop a run."""

    def is_answered(self, run: Run) -> bool:
        """Whether all forms that a run waits for were answered by this client."""


class DifyRun(Origin):
    """A run that this client begins."""

    def __init__(self, server: DifyServer, request: Callable[[], Awaitable[Call]], user: str) -> None:
        """Prepare a run.

        Args:
            server: whom to ask.
            request: makes the request that begins the run; it may have to ask what the app is.
            user: whose run it is: who else asks for it is told that there is none.
        """
        self._server = server
        self._request = request
        self._user = user

    async def first(self) -> Body:
        """Begin the run."""
        return await self._server.open_body(await self._request())

    def goes_on(self, run: Run) -> bool:
        """Whether it waits for nobody any more, though the server said a moment ago that it does."""
        return run.status == "paused" and self._server.is_answered(run)

    async def again(self, run: Run) -> Body | None:
        """Ask for the run anew, from how it stands on; only runs of workflows can be."""
        if run.id is None:
            return None
        return await self._server.open_body(events_call(run.id, self._user))

    async def verdict(self, run: Run) -> bytes | None:
        """Return the server's record of a run as the frame that would have told its end."""
        if run.id is None:
            return None
        detail = await self._server.run_detail(run.id)
        return _frame_of(detail, run) if detail.status in _ENDED else None

    async def stop(self, run: Run) -> None:
        """Ask the server to stop the run."""
        if run.task_id is None:
            raise RuntimeError("the server has not named the run yet, so it cannot be stopped")
        await self._server.stop(run.task_id, user=self._user)


class DifyEvents(DifyRun):
    """A run that was begun before: it paused, or somebody else began it."""

    def __init__(
        self, server: DifyServer, run_id: str, user: str, *, snapshot: bool = True, across_pauses: bool = False
    ) -> None:
        """Prepare to join a run.

        Args:
            server: whom to ask.
            run_id: which run.
            user: whose it is.
            snapshot: whether to be told first how it stands. Without, what happens before one listens is lost.
            across_pauses: whether to stay while it waits for a person.
        """
        call = events_call(run_id, user, snapshot=snapshot, across_pauses=across_pauses)

        async def request() -> Call:
            return call

        super().__init__(server, request, user)


def events_call(run_id: str, user: str, *, snapshot: bool = True, across_pauses: bool = False) -> Call:
    """Return the request for the events of a run."""
    query = {"user": user, "include_state_snapshot": "true" if snapshot else "false"}
    if across_pauses:
        query["continue_on_pause"] = "true"
    return Call("GET", filled("/workflow/{run_id}/events", {"run_id": run_id}), query)


def _frame_of(detail: RunDetail, run: Run) -> bytes:
    data = {name: getattr(detail, name) for name in RunDetail.__struct_fields__ if name != "inputs"}
    told = {"event": "workflow_finished", "task_id": run.task_id, "workflow_run_id": run.id, "data": data}
    return b"data: " + msgspec.json.encode(told) + b"\n\n"
