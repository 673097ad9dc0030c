"""Where RAGFlow's runs come from: one POST, and nothing when that breaks off."""

import pytest

from streamkit import Run, Tap
from streamkit.clients.operation import Call
from streamkit.clients.ragflow.answers import AgentLog, ToolCall
from streamkit.clients.ragflow.runs import RAGFlowRun
from streamkit.errors import RAGFlowError

CALL = Call("POST", "/run")


class Server:
    def __init__(self, logs=()):
        self.asked = []
        self.logs = logs

    async def open_body(self, call):
        self.asked.append(call)
        return "body"

    async def stop(self, task_id):
        self.asked.append(task_id)

    async def agent_logs(self, agent_id, message_id):
        self.asked.append((agent_id, message_id))
        if self.logs is None:
            raise RAGFlowError("404", 404, "Not Found")
        return self.logs


async def request():
    return CALL


def named():
    run = Run("ragflow")
    run.identify(task_id="t")
    return run


async def test_a_run_begins_with_its_request():
    server = Server()
    assert await RAGFlowRun(server, request, agent="a").first() == "body"
    assert server.asked == [CALL]


async def test_what_breaks_off_is_not_asked_for_again():
    """To ask again would be another run (protocol A.1)."""
    origin = RAGFlowRun(Server(), request, agent="a")
    assert await origin.again(named()) is None
    assert await origin.verdict(named()) is None


async def test_an_agent_is_stopped_by_its_task():
    server = Server()
    await RAGFlowRun(server, request, agent="a").stop(named())
    assert server.asked == ["t"]
    with pytest.raises(RuntimeError, match="not named"):
        await RAGFlowRun(server, request, agent="a").stop(Run("ragflow"))


async def test_a_chat_cannot_be_stopped():
    with pytest.raises(RuntimeError, match="no way to stop a chat"):
        await RAGFlowRun(Server(), request).stop(named())


# ---- what tools did

AGENT = (
    b'data:{"event":"node_started","message_id":"m","task_id":"t","session_id":"s","created_at":1,'
    b'"data":{"component_id":"Agent:A","component_name":"A","component_type":"Agent"}}\n\n'
)


def with_an_agent():
    tap = Tap("ragflow")
    tap.feed(AGENT)
    return tap


async def test_what_tools_did_is_told_as_a_frame_and_once():
    server = Server((AgentLog(component_id="Agent:A", trace=(ToolCall(tool_name="search", elapsed_time=0.5),)),))
    origin, tap = RAGFlowRun(server, request, agent="a", tool_calls=True), with_an_agent()
    tap.feed(await origin.aside(tap.run))
    assert [log.label for log in tap.run.nodes[0].logs] == ["search"]
    assert await origin.aside(tap.run) == b""
    assert server.asked == [("a", "m")] * 2


async def test_a_run_without_an_agent_in_it_is_not_asked_about():
    server = Server()
    assert await RAGFlowRun(server, request, agent="a", tool_calls=True).aside(named()) == b""
    assert server.asked == []


async def test_a_server_that_has_no_log_is_asked_once():
    origin = RAGFlowRun(Server(None), request, agent="a", tool_calls=True)
    assert origin.aside_every == 3
    with pytest.raises(RAGFlowError):
        await origin.aside(with_an_agent().run)
    assert origin.aside_every is None


def test_nobody_is_asked_who_was_not_to_be():
    assert RAGFlowRun(Server(), request, agent="a").aside_every is None
    assert RAGFlowRun(Server(), request, tool_calls=True).aside_every is None
