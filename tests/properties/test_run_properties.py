"""Properties of the run: flat cost however long a stream is, and changes that are reported whole.

Cost is counted, never timed: bytecode instructions that Python executes, and memory that is taken for a moment and
given back. The second shows loops that run in C and copy what they run over, which no counter of instructions sees.
"""

import json
import random
import sys
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.run import HumanInput, LogEntry, NodeUsage, journal


def frame(word, /, **data):
    return b"data: " + json.dumps({"event": word, "workflow_run_id": "r", "task_id": "t", "data": data}).encode() + b"\n\n"


def message(word, /, **fields):
    return b"data: " + json.dumps({"event": word, "message_id": "m", "conversation_id": "c", **fields}).encode() + b"\n\n"


# ---- flat cost

EVENTS = 20_000
"""So many like events in a stream; what grows with them by a nanosecond each is seen."""

WINDOW = 60
"""So many turns are measured in the first tenth, and as many in the last."""


@dataclass
class Stream:
    """A stream of like turns: each takes the same work, if work does not depend on what came before."""

    turn: Callable[[int], list[bytes]]
    prelude: tuple[bytes, ...] = ()


def started(node, execution, **more):
    return frame("node_started", id=execution, node_id=node, node_type="llm", title="Model", **more)


def finished(node, execution, metadata=None, **more):
    facts = {"id": execution, "node_id": node, "status": "succeeded", "outputs": {"text": "x"}, **more}
    return frame("node_finished", execution_metadata={"total_tokens": 3, **(metadata or {})}, **facts)


def text(node, piece="word ", variable="text"):
    return frame("text_chunk", text=piece, from_variable_selector=[node, variable])


def log(entry, parent=None, **more):
    return frame("agent_log", node_id="a", node_execution_id="a", id=entry, parent_id=parent, label="L", **more)


def form(number, node="h"):
    return frame("human_input_required", form_id=f"f{number}", node_id=node, form_content="?", form_token="s")


def ended(**more):
    return frame("workflow_finished", id="r", status="succeeded", **more)


BEGIN = frame("workflow_started", id="r")
ITERATION = frame("iteration_started", id="it", node_id="it")
PARALLEL = (BEGIN, ITERATION, frame("iteration_next", node_id="it", index=0), frame("iteration_next", node_id="it", index=1))
NODE = (BEGIN, started("llm", "llm"))

