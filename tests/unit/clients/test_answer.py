"""Answers become what an operation promises: as much of it as came, and the rest is told apart."""

from typing import Any

import pytest

from streamkit.clients.answer import Answer, Reading, Received
from streamkit.clients.secret import Secret
from streamkit.errors import UnexpectedAnswer


class Thing(Answer, frozen=True):
    id: str = ""
    count: int | None = None
    names: tuple[str, ...] = ()
    inside: "Thing | None" = None


def received(body: bytes, status: int = 200, content_type: str = "application/json") -> Received:
    return Received(status, content_type, body, Secret("app-0123456789"))


def read(kind: Any, body: bytes) -> Any:
    return Reading(kind).read(received(body))


def test_json_becomes_a_struct():
    assert read(Thing, b'{"id":"a","inside":{"count":3}}') == Thing(id="a", inside=Thing(count=3))


def test_what_is_not_known_is_passed_over():
    assert read(Thing, b'{"id":"a","added_later":[1,2]}') == Thing(id="a")


def test_a_field_of_the_wrong_type_costs_that_field_alone():
    assert read(Thing, b'{"id":"a","count":{"no":"number"},"names":["x"]}') == Thing(id="a", names=("x",))


def test_a_number_that_came_as_text_is_a_number():
    assert read(Thing, b'{"count":"12"}') == Thing(count=12)


def test_json_that_the_standard_forbids_is_read():
    assert read(Thing, b'{"id":"a","count":NaN}') == Thing(id="a")


def test_a_list_becomes_a_tuple():
    assert read(tuple[Thing, ...], b'[{"id":"a"},{"id":"b"}]') == (Thing(id="a"), Thing(id="b"))


@pytest.mark.parametrize(
    ("body", "things"),
    [(b'{"id":"a"}', (Thing(id="a"),)), (b"{}", ()), (b"null", ()), (b"", ())],
    ids=["one in place of a list", "an empty object", "null", "nothing"],
)
def test_a_list_is_one_whatever_stands_for_it(body, things):
    """RAGFlow's page shows one session where a list is meant, and its logs are {} where there are none."""
    assert read(tuple[Thing, ...], body) == things


def test_nothing_is_an_answer_without_fields():
    assert read(Thing, b"null") == Thing()


def test_any_json_is_kept_as_it_is():
    assert read(Any, b'{"a":[1,null]}') == {"a": [1, None]}
    assert read(Any, b"null") is None


def test_bytes_are_as_they_came_and_none_is_not_even_looked_at():
    assert read(bytes, b"\xff\x00") == b"\xff\x00"
    assert read(None, b"whatever") is None


@pytest.mark.parametrize("body", [b"<html>", b'"text"', b"[1", b"7", b"\xff"])
def test_what_is_no_answer_says_what_it_is(body):
    with pytest.raises(UnexpectedAnswer) as raised:
        read(Thing, body)
    assert raised.value.status == 200
    assert raised.value.content_type == "application/json"


def test_a_key_that_a_server_repeats_is_in_no_message():
    page = received(b"<html>you said app-0123456789</html>", 200, "text/html")
    assert page.start == "<html>you said [hidden]</html>"
    assert "app-0123456789" not in str(page.unexpected())
    assert received(b'{"message":"bad: app-0123456789"}').object == {"message": "bad: [hidden]"}


def test_json_is_told_without_the_key_and_a_file_as_it_came():
    assert received(b'{"name":"App of app-0123456789"}').without_key().body == b'{"name":"App of [hidden]"}'
    assert received(b'{"name":"\xff"}').without_key().body == b'{"name":"\xff"}'
    assert received(b"app-0123456789", content_type="text/plain").without_key().body == b"app-0123456789"


def test_what_is_no_object_has_no_fields():
    assert received(b"<html>").object == {}
    assert received(b"[1]").object == {}


def test_a_status_says_what_it_means():
    assert received(b"", 502).phrase == "Bad Gateway"
    assert received(b"", 599).phrase == "status 599"
