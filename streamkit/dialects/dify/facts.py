"""Small facts that are read out of large payloads when they arrive: tokens, prices, model, the true error.

Each function decodes only the fields it wants; what is missing or of another shape is simply not known.
"""

from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from streamkit.dialects.base import Notes
from streamkit.dialects.dify.events import ExecutionMetadata, NodeFinishedData, UsagePayload
from streamkit.dialects.salvage import mend_object
from streamkit.run import NO_CURRENCY, NodeUsage, Run, Usage
from streamkit.run.payload import money
from streamkit.run.state import Cost

T = TypeVar("T")

_EMPTY: Final = (Raw(b"null"), Raw(b"{}"), Raw(b""))

_TRUNCATED: Final = tuple((name, f"{name}_truncated") for name in ("inputs", "outputs", "process_data"))

NO_METADATA: Final = ExecutionMetadata()
"""What is known where none is told: of most executions at the top level."""


class _Tokens(Struct, frozen=True):
    """What a model's usage says that metadata does not; its prices are the metadata's."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _ModelFacts(Struct, frozen=True):
    """What process data or outputs of a node with a model say of it."""

    model_provider: str | None = None
    model_name: str | None = None
    usage: _Tokens | None = None


_NO_MODEL: Final = _ModelFacts()


class _ErrorFacts(Struct, frozen=True):
    error_message: str | None = None


class _InputFacts(Struct, frozen=True, rename={"user_id": "sys.user_id"}):
    user_id: str | None = None


_METADATA: Final = msgspec.json.Decoder(ExecutionMetadata)
_MODEL: Final = msgspec.json.Decoder(_ModelFacts)
_ERROR: Final = msgspec.json.Decoder(_ErrorFacts)
_INPUTS: Final = msgspec.json.Decoder(_InputFacts)


def metadata_of(run: Run, raw: Raw) -> ExecutionMetadata:
    """Read execution metadata (C.7). A wrongly typed field costs only itself, and is reported."""
    if raw in _EMPTY:
        return NO_METADATA
    try:
        return _METADATA.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        notes: Notes = []
        metadata = mend_object(bytes(raw), notes, _METADATA, "data.execution_metadata")
        for kind, detail in notes:
            run.report(kind, detail)
        return metadata or NO_METADATA


def usage_of(run: Run, payload: UsagePayload) -> Usage:
    """Read the server's usage of a run (B.3)."""
    return Usage(
        prompt_tokens=payload.prompt_tokens,
        completion_tokens=payload.completion_tokens,
        total_tokens=payload.total_tokens,
        latency=payload.latency,
        cost=_cost(run, payload.total_price, payload.currency) or {},
    )


def node_usage(run: Run, metadata: ExecutionMetadata, data: NodeFinishedData) -> NodeUsage | None:
    """Read what an execution spent: the metadata holds the sum, process data or outputs the rest of it (C.7)."""
    if metadata is NO_METADATA and data.process_data in _EMPTY:
        return None  # as of nearly all nodes that have no model
    facts = _look(_MODEL, data.process_data) or _NO_MODEL
    usage = facts.usage
    if usage is None and metadata.total_tokens:
        inside = _look(_MODEL, data.outputs)
        usage = inside.usage if inside is not None else None
    cost = _cost(run, metadata.total_price, metadata.currency)
    if metadata.total_tokens is None and cost is None and usage is None and facts.model_name is None:
        return None
    return NodeUsage(
        total_tokens=metadata.total_tokens,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        cost=cost,
        model=facts.model_name,
        provider=facts.model_provider,
    )


def container_usage(run: Run, metadata: ExecutionMetadata, total_tokens: int | None) -> NodeUsage | None:
    """Read the server's own sum over what is inside a container (C.7)."""
    cost = _cost(run, metadata.total_price, metadata.currency)
    if total_tokens is None and cost is None:
        return None
    return NodeUsage(total_tokens=total_tokens, cost=cost)


def _cost(run: Run, price: Decimal | None, currency: str | None) -> Cost | None:
    if price is None:
        return None
    amount = money(price)
    if amount is None:
        run.report("bad-number", f"price {price}")
        return None
    return {currency or NO_CURRENCY: amount}


def true_error(data: NodeFinishedData) -> str | None:
    """Return an execution's error; of a handled one the wire says "Unknown error", its outputs the truth (cor. 10)."""
    if data.status == "exception" and data.error in (None, "", "Unknown error"):
        facts = _look(_ERROR, data.outputs)
        if facts is not None and facts.error_message:
            return facts.error_message
    return data.error or None


def user_of(inputs: Raw) -> str | None:
    """Return the end user's id from the inputs of a run, which hold system values under dotted keys."""
    facts = _look(_INPUTS, inputs)
    return facts.user_id if facts is not None else None


def _look(decoder: msgspec.json.Decoder[T], raw: Raw) -> T | None:
    if raw in _EMPTY:
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def truncated(data: Struct) -> tuple[str, ...]:
    """Return which of an event's values the server cut (C.11)."""
    if isinstance(data, NodeFinishedData) and not (
        data.inputs_truncated or data.outputs_truncated or data.process_data_truncated
    ):
        return ()  # as nearly always, and asked by name this costs five times as much
    return tuple([name for name, flag in _TRUNCATED if getattr(data, flag, None) is True])
