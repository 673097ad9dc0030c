"""The menu of what can be copied."""

import pytest
from textual.app import App

from streamkit.cli.render.figures import counted
from tests.viewer.shown import CONTROLS, LOOK, PLAIN, SIZES, hostile, run_of, screen
from viewer.paint import Palette
from viewer.screens.yank import YankScreen
from viewer.yank import offers


class Yanking(App):
    def __init__(self, run, key, look=LOOK):
        super().__init__()
        self.told = []
        self.shown = YankScreen(Palette(), look, offers(run, key))

    def on_mount(self):
        self.push_screen(self.shown, self.told.append)


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]])
@pytest.mark.parametrize("look", [LOOK, PLAIN])
async def test_all_offers_are_in_view(size, look):
    run = run_of("dify/wf_iter_par10x4.sse")
    key = ("x", run.nodes[1].id)
    app = Yanking(run, key, look)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        found = screen(app)
        assert all(f" {number} {offer.name}" in found for number, offer in enumerate(offers(run, key), 1))
        assert look is LOOK or found.isascii()


async def test_what_is_chosen_is_copied_and_told():
    run = run_of("dify/wf_iter_par10x4.sse")
    for number, offer in enumerate(offers(run, ("run",)), 1):
        app = Yanking(run, ("run",))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(str(number))
            await pilot.pause()
            assert app.clipboard == offer.text()
        assert app.told == [f"copied {offer.name}: {counted(len(offer.text()), 'character')}"]


async def test_hostile_words_leave_no_control():
    app = Yanking(hostile(), ("x", "inner"), PLAIN)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not (CONTROLS - {"\n"}) & set(screen(app))
        await pilot.press("1")
        await pilot.pause()
        assert app.clipboard == "inner"
