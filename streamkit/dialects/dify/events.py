"""What a Dify server sends: one frozen struct for each event (protocol B).

Named by the wire words (`iteration_next` → `IterationNext`). Every field may be missing or null, as it is on some
version of the server; values of the user (inputs, outputs, …) stay undecoded JSON. The structs state what is on the
wire and nothing else: meaning is the reducer's.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import replace

from streamkit.dialects.base import Delta, Event

NULL: Final = Raw(b"null")

Number = int | float
"""Epoch seconds; whole on the wire, but nobody promises that."""

Json = Any
"""A JSON value whose shape belongs to the user or to a plugin."""

Price = Decimal | None
"""A decimal string; a few producers send a number (A.6)."""

Selector = tuple[str, ...] | None
"""Where a text comes from: node id, then the name of its variable (`["llm", "text"]`)."""


class Payload(msgspec.Struct, frozen=True, gc=False):
    """The root of the objects inside an event."""


class DifyEvent(Event, frozen=True, kw_only=True, tag_field="event"):
    """The envelope (B.1): which of the ids are there depends on the mode of the app."""

    task_id: str | None = None
    """The handle for stopping; missing on `error`."""
    workflow_run_id: str | None = None
    """The handle for resuming; null before the start."""
    conversation_id: str | None = None
    message_id: str | None = None
    created_at: Number | None = None
    """When the message row was made: constant over the run, not the time of the event."""


# ---- B.3: the chat family


class Ping(DifyEvent, frozen=True, tag="ping"):
    """A heartbeat as JSON: documented, sent by some proxies; Dify itself sends a bare `event: ping` (A.3)."""

    is_heartbeat: ClassVar[bool] = True


class Message(DifyEvent, frozen=True, tag="message"):
    """A delta of the answer; of the New Agent app the whole answer, once (C.10)."""

    id: str | None = None
    answer: str = ""
    from_variable_selector: Selector = None


class AgentMessage(DifyEvent, frozen=True, tag="agent_message"):
    """A delta of an agent app's answer."""

    id: str | None = None
    answer: str = ""


class AgentThought(DifyEvent, frozen=True, tag="agent_thought"):
    """A round of an agent app; the same id comes again with more in it."""

    id: str | None = None
    position: int | None = None
    thought: str | None = None
    observation: str | None = None
    tool: str | None = None
    tool_labels: Json = None
    tool_input: str | None = None
    message_files: list[str] | None = None


class MessageFile(DifyEvent, frozen=True, tag="message_file"):
    """A file of the conversation; with `answer` in place of `url`, a text delta under a wrong name (B.2)."""

    id: str | None = None
    type: str | None = None
    belongs_to: str | None = None
    url: str | None = None
    answer: str | UnsetType | None = UNSET
    from_variable_selector: Selector = None


class MessageReplace(DifyEvent, frozen=True, tag="message_replace"):
    """Another answer in place of all that was streamed."""

    answer: str = ""
    reason: str | None = None


class UsagePayload(Payload, frozen=True):
    """Tokens and prices as the server sums them."""

    prompt_tokens: int | None = None
    prompt_unit_price: Price = None
    prompt_price_unit: Price = None
    prompt_price: Price = None
    completion_tokens: int | None = None
    completion_unit_price: Price = None
    completion_price_unit: Price = None
    completion_price: Price = None
    total_tokens: int | None = None
    total_price: Price = None
    currency: str | None = None
    latency: float | None = None
    time_to_first_token: float | None = None
    time_to_generate: float | None = None


class MessageEndMetadata(Payload, frozen=True):
    """What is known once the answer is complete."""

    usage: UsagePayload | None = None
    retriever_resources: list[Json] | None = None
    annotation_reply: Json = None
    reasoning: dict[str, str] | None = None
    """Thinking by node id (1.15 and later)."""


class MessageEnd(DifyEvent, frozen=True, tag="message_end"):
    """The answer is complete. The end of a run only where there is no workflow (C.12)."""

    id: str | None = None
    metadata: MessageEndMetadata | None = None
    files: list[Json] | None = None