STREAMS = {
    "an iteration, round after round": Stream(
        lambda i: [
            frame("iteration_next", node_id="it", index=i),
            started("llm", f"e{i}", iteration_id="it"),
            finished("llm", f"e{i}", {"iteration_index": i}, iteration_id="it"),
        ],
        (BEGIN, ITERATION),
    ),
    "a parallel iteration, in blocks": Stream(
        lambda i: [
            started("one", f"a{i}", iteration_id="it"),
            finished("one", f"a{i}", {"iteration_index": i}, iteration_id="it"),
            started("two", f"b{i}", iteration_id="it"),
            finished("two", f"b{i}", {"iteration_index": i}, iteration_id="it"),
        ],
        PARALLEL,
    ),
    "parallel rounds that are all open at once": Stream(
        lambda i: [frame("iteration_next", node_id="it", index=i), started("llm", f"e{i}", iteration_id="it")],
        (BEGIN, ITERATION),
    ),
    "parallel rounds before 1.9, each told after its executions": Stream(
        lambda i: [
            started("llm", f"e{i}", iteration_id="it", parallel_run_id=f"k{i}"),
            finished("llm", f"e{i}", {"parallel_mode_run_id": f"k{i}"}, iteration_id="it"),
            frame("iteration_next", node_id="it", index=i + 1, parallel_mode_run_id=f"k{i}"),
        ],
        (BEGIN, ITERATION),
    ),
    "a loop, round after round": Stream(
        lambda i: [
            frame("loop_next", node_id="lp", index=i),
            started("llm", f"e{i}", loop_id="lp"),
            finished("llm", f"e{i}", {"loop_index": i}, loop_id="lp"),
        ],
        (BEGIN, frame("loop_started", id="lp", node_id="lp")),
    ),
    "many loops, one after another": Stream(
        lambda i: [
            frame("loop_started", id=f"lp{i}", node_id=f"lp{i}"),
            started("llm", f"e{i}", loop_id=f"lp{i}"),
            finished("llm", f"e{i}", {"loop_index": 0}, loop_id=f"lp{i}"),
            frame("loop_completed", id=f"lp{i}", node_id=f"lp{i}", status="succeeded"),
        ],
        (BEGIN,),
    ),
    "one loop that is opened and closed again and again": Stream(
        lambda i: [
            frame("loop_started", id="lp", node_id="lp"),
            started("llm", f"e{i}", loop_id="lp"),
            finished("llm", f"e{i}", {"loop_index": 0}, loop_id="lp"),
            frame("loop_completed", id="lp", node_id="lp", status="succeeded"),
        ],
        (BEGIN,),
    ),
    "loops in the rounds of an iteration": Stream(
        lambda i: [
            frame("iteration_next", node_id="it", index=i),
            frame("loop_started", id="lp", node_id="lp"),
            started("llm", f"e{i}", loop_id="lp", iteration_id="it"),
            finished("llm", f"e{i}", {"loop_index": 0, "iteration_index": i}, loop_id="lp", iteration_id="it"),
            frame("loop_completed", id="lp", node_id="lp", status="succeeded"),
        ],
        (BEGIN, ITERATION),
    ),
    "loops in loops without end": Stream(
        lambda i: [frame("loop_started", id=f"lp{i}", node_id=f"lp{i}"), started("llm", f"e{i}", loop_id="lp0")],
        (BEGIN, frame("loop_started", id="lp0", node_id="lp0")),
    ),
    "loops that never end, of one node": Stream(
        lambda i: [frame("loop_started", id="lp", node_id="lp"), started("llm", f"e{i}", loop_id="lp")], (BEGIN,)
    ),
    "a container that ends again and again": Stream(
        lambda i: [
            started("llm", f"e{i}", iteration_id="it"),
            frame("iteration_completed", node_id="it", status="succeeded", execution_metadata={"iteration_duration_map": {}}),
        ],
        PARALLEL,
    ),
    "siblings": Stream(lambda i: [started(f"n{i}", f"e{i}"), finished(f"n{i}", f"e{i}")], (BEGIN,)),
    "one execution, told again and again": Stream(lambda i: [started("llm", "llm"), finished("llm", "llm")], NODE),
    "ends without starts": Stream(lambda i: [finished("llm", f"e{i}")], (BEGIN,)),
    "tokens of a node": Stream(lambda i: [text("llm")], NODE),
    "tokens of a chat": Stream(lambda i: [message("message", answer="word ")]),
    "tokens of an agent": Stream(lambda i: [message("agent_message", answer="word ")]),
    "tokens for a node that never comes": Stream(lambda i: [text("never")], (BEGIN,)),
    "tokens after the end of their node": Stream(lambda i: [text("llm")], (*NODE, finished("llm", "llm"))),
    "tokens after the end of a node that says how much there is": Stream(
        lambda i: [text("llm")], (*NODE, finished("llm", "llm", outputs={"text": "word " * EVENTS * 2}))
    ),
    "thinking": Stream(lambda i: [frame("reasoning_chunk", node_id="llm", reasoning="hm ")], NODE),
    "thinking told again at the end of each message": Stream(
        lambda i: [text("llm"), message("message_end", metadata={"reasoning": {"llm": "hm"}})], NODE
    ),
    "an agent's log, entry after entry": Stream(lambda i: [log(f"l{i}", f"l{i - 1}")], (BEGIN, started("a", "a"))),
    "an agent's log, one entry updated": Stream(
        lambda i: [log("l", status=str(i), metadata={f"k{i}": i})], (BEGIN, started("a", "a"))
    ),
    "an agent's log without its agent": Stream(lambda i: [log(f"l{i}")], (BEGIN,)),
    "retries of one execution": Stream(
        lambda i: [frame("node_retry", id="llm", node_id="llm", retry_index=i, error="busy")], NODE
    ),
    "forms of one node, each answered": Stream(
        lambda i: [form(i), frame("human_input_form_filled", node_id="h", action_id="ok")], (BEGIN,)
    ),
    "forms of one node, none answered": Stream(lambda i: [form(i)], (BEGIN,)),
    "forms of many nodes": Stream(
        lambda i: [form(i, f"h{i}"), frame("human_input_form_timeout", node_id=f"h{i}")], (BEGIN,)
    ),
    "forms in pauses": Stream(
        lambda i: [
            frame("workflow_paused", reasons=[{"TYPE": "human_input_required", "form_id": f"f{i}", "node_id": "h"}]),
            frame("workflow_started", id="r", reason="resumption"),
        ],
        (BEGIN,),
    ),
    "thoughts": Stream(lambda i: [message("agent_thought", id=f"t{i}", position=i, thought="so")]),
    "files": Stream(lambda i: [message("message_file", id=f"f{i}", type="image", belongs_to="assistant", url="u")]),
    "a replay of a run that is over": Stream(
        lambda i: [started("llm", f"e{i % 100}"), finished("llm", f"e{i % 100}"), text("llm"), form(i % 100)],
        (BEGIN, *(form(i) for i in range(100)), *(started("llm", f"e{i}") for i in range(100)), ended(), BEGIN),
    ),
    "rows of a snapshot": Stream(
        lambda i: [
            started("it", f"row{i}").replace(b'"llm"', b'"iteration"'),
            started("llm", f"e{i}", iteration_id="it"),
            finished("llm", f"e{i}", iteration_id="it"),
            finished("it", f"row{i}", node_type="iteration"),
        ],
        (BEGIN, started("s", "s"), BEGIN),
    ),
    "anomalies": Stream(lambda i: [frame("future", x=i), b"data: {oops\n\n"], (BEGIN,)),
    "frames of another run": Stream(lambda i: [frame("text_chunk", text="x").replace(b'"r"', b'"R"')], (BEGIN,)),
    "heartbeats": Stream(lambda i: [b"event: ping\n\n", b": hi\n\n"], (BEGIN,)),
}


