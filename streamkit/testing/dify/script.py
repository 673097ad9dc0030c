"""What happens in a run of Dify, step by step, before any version says how it looks on the wire."""

from typing import Any, Literal

from msgspec import Struct

from streamkit.testing.seeded import Json

Ending = Literal["succeeded", "failed", "exception", "open"]
"""How an execution ends. `exception`: it failed, and an error strategy handled it. `open`: nothing is said of it."""


class Start(Struct, frozen=True):
    """The run begins."""

    inputs: Json
    query: str


class Log(Struct, frozen=True):
    """An entry of an agent's log."""

    label: str
    parent: str | None
    data: Json
    error: str | None


class Model(Struct, frozen=True):
    """What a model does in a node."""

    name: str
    pieces: tuple[str, ...]
    tokens: int
    thought: str

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join(self.pieces)


class Node(Struct, frozen=True, kw_only=True):
    """One execution of a node."""

    type: str
    title: str
    inputs: Json
    outputs: Json
    seconds: float
    model: Model | None = None
    tries: tuple[str, ...] = ()
    """Why the tries failed that were before the last one."""
    logs: tuple[Log, ...] = ()
    ending: Ending = "succeeded"
    error: str | None = None


class Container(Struct, frozen=True, kw_only=True):
    """An iteration, or a loop."""

    kind: Literal["iteration", "loop"]
    title: str
    inputs: Json
    length: int
    """So many rounds it announces."""
    rounds: tuple[tuple["Step", ...], ...]
    is_parallel: bool = False
    ending: Ending = "succeeded"


class Thought(Struct, frozen=True):
    """A round of an agent app in which it calls a tool."""

    text: str
    tool: str
    tool_input: Json
    observation: str


class Pause(Struct, frozen=True, kw_only=True):
    """The run waits for a person."""

    title: str
    content: str
    fields: tuple[str, ...]
    actions: tuple[str, ...]


class Resume(Struct, frozen=True):
    """The run goes on in another body."""

    action: str | None
    """What the person chose; None if the form timed out."""
    fields: Json


class Ping(Struct, frozen=True):
    """A sign that the connection lives."""


class End(Struct, frozen=True, kw_only=True):
    """The run is over."""

    status: Literal["succeeded", "failed", "stopped"]
    error: str | None = None
    code: str = ""
    outputs: dict[str, Any] | None = None
    citations: tuple[Json, ...] = ()


Step = Start | Node | Container | Thought | Pause | Resume | Ping | End
