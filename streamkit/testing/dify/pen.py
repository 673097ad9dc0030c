"""Frames of Dify as a server of some version and mode writes them: envelope, JSON, time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import msgspec

from streamkit.recording import Chunk
from streamkit.testing.dify.version import Version
from streamkit.testing.seeded import EPOCH, Json, Seeded

Mode = Literal["chatflow", "workflow", "chat", "agent-chat", "completion"]

USER: Final = "u-test"
"""The user of every run."""
PING: Final = b"event: ping\n\n"
_ONLY_MESSAGE: Final = ("agent_log", "reasoning_chunk")
"""Events with `data` that do not name the run in a chatflow."""
_RESUMED_AFTER: Final = 5.0
"""Seconds between a pause and its end."""


class Pen:
    """Writes the bodies of one run."""

    def __init__(self, version: Version, mode: Mode, seeded: Seeded) -> None:
        self.version = version
        self.mode = mode
        self.run, self.task, self.workflow = seeded.uuid(), seeded.uuid(), seeded.uuid()
        self.message, self.conversation, self.app = seeded.uuid(), seeded.uuid(), seeded.uuid()
        self.end_user = seeded.uuid()
        self.bodies: list[list[Chunk]] = [[]]
        """Every body, the last one perhaps unfinished."""
        self.now = 0.0
        """Seconds since the last body began."""
        self.begun = EPOCH
        """When it did."""
        self._page = self.bodies[0]
        self._has_begun = False

    @property
    def stamp(self) -> int:
        """The time as a server tells it."""
        return self.begun + int(self.now)

    def turn(self) -> None:
        """Begin another body."""
        self.begun = self.stamp + int(_RESUMED_AFTER)
        self.now = 0.0
        self._page = []
        self.bodies.append(self._page)

    @contextmanager
    def aside(self) -> Iterator[list[Chunk]]:
        """Write on another page, which is given; time is as it was behind it."""
        page, now = self._page, self.now
        self._page = []
        try:
            yield self._page
        finally:
            self._page, self.now = page, now

    def add(self, frames: list[Chunk]) -> None:
        """Write what was written aside."""
        self._page += frames

    # ---- frames

    def ping(self) -> None:
        """Write a ping."""
        self._page.append(Chunk(self.now, PING))

    def flow(self, event: str, data: Json) -> None:
        """Write an event with `data`."""
        self._has_begun = True
        named = {} if self.mode == "workflow" or event in _ONLY_MESSAGE else {"workflow_run_id": self.run}
        self._write({"event": event, **self._around(), **named, "data": data})

    def talk(self, event: str, **payload: object) -> None:
        """Write an event whose fields stand beside its envelope."""
        self._write({"event": event, **self._around(), **payload})

    def error(self, code: str, status: int, message: str) -> None:
        """Write an error: its envelope names no task, and no run before there is one."""
        around = {name: value for name, value in self._around().items() if name != "task_id"}
        if self.mode == "workflow" and not self._has_begun:
            around["workflow_run_id"] = None
        self._write({"event": "error", **around, "code": code, "status": status, "message": message})

    def _around(self) -> Json:
        if self.mode == "workflow":
            return {"workflow_run_id": self.run, "task_id": self.task}
        named = {} if self.mode == "completion" else {"conversation_id": self.conversation}
        return {**named, "message_id": self.message, "created_at": EPOCH, "task_id": self.task}

    def _write(self, payload: Json) -> None:
        document = json.dumps(payload).encode() if self.version.is_spaced else msgspec.json.encode(payload)
        self._page.append(Chunk(self.now, b"data: " + document + b"\n\n"))
