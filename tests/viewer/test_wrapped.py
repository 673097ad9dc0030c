"""Text that grows, wrapped."""

import re

from hypothesis import given
from hypothesis import strategies as st

from streamkit.cli.render.cells import cells
from streamkit.cli.safe import safe_text
from viewer.wrapped import Wrapped

TEXT = st.text(st.sampled_from("ab 漢é\u0301\n\r\t\x85\u2028\x1b[31m\u202e"), max_size=200)


def rows(body):
    return ["".join(span.text for span in body.spans(row)) for row in range(body.height)]


def whole(text, width):
    body = Wrapped(text)
    body.fit(width)
    return body


@given(st.lists(TEXT), st.integers(4, 40))
def test_appended_in_pieces_equals_at_once(pieces, width):
    body = Wrapped()
    body.fit(width)
    for piece in pieces:
        body.append(piece)
    assert rows(body) == rows(whole("".join(pieces), width))


@given(st.text(st.sampled_from("ab 漢é\n\t"), max_size=300), st.integers(4, 40))
def test_the_rows_joined_give_the_text_but_for_blanks(text, width):
    assert re.sub(r"\s", "", "".join(rows(whole(text, width)))) == re.sub(r"\s", "", safe_text(text))


@given(TEXT, st.integers(4, 40))
def test_no_row_is_wider_than_the_width_or_holds_a_control(text, width):
    for row in rows(whole(text, width)):
        assert cells(row) <= width
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", row)


def test_taking_a_longer_text_keeps_the_rows_that_are_done():
    body = whole("first\nsecond", 20)
    kept = body._rows
    body.take("first\nsecond line\nthird")
    assert rows(body) == ["first", "second line", "third"]
    assert body._rows is kept


def test_taking_another_text_begins_anew():
    body = whole("one", 20)
    body.take("two")
    assert rows(body) == ["two"]


def test_a_line_end_of_two_characters_may_come_in_two_pieces():
    body = whole("a\r", 20)
    body.append("\nb")
    assert rows(body) == ["a", "b"]


def test_another_width_wraps_anew():
    body = whole("one two", 20)
    body.fit(4)
    assert rows(body) == ["one", "two"]


def test_a_long_text_is_wrapped_in_slices():
    text = "word " * 20_000
    body = whole(text, 50)
    first = body.height
    assert 0 < first < 1000
    while not body._is_whole:
        body.fit(50)
    assert "".join(rows(body)).count("word") == 20_000
    assert body.height > first


def test_a_paragraph_without_an_end_is_cut_so_that_a_piece_costs_no_more_later():
    body = whole("x" * 100_000, 50)
    while not body._is_whole:
        body.fit(50)
    firm = body._firm
    body.append("y")
    assert body.height - firm <= 4096 / 50 + 1


def test_finding_goes_over_the_ends_of_rows():
    body = whole("the refund of order 8812\nREFUND", 12)
    assert rows(body) == ["the refund", "of order", "8812", "REFUND"]
    assert body.find("refund of") == [0]
    assert body.find("refund") == [0, 3]
    assert body.find(".*") == []
