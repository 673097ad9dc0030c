"""Lines of a table, at every width."""

import pytest

from streamkit.cli.render.cells import Span, cells
from tests.viewer.shown import LOOK, PLAIN, text
from viewer.table import Column, count, head, line

COLUMNS = (Column("n", 5), Column("time", 9), Column("tokens", 8))


@pytest.mark.parametrize("width", range(1, 120, 3))
@pytest.mark.parametrize("name", ["short", "a name that is far too long for it", "漢字" * 20])
def test_a_line_fills_its_width_and_columns_go_whole(width, name):
    told = line([Span(name)], [Span("12"), Span("1.5s"), Span("900")], COLUMNS, width, LOOK)
    assert sum(cells(span.text) for span in told) == width
    shown = text(told).split()
    for figure, least in (("12", 21), ("1.5s", 30), ("900", 38)):
        assert (figure in shown) is (width >= least)


@pytest.mark.parametrize("look", [LOOK, PLAIN])
def test_a_figure_that_is_too_wide_is_left_out_and_that_is_shown(look):
    told = line([Span("a")], [Span("123456"), Span("1s"), Span("2")], COLUMNS, 60, look)
    assert "1234" not in text(told)
    assert text(told).split() == ["a", look.glyphs.cut, "1s", "2"]


def test_titles_stand_over_their_columns():
    above = text(head("node", COLUMNS, 40, LOOK))
    below = text(line([Span("x")], [Span("1"), Span("2s"), Span("3")], COLUMNS, 40, LOOK))
    assert above.split() == ["node", "n", "time", "tokens"]
    assert [above.index(title) + len(title) for title in ("time", "tokens")] == [
        below.index(figure) + len(figure) for figure in ("2s", "3")
    ]


@pytest.mark.parametrize(
    ("number", "told"),
    [(None, ""), (0, "0"), (1234, "1,234"), (999_999, "999,999"), (1_234_567, "1.23M"), (999_990_000, "999.99M")],
)
def test_a_count_fits_into_seven_columns(number, told):
    assert count(number) == told
    assert len(told) <= 7
