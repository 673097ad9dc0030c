"""A run, rebuilt while it streams: the state, and all operations on it.

Rule 1: every change of a run is an operation of this class; a dialect decides which, and nothing else writes.
Rule 2: no I/O, no clock, no randomness. Times come in as `at`: seconds on one monotonic clock of the caller's.
Rule 3: nothing here raises on what a peer sent. What does not fit becomes an anomaly.
Rule 4: what we conclude ourselves (`interrupted`, `unknown`, …) yields to any later word of the server.
Rule 5: known beats unknown: a null never overwrites a value, `running` never overwrites an end.

Every operation costs constant time, however large the run is, except those that say otherwise.
A run is not safe for use by several threads at once.
"""

from collections.abc import Sequence
from typing import Final

from streamkit.errors import RunFailed
from streamkit.run.answer import Answer
from streamkit.run.execution import as_raw
from streamkit.run.payload import Json, RawJson, loads
from streamkit.run.retention import EVERYTHING, Retention, missing
from streamkit.run.segments import SegmentCount, segments
from streamkit.run.state import (
    RunError,
    RunState,
    RunStatus,
    Seconds,
    Segment,
    Stats,
    Usage,
)
from streamkit.run.tree import known

NO_CURRENCY: Final = "XXX"
"""ISO 4217's code for "no currency": where the server gave a price without one."""


_ENDED: Final = frozenset({"succeeded", "partial-succeeded", "failed", "stopped"})


