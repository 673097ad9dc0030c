"""Dify streams written as scripts of the wire, and runs drawn as outlines.

A script is frames in the order of their coming; lists in it are flattened, so that one word may stand for several
frames. An execution is called `node.number`: `a.2` is the second execution of node `a`, and its id on the wire too.
`iteration=("it", 1)` says: inside the iteration `it`, and its end tells round 1; `iteration="it"` tells no round.

    assert tree(
        iteration_started("it"),
        iteration_next("it", 0),
        ran("a.1", iteration=("it", 0)),
        iteration_completed("it", {"0": 0.5}),
    ) == outline('''
        it#0
          round 0 in 0.5 s
            a.1
    ''')

In an outline a status is written where it is not `succeeded`, and everything else where it is known:

    agent.1 failed after 2 retries, 36 tokens: no such model, says '3 °C', thinks 'easy'
      ~ ROUND 1 success                                         (an entry of its agent log)
    it#0 running
      round 0 failed
      unassigned

Whatever is folded here is folded twice, the second time frame by frame with a look at the run after each: looking
must change nothing, and no execution may be lost or stand twice.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from textwrap import dedent
from typing import Any

import msgspec

from streamkit import Run, Tap
from streamkit.run import NodeExecution
from streamkit.run.state import LogEntry

Json = dict[str, Any]
Script = Any  # a frame, bytes as they are, or an iterable of scripts
Inside = str | tuple[str, int] | None  # a container; with the round that the end of an execution tells

PING = b"event: ping\n\n"

RUN, TASK, MESSAGE, CONVERSATION = "run-1", "task-1", "message-1", "conversation-1"
EPOCH = 1_700_000_000

_CHAT: Json = {"conversation_id": CONVERSATION, "message_id": MESSAGE, "created_at": EPOCH, "task_id": TASK}


# ---- frames


def frame(event: str, **payload: Any) -> Json:
    """A flat frame (B.3)."""
    return {"event": event, **payload}


def data(event: str, **payload: Any) -> Json:
    """A frame whose payload stands in `data` (B.4)."""
    return {"event": event, "data": payload}


def workflow_started(reason: str = "initial", **more: Any) -> Json:
    return data("workflow_started", id=RUN, workflow_id="flow", created_at=EPOCH, reason=reason, **more)


def workflow_finished(status: str | None = "succeeded", **more: Any) -> Json:
    return data("workflow_finished", **{"id": RUN, "workflow_id": "flow", "status": status, "outputs": {}, **more})


def workflow_paused(*nodes: str, reasons: Iterable[Json] = (), **more: Any) -> Json:
    known = {"workflow_run_id": RUN, "paused_nodes": list(nodes), "outputs": {}, "status": "paused"}
    return data("workflow_paused", **{**known, "reasons": list(reasons), **more})


def started(execution: str, *, iteration: Inside = None, loop: Inside = None, **more: Any) -> Json:
    """`node_started` as a live stream sends it since 1.9: the container, and never the round."""
    known = {**_node(execution, iteration, loop), "inputs": None, "inputs_truncated": False}
    return data("node_started", **{**known, **more})


def finished(execution: str, status: str | None = "succeeded", **more: Any) -> Json:
    """`node_finished`; the round is in its metadata."""
    return data("node_finished", **{"inputs_truncated": False, **_end(execution, status, **more)})


def retried(execution: str, index: int, error: str = "busy", **more: Any) -> Json:
    return data("node_retry", **_end(execution, "retry", error=error, retry_index=index, **more))


def ran(execution: str, *, iteration: Inside = None, loop: Inside = None, **more: Any) -> list[Json]:
    """An execution from its start to its end, with nothing in between."""
    return [
        started(execution, iteration=iteration, loop=loop),
        finished(execution, iteration=iteration, loop=loop, **more),
    ]


def row(execution: str, status: str | None = "succeeded", type: str = "code", **inside: Inside) -> list[Json]:
    """An execution as a snapshot tells it: no `*_truncated`, no metadata, all details null (C.8)."""
    where = _node(execution, inside.get("iteration"), inside.get("loop")) | {"node_type": type}
    nulls = dict.fromkeys(("inputs", "process_data", "outputs", "error", "execution_metadata"))
    begin = data("node_started", **where, inputs=None)
    return [begin] if status == "running" else [begin, data("node_finished", **where, **nulls, status=status)]


def iteration_started(node: str, length: int = 2, **more: Any) -> Json:
    return data("iteration_started", **_container(node, "iteration"), metadata={"iteration_length": length}, **more)


def iteration_next(node: str, index: int, **more: Any) -> Json:
    return data("iteration_next", **_container(node, "iteration"), index=index, **more)


def iteration_completed(node: str, seconds: dict[str, float] | None = None, **more: Any) -> Json:
    """The end of an iteration; `seconds` is its `iteration_duration_map`."""
    return data("iteration_completed", **_completed(node, "iteration", seconds, more))


def loop_started(node: str, length: int = 2, **more: Any) -> Json:
    return data("loop_started", **_container(node, "loop"), metadata={"loop_length": length}, **more)


def loop_next(node: str, index: int, **more: Any) -> Json:
    return data("loop_next", **_container(node, "loop"), index=index, **more)


def loop_completed(node: str, seconds: dict[str, float] | None = None, **more: Any) -> Json:
    return data("loop_completed", **_completed(node, "loop", seconds, more))


def message(answer: str, *selector: str, **more: Any) -> Json:
    """A delta of the answer; the selector is null where there is none."""
    return frame("message", id=MESSAGE, answer=answer, from_variable_selector=list(selector) or None, **more)


def agent_message(answer: str) -> Json:
    return frame("agent_message", id=MESSAGE, answer=answer)


def message_end(**metadata: Any) -> Json:
    return frame("message_end", id=MESSAGE, metadata={"retriever_resources": [], **metadata}, files=None)


def message_replace(answer: str, reason: str | None = "") -> Json:
    return frame("message_replace", answer=answer, reason=reason)


def text_chunk(text: str, *selector: str) -> Json:
    return data("text_chunk", text=text, from_variable_selector=list(selector) or None)


def error(message: str | None = "boom", code: str | None = "invalid_param", status: int | None = 400) -> Json:
    return frame("error", code=code, status=status, message=message)


def agent_log(entry: str, node: str, status: str = "start", parent: str | None = None, **more: Any) -> Json:
    """An entry of an agent's log; `node_execution_id` holds the node id, as it does on the wire (correction 5)."""
    known = {"id": entry, "node_execution_id": node, "node_id": node, "label": entry, "parent_id": parent}
    return data("agent_log", **{**known, "status": status, "error": None, "data": {}, "metadata": {}, **more})