class TtsMessage(DifyEvent, frozen=True, tag="tts_message"):
    """A piece of speech: base64 of MP3."""

    audio: str = ""
    audio_type: str | None = None


class TtsMessageEnd(DifyEvent, frozen=True, tag="tts_message_end"):
    """Speech is complete; it may come after `message_end`."""

    audio: str = ""
    audio_type: str | None = None


class Error(DifyEvent, frozen=True, tag="error"):
    """The run could not start or broke (A.10). A bare error body without `event` is read as this too."""

    code: str | None = None
    status: int | None = None
    message: str | None = None


# ---- B.4: workflows


class WorkflowStartedData(Payload, frozen=True):
    """The beginning of a run."""

    id: str | None = None
    workflow_id: str | None = None
    inputs: Raw = NULL
    created_at: Number | None = None
    reason: str | None = None
    """initial or resumption (1.13 and later)."""
    sequence_number: int | None = None


class WorkflowStarted(DifyEvent, frozen=True, tag="workflow_started"):
    """A run began, or was resumed, or a snapshot of it begins (C.8)."""

    data: WorkflowStartedData = WorkflowStartedData()


class CreatedBy(Payload, frozen=True):
    """Who started a run: an end user, or an account of the workspace."""

    id: str | None = None
    user: str | None = None
    name: str | None = None
    email: str | None = None


class WorkflowFinishedData(Payload, frozen=True):
    """How a run ended."""

    id: str | None = None
    workflow_id: str | None = None
    status: str | None = None
    outputs: Raw = NULL
    error: str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None
    created_by: CreatedBy | None = None
    created_at: Number | None = None
    finished_at: Number | None = None
    exceptions_count: int | None = None
    files: Json = None
    handoff_duration: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class WorkflowFinished(DifyEvent, frozen=True, tag="workflow_finished"):
    """A run ended: succeeded, failed, stopped or partial-succeeded."""

    data: WorkflowFinishedData = WorkflowFinishedData()


class PauseReason(Payload, frozen=True):
    """Why a run waits. The discriminator is `TYPE`; one branch of the server writes `type`."""

    TYPE: str | None = None
    type: str | None = None
    form_id: str | None = None
    form_content: str | None = None
    inputs: Json = None
    actions: Json = None
    node_id: str | None = None
    node_title: str | None = None
    resolved_default_values: Json = None
    form_token: str | None = None
    approval_channels: Json = None
    expiration_time: Number | None = None
    message: str | None = None


class WorkflowPausedData(Payload, frozen=True):
    """Where and why a run waits."""

    workflow_run_id: str | None = None
    paused_nodes: list[str] | None = None
    outputs: Raw = NULL
    reasons: list[PauseReason] | None = None
    status: str | None = None
    created_at: Number | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None


class WorkflowPaused(DifyEvent, frozen=True, tag="workflow_paused"):
    """A run waits for a person. The body ends; the run goes on in another one.

    As a blocking answer of a chatflow it has the answer so far.
    """

    data: WorkflowPausedData = WorkflowPausedData()
    answer: str | None = None
    metadata: MessageEndMetadata | None = None


class WorkflowMaintenancePaused(DifyEvent, frozen=True, tag="workflow_maintenance_paused"):
    """Unreleased: the server hands the run over to another worker."""

    data: Json = None


class ExecutionMetadata(Payload, frozen=True):
    """What the engine knows of an execution (C.7); its other keys stay in the run's undecoded copy."""

    total_tokens: int | None = None
    total_price: Price = None
    currency: str | None = None
    iteration_id: str | None = None
    iteration_index: int | None = None
    loop_id: str | None = None
    loop_index: int | None = None
    parallel_mode_run_id: str | None = None
    iteration_duration_map: dict[str, float | None] | None = None
    loop_duration_map: dict[str, float | None] | None = None
    error_strategy: str | None = None


