"""JSON for people: a value a line, and never much longer than it was."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.cli.indented import indented

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('[]{}\\",: \u6f22', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}\\"', max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_the_same_value_with_a_value_a_line(value):
    data = msgspec.json.encode(value)
    assert json.loads(indented(data)) == value
    assert indented(data) == msgspec.json.format(data, indent=2)


@pytest.mark.parametrize("depth", [201, 600, 9_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"]":', b"}]")])
def test_what_is_nested_too_deeply_stays_as_it_is(depth, opening, closing):
    assert indented(opening * depth + b"1" + closing * depth) is None


def test_brackets_in_strings_are_no_depth():
    data = msgspec.json.encode({"a": "[" * 100_000, "b\\": '"]["' * 100_000, "c": '\\"['})
    assert indented(data) == msgspec.json.format(data, indent=2)


def test_blanks_may_not_be_most_of_it():
    """Deep, and very many values there: each would stand behind 300 blanks."""
    data = b"[" * 150 + b",".join([b"1"] * 1_000_000) + b"]" * 150
    assert indented(data) is None


def test_a_run_is_indented():
    nodes = [{"id": f"n{number}", "status": "succeeded", "inputs": {"a": [1, {"b": 2}]}} for number in range(10_000)]
    data = msgspec.json.encode({"run": {"nodes": nodes}})
    assert indented(data) == msgspec.json.format(data, indent=2)


@pytest.mark.parametrize("data", [b"", b"{", b"]", b"no", b'{"a":}', b'"\\'])
def test_what_is_no_json_stays_as_it_is(data):
    assert indented(data) is None


@pytest.mark.parametrize("depth", [300, 900])
def test_a_deep_payload_does_not_blow_up_the_state(cli, tmp_path, depth):
    deep = b"[" * depth + b"1" + b"]" * depth
    body = tmp_path / "deep.sse"
    frames = (
        b'{"event":"workflow_started","workflow_run_id":"r","task_id":"t","data":{"id":"r","inputs":{"a":%b}}}' % deep,
        b'{"event":"workflow_finished","workflow_run_id":"r","task_id":"t","data":{"id":"r","status":"succeeded"}}',
    )
    body.write_bytes(b"".join(b"data: %b\n\n" % frame for frame in frames))
    out = cli("inspect", "--json", str(body)).output
    assert len(out) < 10_000
    assert '"status":"succeeded"' in out
