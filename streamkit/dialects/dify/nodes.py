"""Executions of a Dify run: nodes, retries, containers, logs of agents (protocol B.4, C.1 to C.7).

Where executions stand in containers is `containers`' business.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET

from streamkit.dialects.dify import events as dify
from streamkit.dialects.dify.facts import NO_METADATA, container_usage, metadata_of, node_usage, true_error, truncated
from streamkit.dialects.dify.forms import Forms
from streamkit.dialects.dify.occurrence import KINDS, Kind
from streamkit.run import LogEntry, NodeExecution, Run
from streamkit.run.payload import bounded
from streamkit.run.state import NodeStatus, Seconds

_NODE_STATUSES: Final[Mapping[str, NodeStatus]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "exception": "exception",
    "stopped": "stopped",
    "skipped": "skipped",
}
_OPEN_STATUSES: Final = frozenset({"running", "paused", "retry", "pending", "scheduled"})
_CONTAINERS: Final = frozenset(KINDS)


class Nodes(Forms):
    """Folds what executions do."""

    __slots__ = ()

    def _node_started(self, run: Run, event: dify.NodeStarted, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        if data.inputs_truncated is not UNSET:
            self._snapshot = False  # rows of a snapshot lack this key: the live stream goes on
        if data.node_type in _CONTAINERS:
            self._container_row(run, data, at)
            return
        execution_id = data.id or data.node_id
        node = run.executions.get(execution_id) if execution_id is not None else None
        if node is None:
            self._open_execution(run, data, at)
            return
        run.describe(
            node,
            type=data.node_type,
            title=data.title,
            started_at=data.created_at,
            inputs=data.inputs,
            truncated=("inputs",) if data.inputs_truncated is True else (),
        )
        if node.status != "running" and not self._replay:
            run.resume_execution(node)

    def _node_retry(self, run: Run, event: dify.NodeRetry, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        node = self._tried_by_node(run, data) or self._execution(run, data, at)
        if node is not None:
            run.retry_execution(node, data.retry_index or 0, data.error, data.elapsed_time)
        if node is not None and not self._replay:
            self._containers.settle(run, node, metadata_of(run, data.execution_metadata))

    def _node_finished(self, run: Run, event: dify.NodeFinished, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        if data.node_type in _CONTAINERS:
            self._container_row(run, data, at)
            return
        node = self._execution(run, data, at)
        if node is None:
            return
        run.describe(
            node,
            type=data.node_type,
            title=data.title,
            started_at=data.created_at,
            inputs=data.inputs,
            outputs=data.outputs,
            process_data=data.process_data,
            metadata=data.execution_metadata,
            truncated=truncated(data),
        )
        metadata = metadata_of(run, data.execution_metadata)
        if metadata is not NO_METADATA and not self._replay:
            self._place(run, node, metadata)
        usage = node_usage(run, metadata, data)
        if usage is not None:
            run.spend(node, usage)
        self._end(run, node, data, at)

    def _tried_by_node(self, run: Run, data: dify.NodeFinishedData) -> NodeExecution | None:
        """Return the execution that is tried again, where the retry has an id of its own (before 1.9, C.4)."""
        if data.inputs_truncated is not UNSET or data.id in run.executions or data.node_id is None:
            return None
        key = metadata_of(run, data.execution_metadata).parallel_mode_run_id
        if key is not None:
            return self._containers.open_in_round((data.loop_id, data.iteration_id), key, data.node_id)
        node = run.latest(data.node_id)
        return node if node is not None and node.status == "running" else None

    def _place(self, run: Run, node: NodeExecution, metadata: dify.ExecutionMetadata) -> None:
        """Put an execution where its end says; before 0.8 only that names its iteration (C.5)."""
        iteration_id = metadata.iteration_id if node.parent is None else None
        if iteration_id is not None and not run.settled and self._containers.knows(iteration_id):
            self._containers.put(run, node, iteration_id, None, None, snapshot=False)
        if node.parent is not None:
            self._containers.settle(run, node, metadata)

    def _execution(self, run: Run, data: dify.NodeFinishedData, at: Seconds | None) -> NodeExecution | None:
        """Return the execution that a frame is about; a new one, unless the run is over."""
        execution_id = data.id or data.node_id
        node = run.executions.get(execution_id) if execution_id is not None else None
        return node if node is not None else self._open_execution(run, data, at)

    def _open_execution(
        self, run: Run, data: dify.NodeStartedData | dify.NodeFinishedData, at: Seconds | None
    ) -> NodeExecution | None:
        """Open the execution that a frame is about, unless the run is over; all that a start tells of it is known then."""
        execution_id = data.id or data.node_id
        if execution_id is None:
            run.report("malformed-event", "a node without an id")
            return None
        if (self._replay or run.settled) and self._is_late(run, f"node {data.node_id}"):
            return None
        if data.iteration_id or data.loop_id:
            node = self._containers.open_execution(run, execution_id, data, at, snapshot=self._snapshot)
        else:
            node = run.open_execution(
                execution_id,
                data.node_id or "",
                type=data.node_type,
                title=data.title,
                at=at,
                started_at=data.created_at,
                inputs=data.inputs if isinstance(data, dify.NodeStartedData) else None,
            )
        if self._waiting_logs:
            for entry in self._waiting_logs.pop(node.node_id, ()):
                self._log(run, node, entry)
        return node

    def _end(self, run: Run, node: NodeExecution, data: dify.NodeFinishedData, at: Seconds | None) -> None:
        """Give an execution the status that its end says; `paused` and the like are ends only of a row."""
        was_running = node.status == "running"
        status = _NODE_STATUSES.get(data.status or "")
        if status is None and data.status not in _OPEN_STATUSES:
            run.report("unknown-status", f"node {node.node_id}: {data.status}")
            status = "unknown"
        if status is not None:
            run.close_execution(
                node,
                status,
                error=true_error(data),
                elapsed_time=data.elapsed_time,
                finished_at=data.finished_at,
                at=at,
            )
            if node.type == "human-input":
                self._settle_form(run, node)
        elif data.status == "paused":
            run.pause_execution(node)
        if was_running and node.parent is not None and node.status != "running":
            self._containers.ended(node)

    def _container_row(self, run: Run, data: dify.NodeStartedData | dify.NodeFinishedData, at: Seconds | None) -> None:
        """Take a snapshot's row of a container, which has an execution id of its own (C.1)."""
        kind: Kind = "loop" if data.node_type == "loop" else "iteration"
        over = self._replay or run.settled
        occurrence = self._containers.row(
            run, data.id or f"row of {data.node_id}", kind, data.node_id or "", replay=over
        )
        if occurrence is None:
            self._is_late(run, f"{kind} {data.node_id}")
            return
        node = occurrence.node
        if self._replay and not node.inferred:
            return
        if isinstance(data, dify.NodeStartedData):
            self._containers.put_row(run, occurrence, data.iteration_id, data.loop_id)
            run.describe(node, title=data.title, started_at=data.created_at, inputs=data.inputs)
            return
        run.describe(node, title=data.title, inputs=data.inputs, outputs=data.outputs, metadata=data.execution_metadata)
        self._end(run, node, data, at)
        if node.status not in ("running", "paused"):
            self._containers.close_row(occurrence)

    def _container_started(self, run: Run, event: dify.IterationStarted | dify.LoopStarted, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        self._snapshot = False
        kind: Kind = "loop" if isinstance(event, dify.LoopStarted) else "iteration"
        if self._replay or not self._is_late(run, f"{kind} {event.data.node_id}"):
            self._containers.start(run, kind, event.data, replay=self._replay, at=at)

    def _container_next(self, run: Run, event: dify.IterationNext | dify.LoopNext, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        self._snapshot = False
        data = event.data
        if not self._replay and not run.settled and data.index is not None:
            kind: Kind = "loop" if isinstance(event, dify.LoopNext) else "iteration"
            node_id = data.node_id or data.id or ""
            self._containers.next(run, kind, node_id, data.index, data.parallel_mode_run_id, data.duration)

    def _container_completed(
        self, run: Run, event: dify.IterationCompleted | dify.LoopCompleted, at: Seconds | None
    ) -> None:
        self._workflow_frame(run, event)
        self._snapshot = False
        data = event.data
        kind: Kind = "loop" if isinstance(event, dify.LoopCompleted) else "iteration"
        metadata = metadata_of(run, data.execution_metadata)
        node_id = data.node_id or data.id or ""
        over = self._replay or run.settled
        node = self._containers.end(run, kind, node_id, metadata, replay=over, at=at)
        if node is None:
            if not self._containers.knows(node_id):
                self._is_late(run, f"{kind} {node_id}")
            return
        run.describe(
            node,
            type=data.node_type,
            title=data.title,
            inputs=data.inputs,
            outputs=data.outputs,
            metadata=data.execution_metadata,
            truncated=truncated(data),
        )
        usage = container_usage(run, metadata, data.total_tokens)
        if usage is not None:
            run.spend(node, usage)
        status = _NODE_STATUSES.get(data.status or "")
        if status is None:
            run.report("unknown-status", f"{kind} {node_id}: {data.status}")
        run.close_execution(
            node,
            status or "unknown",
            error=data.error,
            elapsed_time=data.elapsed_time,
            finished_at=data.finished_at,
            at=at,
        )

    def _agent_log(self, run: Run, event: dify.AgentLog, at: Seconds | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        node = self._log_owners.get((data.node_id, _entry_id(data))) if self._log_owners else None
        if self._is_late(run, "agent_log", known=node is not None):
            return
        node = node or run.executions.get(data.node_execution_id or "") or run.latest(data.node_id or "")
        if node is None:
            self._waiting_logs = self._waiting_logs or {}
            self._waiting_logs.setdefault(data.node_id or data.node_execution_id or "", []).append(data)
        else:
            self._log(run, node, data)

    def _log(self, run: Run, node: NodeExecution, data: dify.AgentLogData) -> None:
        self._log_owners = self._log_owners or {}
        self._log_owners[data.node_id, _entry_id(data)] = node
        entry = LogEntry(
            id=_entry_id(data),
            label=data.label or "",
            status=data.status or "",
            error=data.error,
            data=bounded(data.data),
            metadata=bounded(data.metadata),
        )
        run.log(node, entry, data.parent_id)


def _entry_id(data: dify.AgentLogData) -> str:
    return data.id or data.message_id or ""
