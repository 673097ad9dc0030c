"""Fold RAGFlow events into a run (protocol C).

Rule 1: nothing here writes a field of a run; it calls operations of `Run`, which hold all state logic.
Rule 2: no I/O, no clock, no randomness; the same events give the same run.
Rule 3: never raise; what does not fit is an anomaly.

The wire has no execution ids, no rounds, no word on which component a message is of, and often none on how a run
ended. What is concluded, and from what, stands at each method. Thinking is kept as RAGFlow itself stores it: flags
become literal `<think>` tags in the text, so that tags of the model, cut anywhere, and flags are read by one rule.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from streamkit.dialects.base import Event, Malformed, Sink, Unknown
from streamkit.dialects.ragflow import events as ragflow
from streamkit.dialects.ragflow.answers import Answers
from streamkit.dialects.ragflow.components import Components
from streamkit.dialects.ragflow.tools import logged, used
from streamkit.run import HumanInput, NodeExecution, Run, RunError, Usage
from streamkit.run.payload import bounded, loads
from streamkit.run.state import RunStatus

_CANCELED: Final = re.compile("cancell?ed", re.IGNORECASE)
_TASK_CANCELED: Final = re.compile(r"Task( \S+)? has been canceled")


class RagflowReducer:
    """The wire state of one run, over all of its bodies."""

    __slots__ = (
        "_answers",
        "_asked",
        "_body_ids",
        "_components",
        "_filtered",
        "_is_go",
        "_last_error",
        "_terminated",
        "_unfiltered",
        "_unhandled",
    )

    def __init__(self) -> None:
        self._components = Components()
        self._answers = Answers()
        self._body_ids: set[str] | None = None
        """Message ids of the bodies of this run: a resumed run has a new one in each (C.7)."""
        self._unfiltered = False
        """Whether all events are shown: then a terminator without `workflow_finished` is a failure (correction 1)."""
        self._filtered = False
        """Whether events of an agent came that follow a start: if none was shown, the server has filtered it (B.6)."""
        self._is_go = False
        """Whether the Go backend speaks: its components have times with fractions (B.9)."""
        self._last_error: str | None = None
        """Of the component that failed last, whatever came after it."""
        self._terminated = False
        self._asked = False
        self._unhandled: str | None = None
        """The error of a component after which nothing else has begun."""

    # ---- the protocol of a reducer

    def belongs(self, run: Run, event: Event) -> bool:
        """Whether the event is of this run.

        A paused run goes on under a new message id in the same session; else a message id is a run. An answer has none:
        after the terminator it is of another run.
        """
        if isinstance(event, ragflow.ChatAnswer):
            return not self._terminated
        if not isinstance(event, ragflow.RagflowEvent) or event.message_id is None or not self._body_ids:
            return True
        if event.message_id in self._body_ids:
            return True
        return run.status == "paused" and event.session_id == run.conversation_id

    def begin(self, run: Run, opening_heartbeats: int) -> None:
        """Begin a body."""
        self._terminated = self._asked = False
        self._answers.begin()

    def apply(self, run: Run, event: Event, at: float | None) -> bool:
        """Fold one event, if it belongs to the run. An envelope with a code is an error before all else (C.1)."""
        if not self.belongs(run, event):
            return False
        if isinstance(event, ragflow.RagflowEvent):
            if event.message_id is not None:
                self._take_body_id(run, event.message_id)
            if run.conversation_id is None and event.session_id:
                run.identify(conversation_id=event.session_id)
            if run.task_id is None and event.task_id:
                run.identify(task_id=event.task_id)
            if event.code:
                if not isinstance(event, ragflow.StreamError):
                    run.set_mode("agent")
                self._error(run, event, at)
                return True
        _APPLY.get(type(event), RagflowReducer._ignore)(self, run, event, at)
        return True

    def _take_body_id(self, run: Run, message_id: str) -> None:
        if self._body_ids is None:
            self._body_ids = set()
        if message_id not in self._body_ids:
            self._body_ids.add(message_id)
            run.identify(id=message_id, message_id=message_id)

    def sink(self, run: Run, event: Event) -> Sink | None:
        """Return what appends the deltas of an agent or of a chat: all else in them is known from this one."""
        if run.status != "running" or not isinstance(event, ragflow.Message | ragflow.ChatAnswer) or event.code:
            return None
        return self._answers.sink(run, event)

    def forget(self, node: NodeExecution) -> None:
        """Let go of an execution, also of one that is open: its end, if one comes, is that of another one."""
        self._components.let_go(node)
        self._answers.forget(node)

    def close(self, run: Run, at: float | None) -> None:
        """Conclude how the run stands at the end of a body (C.6, correction 1)."""
        self._answers.end(run)
        if self._filtered and not self._unfiltered and "filtered-session" not in run.anomaly_counts:
            run.report("filtered-session", "no node was shown to start")
        if run.status == "running":
            self._conclude(run, at)
        elif run.ended_by_server:
            run.settle()
        run.close_open_executions(at)

    def _conclude(self, run: Run, at: float | None) -> None:
        if not self._unfiltered and self._terminated and _tells_ends(run):
            self._unhandled = self._last_error  # no end came: whatever else finished, nothing took over
        if self._asked:  # what came after the question does not answer it
            run.finish("paused", at=at)
        elif self._unhandled is not None or (self._unfiltered and self._terminated):
            stopped = self._is_go and self._unhandled is None  # a failure there has a frame of its own
            run.finish("stopped" if stopped else "failed", error=None if stopped else self._failure(), at=at)
            run.settle()
        elif self._terminated:
            run.finish("succeeded", at=at)
            run.settle()
        else:
            run.conclude("interrupted", at)

    def _failure(self) -> RunError:
        return RunError(message=self._unhandled or "the run ended without a result")

    # ---- agents

    def _agent_frame(self, run: Run) -> None:
        if run.mode is None:
            run.set_mode("agent")
        if run.status in ("interrupted", "paused") and not self._asked:
            run.reopen()

    def _workflow_started(self, run: Run, event: ragflow.WorkflowStarted, at: float | None) -> None:
        self._agent_frame(run)
        self._unfiltered = True
        run.start(inputs=event.data.inputs if event.data else None, started_at=event.created_at)

    def _node_started(self, run: Run, event: ragflow.NodeStarted, at: float | None) -> None:
        self._agent_frame(run)
        self._unfiltered = True
        self._unhandled = None  # something begins after it, so it was handled (`goto`, a default value)
        run.start(started_at=event.created_at)
        if event.data is not None:
            self._is_go = isinstance(event.data.created_at, float)
            node = self._components.start(run, event.data, at)
            if event.data.component_type == "Message":
                self._answers.expect(node)

    def _node_finished(self, run: Run, event: ragflow.NodeFinished, at: float | None) -> None:
        self._agent_frame(run)
        run.start(started_at=event.created_at)
        self._filtered = True
        data = event.data
        if data is None:
            return
        node = self._components.finish(run, data, at)
        if data.error:
            self._last_error = data.error
            self._unhandled = self._unhandled or data.error
        elif not self._unfiltered:
            self._unhandled = None  # starts are not shown; that another finished tells the same
        if data.component_type == "UserFillUp":
            self._take_answer(run, node)
        for entry in used(node):
            run.log(node, entry, None)
        owns_text = data.component_type == "Message" or bool(data.error)
        self._answers.finished(run, node, owns_text=owns_text, at=at)

    def _message(self, run: Run, event: ragflow.Message, at: float | None) -> None:
        self._agent_frame(run)
        run.start(started_at=event.created_at)
        self._filtered = True
        data = event.data
        if data is not None:
            start, end = bool(data.start_to_think), bool(data.end_to_think)
            self._answers.delta(run, data.content or "", start=start, end=end, at=at, of_message=True)

    def _message_end(self, run: Run, event: ragflow.MessageEnd, at: float | None) -> None:
        self._agent_frame(run)
        self._answers.message_end(run)
        data = event.data
        if data is None:
            return
        self._answers.cite(run, data.reference)
        for file in filter(None, _items(data.attachment) + _items(data.downloads)):
            key = file.get("doc_id") or file.get("id") or file.get("filename") or file.get("file_name")
            run.add_file(str(key), bounded(file))

    def _user_inputs(self, run: Run, event: ragflow.UserInputs | ragflow.WaitingForUser, at: float | None) -> None:
        self._agent_frame(run)
        data = _form(event.data)
        node = self._components.waiting()
        run.ask(
            HumanInput(
                form_id=None,
                node_id=node.node_id if node else "",
                title=node.title if node else None,
                content=data.tips,
                inputs=_fields(data.inputs),
            )
        )
        self._asked = True
        run.finish("paused", at=at)

    def _take_answer(self, run: Run, node: NodeExecution) -> None:
        """Take what a person answered: the inputs of the component that asked (C.7)."""
        form = run.form_of(node.node_id) or run.form_of("")
        if form is not None and form.status == "waiting":
            run.answer_form(msgspec.structs.replace(form, status="submitted", submitted=bounded(node.inputs)))

    def _workflow_finished(self, run: Run, event: ragflow.WorkflowFinished, at: float | None) -> None:
        self._agent_frame(run)
        data = event.data or ragflow.WorkflowFinishedData()
        if data.usage is not None:
            run.report_usage(_usage(data.usage))
        told = _text(data.outputs)
        if not self._unfiltered and data.outputs == ragflow.NULL:  # only the component that noticed tells of a cancel
            told = self._last_error or ""
        self._end(run, data.outputs, told, data.elapsed_time, at)

    def _end(self, run: Run, outputs: msgspec.Raw, told: str, elapsed_time: float | None, at: float | None) -> None:
        """Take an end; a text may tell of a cancel, any other one is an output of the Go backend's (B.9)."""
        stopped = _TASK_CANCELED.match(told) is not None
        run.finish(
            "stopped" if stopped else "succeeded",
            error=RunError(message=told) if stopped else None,
            outputs=outputs,
            elapsed_time=elapsed_time,
            at=at,
        )

    def _node_logs(self, run: Run, event: ragflow.NodeLogs, at: float | None) -> None:
        """Take the calls of tools of a run's log, as far as it goes; told again, they are the same."""
        for component in event.data or ():
            name = component.component_id or ""
            node = run.latest(name)
            if node is not None:
                for number, call in enumerate(component.trace or ()):
                    run.log(node, logged(name, number, call), None)

    # ---- chats and old agents

    def _chat_answer(self, run: Run, event: ragflow.ChatAnswer, at: float | None) -> None:
        if event.running_status or event.param is not None:
            run.set_mode("agent")
        elif run.mode is None:
            run.set_mode("rag-chat")
        if event.running_status:
            return
        if event.id:
            run.identify(message_id=event.id)
        self._answers.answer(run, event, at)
        self._answers.cite(run, event.reference)

    def _stream_error(self, run: Run, event: ragflow.StreamError, at: float | None) -> None:
        self._error(run, event, at)

    def _error(self, run: Run, event: ragflow.RagflowEvent, at: float | None) -> None:
        message = event.message or f"code {event.code}"
        code = None if event.code is None else str(event.code)  # None: it was no number
        run.finish(_status_of(message), error=RunError(message=message, code=code), at=at)

    def _stream_end(self, run: Run, event: ragflow.StreamEnd, at: float | None) -> None:
        self._terminated = True
        if run.ended_by_server:
            run.settle()

    def _session_echo(self, run: Run, event: ragflow.SessionEcho, at: float | None) -> None:
        if run.mode is None:
            run.set_mode("agent")

    def _agent_answer(self, run: Run, event: ragflow.AgentAnswer, at: float | None) -> None:
        """The answer of an agent that was asked not to stream."""
        run.set_mode("agent")
        for component in event.trace or ():
            for end in component.trace or ():
                self._components.finish(run, end, at)
        self._answers.delta(run, event.content or "", start=False, end=False, at=at, of_message=False)
        self._answers.cite(run, event.reference)
        if event.usage is not None:
            run.report_usage(_usage(event.usage))
        if event.last_event in ("user_inputs", "waiting_for_user"):
            run.ask(HumanInput(form_id=None, node_id="", content=event.tips, inputs=_fields(event.inputs)))
            run.finish("paused", at=at)
            return
        if event.error or event.last_event == "node_finished":  # an end would be the last event (correction 1)
            self._unhandled = event.error
            run.finish(_status_of(event.error or ""), error=self._failure(), at=at)
        else:
            self._end(run, event.outputs, _text(event.outputs), event.elapsed_time, at)
        run.settle()

    def _ignore(self, run: Run, event: Event, at: float | None) -> None:
        """Nothing of this event is state: it is counted, and that is all."""


