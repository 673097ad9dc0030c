"""Fold the chunks of an OpenAI-compatible server into a run (protocol B.7, B.9, correction 10).

Rule 1: nothing here writes a field of a run; it calls operations of `Run`, which hold all state logic.
Rule 2: no I/O, no clock, no randomness; the same events give the same run.
Rule 3: never raise; what does not fit is an anomaly.

A body is one completion. What not every server says is concluded so:

* The answer is the text of choice 0. Every other choice (`n` > 1) is an execution of type `choice`, with its own text.
* A delta appends; a `message` holds all of it so far and replaces. A refusal is an answer.
* A finish reason is not yet the end: usage, a second one, an error may follow. `[DONE]` is, or the end of the body.
  RAGFlow's old agents say `stop` with every message so far, so there `[DONE]` alone ends the run.
* The id proves nothing: RAGFlow's agents have a new one for each chunk, its chats the same one for each answer. So
  everything is of this run until it ends; after that, whatever has choices is of another one.
* A model has no place in a run, and none is made up for it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from streamkit.dialects.base import Event, Malformed, Sink, Unknown
from streamkit.dialects.openai import events as openai
from streamkit.dialects.openai.calls import Calls, Names
from streamkit.dialects.openai.facts import (
    ERROR_MARK,
    citations_of,
    completion_id,
    error_in,
    error_of,
    fields_of,
    usage_of,
)
from streamkit.run import HumanInput, NodeExecution, Run
from streamkit.run.payload import bounded, cleaned, is_null, loads
from streamkit.run.text import Text

_WELL: Final = frozenset({"stop", "length", "content_filter", "tool_calls", "function_call"})
"""Finish reasons of an answer that came to its end, be it cut off by a limit."""
_SHORTEST_DOUBLED: Final = 16
"""An answer shorter than this may well be one word twice."""


class _Choice:
    """One of the answers while it streams."""

    __slots__ = ("calls", "finish_reason", "has_spoken", "last", "length", "node", "thought")

    def __init__(self, node: NodeExecution | None) -> None:
        self.node = node
        """The execution that stands for it; None for the first choice, which is the run's own answer."""
        self.calls: Calls | None = None
        """Its tool calls; most have none."""
        self.finish_reason: str | None = None
        self.has_spoken = False
        self.length = 0
        """So many characters came as deltas of the text."""
        self.last = ""
        """The last delta of the text."""
        self.thought: str | None = None
        """The thinking that the last delta held."""


