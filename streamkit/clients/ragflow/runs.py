"""Where the bodies of RAGFlow's runs come from: each from one POST, and from nowhere else.

RAGFlow tells no run twice: what breaks off is lost, and to ask again would be another run. An agent can be stopped, since
v0.25.1; a chat cannot.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from streamkit.clients.body import Body
from streamkit.clients.operation import Call
from streamkit.clients.origin import Origin
from streamkit.run import Run


class RAGFlowServer(Protocol):
    """What the origin of a run asks of its client."""

    async def open_body(self, call: Call) -> Body:
        """Open a stream."""

    async def stop(self, task_id: str) -> None:
        """Stop a run."""


class RAGFlowRun(Origin):
    """A run that this client begins, or goes on with."""

    def __init__(self, server: RAGFlowServer, request: Callable[[], Awaitable[Call]], *, can_stop: bool) -> None:
        """Prepare a run.

        Args:
            server: whom to ask.
            request: makes the request; it may have to begin a session.
            can_stop: whether it is of an agent.
        """
        self._server = server
        self._request = request
        self._can_stop = can_stop

    async def first(self) -> Body:
        """Begin the run."""
        return await self._server.open_body(await self._request())

    async def stop(self, run: Run) -> None:
        """Ask the server to stop the run."""
        if not self._can_stop:
            raise RuntimeError("RAGFlow has no way to stop a chat: it answers to its end, whoever listens")
        if run.task_id is None:
            raise RuntimeError("the server has not named the run yet, so it cannot be stopped")
        await self._server.stop(run.task_id)
