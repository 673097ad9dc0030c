import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer import bars

from .widgets.panes import LOOK, PLAIN

FIGURES = st.lists(st.floats(0, 1e9), max_size=300)


@pytest.mark.parametrize(
    ("share", "unicode", "ascii"),
    [
        (0, "    ", "    "),
        (1e-09, "▏   ", "#   "),
        (0.5, "██  ", "##  "),
        (0.4, "█▋  ", "##  "),
        (1, "████", "####"),
        (7, "████", "####"),
        (-1, "    ", "    "),
    ],
)
def test_a_bar(share, unicode, ascii):
    assert (bars.bar(share, 4, LOOK), bars.bar(share, 4, PLAIN)) == (unicode, ascii)


@given(st.floats(allow_nan=False), st.integers(0, 220))
def test_a_bar_has_its_width(share, width):
    assert len(bars.bar(share, width, LOOK)) == len(bars.bar(share, width, PLAIN)) == width


def test_a_strip_is_as_high_as_its_figures():
    assert bars.strip([0, 1, 50, 100], LOOK) == " ▁▄█"
    assert bars.strip([0, 1, 50, 100], PLAIN) == " .=@"
    assert bars.strip([0, 0], LOOK) == "  "
    assert bars.strip([], LOOK) == ""


@given(FIGURES, st.integers(0, 220))
def test_figures_for_other_columns_keep_the_highest(figures, columns):
    found = bars.resampled(figures, columns)
    assert len(found) == columns
    assert set(found) <= {0, *figures}
    if figures and 0 < columns <= len(figures):
        assert max(found) == max(figures)
