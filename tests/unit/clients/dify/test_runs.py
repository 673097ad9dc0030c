"""Where Dify's runs come from: what is asked when one breaks off, pauses, or is to be stopped."""

import json

import pytest

from streamkit import Run, Tap
from streamkit.clients.dify.answers import RunDetail
from streamkit.clients.dify.runs import DifyEvents, DifyRun
from streamkit.clients.operation import Call


class Server:
    def __init__(self, detail=None, *, answered=False):
        self.detail = detail
        self.answered = answered
        self.asked = []

    async def open_body(self, call):
        self.asked.append(call)
        return "body"

    async def run_detail(self, run_id):
        self.asked.append(run_id)
        return self.detail

    async def stop(self, task_id, *, user=None):
        self.asked.append((task_id, user))

    def is_answered(self, run):
        return self.answered


async def request():
    return Call("POST", "/workflows/run")


def broken(*, id="r", task_id="t"):
    run = Run("dify")
    run.identify(id=id, task_id=task_id)
    run.conclude("interrupted")
    return run


async def test_a_run_begins_with_its_request():
    server = Server()
    assert await DifyRun(server, request, "ada").first() == "body"
    assert server.asked == [Call("POST", "/workflows/run")]


async def test_a_broken_run_is_asked_for_with_its_state():
    server = Server()
    assert await DifyRun(server, request, "ada").again(broken(id="r/1")) == "body"
    assert server.asked == [Call("GET", "/workflow/r%2F1/events", {"user": "ada", "include_state_snapshot": "true"})]


async def test_a_run_without_a_workflow_is_not_asked_for():
    server = Server()
    origin = DifyRun(server, request, "ada")
    assert await origin.again(broken(id=None)) is None
    assert await origin.verdict(broken(id=None)) is None
    assert server.asked == []


@pytest.mark.parametrize(
    ("how", "query"),
    [
        ({}, {"include_state_snapshot": "true"}),
        ({"snapshot": False}, {"include_state_snapshot": "false"}),
        ({"across_pauses": True}, {"include_state_snapshot": "true", "continue_on_pause": "true"}),
    ],
)
async def test_a_run_is_joined(how, query):
    server = Server()
    await DifyEvents(server, "r", "ada", **how).first()
    assert server.asked == [Call("GET", "/workflow/r/events", {"user": "ada", **query})]


@pytest.mark.parametrize("status", ["succeeded", "failed", "stopped", "partial-succeeded"])
async def test_the_record_of_the_server_tells_how_it_ended(status):
    detail = RunDetail(
        id="r",
        status=status,
        error="why" if status == "failed" else None,
        outputs={"a": 1},
        total_tokens=7,
        elapsed_time=1.5,
    )
    run = broken()
    told = await DifyRun(Server(detail), request, "ada").verdict(run)
    assert json.loads(told.removeprefix(b"data: "))["event"] == "workflow_finished"
    tap = Tap("dify", run=run)
    tap.feed(told)
    tap.close()
    assert (run.status, run.outputs, run.total_tokens, run.elapsed_time) == (status, {"a": 1}, 7, 1.5)
    assert (run.error.message if run.error else None) == detail.error


@pytest.mark.parametrize("status", ["running", "paused", None, "waiting"])
async def test_a_run_that_is_not_over_by_the_server_s_record_has_no_verdict(status):
    assert await DifyRun(Server(RunDetail(id="r", status=status)), request, "ada").verdict(broken()) is None


async def test_a_run_is_stopped_by_its_task():
    server = Server()
    await DifyRun(server, request, "ada").stop(broken())
    assert server.asked == [("t", "ada")]
    with pytest.raises(RuntimeError, match="not named the run yet"):
        await DifyRun(server, request, "ada").stop(broken(task_id=None))


@pytest.mark.parametrize("answered", [True, False])
def test_a_pause_whose_forms_were_answered_is_none(answered):
    run = broken()
    origin = DifyRun(Server(answered=answered), request, "ada")
    assert not origin.goes_on(run)
    run.finish("paused")
    assert origin.goes_on(run) is answered
