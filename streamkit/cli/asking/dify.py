"""An app of Dify, as a target: what it takes, how it is asked, and how its forms are answered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.inputs import field_of
from streamkit.cli.asking.targets import Question, sent
from streamkit.clients import DifyClient, RunStream, dify
from streamkit.clients.tape import Tape
from streamkit.errors import UpstreamError
from streamkit.run import HumanInput, Run
from streamkit.run.payload import Json


class DifyTarget:
    """An app of Dify."""

    tells_pauses = True

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

    async def defaults(self, form: HumanInput) -> Json:
        """Ask for the form itself, which tells them."""
        try:
            return (await self.client.form(form)).resolved_default_values if form.token else None
        except UpstreamError:
            return None

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Answer a form; files in it are uploaded first."""
        inputs = {name: await sent(self, value) for name, value in body.get("inputs", {}).items()}
        await self.client.submit_form(form, action, inputs)

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Watch how the run goes on."""
        return self.client.resume(run, across_pauses=across_pauses, record=tape)
