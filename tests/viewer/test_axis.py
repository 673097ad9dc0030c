"""The time axis."""

from hypothesis import given
from hypothesis import strategies as st

from viewer.axis import Axis

times = st.floats(0, 1e6, allow_nan=False)
widths = st.integers(1, 200)


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
