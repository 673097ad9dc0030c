"""What filters ask of runs and executions: the same of a live one and of a published one."""

from decimal import Decimal
from pathlib import Path

import pytest

from streamkit import Run, Tap
from streamkit.run.state import RunError, Usage
from streamkit.subjects import _NODE_FIGURES, _NODE_TEXTS, _RUN_FIGURES, _RUN_TEXTS, NodeSubject, RunSubject
from streamkit.where import FIELDS, parse

FIXTURES = Path(__file__).parents[2] / "fixtures"
BODIES = sorted(FIXTURES.rglob("*.sse"))
FIGURES = [name for name, field in FIELDS.items() if field.kind in ("figure", "duration", "money")]
TEXTS = [name for name in FIELDS if name not in FIGURES]


def run_of(path):
    tap = Tap()
    tap.feed((FIXTURES / path).read_bytes())
    tap.close()
    return tap.run


def everything(subject):
    return {name: list(subject.texts(name)) for name in TEXTS} | {name: list(subject.figures(name)) for name in FIGURES}


def titles(run, where):
    return [subject.title for subject in RunSubject(run).executions() if parse(where).matches(subject)]


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_a_published_run_says_what_the_live_one_says(path):
    run = run_of(path)
    live, published = RunSubject(run, ["x.sse"]), RunSubject(run.snapshot(), ["x.sse"])
    assert everything(live) == everything(published)
    assert [everything(each) for each in live.executions()] == [everything(each) for each in published.executions()]
    assert [each.node for each in live.executions()] == list(run.walk())


def test_every_field_is_asked_of_something():
    assert {*_NODE_FIGURES} == {*FIGURES}
    assert {*_RUN_FIGURES} <= {*FIGURES}
    assert {*_NODE_TEXTS, *_RUN_TEXTS} == {*TEXTS}


def test_executions_of_rounds():
    run = run_of("dify/wf_iter_fail_par_continue.sse")
    assert titles(run, "status:failed") == ["Work", "Work"]
    assert titles(run, "round:4") == ["Work"]
    assert titles(run, 'error~"nope 4"') == ["Work"]
    assert titles(run, "type:iteration dur>600ms") == ["For each item"]
    assert titles(run, "!type:code") == ["Start", "For each item", "End"]
    assert [each.title for each in RunSubject(run).executions() if each.is_container] == ["For each item"]


def test_a_run_has_what_its_executions_have():
    run = run_of("dify/wf_iter_fail_par_continue.sse")
    subject = RunSubject(run, ["logs/x.sse"])
    for where in (
        "type:iteration",
        "round:5",
        'error~"nope 4"',
        "errors:2",
        "retries:0",
        "mode:workflow",
        f"id:{run.id[:8]}",
        f"{run.id[:8]}",
        "x.sse",
        "file:logs",
        "dialect:dify",
    ):
        assert parse(where).matches(subject), where
    assert not parse("status:failed").matches(subject)
    assert not parse("error~429").matches(subject)


def test_what_did_not_fit_is_of_a_run_and_of_no_execution():
    run = run_of("hostile/foreign_run.sse")
    assert RunSubject(run).anomalies == sum(run.anomaly_counts.values()) > 0
    assert parse("anomalies>0").matches(RunSubject(run))
    assert parse("anomalies=0").matches(RunSubject(run_of("dify/chat_simple.sse")))
    assert titles(run, "anomalies>=0") == []


def test_errors_of_earlier_tries_count():
    run = run_of("dify/wf_retry_then_success.sse")
    assert RunSubject(run).retries > 0
    tried = titles(run, "retries>0")
    assert tried
    assert titles(run, "error~. retries>0") == tried


def test_an_execution_has_the_app_of_its_run():
    run = Run("dify")
    run.app = "Support"
    node = run.open_execution("x", "n", type="code", title=None)
    assert parse("app:support dialect:dify file:x").matches(NodeSubject(node, RunSubject(run, ["x"])))
    assert not parse("app:support").matches(NodeSubject(node))
    assert NodeSubject(node).title == "n"


def test_model_tokens_and_cost():
    run = run_of("dify/preview_chat_plain.sse")
    subject = RunSubject(run)
    assert list(subject.figures("tok")) == [42]
    assert list(subject.figures("cost")) == [Decimal("0.0002550")]
    [model] = subject.texts("model")
    assert titles(run, f"model:{model} tok:42 cost>0.0002") == ["LLM"]


def test_why_a_run_failed_is_its_message_and_its_code():
    run = Run("dify")
    run.finish("failed", error=RunError("slow down", "429"))
    assert list(RunSubject(run).texts("error")) == ["slow down", "429"]
    assert RunSubject(run).failed


def test_how_long_it_took_is_what_the_server_says_else_what_was_seen():
    run = Run("dify")
    assert RunSubject(run).seconds is None
    run.seen_at, run.ended_at = 10.0, 12.5
    assert RunSubject(run).seconds == 2.5
    run.report_usage(Usage(latency=2.25))
    assert RunSubject(run).seconds == 2.25
    run.elapsed_time = 2.0
    assert RunSubject(run).seconds == 2.0
