"""Frames as values. Which frames there are is the parser's test."""

import gc

import pytest

from streamkit.frames import Frame
from streamkit.sse import Parser


def test_text_replaces_invalid_utf_8_and_keeps_a_bom() -> None:
    (frame,) = Parser().feed(b"data: \xef\xbb\xbfa\xf0\x9f\x99b\xed\xa0\x80\n\n")
    assert frame.text == "\ufeffa\ufffdb\ufffd\ufffd\ufffd"


def test_a_character_cut_by_a_line_end_is_two_bad_ones() -> None:
    (frame,) = Parser().feed(b"data: \xc3\ndata: \xa9\n\n")
    assert frame.text == "\ufffd\n\ufffd"


def test_frames_are_values() -> None:
    one, two = Parser().feed(b"data: a\n\n"), Parser().feed(b"data: a\n\n")
    assert one == two
    assert hash(one[0]) == hash(two[0])
    with pytest.raises(AttributeError):
        one[0].event = "x"  # type: ignore[misc]


def test_frames_are_not_tracked_by_the_cycle_collector() -> None:
    (frame,) = Parser().feed(b"data: a\n\n")
    assert not gc.is_tracked(frame)
    assert not Frame.__struct_config__.gc
