"""Options of which one may be chosen."""

import pytest

from streamkit.cli.asking.entries import Option
from viewer.paint import Palette
from viewer.widgets.choices import Choices

from .panes import LOOK, PLAIN, Host, screen

OPTIONS = (Option("full", "full"), Option(2, "partial"), Option(None, "nothing"))


class Told(Host):
    """An app that counts what it is told."""

    def __init__(self, pane):
        super().__init__(pane)
        self.changes = 0

    def on_choices_changed(self):
        self.changes += 1


def pane_of(look=LOOK, **options):
    return Choices(Palette(colour=False), look, OPTIONS, **options)


@pytest.mark.parametrize(("look", "dot"), [(LOOK, "•"), (PLAIN, "*")])
async def test_the_chosen_one_has_a_dot_and_at_first_perhaps_none(look, dot):
    async with Told(pane_of(look)).run_test(size=(20, 3)) as pilot:
        assert screen(pilot.app).splitlines() == ["( ) full", "( ) partial", "( ) nothing"]
        assert pilot.app.pane.chosen is None
    async with Told(pane_of(look, chosen=2)).run_test(size=(20, 3)) as pilot:
        assert screen(pilot.app).splitlines()[1] == f"({dot}) partial"
        assert pilot.app.pane.chosen == 2


async def test_to_move_is_to_choose_and_to_delete_is_to_choose_none():
    pane = pane_of()
    async with Told(pane).run_test(size=(20, 3)) as pilot:
        pane.focus()
        seen = []
        for key in ("down", "space", "up", "delete", "backspace", "up"):
            await pilot.press(key)
            seen.append(pane.chosen)
        assert seen == ["full", 2, "full", None, None, "full"]
        assert pilot.app.changes == 6


async def test_a_click_chooses():
    pane = pane_of()
    async with Told(pane).run_test(size=(20, 6)) as pilot:
        await pilot.click(offset=(2, 1))
        assert (pane.chosen, pilot.app.changes) == (2, 1)


def test_a_value_that_is_not_offered_is_not_chosen():
    assert pane_of(chosen="other").cursor is None
