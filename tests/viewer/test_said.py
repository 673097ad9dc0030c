"""What is said of an item, by tab."""

import json

from streamkit.run import HIDDEN, HumanInput, LogEntry, Run
from streamkit.run.state import Attempt
from tests.viewer.pane import execution, run_of
from viewer.said import TABS, Data, Known, Prose, said, telling


def texts(item, tab):
    return [part.text for part in said(item, tab) if isinstance(part, Prose)]


def value(item, tab):
    return json.loads(next(part.json for part in said(item, tab) if isinstance(part, Data)))


def fields(item):
    return dict(next(part.fields for part in said(item, "meta") if isinstance(part, Known)))


def test_a_run_with_sources_and_cost():
    run = run_of("dify/chat_retriever_resources")
    assert value(run, "out")["answer"] == "Streaming answers arrive token by token, and the "
    assert texts(run, "text") == ["Streaming answers arrive token by token, and the "]
    assert value(run, "proc")[0]["document_name"] == "Doc 1.md"
    told = fields(run)
    assert told["status"] == "succeeded"
    assert told["mode"] == "dify chatflow"
    assert told["tokens"] == "29 (21 prompt + 8 completion)"
    assert told["cost"] == "$0.0001325"
    assert "events" in "".join(texts(run, "meta"))


def test_an_execution_that_failed():
    node = execution(run_of("dify/wf_retry_exhausted_fail_branch"), "h")
    assert telling(node) == "err"
    assert texts(node, "err")[0].startswith("Reached maximum retries")
    assert fields(node)["status"] == "exception"
    assert fields(node)["tries"] == "2"
    assert value(node, "meta") == {"error_strategy": "fail-branch"}


def test_of_a_model_the_text_says_most_whether_it_streamed_or_not():
    node = execution(run_of("dify/chat_retriever_resources"), "m")
    assert telling(node) == "text"
    run = Run("dify")
    silent = run.open_execution("x", "n", type="llm", title="LLM")
    assert telling(silent) == "meta"
    silent.outputs_json = b'{"text": "not streamed"}'
    assert texts(silent, "text") == ["not streamed"]


def test_thinking_stands_dim_before_the_answer():
    run = run_of("dify/synthetic/think_blocks_and_currencies")
    first, *rest = said(run, "text")
    assert (first.style, rest[-1].style) == ("dim", "")
    assert first.text.strip() == run.reasoning.strip()


def test_of_an_error_the_gist_is_the_summary_and_all_of_it_follows():
    error = "Traceback (most recent call last):\n  File x\nValueError: " + "no " * 100
    summary, whole = texts(Attempt(index=1, error=error), "err")
    assert summary.startswith("ValueError: no no")
    assert len(summary) == 180
    assert whole.strip() == error.strip()


def test_an_error_of_one_line_is_told_once():
    assert texts(Attempt(index=1, error="429"), "err") == ["429"]


def test_empty_values_say_nothing():
    node = execution(run_of("dify/chat_simple"), "start")
    assert [tab for tab in TABS if said(node, tab)] == ["meta"]


def test_a_log_entry_and_a_round():
    entry = LogEntry(id="1", label="CALL tool", status="error", error="no", data={"a": 1}, metadata={"provider": "p"})
    assert telling(entry) == "err"
    assert value(entry, "out") == {"a": 1}
    assert value(entry, "meta") == {"provider": "p"}
    turn = execution(run_of("dify/wf_iter_fail_seq_continue-on-error"), "it").rounds[1]
    assert telling(turn) == "err"
    assert fields(turn)["inside"]


def test_a_form_never_shows_its_token():
    run = run_of("dify/wf_human_1_paused")
    (form,) = run.forms
    told = "".join(str(said(form, tab)) for tab in TABS)
    assert form.token
    assert form.token not in told
    assert fields(form)["token"] == HIDDEN
    assert fields(HumanInput(form_id=None, node_id="n"))["token"].startswith("none")