def human_input_required(form: str | None, node: str, **more: Any) -> Json:
    return data("human_input_required", **{"form_id": form, "node_id": node, "form_content": "Well?", **more})


def form_filled(node: str, action: str = "approve", **more: Any) -> Json:
    return data("human_input_form_filled", node_id=node, action_id=action, action_text=action, **more)


def form_timeout(node: str, **more: Any) -> Json:
    return data("human_input_form_timeout", node_id=node, **more)


def _node(execution: str, iteration: Inside, loop: Inside) -> Json:
    names = {"id": execution, "node_id": execution.partition(".")[0], "node_type": "code"}
    return names | {"iteration_id": _named(iteration), "loop_id": _named(loop)}


def _end(
    execution: str,
    status: str | None,
    *,
    iteration: Inside = None,
    loop: Inside = None,
    metadata: Json | None = None,
    **more: Any,
) -> Json:
    told = {"iteration_index": iteration, "loop_index": loop}
    rounds = {key: inside[1] for key, inside in told.items() if isinstance(inside, tuple)}
    known = {"status": status, "error": None, "execution_metadata": {**rounds, **(metadata or {})} or None}
    return {**_node(execution, iteration, loop), **known, **more}


def _container(node: str, kind: str) -> Json:
    return {"id": node, "node_id": node, "node_type": kind, "title": node.upper()}


def _completed(node: str, kind: str, seconds: dict[str, float] | None, more: Json) -> Json:
    metadata = ({f"{kind}_duration_map": seconds} if seconds else {}) | more.pop("metadata", {})
    known = {"status": "succeeded", "error": None, "outputs": {}, "execution_metadata": metadata}
    return {**_container(node, kind), **known, **more}


def _named(inside: Inside) -> str | None:
    return inside[0] if isinstance(inside, tuple) else inside


# ---- bodies


def sse(*script: Script, **envelope: Any) -> bytes:
    """The bytes of a body. Every frame gets the envelope; what it has itself stands."""
    return b"".join(_pieces(script, envelope))


def workflow_body(*script: Script) -> bytes:
    return sse(*script, workflow_run_id=RUN, task_id=TASK)


def chatflow_body(*script: Script) -> bytes:
    """Workflow events name the run and the message, the others the message alone (B.1)."""
    enveloped = [{**item, "workflow_run_id": RUN} if _in_data(item) else item for item in _flat(script)]
    return sse(*enveloped, **_CHAT)


def chat_body(*script: Script) -> bytes:
    return sse(*script, **_CHAT)


def completion_body(*script: Script) -> bytes:
    return sse(*script, message_id=MESSAGE, created_at=EPOCH, task_id=TASK)


def _pieces(script: Script, envelope: Json) -> Iterator[bytes]:
    for item in _flat(script):
        if isinstance(item, bytes):
            yield item
        else:
            names = {key: value for key, value in envelope.items() if item["event"] != "error" or key != "task_id"}
            yield b"data: " + json.dumps({**names, **item}, ensure_ascii=False).encode() + b"\n\n"


def _flat(script: Script) -> Iterator[Any]:
    if isinstance(script, dict | bytes):
        yield script
    else:
        for item in script:
            yield from _flat(item)


def _in_data(item: Any) -> bool:
    return isinstance(item, dict) and "data" in item


# ---- runs


def workflow(*script: Script) -> Run:
    return folded(workflow_body(*script))


def chatflow(*script: Script) -> Run:
    return folded(chatflow_body(*script))


def chat(*script: Script) -> Run:
    return folded(chat_body(*script))


