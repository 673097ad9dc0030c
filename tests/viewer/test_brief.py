import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer import brief


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (412, "412"),
        (999, "999"),
        (1000, "1.00k"),
        (9995, "10.0k"),
        (18204, "18.2k"),
        (99960, "100k"),
        (999499, "999k"),
        (999960, "1.00M"),
        (3070000, "3.07M"),
        (12345678901, "12.3G"),
        (12.5, "12"),
        (-3, "-3"),
    ],
)
def test_counts_have_three_digits(number, told):
    assert brief.count(number) == told


@given(st.integers(0, 10**12))
def test_a_count_takes_five_columns_at_most(number):
    assert len(brief.count(number)) <= 5


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-2, "now"),
        (0, "now"),
        (5, "5s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (7200, "2h"),
        (86400 * 12, "12d"),
        (86400 * 800, "2y"),
        (-6, ""),
        (1000000000000.0, ""),
        (float("inf"), ""),
        (None, ""),
    ],
)
def test_ages(seconds, told):
    assert brief.age(seconds) == told


@given(st.floats(allow_nan=False))
def test_an_age_takes_four_columns_at_most(seconds):
    assert len(brief.age(seconds)) <= 4


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "00:00.0"), (-1, "00:00.0"), (41.24, "00:41.2"), (59.96, "01:00.0"), (3_599.9, "59:59.9"), (3_723, "1:02:03")],
)
def test_places_in_time(seconds, told):
    assert brief.clock(seconds) == told


def test_a_place_in_time_without_an_end_is_cut():
    assert brief.clock(float("inf")) == "876000:00:00"
