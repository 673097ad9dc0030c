"""JSON with filler for its texts: what is structure, and what people wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording.structure import scrub_json


def of(value):
    return json.loads(scrub_json(json.dumps(value).encode()))


@pytest.mark.parametrize(
    "value",
    [
        {"event": "node_finished", "task_id": "t-1", "data": {"id": "x1", "node_id": "n1", "node_type": "llm"}},
        {"data": {"title": "Look it up", "status": "failed", "index": 3, "elapsed_time": 1.5, "error": None}},
        {"data": {"label": "ROUND 1", "metadata": {"provider": "openai", "currency": "USD", "total_price": "0.0012"}}},
        {"choices": [{"delta": {"role": "assistant"}, "finish_reason": "stop"}], "object": "chat.completion.chunk"},
        {"function": {"name": "look_it_up"}, "model": "Large Model 2", "created_at": "2026-11-22T09:30:00Z"},
        {"data": {"from_variable_selector": ["llm", "text"], "paused_nodes": ["ask"], "outputs": None}},
        {
            "inputs": [{"type": "paragraph", "output_variable_name": "why"}],
            "outputs": {"model_provider": "a/b/c", "n": [1, True]},
        },
        {"form_token": "REDACTED12abxxxxxxxxxx", "inputs": {"key": "REDACTED12ab"}},
    ],
)
def test_structure_stays(value):
    assert of(value) == value


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({"answer": "Ana is 30"}, {"answer": "Xxx xx 11"}),
        ({"data": {"error": "no Ana"}}, {"data": {"error": "xx Xxx"}}),
        ({"nobody_knows": ["Ana", {"id": "Ana"}]}, {"nobody_knows": ["Xxx", {"id": "Ana"}]}),
        ({"inputs": {"id": "Ana", "status": "Ana", "type": "Ana", "title": "Ana"}}, {"inputs": {"id": "Xxx", "status": "Xxx", "type": "Xxx", "title": "Xxx"}}),
        ({"outputs": "Ana"}, {"outputs": "Xxx"}),
        ({"outputs": [["Ana"]]}, {"outputs": [["Xxx"]]}),
        ({"data": {"data": {"id": "Ana"}}}, {"data": {"data": {"id": "Xxx"}}}),
        ({"data": {"id": "x1"}}, {"data": {"id": "x1"}}),
        ({"status": "I am Ana", "id": "two words"}, {"status": "X xx Xxx", "id": "xxx xxxxx"}),  # a word is one word
        ({"user": "ana@host", "user_id": "ana", "name": "Ana"}, {"user": "xxx@xxxx", "user_id": "xxx", "name": "Xxx"}),
        ({"tool_input": '{"q": "Ana"}'}, {"tool_input": '{"q": "Xxx"}'}),
        (["Ana"], ["Xxx"]),
        ("Ana", "Xxx"),
    ],
)  # fmt: skip
def test_text_of_people_is_filled(value, filled):
    assert of(value) == filled


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda some: st.lists(some) | st.dictionaries(st.text() | st.sampled_from(["id", "inputs", "data"]), some),
    )
)
def test_any_json_keeps_its_shape(value):
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    scrubbed_data = scrub_json(data)
    assert len(scrubbed_data) == len(data)
    assert shape(json.loads(scrubbed_data.decode("utf-8", "surrogatepass"))) == shape(value)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return len(value) if isinstance(value, str) else repr(value)
