"""What an OpenAI-compatible server sends: chat-completion chunks, an error, `[DONE]` (protocol B.7, B.9, F.2).

The chunks of OpenAI itself, of the servers that speak like it (Azure, vLLM, OpenRouter, LightOn's Paradigm), and of
RAGFlow's two endpoints, which add keys of their own. Every field may be missing or null, as it is on some server; what
may be large and belongs to a vendor (references, log probabilities) stays undecoded JSON. The structs state what is on
the wire and nothing else: meaning is the reducer's.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from streamkit.dialects import base
from streamkit.dialects.base import Event

NULL: Final = Raw(b"null")

Number = int | float
"""Epoch seconds; whole on the wire, but nobody promises that."""

Json = Any
"""A JSON value whose shape belongs to a vendor or to the user."""


class Payload(msgspec.Struct, frozen=True, gc=False):
    """The root of the objects inside an event."""


class OpenAIEvent(Event, frozen=True, kw_only=True, tag_field="event"):
    """The root of the events. `event` is no key of this wire: a frame that has it is of another dialect."""


# ---- what a choice holds


class Function(Payload, frozen=True):
    """A function that the model calls, in fragments."""

    name: str | None = None
    arguments: Json = None
    """A fragment of the arguments' JSON; of a few servers the object itself."""


class CustomTool(Payload, frozen=True):
    """A tool that takes free text."""

    name: str | None = None
    input: str | None = None


class ToolCall(Payload, frozen=True):
    """A fragment of a tool call; those of one `index` are one call."""

    index: int | None = None
    id: str | None = None
    """On the first fragment of a call."""
    type: str | None = None
    """function or custom."""
    function: Function | None = None
    custom: CustomTool | None = None


class ErrorBody(Payload, frozen=True):
    """What went wrong."""

    message: str | None = None
    type: str | None = None
    param: Json = None
    code: int | str | None = None
    """A word at OpenAI, an HTTP status at others."""


class WaitingForUser(Payload, frozen=True):
    """The form of an agent that waits for a person (RAGFlow's Go backend, B.9)."""

    cpn_id: str | None = None
    """The id of the interrupt, not of a component."""
    tips: str | None = None
    inputs: Json = None
    """Fields by key."""


class Delta(Payload, frozen=True):
    """What a chunk adds to a message; in `Choice.message` the same keys hold the message as it is so far."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    """Thinking (DeepSeek's word, RAGFlow's too)."""
    reasoning: str | None = None
    """Thinking (OpenRouter's and vLLM's word)."""
    refusal: str | None = None
    """What the model says in place of an answer."""
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None
    """The one call of the API before tools."""
    reference: Raw = NULL
    """RAGFlow's citations: of a chat a list, of an agent objects by key (B.7)."""
    final_content: str | None = None
    """RAGFlow's whole answer, on the last chunk, where references were asked for."""
    error: ErrorBody | str | None = None
    """Of RAGFlow's Go backend, with the finish reason `error`."""
    cancelled: ErrorBody | str | None = None
    """Of RAGFlow's Go backend, with the finish reason `cancelled`."""
    waiting_for_user: WaitingForUser | None = None
    """Of RAGFlow's Go backend, with the finish reason `waiting_for_user`."""


class Choice(Payload, frozen=True):
    """One of the answers; there is more than one only if the client asked for it (`n`)."""

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    """The whole message: of a document; in the streams of RAGFlow's old agents the message so far (correction 10)."""
    text: str | None = None
    """Of `/completions`, in place of a delta or a message."""
    finish_reason: str | None = None
    logprobs: Raw = NULL


class UsagePayload(Payload, frozen=True):
    """Tokens, on the last chunk or, as counted so far, on every chunk."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: Json = None
    completion_tokens_details: Json = None


# ---- events


class ChatCompletionChunk(OpenAIEvent, frozen=True, tag="chat.completion.chunk"):
    """A chunk of an answer, whatever `object` says."""

    id: str | None = None
    """Of the completion; of a RAGFlow chat, of the chat; of a RAGFlow agent, of the session or new for each chunk."""
    object: str | None = None
    """chat.completion.chunk, nearly always."""
    created: Number | None = None
    """Epoch seconds."""
    model: str | None = None
    """Of RAGFlow's agents the agent's id."""
    system_fingerprint: str | None = None
    service_tier: str | None = None
    session_id: str | None = None
    """RAGFlow's, where the client named one."""
    choices: list[Choice] | None = None
    """Empty on a chunk that holds only usage."""
    usage: UsagePayload | None = None
    param: Json = None
    """Of RAGFlow's old agents, the declared inputs."""
    error: ErrorBody | str | None = None
    """What went wrong in the middle, on a few servers."""


class ChatCompletion(ChatCompletionChunk, frozen=True, tag="chat.completion"):
    """A whole answer, of a client that asked for no stream."""


class Error(OpenAIEvent, frozen=True, tag="error"):
    """An error in place of a chunk or of an answer."""

    error: ErrorBody | str | None = None
    message: str | None = None
    """Where the error stands flat: old vLLM servers, RAGFlow's envelope."""
    type: str | None = None
    code: int | str | None = None


class Done(OpenAIEvent, frozen=True, tag="done"):
    """`[DONE]`: the end of a stream. No JSON."""


STREAMED: Final[tuple[type[OpenAIEvent], ...]] = (ChatCompletionChunk, Error, Done)
"""What the frames of a stream may be."""

DOCUMENTS: Final[tuple[type[OpenAIEvent], ...]] = (ChatCompletion, Error)
"""What a body may be that is one JSON document."""


def _content(event: ChatCompletionChunk) -> str | None:
    delta = event.choices[0].delta if event.choices else None
    return delta.content if delta is not None else None


def _with_content(event: ChatCompletionChunk, text: str) -> ChatCompletionChunk:
    choices = event.choices or [Choice()]
    delta = replace(choices[0].delta or Delta(), content=text)
    return replace(event, choices=[replace(choices[0], delta=delta), *choices[1:]])


DELTAS: Final[Mapping[type[Event], base.Delta]] = {ChatCompletionChunk: base.Delta(_content, _with_content)}
"""What streams of text are made of: the text of the first choice."""
