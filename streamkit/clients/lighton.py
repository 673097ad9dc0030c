"""The client of LightOn Paradigm: its chatflows, which answer in one document, and its chat completions, which stream."""

# mypy: disable-error-code="empty-body"
# The decorator of `chatflow` is its body.

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict, Unpack

import aiohttp

from streamkit.clients import patience as patiences
from streamkit.clients.address import base_of
from streamkit.clients.answer import Received
from streamkit.clients.client import Client, from_environment, is_refused
from streamkit.clients.operation import Call, operations_of, performs, post
from streamkit.clients.origin import OneBody
from streamkit.clients.patience import Patience
from streamkit.clients.secret import Secret
from streamkit.clients.stream import RunStream
from streamkit.clients.tape import Record
from streamkit.dialects.lighton import Chatflow
from streamkit.errors import ParadigmError
from streamkit.run import Run
from streamkit.run.payload import Json

CLOUD: Final = "https://paradigm.lighton.ai"
"""Where LightOn's own service is."""
_COMPLETIONS: Final = "/api/v2/chat/completions"


class Scope(TypedDict, total=False):
    """What a chatflow may use, and how; each may be left out."""

    model: str
    tool: str
    workspace_ids: Sequence[int]
    file_ids: Sequence[int]
    company_scope: bool
    private_scope: bool


class ParadigmClient(Client):
    """Talks to LightOn Paradigm.

    ::

        async with ParadigmClient(api_key=key) as client:
            run = await client.run("Which of our contracts end this year?", tool="document_search")
            async with client.stream([{"role": "user", "content": "Hello"}], model="alfred") as stream:
                async for event in stream:
                    print(event.kind)
    """

    dialect = "lighton"

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        *,
        patience: Patience = patiences.PARADIGM,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base_url: the server, without `/api/v2`; by default `PARADIGM_BASE_URL`, else LightOn's own service.
            api_key: by default `PARADIGM_API_KEY`.
            patience: how long to wait for what.
            session: one of the caller's, who closes it; by default an own one.

        Raises:
            ValueError: there is no key, or the address is none.
        """
        base = base_url or from_environment("PARADIGM_BASE_URL") or CLOUD
        key = api_key or from_environment("PARADIGM_API_KEY")
        if key is None:
            raise ValueError("no API key: give one, or set PARADIGM_API_KEY")
        super().__init__(base_of(base, removed="/api/v2"), key, patience=patience, session=session)

    @post("/api/v2/tools/chatflows/")
    async def chatflow(
        self,
        messages: str,
        *,
        model: str | None = None,
        tool: str | None = None,
        workspace_ids: Sequence[int] | None = None,
        file_ids: Sequence[int] | None = None,
        company_scope: bool | None = None,
        private_scope: bool | None = None,
    ) -> Chatflow:
        """Run a chatflow, and return its document: what it found, what it called, what it says."""

    async def run(self, messages: str, *, limit: float | None = None, **scope: Unpack[Scope]) -> Run:
        """Run a chatflow, and return the run.

        Args:
            messages: the question.
            limit: seconds; by default as the patience says.
            scope: what it may use: see `Scope`.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        call = _CHATFLOW.call({"messages": messages, **scope})
        return self._whole(await self.fetch(call, limit=limit))

    def stream_chatflow(self, messages: str, *, record: Record = None, **scope: Unpack[Scope]) -> RunStream:
        """Run a chatflow, as a stream of the one event that it is: to be recorded and shown like others.

        Args:
            messages: the question.
            record: record the answer in this file, or on this tape.
            scope: what it may use: see `Scope`.

        Raises:
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """
        call = _CHATFLOW.call({"messages": messages, **scope})
        return self.stream_of(OneBody(self.open_body, call), record=record)

    @performs("POST /api/v2/chat/completions")
    def stream(
        self,
        messages: Sequence[Mapping[str, Json]],
        *,
        model: str,
        options: Mapping[str, Json] | None = None,
        record: Record = None,
    ) -> RunStream:
        """Let a model answer, and stream what it says.

        Args:
            messages: as OpenAI has them: roles and contents.
            model: which one.
            options: anything else that the server takes.
            record: record the stream in this file, or on this tape.

        Returns:
            The stream. Nothing is sent before its `async with`, which raises an `UpstreamError` where the server cannot
            be reached or refuses.

        Raises:
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """
        body = {**(options or {}), "model": model, "messages": [dict(told) for told in messages], "stream": True}
        origin = OneBody(self.open_body, Call("POST", _COMPLETIONS, body=body))
        return self.stream_of(origin, dialect="openai", record=record)

    def refusal(self, received: Received) -> ParadigmError | None:
        """Return the exception that an answer means, if it is a refusal: one of three shapes."""
        if not is_refused(received):
            return None
        told = received.object
        error = told.get("error")
        inner: dict[str, Json] = error if isinstance(error, dict) else told
        message = inner.get("message") or inner.get("detail") or inner.get("error") or received.phrase
        return ParadigmError(str(inner.get("code") or ""), received.status, str(message))


_CHATFLOW: Final = operations_of(ParadigmClient)["chatflow"]
