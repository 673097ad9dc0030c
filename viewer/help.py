"""The keys for a person to read: found by typing, and as the table of the documentation.

Rule: everything comes from the table of `keymap`; a key that changes there changes here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from viewer.keymap import COMMANDS, GROUPS, Command, Group, signs


class Heading(NamedTuple):
    """The name of a group, over its keys."""

    text: str


Row = Heading | Command


def rows(words: str = "", first: Sequence[Group] = (), commands: Sequence[Command] = COMMANDS) -> list[Row]:
    """Return what help lists.

    Args:
        words: what was typed. A command is listed if each word is in its keys, its name, its help or its group; a
            single character means a key.
        first: the groups that come first, as those of the pane in focus do.
        commands: the commands, with the user's keys.
    """
    order = [*first, *(group for group in GROUPS if group not in first)]
    return [row for group in order for row in _group(group, words.split(), commands)]


def _group(group: Group, words: Sequence[str], commands: Sequence[Command]) -> Iterator[Row]:
    found = [command for command in commands if command.group == group and _matches(command, words)]
    if found:
        yield Heading(GROUPS[group])
        yield from found


def _matches(command: Command, words: Sequence[str]) -> bool:
    keys = signs(command.keys)
    if len(words) == 1 and len(words[0]) == 1:
        return words[0] in keys.split()
    text = f"{keys} {command.id} {command.help} {GROUPS[command.group]}".lower()
    return all(word.lower() in text for word in words)


def keys_markdown() -> str:
    """Return the table of the documentation: every command by group, with its keys and its name behind `:`."""
    return "\n\n".join(_table(group) for group in GROUPS) + "\n"


def _table(group: Group) -> str:
    lines = [f"### {GROUPS[group]}", "", "| keys | what | `:` |", "|---|---|---|"]
    for command in COMMANDS:
        if command.group == group:
            keys = " ".join(f"`{sign}`" for sign in signs(command.keys).split())
            lines.append(f"| {keys} | {command.help} | `{command.id}` |")
    return "\n".join(lines)