class NodeStartedData(Payload, frozen=True):
    """The beginning of an execution."""

    id: str | None = None
    """The execution id: pairs started, retry and finished."""
    node_id: str | None = None
    node_type: str | None = None
    title: str | None = None
    index: int | None = None
    predecessor_node_id: str | None = None
    inputs: Raw = NULL
    inputs_truncated: bool | UnsetType = UNSET
    created_at: Number | None = None
    extras: Json = None
    iteration_id: str | None = None
    loop_id: str | None = None
    agent_strategy: Json = None
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None
    parent_parallel_id: str | None = None
    parent_parallel_start_node_id: str | None = None
    parallel_run_id: str | None = None
    """The round of a parallel iteration, before 1.9."""


class NodeStarted(DifyEvent, frozen=True, tag="node_started"):
    """A node began; after a resume the same execution again."""

    data: NodeStartedData = NodeStartedData()


class NodeFinishedData(Payload, frozen=True):
    """The end of an execution, or of one of its tries."""

    id: str | None = None
    node_id: str | None = None
    node_type: str | None = None
    title: str | None = None
    index: int | None = None
    predecessor_node_id: str | None = None
    inputs: Raw = NULL
    inputs_truncated: bool | UnsetType = UNSET
    process_data: Raw = NULL
    process_data_truncated: bool | UnsetType = UNSET
    outputs: Raw = NULL
    outputs_truncated: bool | UnsetType = UNSET
    status: str | None = None
    error: str | None = None
    elapsed_time: float | None = None
    execution_metadata: Raw = NULL
    """Read by `metadata_of`: decoded once, kept whole."""
    created_at: Number | None = None
    finished_at: Number | None = None
    files: Json = None
    iteration_id: str | None = None
    loop_id: str | None = None
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None
    parent_parallel_id: str | None = None
    parent_parallel_start_node_id: str | None = None
    retry_index: int | None = None
    """Counted from 1; on `node_retry` only."""


class NodeFinished(DifyEvent, frozen=True, tag="node_finished"):
    """A node ended; in a snapshot also one that is paused."""

    data: NodeFinishedData = NodeFinishedData()


class NodeRetry(DifyEvent, frozen=True, tag="node_retry"):
    """A try failed and the next one begins (C.4)."""

    data: NodeFinishedData = NodeFinishedData()


class ContainerStartedData(Payload, frozen=True):
    """The beginning of an iteration or loop."""

    id: str | None = None
    """The node id, whatever the documents say (B.6)."""
    node_id: str | None = None
    node_type: str | None = None
    title: str | None = None
    created_at: Number | None = None
    extras: Json = None
    metadata: Raw = NULL
    inputs: Raw = NULL
    inputs_truncated: bool | UnsetType = UNSET
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None


class IterationStarted(DifyEvent, frozen=True, tag="iteration_started"):
    """An iteration began. Which container it is in, is not said (C.5)."""

    data: ContainerStartedData = ContainerStartedData()


class LoopStarted(DifyEvent, frozen=True, tag="loop_started"):
    """A loop began. Its round 0 is not announced."""

    data: ContainerStartedData = ContainerStartedData()


class ContainerNextData(Payload, frozen=True):
    """The announcement of a round."""

    id: str | None = None
    node_id: str | None = None
    node_type: str | None = None
    title: str | None = None
    index: int | None = None
    created_at: Number | None = None
    extras: Json = None
    pre_iteration_output: Json = None
    pre_loop_output: Json = None
    parallel_mode_run_id: str | None = None
    duration: float | None = None
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None


class IterationNext(DifyEvent, frozen=True, tag="iteration_next"):
    """A round is announced: before, after or beside it, by the version of the engine (C.5)."""

    data: ContainerNextData = ContainerNextData()


class LoopNext(DifyEvent, frozen=True, tag="loop_next"):
    """A round is announced, which may never come (C.5)."""

    data: ContainerNextData = ContainerNextData()


class ContainerCompletedData(Payload, frozen=True):
    """The end of an iteration or loop."""

    id: str | None = None
    node_id: str | None = None
    node_type: str | None = None
    title: str | None = None
    outputs: Raw = NULL
    outputs_truncated: bool | UnsetType = UNSET
    created_at: Number | None = None
    """The time of completion, not of the start (B.6)."""
    extras: Json = None
    inputs: Raw = NULL
    inputs_truncated: bool | UnsetType = UNSET
    status: str | None = None
    error: str | None = None
    """Always null, even of a failed container."""
    elapsed_time: float | None = None
    total_tokens: int | None = None
    execution_metadata: Raw = NULL
    finished_at: Number | None = None
    steps: int | None = None
    parallel_id: str | None = None
    parallel_start_node_id: str | None = None


