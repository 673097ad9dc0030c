"""The time axis."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.axis import Axis, Gap

times = st.floats(0, 1e6, allow_nan=False)
widths = st.integers(1, 200)


@st.composite
def torn(draw):
    """An axis with gaps in it."""
    edges = sorted(draw(st.lists(st.integers(1, 10**6), min_size=2, max_size=8, unique=True)))
    gaps = [Gap(float(begin), float(end)) for begin, end in zip(edges[::2], edges[1::2], strict=False)]
    return Axis.over(0.0, edges[-1] + draw(st.integers(1, 1000)), gaps)


@given(times, times)
def test_an_axis_holds_what_it_was_made_for_and_not_much_more(start, length):
    axis = Axis.over(start, start + length)
    assert axis.start == start
    assert axis.end >= (start + length) * (1 - 1e-9)
    assert axis.end - start <= max(length, 0.1) * 1.5


def test_a_run_that_goes_on_has_the_same_axis_most_of_the_time():
    axes = {Axis.over(0.0, second / 10) for second in range(10, 1000)}
    assert len(axes) < 25


@given(times, st.floats(0, 1e5), st.floats(0, 1e5), widths, st.booleans())
def test_a_bar_is_seen_and_stays_in_its_columns(start, begin, length, width, ascii_only):
    axis = Axis.over(start, start + 1e5)
    column, text = axis.bar(start + begin, start + begin + length, width, ascii_only=ascii_only)
    assert 0 <= column < width
    assert 1 <= len(text) <= width - column
    assert text.isascii() or not ascii_only


@given(st.floats(0.1, 1e6), widths)
def test_labels_do_not_touch_and_stay_in_their_columns(length, width):
    labels = Axis.over(0.0, length).labels(width)
    ends = [column + len(text) for column, text in labels]
    assert all(end <= width for end in ends)
    assert all(end < column for end, (column, _) in zip(ends, labels[1:], strict=False))


def test_labels_are_round():
    assert [text for _, text in Axis(0.0, 1.0).labels(40)] == ["0s", "250ms", "500ms", "750ms"]
    assert [text for _, text in Axis(0.0, 120.0).labels(30)] == ["0s", "50s", "1m40s"]


# ---- gaps

PAUSE = Axis.over(0.0, 3 * 3600 + 10, [Gap(4.0, 3 * 3600 + 4)])
"""Four seconds, three hours of nothing, six seconds."""


def test_what_ran_has_room_beside_a_long_gap():
    assert PAUSE.gaps
    assert PAUSE.column(4.0, 49) == pytest.approx(16.0)
    assert PAUSE.column(3 * 3600 + 4, 49) == pytest.approx(25.0)
    assert PAUSE.column(3 * 3600 + 10, 49) == pytest.approx(49.0)
    assert PAUSE.bar(0.0, 4.0, 49) == (0, "█" * 16)
    assert PAUSE.bar(3 * 3600 + 4, 3 * 3600 + 10, 49) == (25, "█" * 24)


def test_a_bar_that_goes_through_a_gap_is_torn():
    assert PAUSE.bar(0.0, 3 * 3600 + 10, 49) == (0, "█" * 16 + "⋯" * 9 + "█" * 24)
    assert PAUSE.bar(0.0, 3 * 3600 + 10, 49, ascii_only=True) == (0, "=" * 16 + "~" * 9 + "=" * 24)


def test_labels_say_how_long_a_gap_was_and_count_without_it():
    assert PAUSE.labels(49) == [(0, "0s"), (10, "2.5s"), (16, "⋯⋯3h00m⋯⋯"), (29, "5s"), (39, "7.5s")]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(41, "41s"), (725, "12m05s"), (3 * 3600 + 12 * 60, "3h12m"), (12 * 86400, "12d"), (9000 * 86400, "9000d")],
)
def test_a_gap_says_how_long_it_was(seconds, told):
    labels = Axis.over(0.0, seconds + 2.0, [Gap(1.0, 1.0 + seconds)]).labels(60)
    assert [text.strip("⋯") for _, text in labels if "⋯" in text] == [told]


@given(torn(), widths)
def test_time_goes_from_the_left_to_the_right(axis, width):
    moments = sorted({axis.start, axis.end, *(time for gap in axis.gaps for time in gap)})
    columns = [axis.column(time, width) for time in moments]
    assert columns[0] == 0
    assert columns[-1] == pytest.approx(width)
    assert all(before <= after + 1e-9 for before, after in pairwise(columns))


@given(torn(), widths)
def test_gaps_take_a_small_part_of_the_columns_and_the_longest_ones_do(axis, width):
    shown = axis.gaps_in(width)
    assert len(shown) * 24 <= width
    assert list(shown) == [gap for gap in axis.gaps if gap in shown]
    left = [gap for gap in axis.gaps if gap not in shown]
    assert not left or not shown or max(gap.seconds for gap in left) <= min(gap.seconds for gap in shown)
    for gap, columns in zip(shown, axis.gap_columns(width), strict=True):
        assert axis.column(gap.end, width) - axis.column(gap.begin, width) == pytest.approx(9)
        assert len(columns) in (8, 9)


@given(torn(), st.floats(0, 1), st.floats(0, 1), widths, st.booleans())
def test_a_torn_bar_stays_in_its_columns_and_what_ends_at_a_gap_is_whole(axis, first, second, width, ascii_only):
    begin, end = sorted(axis.start + part * (axis.end - axis.start) for part in (first, second))
    column, text = axis.bar(begin, end, width, ascii_only=ascii_only)
    assert 0 <= column < width
    assert 1 <= len(text) <= width - column
    for gap in axis.gaps_in(width):
        for bar in (axis.bar(axis.start, gap.begin, width), axis.bar(gap.end, axis.end, width)):
            inside = [other for other in axis.gaps_in(width) if other != gap]
            assert inside or "⋯" not in bar[1]


@given(torn(), widths)
def test_labels_of_an_axis_with_gaps_do_not_touch(axis, width):
    labels = axis.labels(width)
    ends = [column + len(text) for column, text in labels]
    assert all(end <= width for end in ends)
    assert all(end <= column for end, (column, _) in zip(ends, labels[1:], strict=False))
    assert sum("⋯" in text for _, text in labels) == len(axis.gaps_in(width))
    assert all(text.isascii() for _, text in axis.labels(width, ascii_only=True))


def test_a_gap_that_is_not_in_the_stretch_is_none_of_it():
    gaps = [Gap(1.0, 5.0), Gap(90.0, 200.0)]
    assert Axis.over(2.0, 100.0, gaps).gaps == ()
    assert Axis.over(0.0, 200.0, gaps).gaps == tuple(gaps)
