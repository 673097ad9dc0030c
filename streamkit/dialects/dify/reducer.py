"""Fold Dify events into a run (protocol C).

Rule 1: nothing here writes a field of a run; it calls operations of `Run`, which hold all state logic.
Rule 2: no I/O, no clock, no randomness; the same events give the same run.
Rule 3: never raise; what does not fit is an anomaly.

The table at the end maps each event to a small method. The methods stand in rooms: `speech`, `forms`, `nodes`, and
here what concerns the run as a whole. The state that they share is `wire`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Raw

from streamkit.dialects.base import Event, Malformed, Unknown
from streamkit.dialects.dify import events as dify
from streamkit.dialects.dify.facts import usage_of, user_of
from streamkit.dialects.dify.speech import Speech
from streamkit.run import NodeExecution, Run, RunError
from streamkit.run.payload import bounded, loads
from streamkit.run.state import RunStatus, Seconds

_RUN_STATUSES: Final[Mapping[str, RunStatus]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "stopped": "stopped",
    "partial-succeeded": "partial-succeeded",
    "paused": "paused",
}


class DifyReducer(Speech):
    """Folds the events of one run, over all of its bodies."""

    __slots__ = ()

    # ---- the protocol of a reducer

    def belongs(self, run: Run, event: Event) -> bool:
        """Whether the event is of this run: neither its run id nor its message id says otherwise."""
        if not isinstance(event, dify.DifyEvent):
            return True
        run_id = run_id_of(event)
        if run_id is not None and run.id is not None:
            return run_id == run.id
        return event.message_id is None or run.message_id is None or event.message_id == run.message_id

    def begin(self, run: Run, opening_heartbeats: int) -> None:
        """Begin a body."""
        self._relayed = self._relayed or opening_heartbeats > 0
        self._replay = False
        self._snapshot = False

    def apply(self, run: Run, event: Any, at: Seconds | None) -> bool:  # noqa: ANN401 - as in the table
        """Fold one event into the run, if it belongs to it."""
        kind = type(event)
        if kind not in _NAMELESS:
            run_id, message_id = event.workflow_run_id, event.message_id
            if (
                (run_id != run.id and run_id is not None)
                or (message_id != run.message_id and message_id is not None)
                or (run.task_id is None and event.task_id is not None)
                or (run.conversation_id is None and event.conversation_id is not None)
                or (run_id is None and kind in _NAMED_INSIDE)
            ):  # else it names this run and nothing new, as nearly all events do
                if not self.belongs(run, event):
                    return False
                self._identify(run, event)
        _APPLY.get(kind, DifyReducer._ignore)(self, run, event, at)
        return True

    def forget(self, node: NodeExecution) -> None:
        """Let go of an execution that the run keeps no more."""
        if self._boxes is not None:
            self._boxes.forget(node)
        if self._log_owners:
            for entry_id in node.entries:
                self._log_owners.pop((node.node_id, entry_id), None)

    def close(self, run: Run, at: Seconds | None) -> None:
        """Conclude how the run stands at the end of a body (C.12)."""
        if run.status == "running":
            waits = any(form.status == "waiting" for form in run.forms)
            # The New Agent app says nothing when it begins to wait, other modes do.
            run.conclude("paused" if waits and not self._workflow else "interrupted", at)
            self._whole = False
        elif run.ended_by_server:
            run.settle()
        for node_id, entries in (self._waiting_logs or {}).items():
            run.report("orphan-log", f"{node_id}: {len(entries)} log entr{'y' if len(entries) == 1 else 'ies'}")
        self._waiting_logs = None
        run.close_open_executions(at)

    # ---- the run

    def _identify(self, run: Run, event: dify.DifyEvent) -> None:
        if (
            (run.task_id is None and event.task_id is not None)
            or (run.message_id is None and event.message_id is not None)
            or (run.id is None and event.workflow_run_id is not None)
            or (run.conversation_id is None and event.conversation_id is not None)
        ):
            run.identify(
                id=event.workflow_run_id,
                task_id=event.task_id,
                message_id=event.message_id,
                conversation_id=event.conversation_id,
            )

    def _workflow_started(self, run: Run, event: dify.WorkflowStarted, at: Seconds | None) -> None:
        data = event.data
        resumption = data.reason == "resumption"
        if run.ended_by_server:
            self._replay = True
            self._containers.replay()
        elif not resumption and self._workflow and run.executions:
            self._snapshot = True  # a run does not begin twice: its state is being told (C.8)
            self._containers.begin_snapshot()
        else:
            self._snapshot = False
            self._whole = self._whole or not (resumption or self._workflow)
        self._resumed = self._resumed or resumption
        if resumption and not run.executions:
            run.continue_unseen()
        self._workflow_frame(run, event)
        run.identify(id=data.id, workflow_id=data.workflow_id, user=user_of(data.inputs))
        run.start(inputs=data.inputs, started_at=data.created_at)

    def _workflow_finished(self, run: Run, event: dify.WorkflowFinished, at: Seconds | None) -> None:
        data = event.data
        self._snapshot = False
        self._workflow_frame(run, event)
        by = data.created_by or dify.CreatedBy()
        run.identify(id=data.id, workflow_id=data.workflow_id, user=by.user or by.email or by.name or by.id)
        status = self._run_status(run, data.status)
        if run.ended_by_server and status != run.status:
            run.report("after-end", f"a second end: {status}")
            return
        run.finish(
            status,
            error=RunError(message=data.error) if data.error else None,
            outputs=data.outputs,
            total_tokens=data.total_tokens,
            total_steps=data.total_steps,
            elapsed_time=data.elapsed_time,
            started_at=data.created_at,
            finished_at=data.finished_at,
            at=at,
        )
        if run.mode == "chatflow" and not self._replay and (self._resumed or not self._whole):
            self._complete_answer(run, data.outputs)
        if run.mode == "workflow":
            self._add_files(run, data.files)
        if self._message_ended or (run.mode == "workflow" and status != "failed"):
            run.settle()  # else the other end of a chatflow may come, or the error with its code (C.12)

    def _complete_answer(self, run: Run, raw: Raw) -> None:
        """Take the answer among the outputs where that is the only whole one there is (correction 7).

        After a pause it is. Where deltas were lost it is if it is longer: it may lack the text of earlier rounds.
        """
        outputs = loads(bytes(raw))
        answer = outputs.get("answer") if isinstance(outputs, dict) else None
        if isinstance(answer, str) and (self._resumed or (run.takes_deltas and len(answer) > len(run.text))):
            run.complete_text(answer)

    def _run_status(self, run: Run, word: str | None) -> RunStatus:
        status = _RUN_STATUSES.get(word or "")
        if status is None:
            run.report("unknown-status", f"run: {word}")
            return "interrupted"
        return status

    def _workflow_paused(self, run: Run, event: dify.WorkflowPaused, at: Seconds | None) -> None:
        data = event.data
        self._workflow_frame(run, event)
        run.identify(id=data.workflow_run_id)
        self._resumed = True  # whatever comes after, the answer does not begin there
        if event.answer is not None and not run.text:
            run.replace_text(event.answer)
        if event.metadata is not None and event.metadata.usage is not None:
            run.report_usage(usage_of(run, event.metadata.usage))
        for reason in data.reasons or ():
            self._take_reason(run, reason)
        if run.ended_by_server:
            return
        run.still_wait(reason.form_id for reason in data.reasons or () if reason.form_id is not None)
        for node_id in data.paused_nodes or ():
            node = run.latest(node_id)
            if node is not None:
                run.pause_execution(node)
        run.finish(
            "paused",
            outputs=data.outputs,
            total_tokens=data.total_tokens,
            total_steps=data.total_steps,
            elapsed_time=data.elapsed_time,
            started_at=data.created_at,
            at=at,
        )
        self._snapshot = False

    def _error(self, run: Run, event: dify.Error, at: Seconds | None) -> None:
        error = RunError(message=event.message or event.code or "error", code=event.code, status=event.status)
        if run.mode is None and event.conversation_id:
            run.set_mode("chatflow" if self._relayed else "chat")
        elif run.mode is None and (event.workflow_run_id or event.message_id):
            run.set_mode("workflow" if event.workflow_run_id else "completion")
        if run.ended_by_server and run.status != "failed":
            run.report("after-end", f"error: {error.message}")
        else:
            run.finish("failed", error=error, at=at)
        run.settle()

    # ---- pipelines, blocking answers, the rest

    def _datasource_processing(self, run: Run, event: dify.DatasourceProcessing, at: Seconds | None) -> None:
        run.set_mode("datasource")

    def _datasource_completed(self, run: Run, event: dify.DatasourceCompleted, at: Seconds | None) -> None:
        run.set_mode("datasource")
        run.finish("succeeded", outputs=event.data, elapsed_time=event.time_consuming, at=at)
        run.settle()

    def _datasource_error(self, run: Run, event: dify.DatasourceError, at: Seconds | None) -> None:
        run.set_mode("datasource")
        run.finish("failed", error=RunError(message=event.error or "datasource error"), at=at)
        run.settle()

    def _chat_completion(self, run: Run, event: dify.ChatCompletionResponse, at: Seconds | None) -> None:
        run.set_mode(_BLOCKING_MODES.get(event.mode or "", "chat" if event.conversation_id else "completion"))
        run.start(started_at=event.created_at)
        run.replace_text(event.answer)
        metadata = event.metadata or dify.MessageEndMetadata()
        if metadata.usage is not None:
            run.report_usage(usage_of(run, metadata.usage))
        run.cite([bounded(item) for item in metadata.retriever_resources or ()])
        run.finish("succeeded", at=at)
        run.settle()

    def _workflow_blocking(self, run: Run, event: dify.WorkflowBlockingResponse, at: Seconds | None) -> None:
        data = event.data
        run.set_mode("workflow")
        run.identify(id=data.id, workflow_id=data.workflow_id)
        for reason in data.reasons or ():
            self._take_reason(run, reason)
        run.finish(
            self._run_status(run, data.status),
            error=RunError(message=data.error) if data.error else None,
            outputs=data.outputs,
            total_tokens=data.total_tokens,
            total_steps=data.total_steps,
            elapsed_time=data.elapsed_time,
            started_at=data.created_at,
            finished_at=data.finished_at,
            at=at,
        )
        if run.ended_by_server:
            run.settle()

    def _ignore(self, run: Run, event: Event, at: Seconds | None) -> None:
        """Nothing of this event is state: it is counted, and that is all."""


_BLOCKING_MODES: Final[Mapping[str, str]] = {
    "advanced-chat": "chatflow",
    "agent-chat": "agent-chat",
    "agent": "agent",
    "chat": "chat",
    "completion": "completion",
}


def run_id_of(event: dify.DifyEvent) -> str | None:
    """The workflow run that an event says it is of: in the envelope, else inside."""
    if event.workflow_run_id is not None:
        return event.workflow_run_id
    if type(event) not in _NAMED_INSIDE:
        return None
    if isinstance(event, dify.WorkflowStarted | dify.WorkflowFinished):
        return event.data.id
    return event.data.workflow_run_id if isinstance(event, dify.WorkflowPaused) else None


_NAMELESS: Final = frozenset({Unknown, Malformed})
"""What is no event of Dify's, and names no run."""

