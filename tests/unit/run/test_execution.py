"""Executions and rounds as they are read: values, derived states, the log as a tree, frozen copies that are shared."""

import json
from decimal import Decimal

import msgspec
import pytest

from streamkit import Run
from streamkit.run import LogEntry, NodeUsage
from streamkit.run.execution import MAX_DEPTH


@pytest.fixture
def run():
    return Run("dify")


def execution(run, execution_id, *, inside=None, index=None, **options):
    node = run.open_execution(execution_id, execution_id.split("#")[0], type="code", title="", **options)
    if inside is not None:
        run.place(node, inside, index)
    return node


def container(run, execution_id="loop", **options):
    return execution(run, execution_id, is_container=True, **options)


def ids(nodes):
    return [node.id for node in nodes]


# ---- values


def test_a_payload_is_decoded_once(run):
    node = execution(run, "e")
    run.describe(node, inputs=b'{"a":1}', outputs=b'{"b":2}', process_data=b'{"c":3}', metadata=b'{"d":4}')
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == ({"a": 1}, {"b": 2}, {"c": 3}, {"d": 4})
    assert node.outputs is node.outputs


def test_a_later_payload_is_decoded_anew_and_the_others_are_not(run):
    node = execution(run, "e")
    run.describe(node, inputs=b'{"a":1}', outputs=b'{"b":2}')
    inputs, _ = node.inputs, node.outputs
    run.describe(node, outputs=b'{"b":3}')
    assert node.outputs == {"b": 3}
    assert node.inputs is inputs


def test_a_payload_that_was_not_sent_is_none(run):
    node = execution(run, "e")
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (None, None, None, None)


def test_reading_a_payload_never_raises(run):
    node = execution(run, "e")
    run.describe(node, outputs=b"[" * 100_000)
    assert node.outputs == "[" * 100_000


def test_what_was_not_said_of_spending_is_none(run):
    node = execution(run, "e")
    assert (node.model, node.provider, node.prompt_tokens, node.completion_tokens) == (None, None, None, None)
    assert (node.total_tokens, node.cost) == (None, None)


def test_spending_is_read_off_the_execution(run):
    node = execution(run, "e")
    run.spend(node, NodeUsage(5, 2, 3, {"USD": Decimal(1)}, "gpt", "openai"))
    assert (node.model, node.provider, node.prompt_tokens, node.completion_tokens) == ("gpt", "openai", 2, 3)
    assert (node.total_tokens, node.cost) == (5, {"USD": Decimal(1)})


def test_the_reasoning_of_a_node_is_what_was_sent_as_such_and_then_its_think_blocks(run):
    node = execution(run, "llm")
    assert (node.text, node.reasoning) == ("", "")
    run.append_node_text("llm", "<think>two</think>answer")
    run.append_node_reasoning("llm", "one ")
    assert (node.text, node.reasoning) == ("answer", "one two")


def test_an_execution_says_what_it_is(run):
    assert repr(execution(run, "llm#1")) == "<NodeExecution llm#1 llm running>"


def test_what_is_no_container_has_no_rounds(run):
    node = execution(run, "e")
    assert (list(node.rounds), list(node.unassigned), node.round_index) == ([], [], None)


# ---- rounds


def test_rounds_stand_by_index_whatever_came_first(run):
    loop = container(run)
    for index in (2, 0, 2**70, -1):
        execution(run, f"n#{index}", inside=loop, index=index)
    assert [turn.index for turn in loop.rounds] == [-1, 0, 2, 2**70]
    assert ids(loop.rounds[1].nodes) == ["n#0"]


def test_executions_of_a_round_stand_in_order_of_arrival(run):
    loop = container(run)
    for name in ("b", "a", "c"):
        execution(run, name, inside=loop, index=0)
    assert ids(loop.rounds[0].nodes) == ["b", "a", "c"]


