"""Searches, filters and other orders of the rows: what they keep, how it is joined, and what they say of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.errors import BadWhere
from tests.viewer.pane import FIXTURES
from tests.viewer.program import shown, watch
from viewer.finding import joined
from viewer.rows import Row
from viewer.views import PLUMBING

ROUNDS = "dify/wf_iter_fail_par_continue"
NESTED = "dify/wf_parallel_iteration_in_iteration"


# ---- lines between rows that were left


@st.composite
def depths(draw):
    """Depths as a tree has them, or as a filter leaves them: never more than one below the row before."""
    found = [0]
    for _ in range(draw(st.integers(0, 12))):
        found.append(draw(st.integers(1, found[-1] + 1)))
    return found


@given(depths())
def test_a_line_goes_on_as_long_as_something_follows_under_the_same_row(told):
    rows = joined([Row((number,), None, depth, (), False, True) for number, depth in enumerate(told)])
    assert [row.depth for row in rows] == told
    assert [row.key for row in rows] == [(number,) for number in range(len(told))]
    for number, row in enumerate(rows):
        follows = [_follows(told, number, depth) for depth in range(1, row.depth + 1)]
        assert row.is_last is not (follows[-1] if follows else False)
        assert row.guides == tuple(follows[:-1])
        assert row.open is None


def _follows(told, number, depth):
    """Whether a row of a depth follows before the tree goes further out."""
    for later in told[number + 1 :]:
        if later <= depth:
            return later == depth
    return False


# ---- what is kept


@pytest.mark.parametrize("name", [ROUNDS, NESTED])
async def test_a_filter_keeps_what_matches_and_all_that_holds_it(name):
    async with shown(name) as viewer:
        app, finding = viewer.app, viewer.app.commands.finding
        finding.filter("type:code")
        await viewer.settle()
        rows = app.run_tree.rows
        wanted = {("x", node.id) for node in app.session.tree.run.executions.values() if node.type == "code"}
        holders = {key for row in wanted for key in app.session.tree._above(row)}
        assert wanted
        assert {row.key for row in rows} == wanted | holders
        assert [row.key for row in rows] == [r.key for r in app.session.tree.walk() if r.key in wanted | holders]
        assert finding.told == f"filter type:code {len(wanted)}/{len(app.session.tree.run.executions)}"
        finding.filter("")
        await viewer.settle()
        assert (app.run_tree.rows, finding.told) == (None, "")


async def test_a_filter_that_is_none_changes_nothing():
    async with shown(ROUNDS) as viewer:
        finding = viewer.app.commands.finding
        finding.filter("type:code")
        with pytest.raises(BadWhere):
            finding.filter("dur>")
        assert str(finding.where) == "type:code"


async def test_the_logical_view_hides_the_plumbing_alone():
    async with shown(ROUNDS) as viewer:
        app = viewer.app
        app.commands.finding.toggle_logical()
        await viewer.settle()
        shown_now = {row.key for row in app.run_tree.rows}
        hidden = {node.type for node in app.session.tree.run.executions.values() if ("x", node.id) not in shown_now}
        assert hidden == {"start", "end"}
        assert hidden <= PLUMBING


async def test_every_order_shows_executions_side_by_side_and_then_comes_the_tree():
    async with shown(ROUNDS) as viewer:
        app, finding = viewer.app, viewer.app.commands.finding
        seen = []
        while finding.view not in seen:
            seen.append(finding.view)
            rows = app.run_tree.rows
            assert rows is None if finding.view == "tree" else {row.depth for row in rows} <= {0}
            finding.next_view()
            await viewer.settle()
        assert seen == ["tree", "by start", "slowest first", "most tokens first", "errors only"]


# ---- searches


@pytest.mark.parametrize("text", ["work", "ROUND 3", "nope", "item", "zebra", "code"])
async def test_a_search_finds_what_a_walk_over_all_rows_finds(text):
    async with shown(ROUNDS) as viewer:
        app, finding = viewer.app, viewer.app.commands.finding
        finding.search(text)
        assert list(finding.hits) == [row.key for row in app.session.tree.walk() if row.depth and _says(row, text)]
        assert app.run_tree.hits == frozenset(finding.hits)


def _says(row, text):
    item = row.item
    words = [f"round {item.index}"] if row.key[0] == "r" else [item.title, item.type, item.node_id, item.error or ""]
    return text.lower() in " ".join(words).lower()


async def test_a_search_looks_only_at_the_rows_that_a_filter_left():
    async with shown(ROUNDS) as viewer:
        finding = viewer.app.commands.finding
        finding.filter("status:failed")
        await viewer.settle()
        finding.search("work")
        assert len(finding.hits) == 2


async def test_what_was_found_last_is_cleared_first():
    async with shown(ROUNDS) as viewer:
        finding = viewer.app.commands.finding
        finding.filter("type:code")
        finding.next_view()
        finding.toggle_logical()
        finding.toggle_critical()
        finding.search("work")
        await viewer.settle()
        said = []
        while finding.clear():
            await viewer.settle()
            said.append(finding.told)
        assert [told.replace("  ", ",") for told in said] == [
            "filter type:code 7/10,logical,by start",
            "filter type:code 7/10,logical,by start",
            "logical,by start",
            "logical",
            "",
        ]


# ---- many runs


async def test_a_filter_over_runs_lists_those_that_match():
    names = sorted(f"dify/{path.stem}" for path in (FIXTURES / "dify").glob("wf_iter_*.sse"))
    async with shown(watching=watch(*names)) as viewer:
        app = viewer.app
        app.commands.finding.filter_runs("status:failed")
        await viewer.settle()
        expected = {each.name for each in app.session.runs if each.run.status == "failed"}
        assert {entry.name for entry in app.runs.shown} == expected
        app.commands.finding.filter_runs("")
        await viewer.settle()
        assert len(app.runs.shown) == len(names)
