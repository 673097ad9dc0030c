"""The published state of a run: what `Run.snapshot()` returns and `streamkit inspect --json` prints.

Frozen structs, word for word the JSON of `docs/run.schema.json`. All keys are always present; lists are empty rather
than null; what the wire did not say is null. Values of the vendor (inputs, outputs, …) are kept as undecoded JSON:
the field `outputs_json` is the key `outputs`, and the property `outputs` decodes it.

Nothing here changes or computes a run; `streamkit.run.run` does.
"""

from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

from streamkit.run.payload import Json, loads

RunStatus = Literal["running", "paused", "succeeded", "partial-succeeded", "failed", "stopped", "interrupted"]
"""`interrupted`: the body ended before the server said how the run ended. Never a success."""

NodeStatus = Literal["running", "succeeded", "failed", "exception", "paused", "stopped", "skipped", "unknown"]
"""`exception`: failed, but an error strategy took over. `unknown`: its end was never seen."""

FormStatus = Literal["waiting", "submitted", "expired"]

Seconds = int | float
"""A time or a duration as it was told: most servers tell whole seconds, and 5 stays 5, compiled too."""

Cost = dict[str, Decimal]
"""Sums by currency; `XXX` (ISO 4217: no currency) where the server named none."""

HIDDEN = "[hidden]"
"""What a secret reads like wherever it is shown without `--show-secrets`."""


MAX_DEPTH: Final = 32
"""Deepest nesting that is drawn, of containers and of log entries: engines stop at 3 or 5, recursion at 1,000."""


class State(Struct, frozen=True, gc=False):
    """The root of all published structs. They are built from the leaves up, so none is part of a circle."""


class Attempt(State, frozen=True):
    """One try of a node before its last one."""

    index: int
    """Counted from 1, as the server counts retries."""
    error: str | None = None
    elapsed_time: float | None = None
    """Seconds, as the server says: of this try."""


class LogEntry(State, frozen=True):
    """An entry of an agent's log: a round, a thought, a tool call."""

    id: str
    label: str
    status: str
    """The strategy's own word: start, success, error, …"""
    error: str | None = None
    data: Json = None
    metadata: Json = None
    children: tuple["LogEntry", ...] = ()


class Anomaly(State, frozen=True):
    """Something that did not fit: kept and counted, never raised."""

    kind: str
    """One of `streamkit.run.anomaly.KINDS`."""
    detail: str
    frame: int | None = None
    """The number of the frame, counted from 0 over all bodies of the run."""


class RunError(State, frozen=True):
    """Why a run failed or was stopped, as the server says it."""

    message: str
    code: str | None = None
    status: int | None = None


class Usage(State, frozen=True):
    """Tokens and cost of a run. The server's own figure where it sends one, else the sum of the leaves."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    latency: float | None = None
    """Seconds."""
    cost: Cost = field(default_factory=dict)


class HumanInput(State, frozen=True):
    """A form that a run shows to a person."""

    form_id: str | None
    node_id: str
    title: str | None = None
    content: str | None = None
    """Markdown, as rendered for the person where the stream says so."""
    inputs: Json = ()
    actions: Json = ()
    token: str | None = None
    """The secret that submits the form; null if it cannot be submitted through the API."""
    expires_at: int | float | None = None
    """Epoch seconds."""
    status: FormStatus = "waiting"
    action_id: str | None = None
    submitted: Json = None
    """The submitted fields, where the server sends them."""


class Thought(State, frozen=True):
    """A round of an agent app."""

    id: str
    position: int | None = None
    thought: str | None = None
    tool: str | None = None
    tool_input: str | None = None
    observation: str | None = None
    files: Json = ()


class Segment(State, frozen=True):
    """One response body of the run: a run that paused and was resumed has several."""

    index: int
    first_frame: int
    tokens: int | None = None
    """Tokens spent in this segment, as far as the wire tells."""
    leaf_tokens: int = 0
    """Sum over the executions whose tokens became known in this segment."""
    tokens_source: Literal["leaf", "server", "partial"] = "partial"
    """Where `tokens` comes from: the executions, the server's own figure, or only what was seen before the end."""


class Missing(State, frozen=True):
    """What is not kept any more of an execution, or of a run: counted, so that the tree stays honest."""

    characters: int
    """At the end of its text and its thinking."""
    rounds: int
    """Rounds of this container of which nothing is left."""
    executions: int
    """Those that stood here, and those inside of them."""
    statuses: dict[str, int]
    """How they ended."""
    total_tokens: int
    """What they spent, containers not counted."""


class Dropped(State, frozen=True):
    """What a run saw and did not keep, by its policy."""

    payloads: int
    """Values that were not kept whole, counted each time that they were told."""
    payload_bytes: int
    """The size of their JSON."""
    characters: int
    """Of all texts."""
    executions: int


class Stats(State, frozen=True):
    """What went through the taps of this run."""

    bytes: int
    frames: int
    events: dict[str, int]
    heartbeats: int
    anomalies: dict[str, int]
    """Every anomaly counted by kind, also those that are not kept."""
    dropped: Dropped


class RoundState(State, frozen=True):
    """One turn of an iteration or loop."""

    index: int
    """Counted from 0."""
    status: NodeStatus
    elapsed_time: float | None
    nodes: tuple["NodeState", ...]


