"""`RAGFlowStream`: what a test's author writes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, get_args

from msgspec.structs import replace

from streamkit.recording import Recording
from streamkit.testing.ragflow.agent import Agent
from streamkit.testing.ragflow.answers import Chat, OldAgent
from streamkit.testing.ragflow.pen import Pen
from streamkit.testing.ragflow.requests import recordings
from streamkit.testing.ragflow.script import Container, End, Ending, Node, Pause, Resume, Speech, Start, Step
from streamkit.testing.ragflow.version import version_of
from streamkit.testing.seeded import Seeded, pieces
from streamkit.testing.stream import Stream

Mode = Literal["agent", "agent-session", "agentbot", "chat"]
_SECONDS: Final = 0.05
Body = Callable[["RAGFlowStream", Any], "RAGFlowStream"]
"""Tells a round: is given an empty stream and the item, and returns the stream with its steps."""


class RAGFlowStream(Stream):
    """The stream of a run of RAGFlow.

        RAGFlowStream(version="0.27", mode="agent").start().llm("hi").finish().bytes()

    Which events reach a client depends on version and mode: an agent of 0.22 sends its answer alone. Ids and times are
    made up, always the same ones for a seed.
    """

    __slots__ = ("_mode", "_name", "_seed", "_steps", "_version")

    def __init__(self, version: str = "0.27", mode: Mode = "agent", *, seed: int = 0) -> None:
        """Begin with nothing.

        Args:
            version: of the server, from 0.13 to 0.27; 0.20 is the last 0.20.
            mode: agent, agent-session (a session that was made before it was used: fewer events), agentbot (all
                events, and no terminator; also the page of the agent itself), or chat.
            seed: another one gives other ids.

        Raises:
            ValueError: the version or the mode is none that is known.
        """
        self._name = version
        self._version = version_of(version)
        if mode not in get_args(Mode):
            raise ValueError(f"there is no mode {mode!r}; there are {', '.join(get_args(Mode))}")
        if mode == "agent-session" and self._version < (0, 25, 6):
            raise ValueError(f"RAGFlow {version} tells sessions not apart; that came with 0.25.6")
        self._mode = mode
        self._seed = seed
        self._steps: tuple[Step, ...] = ()

    # ---- steps

    def start(self, inputs: Mapping[str, Any] | None = None, *, query: str = "Hello") -> "RAGFlowStream":
        """Begin the run: its Begin component runs, too. A chat begins with its first answer."""
        return self._and(Start(dict(inputs or {}), query))

    def node(
        self,
        type: str,
        name: str | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        seconds: float = _SECONDS,
    ) -> "RAGFlowStream":
        """Run a component.

        Args:
            type: `Retrieval`, `Switch`, `Agent`, …
            name: what it is called; by default its type.
            inputs: what it was given.
            outputs: what it puts out.
            seconds: how long it takes.
        """
        given, told = dict(inputs or {}), dict(outputs or {})
        return self._and(Node(type=type, name=name or type, inputs=given, outputs=told, seconds=seconds))

    def llm(
        self,
        text: str,
        *,
        tokens: int = 0,
        chunks: int | None = None,
        reasoning: str = "",
        reference: Sequence[Mapping[str, Any]] = (),
        name: str = "LLM",
        seconds: float = _SECONDS,
    ) -> "RAGFlowStream":
        """Let a model answer; a Message streams what it says, but not inside of iterations and loops.

        Args:
            text: what it says.
            tokens: what it spends; told since 0.26.3, and by agents alone.
            chunks: so many pieces; by default one for each word.
            reasoning: what it thinks.
            reference: what was retrieved, with as many fields of a chunk as you like.
            name: of its component.
            seconds: how long it takes.
        """
        return self._say(text, chunks, reasoning, reference, name=name, tokens=tokens, seconds=seconds)

    def message(self, text: str, *, chunks: int | None = None, seconds: float = _SECONDS) -> "RAGFlowStream":
        """Let a Message say a text, without a model."""
        return self._say(text, chunks, "", (), name=None, tokens=0, seconds=seconds)

    def _say(
        self,
        text: str,
        chunks: int | None,
        reasoning: str,
        reference: Sequence[Mapping[str, Any]],
        *,
        name: str | None,
        tokens: int,
        seconds: float,
    ) -> "RAGFlowStream":
        said, retrieved = tuple(pieces(text, chunks)), tuple(dict(each) for each in reference)
        speech = Speech(name=name, pieces=said, thought=reasoning, tokens=tokens, chunks=retrieved, seconds=seconds)
        return self._and(speech)

    def iteration(self, items: Sequence[Any], body: Body, *, name: str = "Iteration") -> "RAGFlowStream":
        """Run a round for each item.

        Args:
            items: what it goes through.
            body: tells a round.
            name: of its component.
        """
        rounds = tuple(self._round(body, item) for item in items)
        return self._and(Container(type="Iteration", name=name, items=tuple(items), rounds=rounds))

    def loop(self, times: int, body: Body, *, name: str = "Loop") -> "RAGFlowStream":
        """Run so many rounds.

        Args:
            times: how many.
            body: tells a round; is given its index.
            name: of its component.
        """
        if not self._version.has_loops:
            raise ValueError(f"RAGFlow {self._name} has no loops; they came with 0.23")
        rounds = tuple(self._round(body, index) for index in range(times))
        return self._and(Container(type="Loop", name=name, items=(), rounds=rounds))

    def human_input(
        self, tips: str = "Please confirm.", *, fields: Iterable[str] = ("answer",), name: str = "Ask"
    ) -> "RAGFlowStream":
        """Ask a person, and wait: the body ends.

        Args:
            tips: what is asked.
            fields: names of what is to be entered.
            name: of the component.
        """
        return self._and(Pause(name, tips, tuple(fields)))

    def resume(self, **values: Any) -> "RAGFlowStream":  # noqa: ANN401 - JSON
        """Go on in another body, behind what the person entered."""
        return self._and(Resume(dict(values)))

    # ---- ends

    def fail(self, error: str) -> "RAGFlowStream":
        """Let the step before fail, and the run with it. Of an agent's model nothing is heard then."""
        return self._ended("failed", error)._and(End("failed", error))

    def stop(self) -> "RAGFlowStream":
        """Let a person stop the run: the step before does not end. Who stops a chat only closes the connection."""
        return self._ended("open", None)._and(End("stopped"))

    def finish(self) -> "RAGFlowStream":
        """Let the run succeed."""
        return self._and(End("succeeded"))

    # ---- bodies

    def recordings(self) -> list[Recording]:
        """Return every body of the run as a recording: one more for each time that it was resumed."""
        pen = Pen(self._version, Seeded(self._seed))
        return recordings(self._steps, self._mode, pen, self._player(pen).play(self._steps))

    def _player(self, pen: Pen) -> Agent | Chat | OldAgent:
        if self._mode == "chat":
            return Chat(pen)
        return Agent(pen, self._mode) if self._version.has_events else OldAgent(pen)

    def _and(self, step: Step) -> "RAGFlowStream":
        return self._of((*self._steps, step))

    def _of(self, steps: tuple[Step, ...]) -> "RAGFlowStream":
        other = RAGFlowStream(self._name, self._mode, seed=self._seed)
        other._steps = steps
        return other

    def _round(self, body: Body, item: object) -> tuple[Step, ...]:
        """Return the steps of a round; its end is the end of its last component."""
        return tuple(step for step in body(self._of(()), item)._steps if not isinstance(step, End))

    def _ended(self, ending: Ending, error: str | None) -> "RAGFlowStream":
        last = self._steps[-1] if self._steps else None
        if isinstance(last, Node | Speech | Container):
            return self._of((*self._steps[:-1], replace(last, ending=ending, error=error)))
        return self
