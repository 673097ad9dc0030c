"""`DifyStream`: what a test's author writes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, get_args

from msgspec.structs import replace

from streamkit.recording import Recording
from streamkit.testing.dify.engine import Engine
from streamkit.testing.dify.pen import Mode, Pen
from streamkit.testing.dify.requests import recordings
from streamkit.testing.dify.script import (
    Container,
    End,
    Ending,
    Log,
    Model,
    Node,
    Pause,
    Ping,
    Resume,
    Start,
    Step,
    Thought,
)
from streamkit.testing.dify.talk import Talk
from streamkit.testing.dify.version import version_of
from streamkit.testing.seeded import Json, Seeded, pieces
from streamkit.testing.stream import Stream

_FLOWS: Final = ("chatflow", "workflow")
_SECONDS: Final = 0.05
_OPEN: Final[Ending] = "open"
Body = Callable[["DifyStream", Any], "DifyStream"]
"""Tells a round: is given an empty stream and the item, and returns the stream with its steps."""


class DifyStream(Stream):
    """The stream of a run of Dify.

        DifyStream(version="1.14").start().llm("hi", tokens=3).finish().bytes()

    Ids and times are made up, always the same ones for a seed. Node ids are the titles in lower case.
    """

    __slots__ = ("_mode", "_seed", "_steps", "_version")

    def __init__(self, version: str = "1.14", mode: Mode = "chatflow", *, seed: int = 0) -> None:
        """Begin with nothing.

        Args:
            version: of the server, from 0.8 to 1.17.
            mode: chatflow, workflow, chat, agent-chat or completion.
            seed: another one gives other ids.

        Raises:
            ValueError: the version or the mode is none that is known.
        """
        self._version = version_of(version)
        if mode not in get_args(Mode):
            raise ValueError(f"there is no mode {mode!r}; there are {', '.join(get_args(Mode))}")
        self._mode = mode
        self._seed = seed
        self._steps: tuple[Step, ...] = ()

    # ---- steps

    def start(self, inputs: Mapping[str, Any] | None = None, *, query: str = "Hello") -> "DifyStream":
        """Begin the run: its start node runs, too. A chat begins with its first answer."""
        return self._and(Start(dict(inputs or {}), query))

    def node(
        self,
        type: str,
        title: str | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        seconds: float = _SECONDS,
    ) -> "DifyStream":
        """Run a node.

        Args:
            type: `code`, `http-request`, `tool`, `agent`, …
            title: its title; by default its type.
            inputs: what it was given.
            outputs: what it puts out.
            seconds: how long it takes.
        """
        given, told = dict(inputs or {}), dict(outputs or {})
        return self._and(Node(type=type, title=title or type, inputs=given, outputs=told, seconds=seconds))

    def llm(
        self,
        text: str,
        *,
        tokens: int = 0,
        chunks: int | None = None,
        reasoning: str = "",
        title: str = "LLM",
        model: str = "gpt-4o",
        seconds: float = _SECONDS,
    ) -> "DifyStream":
        """Let a model answer; what it says is streamed, but not inside of iterations and loops.

        Args:
            text: what it says.
            tokens: what it spends, half of them for the prompt.
            chunks: so many pieces; by default one for each word.
            reasoning: what it thinks; streamed since 1.15.
            title: of its node.
            model: its name.
            seconds: how long it takes.
        """
        speech = Model(model, tuple(pieces(text, chunks)), tokens, reasoning)
        return self._and(Node(type="llm", title=title, inputs={}, outputs={}, seconds=seconds, model=speech))

    def agent_log(
        self,
        label: str,
        *,
        parent: str | None = None,
        data: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> "DifyStream":
        """Add an entry to the log of the agent node before.

        Args:
            label: what it is called.
            parent: the label of the entry that it is below.
            data: what it says.
            error: why it failed.
        """
        self._need(self._version.has_strategies, "agent nodes", "1.0")
        node = self._last_node()
        if parent is not None and parent not in {entry.label for entry in node.logs}:
            raise ValueError(f"there is no entry {parent!r} before {label!r}")
        return self._instead(replace(node, logs=(*node.logs, Log(label, parent, dict(data or {}), error))))

    def thought(
        self, text: str = "", *, tool: str, tool_input: Mapping[str, Any] | None = None, observation: str = ""
    ) -> "DifyStream":
        """Let an agent app call a tool."""
        return self._and(Thought(text, tool, dict(tool_input or {}), observation))

    def retry(self, error: str, times: int = 1) -> "DifyStream":
        """Let the node before fail so many times until it worked."""
        self._need(self._version.has_retries, "retries", "0.14")
        node = self._last_node()
        return self._instead(replace(node, tries=(*node.tries, *[error] * times)))

    def exception(self, error: str) -> "DifyStream":
        """Let the node before fail; an error strategy handles it, and the run goes on."""
        self._need(self._version.has_retries, "error strategies", "0.14")
        return self._instead(replace(self._last_node(), ending="exception", error=error))

    def iteration(
        self,
        items: Sequence[Any],
        body: Body,
        *,
        title: str = "Iteration",
        parallel: bool = False,
    ) -> "DifyStream":
        """Run a round for each item.

            .iteration(["a", "b"], lambda round, item: round.llm(f"about {item}", tokens=5))

        A round may end with `fail`: the iteration goes on without it.

        Args:
            items: what it goes through.
            body: tells a round.
            title: of its node.
            parallel: whether all rounds run at once.
        """
        rounds = tuple(self._round(body, item) for item in items)
        given: Json = {"iterator_selector": list(items)}
        told = Container(
            kind="iteration", title=title, inputs=given, length=len(items), rounds=rounds, is_parallel=parallel
        )
        return self._and(told)

    def loop(self, times: int, body: Body, *, most: int | None = None, title: str = "Loop") -> "DifyStream":
        """Run so many rounds.

        Args:
            times: how many.
            body: tells a round; is given its index.
            most: so many rounds would have been possible; more than `times` is a loop that was left.
            title: of its node.
        """
        self._need(self._version.has_loops, "loops", "1.1")
        length = times if most is None else most
        if length < times:
            raise ValueError(f"{times} rounds are more than {length}")
        rounds = tuple(self._round(body, index) for index in range(times))
        return self._and(
            Container(kind="loop", title=title, inputs={"loop_count": length}, length=length, rounds=rounds)
        )

    def human_input(
        self,
        content: str = "Please review.",
        *,
        fields: Iterable[str] = (),
        actions: Sequence[str] = ("approve", "reject"),
        title: str = "Human Input",
    ) -> "DifyStream":
        """Ask a person, and wait: the body ends.

        Args:
            content: what stands in the form.
            fields: names of what is to be entered.
            actions: what one can choose.
            title: of the node.
        """
        self._need(self._version.is_relayed, "forms", "1.13")
        return self._and(Pause(title=title, content=content, fields=tuple(fields), actions=tuple(actions)))

    def resume(self, action: str = "approve", **fields: str) -> "DifyStream":
        """Go on in another body, behind what the person chose and entered."""
        return self._and(Resume(action, dict(fields)))

    def expire(self) -> "DifyStream":
        """Go on in another body, because nobody filled the form in."""
        return self._and(Resume(None, {}))

    def ping(self) -> "DifyStream":
        """Send a sign that the connection lives."""
        return self._and(Ping())

    # ---- ends

    def fail(self, error: str, *, code: str = "") -> "DifyStream":
        """Let the step before fail, and the run with it; inside of a round, only that round.

        Args:
            error: why.
            code: the vendor's word for it, where an `error` event has one.
        """
        if self._steps and isinstance(self._steps[-1], Node | Container):
            ended = self._ended("failed", error)
        elif self._mode in _FLOWS and any(isinstance(step, Start) for step in self._steps):
            raise ValueError("there is nothing that could fail: add a node, or leave out start()")
        else:
            ended = self
        return ended._and(End(status="failed", error=error, code=code))

    def stop(self) -> "DifyStream":
        """Let a person stop the run: the step before does not end, and the run does."""
        open_ended = self._ended(_OPEN, None) if self._steps and isinstance(self._steps[-1], Node | Container) else self
        return open_ended._and(End(status="stopped", error="Stopped by user."))

    def finish(
        self, outputs: Mapping[str, Any] | None = None, *, citations: Sequence[Mapping[str, Any]] = ()
    ) -> "DifyStream":
        """Let the run succeed: its End or Answer node runs, too.

        Args:
            outputs: what it puts out; by default the text.
            citations: what was retrieved, with as many fields of `retriever_resources` as you like.
        """
        found = tuple(dict(each) for each in citations)
        return self._and(End(status="succeeded", outputs=None if outputs is None else dict(outputs), citations=found))

    # ---- bodies

    def recordings(self) -> list[Recording]:
        """Return every body of the run as a recording: one more for each time that it was resumed."""
        seeded = Seeded(self._seed)
        pen = Pen(self._version, self._mode, seeded)
        player = Engine(pen, seeded) if self._mode in _FLOWS else Talk(pen, seeded)
        return recordings(self._steps, pen, player.play(self._steps))

    def _and(self, step: Step) -> "DifyStream":
        return self._of((*self._steps, step))

    def _instead(self, step: Step) -> "DifyStream":
        return self._of((*self._steps[:-1], step))

    def _of(self, steps: tuple[Step, ...]) -> "DifyStream":
        other = DifyStream(str(self._version), self._mode, seed=self._seed)
        other._steps = steps
        return other

    def _round(self, body: Body, item: object) -> tuple[Step, ...]:
        """Return the steps of a round; its end is the end of its last node."""
        told = body(self._of(()), item)._steps
        return tuple(step for step in told if not isinstance(step, End))

    def _last_node(self) -> Node:
        last = self._steps[-1] if self._steps else None
        if not isinstance(last, Node):
            raise ValueError("there is no node before")
        return last

    def _ended(self, ending: Ending, error: str | None) -> "DifyStream":
        last = self._steps[-1]
        if isinstance(last, Node):
            return self._instead(replace(last, ending=ending, error=error))
        assert isinstance(last, Container)  # noqa: S101 - for the type checker
        return self._instead(replace(last, ending=ending))

    def _need(self, is_there: bool, what: str, since: str) -> None:
        if not is_there:
            raise ValueError(f"Dify {self._version} has no {what}; they came with {since}")
