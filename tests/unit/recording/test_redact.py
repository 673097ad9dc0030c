"""Secrets that were planted everywhere, and are found nowhere."""

import re

import pytest

from streamkit.recording import Header, Redactor, Request, Response
from streamkit.recording.redact import is_secret, placeholder

KEY = "app-Zm9vYmFyYmF6cXV4cXV1eA"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "set-cookie",
        "X-API-Key",
        "api-key",
        "x-csrf-token",
        "x-app-passport",
        "X-Amz-Security-Token",
        "x-goog-api-key",
        "ocp-apim-subscription-key",
        "mcp-session-id",
    ],
)
def test_headers_that_carry_secrets(name):
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["content-type", "x-ratelimit-remaining-tokens", "www-authenticate", "author", "monkey"]
)
def test_headers_that_carry_none(name):
    assert not is_secret(name)


@pytest.mark.parametrize("length", [1, 8, 12, 13, 40])
def test_a_placeholder_is_as_long_as_it_must_be(length):
    assert re.fullmatch(r"REDACTED[0-9a-f]{4}x*", placeholder(KEY, 40))
    assert placeholder(KEY, length) == placeholder(KEY, 40)[:length]
    assert placeholder(KEY, 40) != placeholder(KEY + "!", 40)


def test_headers_keep_their_scheme_and_their_length():
    header = Header(
        request=Request({"authorization": f"Bearer {KEY}", "accept": "*/*"}),
        response=Response(200, {"Set-Cookie": "a=b"}),
    )
    masked = Redactor().header(header)
    assert masked.request.headers == {"authorization": f"Bearer {placeholder(KEY, len(KEY))}", "accept": "*/*"}
    assert masked.response.headers == {"Set-Cookie": "RED"}
