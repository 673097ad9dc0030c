"""How runs begin and end, version by version."""

import re

import pytest

from streamkit.testing import DifyStream
from tests.unit.testing.reality import run_of


def events(stream):
    return re.findall(rb'(?:"event": ?"|event: )(\w+)', stream.bytes())


@pytest.mark.parametrize(("version", "expected"), [("1.12", b"workflow_started"), ("1.13", b"ping")])
def test_a_relay_opens_with_a_ping(version, expected):
    assert events(DifyStream(version).start())[0] == expected


ENDS = [
    (
        "1.8",
        [b"workflow_finished", b"message_end"],
        [b"workflow_finished", b"error"],
        [b"workflow_finished", b"message_end"],
    ),
    (
        "1.12",
        [b"message_end", b"workflow_finished"],
        [b"workflow_finished", b"error"],
        [b"message_end", b"workflow_finished"],
    ),
    ("1.14", [b"message_end", b"workflow_finished"], [b"workflow_finished"], [b"workflow_finished"]),
]


@pytest.mark.parametrize(("version", "finished", "failed", "stopped"), ENDS)
def test_how_a_chatflow_ends(version, finished, failed, stopped):
    begun = DifyStream(version).start().llm("hi", tokens=3)
    assert events(begun.finish())[-2:] == finished
    assert [word for word in events(begun.fail("429")) if word in (b"workflow_finished", b"error")] == failed
    assert [word for word in events(begun.stop()) if word in (b"workflow_finished", b"message_end")] == stopped
    assert [run_of(end).status for end in (begun.finish(), begun.fail("429"), begun.stop())] == [
        "succeeded",
        "failed",
        "stopped",
    ]


def test_the_answer_of_a_chatflow_is_all_that_was_said():
    state = run_of(DifyStream().start(query="Hi?").llm("one ").llm("two", title="More").finish({"more": 1}))
    assert (state.mode, state.text) == ("chatflow", "one two")
    assert state.outputs == {"answer": "one two", "files": [], "more": 1}
    assert state.inputs["sys.query"] == "Hi?"


@pytest.mark.parametrize(
    ("outputs", "expected"), [(None, {"text": "said"}), ({}, {}), ({"answer": 42}, {"answer": 42})]
)
def test_a_workflow_puts_out_its_text_unless_it_is_told_otherwise(outputs, expected):
    state = run_of(DifyStream(mode="workflow").start().llm("said").finish(outputs))
    assert (state.mode, state.outputs, state.nodes[-1].outputs) == ("workflow", expected, expected)


@pytest.mark.parametrize("mode", ["chatflow", "workflow"])
def test_a_run_that_never_began(mode):
    state = run_of(DifyStream(mode=mode).fail("Provider gone"))
    assert (state.status, state.nodes, state.error.message) == ("failed", (), "Provider gone")
    assert (state.error.code, state.error.status) == ("invalid_param", 400)


def test_what_was_retrieved_stands_at_the_end_of_the_message():
    state = run_of(DifyStream().start().llm("x").finish(citations=[{"content": "a"}, {"content": "b"}]))
    assert [(found["position"], found["content"]) for found in state.citations] == [(1, "a"), (2, "b")]


def test_tokens_of_all_bodies_are_summed_up():
    begun = DifyStream().start().llm("a", tokens=3).human_input()
    state = run_of(begun.resume().llm("b", tokens=4, title="Second").finish())
    assert (state.total_tokens, state.leaf_tokens) == (7, 7)


def test_a_graph_has_no_thoughts():
    with pytest.raises(TypeError, match="a graph has no thought"):
        DifyStream().start().thought(tool="x").bytes()


def test_a_stream_without_an_end_is_one_that_broke_off():
    assert run_of(DifyStream().start().llm("hi")).status == "interrupted"
    assert DifyStream().bytes() == b""