def live(*script: Script) -> Run:
    """A workflow that is still going on: its body has not ended."""
    return folded(workflow_body(*script), end=False)


def folded(*bodies: bytes, end: bool = True) -> Run:
    """Fold the bodies of one run; `end`: whether the last one ends."""
    run = _fold(bodies, end=end, look=False)
    looked = _fold(bodies, end=end, look=True)
    assert looked.snapshot() == run.snapshot(), "looking at a run changed it"
    shown = Counter(node.id for node in run.walk())
    assert shown == Counter(list(run.executions)), "an execution is lost, or stands twice"
    leaves = [node.usage for node in run.walk() if node.usage is not None and node.container is None]
    assert run.leaf_tokens == sum(usage.total_tokens or 0 for usage in leaves)
    return run


def _fold(bodies: tuple[bytes, ...], *, end: bool, look: bool) -> Run:
    run = None
    for number, body in enumerate(bodies):
        tap = Tap("dify", run=run)
        run = tap.run
        for chunk in re.split(rb"(?<=\n\n)", body) if look else [body]:
            tap.feed(chunk)
            if look:
                run.snapshot()
        if end or number < len(bodies) - 1:
            tap.close()
    assert run is not None, "there is nothing to fold"
    return run


def anomalies(run: Run) -> list[tuple[str, str]]:
    return [(anomaly.kind, anomaly.detail) for anomaly in run.anomalies]


def kinds(run: Run) -> list[str]:
    return [anomaly.kind for anomaly in run.anomalies]


# ---- outlines


def outline(text: str) -> str:
    """An outline as it is written in a test."""
    return dedent(text).strip("\n")


def tree(*script: Script) -> str:
    """The outline of a workflow that ran this from its start to its end, and had nothing odd about it."""
    run = workflow(workflow_started(), script, workflow_finished())
    assert anomalies(run) == []
    return tree_of(run)


def live_tree(*script: Script) -> str:
    """The outline of a workflow that has come so far."""
    run = live(workflow_started(), script)
    assert anomalies(run) == []
    return tree_of(run)


def tree_of(run: Run) -> str:
    return "\n".join(_node_lines(run.nodes, ""))


def _node_lines(nodes: Iterable[NodeExecution], indent: str) -> Iterator[str]:
    for node in nodes:
        yield indent + _node_line(node)
        yield from _log_lines(node.logs, indent + "  ")
        for turn in node.rounds:
            seconds = f" in {turn.elapsed_time} s" if turn.elapsed_time is not None else ""
            yield f"{indent}  round {turn.index}{_unless_well(turn.status)}{seconds}"
            yield from _node_lines(turn.nodes, indent + "    ")
        if node.unassigned:
            yield f"{indent}  unassigned"
            yield from _node_lines(node.unassigned, indent + "    ")


def _node_line(node: NodeExecution) -> str:
    facts = [
        f" after {len(node.attempts)} retries" if node.attempts else "",
        f", {node.total_tokens} tokens" if node.total_tokens else "",
        f": {node.error}" if node.error else "",
        f", says {node.text!r}" if node.text else "",
        f", thinks {node.reasoning!r}" if node.reasoning else "",
    ]
    return node.id + _unless_well(node.status) + "".join(facts)


def _unless_well(status: str) -> str:
    return "" if status == "succeeded" else f" {status}"


def _log_lines(entries: Iterable[LogEntry], indent: str) -> Iterator[str]:
    for entry in entries:
        yield f"{indent}~ {entry.label} {entry.status}"
        yield from _log_lines(entry.children, indent + "  ")


# ---- what several of the tests say

FORM_KEY = "s3cret"
"""What submits a form."""


THOUGHT = frame("agent_thought", id="th", position=1, thought="hm", observation="", tool="", tool_input="")


def usage(total: int, price: str = "0.5", currency: str = "USD", **more) -> dict:
    return {"total_tokens": total, "total_price": price, "currency": currency, **more}


def spent(tokens: int | None, price: object = None, currency: str | None = None) -> dict:
    """The metadata of an execution that spent this."""
    return {"total_tokens": tokens, "total_price": price, "currency": currency}


def open_body(body: bytes) -> Run:
    """The run of a body that has not ended."""
    return folded(body, end=False)


def whole(run: Run) -> dict:
    """What a run says, but for what counts bodies and frames."""
    state = msgspec.json.decode(msgspec.json.encode(run.snapshot()))
    for key in ("stats", "segments", "revision", "anomalies"):
        del state[key]
    return state


SPEECH = [frame("tts_message", audio="//uQ"), frame("tts_message_end", audio="")]


REASON = {
    "TYPE": "human_input_required",
    "form_id": "f",
    "node_id": "h",
    "node_title": "Review",
    "form_content": "Well?",
}


def form_facts(run: Run) -> list[tuple]:
    return [(form.form_id, form.node_id, form.status, form.content) for form in run.forms]


def reasoning_chunk(piece: str, node: str | None = "llm", *, final: bool = False) -> Script:
    return data("reasoning_chunk", message_id=None, reasoning=piece, node_id=node, is_final=final)
