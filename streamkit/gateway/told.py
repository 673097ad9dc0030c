"""One line of JSON for each body that ended: what it was, what it spent, why it ended. Never what was said in it.

The sum of `segment_tokens` over all lines with the same `run_id` is what the engine recorded for the run, also where
the run paused and went on through another process.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from streamkit.gateway.body import Body, Ended
from streamkit.gateway.heads import Head
from streamkit.gateway.spent import Told
from streamkit.recording import Redactor
from streamkit.run.state import RunStatus

_DIGITS: Final = 6
"""Digits of a second."""


class BodyLine(Struct, frozen=True, kw_only=True):
    """A body that ended. Absent information is null, never invented."""

    format: int = 1
    at: datetime
    """When it ended."""
    run_id: str | None
    """The vendor's id of the run."""
    message_id: str | None
    conversation_id: str | None
    task_id: str | None
    app: str | None
    """The name of the app: an alias, the id that the request names, or what `/info` said."""
    key: str | None
    """The fingerprint of the API key: the first 12 hexadecimal digits of its SHA-256."""
    user: str | None
    dialect: str
    mode: str | None
    route: str | None
    """The path that was asked for, with names in place of ids; null if it is none of the vendors'."""
    http_status: int | None
    """Null if the upstream did not answer."""
    status: RunStatus
    """How the run stands at the end of this body."""
    error_code: str | None
    """The vendor's code; its message may be of what was asked, and stays out."""
    ended: Ended
    """Why the body ended: eof, upstream-broke, client-gone, drain-limit, shutdown."""
    segment: int
    """The number of this body among those of the run that this process saw, counted from 0."""
    segment_tokens: int | None
    """Tokens that were spent in this body alone; null if nothing says how many."""
    run_tokens: int | None
    """Tokens of the whole run, as far as this process knows."""
    tokens_source: Told
    """Where `segment_tokens` comes from: leaf (the executions), server (its total), partial (what was seen before the
    body ended), elsewhere (another open body of the run counts them)."""
    cost: dict[str, Decimal]
    """What this body cost, by currency."""
    usage_complete: bool
    """Whether all that was spent in this body is known."""
    duration: float
    """Seconds from the request to the end."""
    first_token: float | None
    """Seconds from the request to the first text."""
    client_gone_at: datetime | None
    """When the client left before the end."""
    stop_status: int | None
    """What the vendor answered when it was asked to stop the run."""
    bytes: int
    """As they passed."""
    events: int
    """Of the run, in this body and those before."""
    heartbeats: int
    anomalies: dict[str, int]
    """What did not fit in this body, by kind; see `streamkit explain`."""
    observer_errors: int
    """Mistakes of streamkit's own."""
    request_id: str | None
    """`X-Request-Id`."""
    traceparent: str | None
    recording: str | None
    """The file that is kept of it, below the folder of recordings."""


def line_of(body: Body) -> BodyLine:
    """Return what there is to tell of a body that ended."""
    run, spent, asked = body.run, body.spent, body.asked
    ended_at = body.created + timedelta(seconds=body.duration)
    return BodyLine(
        at=ended_at.astimezone(UTC),
        run_id=run.id,
        message_id=run.message_id,
        conversation_id=run.conversation_id,
        task_id=run.task_id,
        app=run.app,
        key=asked.key,
        user=run.user,
        dialect=run.dialect,
        mode=run.mode,
        route=body.route.name if body.route is not None else None,
        http_status=body.status,
        status=run.status,
        error_code=run.error.code if run.error is not None else None,
        ended=body.ended or "shutdown",
        segment=spent.index,
        segment_tokens=spent.tokens,
        run_tokens=run.total_tokens,
        tokens_source=spent.source,
        cost=spent.cost,
        usage_complete=body.is_complete,
        duration=round(body.duration, _DIGITS),
        first_token=round(body.first_token, _DIGITS) if body.first_token is not None else None,
        client_gone_at=body.client_gone_at,
        stop_status=body.stop_status,
        bytes=body.bytes,
        events=sum(run.events.values()),
        heartbeats=run.heartbeats,
        anomalies=spent.anomalies,
        observer_errors=body.errors,
        request_id=asked.request_id,
        traceparent=asked.traceparent,
        recording=body.recording,
    )


def encoded(line: BodyLine, secrets: Redactor) -> bytes:
    """Return a line as it is written; whatever of it is secret, wherever it came from, is masked."""
    return secrets.text(msgspec.json.encode(line).decode()).encode() + b"\n"


class Lines:
    """Writes a line for each body of a run that ended."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        """Prepare to write.

        Args:
            write: takes a line; it must neither block nor raise.
        """
        self._write = write

    def body_began(self, body: Body) -> None:
        """Nothing is told before the end."""

    def body_answered(self, body: Body, head: Head) -> None:
        """Nothing is told before the end."""

    def body_ended(self, body: Body) -> None:
        """Tell of a body, if it was one of a run."""
        if body.is_run:
            self._write(encoded(line_of(body), body.secrets))
