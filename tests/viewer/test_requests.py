"""What keys do to runs that were asked for, on a screen, with the replay server behind it."""

from contextlib import asynccontextmanager

import anyio
import pytest
from textual.widgets import Input

from streamkit.errors import DifyError
from tests.viewer.program import shown
from tests.viewer.test_requested import APPROVED, STALLS, quick, serving, source_of
from tests.viewer.test_sources import beside, until
from viewer import requested
from viewer.screens.diff import DiffScreen
from viewer.stream import Watch

__all__ = ["quick"]
EARLY = 1_000_000_000.0
"""Before the forms of recordings expire."""


@asynccontextmanager
async def viewed(server, **how):
    """A viewer of an app that was asked."""
    found = Watch()
    source = source_of(server, **how)
    try:
        async with beside(source, found):
            await until(lambda: found.runs)
            async with shown(watching=found, wall=EARLY) as viewer:
                yield viewer, source
    finally:
        found.close()


async def settled(viewer, condition):
    with anyio.fail_after(60):
        while True:
            await viewer.settle()
            if condition():
                return
            await anyio.sleep(0.002)


async def test_the_form_submits_and_the_run_goes_on():
    async with serving(*APPROVED) as server, viewed(server) as (viewer, _):
        await settled(viewer, lambda: "paused" in viewer.rows[0])
        assert "1/2" not in viewer.rows[0]
        await viewer.press("a")
        await viewer.press("f", "i", "n", "e")
        await viewer.press("alt+a")
        await settled(viewer, lambda: "succeeded" in viewer.rows[0])
        assert len(viewer.app.session.runs) == 1
        sent = next(one.body for one in server.requests if one.method == "POST" and "form" in one.path)
        assert sent == {"inputs": {"comment": "finenone"}, "action": "approve", "user": "streamkit"}


async def test_x_stops_the_run():
    async with serving("wf_iter_seq5") as server:
        server.play("wf_iter_seq5", faults=[STALLS])
        async with viewed(server) as (viewer, source):
            await settled(viewer, lambda: "Work" in viewer.text)
            await viewer.press("X")
            assert "stop the run on the server? (y/n)" in viewer.text
            await viewer.write("n")
            assert not [one for one in server.requests if one.path.endswith("/stop")]
            await viewer.press("X")
            await viewer.write("y")
            await settled(viewer, lambda: "stopped" in viewer.rows[0])
            await until(lambda: not source.requests[0].goes_on)
            await viewer.press("X")
            assert "over" in viewer.hints


async def test_a_stop_that_fails_is_told(monkeypatch):
    async def refuse(self):
        raise DifyError("not_found", 404, "no such task")

    monkeypatch.setattr(requested.Requested, "stop", refuse)
    async with serving("wf_iter_seq5") as server:
        server.play("wf_iter_seq5", faults=[STALLS])
        async with viewed(server) as (viewer, _):
            await viewer.press("X")
            await viewer.write("y")
            await settled(viewer, lambda: "not stopped" in viewer.hints)
            assert "no such task" in viewer.hints


async def test_r_asks_again_and_shows_what_differs():
    async with serving("wf_iter_seq5") as server, viewed(server) as (viewer, source):
        await until(lambda: not source.requests[0].goes_on)
        await viewer.press("R")
        await settled(viewer, lambda: len(viewer.app.screen_stack) == 2)
        assert isinstance(viewer.app.screen, DiffScreen)
        old, new = viewer.app.session.runs
        assert (viewer.app.session.marked, viewer.app.session.chosen) == (old, new)
        await viewer.press("escape")
        assert "2/2" in viewer.rows[0]


async def test_it_is_asked_again_with_other_inputs():
    async with serving("wf_iter_seq5") as server, viewed(server) as (viewer, source):
        await until(lambda: not source.requests[0].goes_on)
        await viewer.press("ctrl+r")
        typed = viewer.app.screen.query_one(Input)
        assert typed.value == '{"query":null,"inputs":{"topic":"tea"}}'
        typed.value = "{"
        await viewer.press("enter")
        assert viewer.app.screen is typed.screen, "it is no JSON"
        typed.value = '{"inputs":{"topic":"coffee"}}'
        await viewer.settle()
        await viewer.press("enter")
        await settled(viewer, lambda: len(source.requests) == 2 and not source.requests[1].goes_on)
        assert server.requests[-1].body["inputs"] == {"topic": "coffee"}


async def test_who_looks_elsewhere_meanwhile_is_told_that_it_is_over():
    async with serving("wf_iter_seq5") as server, viewed(server) as (viewer, source):
        await until(lambda: not source.requests[0].goes_on)
        server.play("wf_iter_seq5", faults=[STALLS])
        await viewer.press("R")
        await settled(viewer, lambda: viewer.app.session.chosen is not viewer.app.session.runs[0])
        await viewer.press("{")
        await viewer.app.session.runs[1].request.stop()
        await settled(viewer, lambda: "is over" in viewer.hints)


async def test_recordings_are_not_asked_again():
    async with shown("dify/chat_simple") as viewer:
        for key in ("X", "R", "ctrl+r"):
            await viewer.press(key)
            assert "a recording" in viewer.hints


@pytest.mark.parametrize(("answer", "stops"), [("y", True), ("n", False)])
async def test_to_leave_a_run_that_goes_on_offers_to_stop_it(answer, stops):
    async with serving("wf_iter_seq5") as server:
        server.play("wf_iter_seq5", faults=[STALLS])
        async with viewed(server) as (viewer, _):
            await settled(viewer, lambda: "Work" in viewer.text)
            await viewer.press("q")
            assert not viewer.app._exit
            await viewer.press("escape")
            await viewer.press("q")
            await viewer.press(answer)
            await viewer.send("enter")
            await until(lambda: viewer.app._exit)
        assert any("/stop" in one.path for one in server.requests) is stops


async def test_a_run_that_waits_is_left_without_a_question():
    async with serving(*APPROVED) as server, viewed(server) as (viewer, _):
        await settled(viewer, lambda: "paused" in viewer.rows[0])
        await viewer.send("q")
        await until(lambda: viewer.app._exit)


async def test_what_cannot_be_asked_again_is_told_and_compared_with_nothing():
    async with serving("wf_iter_seq5") as server, viewed(server) as (viewer, source):
        await until(lambda: source.requests[0].over.is_set())
        server.play("wf_iter_seq5", faults=["status=500"])
        await viewer.press("R")
        await settled(viewer, lambda: len(viewer.app.session.runs) == 2)
        await until(lambda: source.requests[1].over.is_set())
        await viewer.settle()
        assert "HTTP 500" in viewer.rows[0]
        assert len(viewer.app.screen_stack) == 1
