"""Folded rows, compared with a list that really is folded."""

from hypothesis import given
from hypothesis import strategies as st

from viewer.folded import Folded

LINES = 12


def seen(folds, opened):
    """The rows as (line, which of its rows), made the slow way."""
    hidden = {line for start, end in folds.items() for line in range(start + 1, end + 1)}
    shown = [line for line in range(LINES) if line not in hidden]
    return [(line, below) for line in shown for below in range(opened.get(line, 0) + 1)]


@st.composite
def changes(draw):
    """Folds that lie beside or inside each other, as brackets do, and opened lines that fold nothing."""
    folds = {}
    for start in draw(st.sets(st.integers(0, LINES - 2))):
        around = [end for other, end in folds.items() if other < start <= end]
        inside = [end for other, end in folds.items() if other > start]
        end = draw(st.integers(start + 1, LINES - 1))
        if (not around or end <= min(around)) and not any(end < other for other in inside if other <= end):
            crossing = any(other <= end < folds[other] for other in folds if other > start)
            if not crossing:
                folds[start] = end
    opened = draw(st.dictionaries(st.integers(0, LINES - 1), st.integers(1, 4)))
    return folds, {line: extra for line, extra in opened.items() if line not in folds}


@given(changes())
def test_rows_and_lines_are_those_of_a_list_that_really_is_folded(drawn):
    folds, opened = drawn
    folded = Folded(LINES)
    for line, end in folds.items():
        folded.fold(line, end)
    for line, extra in opened.items():
        folded.open(line, extra)
    expected = seen(folds, opened)
    assert [folded.at(row) for row in range(folded.height)] == expected
    assert [folded.row_of(line) for line, below in expected if not below] == [
        row for row, (_, below) in enumerate(expected) if not below
    ]


def test_a_hidden_line_has_the_row_of_what_hides_it():
    folded = Folded(10)
    folded.fold(2, 5)
    assert folded.row_of(4) == 2


def test_revealing_opens_every_fold_around_a_line_and_no_other():
    folded = Folded(10)
    folded.fold(1, 5)
    folded.fold(2, 4)
    folded.fold(7, 8)
    assert folded.reveal(3) == 3
    assert 7 in folded
    assert folded.height == 9


def test_restoring_makes_a_line_plain():
    folded = Folded(3)
    folded.open(1, 5)
    folded.restore(1)
    assert folded.height == 3


def test_lines_may_become_more():
    folded = Folded(3)
    folded.fold(0, 2)
    folded.lines += 2
    assert [folded.at(row)[0] for row in range(folded.height)] == [0, 3, 4]
