"""What apps are called: as somebody named them, as `/info` does, else by the id in a path or a body."""

import pytest

from streamkit.gateway.asked import Asked
from streamkit.gateway.names import AppNames, is_info
from streamkit.gateway.recognise import recognise

RUN = recognise("POST", "/v1/workflows/run")
DRAFT = recognise("POST", "/console/api/apps/a-1/workflows/draft/run")
KEY = Asked(key="0123456789ab")


def test_a_given_name_is_the_first_then_the_path_then_what_was_learnt():
    names = AppNames({"0123456789ab": "support", "a-1": "shop"})
    assert names.of(RUN, KEY) == "support"
    assert names.of(DRAFT, KEY) == "support"
    assert names.of(DRAFT, Asked()) == "shop"
    assert AppNames().of(DRAFT, Asked()) == "a-1"
    assert AppNames().of(RUN, Asked(app_id="g-1")) == "g-1"
    assert names.of(DRAFT, Asked(app_id="g-1")) == "shop"
    assert AppNames().of(RUN, KEY) is None
    assert AppNames().of(None, Asked()) is None


@pytest.mark.parametrize(
    ("info", "name"),
    [
        (b'{"name": " My App ", "description": "", "tags": []}', "My App"),
        (b'{"name": "' + b"x" * 500 + b'"}', "x" * 100),
        (b'{"name": ""}', None),
        (b'{"name": 7}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"\xff", None),
    ],
)
def test_a_name_is_learnt_for_a_key(info, name):
    names = AppNames()
    names.learn("0123456789ab", info)
    assert names.of(RUN, KEY) == name


def test_a_name_is_asked_for_once_and_where_the_service_is():
    names = AppNames()
    assert names.question(RUN, KEY, "/dify/v1/workflows/run?x=1") == "/dify/v1/info"
    assert names.question(RUN, KEY, "/dify/v1/workflows/run") is None


@pytest.mark.parametrize(
    ("route", "asked", "path"),
    [
        (None, KEY, "/v1/x"),
        (RUN, Asked(), "/v1/workflows/run"),
        (DRAFT, KEY, "/console/api/apps/a-1/workflows/draft/run"),
        (recognise("POST", "/api/v1/agents/g/completions"), KEY, "/api/v1/agents/g/completions"),
    ],
)
def test_a_name_is_not_asked_for_where_nothing_would_tell(route, asked, path):
    assert AppNames().question(route, asked, path) is None


def test_so_many_keys_are_remembered():
    names = AppNames()
    for number in range(2_001):
        names.question(RUN, Asked(key=f"{number:012d}"), "/v1/workflows/run")
    assert names.question(RUN, Asked(key=f"{0:012d}"), "/v1/workflows/run") == "/v1/info"


@pytest.mark.parametrize(
    ("method", "path", "is_one"),
    [
        ("GET", "/v1/info", True),
        ("GET", "/x/v1/info/", True),
        ("POST", "/v1/info", False),
        ("GET", "/v1/info/x", False),
    ],
)
def test_a_request_for_a_name_is_known(method, path, is_one):
    assert is_info(method, path) is is_one
