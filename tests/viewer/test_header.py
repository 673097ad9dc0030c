"""The lines around the panes."""

import pytest

from tests.viewer.program import body, opened, shown
from viewer import header
from viewer.stream import Watch

ROUNDS = "dify/wf_iter_fail_par_continue"
FORM = "dify/wf_human_1_paused"


async def test_the_first_line_says_what_runs_and_how_it_stands():
    async with shown(ROUNDS) as viewer:
        first = viewer.rows[0]
        for word in ("dify", "wf_iter_fail_par_continue.sse", "901b5ce4", "✓ succeeded", "END", "✗2"):
            assert word in first


async def test_the_first_line_says_that_a_form_waits():
    async with shown(FORM) as viewer:
        assert "‖1" in viewer.rows[0]


async def test_a_live_run_is_called_live_and_says_that_it_is_followed():
    found = Watch()
    opened(found, clock=lambda: 3.0).feed(body(ROUNDS)[:4000])
    async with shown(watching=found) as viewer:
        assert "LIVE" in viewer.rows[0]
        assert "FOLLOW" in viewer.rows[0]
        await viewer.press("k")
        assert "FOLLOW" not in viewer.rows[0]


@pytest.mark.parametrize(("goes_on", "told"), [(True, "waiting for a run"), (False, "no run")])
async def test_without_a_run_it_says_whether_one_may_come(goes_on, told):
    async with shown(watching=Watch()) as viewer:
        viewer.app.watching_goes_on = goes_on
        await viewer.settle()
        assert told in viewer.rows[0]


async def test_without_a_run_it_says_where_one_is_waited_for():
    async with shown(watching=Watch()) as viewer:
        viewer.app.watching_goes_on = True
        viewer.app.watching.place = "http://127.0.0.1:8400\x1b[0m"
        await viewer.settle()
        assert "waiting for a run at http://127.0.0.1:8400" in viewer.rows[0]
        assert "\x1b" not in viewer.rows[0]


@pytest.mark.untraced
@pytest.mark.parametrize("width", [30, 50, 80, 100, 140])
async def test_the_last_line_leads_to_all_keys_however_narrow_it_is(width):
    async with shown(ROUNDS, size=(width, 24)) as viewer:
        for pane in "123456":
            await viewer.press(pane)
            assert "? keys" in viewer.hints, pane


async def test_a_message_stands_in_the_last_line_until_the_next_key():
    async with shown(ROUNDS) as viewer:
        await viewer.press("r")
        assert viewer.hints == " nothing runs"
        await viewer.press("j")
        assert "? keys" in viewer.hints


async def test_a_path_says_where_a_row_stands():
    async with shown(ROUNDS) as viewer:
        tree = viewer.app.run_tree
        tree.choose(("r", "it#0", 1))
        assert header.path(tree.chosen, viewer.app.session.tree) == "For each item > round 1"
        await viewer.press("g")
        assert header.path(tree.chosen, viewer.app.session.tree) == "workflow"