def test_executions_that_came_to_their_place_late_stand_where_they_began(run):
    """C.13.9: the order of the trace is the order of first frames, whenever a round was told."""
    loop = container(run)
    nodes = [execution(run, name) for name in "abcd"]
    for number in (2, 0, 3, 1):
        run.place(nodes[number], loop, 0)
    assert ids(loop.rounds[0].nodes) == ["a", "b", "c", "d"]
    for number in (3, 0):
        run.place(nodes[number], loop)
    assert ids(loop.unassigned) == ["a", "d"]
    assert ids(loop.rounds[0].nodes) == ["b", "c"]
    for number in (2, 1, 0):
        run.place(nodes[number], None)
    assert ids(run.nodes) == ["loop", "a", "b", "c"]
    assert [node.id for node in run.snapshot().nodes] == ["loop", "a", "b", "c"]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ("succeeded failed stopped paused unknown running", "failed"),
        ("succeeded stopped paused unknown running", "stopped"),
        ("succeeded paused unknown running", "paused"),
        ("succeeded unknown running", "unknown"),
        ("succeeded running", "running"),
        ("succeeded exception skipped", "succeeded"),
        ("exception", "succeeded"),
    ],
)
def test_a_round_is_as_its_worst_execution(run, states, status):
    """Nothing on the wire says what became of a round. A handled exception is no failure (C.3)."""
    loop = container(run)
    run.begin_round(loop, 1)
    for number, state in enumerate(states.split()):
        node = execution(run, f"n#{number}", inside=loop, index=0)
        node.status = state
    assert loop.rounds[0].status == status