_NAMED_INSIDE: Final = frozenset({dify.WorkflowStarted, dify.WorkflowFinished, dify.WorkflowPaused})
"""Events that name their run in their data too."""

_APPLY: Final[Mapping[type[Event], Callable[[DifyReducer, Run, Any, Seconds | None], None]]] = {
    # Any: each method takes its own event; the key says which
    dify.Message: DifyReducer._message,
    dify.AgentMessage: DifyReducer._agent_message,
    dify.AgentThought: DifyReducer._agent_thought,
    dify.MessageFile: DifyReducer._message_file,
    dify.MessageReplace: DifyReducer._message_replace,
    dify.MessageEnd: DifyReducer._message_end,
    dify.TtsMessage: DifyReducer._ignore,
    dify.TtsMessageEnd: DifyReducer._ignore,
    dify.Error: DifyReducer._error,
    dify.Ping: DifyReducer._ignore,
    dify.WorkflowStarted: DifyReducer._workflow_started,
    dify.WorkflowFinished: DifyReducer._workflow_finished,
    dify.WorkflowPaused: DifyReducer._workflow_paused,
    dify.WorkflowMaintenancePaused: DifyReducer._ignore,
    dify.NodeStarted: DifyReducer._node_started,
    dify.NodeFinished: DifyReducer._node_finished,
    dify.NodeRetry: DifyReducer._node_retry,
    dify.IterationStarted: DifyReducer._container_started,
    dify.IterationNext: DifyReducer._container_next,
    dify.IterationCompleted: DifyReducer._container_completed,
    dify.LoopStarted: DifyReducer._container_started,
    dify.LoopNext: DifyReducer._container_next,
    dify.LoopCompleted: DifyReducer._container_completed,
    dify.TextChunk: DifyReducer._text_chunk,
    dify.TextReplace: DifyReducer._text_replace,
    dify.ReasoningChunk: DifyReducer._reasoning_chunk,
    dify.AgentLog: DifyReducer._agent_log,
    dify.HumanInputRequired: DifyReducer._human_input_required,
    dify.HumanInputFormFilled: DifyReducer._form_filled,
    dify.HumanInputFormTimeout: DifyReducer._form_timeout,
    dify.DatasourceProcessing: DifyReducer._datasource_processing,
    dify.DatasourceCompleted: DifyReducer._datasource_completed,
    dify.DatasourceError: DifyReducer._datasource_error,
    dify.ParallelBranchStarted: DifyReducer._ignore,
    dify.ParallelBranchFinished: DifyReducer._ignore,
    dify.ChatCompletionResponse: DifyReducer._chat_completion,
    dify.WorkflowBlockingResponse: DifyReducer._workflow_blocking,
    Unknown: DifyReducer._ignore,
    Malformed: DifyReducer._ignore,
}
"""Every event that a Dify body may give; a test proves that none is missing."""
