"""A chatflow or a model of LightOn Paradigm, as a target: it asks nothing, and takes no files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamkit.cli.asking.apps import App, BadConfig
from streamkit.cli.asking.entries import Field
from streamkit.cli.asking.targets import Question
from streamkit.clients import ParadigmClient, RunStream
from streamkit.clients.tape import NO_TAPE, Tape
from streamkit.run import HumanInput, Run
from streamkit.run.payload import Json


class ParadigmTarget:
    """A chatflow of Paradigm, or a model of it."""

    tells_pauses = False
    user = None

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

    async def defaults(self, form: HumanInput) -> Json:
        """There are no forms."""
        return None

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
