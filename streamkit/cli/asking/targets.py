"""What can be asked of an app, whatever the vendor: to run, to go on after a form, to take a file.

A target holds a client that is open, and knows nothing of terminals.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec import Struct, field

from streamkit.cli.asking.apps import App, BadConfig, key_of
from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.inputs import field_of
from streamkit.clients import DifyClient, ParadigmClient, RAGFlowClient, RunStream, dify, ragflow
from streamkit.clients.client import Client
from streamkit.clients.tape import NO_TAPE, Tape
from streamkit.run import HumanInput, Run
from streamkit.run.payload import Json


class Question(Struct, frozen=True, kw_only=True):
    """What an app is asked."""

    query: str | None = None
    inputs: dict[str, Json] = field(default_factory=dict)
    files: tuple[Json, ...] = ()
    """As the vendor takes them."""
    conversation_id: str | None = None
    """The conversation, or session, to go on with."""


class Target(Protocol):
    """An app that can be asked."""

    @property
    def client(self) -> Client:
        """The client that asks it."""

    async def takes_query(self) -> bool:
        """Whether it takes a question, beside its inputs."""

    async def needs_query(self) -> bool:
        """Whether it means nothing without one."""

    async def fields(self) -> list[Field] | None:
        """The inputs that it asks for; None where the server does not tell."""

    async def upload(self, path: Path) -> Json:
        """Upload a file, and return it as runs take it."""

    def begin(self, question: Question, tape: Tape) -> RunStream:
        """Run it."""

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Answer a form, with what `Form.answer` says."""

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Go on with a run whose forms are answered, or wait for what becomes of it."""

    async def whole(self, question: Question) -> Run:
        """Run it in one request."""


class DifyTarget:
    """An app of Dify."""

    def __init__(self, client: DifyClient, user: str) -> None:
        self.client = client
        self.user = user

    async def takes_query(self) -> bool:
        """Whether it is no workflow."""
        return await self.client.mode() != "workflow"

    async def needs_query(self) -> bool:
        """Whether it is a chat of some kind."""
        return await self.client.mode() not in ("workflow", "completion")

    async def fields(self) -> list[Field] | None:
        """The variables of its start node, or of its prompt."""
        return [field_of(told) for told in (await self.client.parameters()).inputs]

    async def upload(self, path: Path) -> Json:
        """Upload a file."""
        return (await self.client.upload(path)).as_input()

    def begin(self, question: Question, tape: Tape) -> RunStream:
        """Run it."""
        return self.client.stream(question.query, record=tape, **self._asked(question))

    async def whole(self, question: Question) -> Run:
        """Run it in one request."""
        return await self.client.run(question.query, **self._asked(question))

    def _asked(self, question: Question) -> dify.Asked:
        asked = dify.Asked(inputs=question.inputs, files=question.files)
        if question.conversation_id:
            asked["conversation_id"] = question.conversation_id
        return asked

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Answer a form; files in it are uploaded first."""
        inputs = {name: await self._sent(value) for name, value in body.get("inputs", {}).items()}
        await self.client.submit_form(form, action, inputs)

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Watch how the run goes on."""
        return self.client.resume(run, across_pauses=across_pauses, record=tape)

    async def _sent(self, value: Json) -> Json:
        if isinstance(value, Path):
            return await self.upload(value)
        if isinstance(value, list):
            return [await self._sent(item) for item in value]
        return value


class RAGFlowTarget:
    """A chat or an agent of RAGFlow."""

    def __init__(self, client: RAGFlowClient, app: App) -> None:
        """Look at an app.

        Raises:
            BadConfig: it is neither a chat nor an agent.
        """
        if (app.chat is None) == (app.agent is None):
            raise BadConfig(f"{app.name}: which chat, or which agent? Give --chat ID or --agent ID, or configure it")
        self.client = client
        self._chat, self._agent = app.chat, app.agent
        self._entered: dict[str, Json] = {}

    async def takes_query(self) -> bool:
        """Both do."""
        return True

    async def needs_query(self) -> bool:
        """Whether it is a chat; agents have inputs."""
        return self._chat is not None

    async def fields(self) -> list[Field] | None:
        """The server does not tell them to who runs it."""
        return None

    async def upload(self, path: Path) -> Json:
        """Upload a file for a run of the agent."""
        if self._agent is None:
            raise BadConfig("chats of RAGFlow take no files")
        return await self.client.upload(self._agent, path)

    def begin(self, question: Question, tape: Tape) -> RunStream:
        """Run it."""
        asked = self._asked(question)
        return self.client.stream(
            question.query or "", chat=self._chat, agent=self._agent, record=tape, tool_calls=True, **asked
        )

    async def whole(self, question: Question) -> Run:
        """Run it in one request."""
        asked = self._asked(question)
        return await self.client.run(question.query or "", chat=self._chat, agent=self._agent, **asked)

    def _asked(self, question: Question) -> ragflow.Asked:
        asked = ragflow.Asked(inputs=question.inputs, files=question.files)
        if question.conversation_id:
            asked["session_id"] = question.conversation_id
        return asked

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Keep an answer: it goes along with the request in which the run goes on."""
        self._entered = {name: await self._sent(told["value"]) for name, told in body.get("inputs", {}).items()}

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Send the answer, and watch how the run goes on."""
        assert self._agent is not None  # noqa: S101 - chats ask nothing
        return self.client.resume(run, self._entered, agent=self._agent, record=tape, tool_calls=True)

    async def _sent(self, value: Json) -> Json:
        return await self.upload(value) if isinstance(value, Path) else value


class ParadigmTarget:
    """A chatflow of Paradigm, or a model of it."""

    def __init__(self, client: ParadigmClient, app: App) -> None:
        self.client = client
        self._model, self._tool = app.model, app.tool

    async def takes_query(self) -> bool:
        """Both do."""
        return True

    needs_query = takes_query

    async def fields(self) -> list[Field] | None:
        """There are none that the server tells."""
        return None

    async def upload(self, path: Path) -> Json:
        """Refuse: files of Paradigm are uploaded elsewhere, and named by their numbers."""
        raise BadConfig("Paradigm takes no files with a question")

    def begin(self, question: Question, tape: Tape) -> RunStream:
        """Ask."""
        query = question.query or ""
        if self._model is not None and self._tool is None:
            return self.client.stream([{"role": "user", "content": query}], model=self._model, record=tape)
        scope: dict[str, Any] = {name: told for name, told in (("model", self._model), ("tool", self._tool)) if told}
        return self.client.stream_chatflow(query, record=tape, **scope, **question.inputs)

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Refuse: it asks nothing."""
        raise RuntimeError("Paradigm asks nothing")

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Refuse: it never pauses."""
        raise RuntimeError("a run of Paradigm does not go on")

    async def whole(self, question: Question) -> Run:
        """Run a chatflow, which is one request anyway."""
        async with self.begin(question, NO_TAPE) as stream:
            return await stream.finish()


USER: Final = "streamkit"
"""On whose behalf an app is asked where nobody says it."""


@asynccontextmanager
async def reached(app: App) -> AsyncIterator[Target]:
    """Open a client for an app.

    Args:
        app: which one, and how to reach it.

    Yields:
        What can be asked of it.

    Raises:
        BadConfig: it cannot be reached as it is configured.
    """
    target = _target(app)
    async with target.client:
        yield target


def _target(app: App) -> Target:
    key = key_of(app)
    try:
        match app.kind:
            case "dify":
                user = app.user or USER
                return DifyTarget(DifyClient(app.base, key, user=user, mode=app.mode), user)
            case "ragflow":
                return RAGFlowTarget(RAGFlowClient(app.base, key, api=app.api), app)
            case "paradigm":
                return ParadigmTarget(ParadigmClient(app.base, key), app)
    except ValueError as error:  # no key, no address
        raise BadConfig(f"{app.name}: {error}") from None


async def question_of(
    target: Target, query: str | None, values: Mapping[str, Json], files: Sequence[Path], conversation_id: str | None
) -> Question:
    """Return what an app is asked, with its files uploaded.

    Args:
        target: the app.
        query: the question.
        values: inputs, in which a `Path` stands for a file.
        files: for the question.
        conversation_id: the conversation to go on with.

    Raises:
        UpstreamError: a file was not taken.
        OSError: it cannot be read.
    """

    async def sent(value: Json) -> Json:
        if isinstance(value, Path):
            return await target.upload(value)
        return [await sent(item) for item in value] if isinstance(value, list) else value

    return Question(
        query=query,
        inputs={name: await sent(value) for name, value in values.items()},
        files=tuple([await target.upload(path) for path in files]),
        conversation_id=conversation_id,
    )
