"""The client of a RAGFlow server: runs of its chats and agents by hand, all else by the table in `operations`."""

from collections.abc import Mapping
from typing import Any, Final, Unpack

import aiohttp
import msgspec
from msgspec import Raw

from streamkit.clients import patience as patiences
from streamkit.clients.address import base_of, filled
from streamkit.clients.answer import Received
from streamkit.clients.client import from_environment, is_refused
from streamkit.clients.operation import Call, Operation, Route, performs
from streamkit.clients.patience import Patience
from streamkit.clients.ragflow.october import COMPLETION, OCTOBER
from streamkit.clients.ragflow.operations import RAGFlowOperations
from streamkit.clients.ragflow.request import (
    AGENT,
    AGENT_SESSIONS,
    CHAT,
    Api,
    Asked,
    agent_call,
    answer_call,
    chat_call,
)
from streamkit.clients.ragflow.runs import RAGFlowRun
from streamkit.clients.secret import Secret
from streamkit.clients.stream import RunStream
from streamkit.clients.tape import Record
from streamkit.errors import RAGFlowError
from streamkit.run import Run
from streamkit.run.payload import Json, dumps

_STOP: Final = "/api/v1/tasks/{task_id}/cancel"
_NAME_MOST: Final = 60
"""Characters of a question that become the name of its session."""


class _Envelope(msgspec.Struct):
    """What stands around every answer; up to v0.13 under other names."""

    data: Raw = Raw(b"null")


