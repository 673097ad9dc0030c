"""Text that grows: cheap to append to, and the same text however often somebody looked."""

import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.run.text import Text


def text_of(*pieces):
    text = Text()
    for piece in pieces:
        text.append(piece)
    return text


def without_thinking(raw):
    """The rule, said in other words than the code: take out closed blocks from left to right."""
    visible, thinking = "", ""
    while True:
        before, _, rest = raw.partition("<think>")
        inside, closing, rest = rest.partition("</think>")
        if not closing:
            return visible + raw, thinking
        visible, thinking, raw = visible + before, thinking + inside, rest


def test_a_new_text_is_empty():
    text = Text()
    assert (text.raw, text.visible, text.thinking, text.length) == ("", "", "", 0)


def test_deltas_stand_in_the_order_in_which_they_came():
    text = text_of("Ray", "", "leigh", " scattering")
    assert text.raw == text.visible == "Rayleigh scattering"
    assert text.length == 19


def test_a_replacement_takes_the_place_of_all_that_came_before():
    text = text_of("<think>secret</think>bad", " words")
    text.replace("Let us talk of something else")
    assert (text.visible, text.thinking) == ("Let us talk of something else", "")
    assert text.length == 29


def test_deltas_after_a_replacement_are_appended_to_it():
    text = text_of("bad words")
    text.replace("good")
    text.append(" words")
    assert text.raw == "good words"
    assert text.length == 10


@pytest.mark.parametrize(
    ("raw", "visible", "thinking"),
    [
        ("no tags", "no tags", ""),
        ("<think>why</think>answer", "answer", "why"),
        ("a<think>1</think>b<think>2</think>c", "abc", "12"),
        ("<think>two\nlines</think>answer", "answer", "two\nlines"),
        ("<think></think>answer", "answer", ""),
        ("answer<think>not closed", "answer<think>not closed", ""),
        ("closed</think>, never opened", "closed</think>, never opened", ""),
        ("<think>1</think>a<think>2", "a<think>2", "1"),
        ("</think><think>1</think>a", "</think>a", "1"),
        ("<THINK>not the tag</THINK>", "<THINK>not the tag</THINK>", ""),
    ],
)
def test_closed_think_blocks_are_thinking_and_everything_else_is_text(raw, visible, thinking):
    text = text_of(raw)
    assert (text.raw, text.visible, text.thinking) == (raw, visible, thinking)


def test_a_tag_that_is_cut_into_letters_is_a_tag():
    text = text_of(*"so <think>hm</think>yes")
    assert (text.visible, text.thinking) == ("so yes", "hm")


def test_a_block_is_text_until_it_closes_and_thinking_from_then_on():
    text = text_of("<think>hm")
    assert (text.visible, text.thinking) == ("<think>hm", "")
    text.append("</think>")
    assert (text.visible, text.thinking) == ("", "hm")


def test_reading_twice_joins_once():
    text = text_of(*["<think>a</think>b"] * 3)
    assert text.raw is text.raw
    assert text.visible is text.visible
    assert text.thinking is text.thinking


PIECES = st.sampled_from(["<think>", "</think>", "<thi", "nk>", "</", "think>", "a", "bc", "\n", "", "é🚀", "x" * 300])
LOOKS = ("raw", "visible", "thinking", "length")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), PIECES),
            st.tuples(st.just("replace"), PIECES),
            st.tuples(st.just("append many"), st.integers(500, 530)),
            st.tuples(st.just("look"), st.sampled_from(LOOKS)),
        ),
        max_size=30,
    )
)
def test_what_is_read_does_not_depend_on_when_somebody_read_before(steps):
    """Beside each text stands the plain string; blocks of 512 deltas are crossed on the way."""
    text, plain = Text(), ""
    for step, value in steps:
        if step == "append":
            text.append(value)
            plain += value
        elif step == "append many":
            for number in range(value):
                text.append(f"{number}<")
            plain += "".join(f"{number}<" for number in range(value))
        elif step == "replace":
            text.replace(value)
            plain = value
        else:
            getattr(text, value)
    visible, thinking = without_thinking(plain)
    assert (text.raw, text.visible, text.thinking) == (plain, visible, thinking)
    assert text.length == len(plain)


def test_a_delta_of_a_few_letters_does_not_cost_an_object_for_ever():
    """50,000 deltas of five letters are 250 kB of text, and would be 3 MB of strings."""
    tracemalloc.start()
    try:
        text = Text()
        for number in range(50_000):
            text.append(f"{number:05}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert text.length == 250_000
    assert kept < 2 * text.length


def test_tags_that_never_close_do_not_hang_the_reader():
    """One `</think>` in front must not make each of 100,000 `<think>` search to the end of the text.

    The time limit only turns a hang into a failure: by the square this takes minutes, else a moment.
    """
    code = (
        "from streamkit.run.text import Text\n"
        "text = Text()\n"
        "text.append('</think>' + '<think>' * 100_000)\n"
        "assert text.thinking == ''\n"
        "assert text.visible == text.raw\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


@pytest.mark.parametrize("limit", [None, 0, 2, 4, 9])
@pytest.mark.parametrize("first", ["", "ab"])
def test_a_text_takes_another_as_if_it_had_come_here(limit, first):
    whole, text, other = Text(limit), Text(limit), Text(limit)
    for part in (whole, text):
        part.append(first)
    lost = whole.append("cdef")
    other.append("cdef")
    assert text.take(other) == lost
    assert (text.raw, text.length, text.cut) == (whole.raw, whole.length, whole.cut)
