"""Two runs beside each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run
from streamkit.run import NodeExecution
from tests.viewer.shown import CONTROLS, LOOK, NAMES, PLAIN, execution, growth, hostile, large, run_of, text
from viewer.diff import compare, first_difference, head, is_same, row_line


def said(comparison):
    """The rows that differ, by name."""
    return [(row.name, *row.differs) for row in comparison.rows if row.differs]


def seen(rows, side):
    """The executions of one side, in the order of the rows."""
    sides = [getattr(row, side) for row in rows]
    return [each.item.id for each in sides if each is not None and isinstance(each.item, NodeExecution)]


def outputs(node, data):
    node.outputs_json = data


# ---- laws


@pytest.mark.untraced
@pytest.mark.parametrize("name", NAMES)
def test_nothing_differs_between_a_run_and_itself(name):
    run = run_of(name)
    assert not compare(run, run).differences
    assert not compare(run, run_of(name, piece=170)).differences


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_every_execution_of_both_runs_has_one_row(name, other):
    old, new = run_of(name), run_of(other)
    comparison = compare(old, new)
    for run, side in ((old, "old"), (new, "new")):
        assert sorted(seen(comparison.rows, side)) == sorted(run.executions)
    assert seen(comparison.rows, "old") == [node.id for node in old.walk()]
    back = compare(new, old)
    assert len(back.rows) == len(comparison.rows)
    assert (back.missing, back.added) == (comparison.added, comparison.missing)


@given(st.lists(st.sampled_from("abc"), max_size=9), st.lists(st.sampled_from("abc"), max_size=9))
def test_as_many_of_a_node_are_partners_as_both_runs_have(before, after):
    old, new = Run("dify"), Run("dify")
    for run, names in ((old, before), (new, after)):
        for number, name in enumerate(names):
            execution(run, f"{name}#{number}", begin=0.0, end=1.0)
    comparison = compare(old, new)
    partners = sum(min(before.count(name), after.count(name)) for name in "abc")
    assert len(comparison.rows) == 1 + len(before) + len(after) - partners
    assert (comparison.missing, comparison.added) == (len(before) - partners, len(after) - partners)


# ---- partners


def test_an_inserted_execution_stands_where_it_ran_and_a_missing_one_where_it_had():
    old, new = Run("dify"), Run("dify")
    for run, names in ((old, "abcd"), (new, "axbd")):
        for name in names:
            execution(run, name, begin=0.0, end=1.0)
    assert [row.name for row in compare(old, new).rows[1:]] == ["A", "X", "B", "C", "D"]
    assert said(compare(old, new)) == [("X", "added"), ("C", "missing")]


def test_a_copy_of_an_app_has_other_ids_and_the_same_titles():
    old, new = Run("dify"), Run("dify")
    for run, prefix in ((old, "1"), (new, "2")):
        for title in ("Start", "Ask", ""):
            execution(run, f"{prefix}{title}", title=title, begin=0.0, end=1.0)
    assert [row.differs for row in compare(old, new).rows[1:]] == [(), (), ("missing",), ("added",)]


def test_a_node_that_both_have_is_no_other_node_of_the_same_title():
    old, new = Run("dify"), Run("dify")
    for run, names in ((old, ("a#1", "a#2", "b#1")), (new, ("a#1", "b#1", "b#2"))):
        for name in names:
            execution(run, name, title="Code", begin=0.0, end=1.0)
    assert said(compare(old, new)) == [("Code", "missing"), ("Code", "added")]


def test_rounds_are_partners_by_index_and_what_is_missing_counts_once():
    runs = []
    for indices in ((0, 1), (1, 2)):
        run = Run("dify")
        loop = execution(run, "loop", begin=0.0, is_container=True)
        for index in indices:
            execution(run, f"x#{index}", inside=loop, index=index, begin=0.0, end=1.0)
        execution(run, "late", inside=loop, begin=0.0, end=1.0)
        runs.append(run)
    comparison = compare(*runs)
    assert [row.name for row in comparison.rows] == [
        "run",
        "Loop",
        "round 0",
        "X",
        "round 1",
        "X",
        "round 2",
        "X",
        "Late",
    ]
    assert said(comparison) == [("round 0", "missing"), ("round 2", "added")]
    assert (comparison.missing, comparison.added) == (1, 1)


def test_a_missing_container_counts_once_with_all_that_is_inside():
    old, new = Run("dify"), Run("dify")
    loop = execution(old, "loop", begin=0.0, is_container=True)
    execution(old, "x", inside=loop, index=0, begin=0.0, end=1.0)
    assert said(compare(old, new)) == [("Loop", "missing")]
    assert compare(old, new).missing == 2


# ---- differences


def test_status_tokens_error_and_payloads_differ_and_time_never_does():
    old, new = Run("dify"), Run("dify")
    for run, end, status, tokens, data in ((old, 1.0, "succeeded", 5, b"1"), (new, 9.0, "failed", 6, b"2")):
        node = execution(run, "x", begin=0.0, end=end, status=status, tokens=tokens)
        node.inputs_json = node.outputs_json = data
        execution(run, "y", begin=0.0, end=end)
    new.close_execution(new.executions["x"], "failed", error="broken")
    assert said(compare(old, new)) == [("X", "status", "tokens", "error", "outputs", "inputs")]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (b'{"a":1,"b":[2]}', b'{"b": [2], "a": 1}', True),
        (b'{"a":true}', b'{"a":1}', False),
        (None, b"{}", False),
        (b"[" * 5000 + b"]" * 5000, b"[" * 5001 + b"]" * 5001, False),
        (b"1" * 400, b"2" * 400, False),
        (b'{"sys.workflow_run_id":"1","q":2}', b'{"sys.workflow_run_id":"2","q":2}', True),
        (b"no JSON", b"none", False),
    ],
)
def test_json_is_compared_by_what_it_says(old, new, same):
    assert is_same(old, new) is same


def test_two_recordings_of_one_workflow_differ_where_its_settings_do():
    kinds = ("continue-on-error", "remove-abnormal-output")
    old, new = (run_of(f"dify/wf_iter_fail_seq_{kind}.sse") for kind in kinds)
    assert said(compare(old, new)) == [
        ("workflow", "outputs", "inputs"),
        ("For each item", "outputs"),
        ("End", "outputs", "inputs"),
    ]


# ---- where they differ first


def differing(old, new):
    runs = Run("dify"), Run("dify")
    for run, data in zip(runs, (old, new), strict=True):
        outputs(execution(run, "x", begin=0.0, end=1.0), data)
    return first_difference(compare(*runs).rows[1])


def test_the_first_line_and_letter_that_differ_are_found():
    found = differing(b'{"a":1,"b":"same, then old"}', b'{"b":"same, then new","a":1}')
    assert (found.slot, found.line, found.column) == ("outputs", 3, len('  "b": "same, then '))
    assert found.old[0].endswith('old"')
    assert found.new[0].endswith('new"')


def test_outputs_that_only_one_has_differ_from_the_first_line_on():
    found = differing(None, b"[1]")
    assert (found.line, found.old, found.new) == (1, [], ["[", "  1", "]"])


def test_what_is_no_json_is_shown_as_it_is():
    found = differing(b"no JSON", b"\xffnone")
    assert (found.old, found.new) == (["no JSON"], ["\ufffdnone"])


def test_what_is_the_same_or_stands_alone_differs_nowhere():
    assert differing(b"1", b"1") is None
    old = Run("dify")
    execution(old, "x")
    assert first_difference(compare(old, Run("dify")).rows[1]) is None


def test_an_error_is_looked_at_where_the_outputs_are_the_same():
    runs = Run("dify"), Run("dify")
    for run, error in zip(runs, ("a\nb", "a\nc"), strict=True):
        run.close_execution(execution(run, "x", begin=0.0), "failed", error=error)
    found = first_difference(compare(*runs).rows[1])
    assert (found.slot, found.line, found.old, found.new) == ("error", 2, ["b"], ["c"])


def test_texts_may_be_long():
    old, new = (b'"' + b"x" * 300_000 + end + b'"' for end in (b"old", b"new"))
    assert differing(old, new).column == 300_001


# ---- lines


@pytest.mark.parametrize("look", [LOOK, PLAIN])
@pytest.mark.parametrize("width", [20, 80, 220])
def test_lines_have_the_width_and_no_control(width, look):
    other = hostile()
    other.executions["inner"].outputs_json = b'"\\u001b[2J"'
    comparison = compare(hostile(), other)
    for line in (head(width, look), *(row_line(row, width, look) for row in comparison.rows)):
        assert len(text(line)) == width
        assert not CONTROLS & set(text(line))
    found = first_difference(comparison.rows[-1])
    assert not CONTROLS & set("".join(found.new))


def test_marks_alone_say_what_became_of_both():
    old, new = Run("dify"), Run("dify")
    execution(old, "x", begin=0.0, end=1.0, tokens=1_250_000)
    execution(new, "x", begin=0.0, end=1.5, status="failed", tokens=1_000_000)
    row = compare(old, new).rows[1]
    assert text(row_line(row, 80, PLAIN)).split() == [
        *("~", "ok->ER", "X", "1.00s", "1.50s", "+500ms", "1.25M", "1.00M", "-250,000")
    ]


# ---- large runs


@pytest.mark.untraced
@pytest.mark.parametrize("rounds", [0, 100])
def test_runs_of_eight_times_the_size_take_about_eight_times_as_long(rounds):
    def two(count, rounds):
        old, new = large(count, rounds), large(count, rounds)
        for number, (one, other) in enumerate(zip(old.walk(), new.walk(), strict=True)):
            outputs(one, b'{"number": %d, "a": "x"}' % number)
            outputs(other, b'{"a": "x", "number": %d}' % number)
        return old, new

    assert growth(lambda runs: compare(*runs), two(500, rounds), two(4000, rounds * 8)) < 30
