"""Executions of nodes while a run goes on, and the rounds of containers.

These are the live objects that a `Run` owns and changes. Read them freely; only operations of `Run` write them.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from streamkit.run.payload import Json, loads
from streamkit.run.state import Attempt, Cost, LogEntry, NodeState, NodeStatus, RoundState
from streamkit.run.text import Text

OVER: Final = frozenset({"succeeded", "failed", "exception", "stopped", "skipped"})
"""States of a node that only its server can give and nothing takes back."""

_WELL: Final = frozenset({"succeeded", "exception", "skipped"})

MAX_DEPTH: Final = 32
"""Deepest nesting that is drawn, of containers and of log entries: engines stop at 3 or 5, recursion at 1,000."""


class NodeUsage(msgspec.Struct, frozen=True):
    """What an execution spent; most executions spend nothing and have none."""

    total_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: Cost | None = None
    model: str | None = None
    provider: str | None = None


class Siblings:
    """Executions that stand beside each other: in the order in which they began, each removed in constant time."""

    __slots__ = ("_by_id", "_in_order", "_last")

    def __init__(self) -> None:
        self._by_id: dict[str, NodeExecution] = {}
        self._in_order = True
        self._last = -1  # the highest number so far; asking a dict for its last key is slow once that was removed

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def __iter__(self) -> Iterator["NodeExecution"]:
        if not self._in_order:  # something came here late: its round was told at its end, or it was moved
            self._by_id = dict(sorted(self._by_id.items(), key=lambda item: item[1].number))
            self._in_order = True
        return iter(self._by_id.values())

    def add(self, node: "NodeExecution") -> None:
        """Put an execution beside the others."""
        if node.number < self._last:
            self._in_order = False
        else:
            self._last = node.number
        self._by_id[node.id] = node

    def remove(self, node: "NodeExecution") -> None:
        """Take an execution away."""
        del self._by_id[node.id]


class Round:
    """One turn of a container."""

    __slots__ = ("_frozen", "_quiet", "container", "elapsed_time", "index", "siblings")

    def __init__(self, container: "NodeExecution", index: int) -> None:
        self.container = container
        self.index = index
        """Counted from 0."""
        self.elapsed_time: float | None = None
        """Seconds, where the server says it."""
        self.siblings = Siblings()
        self._frozen: RoundState | None = None
        self._quiet = False  # whether the frozen status is the container's doing

    @property
    def nodes(self) -> Sequence["NodeExecution"]:
        """The executions of this round, in the order in which they began."""
        return list(self.siblings)

    @property
    def status(self) -> NodeStatus:
        """What became of the round: nothing on the wire says it, so its executions do."""
        states = {node.status for node in self.siblings}
        for word in ("failed", "stopped", "paused", "unknown", "running"):
            if word in states:
                return word
        return self._quiet_status()

    def _quiet_status(self) -> NodeStatus:
        """What a round is whose executions all ended well: over, unless more may come in it."""
        container = self.container
        going_on = container.status == "running" and self.elapsed_time is None and container.goes_on_in(self.index)
        return "running" if going_on else "succeeded"

    def freeze(self) -> RoundState:
        """Return the published form, shared for as long as nothing changes."""
        if self._frozen is None:
            nodes = tuple(node.freeze() for node in self.siblings)
            self._frozen = RoundState(index=self.index, status=self.status, elapsed_time=self.elapsed_time, nodes=nodes)
            self._quiet = all(node.status in _WELL for node in self.siblings)
        elif self._quiet and self._frozen.status != self._quiet_status():  # the container went on, or ended
            self._frozen = msgspec.structs.replace(self._frozen, status=self._quiet_status())
        return self._frozen


class Container:
    """What only an iteration or a loop has."""

    __slots__ = ("current", "rounds", "unassigned")

    def __init__(self) -> None:
        self.rounds: dict[int, Round] = {}
        self.unassigned = Siblings()
        self.current: int | None = None
        """The round that is going on, where rounds come one after another."""


class Log:
    """An entry of an agent's log while it may still change."""

    __slots__ = ("entry", "metadata", "parent_id")

    def __init__(self, entry: LogEntry, parent_id: str | None) -> None:
        self.entry = entry
        self.parent_id = parent_id
        self.metadata: dict[str, Json] = {}
        """Grows with every update: a strategy says when it began, later when it ended."""
        self._learn(entry.metadata)

    def update(self, entry: LogEntry, parent_id: str | None) -> None:
        """Take a later version of the entry; what it leaves out stays."""
        before = self.entry
        self.parent_id = parent_id or self.parent_id
        self._learn(entry.metadata)
        self.entry = LogEntry(
            id=before.id,
            label=entry.label or before.label,
            status=entry.status or before.status,
            error=entry.error or before.error,
            data=entry.data or before.data,
        )

    def _learn(self, metadata: Json) -> None:
        if isinstance(metadata, dict):
            self.metadata.update(metadata)

    def freeze(self, children: tuple[LogEntry, ...]) -> LogEntry:
        """Return the published form."""
        return msgspec.structs.replace(self.entry, metadata=dict(self.metadata), children=children)