class RAGFlowClient(RAGFlowOperations):
    """Talks to one RAGFlow server.

    ::

        async with RAGFlowClient(base_url, api_key) as client:
            async with client.stream("Where is my refund?", agent=agent_id) as stream:
                async for event in stream:
                    print(event.kind)
            print(stream.run.status, stream.run.text)
    """

    dialect = "ragflow"

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        *,
        api: Api = "current",
        patience: Patience = patiences.RAGFLOW,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base_url: the server, without `/api/v1`; by default `RAGFLOW_BASE_URL`.
            api_key: by default `RAGFLOW_API_KEY`.
            api: which API the server has.
            patience: how long to wait for what.
            session: one of the caller's, who closes it; by default an own one.

        Raises:
            ValueError: there is no key, no address, or the address is none.
        """
        base = base_url or from_environment("RAGFLOW_BASE_URL")
        if base is None:
            raise ValueError("no base URL: give one, or set RAGFLOW_BASE_URL")
        key = api_key or from_environment("RAGFLOW_API_KEY")
        if key is None:
            raise ValueError("no API key: give one, or set RAGFLOW_API_KEY")
        super().__init__(base_of(base, removed="/api/v1"), key, patience=patience, session=session)
        self.api: Api = api
        """Which API the server has."""

    # ---- runs

    @performs(f"POST {CHAT}", f"POST {AGENT}", f"POST {COMPLETION}")
    def stream(
        self,
        question: str = "",
        *,
        chat: str | None = None,
        agent: str | None = None,
        record: Record = None,
        stop_if_left: bool = False,
        tool_calls: bool = False,
        **asked: Unpack[Asked],
    ) -> RunStream:
        """Ask a chat, or run an agent, and stream what happens.

        Args:
            question: an agent may need none.
            chat: the id of the chat, or
            agent: that of the agent.
            record: record the stream in this file, or on this tape.
            stop_if_left: whether to stop the run when the stream is left before its end; agents alone can be.
            tool_calls: whether to ask for what an agent's tools did, every three seconds that nothing comes: since v0.25
                that is on no stream.
            asked: session, inputs, files and more: see `Asked`.

        Returns:
            The stream. Nothing is sent before its `async with`, which raises an `UpstreamError` where the server cannot
            be reached or refuses.

        Raises:
            ValueError: neither a chat nor an agent is given, or both are, or this API has no agents.
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """
        self._check(chat, agent)

        async def request() -> Call:
            return await self._run_call(question, chat, agent, asked, stream=True)

        origin = RAGFlowRun(self, request, agent=agent, tool_calls=tool_calls)
        return self.stream_of(origin, record=record, stop_if_left=stop_if_left)

    async def run(
        self,
        question: str = "",
        *,
        chat: str | None = None,
        agent: str | None = None,
        limit: float | None = None,
        **asked: Unpack[Asked],
    ) -> Run:
        """Ask a chat, or run an agent, in one request, and return the run when it is over, or paused.

        Args:
            question: an agent may need none.
            chat: the id of the chat, or
            agent: that of the agent.
            limit: seconds; by default as the patience says of progress.
            asked: session, inputs, files and more: see `Asked`.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
            ValueError: neither a chat nor an agent is given, or both are, or this API has no agents.
        """
        self._check(chat, agent)
        call = await self._run_call(question, chat, agent, asked, stream=False)
        return self._whole(await self.fetch(call, limit=limit or self.patience.progress))

    @performs(f"POST {AGENT}")
    def resume(
        self,
        run: Run,
        inputs: Mapping[str, Json],
        *,
        agent: str,
        user_id: str | None = None,
        record: Record = None,
        stop_if_left: bool = False,
        tool_calls: bool = False,
    ) -> RunStream:
        """Answer what a run of an agent asked, and stream how it goes on.

        Args:
            run: it paused; it goes on as it is.
            inputs: what was entered, by the keys of the fields. One that is left out is empty for the agent.
            agent: whose run it is.
            user_id: who answers.
            record: record the stream in this file, or on this tape.
            stop_if_left: whether to stop the run when the stream is left before its end.
            tool_calls: whether to ask for what the agent's tools did.

        Raises:
            ValueError: the run waits for nothing, or not for one of these inputs.
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """
        form = next((form for form in run.forms if form.status == "waiting"), None)
        if form is None or run.conversation_id is None:
            raise ValueError("the run waits for no answer")
        call = answer_call(agent, run.conversation_id, form, inputs, user_id)

        async def request() -> Call:
            return call

        origin = RAGFlowRun(self, request, agent=agent, tool_calls=tool_calls)
        return self.stream_of(origin, run=run, record=record, stop_if_left=stop_if_left)

    @performs(f"POST {_STOP}")
    async def stop(self, task_id: str) -> None:
        """Stop a run of an agent (v0.25.1 and later). Its session takes no other run for an hour: begin a new one.

        Args:
            task_id: of the run: `run.task_id`.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        await self.fetch(Call("POST", filled(_STOP, {"task_id": task_id}), body={}))

    # ---- what is RAGFlow's own

    def refusal(self, received: Received) -> RAGFlowError | None:
        """Return the exception that an answer means, if it is a refusal: RAGFlow refuses with 200, and even with code 0."""
        told = received.object if received.is_json else {}
        code = told.get("code", told.get("retcode"))
        message = told.get("message", told.get("retmsg"))
        is_empty = told.get("data") is False and bool(message)  # "`Authorization` can't be empty"
        if not is_refused(received) and (code in (0, None) or not isinstance(code, int)) and not is_empty:
            return None
        return RAGFlowError("" if code is None else str(code), received.status, str(message or received.phrase))

    def route_of(self, operation: Operation) -> Route:
        """Return how this server spells an operation.

        Raises:
            ValueError: its API does not have it.
        """
        if self.api != "2024-10":
            return operation.route
        route = OCTOBER.get(operation.name)
        if route is None:
            raise ValueError(f"the API of October 2024 has no {operation.name}")
        return route

    def _payload(self, operation: Operation, received: Received) -> bytes:
        """Take the envelope off."""
        if operation.answer in (bytes, None):
            return received.body
        try:
            data = bytes(msgspec.json.decode(received.body, type=_Envelope).data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            data = dumps(received.object.get("data"))
        return _unwrapped(data) if operation.name == "agents" else data

    def _check(self, chat: str | None, agent: str | None) -> None:
        if (chat is None) == (agent is None):
            raise ValueError("a run is of a chat or of an agent: give one of them")
        if agent is not None and self.api == "2024-10":
            raise ValueError("the API of October 2024 has no agents")

    async def _run_call(
        self, question: str, chat: str | None, agent: str | None, asked: Asked, *, stream: bool
    ) -> Call:
        if agent is not None:
            if self.api == "v0.19" and "session_id" not in asked:
                asked = {**asked, "session_id": await self._old_agent_session(agent, asked)}
            return agent_call(agent, question, asked, stream=stream)
        assert chat is not None  # noqa: S101 - checked before
        session = asked.get("session_id")
        if session is None:
            session = (await self.create_session(chat, question[:_NAME_MOST] or "streamkit")).id
        return chat_call(chat, session, question, asked, api=self.api, stream=stream)

    async def _old_agent_session(self, agent: str, asked: Asked) -> str:
        """Begin a session of an agent of the old engine, with what its begin component asks for."""
        path = filled(AGENT_SESSIONS, {"agent_id": agent})
        received = await self.fetch(Call("POST", path, body=dict(asked.get("inputs", {}))))
        data: Any = received.object.get("data")
        return str(data.get("id", "")) if isinstance(data, dict) else ""


def _unwrapped(data: bytes) -> bytes:
    """Return the list of agents, which newer servers put into an object."""
    told = msgspec.json.decode(data)
    return dumps(told["canvas"]) if isinstance(told, dict) and "canvas" in told else data
