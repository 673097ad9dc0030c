"""Fields that come and go with versions; that all others are as recorded is shown by whole streams."""

import json

import pytest

from streamkit.testing import DifyStream
from streamkit.testing.dify.frames import NOTHING, Spent, spent
from streamkit.testing.dify.script import Model


def payload(version, event, mode="workflow"):
    body = DifyStream(version, mode).start().llm("hi", tokens=3).finish().bytes()
    frames = (json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: "))
    found = [frame for frame in frames if frame["event"] == event][-1]
    return found.get("data", found)


SINCE = [
    ("workflow_started", "reason", "1.13"),
    ("node_started", "loop_id", "1.1"),
    ("node_started", "agent_strategy", "1.0"),
    ("node_started", "inputs_truncated", "1.9"),
    ("node_finished", "outputs_truncated", "1.9"),
    ("workflow_finished", "exceptions_count", "0.14"),
]
UNTIL = [
    ("workflow_started", "sequence_number", "1.4"),
    ("workflow_finished", "sequence_number", "1.4"),
    ("node_started", "parallel_id", "1.8"),
    ("node_started", "parallel_run_id", "1.8"),
    ("node_finished", "parent_parallel_start_node_id", "1.8"),
]


def before(version):
    major, minor = map(int, version.split("."))
    return f"{major}.{minor - 1}" if minor else "0.15"


def after(version):
    major, minor = map(int, version.split("."))
    return f"{major}.{minor + 1}"


@pytest.mark.parametrize(("event", "field", "version"), SINCE)
def test_a_field_that_came(event, field, version):
    assert field in payload(version, event)
    assert field not in payload(before(version), event)


@pytest.mark.parametrize(("event", "field", "version"), UNTIL)
def test_a_field_that_went(event, field, version):
    assert field in payload(version, event)
    assert field not in payload(after(version), event)


def test_the_engine_of_threads_says_what_was_before():
    old, new = payload("1.8", "node_finished"), payload("1.9", "node_finished")
    assert (old["index"], old["predecessor_node_id"]) == (3, "llm")
    assert (new["index"], new["predecessor_node_id"]) == (1, None)


def test_usage_tells_of_the_first_token_since_1_10():
    assert "time_to_first_token" in payload("1.10", "message_end", "chatflow")["metadata"]["usage"]
    assert "time_to_first_token" not in payload("1.9", "message_end", "chatflow")["metadata"]["usage"]


def test_tokens_are_shared_out_and_added_up():
    assert spent(Model("m", (), 3, "")) == Spent(1, 2)
    assert Spent(1, 2) + Spent(3, 4) == Spent(4, 6)
    assert (NOTHING.total, str(Spent(15, 30).cost)) == (0, "0.0003375")
