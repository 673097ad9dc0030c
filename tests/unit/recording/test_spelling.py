"""Secrets that are known, in every way in which they may be spelt."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording.spelling import Spellings, is_placeholder, placeholder
from tests.unit.recording.planted import CREDENTIALS, KEY, SPELLINGS, leaks


def masked(data, *secrets):
    spellings = Spellings()
    for secret in secrets:
        spellings.add(secret)
    for place in spellings.places(data):
        data = data[: place.start] + b"x" * (place.end - place.start) + data[place.end :]
    return data


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("secret", CREDENTIALS)
def test_a_secret_is_found_in_every_spelling(secret, spelt):
    data = b'data: {"answer":"before ' + spelt(secret).encode() + b' behind"}'
    assert leaks(data, secret)
    found = masked(data, secret)
    assert not leaks(found, secret)
    assert found.startswith(b'data: {"answer":"before ')
    assert found.endswith(b' behind"}')


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40),
    st.lists(st.sampled_from(["raw", "all", "percent"])),
)
def test_spellings_may_be_mixed_character_by_character(secret, ways):
    ways = dict(enumerate(ways))
    spell = {"raw": SPELLINGS["raw"], "all": SPELLINGS["all escaped"], "percent": SPELLINGS["percent, all of it"]}
    spelt = "".join(spell[ways.get(at, "raw")](character) for at, character in enumerate(secret)).encode()
    assert masked(b'{"a":"' + spelt + b'"}', secret).strip(b'{"a:}') == b"x" * len(spelt)


def test_what_is_no_secret_stays():
    data = b'data: {"answer":"app-Zm9vYmFyYmF6cXV4cXV1e and YXBwLVptOXZZbUZ5WW1GNmNYVjRjWFYx"}'
    assert masked(data, KEY) == data


def test_an_escape_is_not_torn_apart():
    """In JSON `\\nabla…` is a line end and `abla…`: a placeholder behind the backslash would be no JSON any more."""
    assert masked(rb'"a line\nabla12345"', "nabla12345") == rb'"a line\nabla12345"'
    assert masked(rb'"a back\\nabla12345"', "nabla12345") == rb'"a back\\xxxxxxxxxx"'
    assert masked(rb'"nabla12345"', "nabla12345") == b'"xxxxxxxxxx"'


def test_a_short_secret_is_not_looked_for_in_base64():
    assert masked(b"a word, ZGVm, def", "def") == b"a word, ZGVm, xxx"


def test_a_line_end_in_a_secret_stands_only_in_escapes():
    assert masked(b"line one\\nline two, line one\nline two", "line one\nline two").count(b"line") == 2


# ---- placeholders


@pytest.mark.parametrize("length", [1, 8, 12, 13, 40])
def test_a_placeholder_is_as_long_as_it_must_be(length):
    assert re.fullmatch(r"REDACTED[0-9a-f]{4}x*", placeholder(KEY, 40))
    assert placeholder(KEY, length) == placeholder(KEY, 40)[:length]
    assert placeholder(KEY, 40) != placeholder(KEY + "!", 40)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("REDACTED", True),
        ("REDACTED12ab", True),
        ("REDACTED12abxxx", True),
        ("REDACTED12aby", False),
        ("RED", False),
        ("", False),
    ],
)
def test_a_placeholder_is_known_again(text, is_one):
    assert is_placeholder(text) is is_one
