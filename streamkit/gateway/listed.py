"""The bodies that a proxy knows: those that are open, and those that ended last. One row of figures for each."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from streamkit.gateway.body import Body, Ended, State
from streamkit.gateway.heads import Head
from streamkit.run.state import RunStatus

ENDED: Final = 200
"""So many bodies that ended are remembered."""


class Listed(Struct, frozen=True, kw_only=True):
    """A body that is open, or ended lately."""

    handle: str
    """What this process calls it: `/runs/HANDLE`."""
    run_id: str | None
    message_id: str | None
    conversation_id: str | None
    app: str | None
    key: str | None
    user: str | None
    dialect: str
    mode: str | None
    route: str | None
    http_status: int | None
    status: RunStatus
    state: State | None
    """streaming, ping-only (it lives, and nothing happens) or silent; null when it ended."""
    ended: Ended | None
    began_at: datetime
    duration: float
    idle: float | None
    """Seconds since something of the run came; null when it ended."""
    segment_tokens: int | None
    run_tokens: int | None
    cost: dict[str, Decimal]
    executions: int
    running: tuple[str, ...]
    """The nodes that run now, by their titles."""
    anomalies: int
    client_gone_at: datetime | None


def listed(body: Body) -> Listed:
    """Return the row of a body."""
    run, spent, is_open = body.run, body.spent, body.ended is None
    return Listed(
        handle=body.handle,
        run_id=run.id,
        message_id=run.message_id,
        conversation_id=run.conversation_id,
        app=run.app or body.app,
        key=body.asked.key,
        user=body.asked.user or run.user,
        dialect=run.dialect,
        mode=run.mode,
        route=body.route.name if body.route is not None else None,
        http_status=body.status,
        status=run.status,
        state=body.state if is_open else None,
        ended=body.ended,
        began_at=body.created,
        duration=round(body.duration, 3),
        idle=round(body.idle, 3) if is_open else None,
        segment_tokens=spent.tokens,
        run_tokens=run.total_tokens,
        cost=spent.cost,
        executions=len(run.executions),
        running=tuple(node.title for node in run.executions.values() if node.status == "running") if is_open else (),
        anomalies=sum(spent.anomalies.values()),
        client_gone_at=body.client_gone_at,
    )


def rows(bodies: Iterable[Body]) -> list[msgspec.Raw]:
    """Return the rows of bodies as JSON; whatever of them is secret, wherever it came from, is masked."""
    return [msgspec.Raw(body.secrets.text(msgspec.json.encode(listed(body)).decode()).encode()) for body in bodies]


class Bodies:
    """Remembers bodies; a listener of the proxy."""

    def __init__(self, remembered: int = ENDED) -> None:
        """Begin with none; `remembered` is how many that ended are kept."""
        self._open: dict[str, Body] = {}
        self._ended: deque[Body] = deque(maxlen=remembered)

    def body_began(self, body: Body) -> None:
        """Remember it."""
        self._open[body.handle] = body

    def body_answered(self, body: Body, head: Head) -> None:
        """It is remembered already."""

    def body_ended(self, body: Body) -> None:
        """Remember it as ended, if it was one of a run."""
        self._open.pop(body.handle, None)
        if body.is_run:
            self._ended.append(body)

    def open(self) -> list[Body]:
        """Return the bodies that are open and of a run, as far as that shows."""
        return [body for body in self._open.values() if body.is_run]

    def all(self) -> list[Body]:
        """Return all that are known, in the order in which they ended, those that are open last."""
        return [*self._ended, *self.open()]

    def find(self, name: str) -> list[Body]:
        """Return the body of a handle, or all bodies of a run or message, in order."""
        known = self.all()
        return [body for body in known if body.handle == name] or [
            body for body in known if name in (body.run.id, body.run.message_id)
        ]