class NodeExecution:
    """One execution of a node, from its start to its end.

    `outputs` and its like are decoded when they are first read; reading never raises.
    """

    __slots__ = (
        "_decoded",
        "_frozen",
        "_reasoning",
        "_text",
        "attempts_by_index",
        "container",
        "elapsed_time",
        "ended_at",
        "error",
        "finished_at",
        "first_token_at",
        "id",
        "inferred",
        "inputs_json",
        "log_entries",
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
        "usage",
    )

    def __init__(self, execution_id: str, node_id: str, *, type: str, title: str) -> None:
        self.id = execution_id
        self.number = 0
        """Executions of a run are numbered as they begin."""
        self.node_id = node_id
        self.type = type
        """The vendor's node type: an open set."""
        self.title = title
        self.status: NodeStatus = "running"
        self.inferred = False
        """Whether the status is our conclusion, which yields to any later word of the server."""
        self.error: str | None = None
        self.inputs_json: bytes | None = None
        self.outputs_json: bytes | None = None
        self.process_data_json: bytes | None = None
        self.metadata_json: bytes | None = None
        self.started_at: int | float | None = None
        self.finished_at: int | float | None = None
        self.seen_at: float | None = None
        self.ended_at: float | None = None
        self.first_token_at: float | None = None
        self.elapsed_time: float | None = None
        self.usage: NodeUsage | None = None
        self.attempts_by_index: dict[int, Attempt] | None = None
        self.log_entries: dict[str, Log] | None = None
        self.container: Container | None = None
        self.parent: NodeExecution | None = None
        """The container that this ran in."""
        self.round: Round | None = None
        """The round of `parent`; None inside a container means: not known (yet)."""
        self.revision = 0
        """The revision of the run at the last change of this execution."""
        self._text: Text | None = None
        self._reasoning: Text | None = None
        self._decoded: dict[str, Json] | None = None
        self._frozen: NodeState | None = None

    def __repr__(self) -> str:
        return f"<NodeExecution {self.id} {self.node_id} {self.status}>"

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
        return self._text.visible if self._text else ""

    @property
    def reasoning(self) -> str:
        """The thinking of the node: reasoning deltas, then closed `<think>` blocks of its text."""
        explicit = self._reasoning.raw if self._reasoning else ""
        return explicit + (self._text.thinking if self._text else "")

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
        return self.usage.total_tokens if self.usage else None

    @property
    def cost(self) -> Cost | None:
        """Price by currency, where the node says it."""
        return self.usage.cost if self.usage else None

    @property
    def attempts(self) -> Sequence[Attempt]:
        """Tries before the last one, in order of arrival."""
        return list(self.attempts_by_index.values()) if self.attempts_by_index else ()

    @property
    def rounds(self) -> Sequence[Round]:
        """The rounds of a container of which something was shown, by index."""
        return [self.container.rounds[index] for index in sorted(self.container.rounds)] if self.container else ()

    @property
    def unassigned(self) -> Sequence["NodeExecution"]:
        """Executions inside this container whose round is not known (yet)."""
        return list(self.container.unassigned) if self.container else ()

    @property
    def logs(self) -> tuple[LogEntry, ...]:
        """The agent's log as a tree."""
        return _log_tree(self.log_entries) if self.log_entries else ()

    @property
    def round_index(self) -> int | None:
        """The index of the round that this ran in, where it is known."""
        return self.round.index if self.round else None

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
                rounds=tuple(turn.freeze() for turn in self.rounds),
                unassigned=tuple(node.freeze() for node in self.unassigned),
            )
        return self._frozen

    def _decode(self, name: str) -> Json:
        raw: bytes | None = getattr(self, name)
        if raw is None:
            return None
        if self._decoded is None:
            self._decoded = {}
        if name not in self._decoded:
            self._decoded[name] = loads(raw)
        return self._decoded[name]


def as_raw(data: bytes | None) -> msgspec.Raw:
    """Wrap kept JSON for a published state, which embeds it as it is."""
    return msgspec.Raw(b"null" if data is None else data)


def _log_tree(entries: dict[str, Log]) -> tuple[LogEntry, ...]:
    """Hang log entries under their parents, in order of arrival.

    An entry whose parent is unknown, or that would close a circle, stands at the top: nothing is lost.
    """
    children: dict[str, list[str]] = {}
    top: list[str] = []
    for entry_id, log in entries.items():
        known = log.parent_id in entries and log.parent_id != entry_id
        (children.setdefault(log.parent_id or "", []) if known else top).append(entry_id)
    below: dict[str, list[str]] = {}  # as the tree is drawn: each entry once, parents before their children
    for entry_id in top:
        _descend(entry_id, children, below)
    for entry_id in entries:  # what is left stands in circles
        if entry_id not in below:
            top.append(entry_id)
            _descend(entry_id, children, below)
    built: dict[str, LogEntry] = {}
    for entry_id in reversed(below):
        built[entry_id] = entries[entry_id].freeze(tuple(built[child] for child in below[entry_id]))
    return tuple(built[entry_id] for entry_id in top)


def _descend(root: str, children: dict[str, list[str]], below: dict[str, list[str]]) -> None:
    """Add what hangs under `root` to `below`; deeper than `MAX_DEPTH` entries stand beside their parent."""
    below[root] = []
    waiting = [(root, root, 0)]  # entry, the entry that its children are drawn under, depth of that
    while waiting:
        entry_id, anchor, depth = waiting.pop()
        new = [child for child in children.get(entry_id, ()) if child not in below]
        below[anchor].extend(new)
        below.update((child, []) for child in new)
        deep = depth >= MAX_DEPTH
        waiting += [(child, anchor if deep else child, depth if deep else depth + 1) for child in reversed(new)]