def _status_of(error: str) -> RunStatus:
    return "stopped" if _CANCELED.search(error) else "failed"


def _tells_ends(run: Run) -> bool:
    """Whether a filtered body tells how a run ends: since v0.26.3, where a task has the name of its session."""
    return run.task_id is not None and run.task_id == run.conversation_id


def _usage(usage: ragflow.AgentUsage) -> Usage:
    """Each figure as it was sent: they need not add up (correction 9)."""
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
    )


def _form(data: ragflow.UserInputsData | str | None) -> ragflow.UserInputsData:
    """Return what is asked; the Go backend may send the object as text (A.1)."""
    if isinstance(data, str):
        try:
            return msgspec.json.decode(data, type=ragflow.UserInputsData)
        except (msgspec.MsgspecError, RecursionError):
            return ragflow.UserInputsData(tips=data)
    return data or ragflow.UserInputsData()


def _items(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a JSON value
    """Return the objects in a field that holds one or a list of them."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _fields(inputs: Any) -> list[Any]:  # noqa: ANN401 - a JSON value
    """Return the fields of a form as a list; on the wire they are a mapping by key."""
    inputs = bounded(inputs)
    if isinstance(inputs, dict):
        return [{"key": key, **field} if isinstance(field, dict) else {"key": key} for key, field in inputs.items()]
    return inputs if isinstance(inputs, list) else []


def _text(outputs: msgspec.Raw) -> str:
    """Return outputs that are a text; anything else may be large, and is not decoded for this."""
    data = bytes(outputs)
    value = loads(data) if data.startswith(b'"') else ""
    return value if isinstance(value, str) else ""


_APPLY: Final[Mapping[type[Event], Callable[[RagflowReducer, Run, Any, float | None], None]]] = {
    # Any: each method takes its own event; the key says which
    ragflow.WorkflowStarted: RagflowReducer._workflow_started,
    ragflow.NodeStarted: RagflowReducer._node_started,
    ragflow.NodeFinished: RagflowReducer._node_finished,
    ragflow.Message: RagflowReducer._message,
    ragflow.MessageEnd: RagflowReducer._message_end,
    ragflow.UserInputs: RagflowReducer._user_inputs,
    ragflow.WaitingForUser: RagflowReducer._user_inputs,
    ragflow.WorkflowFinished: RagflowReducer._workflow_finished,
    ragflow.NodeLogs: RagflowReducer._node_logs,
    ragflow.ChatAnswer: RagflowReducer._chat_answer,
    ragflow.StreamError: RagflowReducer._stream_error,
    ragflow.StreamEnd: RagflowReducer._stream_end,
    ragflow.SessionEcho: RagflowReducer._session_echo,
    ragflow.AgentAnswer: RagflowReducer._agent_answer,
    Unknown: RagflowReducer._ignore,
    Malformed: RagflowReducer._ignore,
}
"""Every event that a RAGFlow body may give; a test proves that none is missing."""