class OpenAIReducer:
    """The wire state of one run, over all of its bodies."""

    __slots__ = ("_asked", "_choices", "_ended", "_error_seen", "_forms", "_id", "_names", "_over")

    def __init__(self) -> None:
        self._names = Names()
        self._forms = 0
        self._begin_body()

    def _begin_body(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._id: str | None = None
        """The id of the last chunk with choices."""
        self._ended = False
        """Whether the first choice said how it ended."""
        self._over = False
        """Whether nothing of this run can follow."""
        self._asked = False
        """Whether this body asked a person."""
        self._error_seen = False
        """Whether an error came as text of the answer."""

    # ---- the protocol of a reducer

    def belongs(self, run: Run, event: Event) -> bool:
        """Whether the event is of this run: until the end everything is, whatever its id."""
        if not isinstance(event, openai.ChatCompletionChunk):
            return True
        name = completion_id(event)
        is_next = self._ended and bool(event.choices) and name is not None and name != self._id
        return not (self._over or is_next)

    def begin(self, run: Run, opening_heartbeats: int) -> None:
        """Begin a body."""
        self._begin_body()

    def apply(self, run: Run, event: Event, at: float | None) -> bool:
        """Fold one event into the run, if it belongs to it."""
        if not self.belongs(run, event):
            return False
        _APPLY.get(type(event), OpenAIReducer._ignore)(self, run, event, at)
        return True

    def sink(self, run: Run, event: Event) -> Sink | None:
        """Return what appends the deltas of the first choice, where a chunk holds nothing else."""
        if not isinstance(event, openai.ChatCompletionChunk) or run.status != "running" or not run.takes_deltas:
            return None
        if event.usage is not None or event.error is not None or not event.choices or len(event.choices) > 1:
            return None
        told = event.choices[0]
        choice = self._choices.get(told.index or 0)
        if choice is None or choice.node is not None or choice.thought or told != _delta_alone(told):
            return None

        def append(deltas: list[str], at: float | None) -> Literal[False] | None:
            if any(ERROR_MARK in delta for delta in deltas):
                return False
            said = [delta for delta in deltas if delta]
            if said:
                run.append_deltas(None, said, at)
                choice.has_spoken = True
                choice.last = said[-1]
                choice.length += sum(map(len, said))
            return None

        return append

    def forget(self, node: NodeExecution) -> None:
        """Nothing is noted of an execution beyond its choice, which is of one body."""

    def close(self, run: Run, at: float | None) -> None:
        """Conclude how the run stands at the end of a body."""
        for choice in self._choices.values():
            if choice.calls is not None:
                choice.calls.tell(run)
        if run.status == "running" and not self._ended:
            run.conclude("interrupted", at)
        self._end(run, at)
        run.close_open_executions(at)

    def _end(self, run: Run, at: float | None) -> None:
        if run.status == "running":
            run.finish("succeeded", at=at)
        if run.ended_by_server:
            run.settle()
        self._over = run.status != "paused"

    # ---- events

    def _chunk(self, run: Run, event: openai.ChatCompletionChunk, at: float | None) -> None:
        if run.status != "running" and not self._asked:
            self._go_on(run)
        if run.mode is None:
            run.set_mode("openai-completion" if event.object == "text_completion" else "openai-chat")
        name = completion_id(event)
        if name is not None and name != self._id:
            run.identify(id=name, conversation_id=event.session_id)
            self._id = name if event.choices else self._id
        if run.started_at is None and event.created:
            run.start(started_at=event.created)
        for position, choice in enumerate(event.choices or ()):
            self._choice(run, event, choice, position, at)
        if event.usage is not None:
            run.report_usage(usage_of(event.usage))
        if event.error is not None:
            run.finish("failed", error=error_of(event.error, "error"), at=at)

    def _completion(self, run: Run, event: openai.ChatCompletion, at: float | None) -> None:
        self._chunk(run, event, at)
        self._ended = True  # a document is whole, or it would be no JSON

    def _done(self, run: Run, event: openai.Done, at: float | None) -> None:
        if self._choices and not self._ended:
            run.set_mode("openai-agent")  # B.7: only an agent that succeeds ends without any finish reason
        self._end(run, at)

    def _error(self, run: Run, event: openai.Error, at: float | None) -> None:
        flat = openai.ErrorBody(message=event.message, type=event.type, code=event.code)
        error = error_of(event.error or flat, "error")
        if run.ended_by_server and run.status != "failed":
            run.report("after-end", f"error: {error.message}")
        run.finish("failed", error=error, at=at)
        run.settle()
        self._over = True

    def _ignore(self, run: Run, event: Event, at: float | None) -> None:
        """Nothing of this event is state: it is counted, and that is all."""

    def _go_on(self, run: Run) -> None:
        """Go on with a run that waited: as it goes on, a person has answered; with what is not on this wire."""
        for form in run.forms if run.status == "paused" else ():
            if form.status == "waiting":
                run.answer_form(msgspec.structs.replace(form, status="submitted"))
        run.reopen()

    # ---- choices

    def _choice(
        self, run: Run, event: openai.ChatCompletionChunk, told: openai.Choice, position: int, at: float | None
    ) -> None:
        index = position if told.index is None else told.index
        choice = self._choices.get(index) or self._begin_choice(run, index, at)
        if told.delta is not None:
            self._take(run, choice, told.delta, at, whole=False)
        if told.message is not None:
            self._take(run, choice, told.message, at, whole=True)
        if told.text:
            self._say(run, choice, told.text, at, whole=False)
        if choice.node is None:
            self._look_for_error(run, told)
        so_far = told.message is not None and told.delta is None and event.object == "chat.completion.chunk"
        if so_far:
            run.set_mode("openai-agent")  # correction 10
        if told.finish_reason:
            self._finish(run, choice, told, told.finish_reason, at)
            self._ended = self._ended or (choice.node is None and not so_far)

    def _begin_choice(self, run: Run, index: int, at: float | None) -> _Choice:
        node = None
        if index != 0:
            name = self._names.unused(run, f"choice:{index}")
            node = run.open_execution(name, name, type="choice", title=f"choice {index}", at=at)
        choice = self._choices[index] = _Choice(node)
        return choice

    def _take(self, run: Run, choice: _Choice, delta: openai.Delta, at: float | None, *, whole: bool) -> None:
        """Take a delta, or a message as it is so far."""
        said = delta.content or delta.refusal
        if said:
            self._say(run, choice, said, at, whole=whole)
        thought = delta.reasoning_content or delta.reasoning
        if thought or choice.thought:
            self._think(run, choice, thought, at, is_old=whole or error_in(said or "") is not None)
        for position, call in enumerate(delta.tool_calls or ()):
            self._calls(choice).take(run, position if call.index is None else call.index, call, at, whole=whole)
        if delta.function_call is not None:
            call = openai.ToolCall(function=delta.function_call)
            self._calls(choice).take(run, "function", call, at, whole=whole)
        if delta.reference is not openai.NULL:
            self._cite(run, delta.reference)
        if delta.final_content and choice.node is None:
            self._complete(run, delta.final_content)

    def _calls(self, choice: _Choice) -> Calls:
        if choice.calls is None:
            choice.calls = Calls(self._names)
        return choice.calls

    def _say(self, run: Run, choice: _Choice, text: str, at: float | None, *, whole: bool) -> None:
        is_first, choice.has_spoken = not choice.has_spoken, True
        if choice.node is not None:
            if is_first or not whole:  # a node's text cannot be replaced, and a document has each message once
                run.append_node_text(choice.node.node_id, text, at)
        elif whole and not is_first:
            run.replace_text(text)
        else:
            run.append_text(text, at)
            choice.last = text
            choice.length += len(text)

    def _think(self, run: Run, choice: _Choice, thought: str | None, at: float | None, *, is_old: bool) -> None:
        """Take thinking; with an error RAGFlow sends the last piece once more (B.7), a message so far all of it."""
        if thought and not (is_old and choice.thought is not None):
            if choice.node is None:
                run.append_reasoning(thought, at=at)
            else:
                run.append_node_reasoning(choice.node.node_id, thought, at)
        choice.thought = thought

    def _complete(self, run: Run, answer: str) -> None:
        """Take RAGFlow's whole answer; it lacks an error that broke it off, which a person has seen."""
        if not self._error_seen or error_in(answer) is not None:
            run.complete_text(answer)

    def _cite(self, run: Run, raw: Raw) -> None:
        """Take RAGFlow's references; each frame that has them has all of them (C.3)."""
        data = bytes(raw)
        reference = None if is_null(data) else bounded(loads(cleaned(data)))
        if isinstance(reference, dict):
            run.set_mode("openai-agent")
        run.cite(citations_of(reference))

    def _look_for_error(self, run: Run, told: openai.Choice) -> None:
        """Note an error that comes as text of the answer, while the finish reason says nothing of it (A.3.6)."""
        holder = told.delta or told.message
        error = error_in((holder.content if holder is not None else told.text) or "")
        if error is not None and told.finish_reason != "error" and not self._error_seen:
            self._error_seen = True
            run.report("error-in-answer", error)

    # ---- ends

    def _finish(self, run: Run, choice: _Choice, told: openai.Choice, reason: str, at: float | None) -> None:
        if choice.finish_reason is None:
            choice.finish_reason = reason
            if choice.calls is not None:
                choice.calls.close(run, reason, at)
            self._undouble(run, choice)
        if choice.node is not None:
            run.close_execution(choice.node, "failed" if reason == "error" else "succeeded", at=at)
            return
        last = told.delta or told.message or openai.Delta()
        if reason == "error":
            run.finish("failed", error=error_of(last.error, "finish_reason: error"), at=at)
        elif reason == "cancelled":
            run.set_mode("openai-agent")
            run.finish("stopped", error=error_of(last.cancelled, "cancelled"), at=at)
        elif reason == "waiting_for_user":
            self._ask(run, last.waiting_for_user or openai.WaitingForUser(), at)
        elif reason not in _WELL:
            run.report("unknown-status", f"finish_reason: {reason}")

    def _undouble(self, run: Run, choice: _Choice) -> None:
        """Take back the whole answer that RAGFlow 0.25.0 to 0.25.6 sends once more as the last delta (B.7, #15286).

        It holds the thinking too, as a block, which has come as deltas of its own.
        """
        answer = Text()
        answer.append(choice.last)
        length = choice.length - len(choice.last)
        if length < _SHORTEST_DOUBLED or len(answer.visible) != length or run.text != answer.visible * 2:
            return
        if run.reasoning == answer.thinking:
            run.complete_text(choice.last)
        else:
            run.replace_text(answer.visible)

    def _ask(self, run: Run, waiting: openai.WaitingForUser, at: float | None) -> None:
        run.set_mode("openai-agent")
        if self._asked:
            return
        self._asked = True
        self._forms += 1
        form_id = waiting.cpn_id
        if form_id is None or run.knows_form(form_id):  # a form in a loop is shown anew in each round
            form_id = f"{form_id or 'form'}#{self._forms}"
        fields = fields_of(bounded(waiting.inputs))
        run.ask(HumanInput(form_id=form_id, node_id="", content=waiting.tips, inputs=fields))
        run.finish("paused", at=at)


def _delta_alone(told: openai.Choice) -> openai.Choice:
    """Return a choice with nothing but the text of its delta."""
    content = told.delta.content if told.delta is not None else None
    role = told.delta.role if told.delta is not None else None
    return openai.Choice(index=told.index, delta=openai.Delta(role=role, content=content), logprobs=told.logprobs)


_APPLY: Final[Mapping[type[Event], Callable[[OpenAIReducer, Run, Any, float | None], None]]] = {
    # Any: each method takes its own event; the key says which
    openai.ChatCompletionChunk: OpenAIReducer._chunk,
    openai.ChatCompletion: OpenAIReducer._completion,
    openai.Error: OpenAIReducer._error,
    openai.Done: OpenAIReducer._done,
    Unknown: OpenAIReducer._ignore,
    Malformed: OpenAIReducer._ignore,
}
"""Every event that an OpenAI-compatible body may give; a test proves that none is missing."""
