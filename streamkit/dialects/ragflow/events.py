"""What a RAGFlow server sends (protocol B): agent events of v0.20 and later, and the answers of chats and old agents.

Agent events are named by the wire words. Everything else has no `event` on the wire: an envelope of `code`, `message`
and `data` (before v0.13 `retcode` and `retmsg`), whose `data` is an answer, a status, `true` for the end, or an error.
Those are told apart by C.1 and get names of their own here. Every field may be missing or null.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from streamkit.dialects.base import Delta, Event

NULL: Final = Raw(b"null")

Number = int | float

Json = Any
"""A JSON value whose shape belongs to the user, to a component or to a search engine."""


class Payload(msgspec.Struct, frozen=True, gc=False):
    """The root of the objects inside an event."""


class RagflowEvent(Event, frozen=True, kw_only=True, tag_field="event"):
    """The envelope of agent events (B.6)."""

    message_id: str | None = None
    """New for each HTTP run: the nearest thing to a run id."""
    created_at: Number | None = None
    """Epoch seconds of the start of the run, constant over it."""
    task_id: str | None = None
    """The agent's id, or (v0.26.3 and later) the session's: the handle for cancelling."""
    session_id: str | None = None
    code: int | None = None
    """Not 0 on an event that is an error all the same (A.3.5)."""
    message: str | None = None


# ---- B.6: agents, v0.20 and later


class WorkflowStartedData(Payload, frozen=True):
    """The beginning of a run."""

    inputs: Raw = NULL


class WorkflowStarted(RagflowEvent, frozen=True, tag="workflow_started"):
    """A run began; on resume only before v0.26.3."""

    data: WorkflowStartedData | None = None


class NodeStartedData(Payload, frozen=True):
    """The beginning of a component."""

    inputs: Raw = NULL
    created_at: Number | None = None
    component_id: str | None = None
    component_name: str | None = None
    component_type: str | None = None
    thoughts: str | None = None
    """A canned text for people ("Searching…"), not thinking."""


class NodeStarted(RagflowEvent, frozen=True, tag="node_started"):
    """A component began; sent for a whole batch before anything in it runs."""

    data: NodeStartedData | None = None


class NodeFinishedData(Payload, frozen=True):
    """The end of a component."""

    inputs: Raw = NULL
    outputs: Raw = NULL
    component_id: str | None = None
    component_name: str | None = None
    component_type: str | None = None
    error: str | None = None
    elapsed_time: float | None = None
    created_at: Number | None = None
    """A reading of a performance counter, no epoch; of the Go backend an epoch."""
    trace: Raw = NULL


class NodeFinished(RagflowEvent, frozen=True, tag="node_finished"):
    """A component ended. The only event of nodes that filtered sessions pass on."""

    data: NodeFinishedData | None = None


class MessageData(Payload, frozen=True):
    """A delta of a Message component."""

    content: str | None = None
    start_to_think: bool | None = None
    end_to_think: bool | None = None
    audio_binary: str | None = None


class Message(RagflowEvent, frozen=True, tag="message"):
    """A delta of the answer; it does not say of which component."""

    data: MessageData | None = None


class MessageEndData(Payload, frozen=True):
    """What came with the answer of a Message component."""

    reference: Json = None
    status: int | None = None
    attachment: Json = None
    downloads: Json = None


class MessageEnd(RagflowEvent, frozen=True, tag="message_end"):
    """A Message component said all; no end of a run."""

    data: MessageEndData | None = None


class UserInputsData(Payload, frozen=True):
    """The form of a UserFillUp component."""

    inputs: Json = None
    tips: str | None = None
    cpn_id: str | None = None
    """Of the Go backend: an interrupt's id, no component's."""


class UserInputs(RagflowEvent, frozen=True, tag="user_inputs"):
    """The run waits for a person; this HTTP stream ends. `data` may be the object as a JSON string (A.1)."""

    data: UserInputsData | str | None = None


class WaitingForUser(RagflowEvent, frozen=True, tag="waiting_for_user"):
    """The same of the Go backend."""

    data: UserInputsData | str | None = None


class AgentUsage(Payload, frozen=True):
    """Tokens of an agent's run (v0.26.3 and later); the parts need not add up to the total (correction 9)."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    calls: int | None = None