class IterationCompleted(DifyEvent, frozen=True, tag="iteration_completed"):
    """An iteration ended."""

    data: ContainerCompletedData = ContainerCompletedData()


class LoopCompleted(DifyEvent, frozen=True, tag="loop_completed"):
    """A loop ended, by its count, by a break or by an error."""

    data: ContainerCompletedData = ContainerCompletedData()


class TextChunkData(Payload, frozen=True):
    """A delta of text and where it comes from."""

    text: str = ""
    from_variable_selector: Selector = None


class TextChunk(DifyEvent, frozen=True, tag="text_chunk"):
    """A delta of a workflow's streamed outputs; not every selector is a text (correction 8)."""

    data: TextChunkData = TextChunkData()


class TextReplaceData(Payload, frozen=True):
    """The whole text."""

    text: str = ""


class TextReplace(DifyEvent, frozen=True, tag="text_replace"):
    """Documented; no server is known to send it."""

    data: TextReplaceData = TextReplaceData()


class ReasoningChunkData(Payload, frozen=True):
    """A delta of thinking."""

    message_id: str | None = None
    reasoning: str = ""
    node_id: str | None = None
    is_final: bool = False


class ReasoningChunk(DifyEvent, frozen=True, tag="reasoning_chunk"):
    """A delta of a node's thinking (1.15 and later)."""

    data: ReasoningChunkData = ReasoningChunkData()


class AgentLogData(Payload, frozen=True):
    """An entry as it is now."""

    node_execution_id: str | None = None
    """The execution id, or the node id (correction 5)."""
    id: str | None = None
    message_id: str | None = None
    """Some branches name the entry so."""
    label: str | None = None
    parent_id: str | None = None
    error: str | None = None
    status: str | None = None
    data: Json = None
    metadata: Json = None
    node_id: str | None = None


class AgentLog(DifyEvent, frozen=True, tag="agent_log"):
    """An entry of an agent node's log, or an update of one."""

    data: AgentLogData = AgentLogData()


class HumanInputRequiredData(Payload, frozen=True):
    """The form that is shown."""

    form_id: str | None = None
    node_id: str | None = None
    node_title: str | None = None
    form_content: str | None = None
    inputs: Json = None
    actions: Json = None
    display_in_ui: bool | None = None
    form_token: str | None = None
    """A secret; null if the form cannot be submitted through the API."""
    approval_channels: Json = None
    resolved_default_values: Json = None
    expiration_time: Number | None = None


class HumanInputRequired(DifyEvent, frozen=True, tag="human_input_required"):
    """A node waits for a person (C.8)."""

    data: HumanInputRequiredData = HumanInputRequiredData()


class HumanInputFormFilledData(Payload, frozen=True):
    """The answer to a form."""

    node_id: str | None = None
    node_title: str | None = None
    rendered_content: str | None = None
    action_id: str | None = None
    action_text: str | None = None
    submitted_data: Json = None


class HumanInputFormFilled(DifyEvent, frozen=True, tag="human_input_form_filled"):
    """A person answered. The form is named by its node only."""

    data: HumanInputFormFilledData = HumanInputFormFilledData()


class HumanInputFormTimeoutData(Payload, frozen=True):
    """Which form expired."""

    node_id: str | None = None
    node_title: str | None = None
    expiration_time: Number | None = None


class HumanInputFormTimeout(DifyEvent, frozen=True, tag="human_input_form_timeout"):
    """Nobody answered in time; the node takes its branch for that."""

    data: HumanInputFormTimeoutData = HumanInputFormTimeoutData()


# ---- B.2, B.5: outside the enum


class DatasourceProcessing(DifyEvent, frozen=True, tag="datasource_processing"):
    """Progress of a datasource node of a knowledge pipeline."""

    total: int | None = None
    completed: int | None = None