class NodeState(State, frozen=True, kw_only=True):
    """One execution of a node. A node of the graph may have many."""

    id: str
    """The wire's execution id; derived and stable where there is none."""
    node_id: str
    type: str
    title: str
    status: NodeStatus
    error: str | None
    inputs_json: msgspec.Raw = field(name="inputs")
    outputs_json: msgspec.Raw = field(name="outputs")
    process_data_json: msgspec.Raw = field(name="process_data")
    metadata_json: msgspec.Raw = field(name="metadata")
    started_at: int | float | None
    """Epoch seconds, the server's."""
    finished_at: int | float | None
    seen_at: float | None
    """Arrival times: seconds on the caller's clock."""
    ended_at: float | None
    first_token_at: float | None
    elapsed_time: float | None
    text: str
    reasoning: str
    model: str | None
    provider: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    cost: Cost | None
    attempts: tuple[Attempt, ...]
    logs: tuple[LogEntry, ...]
    rounds: tuple[RoundState, ...]
    unassigned: tuple["NodeState", ...]
    missing: Missing | None
    """What is not kept of it; null if all is."""

    @property
    def inputs(self) -> Json:
        """The vendor's inputs, decoded."""
        return loads_raw(self.inputs_json)

    @property
    def outputs(self) -> Json:
        """The vendor's outputs, decoded."""
        return loads_raw(self.outputs_json)

    @property
    def process_data(self) -> Json:
        """The vendor's process data, decoded."""
        return loads_raw(self.process_data_json)

    @property
    def metadata(self) -> Json:
        """The vendor's execution metadata, decoded."""
        return loads_raw(self.metadata_json)


class RunState(State, frozen=True, kw_only=True):
    """A run at one moment."""

    format: Literal[1] = 1
    dialect: str
    mode: str | None
    id: str | None
    status: RunStatus
    error: RunError | None
    task_id: str | None
    message_id: str | None
    conversation_id: str | None
    workflow_id: str | None
    app: str | None
    user: str | None
    inputs_json: msgspec.Raw = field(name="inputs")
    outputs_json: msgspec.Raw = field(name="outputs")
    text: str
    reasoning: str
    usage: Usage
    total_tokens: int | None
    total_steps: int | None
    elapsed_time: float | None
    leaf_tokens: int
    leaf_cost: Cost
    started_at: int | float | None
    finished_at: int | float | None
    seen_at: float | None
    ended_at: float | None
    first_token_at: float | None
    last_progress_at: float | None
    last_heartbeat_at: float | None
    settled: bool
    segments: tuple[Segment, ...]
    nodes: tuple[NodeState, ...]
    missing: Missing | None
    """What is not kept of its texts and its top level; null if all is."""
    forms: tuple[HumanInput, ...]
    citations: tuple[Any, ...]
    files: tuple[Any, ...]
    thoughts: tuple[Thought, ...]
    anomalies: tuple[Anomaly, ...]
    stats: Stats
    revision: int = 0
    """The revision of the run that this is a picture of; for `Run.changed_since`."""

    @property
    def inputs(self) -> Json:
        """The vendor's inputs, decoded."""
        return loads_raw(self.inputs_json)

    @property
    def outputs(self) -> Json:
        """The vendor's outputs, decoded."""
        return loads_raw(self.outputs_json)

    def without_secrets(self) -> "RunState":
        """Return the same state with the form tokens masked."""
        if not any(form.token for form in self.forms):
            return self
        masked = [msgspec.structs.replace(form, token=HIDDEN if form.token else None) for form in self.forms]
        return msgspec.structs.replace(self, forms=tuple(masked))


def loads_raw(raw: msgspec.Raw) -> Json:
    """Decode undecoded JSON of a published state."""
    return loads(bytes(raw))


_UNSTABLE = frozenset(
    {"id", "task_id", "message_id", "conversation_id", "form_id", "token", "elapsed_time", "latency", "expires_at"}
    | {"started_at", "finished_at", "seen_at", "ended_at", "first_token_at", "last_progress_at", "last_heartbeat_at"}
    | {"bytes", "heartbeats", "revision"}
)
_UNSTABLE_INPUTS = frozenset({"sys.workflow_run_id", "sys.conversation_id"})


def stable(state: RunState) -> dict[str, Any]:
    """Return the JSON object of a state without ids and times: the same for two runs that did the same.

    Only our own keys are looked at; the vendor's values stay whole and undecoded, except the run's own ids among its
    inputs.
    """
    tree = _without_unstable(state)
    inputs = state.inputs
    if isinstance(inputs, dict) and not _UNSTABLE_INPUTS.isdisjoint(inputs):
        tree["inputs"] = {key: value for key, value in inputs.items() if key not in _UNSTABLE_INPUTS}
    return tree


def _without_unstable(state: State) -> dict[str, Any]:
    info = zip(state.__struct_fields__, state.__struct_encode_fields__, strict=True)
    return {name: _stable_value(getattr(state, field)) for field, name in info if name not in _UNSTABLE}


def _stable_value(value: Any) -> Any:  # noqa: ANN401 - a field of a state
    if isinstance(value, State):
        return _without_unstable(value)
    if isinstance(value, tuple):
        return [_stable_value(item) for item in value]
    return value
