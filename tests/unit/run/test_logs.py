"""The log of an agent as a tree: nothing is lost, nothing is deeper than is drawn."""

import json

import msgspec
import pytest

from streamkit import Run
from streamkit.run import LogEntry
from streamkit.run.logs import log_order
from streamkit.run.state import MAX_DEPTH

from .executions import execution, ids


@pytest.fixture
def run():
    return Run("dify")


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


def test_entries_are_read_as_they_came_and_their_order_tells_what_hangs_under_what(run):
    node = execution(run, "n")
    assert not node.entries
    log(run, node, "b<a", "a", "c")
    assert list(node.entries) == ["b", "a", "c"]
    assert log_order(node.entries) == (["a", "c"], {"a": ["b"], "b": [], "c": []})
