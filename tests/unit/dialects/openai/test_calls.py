"""Tool calls, joined from their fragments: each one is an execution."""

import pytest

from .streams import (
    anomalies,
    answer,
    call,
    calls,
    chunk,
    completion,
    cut_off,
    document,
    ended,
    folded,
    fragment,
    frame,
    live,
    message,
    said,
    sse,
)

WEATHER = [
    call("", id="call_1", name="get_weather"),
    call('{"ci'),
    call('ty": "Oslo'),
    call('"}'),
]


def test_fragments_of_one_index_are_one_call():
    run = completion(WEATHER, ended("tool_calls"))
    assert calls(run) == [("call_1", "get_weather", "succeeded", {"city": "Oslo"})]
    (node,) = run.nodes
    assert (node.node_id, node.type, node.outputs, node.text) == ("call_1", "tool", None, "")
    assert (run.status, run.text, anomalies(run)) == ("succeeded", "", [])


def test_calls_side_by_side_are_told_apart_by_their_index():
    run = completion(
        call("", index=0, id="a", name="f"),
        call("", index=1, id="b", name="g"),
        call('{"x":', index=0),
        call("[]", index=1),
        call("1}", index=0),
        ended("tool_calls"),
    )
    assert calls(run) == [("a", "f", "succeeded", {"x": 1}), ("b", "g", "succeeded", [])]


def test_several_fragments_may_come_in_one_chunk():
    run = completion(
        chunk(tool_calls=[fragment("{}", index=None, id="a", name="f"), fragment("{}", index=None, id="b", name="g")]),
        ended("tool_calls"),
    )
    assert [node[0] for node in calls(run)] == ["a", "b"]


def test_another_id_at_the_same_index_is_another_call():
    """Google's servers give every call index 0, each whole."""
    run = completion(call("{}", id="a", name="f"), call('{"x":1}', id="b", name="f"), ended("stop"))
    assert calls(run) == [("a", "f", "succeeded", {}), ("b", "f", "succeeded", {"x": 1})]


@pytest.mark.parametrize("repeated", ["call_1", "", None])
def test_an_id_that_comes_again_or_not_at_all_continues_the_call(repeated):
    run = completion(call("[", id="call_1", name="f"), call("1]", id=repeated), ended("tool_calls"))
    assert calls(run) == [("call_1", "f", "succeeded", [1])]


def test_an_id_that_comes_late_is_remembered_and_renames_nothing():
    """Ids of executions are stable; a third fragment with that id is of the same call."""
    run = completion(call("[", name="f"), call("1", id="late"), call("]", id="late"), ended("tool_calls"))
    assert calls(run) == [("call:0", "f", "succeeded", [1])]
    assert run.nodes[0].node_id == "0"


def test_after_an_id_that_came_late_another_one_is_another_call():
    run = completion(call("1", name="f"), call(id="late"), call("2", id="other", name="g"), ended("tool_calls"))
    assert calls(run) == [("call:0", "f", "succeeded", 1), ("other", "g", "succeeded", 2)]


def test_an_id_that_two_calls_have_is_not_lost():
    run = completion(
        call("1", index=0, id="x", name="f"),
        call("2", index=1, id="x", name="g"),
        call("3", index=2, id="x#1", name="h"),
        ended("tool_calls"),
    )
    assert [(node.id, node.node_id, node.inputs) for node in run.nodes] == [
        ("x", "x", 1),
        ("x#1", "x", 2),
        ("x#1#2", "x#1", 3),
    ]


def test_the_one_call_of_the_old_api():
    run = completion(
        chunk(function_call={"name": "f", "arguments": ""}),
        chunk(function_call={"arguments": '{"x": 1}'}),
        ended("function_call"),
    )
    assert calls(run) == [("call:function", "f", "succeeded", {"x": 1})]


def test_a_custom_tool_takes_free_text():
    custom = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "shell", "input": "ls -"}}
    more = {"index": 0, "custom": {"input": "l"}}
    run = completion(chunk(tool_calls=[custom]), chunk(tool_calls=[more]), ended("tool_calls"))
    assert calls(run) == [("c", "shell", "succeeded", "ls -l")]


