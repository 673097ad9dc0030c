"""Calls of tools, from the outputs of an Agent and from the log of a run (protocol B.6)."""

import json

import pytest

from streamkit import Run
from streamkit.dialects.ragflow.events import ToolCall
from streamkit.dialects.ragflow.tools import logged, used
from streamkit.run import LogEntry

CALL = {"name": "search", "arguments": {"q": "x"}, "results": "y"}


def entries(outputs, type="Agent"):
    run = Run("ragflow")
    node = run.open_execution("Agent:A#0", "Agent:A", type=type, title="A")
    run.describe(node, outputs=json.dumps(outputs).encode())
    return list(used(node))


def test_calls_in_the_outputs_of_an_agent_are_entries():
    assert entries({"content": "Hi", "use_tools": [CALL, {**CALL, "name": None}]}) == [
        LogEntry(id="Agent:A#0", label="search", status="success", data={"arguments": {"q": "x"}, "result": "y"}),
        LogEntry(id="Agent:A#1", label="tool", status="success", data={"arguments": {"q": "x"}, "result": "y"}),
    ]


@pytest.mark.parametrize("outputs", [None, {}, "use_tools", ["use_tools"], {"use_tools": 1}, {"use_tools": [1, None]}])
def test_what_holds_no_calls_has_no_entries(outputs):
    assert entries(outputs) == []


def test_only_agents_call_tools():
    assert entries({"use_tools": [CALL]}, type="CodeExec") == []


def test_a_call_of_the_log_of_a_run_is_the_same_entry():
    call = ToolCall(path="A-->B", tool_name="search", arguments={"q": "x"}, result="y", elapsed_time=0.5)
    assert logged("Agent:A", 0, call) == LogEntry(
        id="Agent:A#0",
        label="search",
        status="success",
        data={"path": "A-->B", "arguments": {"q": "x"}, "result": "y"},
        metadata={"elapsed_time": 0.5},
    )


def test_a_call_without_a_time_goes_on():
    assert logged("Agent:A", 1, ToolCall()).status == "start"
    assert logged("Agent:A", 1, ToolCall()).label == "tool"
