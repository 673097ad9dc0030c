"""Calls of tools by an Agent, as entries of its log (protocol B.6).

Two places tell them: the outputs of the Agent (`use_tools`, v0.20 to v0.24), and the log of the run, which is asked for.
The same call has the same id in both.
"""

from collections.abc import Iterator
from typing import Final

from streamkit.dialects.ragflow.events import ToolCall
from streamkit.run import NodeExecution
from streamkit.run.payload import Json, bounded, loads
from streamkit.run.state import LogEntry

_KEY: Final = "use_tools"


def logged(component_id: str, number: int, call: ToolCall) -> LogEntry:
    """Return a call that the log of a run tells."""
    return LogEntry(
        id=_id(component_id, number),
        label=call.tool_name or "tool",
        status="start" if call.elapsed_time is None else "success",
        data=bounded({"path": call.path, "arguments": call.arguments, "result": call.result}),
        metadata={} if call.elapsed_time is None else {"elapsed_time": call.elapsed_time},
    )


def used(node: NodeExecution) -> Iterator[LogEntry]:
    """Yield the calls that the outputs of an Agent tell."""
    data = node.outputs_json
    if node.type != "Agent" or data is None or _KEY.encode() not in data:
        return
    outputs = loads(data)
    calls = outputs.get(_KEY) if isinstance(outputs, dict) else None
    for number, call in enumerate(calls if isinstance(calls, list) else ()):
        if isinstance(call, dict):
            yield _used(_id(node.node_id, number), call)


def _used(entry_id: str, call: dict[str, Json]) -> LogEntry:
    name = call.get("name")
    told = {"arguments": call.get("arguments"), "result": call.get("results")}
    return LogEntry(
        id=entry_id, label=name if isinstance(name, str) and name else "tool", status="success", data=bounded(told)
    )


def _id(component_id: str, number: int) -> str:
    return f"{component_id}#{number}"
