"""Blocks of an event stream that are all laid out as the first is, read by columns: no step of Python for each line.

A gateway that adds `event:` and `id:` writes them before, or behind, the data of every block. All lines of one place
are taken together, and C does the rest. That something was removed from every line shows in the sum of their lengths.
What is laid out in another way is not wrong, but for the parser to read line by line.
"""

from typing import Final

from msgspec import Struct

EVENT: Final = b"event:"
ID: Final = b"id:"
_DATA: Final = b"data:"
_NUL: Final = 0
_MOST: Final = 3  # lines of a block: one of each field


class Columns(Struct, frozen=True):
    """Blocks with one data line each."""

    datas: list[bytes]
    """The values of their data lines, each ended by LF."""
    names: list[str] | None
    """Their event names; None if they have none."""
    ids: list[str] | None
    """Their IDs; None if they have none."""
    width: int
    """Lines of a block, with the blank one."""
    spaced: bool
    """Whether their data stands behind a space."""


def columns_of(lines: list[bytes]) -> Columns | None:
    """Read whole blocks, each line ended by LF; None if they are not all alike, or have other fields, or data alone."""
    width = lines.index(b"\n") + 1
    if not 1 < width - 1 <= _MOST or lines[width - 1 :: width].count(b"\n") * width != len(lines):
        return None
    # Two lines of one field, or one of another, leave less columns than there are lines.
    columns = {line[: line.find(b":") + 1]: lines[place::width] for place, line in enumerate(lines[: width - 1])}
    if columns.keys() - {EVENT, ID} != {_DATA} or len(columns) != width - 1:
        return None
    datas = _values(_DATA, columns[_DATA])
    names = _texts(EVENT, columns[EVENT]) if EVENT in columns else None
    ids = _texts(ID, columns[ID]) if ID in columns else None
    if not datas or names == [] or ids == []:
        return None
    return Columns(datas, names, ids, width, columns[_DATA][0].startswith(b"data: "))


def text_of(value: bytes) -> str:
    """The value of a field, still ended by LF, as text."""
    return value[:-1].decode("utf-8", "replace").removeprefix(" ")


def _values(field: bytes, lines: list[bytes]) -> list[bytes]:
    """The values of lines; empty if not all are this field, written as in the first, with a space or without."""
    head = field + b" " if lines[0].startswith(field + b" ") else field
    values = [line.removeprefix(head) for line in lines]
    alike = sum(map(len, values)) == sum(map(len, lines)) - len(lines) * len(head)
    return values if alike and (head is not field or min(values) > b"!") else []


def _texts(field: bytes, lines: list[bytes]) -> list[str]:
    """As `_values`, but as text; empty also where there is a NUL."""
    if lines.count(lines[0]) == len(lines) and _NUL not in lines[0]:  # as it often is of names
        return [text_of(lines[0].removeprefix(field))] * len(lines)
    text = b"".join(_values(field, lines))
    # A line end also ends what is not UTF-8.
    return text[:-1].decode("utf-8", "replace").split("\n") if text and _NUL not in text else []