class DatasourceCompleted(DifyEvent, frozen=True, tag="datasource_completed"):
    """A datasource node ended; `data` is its result, not an envelope."""

    data: Raw = NULL
    total: int | None = None
    completed: int | None = None
    time_consuming: float | None = None


class DatasourceError(DifyEvent, frozen=True, tag="datasource_error"):
    """A datasource node failed."""

    error: str | None = None


class ParallelBranchData(Payload, frozen=True):
    """Which branch, of which parallel group."""

    parallel_id: str | None = None
    parallel_branch_id: str | None = None
    parent_parallel_id: str | None = None
    parent_parallel_start_node_id: str | None = None
    iteration_id: str | None = None
    loop_id: str | None = None
    created_at: Number | None = None
    status: str | None = None
    error: str | None = None


class ParallelBranchStarted(DifyEvent, frozen=True, tag="parallel_branch_started"):
    """Before 1.9: a parallel branch began. Its nodes say all that a run keeps."""

    data: ParallelBranchData = ParallelBranchData()


class ParallelBranchFinished(DifyEvent, frozen=True, tag="parallel_branch_finished"):
    """Before 1.9: a parallel branch ended."""

    data: ParallelBranchData = ParallelBranchData()


# ---- section D: blocking answers, which are no stream


class ChatCompletionResponse(DifyEvent, frozen=True, tag="chat_completion_response"):
    """The blocking answer of a chat, chatflow or completion app: a JSON document, on the wire `event: message`."""

    id: str | None = None
    mode: str | None = None
    answer: str = ""
    metadata: MessageEndMetadata | None = None


class WorkflowBlockingData(Payload, frozen=True):
    """How a run ended, or that it waits."""

    id: str | None = None
    workflow_id: str | None = None
    status: str | None = None
    outputs: Raw = NULL
    error: str | None = None
    elapsed_time: float | None = None
    total_tokens: int | None = None
    total_steps: int | None = None
    created_at: Number | None = None
    finished_at: Number | None = None
    paused_nodes: list[str] | None = None
    reasons: list[PauseReason] | None = None


class WorkflowBlockingResponse(DifyEvent, frozen=True, tag="workflow_blocking_response"):
    """The blocking answer of a workflow app: a JSON document without `event`."""

    data: WorkflowBlockingData = WorkflowBlockingData()


STREAMED: Final[tuple[type[DifyEvent], ...]] = (
    Message,
    NodeStarted,
    NodeFinished,
    TextChunk,
    AgentMessage,
    AgentThought,
    AgentLog,
    IterationNext,
    LoopNext,
    MessageFile,
    MessageReplace,
    MessageEnd,
    TtsMessage,
    TtsMessageEnd,
    Error,
    Ping,
    WorkflowStarted,
    WorkflowFinished,
    WorkflowPaused,
    WorkflowMaintenancePaused,
    NodeRetry,
    IterationStarted,
    IterationCompleted,
    LoopStarted,
    LoopCompleted,
    TextReplace,
    ReasoningChunk,
    HumanInputRequired,
    HumanInputFormFilled,
    HumanInputFormTimeout,
    DatasourceProcessing,
    DatasourceCompleted,
    DatasourceError,
    ParallelBranchStarted,
    ParallelBranchFinished,
)
"""Every event that a stream may hold."""

DOCUMENTS: Final[tuple[type[DifyEvent], ...]] = (ChatCompletionResponse, WorkflowBlockingResponse)
"""Answers that come as one JSON document."""

_ANSWER: Final = Delta(lambda event: event.answer, lambda event, text: replace(event, answer=text))

DELTAS: Final[Mapping[type[Event], Delta]] = {
    Message: _ANSWER,
    AgentMessage: _ANSWER,
    TextChunk: Delta(
        lambda event: event.data.text, lambda event, text: replace(event, data=replace(event.data, text=text))
    ),
    ReasoningChunk: Delta(
        lambda event: event.data.reasoning,
        lambda event, text: replace(event, data=replace(event.data, reasoning=text)),
    ),
}
"""What streams of text are made of."""
