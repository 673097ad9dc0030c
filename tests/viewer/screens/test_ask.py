"""The line for search, filter and commands."""

import pytest

from streamkit.cli.render.look import ASCII, UNICODE, Look
from tests.viewer.over import obeyed, rows, shown, text
from viewer.paint import Palette
from viewer.screens.ask import Ask, completed, completions

NAMES = ("sort", "screenshot", "search", "search-next")
FIELDS = ("status:", "type:", "title~")


def screen(sign=":", glyphs=UNICODE, **options):
    return Ask(sign, palette=Palette(), look=Look(glyphs=glyphs), **options)


def refuse(text):
    return f"no field {text}\x1b[2J" if "x" in text else None


@pytest.mark.parametrize(
    ("typed", "words", "found", "becomes"),
    [
        ("", NAMES, [], ""),
        ("so", NAMES, ["sort"], "sort"),
        ("se", NAMES, ["search", "search-next"], "search"),
        ("search", NAMES, ["search-next"], "search-next"),
        ("s", NAMES, list(NAMES), "s"),
        ("q", NAMES, [], "q"),
        ("dur>2s !st", FIELDS, ["status:"], "dur>2s !status:"),
        ("dur>2s ", FIELDS, [], "dur>2s "),
        ("t", FIELDS, ["type:", "title~"], "t"),
    ],
)
def test_the_last_word_is_completed_as_far_as_it_is_clear(typed, words, found, becomes):
    assert completions(typed, words) == found
    assert completed(typed, words) == becomes


async def test_a_command_is_completed_and_given_back():
    history = ["top"]
    async with shown(screen(words=NAMES, history=history)) as pilot:
        await pilot.press("s")
        assert rows(pilot)[-2:] == [" :s", " sort  screenshot  search  search-next"]
        await pilot.press("o", "tab")
        assert rows(pilot)[-2:] == [" :sort", ""]
        await pilot.press("enter")
        assert pilot.app.returned == ["sort"]
    assert history == ["top", "sort"]


async def test_a_command_that_is_begun_is_entered_if_only_one_begins_so():
    async with shown(screen(words=NAMES, check=lambda text: None if text in NAMES else "no command")) as pilot:
        await pilot.press("s", "e", "enter")
        assert rows(pilot)[-2:] == [" :se", " ✗ no command"]
        await pilot.press("backspace", "o")
        assert rows(pilot)[-1] == " sort"
        await pilot.press("enter")
        assert pilot.app.returned == ["sort"]


async def test_escape_gives_nothing_back():
    history = []
    async with shown(screen("/", history=history)) as pilot:
        await pilot.press("a", "escape")
        assert pilot.app.returned == [None]
    assert not history


async def test_an_empty_line_is_an_answer_and_no_history():
    history = []
    async with shown(screen("filter", history=history, text="dur>2s")) as pilot:
        assert rows(pilot)[-2] == " filter dur>2s"
        await pilot.press("ctrl+u", "enter")
        assert pilot.app.returned == [""]
    assert not history


async def test_what_is_wrong_is_said_as_one_types_and_must_be_put_right():
    async with shown(screen("filter", ASCII, check=refuse, words=FIELDS), (40, 10)) as pilot:
        await pilot.press("x")
        assert rows(pilot)[-2:] == [" filter x", " ER no field x"]
        assert not obeyed(text(pilot))
        await pilot.press("enter")
        assert not pilot.app.returned
        await pilot.press("backspace", "s", "tab")
        assert rows(pilot)[-2:] == [" filter status:", ""]
        await pilot.press("enter")
        assert pilot.app.returned == ["status:"]


async def test_what_is_wrong_from_the_start_is_said_at_once():
    async with shown(screen("filter", check=refuse, text="x")) as pilot:
        assert rows(pilot)[-1] == " ✗ no field x"


async def test_the_history_is_walked_and_what_was_being_typed_is_kept():
    history = ["one", "two"]
    async with shown(screen("/", history=history)) as pilot:
        seen = []
        await pilot.press("x")
        for key in ("up", "up", "up", "down", "down", "down"):
            await pilot.press(key)
            seen.append(rows(pilot)[-2])
        assert seen == [" /two", " /one", " /one", " /two", " /x", " /x"]
        await pilot.press("up", "enter")
        assert pilot.app.returned == ["two"]
    assert history == ["one", "two"], "what was just said is not said twice"
