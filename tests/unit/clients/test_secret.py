"""A key is sent and shown nowhere."""

import pickle
import traceback

import pytest

from streamkit.clients.secret import Secret

KEY = "app-0123456789abcdef"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format, lambda secret: repr([secret])])
def test_whoever_prints_it_does_not_see_it(show):
    assert KEY not in show(Secret(KEY))


def test_it_is_revealed_where_it_is_sent():
    assert Secret(KEY).reveal() == KEY


def test_blanks_around_it_are_no_part_of_it():
    """Files end with a line end."""
    assert Secret(f" {KEY}\r\n").reveal() == KEY


@pytest.mark.parametrize("text", ["", "  \n", "two words", "one\ntwo", "schlüssel", "a\x00b"])
def test_what_cannot_stand_in_a_header_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match="API key") as raised:
        Secret(text)
    said = "".join(traceback.format_exception_only(raised.value))
    assert not text.strip() or text not in said


def test_a_text_that_has_it_is_told_without_it():
    assert Secret(KEY).hidden_in(f"no such key: {KEY}!") == "no such key: [hidden]!"


def test_it_has_no_attributes_that_somebody_could_dump():
    with pytest.raises(TypeError):
        vars(Secret(KEY))
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY), protocol=0)
