"""A run that is stopped ends as its server ends it; folded, it is a stopped run."""

import pytest

from streamkit import Tap
from streamkit.recording import Recording
from streamkit.replay.library import Take
from streamkit.replay.stopping import stopped as stopped_at_once
from streamkit.replay.stopping import terminal_of
from tests.unit.replay.serving import FIXTURES, frame, recorded


def take(path):
    return Take(Recording.load(FIXTURES / path), "x")


def stopped(path, frames):
    """The run of a body that is stopped after so many frames."""
    one = take(path)
    terminal = terminal_of(one)
    assert terminal is not None
    tap = Tap("auto")
    tap.feed(one.body[: one.frames[frames].start] + terminal)
    tap.close()
    return tap.run


@pytest.mark.parametrize("path", ["dify/wf_iter_seq5.sse", "dify/chat_simple.sse", "dify/wf_human_1_paused.sse"])
def test_a_workflow_is_told_to_be_stopped(path):
    run = stopped(path, 3)
    assert (run.status, run.error.message, run.id) == ("stopped", "Stopped by user.", take(path).run.id)
    assert "foreign-run" not in run.anomaly_counts


@pytest.mark.parametrize(
    "path", ["dify/chat_app_plain.sse", "dify/agent_chat_react_tool.sse", "dify/completion_plain.sse"]
)
def test_a_chat_ends_as_if_all_was_well_but_spent_nothing(path):
    run = stopped(path, 3)
    assert (run.status, run.usage.total_tokens) == ("succeeded", 0)


def test_a_chat_whose_end_was_not_recorded_ends_too():
    body = frame("message", task_id="t", message_id="m", conversation_id="c", id="m", answer="hi")
    terminal = terminal_of(Take(recorded(body), "x"))
    assert terminal is not None
    assert b'"event":"message_end"' in terminal
    assert b"answer" not in terminal


def test_a_run_may_be_stopped_at_once():
    run = stopped_at_once(take("dify/wf_iter_seq5.sse")).run
    assert (run.status, run.inputs) == ("stopped", take("dify/wf_iter_seq5.sse").run.inputs)


def test_an_agent_of_ragflow_says_that_it_was_cancelled():
    run = stopped("ragflow/simple_message.sse", 4)
    assert (run.status, run.error.code) == ("stopped", "500")


def test_an_agent_without_a_terminator_gets_none():
    terminal = terminal_of(take("ragflow/protocol/08_agent_v0200_full_event_stream_no_terminator.sse"))
    assert terminal is not None
    assert b"[DONE]" not in terminal


@pytest.mark.parametrize(
    "path",
    [
        "dify/wf_stopped.sse",
        "dify/june26_wf_stopped.sse",  # which calls it failed
        "dify/chat_stopped_midstream.sse",
        "dify/chat_app_stopped_midstream.sse",
        "dify/completion_stopped.sse",
        "dify/agent_chat_stopped_midstream.sse",
        "ragflow/cancel_mid_stream.sse",
        "ragflow/chat_kb_delta_final_reference.sse",
        "openai/openai_compatible.sse",
        "dify/protocol/17_worker_setup_error_then_pings_until_idle.sse",
    ],
)
def test_what_was_stopped_when_it_was_recorded_or_cannot_be_goes_on_as_recorded(path):
    assert terminal_of(take(path)) is None