class Run(Answer):
    """One run of a workflow, chatflow, chat, agent or completion.

    Read any attribute at any time. `Tap` feeds it; see there.
    """

    __slots__ = (
        "_segments",
        "_server_tokens",
        "_server_usage",
        "_snapshot",
        "app",
        "bytes",
        "conversation_id",
        "dialect",
        "elapsed_time",
        "ended_at",
        "ended_by_server",
        "error",
        "events",
        "finished_at",
        "frames",
        "heartbeats",
        "id",
        "inputs_json",
        "last_heartbeat_at",
        "last_progress_at",
        "message_id",
        "mode",
        "outputs_json",
        "seen_at",
        "settled",
        "started_at",
        "status",
        "task_id",
        "total_steps",
        "user",
        "workflow_id",
    )

    def __init__(self, dialect: str, *, retention: Retention = EVERYTHING) -> None:  # noqa: PLR0915 - it names fields
        """Begin a run of which nothing is known.

        Args:
            dialect: a vendor ("dify", …).
            retention: what is kept of what comes; by default everything.
        """
        super().__init__(retention)
        self.dialect = dialect
        self.mode: str | None = None
        """workflow, chatflow, chat, agent-chat, …; None until the wire tells."""
        self.id: str | None = None
        """The vendor's id of the run."""
        self.status: RunStatus = "running"
        self.error: RunError | None = None
        self.task_id: str | None = None
        """The handle for stopping the run."""
        self.message_id: str | None = None
        self.conversation_id: str | None = None
        self.workflow_id: str | None = None
        self.app: str | None = None
        """Name or alias of the app, where the rim knows it."""
        self.user: str | None = None
        self.inputs_json: bytes | None = None
        self.outputs_json: bytes | None = None
        self.total_steps: int | None = None
        self.elapsed_time: Seconds | None = None
        """Seconds, as the server says."""
        self.started_at: int | Seconds | None = None
        """Epoch seconds, the server's."""
        self.finished_at: int | Seconds | None = None
        self.seen_at: Seconds | None = None
        """Arrival times: seconds on the caller's clock."""
        self.ended_at: Seconds | None = None
        self.last_progress_at: Seconds | None = None
        self.last_heartbeat_at: Seconds | None = None
        self.settled = False
        """True when nothing more can come that changes the run, whatever the socket does."""
        self.ended_by_server = False
        """Whether the status is the server's own word on how the run ended."""
        self.bytes = 0
        self.frames = 0
        self.heartbeats = 0
        self.events: dict[str, int] = {}
        """Events counted by kind."""
        self._server_tokens: int | None = None
        self._server_usage: Usage | None = None
        self._segments: list[SegmentCount] = []
        self._snapshot: RunState | None = None

    def __repr__(self) -> str:
        return f"<Run {self.dialect} {self.mode} {self.id or self.message_id} {self.status}>"

    # ---- reading

    @property
    def inputs(self) -> Json:
        """The vendor's inputs, decoded."""
        return loads(self.inputs_json)

    @property
    def outputs(self) -> Json:
        """The vendor's outputs, decoded."""
        return loads(self.outputs_json)

    @property
    def total_tokens(self) -> int | None:
        """The server's figure where it gives one, else the sum of the leaves."""
        if self._server_tokens is not None:
            return self._server_tokens
        if self._server_usage is not None and self._server_usage.total_tokens is not None:
            return self._server_usage.total_tokens
        return self.leaf_tokens

    @property
    def usage(self) -> Usage:
        """The server's own figures where it sends them, else sums over the leaves."""
        if self._server_usage is not None:
            return self._server_usage
        return Usage(
            prompt_tokens=self._leaves.prompt_tokens,
            completion_tokens=self._leaves.completion_tokens,
            total_tokens=self.leaf_tokens or self.total_tokens,
            cost=dict(self.leaf_cost),
        )

    @property
    def segments(self) -> Sequence[Segment]:
        """One for each response body of the run."""
        return segments(self._segments, self.leaf_tokens)

    def snapshot(self) -> RunState:
        """Return an immutable copy; parts that have not changed since the last snapshot are shared."""
        if (
            self._snapshot is None
            or self._snapshot.revision != self.revision
            or self._ticks() != _state_ticks(self._snapshot)
        ):
            self._snapshot = self._freeze()
        return self._snapshot

    def raise_for_status(self) -> None:
        """Raise if the run is over and did not succeed.

        Raises:
            RunFailed: the run failed, was stopped or was interrupted. Partial success and a pause pass.
        """
        if self.status in ("failed", "stopped", "interrupted"):
            error = self.error
            raise RunFailed(self.status, error.message if error else None, error.code if error else None)

    # ---- the run itself

    def identify(
        self,
        *,
        id: str | None = None,
        task_id: str | None = None,
        message_id: str | None = None,
        conversation_id: str | None = None,
        workflow_id: str | None = None,
        user: str | None = None,
    ) -> None:
        """Learn names of the run; the first one that is told stays."""
        names = (self.id, self.task_id, self.message_id, self.conversation_id, self.workflow_id, self.user)
        learnt = (
            self.id or id,
            self.task_id or task_id,
            self.message_id or message_id,
            self.conversation_id or conversation_id,
            self.workflow_id or workflow_id,
            self.user or user,
        )
        if learnt != names:
            self.id, self.task_id, self.message_id, self.conversation_id, self.workflow_id, self.user = learnt
            self.revision += 1

    def start(self, *, inputs: RawJson | None = None, started_at: Seconds | None = None) -> None:
        """Note that the server began the run, or told so again."""
        if self.inputs_json is None and inputs is not None:
            self.inputs_json = self._kept(inputs)
            self.revision += 1
        if self.started_at is None and started_at is not None:
            self.started_at = started_at
            self.revision += 1
        self.reopen()

    def _kept(self, raw: RawJson | None) -> bytes | None:
        """Return what is kept of a value of the run; None for null."""
        if raw is None:
            return None
        if self._keeper.drops_payloads:
            self._keeper.pass_over(raw)
            return None
        data = self._clean(raw)
        return self._keeper.payload(data) if data is not None else None

    def reopen(self) -> None:
        """Go on: after a pause, or after an end that only we had concluded."""
        if not self.ended_by_server and self.status != "running":
            self.status = "running"
            self.settled = False
            self.ended_at = None
            self.revision += 1

    def withdraw_end(self) -> None:
        """Take back an end that the server's later frames show to have been none."""
        self.ended_by_server = False
        self.reopen()

    def finish(
        self,
        status: RunStatus,
        *,
        error: RunError | None = None,
        outputs: RawJson | None = None,
        total_tokens: int | None = None,
        total_steps: int | None = None,
        elapsed_time: Seconds | None = None,
        started_at: Seconds | None = None,
        finished_at: Seconds | None = None,
        at: Seconds | None = None,
    ) -> None:
        """Take the server's word on how the run ended, or that it paused; the first end stays."""
        if self.ended_by_server:  # told again: only what is still unknown can be learnt
            if self.status in ("failed", "stopped"):
                self._merge_error(error)
            if self.outputs_json is None:
                self.outputs_json = self._kept(outputs)
            self._server_tokens = known(self._server_tokens, total_tokens)
            self.total_steps = known(self.total_steps, total_steps)
            self.elapsed_time = known(self.elapsed_time, elapsed_time)
            self.finished_at = known(self.finished_at, finished_at)
        else:
            self._merge_error(error)
            kept = self._kept(outputs)
            if kept is not None and (kept != b"{}" or self.outputs_json is None):
                self.outputs_json = kept
            self._server_tokens = known(total_tokens, self._server_tokens)
            self.total_steps = known(total_steps, self.total_steps)
            self.elapsed_time = known(elapsed_time, self.elapsed_time)
            self.finished_at = known(finished_at, self.finished_at)
            self.status = status
            self.ended_by_server = status in _ENDED
            self.ended_at = at
        self.started_at = known(self.started_at, started_at)
        self._end_segment()
        self.revision += 1

    def _end_segment(self) -> None:
        """Note in the segment that the server said how it ended, and its own sum, if it gives one."""
        if self._segments:
            usage = self._server_usage
            segment = self._segments[-1]
            segment.ended = True
            segment.server_total = known(self._server_tokens, usage.total_tokens if usage else None)

    def continue_unseen(self) -> None:
        """Note that the run began in a body that this run has not seen: the server's sums cover that one too."""
        if len(self._segments) == 1:
            self._segments[0].continued = True

    def _merge_error(self, error: RunError | None) -> None:
        if error is None:
            return
        if self.error is None:
            self.error = error
        else:  # the first message is the reason; a later one may know the code
            code, status = known(self.error.code, error.code), known(self.error.status, error.status)
            self.error = RunError(message=self.error.message, code=code, status=status)

    def settle(self) -> None:
        """Note that nothing more can come that changes the run."""
        if not self.settled:
            self.settled = True
            self.revision += 1

    def conclude(self, status: RunStatus, at: Seconds | None = None) -> None:
        """State how the run stands at the end of a body, where the server did not say it."""
        self.status = status
        self.ended_at = at
        self.revision += 1

    def close_open_executions(self, at: Seconds | None = None) -> None:
        """Give executions whose end never came a state: they are neither running nor succeeded.

        Linear in the run. Stopped run: stopped. A node that waits for a person, and in a paused run what holds one:
        paused. Everything else: unknown.
        """
        waiting = {form.node_id for form in self.forms if form.status == "waiting"}
        over = self.status in _ENDED
        holding = self._holding(waiting) if self.status == "paused" else ()
        for node in self.executions.values():
            if node.status == "running" or (over and node.status == "paused"):
                node.status = "stopped" if self.status == "stopped" else "unknown"
                if (node.node_id in waiting and not over) or node.id in holding:
                    node.status = "paused"
                elif self._segments:
                    self._segments[-1].lost = True
                node.inferred = True
                node.ended_at = at
                self._touch(node)

    def _holding(self, waiting: set[str]) -> set[str]:
        """Return the containers around executions that wait for a person: nothing in them goes on before."""
        holding: set[str] = set()
        for node in self.executions.values():
            if node.status == "paused" or (node.status == "running" and node.node_id in waiting):
                holder = node.parent
                while holder is not None and holder.id not in holding:
                    holding.add(holder.id)
                    holder = holder.parent
        return holding

    def set_mode(self, mode: str) -> None:
        """Learn what kind of app this is; a later, better knowledge wins."""
        if mode != self.mode:
            self.mode = mode
            self.revision += 1

    def report_usage(self, usage: Usage) -> None:
        """Take the server's own usage of the whole run."""
        before = self._server_usage or Usage()
        self._server_usage = Usage(
            prompt_tokens=known(usage.prompt_tokens, before.prompt_tokens),
            completion_tokens=known(usage.completion_tokens, before.completion_tokens),
            total_tokens=known(usage.total_tokens, before.total_tokens),
            latency=known(usage.latency, before.latency),
            cost=usage.cost or before.cost,
        )
        if self.ended_by_server:
            self._end_segment()
        self.revision += 1

    def count(self, kind: str, events: int, at: Seconds | None) -> None:
        """Count events of a kind, each with its frame: something meaningful arrived, which a heartbeat is not."""
        self.frames += events
        self.frame = self.frames - 1
        self.events[kind] = self.events.get(kind, 0) + events
        if at is not None:
            self.last_progress_at = at
            if self.seen_at is None:
                self.seen_at = at

    def heartbeat(self, count: int, at: Seconds | None) -> None:
        """Count heartbeats: they prove that the connection lives, not that the run goes on."""
        self.heartbeats += count
        if at is not None:
            self.last_heartbeat_at = at

    def begin_segment(self) -> None:
        """Begin the next response body of this run."""
        self._segments.append(SegmentCount(self.frames, self.leaf_tokens))
        self.revision += 1

    # ---- the published form

    def _ticks(self) -> tuple[object, ...]:
        """What changes without a revision: counters and clocks that no view should repaint for."""
        return self.bytes, self.frames, self.heartbeats, self.last_progress_at, self.last_heartbeat_at

    def _freeze(self) -> RunState:
        return RunState(
            dialect=self.dialect,
            mode=self.mode,
            id=self.id,
            status=self.status,
            error=self.error,
            task_id=self.task_id,
            message_id=self.message_id,
            conversation_id=self.conversation_id,
            workflow_id=self.workflow_id,
            app=self.app,
            user=self.user,
            inputs_json=as_raw(self.inputs_json),
            outputs_json=as_raw(self.outputs_json),
            text=self.text,
            reasoning=self.reasoning,
            usage=self.usage,
            total_tokens=self.total_tokens,
            total_steps=self.total_steps,
            elapsed_time=self.elapsed_time,
            leaf_tokens=self.leaf_tokens,
            leaf_cost=dict(self.leaf_cost),
            started_at=self.started_at,
            finished_at=self.finished_at,
            seen_at=self.seen_at,
            ended_at=self.ended_at,
            first_token_at=self.first_token_at,
            last_progress_at=self.last_progress_at,
            last_heartbeat_at=self.last_heartbeat_at,
            settled=self.settled,
            segments=tuple(self.segments),
            nodes=self._top.freeze_nodes(),
            missing=missing(self.cut, self._gone),
            forms=tuple(self.forms),
            citations=tuple(self.citations),
            files=tuple(self.files),
            thoughts=tuple(self.thoughts),
            anomalies=tuple(self.anomalies),
            stats=Stats(
                bytes=self.bytes,
                frames=self.frames,
                events=dict(self.events),
                heartbeats=self.heartbeats,
                anomalies=dict(self.anomaly_counts),
                dropped=self._keeper.dropped(),
            ),
            revision=self.revision,
        )


def _state_ticks(state: RunState) -> tuple[object, ...]:
    stats = state.stats
    return stats.bytes, stats.frames, stats.heartbeats, state.last_progress_at, state.last_heartbeat_at
