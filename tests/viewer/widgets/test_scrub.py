"""The pane to go through a run."""

import pytest

from viewer.paint import Palette
from viewer.scrub import Track
from viewer.widgets.scrub import Scrub

from .panes import LOOK, Host, screen

TRACK = Track(densities=range(9), event=50, events=90, time=20.6, duration=41.2, is_live=True)


async def test_it_shows_the_way_and_the_words():
    pane = Scrub(Palette(colour=False), LOOK)
    async with Host(pane).run_test(size=(24, 4)) as pilot:
        assert pane.caption == "Scrub"
        pane.track = TRACK
        assert pane.columns == 24 - len(" 00:00 ") - len(" 00:41.2 ")
        pane.sync()
        await pilot.pause()
        assert screen(pilot.app).splitlines() == [
            " 00:00  ▁▂▃▲▅▆█ 00:41.2",
            " LIVE +40  ▶ x1.0  at 0…",
        ]


async def test_it_is_painted_when_something_changed_only(monkeypatch):
    pane = Scrub(Palette(), LOOK)
    async with Host(pane).run_test(size=(40, 3)):
        painted = []
        monkeypatch.setattr(pane, "refresh", lambda: painted.append(pane.track.event))
        pane.sync()
        pane.track = TRACK
        pane.sync()
        pane.track = Track(densities=range(9), event=50, events=90, time=20.6, duration=41.2, is_live=True)
        pane.sync()
        assert painted == [50]


@pytest.mark.parametrize(("x", "fraction"), [(0, 0.0), (7, 0.0), (30, 1.0), (39, 1.0), (15, 0.35)])
async def test_a_click_asks_for_a_time(x, fraction):
    pane = Scrub(Palette(), LOOK)
    app = Host(pane)
    async with app.run_test(size=(40, 3)) as pilot:
        pane.track = TRACK
        pane.sync()
        await pilot.click(pane, offset=(x, 0))
        assert app.messages == [pytest.approx(fraction, abs=0.01)]


async def test_of_a_high_pane_two_lines_are_used():
    pane = Scrub(Palette(), LOOK)
    pane.styles.height = 4
    async with Host(pane).run_test(size=(40, 4)) as pilot:
        pane.sync()
        await pilot.pause()
        assert len(screen(pilot.app).splitlines()) == 2
