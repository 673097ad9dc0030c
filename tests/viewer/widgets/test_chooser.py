"""Lines that a person goes through with the keys for moving."""

import pytest

from streamkit.cli.render.cells import Span
from viewer.keymap import COMMANDS
from viewer.paint import Palette
from viewer.widgets.chooser import Chooser, bindings

from .panes import LOOK, PLAIN, Host, screen


class Numbers(Chooser):
    """Lines that say their number."""

    def __init__(self, count, look=LOOK):
        super().__init__(Palette(), look)
        self.count = count

    def height_now(self):
        return self.count

    def keys(self, first, count):
        return range(first, first + count)

    def spans(self, number, width):
        return (Span(f"line {number}"),)


class Told(Host):
    """An app that counts what it is told."""

    def __init__(self, pane):
        super().__init__(pane)
        self.moves = 0

    def on_chooser_moved(self):
        self.moves += 1


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        ("j j down", 3),
        ("j k up", 0),
        ("G", 99),
        ("end home", 0),
        ("ctrl+f", 10),
        ("pagedown pageup", 0),
        ("ctrl+d ctrl+d", 10),
        ("ctrl+d ctrl+u", 0),
    ],
)
async def test_the_keys_of_the_table_move_the_choice_and_it_stays_in_view(keys, at):
    pane = Numbers(100)
    async with Told(pane).run_test(size=(20, 10)) as pilot:
        pane.focus()
        await pilot.press(*keys.split())
        assert pane.cursor == at
        assert f"line {at}" in [row.split("  ")[0].strip() for row in screen(pilot.app).splitlines()]


async def test_a_move_is_told_once_and_none_at_the_end():
    pane = Numbers(3)
    async with Told(pane).run_test(size=(20, 10)) as pilot:
        pane.focus()
        await pilot.press("j", "j", "j", "G")
        assert (pane.cursor, pilot.app.moves) == (2, 2)


async def test_in_a_window_that_shrinks_the_choice_stays_in_view():
    pane = Numbers(100)
    async with Told(pane).run_test(size=(20, 20)) as pilot:
        pane.focus()
        pane.move_to(15)
        await pilot.resize_terminal(20, 5)
        await pilot.pause()
        assert "line 15" in screen(pilot.app)


async def test_in_ascii_there_is_no_scroll_bar():
    pane = Numbers(100, PLAIN)
    async with Told(pane).run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        assert screen(pilot.app).isascii()


def test_bindings_have_the_keys_of_the_table_and_the_ids_that_a_user_changes():
    made = {binding.id: binding for binding in bindings({"cancel": "leave", "detail": "choose"})}
    keys = {command.id: command.keys for command in COMMANDS}
    assert {id: (each.key, each.action) for id, each in made.items()} == {
        "cancel": (keys["cancel"], "leave"),
        "detail": (keys["detail"], "choose"),
    }