class WorkflowFinishedData(Payload, frozen=True):
    """How a run ended; of a filtered session only the usage."""

    inputs: Raw = NULL
    outputs: Raw = NULL
    """An object, or the text "Task has been canceled"."""
    elapsed_time: float | None = None
    created_at: Number | None = None
    usage: AgentUsage | None = None


class WorkflowFinished(RagflowEvent, frozen=True, tag="workflow_finished"):
    """A run ended; a failed or paused one never says so (C.6)."""

    data: WorkflowFinishedData | None = None


class ToolCall(Payload, frozen=True):
    """A call of a tool, as the log of a run has it."""

    path: str | None = None
    tool_name: str | None = None
    arguments: Json = None
    result: Json = None
    elapsed_time: float | None = None


class ToolCalls(Payload, frozen=True):
    """The calls of tools by one component."""

    component_id: str | None = None
    trace: list[ToolCall] | None = None


class NodeLogs(RagflowEvent, frozen=True, tag="node_logs"):
    """Calls of tools. No server sends it: it is what the log of a run says, as a frame (B.6)."""

    data: list[ToolCalls] | None = None


# ---- B.1 to B.5, B.8: envelopes without `event`


class ChatAnswer(RagflowEvent, frozen=True, tag="chat_answer"):
    """An answer of a chat, a search or an old agent: the whole text so far, or a delta (C.2)."""

    answer: str | None = None
    reference: Json = None
    final: bool | None = None
    """v0.24 and later: whether this is the last one; such streams are of deltas."""
    start_to_think: bool | None = None
    end_to_think: bool | None = None
    running_status: bool | None = None
    """Of old agents: `answer` is a sentence about a component at work, no answer."""
    id: str | None = None
    """Of the user's message of this turn."""
    chat_id: str | None = None
    param: Json = None
    """Of old agents: the declared inputs of Begin."""
    audio_binary: str | None = None


class StreamError(RagflowEvent, frozen=True, tag="stream_error"):
    """An envelope whose code is not 0; the terminator still follows (A.3)."""


class StreamEnd(RagflowEvent, frozen=True, tag="stream_end"):
    """The terminator: `data:true` or `[DONE]`."""


class SessionEcho(RagflowEvent, frozen=True, tag="session_echo"):
    """No event was produced; the session all the same (v0.26.3 and later)."""


class Trace(Payload, frozen=True):
    """The ends of one component, where the client asked for them (`return_trace`)."""

    component_id: str | None = None
    trace: list[NodeFinishedData] | None = None


class AgentAnswer(RagflowEvent, frozen=True, tag="agent_answer"):
    """The answer of an agent that was asked not to stream: the data of its last event, with more in it."""

    content: str | None = None
    reference: Json = None
    usage: AgentUsage | None = None
    trace: list[Trace] | None = None
    last_event: str | None = None
    inputs: Json = None
    tips: str | None = None
    outputs: Raw = NULL
    error: str | None = None
    """Of a component that failed, as the last event; or of the server, which then answers with this alone (A.3.8)."""
    elapsed_time: float | None = None


EVENTS: Final[tuple[type[RagflowEvent], ...]] = (
    Message,
    NodeStarted,
    NodeFinished,
    MessageEnd,
    WorkflowStarted,
    WorkflowFinished,
    UserInputs,
    WaitingForUser,
    NodeLogs,
)
"""Events that name themselves on the wire."""

ENVELOPES: Final[tuple[type[RagflowEvent], ...]] = (ChatAnswer, StreamError, StreamEnd, SessionEcho, AgentAnswer)
"""Frames that do not."""

DELTAS: Final[Mapping[type[Event], Delta]] = {
    Message: Delta(
        lambda event: event.data.content if event.data is not None else None,
        lambda event, text: replace(event, data=replace(event.data, content=text)),
    ),
    ChatAnswer: Delta(lambda event: event.answer, lambda event, text: replace(event, answer=text)),
}
"""What streams of text are made of."""
