"""A key is sent and shown nowhere."""

import pickle
import traceback

import pytest

from streamkit.clients.secret import Hiding, Secret

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


def test_a_word_is_hidden_nowhere():
    """Tests have such keys, and words stand everywhere."""
    assert Secret("key").hidden_in("key: a monkey") == "key: a monkey"
    assert hidden(Secret("key"), b"key: a monkey") == b"key: a monkey"


def hidden(key, *pieces):
    hiding = Hiding(key)
    return b"".join([hiding.feed(piece) for piece in pieces] + [hiding.close()])


BODY = f'data: {{"answer":"{KEY}{KEY} app-0123 {KEY[:-1]} {KEY}"}}\n\n'.encode()


@pytest.mark.parametrize("size", [1, 2, 7, 19, 20, 21, 1000])
def test_a_body_is_told_without_it_however_it_is_cut(size):
    pieces = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    told = hidden(Secret(KEY), *pieces)
    assert told == hidden(Secret(KEY), BODY)
    assert KEY.encode() not in told
    assert len(told) == len(BODY)
    assert told.endswith(b'"}\n\n')
    assert KEY[:-1].encode() in told  # the beginning of a key is none


def test_nothing_waits_that_cannot_be_the_beginning_of_it():
    hiding = Hiding(Secret(KEY))
    assert hiding.feed(b"data: {}\n\n") == b"data: {}\n\n"
    assert hiding.feed(b"an a") == b"an "
    assert hiding.feed(b"pple") == b"apple"
    assert hiding.feed(b"an app-01") == b"an "
    assert hiding.close() == b"app-01"
    assert hiding.close() == b""


def test_without_a_key_all_passes():
    assert hidden(None, b"app-", b"01") == b"app-01"


def test_it_has_no_attributes_that_somebody_could_dump():
    with pytest.raises(TypeError):
        vars(Secret(KEY))
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY), protocol=0)
