"""Where the bodies of RAGFlow's runs come from: each from one POST, and from nowhere else.

RAGFlow tells no run twice: what breaks off is lost, and to ask again would be another run. An agent can be stopped, since
v0.25.1; a chat cannot. What an agent's tools did is told elsewhere, if at all (protocol B.6).
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from streamkit.clients.body import Body
from streamkit.clients.operation import Call
from streamkit.clients.origin import Origin
from streamkit.clients.ragflow.answers import AgentLog
from streamkit.errors import Refused
from streamkit.run import Run

_EVERY: Final = 3.0
"""Seconds between two looks at the log, as the vendor's own page has it."""


class RAGFlowServer(Protocol):
    """What the origin of a run asks of its client."""

    async def open_body(self, call: Call) -> Body:
        """Open a stream."""

    async def stop(self, task_id: str) -> None:
        """Stop a run."""

    async def agent_logs(self, agent_id: str, message_id: str) -> tuple[AgentLog, ...]:
        """Ask for the calls of tools of a run."""


class RAGFlowRun(Origin):
    """A run that this client begins, or goes on with."""

    def __init__(
        self,
        server: RAGFlowServer,
        request: Callable[[], Awaitable[Call]],
        *,
        agent: str | None = None,
        tool_calls: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            server: whom to ask.
            request: makes the request; it may have to begin a session.
            agent: whose run it is; None of a chat, which cannot be stopped.
            tool_calls: whether to ask for the calls of tools, which are on no stream since v0.25.
        """
        self._server = server
        self._request = request
        self._agent = agent
        self._told: tuple[AgentLog, ...] = ()
        self.aside_every = _EVERY if tool_calls and agent is not None else None

    async def first(self) -> Body:
        """Begin the run."""
        return await self._server.open_body(await self._request())

    async def stop(self, run: Run) -> None:
        """Ask the server to stop the run."""
        if self._agent is None:
            raise RuntimeError("RAGFlow has no way to stop a chat: it answers to its end, whoever listens")
        if run.task_id is None:
            raise RuntimeError("the server has not named the run yet, so it cannot be stopped")
        await self._server.stop(run.task_id)

    async def aside(self, run: Run) -> bytes:
        """Return the calls of tools since the last time; a server that has none to tell is not asked again."""
        if self._agent is None or run.message_id is None or not any(node.type == "Agent" for node in run.walk()):
            return b""
        try:
            logs = await self._server.agent_logs(self._agent, run.message_id)
        except Refused:
            self.aside_every = None
            raise
        if logs == self._told:
            return b""
        self._told = logs
        told = {"event": "node_logs", "message_id": run.message_id, "session_id": run.conversation_id, "data": logs}
        return b"data:" + msgspec.json.encode(told) + b"\n\n"
