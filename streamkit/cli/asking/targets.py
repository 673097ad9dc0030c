"""What can be asked of an app, whatever the vendor: to run, to go on after a form, to take a file.

A target holds a client that is open, and knows nothing of terminals.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field

from streamkit.cli.asking.entries import Field
from streamkit.clients import RunStream
from streamkit.clients.client import Client
from streamkit.clients.tape import Tape
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

    @property
    def user(self) -> str | None:
        """On whose behalf it is asked; None where that is left to the server."""

    @property
    def tells_pauses(self) -> bool:
        """Whether a run that waits can be watched, whoever answers its form."""

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

    async def defaults(self, form: HumanInput) -> Json:
        """Return what defaults of a form stand for that are variables; None where the server does not tell."""

    async def answer(self, run: Run, form: HumanInput, action: str, body: Mapping[str, Any]) -> None:
        """Answer a form, with what `Form.answer` says."""

    def resume(self, run: Run, tape: Tape, *, across_pauses: bool = False) -> RunStream:
        """Go on with a run whose forms are answered, or wait for what becomes of it."""

    async def whole(self, question: Question) -> Run:
        """Run it in one request."""


async def sent(target: Target, value: Json) -> Json:
    """Return a value as an app takes it: a `Path` in it is a file, and uploaded.

    Raises:
        UpstreamError: a file was not taken.
        OSError: it cannot be read.
    """
    if isinstance(value, Path):
        return await target.upload(value)
    return [await sent(target, item) for item in value] if isinstance(value, list) else value


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
    return Question(
        query=query,
        inputs={name: await sent(target, value) for name, value in values.items()},
        files=tuple([await target.upload(path) for path in files]),
        conversation_id=conversation_id,
    )
