"""LightOn Paradigm: the document that answers `POST /api/v2/tools/chatflows/`, as a run (protocol F.1, F.3).

No stream: one JSON document, the state of a chatflow at one moment. What Paradigm streams (`/chat/completions`) is the
dialect `openai`; the events of its threads are documented nowhere and are not read.

Rule 1: nothing here writes a field of a run; it calls operations of `Run`, which hold all state logic.
Rule 2: no I/O, no clock, no calendar: dates become seconds by arithmetic alone.
Rule 3: never raise; what does not fit is an anomaly.

How a document stands for a run:

* an error message: failed. A text: succeeded, even if the tool call is still pending (F.3).
* neither: running, as long as there is a tool call that did not fail, and after the end of the body too. Nothing was
  cut off: the server says that it is not done, and a later document of the same id goes on.
* neither, and nothing that goes on: interrupted, as the server did not say how the run ended.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Raw

from streamkit.dialects.base import Delta, Event, Malformed, Notes, Sink, Unknown
from streamkit.dialects.salvage import salvage
from streamkit.run import LogEntry, NodeExecution, Run, RunError
from streamkit.run.payload import Json, bounded, dumps, is_null
from streamkit.run.state import NodeStatus

NULL: Final = Raw(b"null")

Id = int | str | None
"""Whole numbers on the wire."""


# ---- what is on the wire


class Payload(msgspec.Struct, frozen=True, gc=False):
    """The root of the objects inside the document."""


class Feedback(Payload, frozen=True):
    """What a person made of the answer."""

    id: Id = None
    created_at: str | None = None
    liked: bool | None = None
    copied: bool | None = None
    regenerated: bool | None = None
    comment: str | None = None
    feedbackCategories: list[Json] | None = None  # noqa: N815 - the wire's word


class DocumentExtract(Payload, frozen=True):
    """A passage that the answer rests on."""

    id: Id = None
    created_at: str | None = None
    chat_response_id: Id = None
    document_id: Id = None
    page_start: int | None = None
    page_end: int | None = None
    document_name: str | None = None
    document_file_type: str | None = None
    metadata: Json = None
    document_external_url: str | None = None
    document_datasource_name: str | None = None
    document_workspace_name: str | None = None
    text: str | None = None


class Tool(Payload, frozen=True):
    """A tool of Paradigm's own."""

    id: Id = None
    created_at: str | None = None
    updated_at: str | None = None
    name: str | None = None
    class_name: str | None = None
    description: str | None = None
    is_offline_tool: bool | None = None
    """Whether the work may go on after the answer to the request."""
    parameters: Raw = NULL
    require_document: bool | None = None
    enabled: bool | None = None


class ThirdPartyTool(Payload, frozen=True):
    """A tool behind somebody's HTTP endpoint. Its `headers` may hold secrets, and are left out on purpose."""

    id: Id = None
    created_at: str | None = None
    updated_at: str | None = None
    name: str | None = None
    description: str | None = None
    enabled: bool | None = None
    parameters: Raw = NULL
    openapi_schema_file: str | None = None
    openapi_schema: Raw = NULL
    base_url: str | None = None
    endpoint_path: str | None = None
    http_method: str | None = None


class ToolCall(Payload, frozen=True):
    """The call of the tool that the chatflow is."""

    id: Id = None
    tool: Tool | None = None
    third_party_tool: ThirdPartyTool | None = None
    tool_steps: list[Json] | None = None
    """Opaque; their order is all that is documented."""
    created_at: str | None = None
    is_forced: bool | None = None
    arguments: Raw = NULL
    output: Raw = NULL
    celery_task_id: str | None = None
    third_party_tool_events: Raw = NULL
    status: str | None = None
    """`pending`, and words that are documented nowhere."""


class Chatflow(Event, frozen=True, kw_only=True, tag_field="event", tag="chatflow"):
    """The answer to a request for a chatflow: the session as it is now."""

    id: Id = None
    created_at: str | None = None
    feedback: Feedback | None = None
    document_extracts: list[DocumentExtract] | None = None
    flag_created_at: str | None = None
    tool_call: ToolCall | None = None
    chat_message: Id = None
    text: str | None = None
    error_message: str | None = None
    completion: str | None = None
    is_chosen: bool | None = None
    source: str | None = None
    """embeddings or corpus."""


# ---- the dialect


