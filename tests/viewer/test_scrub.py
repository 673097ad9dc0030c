"""The lines of the way through a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.scrub import Track, places, state_line, strip_line

from .widgets.panes import LOOK, PLAIN, WIDTHS, text, width_of

FRACTIONS = st.floats(0, 1)
TRACKS = st.builds(
    Track,
    densities=st.lists(st.floats(0, 1e6), max_size=300),
    marks=st.lists(st.tuples(FRACTIONS, st.sampled_from(["failed", "paused", "retried", "remark"])), max_size=20),
    event=st.integers(0, 10**6),
    events=st.integers(0, 10**6),
    time=st.floats(0, 1e6),
    duration=st.floats(0, 1e6),
    is_live=st.booleans(),
    is_playing=st.booleans(),
    speed=st.sampled_from([0.25, 0.5, 1.0, 2.0, 16.0]),
)


@given(TRACKS, st.sampled_from(WIDTHS), st.booleans())
def test_lines_have_their_width(track, width, is_plain):
    look = PLAIN if is_plain else LOOK
    strip, state = strip_line(track, width, look), state_line(track, width, look)
    assert width_of(strip) == width
    assert width_of(state) <= width
    assert not is_plain or (text(strip) + text(state)).isascii()


@given(TRACKS, st.sampled_from(WIDTHS))
def test_a_column_that_is_clicked_is_the_column_of_the_cursor(track, width):
    parted = places(track, width)
    for column in range(parted.columns):
        assert parted.column(parted.fraction(parted.start + column)) == column
    assert parted.fraction(-5) == 0.0
    assert parted.fraction(1000) == 1.0


def test_a_strip_shows_how_much_came_when_and_where_trouble_was():
    track = Track(
        densities=[0, 1, 4, 8] * 3,
        marks=[(0.5, "failed"), (0.51, "retried"), (0.9, "paused")],
        event=1,
        events=12,
        time=0.0,
        duration=41.2,
    )
    assert text(strip_line(track, 28, LOOK)) == " 00:00 ▲▁▄█ ▁✗█ ▁‖█ 00:41.2 "[:28]
    assert text(strip_line(track, 28, PLAIN)) == " 00:00 ^.=@ .E@ .P@ 00:41.2 "[:28]


def test_a_remark_gives_way_to_trouble():
    track = Track(marks=[(0.5, "remark"), (0.9, "remark"), (0.9, "failed")], event=0, events=9, duration=41.2)
    assert text(strip_line(track, 28, LOOK)) == " 00:00 ▲     ◆   ✗  00:41.2 "[:28]
    assert text(strip_line(track, 28, PLAIN)) == " 00:00 ^     @   E  00:41.2 "[:28]


def test_places_give_way_in_narrow_panes():
    track = Track(event=5, events=12_345, duration=41.2)
    assert text(strip_line(track, 80, LOOK)).endswith(" 00:41.2 ev      5/12,345 ")
    assert text(strip_line(track, 40, LOOK)).endswith(" 00:41.2 ")
    assert places(track, 20) == ("", 20, "")
    assert "ev      5/12,345" in text(state_line(track, 50, LOOK))
    assert "ev" not in text(state_line(track, 80, LOOK))


def test_at_the_end_the_cursor_is_at_the_end_whatever_the_clock_says():
    assert Track(event=9, events=9, time=1.0, duration=5.0).fraction == 1.0
    assert Track(event=3, events=9, time=1.0, duration=5.0).fraction == pytest.approx(0.2)
    assert Track(event=3, events=9, time=1.0).fraction == 1.0
    assert Track(event=3, events=9, time=9.0, duration=5.0).fraction == 1.0


@pytest.mark.parametrize(
    ("track", "says"),
    [
        (Track(event=9, events=9, is_live=True, time=41.2), " LIVE  ▶ x1.0  at 00:41.2"),
        (Track(event=9, events=1212, is_live=True, is_playing=False), " LIVE +1,203  ‖ paused x1.0  at 00:00.0"),
        (Track(event=9, events=12, speed=0.25), " RECORDED  ▶ x0.25  at 00:00.0"),
        (Track(event=12, events=12, speed=16.0), " END  ▶ x16.0  at 00:00.0"),
    ],
)
def test_the_state_in_words(track, says):
    assert text(state_line(track, 80, LOOK)) == says
    assert text(state_line(track, 80, PLAIN)) == says.replace("▶", ">").replace("‖", "||")


def test_a_track_without_events_is_drawn():
    assert text(strip_line(Track(), 20, LOOK)).strip() == "▲"
