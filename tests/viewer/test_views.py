"""Orders, groups, the critical path, plumbing."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run
from streamkit.run import NodeUsage
from tests.viewer.shown import CONTROLS, LOOK, NAMES, PLAIN, execution, growth, hostile, large, run_of, text
from viewer import views
from viewer.facts import Now

NOW = Now(1000.0)


def ids(nodes):
    return [node.id for node in nodes]


# ---- orders


@pytest.fixture
def mixed():
    run = Run("dify")
    loop = execution(run, "loop", begin=0.0, is_container=True, type="loop")
    execution(run, "a", inside=loop, index=0, begin=0.0, end=3.0, tokens=5)
    execution(run, "b", inside=loop, index=1, begin=3.0, end=4.0, tokens=50, status="failed")
    execution(run, "c", begin=5.0, tokens=7)
    execution(run, "d", begin=5.0, end=5.0, status="exception")
    return run


def test_every_execution_is_there_by_start(mixed):
    assert ids(views.by_start(views.begun(mixed), NOW)) == ["loop", "a", "b", "c", "d"]


def test_at_an_earlier_moment_there_are_fewer(mixed):
    assert ids(views.begun(mixed, 2)) == ["loop", "a"]


def test_a_container_is_not_among_the_slowest_and_what_runs_counts_until_now(mixed):
    assert ids(views.slowest(views.begun(mixed), Now(7.0))) == ["a", "c", "b", "d"]


def test_what_spent_nothing_is_not_among_the_dearest(mixed):
    assert ids(views.dearest(views.begun(mixed), NOW)) == ["b", "c", "a"]


def test_errors_are_those_that_failed_caught_or_not(mixed):
    assert ids(views.errors(views.begun(mixed), NOW)) == ["b", "d"]


@pytest.mark.untraced
@pytest.mark.parametrize("name", NAMES)
def test_every_order_of_a_real_run_holds_executions_of_it_once(name):
    run = run_of(name)
    nodes = views.begun(run)
    for order in views.ORDERS.values():
        found = ids(order(nodes, NOW))
        assert len(found) == len(set(found))
        assert set(found) <= set(run.executions)


# ---- groups


def test_a_group_has_the_figures_of_its_members():
    run = Run("dify")
    for number in range(1, 21):
        status = "failed" if number == 20 else "succeeded"
        node = execution(run, f"n#{number}", begin=0.0, end=float(number), status=status)
        run.spend(node, NodeUsage(total_tokens=2, cost={"USD": Decimal("0.01")}, model="m"))
    execution(run, "n#21", begin=0.0)
    (group,) = views.by_node(views.begun(run), NOW)
    assert group == ("N", 21, 1, 210.0, 10.0, 19.0, 20.0, 40, {"USD": Decimal("0.20")})
    assert [each.executions for each in views.by_model(views.begun(run), NOW)] == [20]


def test_tokens_of_a_container_do_not_count_twice(mixed):
    run = mixed
    run.spend(run.executions["loop"], NodeUsage(total_tokens=55))
    groups = views.by_node(views.begun(run), NOW)
    assert sum(group.tokens for group in groups) == run.leaf_tokens == 62


@given(st.lists(st.floats(0, 100), max_size=30))
def test_shares_are_durations_that_one_had(seconds):
    run = Run("dify")
    for number, each in enumerate(seconds):
        execution(run, f"n#{number}", begin=0.0, end=each)
    for group in views.by_node(views.begun(run), NOW):
        assert {group.p50, group.p95, group.longest} <= set(seconds)
        assert sum(each <= group.p50 for each in seconds) * 2 >= len(seconds)
        assert group.longest == max(seconds)


@pytest.mark.parametrize("look", [LOOK, PLAIN])
@pytest.mark.parametrize("width", [20, 80, 220])
def test_lines_of_groups_have_the_width_and_no_control(width, look):
    groups = [group for by in views.GROUPS.values() for group in by(views.begun(hostile()), NOW)]
    assert groups
    for line in (views.group_head("node", width, look), *(views.group_line(group, width, look) for group in groups)):
        assert len(text(line)) == width
        assert not CONTROLS & set(text(line))


def test_all_figures_of_a_group_fit_into_eighty_columns():
    assert text(views.group_head("node", 80, PLAIN)).split() == [
        *("node", "n", "errors", "total", "p50", "p95", "longest", "tokens", "cost")
    ]


# ---- the critical path


def chains(run, path):
    """Check each group of siblings on the path, and return how many executions it has."""
    for nodes in _groups(run):
        spans = sorted(
            (node.seen_at, NOW.time if node.ended_at is None else node.ended_at) for node in nodes if node.id in path
        )
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    return len(path)


def _groups(run):
    yield run.nodes
    for node in run.walk():
        yield from (turn.nodes for turn in node.rounds)


@pytest.mark.untraced
@pytest.mark.parametrize("name", NAMES)
def test_the_critical_path_of_a_real_run_is_a_chain_that_reaches_its_last_end(name):
    run = run_of(name)
    path = views.critical_path(run, NOW)
    chains(run, path)
    ends = {node.id: NOW.time if node.ended_at is None else node.ended_at for node in run.nodes}
    last = {each for each, end in ends.items() if end == max(ends.values())}
    assert not last or last & path
    assert all(run.executions[each].parent is None or run.executions[each].parent.id in path for each in path)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.none() | st.integers(0, 3)), max_size=40))
def test_the_critical_path_is_a_chain_without_overlap(told):
    run = Run("dify")
    loop = execution(run, "loop", begin=0.0, is_container=True)
    for number, (begin, length, index) in enumerate(told):
        place = {} if index is None else {"inside": loop, "index": index}
        execution(run, f"x{number}", begin=float(begin), end=float(begin + length), **place)
    run.close_execution(loop, "succeeded", at=40.0)
    assert chains(run, views.critical_path(run, NOW))


def test_the_path_goes_through_the_slow_branch_and_into_its_rounds():
    run = Run("dify")
    execution(run, "start", begin=0.0, end=1.0)
    execution(run, "quick", begin=1.0, end=2.0)
    loop = execution(run, "loop", begin=1.0, is_container=True)
    execution(run, "r0", inside=loop, index=0, begin=1.0, end=3.0)
    execution(run, "r1-short", inside=loop, index=1, begin=1.0, end=2.0)
    execution(run, "r2", inside=loop, index=2, begin=3.0, end=5.0)
    execution(run, "lost", inside=loop, begin=5.0, end=6.0)
    run.close_execution(loop, "succeeded", at=6.0)
    execution(run, "end", begin=6.0)
    assert views.critical_path(run, Now(8.0)) == {"start", "loop", "r0", "r2", "lost", "end"}


def test_without_times_there_is_no_path():
    run = Run("dify")
    loop = run.open_execution("loop", "loop", type="loop", title="", is_container=True)
    run.place(run.open_execution("x", "x", type="llm", title=""), loop, 0)
    assert views.critical_path(run, NOW) == frozenset()


# ---- plumbing


@pytest.mark.parametrize(
    ("type", "status", "hidden"),
    [
        ("start", "succeeded", True),
        ("if-else", "failed", False),
        ("llm", "succeeded", False),
        ("Begin", "succeeded", True),
    ],
)
def test_plumbing_is_hidden_unless_something_is_the_matter(type, status, hidden):
    node = execution(Run("dify"), "x", type=type, begin=0.0, end=1.0, status=status)
    assert views.is_plumbing(node) is hidden


def test_plumbing_with_something_inside_is_none():
    run = Run("dify")
    loop = execution(run, "loop", type="start", begin=0.0, end=1.0, is_container=True)
    assert views.is_plumbing(loop)
    execution(run, "x", inside=loop, index=0)
    assert not views.is_plumbing(loop)


# ---- large runs

VIEWS = {**views.ORDERS, **views.GROUPS, "critical": None}


@pytest.mark.untraced
@pytest.mark.parametrize("rounds", [0, 500])
@pytest.mark.parametrize("name", VIEWS)
def test_a_run_of_eight_times_the_size_takes_about_eight_times_as_long(name, rounds):
    def work(run):
        view = VIEWS[name]
        return view(views.begun(run), NOW) if view is not None else views.critical_path(run, NOW)

    assert growth(work, large(1500, rounds), large(12_000, rounds * 8)) < 30
