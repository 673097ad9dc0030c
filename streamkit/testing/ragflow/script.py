"""What happens in a run of RAGFlow, step by step, before any version says how it looks on the wire."""

from typing import Literal

from msgspec import Struct

from streamkit.testing.seeded import Json

Ending = Literal["succeeded", "failed", "open"]
"""How an execution ends. `open`: nothing is said of it."""


class Start(Struct, frozen=True):
    """The run begins."""

    inputs: Json
    query: str


class Node(Struct, frozen=True, kw_only=True):
    """One execution of a component."""

    type: str
    name: str
    inputs: Json
    outputs: Json
    seconds: float
    ending: Ending = "succeeded"
    error: str | None = None


class Speech(Struct, frozen=True, kw_only=True):
    """What is said: by a model, or as it stands in a Message."""

    name: str | None
    """Of the model's component; None if there is no model."""
    pieces: tuple[str, ...]
    thought: str
    tokens: int
    chunks: tuple[Json, ...]
    """What was retrieved for it."""
    seconds: float
    ending: Ending = "succeeded"
    error: str | None = None

    @property
    def text(self) -> str:
        """All that is said."""
        return "".join(self.pieces)


class Container(Struct, frozen=True, kw_only=True):
    """An iteration, or a loop."""

    type: Literal["Iteration", "Loop"]
    name: str
    items: tuple[object, ...]
    rounds: tuple[tuple["Step", ...], ...]
    ending: Ending = "succeeded"
    error: str | None = None


class Pause(Struct, frozen=True):
    """The run waits for a person."""

    name: str
    tips: str
    fields: tuple[str, ...]


class Resume(Struct, frozen=True):
    """The run goes on in another body."""

    values: Json


class End(Struct, frozen=True):
    """The run is over."""

    status: Literal["succeeded", "failed", "stopped"]
    error: str | None = None


Step = Start | Node | Speech | Container | Pause | Resume | End
