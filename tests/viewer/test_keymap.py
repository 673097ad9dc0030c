"""The table of keys."""

from itertools import chain

from textual.keys import Keys

from viewer.keymap import COMMANDS, GROUPS, signs

NAMES = {key.value for key in Keys}


def test_no_key_does_two_things():
    keys = list(chain.from_iterable(command.keys.split(",") for command in COMMANDS))
    assert len(keys) == len(set(keys))


def test_no_two_commands_have_one_name():
    names = [command.id for command in COMMANDS]
    assert len(names) == len(set(names))


def test_every_command_says_what_it_does_in_a_group_that_has_a_title():
    assert all(command.help and command.group in GROUPS for command in COMMANDS)
    assert {command.group for command in COMMANDS} == set(GROUPS)


def test_every_key_is_one_that_textual_knows():
    """A name with a typo would be a key that nobody can press."""
    from textual.keys import _character_to_key

    signs = {_character_to_key(chr(code)) for code in range(0x21, 0x7F)} | {"space"}
    keys = set(chain.from_iterable(command.keys.split(",") for command in COMMANDS))
    assert keys <= NAMES | signs


def test_keys_are_told_as_a_person_reads_them():
    told = {command.id: signs(command.keys) for command in COMMANDS}
    assert told["down"] == "j down"
    assert told["half-down"] == "^d"
    assert told["search"] == "/"
    assert told["faster"] == ")"
    assert told["next-pane"] == "tab"


def test_every_sign_is_told_as_one_character():
    long = [key for command in COMMANDS for key in command.keys.split(",") if "_" in key and len(signs(key)) != 1]
    assert long == []
