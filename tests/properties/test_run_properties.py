"""Properties of the run: flat cost however long a stream is, and changes that are reported whole.

Cost is counted, never timed: bytecode instructions that Python executes, and memory that is taken for a moment and
given back. The second shows loops that run in C and copy what they run over, which no counter of instructions sees.
"""

import json
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.run import HumanInput, LogEntry, NodeUsage, journal

FIXTURES = Path(__file__).parents[2] / "fixtures"


def sse(**event):
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def frame(word, /, **data):
    return sse(event=word, workflow_run_id="r", task_id="t", data=data)


def message(word, /, **fields):
    return sse(event=word, message_id="m", conversation_id="c", **fields)


# ---- flat cost

EVENTS = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 6_000
"""So many like events in a stream: work for each event before, however little, is then most of the work."""

WINDOW = 30
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
    return frame("human_input_required", form_id=f"f{number}", node_id=node, form_content="?")


def ended(**more):
    return frame("workflow_finished", id="r", status="succeeded", **more)


BEGIN = frame("workflow_started", id="r")
ITERATION = frame("iteration_started", id="it", node_id="it")
NEXT = [frame("iteration_next", node_id="it", index=index) for index in range(2)]
PARALLEL = (BEGIN, ITERATION, *NEXT)
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
            frame("iteration_completed", node_id="it", execution_metadata={"iteration_duration_map": {}}),
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


@pytest.mark.untraced
@pytest.mark.parametrize("name", STREAMS)
def test_an_event_late_in_a_stream_costs_what_an_early_one_costs(name):
    """DESIGN 8: at most 1.3 times as much in the last tenth as in the first."""
    stream, tap = STREAMS[name], Tap("dify")
    turns = EVENTS // len(stream.turn(0))
    for part in stream.prelude:
        tap.feed(part)

    def pass_on(first, last):
        for number in range(first, last):
            for part in stream.turn(number):
                tap.feed(part)

    def cost(first):
        made = [stream.turn(number) for number in range(first, first + 2 * WINDOW)]
        turns = [lambda parts=parts: [tap.feed(part) for part in parts] for parts in made]
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
    "the end of a node": (
        (*NODE, finished("llm", "llm", outputs={"text": "x", "other": LARGE})),
        finished("llm", "llm", outputs=None),
    ),
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
    "an entry of a log": (
        (BEGIN, started("a", "a"), log("l", data={"x": LARGE}, metadata={"x": LARGE})),
        log("l", status="x"),
    ),
    "a retry": ((*NODE, finished("llm", "llm", outputs={"x": LARGE})), frame("node_retry", id="llm", node_id="llm")),
}


@pytest.mark.parametrize("name", AFTER_MUCH)
def test_a_small_event_does_not_pay_for_a_large_one_before_it(name):
    """Else a few bytes, sent again and again, cost a megabyte of work each."""
    before, small = AFTER_MUCH[name]
    tap = Tap("dify")
    for part in (*before, small):
        tap.feed(part)
    assert not tap.run.anomalies
    assert memory_for_a_moment([lambda: tap.feed(small)] * 9) < 50_000


