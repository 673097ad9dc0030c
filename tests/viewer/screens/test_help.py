"""Help: every key, found by typing."""

from streamkit.cli.render.cells import cells
from streamkit.cli.render.look import ASCII, UNICODE, Look
from tests.viewer.over import rows, shown, text
from viewer import help as told
from viewer.keymap import COMMANDS, GROUPS, Command
from viewer.paint import Palette
from viewer.screens.help import HelpScreen


def screen(first=(), glyphs=UNICODE, *, colour=True):
    return HelpScreen(Palette(colour=colour), Look(glyphs=glyphs), first)


def commands(words, first=()):
    return [row.id for row in told.rows(words, first) if isinstance(row, Command)]


def test_every_command_is_listed_under_its_group():
    assert commands("") == [command.id for group in GROUPS for command in COMMANDS if command.group == group]
    assert [row.text for row in told.rows() if isinstance(row, told.Heading)] == list(GROUPS.values())


def test_the_groups_of_the_pane_in_focus_come_first():
    assert told.rows(first=("time", "find"))[0] == told.Heading("Time")
    assert sorted(commands("", ("time", "find"))) == sorted(commands(""))


def test_words_are_found_in_keys_names_help_and_groups():
    assert commands("next hit") == ["search-next"]
    assert commands("ERROR previous") == ["previous-error", "edge-back"]
    assert "yank" in commands("take out")
    assert commands("no such thing") == []


def test_a_single_character_means_a_key():
    assert commands("F") == ["follow"]
    assert commands("f") == ["filter"]
    assert commands("?") == ["help"]


def test_the_table_of_the_documentation_names_every_command_once():
    table = told.keys_markdown()
    for command in COMMANDS:
        assert table.count(f"| {command.help} | `{command.id}` |") == 1
    assert "| `j` `down` | next row | `down` |" in table
    assert table.startswith("### Move\n\n| keys | what | `:` |\n|---|---|---|\n")


async def test_help_at_80x24():
    async with shown(screen(("time",))) as pilot:
        assert rows(pilot)[:5] == [
            "╭──────────────────────────────────────────────────────────────────────────────╮",
            "│ type to find a key                                                           │",
            "│ Time                                                                         │",
            "│   F                 follow what happens                  :follow             │",
            "│   space             pause or play                        :pause              │",
        ]
        assert f"{len(COMMANDS)} commands · esc back · up down scroll" in rows(pilot)[-2]


async def test_typing_finds_and_escape_clears_and_then_goes_back():
    async with shown(screen(glyphs=ASCII, colour=False), (40, 10)) as pilot:
        await pilot.press("pagedown", *"next hit")
        assert rows(pilot)[:4] == [
            "+--------------------------------------+",
            "| next hit                             |",
            "| Find                                 |",
            "|   n           next hit               |",
        ]
        assert f"1 of {len(COMMANDS)} commands" in text(pilot)
        assert text(pilot).isascii()
        await pilot.press("escape")
        assert f"{len(COMMANDS)} commands" in text(pilot)
        assert not pilot.app.returned
        await pilot.press("escape")
        assert pilot.app.returned == [None]


async def test_it_scrolls_to_the_last_key():
    async with shown(screen(), (80, 24)) as pilot:
        await pilot.press(*["pagedown"] * 6)
        assert "quit" in text(pilot)
        await pilot.press(*["pageup"] * 6, "down", "up")
        assert "next row" in text(pilot)


async def test_it_fits_any_terminal():
    async with shown(screen(), (220, 60)) as pilot:
        for width, height in ((140, 40), (80, 24), (40, 10)):
            await pilot.resize_terminal(width, height)
            assert "next row" in text(pilot)
            assert f"{len(COMMANDS)} commands" in text(pilot)
            assert len(rows(pilot)) == height
            assert all(cells(row) <= width for row in rows(pilot))
