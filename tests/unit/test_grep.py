"""A person's expression: it finds what Python's own engine finds, in bounded time, or is refused in one line."""

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.errors import BadPattern
from streamkit.grep import LOOKED_AT, Grep

plain = st.text(st.sampled_from("abx. \n\\d[]^$|()?*+{},2-:&~"), max_size=12)
pieces = st.lists(
    st.sampled_from(["a", "b", "[ab]", ".*", ".*?", r"\d", "^", "$", r"\b", ".", r"\.", "a+", "b?"]), max_size=6
)
texts = st.text(st.sampled_from("abAB.1 \n"), max_size=30)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("429", "HTTP 429: slow down"),
        ("summ.*ry", "A Summary"),
        ("a.*b.*c", "a - b - c"),
        ("^two$", "one\ntwo\nthree"),
        (r"(?:foo|bar)\d+", "BAR12"),
        ("", ""),
        (".*", ""),
        (r"(\d{1})+x", "12x"),
        (r"\(a+\)+", "(aa))"),
        ("[]*|]+", "x*"),
    ],
)
def test_a_match_in_any_line_is_found_and_case_does_not_count(expression, text):
    assert Grep(expression).finds(text)


@pytest.mark.parametrize(
    ("expression", "text"), [("a.*b", "b a"), ("a.*b", "a\nb"), ("^b", "ab"), (".*^b", "ab"), ("a$.*b", "ab")]
)
def test_what_does_not_match_is_not_found(expression, text):
    assert not Grep(expression).finds(text)


@given(pieces, texts)
def test_pieces_find_what_the_whole_expression_finds(parts, text):
    expression = "".join(parts)
    expected = any(re.search(expression, line, re.IGNORECASE) for line in text.split("\n"))
    assert Grep(expression).finds(text) == expected


@given(plain, texts)
def test_any_expression_is_refused_or_finds_what_python_finds(expression, text):
    with contextlib.suppress(BadPattern):
        assert Grep(expression).finds(text) == any(
            re.search(expression, line, re.IGNORECASE) for line in text.split("\n")
        )


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(", "no regular expression"),
        ("a{99999999999}", "no regular expression"),
        ("(" * 5000, "no regular expression"),
        ("(a+)+", "might never end"),
        ("(a|aa)*", "might never end"),
        ("(a?){9,}", "might never end"),
        ("((a+)b)*", "might never end"),
        ("((ab)+)*", "might never end"),
        ("[[a]", "a set in a set"),
        ("[a&&b]", "a set in a set"),
    ],
)
def test_what_is_none_or_might_never_end_is_refused_in_one_line(expression, reason):
    with pytest.raises(BadPattern, match=reason) as refused:
        Grep(expression)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("expression", [".*refund", "a.*b.*c", r"\w+@\w+", "a*a*b", "(ab)+c", r"\w+ \w+@"])
@pytest.mark.parametrize("text", ["x" * LOOKED_AT, "ab" * LOOKED_AT, "a" * LOOKED_AT])
def test_a_long_line_takes_no_time(expression, text):
    """Python alone needs a minute for some of them."""
    start = time.process_time()
    Grep(expression).finds(text)
    assert time.process_time() - start < 5


def test_text_beyond_the_limit_is_not_looked_at():
    assert Grep("end").finds("x" * (LOOKED_AT - 3) + "end")
    assert not Grep("end").finds("x" * LOOKED_AT + "end")
