"""A chat or an agent of RAGFlow, as a target. An answer to a form is kept, as it goes along with the next request."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamkit.cli.asking.apps import App, BadConfig
from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.targets import Question, sent
from streamkit.clients import RAGFlowClient, RunStream, ragflow
from streamkit.clients.tape import Tape
from streamkit.run import HumanInput, Run
from streamkit.run.payload import Json


class RAGFlowTarget:
    """A chat or an agent of RAGFlow."""

    tells_pauses = False

    def __init__(self, client: RAGFlowClient, app: App) -> None:
        """Look at an app.

        Raises:
            BadConfig: it is neither a chat nor an agent.
        """
        if (app.chat is None) == (app.agent is None):
            raise BadConfig(f"{app.name}: which chat, or which agent? Give --chat ID or --agent ID, or configure it")
        self.client = client
        self.user = app.user
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
        if self.user:
            asked["user_id"] = self.user
        return asked

    async def defaults(self, form: HumanInput) -> Json:
        """There are none that are variables."""
        return None

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Keep an answer: it goes along with the request in which the run goes on."""
        self._entered = {name: await sent(self, told["value"]) for name, told in body.get("inputs", {}).items()}

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Send the answer, and watch how the run goes on."""
        assert self._agent is not None  # noqa: S101 - chats ask nothing
        return self.client.resume(
            run, self._entered, agent=self._agent, user_id=self.user, record=tape, tool_calls=True
        )