# ---- names


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["get_weather", None], "get_weather"),
        (["get_weather", ""], "get_weather"),
        (["get_weather", "get_weather"], "get_weather"),
        (["get_", "weather"], "get_weather"),
        ([None, "f"], "f"),
        ([None, None], ""),
        (["f" * 200, "g" * 200, "h"], "f" * 200 + "g" * 56),
    ],
)
def test_a_name_comes_whole_or_in_fragments(names, title):
    """Whole each time, at some servers; a name of nobody's has an end."""
    run = completion([call("", id="c", name=name) for name in names])
    assert run.nodes[0].title == title


# ---- arguments


@pytest.mark.parametrize(
    ("arguments", "inputs"),
    [
        ([' {"a": 1,\n "b": [2]}\n'], {"a": 1, "b": [2]}),
        ([{"a": 1}], {"a": 1}),
        ([{"a": 1}, None], {"a": 1}),
        (["{}"], {}),
        (["null"], None),
        ([""], None),
        ([" ", "\n"], None),
        ([None], None),
        (['{"a": ', "1"], '{"a": 1'),
        (['{"a": NaN}'], '{"a": NaN}'),
        (['{"a": 1e999}'], '{"a": 1e999}'),
        (["[" * 50_000 + "]" * 50_000], "[" * 50_000 + "]" * 50_000),
        (["ls -l"], "ls -l"),
        (["25"], 25),
    ],
)
def test_arguments_are_json_or_the_text_that_they_are(arguments, inputs):
    """A few servers send an object in place of its text; what was cut off stays readable."""
    run = completion([call(piece, id="c", name="f") for piece in arguments], ended("tool_calls"))
    assert run.nodes[0].inputs == inputs
    assert b"\n" not in (run.nodes[0].inputs_json or b""), "a run of several is printed in one line"


def test_arguments_are_told_when_they_are_whole():
    """Joined after every fragment, they would cost the square of their length."""
    run = live(call('{"x": 1}', id="c", name="f"))
    assert calls(run) == [("c", "f", "running", None)]
    run = live(call('{"x": 1}', id="c", name="f"), ended("tool_calls"))
    assert calls(run) == [("c", "f", "succeeded", {"x": 1})]


def test_arguments_after_the_end_of_their_choice_are_told_at_the_end_of_the_body():
    run = completion(call("[1", id="c", name="f"), ended("tool_calls"), call(",2]"), call("{}", index=1, id="d"))
    assert calls(run) == [("c", "f", "succeeded", [1, 2]), ("d", "", "unknown", {})]


# ---- how a call ends


@pytest.mark.parametrize("reason", ["tool_calls", "function_call", "stop"])
def test_a_call_has_succeeded_when_all_of_it_is_there(reason):
    assert calls(completion(call("{}", id="c", name="f"), ended(reason)))[0][2] == "succeeded"


@pytest.mark.parametrize("reason", ["length", "content_filter", "error", "cancelled", "who knows"])
def test_a_call_that_may_be_cut_off_is_unknown(reason):
    run = completion(call('{"x', id="c", name="f"), ended(reason))
    status = "stopped" if reason == "cancelled" else "unknown"
    assert calls(run) == [("c", "f", status, '{"x')]


def test_a_call_whose_choice_never_ended_is_unknown():
    assert calls(completion(call("{}", id="c", name="f"))) == [("c", "f", "unknown", {})]
    assert calls(cut_off(call("{", id="c", name="f"))) == [("c", "f", "unknown", "{")]


def test_calls_of_another_choice_end_with_it():
    run = completion(call("{}", id="a", name="f"), call("{}", id="b", name="f", choice=1), ended("tool_calls", index=1))
    assert [(node.id, node.status) for node in run.nodes] == [
        ("a", "unknown"),
        ("choice:1", "succeeded"),
        ("b", "succeeded"),
    ]


# ---- whole calls


def test_the_calls_of_a_document():
    run = document(
        answer(message(None, "tool_calls", tool_calls=[fragment('{"x":1}', index=None, id="a", name="f")])),
    )
    assert calls(run) == [("a", "f", "succeeded", {"x": 1})]


def test_a_message_so_far_holds_the_whole_call():
    told = [{"message": {"tool_calls": [fragment(text, id="a", name="f")]}} for text in ("[1", "[1,2]")]
    run = completion([frame(choice) for choice in told])
    assert calls(run) == [("a", "f", "unknown", [1, 2])]


def test_a_second_body_has_calls_of_its_own():
    run = folded(sse(call("1", name="f")), sse(said("."), call("2", name="f"), ended("tool_calls")))
    assert calls(run) == [("call:0", "f", "unknown", 1), ("call:0#1", "f", "succeeded", 2)]
