"""Spans that become strips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.cli.render.cells import Span, cells
from viewer.paint import Palette

TEXTS = st.text(st.sampled_from("ab c\u6f22\u5b57\u0301\U0001f600"), max_size=40)


def text(strip):
    return "".join(segment.text for segment in strip)


@given(st.lists(st.builds(Span, TEXTS, st.sampled_from(["", "bad", "none"]))), st.integers(0, 60), st.booleans())
def test_a_strip_has_exactly_its_width(spans, width, is_colourful):
    strip = Palette(colour=is_colourful).strip(spans, width)
    assert strip.cell_length == width
    assert cells(text(strip)) == width


@pytest.mark.parametrize(("ellipsis", "says"), [("…", "abcd…"), ("...", "ab...")])
def test_what_is_cut_says_so_in_the_signs_of_the_terminal(ellipsis, says):
    assert text(Palette(ellipsis=ellipsis).strip([Span("abcdefgh"), Span("x")], 5)) == says
