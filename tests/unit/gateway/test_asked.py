"""What a request says of itself is known; what is secret in it is known by its fingerprint only."""

import base64
import hashlib

import pytest
from multidict import CIMultiDict

from streamkit.gateway.asked import Asked, Kept, asked, fingerprint, redactor, secret_values

KEY = "app-AbCdEfGhIjKlMnOp"


def headers(**values):
    return CIMultiDict({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize("value", [f"Bearer {KEY}", f"bearer  {KEY}", KEY])
def test_a_key_is_known_by_its_fingerprint(value):
    known = asked(headers(authorization=value))
    assert known == Asked(key=hashlib.sha256(KEY.encode()).hexdigest()[:12])
    assert KEY not in repr(known)


@pytest.mark.parametrize(
    ("body", "user"),
    [
        (b'{"user": "u-1", "conversation_id": "c-1"}', "u-1"),  # Dify
        (b'{"user_id": "u-2", "session_id": "s-2", "question": "?"}', "u-2"),  # RAGFlow
        (b'{"user": "", "conversation_id": ""}', None),
        (b'{"user": {"id": 7}, "session_id": [1]}', None),
        (b'{"user": "' + b"x" * 1000 + b'"}', "x" * 200),
        (b"user=u-1&a=b", None),
        (b"[1]", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
        (b"", None),
        (None, None),
    ],
)
def test_a_body_says_who_asks_if_it_says_it_at_all(body, user):
    assert asked(headers(), body) == Asked(user=user)


@pytest.mark.parametrize("name", ["agent_id", "chat_id"])
def test_a_body_names_the_app_where_the_path_does_not(name):
    assert asked(headers(), b'{"%s": "g-1"}' % name.encode()).app_id == "g-1"


@pytest.mark.parametrize(
    ("value", "known"),
    [("req-7/a:b", "req-7/a:b"), ("two words", None), ("x" * 200, None), ("a\x00b", None), ("", None)],
)
def test_an_id_of_a_request_is_one_or_is_left_out(value, known):
    assert asked(headers(x_request_id=value)).request_id == known


def test_a_traceparent_is_one_or_is_left_out():
    good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert asked(headers(traceparent=good)).traceparent == good
    assert asked(headers(traceparent="anything")).traceparent is None


def test_what_is_secret_in_a_request_is_known_to_be():
    found = secret_values(
        headers(
            authorization=f"Bearer {KEY}",
            cookie="session=0123456789abcdef; theme=dark; csrf=Zyxwvutsrqpo1",
            x_api_key="k-0123456789",
            accept="text/event-stream",
        ),
        "a=1&token=t0k3nt0k3nt0k3n&sign=s1gns1gn",
    )
    assert found == {KEY, "0123456789abcdef", "Zyxwvutsrqpo1", "k-0123456789", "t0k3nt0k3nt0k3n"}


def test_a_password_is_known_wherever_it_stands():
    pair = base64.b64encode(b"me:hunter2hunter2").decode()
    assert secret_values(headers(authorization=f"Basic {pair}")) == {pair, "hunter2hunter2"}


def test_what_is_longer_than_can_be_looked_for_is_no_mistake():
    (found,) = secret_values(headers(authorization="Bearer " + "aB1" * 5000))
    assert redactor(frozenset([found])).text(f"x {found} y").count("REDACTED") == 1


def test_keys_that_come_again_are_not_prepared_again():
    assert redactor(frozenset([KEY])) is redactor(frozenset([KEY]))


def test_a_fingerprint_is_of_any_text():
    assert len(fingerprint("\udcff")) == 12


async def sent(*chunks):
    for chunk in chunks:
        yield chunk


async def test_a_body_is_kept_while_it_goes_on():
    kept = Kept(sent(b"ab", b"c"))
    assert [chunk async for chunk in kept] == [b"ab", b"c"]
    assert (kept.body, kept.is_whole) == (b"abc", True)


async def test_of_a_long_one_nothing_is_kept():
    kept = Kept(sent(b"a", b"b" * 300_000, b"c"))
    assert sum([len(chunk) async for chunk in kept]) == 300_002
    assert kept.body is None
