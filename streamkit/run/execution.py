"""Executions of nodes while a run goes on.

These are the live objects that a `Run` owns and changes. Read them freely; only operations of `Run` write them.

A run may have a hundred thousand of them, so an execution is small: what few of them have stands in `Extras`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from streamkit.run.leaves import NodeUsage
from streamkit.run.logs import Log, log_tree
from streamkit.run.payload import Json, loads
from streamkit.run.retention import NO_FACTS, Facts, facts_of, missing
from streamkit.run.state import Attempt, Cost, LogEntry, NodeState, NodeStatus, Seconds
from streamkit.run.text import Text

if TYPE_CHECKING:
    from streamkit.run.rounds import Container, Round

OVER: Final = frozenset({"succeeded", "failed", "exception", "stopped", "skipped"})
"""States of a node that only its server can give and nothing takes back."""


OPEN: Final = frozenset({"running", "paused"})
"""States of a node that goes on."""

_NO_ENTRIES: Final[Mapping[str, Log]] = {}


class Extras:
    """What few executions have."""

    __slots__ = (
        "attempts",
        "container",
        "decoded",
        "error",
        "facts",
        "first_token_at",
        "inferred",
        "logs",
        "reasoning",
        "text",
    )

    def __init__(self) -> None:
        self.container: Container | None = None
        self.inferred = False
        self.error: str | None = None
        self.first_token_at: Seconds | None = None
        self.text: Text | None = None
        self.reasoning: Text | None = None
        self.attempts: dict[int, Attempt] | None = None
        """By index."""
        self.logs: dict[str, Log] | None = None
        """By the id of the entry."""
        self.decoded: dict[str, tuple[bytes, Json]] | None = None
        """Payloads that were read, by the name of their slot, and what they were decoded from."""
        self.facts: Facts | None = None
        """What state depends on of the outputs, where they are not kept or were asked for it."""


_NOTHING: Final = Extras()
"""What an execution has of these at first: one object for all, which nobody writes to."""


class NodeExecution:
    """One execution of a node, from its start to its end.

    `outputs` and its like are decoded when they are first read; reading never raises.
    """

    __slots__ = (
        "_extras",
        "_frozen",
        "_usage",
        "elapsed_time",
        "ended_at",
        "finished_at",
        "id",
        "inputs_json",
        "metadata_json",
        "node_id",
        "number",
        "outputs_json",
        "parent",
        "process_data_json",
        "revision",
        "round",
        "seen_at",
        "started_at",
        "status",
        "title",
        "type",
    )

    def __init__(self, execution_id: str, node_id: str, type: str, title: str, number: int = 0) -> None:
        self.id = execution_id
        self.number = number
        """Executions of a run are numbered as they begin."""
        self.node_id = node_id
        self.type = type
        """The vendor's node type: an open set."""
        self.title = title
        self.status: NodeStatus = "running"
        self.inputs_json: bytes | None = None
        self.outputs_json: bytes | None = None
        self.process_data_json: bytes | None = None
        self.metadata_json: bytes | None = None
        self.started_at: int | Seconds | None = None
        self.finished_at: int | Seconds | None = None
        self.seen_at: Seconds | None = None
        self.ended_at: Seconds | None = None
        self.elapsed_time: Seconds | None = None
        self.parent: NodeExecution | None = None
        """The container that this ran in."""
        self.round: Round | None = None
        """The round of `parent`; None inside a container means: not known (yet)."""
        self.revision = 0
        """The revision of the run at the last change of this execution."""
        self._extras = _NOTHING
        self._frozen: NodeState | None = None
        self._usage: NodeUsage | int | None = None  # a number where only the total is known

    def __repr__(self) -> str:
        return f"<NodeExecution {self.id} {self.node_id} {self.status}>"

    def extras(self) -> Extras:
        """Return what few executions have, to be written to."""
        if self._extras is _NOTHING:
            self._extras = Extras()
        return self._extras

    @property
    def container(self) -> "Container | None":
        """What only an iteration or a loop has: its rounds."""
        return self._extras.container

    @property
    def is_bare(self) -> bool:
        """Whether nothing stands below this: neither rounds nor tries nor a log."""
        extras = self._extras
        return extras.container is None and not extras.attempts and not extras.logs

    @property
    def inferred(self) -> bool:
        """Whether the status is our conclusion, which yields to any later word of the server."""
        return self._extras.inferred

    @inferred.setter
    def inferred(self, inferred: bool) -> None:
        if inferred is not self._extras.inferred:
            self.extras().inferred = inferred

    @property
    def error(self) -> str | None:
        """Why it failed, as the server says it."""
        return self._extras.error

    @property
    def first_token_at(self) -> Seconds | None:
        """When the first text of it arrived."""
        return self._extras.first_token_at

    @property
    def inputs(self) -> Json:
        """The vendor's inputs, decoded once."""
        return self._decode("inputs_json")

    @property
    def outputs(self) -> Json:
        """The vendor's outputs, decoded once."""
        return self._decode("outputs_json")

    @property
    def process_data(self) -> Json:
        """The vendor's process data, decoded once."""
        return self._decode("process_data_json")

    @property
    def metadata(self) -> Json:
        """The vendor's execution metadata, decoded once."""
        return self._decode("metadata_json")

    @property
    def text(self) -> str:
        """What the node itself streamed, without closed `<think>` blocks."""
        text = self._extras.text
        return text.visible if text is not None else ""

    @property
    def reasoning(self) -> str:
        """The thinking of the node: reasoning deltas, then closed `<think>` blocks of its text."""
        explicit, text = self._extras.reasoning, self._extras.text
        return (explicit.raw if explicit is not None else "") + (text.thinking if text is not None else "")

    @property
    def facts(self) -> Facts:
        """What state depends on of the outputs, whether or not they are kept."""
        facts = self._extras.facts
        if facts is None and self.outputs_json is not None:
            facts = self.extras().facts = facts_of(self.outputs_json)
        return facts or NO_FACTS

    @property
    def cut(self) -> int:
        """Characters of the text and the thinking that are not kept."""
        text, reasoning = self._extras.text, self._extras.reasoning
        return (text.cut if text is not None else 0) + (reasoning.cut if reasoning is not None else 0)

    @property
    def usage(self) -> NodeUsage | None:
        """What it spent, where the node says it."""
        usage = self._usage
        return NodeUsage(usage) if isinstance(usage, int) else usage

    @usage.setter
    def usage(self, usage: NodeUsage) -> None:
        is_total_alone = (
            usage.prompt_tokens is None
            and usage.completion_tokens is None
            and usage.cost is None
            and usage.model is None
            and usage.provider is None
        )
        self._usage = usage.total_tokens if is_total_alone else usage

    @property
    def model(self) -> str | None:
        """The model's name, where the node says it."""
        return self.usage.model if self.usage else None

    @property
    def provider(self) -> str | None:
        """The model's provider, where the node says it."""
        return self.usage.provider if self.usage else None

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens of the prompt, where the node says it."""
        return self.usage.prompt_tokens if self.usage else None

    @property
    def completion_tokens(self) -> int | None:
        """Tokens of the completion, where the node says it."""
        return self.usage.completion_tokens if self.usage else None

    @property
    def total_tokens(self) -> int | None:
        """All tokens; of a container, the server's own sum over what is inside."""
        usage = self._usage
        return usage.total_tokens if isinstance(usage, NodeUsage) else usage

    @property
    def cost(self) -> Cost | None:
        """Price by currency, where the node says it."""
        return self.usage.cost if self.usage else None

    @property
    def attempts(self) -> Sequence[Attempt]:
        """Tries before the last one, in order of arrival."""
        attempts = self._extras.attempts
        return list(attempts.values()) if attempts else ()

    @property
    def rounds(self) -> Sequence["Round"]:
        """The rounds of a container of which something was shown, by index."""
        return list(self.container.in_order()) if self.container else ()

    @property
    def unassigned(self) -> Sequence["NodeExecution"]:
        """Executions inside this container whose round is not known (yet)."""
        return list(self.container.unassigned) if self.container else ()

    @property
    def logs(self) -> tuple[LogEntry, ...]:
        """The agent's log as a tree."""
        logs = self._extras.logs
        return log_tree(logs) if logs else ()

    @property
    def entries(self) -> Mapping[str, Log]:
        """The entries of the agent's log by id, in order of arrival; `log_order` hangs them under each other."""
        return self._extras.logs or _NO_ENTRIES

    @property
    def round_index(self) -> int | None:
        """The index of the round that this ran in, where it is known."""
        return self.round.index if self.round is not None else None

    def goes_on_in(self, index: int) -> bool:
        """Whether more may come in this round of the container, as far as one can tell."""
        current = self.container.current if self.container else None
        return current is None or index >= current

    def walk(self) -> Iterator["NodeExecution"]:
        """Yield this execution and all below it, depth first, without recursion."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            if node.container:
                waiting.extend(reversed(node.unassigned))
                for turn in reversed(node.rounds):
                    waiting.extend(reversed(turn.nodes))

    def freeze(self) -> NodeState:
        """Return the published form, shared for as long as nothing changes at or below this execution."""
        if self._frozen is None:
            container = self.container
            self._frozen = NodeState(
                id=self.id,
                node_id=self.node_id,
                type=self.type,
                title=self.title,
                status=self.status,
                error=self.error,
                inputs_json=as_raw(self.inputs_json),
                outputs_json=as_raw(self.outputs_json),
                process_data_json=as_raw(self.process_data_json),
                metadata_json=as_raw(self.metadata_json),
                started_at=self.started_at,
                finished_at=self.finished_at,
                seen_at=self.seen_at,
                ended_at=self.ended_at,
                first_token_at=self.first_token_at,
                elapsed_time=self.elapsed_time,
                text=self.text,
                reasoning=self.reasoning,
                model=self.model,
                provider=self.provider,
                prompt_tokens=self.prompt_tokens,
                completion_tokens=self.completion_tokens,
                total_tokens=self.total_tokens,
                cost=dict(self.cost) if self.cost is not None else None,
                attempts=tuple(self.attempts),
                logs=self.logs,
                rounds=container.freeze_rounds() if container is not None else (),
                unassigned=container.unassigned.freeze_nodes() if container is not None else (),
                missing=missing(self.cut, container.gone, container.rounds)
                if container is not None
                else missing(self.cut, None),
            )
        return self._frozen

    def _decode(self, name: str) -> Json:
        raw: bytes | None = getattr(self, name)
        if raw is None:
            return None
        extras = self.extras()
        if extras.decoded is None:
            extras.decoded = {}
        read = extras.decoded.get(name)
        if read is None or read[0] is not raw:
            read = extras.decoded[name] = raw, loads(raw)
        return read[1]


_NULL: Final = msgspec.Raw(b"null")


def as_raw(data: bytes | None) -> msgspec.Raw:
    """Wrap kept JSON for a published state, which embeds it as it is."""
    return _NULL if data is None else msgspec.Raw(data)
