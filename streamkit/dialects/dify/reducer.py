"""Fold Dify events into a run (protocol C).

Rule 1: nothing here writes a field of a run; it calls operations of `Run`, which hold all state logic.
Rule 2: no I/O, no clock, no randomness; the same events give the same run.
Rule 3: never raise; what does not fit is an anomaly.

The table at the end maps each event to a small method. What stands between the wire and the run, and must survive
from one body to the next, is kept here: which shape of app this is, whether a workflow was seen, whether a snapshot
or a replay is being read. Where things stand in containers is `containers`' business.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from streamkit.dialects.base import Event, Malformed, Unknown
from streamkit.dialects.dify import events as dify
from streamkit.dialects.dify.containers import KINDS, Containers, Kind
from streamkit.dialects.dify.facts import (
    container_usage,
    metadata_of,
    node_usage,
    true_error,
    truncated,
    usage_of,
    user_of,
)
from streamkit.run import HumanInput, LogEntry, NodeExecution, Run, RunError, Thought
from streamkit.run.payload import bounded, loads
from streamkit.run.state import NodeStatus, RunStatus

_NODE_STATUSES: Final[Mapping[str, NodeStatus]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "exception": "exception",
    "stopped": "stopped",
    "skipped": "skipped",
}
_OPEN_STATUSES: Final = ("running", "retry", "pending", "scheduled")
_MAY_GO_ON: Final = ("interrupted", "paused")
_RUN_STATUSES: Final[Mapping[str, RunStatus]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "stopped": "stopped",
    "partial-succeeded": "partial-succeeded",
    "paused": "paused",
}


class DifyReducer:
    """The wire state of one run, over all of its bodies."""

    def __init__(self) -> None:
        self._containers = Containers()
        self._workflow = False
        """Whether any frame of a workflow was seen: then `message_end` is not the end (C.12)."""
        self._message_ended = False
        self._agent = False
        """Whether the answer comes as `agent_message`: then a `message` is the whole answer (C.10)."""
        self._resumed = False
        self._snapshot = False
        """Whether frames are rows of a snapshot: rounds are lost, forms are templates (C.8)."""
        self._replay = False
        """Whether a run that had ended is told again: then nothing is made (DESIGN: replay mode)."""
        self._relayed = False
        """Whether the body opened with a ping, as only relayed streams do (A.8, correction 13)."""
        self._reasoned: set[str] = set()
        """Nodes whose thinking was told; `message_end` tells it all again."""
        self._waiting_logs: dict[str, list[dify.AgentLogData]] = {}
        """Entries of agents' logs by the node that they wait for."""
        self._log_owners: dict[tuple[str | None, str], NodeExecution] = {}
        """The execution that has an entry, by node id and entry id (correction 5)."""

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

    def apply(self, run: Run, event: Event, at: float | None) -> None:
        """Fold one event into the run."""
        if isinstance(event, dify.DifyEvent):
            self._identify(run, event)
        _APPLY.get(type(event), DifyReducer._ignore)(self, run, event, at)

    def close(self, run: Run, at: float | None) -> None:
        """Conclude how the run stands at the end of a body (C.12)."""
        if run.status == "running":
            waits = any(form.status == "waiting" for form in run.forms)
            # The New Agent app says nothing when it begins to wait, other modes do.
            run.conclude("paused" if waits and not self._workflow else "interrupted", at)
        elif run.ended_by_server:
            run.settle()
        for node_id, entries in self._waiting_logs.items():
            run.report("orphan-log", f"{node_id}: {len(entries)} log entr{'y' if len(entries) == 1 else 'ies'}")
        self._waiting_logs.clear()
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

    def _workflow_frame(self, run: Run, event: dify.DifyEvent) -> None:
        """Note that this run is one of a workflow: `message_end` alone does not end it."""
        if run.status in _MAY_GO_ON:
            run.reopen()
        if self._workflow:
            return
        self._workflow = True
        run.set_mode("chatflow" if event.message_id or event.conversation_id or run.message_id else "workflow")
        if self._message_ended:
            run.withdraw_end()

    def _message_frame(self, run: Run, event: dify.DifyEvent) -> None:
        """Learn the mode of an app from its messages (B.1, corrections 13 and 17)."""
        if run.status in _MAY_GO_ON:
            run.reopen()
        if run.started_at is None and not self._workflow:
            run.start(started_at=event.created_at)
        if run.mode is None or (run.mode == "completion" and event.conversation_id):
            if not event.conversation_id:
                run.set_mode("completion")
            else:
                run.set_mode("chatflow" if self._relayed else "chat")

    def _workflow_started(self, run: Run, event: dify.WorkflowStarted, at: float | None) -> None:
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
        self._resumed = self._resumed or resumption
        if resumption and not run.executions:
            run.continue_unseen()
        self._workflow_frame(run, event)
        run.identify(id=data.id, workflow_id=data.workflow_id, user=user_of(data.inputs))
        run.start(inputs=data.inputs, started_at=data.created_at)

    def _workflow_finished(self, run: Run, event: dify.WorkflowFinished, at: float | None) -> None:
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
        if self._resumed and run.mode == "chatflow" and not self._replay:
            answer = _mapping(loads(bytes(data.outputs))).get("answer")
            if isinstance(answer, str):  # only here is it the whole answer (correction 7)
                run.complete_text(answer)
        if run.mode == "workflow":
            self._add_files(run, data.files)
        if self._message_ended or (run.mode == "workflow" and status != "failed"):
            run.settle()  # else the other end of a chatflow may come, or the error with its code (C.12)

    def _run_status(self, run: Run, word: str | None) -> RunStatus:
        status = _RUN_STATUSES.get(word or "")
        if status is None:
            run.report("unknown-status", f"run: {word}")
            return "interrupted"
        return status

    def _workflow_paused(self, run: Run, event: dify.WorkflowPaused, at: float | None) -> None:
        data = event.data
        self._workflow_frame(run, event)
        run.identify(id=data.workflow_run_id)
        self._resumed = True  # whatever comes after, the answer does not begin there
        for reason in data.reasons or ():
            self._take_reason(run, reason)
        if run.ended_by_server:
            return
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

    def _take_reason(self, run: Run, reason: dify.PauseReason) -> None:
        """Learn a form from the pause, where its own event was lost."""
        if reason.node_id is None or run.knows_form(reason.form_id):
            return
        if reason.form_id is None and run.form_of(reason.node_id) is not None:
            return
        run.ask(
            HumanInput(
                form_id=reason.form_id,
                node_id=reason.node_id,
                title=reason.node_title,
                content=reason.form_content,
                inputs=_list(reason.inputs),
                actions=_list(reason.actions),
                token=reason.form_token,
                expires_at=reason.expiration_time,
            )
        )

    def _error(self, run: Run, event: dify.Error, at: float | None) -> None:
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

    def _is_late(self, run: Run, what: str, *, known: bool = False) -> bool:
        """Whether something may not change the run any more, and report it so.

        Args:
            run: the run.
            what: what came.
            known: whether it tells more of what is known: a replay may do that.
        """
        if self._replay:
            if not known:
                run.report("replay-unknown", what)
            return not known
        if run.settled:
            run.report("after-end", what)
        return run.settled

    # ---- text

    def _message(self, run: Run, event: dify.Message, at: float | None) -> None:
        self._message_frame(run, event)
        if self._agent:  # the New Agent app ends with the whole answer
            run.set_mode("agent")
            if event.answer and not run.settled:
                run.complete_text(event.answer)
            return
        self._delta(run, event.answer, event.from_variable_selector, at)

    def _delta(self, run: Run, piece: str, selector: list[str] | None, at: float | None) -> None:
        if self._replay:  # deltas have no identity, so a replay of them cannot be told from more text
            return
        if run.settled:
            if piece:
                run.report("after-end", f"{len(piece)} characters")
            return
        run.append_text(piece, at)
        if selector is not None and len(selector) == 2 and selector[1] == "text":
            run.append_node_text(selector[0], piece, at)

    def _agent_message(self, run: Run, event: dify.AgentMessage, at: float | None) -> None:
        self._message_frame(run, event)
        self._is_agent(run)
        self._delta(run, event.answer, None, at)

    def _is_agent(self, run: Run) -> None:
        if not self._agent:
            self._agent = True
            run.set_mode("agent-chat")

    def _agent_thought(self, run: Run, event: dify.AgentThought, at: float | None) -> None:
        self._message_frame(run, event)
        thought_id = event.id or f"position:{event.position}"
        if self._is_late(run, "agent_thought", known=run.knows_thought(thought_id)):
            return
        self._is_agent(run)
        run.think(
            Thought(
                id=thought_id,
                position=event.position,
                thought=event.thought,
                tool=event.tool,
                tool_input=event.tool_input,
                observation=event.observation,
                files=event.message_files or (),
            )
        )

    def _message_file(self, run: Run, event: dify.MessageFile, at: float | None) -> None:
        self._message_frame(run, event)
        if event.url is None and isinstance(event.answer, str):  # B.2: a delta under a wrong name
            self._delta(run, event.answer, event.from_variable_selector, at)
        elif event.belongs_to != "user":
            key = event.id or event.url or ""
            if self._is_late(run, "message_file", known=run.knows_file(key)):
                return
            file = {"id": event.id, "type": event.type, "belongs_to": event.belongs_to, "url": event.url}
            run.add_file(key, file)

    def _message_replace(self, run: Run, event: dify.MessageReplace, at: float | None) -> None:
        self._message_frame(run, event)
        if not self._replay and not run.settled:
            # Correction 15: after moderation, and without a workflow, deltas that follow are late.
            run.replace_text(event.answer, freeze=event.reason == "output_moderation" or not self._workflow)

    def _message_end(self, run: Run, event: dify.MessageEnd, at: float | None) -> None:
        if run.settled and not self._replay and not self._message_ended:
            run.report("after-end", "message_end")
            return
        self._message_frame(run, event)
        self._message_ended = True
        metadata = event.metadata or dify.MessageEndMetadata()
        if metadata.usage is not None:
            run.report_usage(usage_of(run, metadata.usage))
        run.cite([bounded(item) for item in metadata.retriever_resources or ()])
        self._add_files(run, event.files)
        for node_id, reasoning in (metadata.reasoning or {}).items():
            if reasoning and node_id not in self._reasoned:
                self._reasoned.add(node_id)
                node = run.latest(node_id)
                if not (node.reasoning if node is not None else run.reasoning):
                    run.append_reasoning(reasoning, node_id, at)
        if not self._workflow:
            run.finish("succeeded", at=at)
            run.settle()
        elif run.ended_by_server:
            run.settle()

    def _add_files(self, run: Run, files: object) -> None:
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict):
                key = file.get("related_id") or file.get("id") or file.get("url") or file.get("remote_url")
                run.add_file(str(key), bounded(file))

    def _text_chunk(self, run: Run, event: dify.TextChunk, at: float | None) -> None:
        self._workflow_frame(run, event)
        self._delta(run, event.data.text, event.data.from_variable_selector, at)

    def _text_replace(self, run: Run, event: dify.TextReplace, at: float | None) -> None:
        self._workflow_frame(run, event)
        if not self._replay and not run.settled:
            run.replace_text(event.data.text)

    def _reasoning_chunk(self, run: Run, event: dify.ReasoningChunk, at: float | None) -> None:
        self._workflow_frame(run, event)
        if not self._replay and not run.settled:
            if event.data.reasoning:
                self._reasoned.add(event.data.node_id or "")
            run.append_reasoning(event.data.reasoning, event.data.node_id, at)

    # ---- executions

    def _node_started(self, run: Run, event: dify.NodeStarted, at: float | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        if data.inputs_truncated is not UNSET:
            self._snapshot = False  # rows of a snapshot lack this key: the live stream goes on
        if data.node_type in KINDS:
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
            truncated=truncated(data),
        )
        if not self._replay:
            run.resume_execution(node)

    def _execution(
        self, run: Run, data: dify.NodeStartedData | dify.NodeFinishedData, at: float | None
    ) -> NodeExecution | None:
        """Return the execution that a frame is about; a new one, unless the run is over."""
        execution_id = data.id or data.node_id
        if execution_id is None:
            run.report("malformed-event", "a node without an id")
            return None
        node = run.executions.get(execution_id)
        if node is not None:
            return node
        if self._is_late(run, f"node {data.node_id}"):
            return None
        node = run.open_execution(execution_id, data.node_id or "", type=data.node_type, title=data.title, at=at)
        key = data.parallel_run_id if isinstance(data, dify.NodeStartedData) else None
        self._containers.put(run, node, data.iteration_id, data.loop_id, key, snapshot=self._snapshot)
        for entry in self._waiting_logs.pop(node.node_id, ()):
            self._log(run, node, entry)
        return node

    def _node_retry(self, run: Run, event: dify.NodeRetry, at: float | None) -> None:
        self._workflow_frame(run, event)
        node = self._execution(run, event.data, at)
        if node is not None:
            run.retry_execution(node, event.data.retry_index or 0, event.data.error, event.data.elapsed_time)
        if node is not None and not self._replay:
            self._containers.settle(run, node, metadata_of(run, event.data.execution_metadata))

    def _node_finished(self, run: Run, event: dify.NodeFinished, at: float | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        if data.node_type in KINDS:
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
        if not self._replay:
            self._containers.settle(run, node, metadata)
        usage = node_usage(run, metadata, data)
        if usage is not None:
            run.spend(node, usage)
        self._end(run, node, data, at)

    def _end(self, run: Run, node: NodeExecution, data: dify.NodeFinishedData, at: float | None) -> None:
        """Give an execution the status that its end says; `paused` and the like are ends only of a row."""
        was_running = node.status == "running"
        if data.status == "paused":
            run.pause_execution(node)
        elif data.status not in _OPEN_STATUSES:
            status = _NODE_STATUSES.get(data.status or "")
            if status is None:
                run.report("unknown-status", f"node {node.node_id}: {data.status}")
            run.close_execution(
                node,
                status or "unknown",
                error=true_error(data),
                elapsed_time=data.elapsed_time,
                finished_at=data.finished_at,
                at=at,
            )
            self._settle_form(run, node)
        if was_running and node.status != "running":
            self._containers.ended(node)

    def _settle_form(self, run: Run, node: NodeExecution) -> None:
        """Take the answer to a form from the node's outputs, where the event that tells it was lost (C.8)."""
        form = run.form_of(node.node_id) if node.type == "human-input" else None
        action = _mapping(node.outputs).get("__action_id") if form is not None else None
        if form is not None and form.status == "waiting" and isinstance(action, str):
            run.answer_form(msgspec.structs.replace(form, status="submitted", action_id=action))

    def _container_row(self, run: Run, data: dify.NodeStartedData | dify.NodeFinishedData, at: float | None) -> None:
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

    # ---- containers

    def _container_started(self, run: Run, event: dify.IterationStarted | dify.LoopStarted, at: float | None) -> None:
        self._workflow_frame(run, event)
        self._snapshot = False
        kind: Kind = "loop" if isinstance(event, dify.LoopStarted) else "iteration"
        if self._replay or not self._is_late(run, f"{kind} {event.data.node_id}"):
            self._containers.start(run, kind, event.data, replay=self._replay, at=at)

    def _container_next(self, run: Run, event: dify.IterationNext | dify.LoopNext, at: float | None) -> None:
        self._workflow_frame(run, event)
        self._snapshot = False
        data = event.data
        if not self._replay and not run.settled and data.index is not None:
            kind: Kind = "loop" if isinstance(event, dify.LoopNext) else "iteration"
            node_id = data.node_id or data.id or ""
            self._containers.next(run, kind, node_id, data.index, data.parallel_mode_run_id)

    def _container_completed(
        self, run: Run, event: dify.IterationCompleted | dify.LoopCompleted, at: float | None
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

    # ---- agents

    def _agent_log(self, run: Run, event: dify.AgentLog, at: float | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        node = self._log_owners.get((data.node_id, _entry_id(data)))
        if self._is_late(run, "agent_log", known=node is not None):
            return
        node = node or run.executions.get(data.node_execution_id or "") or run.latest(data.node_id or "")
        if node is None:
            self._waiting_logs.setdefault(data.node_id or data.node_execution_id or "", []).append(data)
        else:
            self._log(run, node, data)

    def _log(self, run: Run, node: NodeExecution, data: dify.AgentLogData) -> None:
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

    # ---- forms

    def _human_input_required(self, run: Run, event: dify.HumanInputRequired, at: float | None) -> None:
        data = event.data
        if data.node_id is not None and data.node_id == event.message_id:  # B.2: the New Agent app asks
            self._is_agent(run)
            run.set_mode("agent")
        else:
            self._workflow_frame(run, event)
        if not run.knows_form(data.form_id) and self._is_late(run, f"form {data.form_id}"):
            return
        run.ask(
            HumanInput(
                form_id=data.form_id,
                node_id=data.node_id or "",
                title=data.node_title,
                content=data.form_content,
                inputs=_list(data.inputs),
                actions=_list(data.actions),
                token=data.form_token,
                expires_at=data.expiration_time,
            ),
            replayed=self._snapshot or self._replay,
        )

    def _form_filled(self, run: Run, event: dify.HumanInputFormFilled, at: float | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        form = self._form(run, data.node_id, data.node_title)
        if form is None:
            return
        run.answer_form(
            msgspec.structs.replace(
                form,
                status="submitted",
                content=data.rendered_content or form.content,
                action_id=data.action_id,
                submitted=bounded(data.submitted_data),
            )
        )

    def _form_timeout(self, run: Run, event: dify.HumanInputFormTimeout, at: float | None) -> None:
        self._workflow_frame(run, event)
        data = event.data
        form = self._form(run, data.node_id, data.node_title)
        if form is None:
            return
        expires_at = form.expires_at if data.expiration_time is None else data.expiration_time
        run.answer_form(msgspec.structs.replace(form, status="expired", expires_at=expires_at))

    def _form(self, run: Run, node_id: str | None, title: str | None) -> HumanInput | None:
        """Return the form of a node; where only its answer is seen, a form that the answer alone makes known."""
        known = run.form_of(node_id or "")
        if self._is_late(run, f"form of {node_id}", known=known is not None):
            return None
        return known or HumanInput(form_id=None, node_id=node_id or "", title=title)

    # ---- pipelines, blocking answers, the rest

    def _datasource_processing(self, run: Run, event: dify.DatasourceProcessing, at: float | None) -> None:
        run.set_mode("datasource")

    def _datasource_completed(self, run: Run, event: dify.DatasourceCompleted, at: float | None) -> None:
        run.set_mode("datasource")
        run.finish("succeeded", outputs=event.data, elapsed_time=event.time_consuming, at=at)
        run.settle()

    def _datasource_error(self, run: Run, event: dify.DatasourceError, at: float | None) -> None:
        run.set_mode("datasource")
        run.finish("failed", error=RunError(message=event.error or "datasource error"), at=at)
        run.settle()

    def _chat_completion(self, run: Run, event: dify.ChatCompletionResponse, at: float | None) -> None:
        run.set_mode(_BLOCKING_MODES.get(event.mode or "", "chat" if event.conversation_id else "completion"))
        run.start(started_at=event.created_at)
        run.replace_text(event.answer)
        metadata = event.metadata or dify.MessageEndMetadata()
        if metadata.usage is not None:
            run.report_usage(usage_of(run, metadata.usage))
        run.cite([bounded(item) for item in metadata.retriever_resources or ()])
        run.finish("succeeded", at=at)
        run.settle()

    def _workflow_blocking(self, run: Run, event: dify.WorkflowBlockingResponse, at: float | None) -> None:
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

    def _ignore(self, run: Run, event: Event, at: float | None) -> None:
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
    if isinstance(event, dify.WorkflowStarted | dify.WorkflowFinished):
        return event.data.id
    return event.data.workflow_run_id if isinstance(event, dify.WorkflowPaused) else None


def _entry_id(data: dify.AgentLogData) -> str:
    return data.id or data.message_id or ""


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - a JSON value
    """Return a field that should hold a list as one."""
    value = bounded(value)
    return value if isinstance(value, list) else [] if value is None else [value]


def _mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    return value if isinstance(value, dict) else {}


_APPLY: Final[Mapping[type[Event], Callable[[DifyReducer, Run, Any, float | None], None]]] = {
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