def test_a_round_in_which_more_may_come_is_running(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    assert loop.rounds[0].status == "running"  # no round was announced: nobody knows which one goes on
    run.begin_round(loop, 0)
    assert loop.rounds[0].status == "running"
    run.begin_round(loop, 1)
    assert loop.rounds[0].status == "succeeded"


def test_a_round_whose_time_is_told_is_over(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    run.time_round(loop, 0, 1.5)
    assert (loop.rounds[0].status, loop.rounds[0].elapsed_time) == ("succeeded", 1.5)


def test_the_rounds_of_a_container_that_is_over_are_over(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    run.close_execution(loop, "failed")
    assert loop.rounds[0].status == "succeeded"


# ---- walking


def test_a_walk_goes_down_before_it_goes_on(run):
    loop = container(run)
    inner = container(run, "inner", inside=loop, index=1)
    execution(run, "stray", inside=loop)
    execution(run, "late", inside=loop, index=1)
    execution(run, "deep", inside=inner, index=0)
    execution(run, "first", inside=loop, index=0)
    execution(run, "after")
    assert ids(loop.walk()) == ["loop", "first", "inner", "deep", "late", "stray"]
    assert ids(run.walk()) == [*ids(loop.walk()), "after"]


# ---- the log


def log(run, node, *entries):
    """Entries as `id` or `id<parent`."""
    for entry in entries:
        entry_id, _, parent_id = entry.partition("<")
        run.log(node, LogEntry(id=entry_id, label=entry_id, status="success"), parent_id or None)


def drawn(entries):
    """A log tree as nested text: `a(b c(d))`."""
    return " ".join(entry.id + (f"({drawn(entry.children)})" if entry.children else "") for entry in entries)


@pytest.mark.parametrize(
    ("entries", "tree"),
    [
        ("", ""),
        ("a b c", "a b c"),
        ("a b<a c<a d<b", "a(b(d) c)"),
        ("b<a a c<b", "a(b(c))"),  # children may come before their parent
        ("a<nobody b", "a b"),  # an unknown parent
        ("a<a b<a", "a(b)"),  # its own parent
        ("a<b b<a", "a(b)"),  # a circle
        ("a<c b<a c<b d<c", "a(b(c(d)))"),  # a circle of three with something below
        ("x a<b b<a x2<x", "x(x2) a(b)"),
    ],
)
def test_log_entries_hang_under_their_parents_and_none_is_lost(run, entries, tree):
    node = execution(run, "agent")
    log(run, node, *entries.split())
    assert drawn(node.logs) == tree


def test_an_entry_without_an_id_is_no_parent_of_those_without_a_parent(run):
    node = execution(run, "agent")
    run.log(node, LogEntry(id="", label="nameless", status=""), None)
    log(run, node, "a")
    assert [entry.label for entry in node.logs] == ["nameless", "a"]


@pytest.mark.parametrize("order", ["parents first", "children first"])
def test_a_log_10000_levels_deep_is_drawn_flat_below_a_bound_and_stays_whole(run, order):
    """Neither building nor encoding may need a stack as deep as a hostile log."""
    node = execution(run, "agent")
    entries = [f"e{number}<e{number - 1}" for number in range(10_000)]
    log(run, node, *(entries if order == "parents first" else reversed(entries)))
    seen, level, depth = [], list(node.logs), 0
    while level:
        seen += ids(level)
        level = [child for entry in level for child in entry.children]
        depth += 1
    assert sorted(seen) == sorted(f"e{number}" for number in range(10_000))
    assert depth <= MAX_DEPTH + 2
    assert json.loads(msgspec.json.encode(run.snapshot()))["nodes"][0]["logs"][0]["id"] == "e0"


def test_a_circle_of_10000_entries_is_drawn_from_the_first_one(run):
    node = execution(run, "agent")
    log(run, node, "e0<e9999", *(f"e{number}<e{number - 1}" for number in range(1, 10_000)))
    assert [entry.id for entry in node.logs] == ["e0"]
    assert msgspec.json.encode(run.snapshot()).count(b'"label"') == 10_000


# ---- frozen copies


def test_a_frozen_copy_is_shared_until_something_changes(run):
    loop = container(run)
    node = execution(run, "n", inside=loop, index=0)
    frozen = node.freeze()
    assert node.freeze() is frozen
    run.append_node_text("n", "x")
    assert node.freeze() is not frozen
    assert (frozen.text, node.freeze().text) == ("", "x")


def test_a_change_below_renews_the_way_up_and_nothing_beside_it(run):
    outer = container(run, "outer")
    inner = container(run, "inner", inside=outer, index=1)
    changing = execution(run, "changing", inside=inner, index=0)
    execution(run, "beside", inside=inner, index=0)
    execution(run, "other round", inside=outer, index=0)
    execution(run, "elsewhere")
    before = run.snapshot()
    run.append_node_text(changing.node_id, "x")
    after = run.snapshot()
    (outer1, elsewhere1), (outer2, elsewhere2) = before.nodes, after.nodes
    assert elsewhere1 is elsewhere2
    assert outer1 is not outer2
    assert outer1.rounds[0] is outer2.rounds[0]
    inner1, inner2 = outer1.rounds[1].nodes[0], outer2.rounds[1].nodes[0]
    assert inner1 is not inner2
    assert inner1.rounds[0].nodes[0] is not inner2.rounds[0].nodes[0]
    assert inner1.rounds[0].nodes[1] is inner2.rounds[0].nodes[1]


@pytest.mark.parametrize("change", ["the next round begins", "the container ends"])
def test_a_frozen_round_follows_its_container_and_shares_its_executions(run, change):
    loop = container(run)
    run.begin_round(loop, 0)
    run.close_execution(execution(run, "n", inside=loop, index=0), "succeeded")
    before = run.snapshot().nodes[0].rounds[0]
    assert before.status == "running"
    if change == "the container ends":
        run.close_execution(loop, "succeeded")
    else:
        run.begin_round(loop, 1)
    after = run.snapshot().nodes[0].rounds[0]
    assert after.status == "succeeded"
    assert after.nodes is before.nodes


def test_a_frozen_round_that_does_not_end_well_stays_as_it_is(run):
    loop = container(run)
    run.close_execution(execution(run, "n", inside=loop, index=0), "failed")
    before = run.snapshot().nodes[0].rounds[0]
    run.close_execution(loop, "failed")
    assert run.snapshot().nodes[0].rounds[0] is before


def test_a_time_that_is_told_renews_the_round(run):
    loop = container(run)
    execution(run, "n", inside=loop, index=0)
    assert run.snapshot().nodes[0].rounds[0].elapsed_time is None
    run.time_round(loop, 0, 1.5)
    assert run.snapshot().nodes[0].rounds[0].elapsed_time == 1.5


def test_what_somebody_does_to_a_read_list_does_not_change_the_run(run):
    loop = container(run)
    node = execution(run, "n", inside=loop, index=0)
    execution(run, "stray", inside=loop)
    run.retry_execution(node, 1, None, None)
    run.spend(node, NodeUsage(cost={"USD": Decimal(1)}))
    for read in (lambda: loop.rounds, lambda: loop.unassigned, lambda: loop.rounds[0].nodes, lambda: node.attempts):
        length = len(read())
        read().clear()
        assert len(read()) == length
    node.freeze().cost.clear()
    assert node.cost == {"USD": Decimal(1)}