def instructions(action):
    """How many bytecode instructions an action takes; in a thread, as a trace function of one's own must be alone."""
    count = 0

    def trace(running, happened, _arg):
        nonlocal count
        running.f_trace_opcodes, running.f_trace_lines = True, False
        count += happened == "opcode"
        return trace

    def traced():
        sys.settrace(trace)
        try:
            action()
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=traced)
    thread.start()
    thread.join()
    return count


def memory_for_a_moment(actions):
    """How much memory an action takes beyond what it keeps: what it copied. The middle one of some actions."""
    taken = []
    tracemalloc.start()
    try:
        for action in actions:
            tracemalloc.reset_peak()
            action()
            kept, peak = tracemalloc.get_traced_memory()
            taken.append(peak - kept)
    finally:
        tracemalloc.stop()
    return median(taken)


@pytest.mark.parametrize("name", STREAMS)
def test_an_event_late_in_a_stream_costs_what_an_early_one_costs(name):
    """DESIGN 8: at most 1.3 times as much in the last tenth as in the first."""
    stream, tap = STREAMS[name], Tap("dify")
    turns = EVENTS // len(stream.turn(0))
    for given in stream.prelude:
        tap.feed(given)

    def pass_on(first, last):
        for number in range(first, last):
            for given in stream.turn(number):
                tap.feed(given)

    def cost(first):
        given = [stream.turn(number) for number in range(first, first + 2 * WINDOW)]
        turns = [lambda parts=parts: [tap.feed(part) for part in parts] for parts in given]
        return instructions(lambda: [turn() for turn in turns[:WINDOW]]), memory_for_a_moment(turns[WINDOW:])

    tenth = turns // 10
    pass_on(0, tenth - 2 * WINDOW)
    early_work, early_memory = cost(tenth - 2 * WINDOW)
    pass_on(tenth, turns - 2 * WINDOW)
    late_work, late_memory = cost(turns - 2 * WINDOW)
    assert early_work > WINDOW  # something was counted
    assert late_work <= 1.3 * early_work
    assert late_memory <= 1.3 * early_memory + 1000


LARGE = "x" * 1_000_000
RESUMED = (
    *(message("message", answer="x"), BEGIN),
    *(frame("workflow_paused"), frame("workflow_started", id="r", reason="resumption")),
)

AFTER_MUCH = {
    "the end of a resumed chatflow": ((*RESUMED, ended(outputs={"answer": "x", "other": LARGE})), ended()),
    "the end of a node": ((*NODE, finished("llm", "llm", outputs={"text": "x", "other": LARGE})), finished("llm", "llm", outputs=None)),
    "an answered form": (
        (BEGIN, started("h", "h"), form(1), finished("h", "h", node_type="human-input", outputs={"other": LARGE})),
        finished("h", "h", node_type="human-input", outputs=None),
    ),
    "a token after a long text": ((*NODE, text("llm", LARGE)), text("llm", "x")),
    "a token after the end of a node": (
        (*NODE, finished("llm", "llm", outputs={"text": LARGE * 2}), text("llm", LARGE)),
        text("llm", "x"),
    ),
    "the end of a message after a long text": (
        (*NODE, text("llm", LARGE)),
        message("message_end", metadata={"reasoning": {"llm": "hm"}}),
    ),
    "a delta after a replacement": ((BEGIN, message("message_replace", answer=LARGE)), message("message", answer="x")),
    "an entry of a log": ((BEGIN, started("a", "a"), log("l", data={"x": LARGE}, metadata={"x": LARGE})), log("l", status="x")),
    "a retry": ((*NODE, finished("llm", "llm", outputs={"x": LARGE})), frame("node_retry", id="llm", node_id="llm")),
}


@pytest.mark.parametrize("name", AFTER_MUCH)
def test_a_small_event_does_not_pay_for_a_large_one_before_it(name):
    """Else a few bytes, sent again and again, cost a megabyte of work each."""
    before, small = AFTER_MUCH[name]
    tap = Tap("dify")
    for given in (*before, small):
        tap.feed(given)
    assert not tap.run.anomalies
    assert memory_for_a_moment([lambda: tap.feed(small)] * 9) < 50_000