SHAPES = {
    "at the top level": lambda run, number, loop: None,
    "in rounds": lambda run, number, loop: run.place(run.executions[f"e{number}"], loop, number // 50),
    "in one round": lambda run, number, loop: run.place(run.executions[f"e{number}"], loop, 0),
}


@pytest.mark.parametrize("change", ["text", "begin", "round"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_snapshot_costs_what_changed_and_not_what_there_is(shape, change):
    """What is copied whole, the interpreter copies: no loop of ours runs over what did not change."""

    def cost(size):
        run = Run("dify")
        loop = run.open_execution("loop", "loop", type="loop", title="", is_container=True)
        for number in range(size):
            node = run.open_execution(f"e{number}", f"n{number}", type="x", title="")
            SHAPES[shape](run, number, loop)
            run.begin_round(loop, number // 50)
            run.close_execution(node, "succeeded")
        run.snapshot()
        match change:
            case "text":
                run.append_node_text(f"n{size // 2}", "x")
            case "begin":
                run.open_execution("new", "new", type="x", title="")
            case "round":
                run.place(run.open_execution("new", "new", type="x", title=""), loop, size)
        return instructions(run.snapshot)

    assert cost(3000) <= 1.2 * cost(300)


# ---- changes are reported whole


def own(node):
    """What a view keeps of one execution: itself, where it stands, and what stands directly in it."""
    frozen = node.freeze()
    return (
        *(getattr(frozen, name) for name in frozen.__struct_fields__ if name not in ("rounds", "unassigned")),
        node.parent.id if node.parent else None,
        node.round_index,
        [(turn.index, turn.elapsed_time, [inside.id for inside in turn.nodes]) for turn in node.rounds],
        [inside.id for inside in node.unassigned],
    )


class View:
    """Keeps a copy of a run by asking what changed, as a viewer would."""

    def __init__(self):
        self.revision = 0
        self.copies = {}
        self.overflows = 0

    def look(self, run):
        changes = run.changed_since(self.revision)
        self.revision = changes.revision
        if changes.everything:
            self.overflows += 1
            self.copies = {node.id: own(node) for node in run.walk()}
            return
        for gone in changes.gone:
            del self.copies[gone]
        for changed in changes.changed:
            self.copies[changed] = own(run.executions[changed])

    def check(self, run):
        self.look(run)
        assert self.copies == {node.id: own(node) for node in run.walk()}


NODES = st.sampled_from("abcdefgh")
"""Eight executions, three of them containers, so that operations meet."""

OPERATIONS = st.one_of(
    st.tuples(st.just("open"), NODES),
    st.tuples(st.just("place"), NODES, NODES | st.none(), st.integers(0, 2) | st.none()),
    st.tuples(st.just("close"), NODES, st.sampled_from(["succeeded", "failed", "exception"])),
    st.tuples(st.sampled_from(["resume", "pause"]), NODES),
    st.tuples(st.just("describe"), NODES, st.sampled_from([None, b"{}", b'{"text":"x"}', b'"\\ud800"'])),
    st.tuples(st.just("text"), NODES, st.sampled_from(["x", "", "<think>", "</think>"])),
    st.tuples(st.just("reasoning"), NODES),
    st.tuples(st.just("spend"), NODES, st.integers(0, 9) | st.none()),
    st.tuples(st.just("log"), NODES, st.sampled_from("xyz"), st.sampled_from("xyz") | st.none()),
    st.tuples(st.just("retry"), NODES, st.integers(1, 3)),
    st.tuples(st.sampled_from(["begin round", "time round"]), NODES, st.integers(0, 2)),
    st.tuples(st.just("ask"), NODES),
    st.tuples(st.just("end"), st.sampled_from(["paused", "stopped", "succeeded"])),
)


def open_one(run, name):
    if name not in run.executions:
        run.open_execution(name, name, type="x", title="", is_container=name in "abc", at=1.0)


def place(run, node, container_id, index):
    container = run.executions.get(container_id)
    if container is None or container.container is not None:
        run.place(node, container, index if container else None)


def end(run, status):
    run.conclude(status)
    run.close_open_executions(2.0)


OF_A_RUN = {
    "open": open_one,
    "end": end,
    "ask": lambda run, name: run.ask(HumanInput(form_id=name, node_id=name)),
    "text": lambda run, name, piece: run.append_node_text(name, piece),
    "reasoning": lambda run, name: run.append_node_reasoning(name, "hm"),
}
OF_A_NODE = {
    "place": place,
    "close": lambda run, node, status: run.close_execution(node, status, at=3.0),
    "resume": lambda run, node: run.resume_execution(node),
    "pause": lambda run, node: run.pause_execution(node),
    "describe": lambda run, node, outputs: run.describe(node, outputs=outputs),
    "spend": lambda run, node, some: run.spend(node, NodeUsage(some, some, None, {"USD": Decimal(some or 0)})),
    "log": lambda run, node, entry, parent: run.log(node, LogEntry(id=entry, label=entry, status=""), parent),
    "retry": lambda run, node, index: run.retry_execution(node, index, None, None),
    "begin round": lambda run, node, index: run.begin_round(node, index),
    "time round": lambda run, node, index: run.time_round(node, index, 1.5),
}


def perform(run, operation, first, *rest):
    """Do one operation, if the execution that it is about is there."""
    if operation in OF_A_RUN:
        OF_A_RUN[operation](run, first, *rest)
    elif first in run.executions:
        OF_A_NODE[operation](run, run.executions[first], *rest)


STEPS = st.lists(st.tuples(OPERATIONS, st.sampled_from(["", "", "look", "freeze", "freeze one", "read"])), max_size=60)


@given(STEPS)
def test_a_view_that_asks_what_changed_has_the_whole_run(steps):
    """However the operations come, and however often it asks."""
    run, view = Run("dify"), View()
    view.look(run)
    for operation, then in steps:
        perform(run, *operation)
        if then == "look":
            view.check(run)
    view.check(run)
    assert view.overflows == 0


@given(STEPS)
def test_a_snapshot_made_of_shared_parts_equals_one_made_at_once(steps):
    """Frozen parts are renewed wherever something below them changed, and nobody's look changes anything."""
    looked_at, left_alone = Run("dify"), Run("dify")
    for operation, then in steps:
        perform(looked_at, *operation)
        perform(left_alone, *operation)
        match then:
            case "freeze":
                looked_at.snapshot()
            case "freeze one":
                for node in list(looked_at.executions.values())[:2]:
                    node.freeze()
                    _ = [turn.freeze() for turn in node.rounds]
            case "read":
                _ = [(node.text, node.outputs, node.logs, node.rounds) for node in looked_at.walk()]
    assert looked_at.snapshot() == left_alone.snapshot()
    assert looked_at.changed_since(0) == left_alone.changed_since(0)


@given(STEPS)
def test_whatever_the_operations_no_execution_is_lost_doubled_or_miscounted(steps):
    run = Run("dify")
    for operation, _ in steps:
        perform(run, *operation)
    walked = list(run.walk())
    assert sorted(node.id for node in walked) == sorted(run.executions)
    for node in walked:
        for turn in node.rounds:
            assert turn.nodes
            assert all(inside.parent is node and inside.round is turn for inside in turn.nodes)
        assert all(inside.parent is node and inside.round is None for inside in node.unassigned)
    assert all(node.parent is None for node in run.nodes)
    leaves = [node for node in walked if node.container is None]
    assert run.leaf_tokens == sum(node.total_tokens or 0 for node in leaves)
    assert sum(run.leaf_cost.values()) == sum(sum((node.cost or {}).values()) for node in leaves)
    assert (run.usage.prompt_tokens or 0) == sum(node.prompt_tokens or 0 for node in leaves)
    msgspec.json.encode(run.snapshot())


FOLDERS = ("dify", "dify/protocol", "dify/synthetic", "hostile")
RECORDINGS = sorted(
    path for folder in FOLDERS for path in (FIXTURES / folder).glob("*.sse") if path.stat().st_size < 40_000
)


@given(st.sampled_from(RECORDINGS), st.randoms(use_true_random=False))
def test_a_view_of_a_recording_has_the_whole_run_at_every_moment(path, chance):
    """Also when frames are lost or come twice: executions move then."""
    tap, view = Tap("auto"), View()
    for block in path.read_bytes().split(b"\n\n"):
        for _ in range(chance.choice([0, 1, 1, 1, 1, 1, 2])):
            tap.feed(block + b"\n\n")
        if chance.random() < 0.3:
            view.check(tap.run)
    tap.close()
    view.check(tap.run)


def test_a_view_that_slept_too_long_is_told_to_begin_again():
    """More changes than the journal holds, between two looks; then fewer again."""
    tap, view = Tap("dify"), View()
    tap.feed(BEGIN + ITERATION)
    for number in range(journal.LENGTH):
        tap.feed(started("llm", f"e{number}", iteration_id="it"))
    view.check(tap.run)
    assert view.overflows == 1
    for number in range(journal.LENGTH // 10):
        tap.feed(finished("llm", f"e{number}", {"iteration_index": number}, iteration_id="it"))
    view.check(tap.run)
    assert view.overflows == 1
