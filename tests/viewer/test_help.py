"""The keys, to be read: found by words, and as tables of a page."""

import pytest

from viewer.help import Heading, keys_markdown, rows
from viewer.keymap import COMMANDS, GROUPS, changed, signs


def listed(*args, **options):
    return [row for row in rows(*args, **options) if not isinstance(row, Heading)]


def test_without_a_word_every_command_is_listed_once_under_its_group():
    told = rows()
    assert sorted(row.id for row in listed()) == sorted(command.id for command in COMMANDS)
    assert [row.text for row in told if isinstance(row, Heading)] == [*GROUPS.values()]
    under = None
    for row in told:
        under = row.text if isinstance(row, Heading) else under
        assert isinstance(row, Heading) or GROUPS[row.group] == under


def test_the_groups_of_the_pane_come_first_and_none_twice():
    told = [row.text for row in rows(first=("time", "out")) if isinstance(row, Heading)]
    assert told[:2] == [GROUPS["time"], GROUPS["out"]]
    assert sorted(told) == sorted(GROUPS.values())


@pytest.mark.parametrize("words", ["error", "next row", "TIME axis", "ctrl", "zebra", "screenshot svg"])
def test_a_command_is_listed_if_each_word_is_somewhere_in_it(words):
    for command in COMMANDS:
        text = " ".join((signs(command.keys), command.id, command.help, GROUPS[command.group])).lower()
        assert (command in listed(words)) is all(word.lower() in text for word in words.split())


def test_a_single_character_is_a_key():
    assert [command.id for command in listed("j")] == ["down"]
    assert [command.id for command in listed("/")] == ["search"]


def test_the_users_keys_are_found_and_ours_no_longer():
    commands = changed({"bottom": "b"})
    assert [command.id for command in listed("b", commands=commands)] == ["bottom"]
    assert listed("G", commands=commands) == []


def test_the_tables_of_the_page_name_every_command_with_its_keys():
    page = keys_markdown()
    assert [line for line in page.splitlines() if line.startswith("###")] == [f"### {name}" for name in GROUPS.values()]
    for command in COMMANDS:
        keys = " ".join(f"`{sign}`" for sign in signs(command.keys).split())
        assert page.count(f"| {keys} | {command.help} | `{command.id}` |\n") == 1
