"""Blocks read by columns. That the parser gives the same as line by line is a property of it."""

import pytest

from streamkit.columns import Columns, columns_of


def test_fields_are_found_in_any_order():
    lines = [b"id: 1\n", b"data:x\n", b"event: add\n", b"\n", b"id: 2\n", b"data:\n", b"event: add\n", b"\n"]
    assert columns_of(lines[:4] * 2) == Columns([b"x\n"] * 2, ["add"] * 2, ["1"] * 2, 4, spaced=False)
    assert columns_of(lines) is None  # an empty value may stand behind a space or not: that is for the parser


def test_texts_are_those_of_their_lines():
    names = [b"event: \xe2\x82\n", b"event:  two\n", "event: a\u2028b\n".encode(), b"event: \n"]
    lines = [line for name in names for line in (name, b"data: x\n", b"\n")]
    assert columns_of(lines) == Columns([b"x\n"] * 4, ["\ufffd", " two", "a\u2028b", ""], None, 3, spaced=True)


@pytest.mark.parametrize(
    "block",
    [
        [b"data: x\n"],
        [b"data: x\n", b"data: y\n"],
        [b"event: add\n", b"id: 1\n"],
        [b"event: add\n", b"event: add\n", b"data: x\n"],
        [b": comment\n", b"data: x\n"],
        [b"retry: 5\n", b"data: x\n"],
        [b"event\n", b"data: x\n"],
        [b"id: 1\0\n", b"data: x\n"],
        [b"event: add\n", b"id: 1\n", b"retry: 5\n", b"data: x\n"],
    ],
)
def test_other_blocks_are_for_the_parser(block):
    assert columns_of([*block, b"\n"] * 3) is None


@pytest.mark.parametrize(
    "odd", [[b"event: b\n", b"\n"], [b"data: y\n", b"event: b\n", b"\n"], [b"\n"], [b"event:b\n", b"data: y\n", b"\n"]]
)
def test_one_block_of_another_layout_is_enough(odd):
    block = [b"event: a\n", b"data: x\n", b"\n"]
    assert columns_of([*block, *odd, *block]) is None
    assert columns_of([*block, *block, *odd]) is None
