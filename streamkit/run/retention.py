"""What a run keeps of what it sees: a gateway with ten thousand streams keeps little, a viewer everything.

Status, usage, tokens, cost, segments and forms are the same under every policy, and so is the tree as far as it is
kept. What was not kept is counted and shown: nothing vanishes silently.
"""

import sys
from collections.abc import Collection
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

from streamkit.run.payload import NOTHING, Json, dumps, loads
from streamkit.run.state import Dropped, Missing, NodeStatus


class Retention(Struct, frozen=True):
    """What a run keeps of what it sees; status, usage and tree are the same under every policy."""

    payloads: Literal["keep", "preview", "drop"] = "keep"
    """Values of the vendor: inputs, outputs, process data and metadata of executions and of the run, data and metadata
    of log entries, citations, what a tool was asked and what it answered. What is dropped is not looked at: nobody is
    told that it is not UTF-8, or JSON that the standard forbids."""
    max_payload: int = 1024
    """Bytes of a value's JSON that "preview" keeps whole; of a longer one it keeps so many, see `preview`."""
    max_text: int | None = None
    """Characters kept of each text (answer, thinking, a node's own), from its start; all are counted. 0: only counted."""
    max_executions: int | None = None
    """Executions kept. Beyond that the oldest ones that ended go, and are counted where they stood."""


EVERYTHING: Final = Retention()
"""The default: for who looks at runs."""
GATEWAY: Final = Retention(payloads="drop", max_text=0, max_executions=256)
"""For who relays streams and wants of each its state, tokens, cost and errors."""

PREVIEW: Final = "[preview]"
"""The key under which a preview holds the first part of the JSON, as text."""
BYTES: Final = "[bytes]"
"""The key under which a preview holds the size of the whole JSON."""


class Facts(Struct, frozen=True, gc=False):
    """The little of an execution's outputs that state depends on."""

    text_length: int | None = None
    """Characters of the output `text`: all that this execution streams."""
    action_id: str | None = None
    """What a person chose in the form that this execution showed."""


NO_FACTS: Final = Facts()


class _Outputs(Struct, rename={"action_id": "__action_id"}):
    text: Any = None  # Any: whatever else than text it is, it is none
    action_id: Any = None


_EMPTY: Final = (b"{}", Raw(b"{}"))
_NULLS: Final = (*NOTHING, Raw(b"null"))
_OUTPUTS: Final = msgspec.json.Decoder(_Outputs)


def facts_of(outputs: bytes | Raw) -> Facts:
    """Read the facts out of outputs; everything else in them is skipped."""
    if outputs in _EMPTY:
        return NO_FACTS
    try:
        found = _OUTPUTS.decode(outputs)
        text, action = found.text, found.action_id
        if text is None and action is None:  # as of most nodes
            return NO_FACTS
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        value = loads(bytes(outputs))
        if not isinstance(value, dict):
            return NO_FACTS
        text, action = value.get("text"), value.get("__action_id")
    if not isinstance(text, str) and not isinstance(action, str):
        return NO_FACTS
    return Facts(len(text) if isinstance(text, str) else None, action if isinstance(action, str) else None)


class Keeper:
    """Applies a policy to what comes, and counts what is not kept."""

    __slots__ = (
        "_whole",
        "characters",
        "drops_payloads",
        "executions",
        "keeps_payloads",
        "payload_bytes",
        "payloads",
        "policy",
    )

    def __init__(self, policy: Retention) -> None:
        self.policy = policy
        self.keeps_payloads = policy.payloads == "keep"
        self.drops_payloads = policy.payloads == "drop"
        self._whole = {"keep": sys.maxsize, "preview": policy.max_payload, "drop": -1}[policy.payloads]
        """Bytes of a value's JSON that are kept whole; negative where none is shown at all."""
        self.payloads = 0
        self.payload_bytes = 0
        self.characters = 0
        self.executions = 0

    def payload(self, data: bytes) -> bytes | None:
        """Return what is kept of a value's JSON: all, a preview or (None) nothing."""
        size, whole = len(data), self._whole
        if size <= whole:
            return data
        self.payloads += 1
        self.payload_bytes += size
        return preview(data, whole) if whole >= 0 else None

    def pass_over(self, raw: bytes | Raw) -> None:
        """Count a value's JSON of which nothing is kept: it is neither copied nor looked at. Null is no value."""
        if raw not in _NULLS:
            self.payloads += 1
            self.payload_bytes += memoryview(raw).nbytes

    def value(self, value: Json) -> Json:
        """Return what is kept of a decoded value."""
        if value is None or self.keeps_payloads:
            return value
        data = dumps(value)
        kept = self.payload(data)
        return value if kept is data else loads(kept)

    def text(self, text: str | None) -> str | None:
        """Return what is kept of a value that the vendor sends as text: a preview is its beginning."""
        if text is None:
            return None
        data = text.encode("utf-8", "replace")
        kept = self.payload(data)
        return text if kept is data else text[: self.policy.max_payload] if kept is not None else None

    def dropped(self) -> Dropped:
        """Return the published form of what was not kept."""
        return Dropped(
            payloads=self.payloads,
            payload_bytes=self.payload_bytes,
            characters=self.characters,
            executions=self.executions,
        )


def preview(data: bytes, size: int) -> bytes:
    """Return valid JSON that shows the beginning of a longer one: `{"[preview]": "first bytes …", "[bytes]": 12345}`."""
    return msgspec.json.encode({PREVIEW: data[:size].decode("utf-8", "ignore"), BYTES: len(data)})


class Summary:
    """What stood in a place and is not kept any more, counted."""

    __slots__ = ("executions", "last_round", "rounds", "statuses", "total_tokens")

    def __init__(self) -> None:
        self.executions = 0
        self.rounds = 0
        self.statuses: dict[str, int] = {}
        self.total_tokens = 0
        self.last_round: int | None = None
        """The round that was counted last; more may come in it."""

    def add(self, status: NodeStatus, total_tokens: int) -> None:
        """Count an execution; of a container the tokens are 0, as they are those of what is inside."""
        self.executions += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.total_tokens += total_tokens

    def add_round(self, index: int) -> None:
        """Count a round of which nothing is kept any more; one that goes on may come to that several times."""
        if index != self.last_round:
            self.last_round = index
            self.rounds += 1

    def add_inside(self, other: "Summary") -> None:
        """Count what stood in a container that itself goes. Its rounds are not rounds of this place."""
        self.executions += other.executions
        self.total_tokens += other.total_tokens
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count


def missing(characters: int, gone: Summary | None, rounds: Collection[int] = ()) -> Missing | None:
    """Return what is published of what is not kept.

    Args:
        characters: at the end of its texts.
        gone: executions that stood in it.
        rounds: the rounds of it that are shown.
    """
    if not characters and gone is None:
        return None
    gone = gone or Summary()
    return Missing(
        characters=characters,
        rounds=gone.rounds - (gone.last_round in rounds),
        executions=gone.executions,
        statuses=dict(gone.statuses),
        total_tokens=gone.total_tokens,
    )
