"""Where RAGFlow's runs come from: one POST, and nothing when that breaks off."""

import pytest

from streamkit import Run
from streamkit.clients.operation import Call
from streamkit.clients.ragflow.runs import RAGFlowRun

CALL = Call("POST", "/run")


class Server:
    def __init__(self):
        self.asked = []

    async def open_body(self, call):
        self.asked.append(call)
        return "body"

    async def stop(self, task_id):
        self.asked.append(task_id)


async def request():
    return CALL


def named():
    run = Run("ragflow")
    run.identify(task_id="t")
    return run


async def test_a_run_begins_with_its_request():
    server = Server()
    assert await RAGFlowRun(server, request, can_stop=True).first() == "body"
    assert server.asked == [CALL]


async def test_what_breaks_off_is_not_asked_for_again():
    """To ask again would be another run (protocol A.1)."""
    origin = RAGFlowRun(Server(), request, can_stop=True)
    assert await origin.again(named()) is None
    assert await origin.verdict(named()) is None


async def test_an_agent_is_stopped_by_its_task():
    server = Server()
    await RAGFlowRun(server, request, can_stop=True).stop(named())
    assert server.asked == ["t"]
    with pytest.raises(RuntimeError, match="not named"):
        await RAGFlowRun(server, request, can_stop=True).stop(Run("ragflow"))


async def test_a_chat_cannot_be_stopped():
    with pytest.raises(RuntimeError, match="no way to stop a chat"):
        await RAGFlowRun(Server(), request, can_stop=False).stop(named())
