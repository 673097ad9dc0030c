"""A small menu: what there is, chosen by digit or by moving."""

import pytest

from tests.viewer.over import obeyed, rows, shown, text
from tests.viewer.shown import LOOK, PLAIN
from viewer.paint import Palette
from viewer.screens.menu import Choice, Menu

CHOICES = [
    Choice("json", "all that is known"),
    Choice("a name that is too long", "cut " * 40),
    Choice("svg", "a picture"),
]


class Kept(Menu):
    """A menu that says which number was chosen."""

    def __init__(self, look=LOOK, choices=CHOICES, title="export to /exports"):
        super().__init__(Palette(ellipsis=look.glyphs.cut), look, title, choices)

    def done(self, number):
        return f"did {number}"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("1", "did 0"),
        ("3", "did 2"),
        ("enter", "did 0"),
        ("j j enter", "did 2"),
        ("G k enter", "did 1"),
        ("escape", None),
        ("q", None),
    ],
)
async def test_one_is_chosen_by_its_digit_or_by_moving_or_none(keys, told):
    async with shown(Kept()) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
        assert pilot.app.returned == [told]


async def test_a_digit_without_a_choice_does_nothing():
    async with shown(Kept()) as pilot:
        await pilot.press("4", "9")
        assert pilot.app.returned == []


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (24, 6)])
@pytest.mark.parametrize("look", [LOOK, PLAIN])
async def test_every_choice_stands_in_one_row_whatever_the_size(size, look):
    async with shown(Kept(look, title="t" * 200), size) as pilot:
        told = rows(pilot)
        for number, choice in enumerate(CHOICES, 1):
            assert sum(f" {number} {choice.name[:5]}" in row for row in told) == 1
        assert "esc: back" in text(pilot) or size[0] < 34
        assert not obeyed(text(pilot))
        assert look is LOOK or text(pilot).isascii()
