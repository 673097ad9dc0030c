"""Sizes as people read them."""

import pytest

from viewer.figures import size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (12_345, "12 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (7e12, "7000 GB"),
    ],
)
def test_sizes_have_two_digits_at_least_and_four_at_most(count, text):
    assert size(count) == text
