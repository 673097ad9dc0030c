"""Figures of all executions of a node, or of a model, over the whole screen."""

import pytest

from tests.viewer.over import obeyed, rows, shown, text
from tests.viewer.shown import LOOK, PLAIN, SIZES, hostile, run_of
from viewer.items import last_moment
from viewer.paint import Palette
from viewer.screens.groups import GroupsScreen
from viewer.views import GROUPS


def screen(run, look=LOOK):
    return GroupsScreen(Palette(), look, run, last_moment(run))


async def test_every_node_has_a_line_and_w_turns_to_models_and_back():
    run = run_of("dify/wf_iter_fail_par_continue.sse")
    async with shown(screen(run), (100, 20)) as pilot:
        await pilot.pause()
        by_node = text(pilot)
        for group in GROUPS["by node"](run.executions.values(), last_moment(run)):
            (line,) = [row for row in rows(pilot) if row.split("  ")[0].strip() == group.name]
            assert str(group.executions) in line.split()
        await pilot.press("w")
        await pilot.pause()
        assert text(pilot) != by_node
        await pilot.press("w")
        await pilot.pause()
        assert text(pilot) == by_node


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_it_goes_back(key):
    async with shown(screen(run_of("dify/chat_simple.sse"))) as pilot:
        over = pilot.app.screen
        await pilot.press(key)
        await pilot.pause()
        assert pilot.app.screen is not over


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", [LOOK, PLAIN])
async def test_hostile_names_do_no_harm(size, look):
    async with shown(screen(hostile(), look), size) as pilot:
        await pilot.pause()
        assert not obeyed(text(pilot))
        assert look is LOOK or text(pilot).isascii()
