"""What a row of the tree says."""

import pytest

from streamkit.cli.render.cells import cells
from streamkit.run import Run
from tests.viewer.pane import execution, run_of
from tests.viewer.program import LOOKS
from tests.viewer.shown import CONTROLS, hostile, keys_of
from viewer.axis import Axis
from viewer.facts import Facts, Now
from viewer.labels import Columns, bar, file_of, label, name_of, numbers
from viewer.tree import RunTree

RUNS = [
    run_of("dify/wf_iter_fail_par_continue"),
    run_of("dify/wf_retry_then_success"),
    run_of("dify/wf_agent_log"),
    hostile(),
]


def width_of(spans):
    return sum(cells(span.text) for span in spans)


def text(spans):
    return "".join(span.text for span in spans)


@pytest.mark.parametrize("cost", [False, True])
@pytest.mark.parametrize("width", range(1, 221, 7))
def test_columns_share_the_whole_width(width, cost):
    columns = Columns.of(width, cost=cost)
    assert columns.label + sum(columns.figures) + columns.bar + bool(columns.bar) == width
    assert columns.label > 0


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("width", [28, 40, 90])
@pytest.mark.parametrize("run", RUNS, ids=["rounds", "tries", "log", "hostile"])
def test_a_label_fills_its_columns_and_is_safe(run, width, look):
    tree, now = RunTree(run), Now(1.0)
    for key in keys_of(run):
        item = tree.item(key)
        spans = label(item, now.facts(item), "", "  ", width, look)
        assert width_of(spans) == width, key
        assert not CONTROLS & set(text(spans))


def test_a_label_tells_tries_errors_and_rounds():
    now, look = Now(1.0), LOOKS["unicode"]
    run = RUNS[0]
    container = next(node for node in run.executions.values() if node.container is not None)
    failed = next(node for node in run.executions.values() if node.status == "failed")
    assert "6 rounds" in text(label(container, now.facts(container), "", "", 60, look))
    assert "nope" in text(label(failed, now.facts(failed), "", "", 60, look))
    retried = next(node for node in RUNS[1].executions.values() if node.attempts)
    assert f"↻{len(retried.attempts)}" in text(label(retried, now.facts(retried), "", "", 60, look))


def test_a_long_type_is_whole_where_there_is_room_and_else_says_that_it_is_cut():
    run = Run("dify")
    node = run.open_execution("x", "x", type="template-transform", title="T", at=0.0)
    told = [text(label(node, Now(1.0).facts(node), "", "", width, LOOKS["unicode"])) for width in (80, 40)]
    assert told[0].endswith(" template-transform ")
    assert told[1].endswith(" template-tr… ")


def test_what_an_execution_is_saying_stands_beside_it():
    run = Run("dify")
    node = run.open_execution("x", "x", type="llm", title="Speak", at=0.0)
    run.append_execution_text(node, "so it is said", 0.0)
    assert "…so it is said" in text(label(node, Now(1.0).facts(node), "", "", 60, LOOKS["unicode"]))


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (Facts("succeeded", seconds=1.5, tokens=1234), ["1.50s", "1,234"]),
        (Facts("running", seconds=1.5, tokens=12), ["1.50s~", "12~"]),
        (Facts("succeeded", seconds=None, tokens=None), ["·"]),
    ],
)
def test_numbers_stand_in_their_columns(facts, told):
    spans = numbers(facts, (8, 9), LOOKS["unicode"])
    assert text(spans).split() == told
    assert width_of(spans) == 17


def test_a_bar_fills_its_columns_whatever_is_known():
    for facts in (Facts("running", 0.5), Facts("succeeded", 0.2, 0.4, 0.2), Facts("unknown")):
        assert width_of(bar(facts, Axis(0.0, 1.0), 1.0, 20, LOOKS["unicode"], ascii_only=False)) == 20
    assert text(bar(Facts("unknown"), Axis(0.0, 1.0), 1.0, 5, LOOKS["unicode"], ascii_only=False)) == " " * 5


def test_names():
    run = RUNS[0]
    assert name_of(execution(run, "it")) == "For each item"
    assert file_of("/a/b/c.sse") == "c.sse"
    assert file_of("/a/b/") == "b"
    assert file_of("standard input") == "standard input"