class LightOn:
    """The dialect of Paradigm's chatflows."""

    name = "lighton"
    deltas: ClassVar[Mapping[type[Event], Delta]] = {}

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Chatflow)

    def typed(self, data: bytes) -> Event:
        """Refuse: the document has no word that says what it is, so each one is looked at."""
        raise msgspec.DecodeError("no event")

    def recognises(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload has the shape of the document."""
        has_company = "document_extracts" in payload or "feedback" in payload
        return "tool_call" in payload and has_company and "event" not in payload

    def decode(self, data: bytes, notes: Notes) -> Event:
        """Decode a document, or a line that is one."""
        return salvage(data, notes, self._decoder, _tagged)

    def decode_document(self, data: bytes, notes: Notes) -> Sequence[Event]:
        """Decode the document."""
        return [self.decode(data, notes)]

    def run_keys(self, event: Event) -> tuple[str, ...]:
        """The id of the chatflow."""
        name = _name(event.id) if isinstance(event, Chatflow) else None
        return () if name is None else (name,)

    def reducer(self) -> "LightOnReducer":
        """Make the reducer of a new run."""
        return LightOnReducer()


def _tagged(payload: dict[str, Any]) -> dict[str, Any] | None:
    known = "tool_call" in payload or "document_extracts" in payload
    return {**payload, "event": "chatflow"} if known else None


# ---- what it means

_GOING_ON: Final = frozenset(
    {"pending", "queued", "received", "scheduled", "created", "started", "running", "processing", "progress"}
    | {"in_progress", "retry", "waiting"}
)
_ENDS: Final[Mapping[str, NodeStatus]] = {
    **dict.fromkeys(
        ("success", "succeeded", "successful", "completed", "complete", "finished", "done", "ok"), "succeeded"
    ),
    **dict.fromkeys(("failure", "failed", "error", "errored", "timeout", "rejected"), "failed"),
    **dict.fromkeys(("revoked", "cancelled", "canceled", "aborted", "stopped", "ignored"), "stopped"),
}
"""Words of a status that mean an end: `pending` alone is documented, the task queue behind it (Celery) has more."""
_STEP_NAMES: Final = ("name", "label", "title", "type")
_DATE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):?(\d\d))", re.ASCII
)


class LightOnReducer:
    """The wire state of one run: there is next to none, as every document tells all."""

    __slots__ = ("_goes_on",)

    def __init__(self) -> None:
        self._goes_on = False
        """Whether the last document says that the work is not done."""

    def belongs(self, run: Run, event: Event) -> bool:
        """Whether the event is of this run: its id does not say otherwise."""
        name = _name(event.id) if isinstance(event, Chatflow) else None
        return name is None or run.id is None or name == run.id

    def begin(self, run: Run, opening_heartbeats: int) -> None:
        """Begin a body; what the last one said stands until a document says otherwise."""

    def apply(self, run: Run, event: Event, at: float | None) -> bool:
        """Fold one event into the run, if it belongs to it."""
        if not self.belongs(run, event):
            return False
        _APPLY.get(type(event), LightOnReducer._ignore)(self, run, event, at)
        return True

    def sink(self, run: Run, event: Event) -> Sink | None:
        """Each event is looked at."""
        return None

    def forget(self, node: NodeExecution) -> None:
        """Nothing is noted of an execution."""

    def close(self, run: Run, at: float | None) -> None:
        """Conclude how the run stands at the end of a body."""
        if run.ended_by_server:
            run.settle()
        elif self._goes_on:
            return
        else:
            run.conclude("interrupted", at)
        run.close_open_executions(at)

    def _chatflow(self, run: Run, event: Chatflow, at: float | None) -> None:
        run.identify(id=_name(event.id), message_id=_name(event.chat_message))
        run.set_mode("chatflow")
        run.start(started_at=_seconds(run, "created_at", event.created_at))
        run.cite([_citation(number, extract) for number, extract in enumerate(event.document_extracts or (), start=1)])
        call = event.tool_call
        node = None if call is None or call == ToolCall() else self._tool_call(run, call, event.source, at)
        if event.text:
            run.replace_text(event.text)
        if event.error_message:
            run.finish("failed", error=RunError(message=event.error_message), at=at)
        elif event.text or (event.text is not None and (node is None or node.status != "running")):
            run.finish("succeeded", at=at)
        else:
            self._goes_on = node is not None and node.status not in ("failed", "stopped")

    def _tool_call(self, run: Run, call: ToolCall, source: str | None, at: float | None) -> NodeExecution:
        tool, other = call.tool or Tool(), call.third_party_tool or ThirdPartyTool()
        name = _name(call.id) or "tool_call"
        title = tool.name or other.name
        node = run.executions.get(name) or run.open_execution(name, name, type="tool", title=title, at=at)
        facts = _told(
            {
                "class_name": tool.class_name,
                "is_forced": call.is_forced,
                "celery_task_id": call.celery_task_id,
                "source": source,
            }
        )
        output = bytes(call.output)
        run.describe(
            node,
            title=title,
            started_at=_seconds(run, "tool_call.created_at", call.created_at),
            inputs=call.arguments,
            outputs=None if is_null(output) else b'{"output":%b}' % output,
            process_data=call.third_party_tool_events,
            metadata=dumps(facts) if facts else None,
        )
        for number, step in enumerate(call.tool_steps or (), start=1):
            run.log(node, _step(number, step), None)
        self._end(run, node, call.status, at)
        return node

    def _end(self, run: Run, node: NodeExecution, word: str | None, at: float | None) -> None:
        """Give a tool call the status that its word says."""
        status = (word or "pending").strip().lower().replace("-", "_").replace(" ", "_")
        if status in _GOING_ON:
            run.resume_execution(node)
        elif status in _ENDS:
            run.close_execution(node, _ENDS[status], at=at)
        else:  # an open set: it goes on, as far as one can tell (F.3)
            run.report("unknown-status", f"tool call {node.node_id}: {word}")

    def _ignore(self, run: Run, event: Event, at: float | None) -> None:
        """Nothing of this event is state: it is counted, and that is all."""


def epoch_seconds(text: str) -> int | float | None:
    """Return the epoch seconds of an ISO 8601 date with a time and a zone; None if it is none, or names no zone."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    if not 1 <= month <= 12 or day < 1 or hour > 23 or minute > 59 or second > 60:
        return None
    days = _days(year, month, day)
    if days >= _days(year + month // 12, month % 12 + 1, 1):  # the month has fewer
        return None
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
    if found[8]:
        seconds -= int(f"{found[8]}1") * (int(found[9]) * 3_600 + int(found[10]) * 60)
    return seconds + int(found[7]) / 10 ** len(found[7]) if found[7] else seconds


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date: years begin in March, so that a leap day is the last one of its year."""
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return year * 365 + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719_469


def _seconds(run: Run, field: str, text: str | None) -> int | float | None:
    seconds = epoch_seconds(text) if text else None
    if text and seconds is None:
        run.report("bad-field", field)
    return seconds


def _citation(number: int, extract: DocumentExtract) -> Json:
    """Return a passage as the other dialects name its parts (F.3); the wire has no marker in the text, so its place."""
    metadata = {
        "page_start": extract.page_start,
        "page_end": extract.page_end,
        "document_file_type": extract.document_file_type,
        "document_external_url": extract.document_external_url,
        "document_datasource_name": extract.document_datasource_name,
    }
    known = bounded(extract.metadata) if isinstance(extract.metadata, dict) else {}
    facts = {
        "id": extract.id,
        "document_id": extract.document_id,
        "document_name": extract.document_name,
        "dataset_name": extract.document_workspace_name,
        "content": extract.text,
        "metadata": {**(known if isinstance(known, dict) else {}), **_told(metadata)},
    }
    return {"position": number, "marker": str(number), **_told(facts)}


def _step(number: int, step: Json) -> LogEntry:
    """Return a step of the tool as an entry of its log: nothing but the order is documented."""
    names = [step.get(key) for key in (*_STEP_NAMES, "status")] if isinstance(step, dict) else [None]
    *labels, status = (name if isinstance(name, str) else "" for name in names)
    label = next(filter(None, labels), f"step {number}")
    return LogEntry(id=f"step:{number}", label=label, status=status, data=bounded(step))


def _told(facts: Mapping[str, Json]) -> dict[str, Json]:
    """Return the facts that the wire tells."""
    return {key: value for key, value in facts.items() if value is not None and value != ""}


def _name(value: Id) -> str | None:
    return None if value is None or value == "" else str(value)


_APPLY: Final[Mapping[type[Event], Callable[[LightOnReducer, Run, Any, float | None], None]]] = {
    # Any: each method takes its own event; the key says which
    Chatflow: LightOnReducer._chatflow,
    Unknown: LightOnReducer._ignore,
    Malformed: LightOnReducer._ignore,
}
"""Every event that a body may give; a test proves that none is missing."""
