"""Addresses: what a user may give, and that nothing leads to another path than it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.clients.address import base_of, filled, proxy_of, url_of


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://api.dify.ai/v1", "https://api.dify.ai/v1"),
        ("https://api.dify.ai/v1/", "https://api.dify.ai/v1"),
        (" http://host:8080 \n", "http://host:8080/v1"),
        ("http://host/", "http://host/v1"),
        ("http://host/gateway/dify/v1", "http://host/gateway/dify/v1"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1"),
    ],
)
def test_a_base_is_taken_as_people_write_it(given, base):
    assert base_of(given, default_path="/v1") == base


@pytest.mark.parametrize(
    "given", ["http://host:9380", "http://host:9380/", "http://host:9380/api/v1", "http://host:9380/api/v1/"]
)
def test_what_the_paths_have_themselves_is_taken_off(given):
    assert base_of(given, removed="/api/v1") == "http://host:9380"


@pytest.mark.parametrize("given", ["", "host", "host:80", "ftp://host", "http://", "file:///etc/passwd", "//host"])
def test_what_is_no_address_is_refused(given):
    with pytest.raises(ValueError, match="no http or https address"):
        base_of(given)


@pytest.mark.parametrize("given", ["http://ada:s3cret@host", "http://host/v1?key=s3cret", "http://host/v1#s3cret"])
def test_what_may_be_a_secret_is_refused_without_being_repeated(given):
    with pytest.raises(ValueError, match="more than a host and a path") as raised:
        base_of(given)
    assert "s3cret" not in str(raised.value)


def test_a_path_takes_values_as_one_part_each():
    assert filled("/a/{x}/b", {"x": "1/2?q#f %"}) == "/a/1%2F2%3Fq%23f%20%25/b"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_lead_elsewhere_is_refused(value):
    with pytest.raises(ValueError, match="x cannot be"):
        filled("/a/{x}", {"x": value})


def test_a_value_that_is_missing_is_named():
    with pytest.raises(ValueError, match="y must be given"):
        filled("/a/{x}/{y}", {"x": "1"})


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_whatever_a_value_is_the_path_has_the_same_parts(value):
    value = value.encode("utf-8", "replace").decode()
    url = url_of("http://host", filled("/a/{x}/b", {"x": value}))
    assert url.raw_path.count("/") == 3
    assert url.path_safe.startswith("/a/")
    assert not url.query_string


def test_a_query_is_encoded():
    assert str(url_of("http://host", "/a", {"user": "a&b=c d"})) == "http://host/a?user=a%26b%3Dc+d"


# ---- proxies


@pytest.fixture
def proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    return monkeypatch


@pytest.mark.parametrize(
    ("base", "proxy"),
    [
        ("https://dify.example/v1", "http://proxy:3128"),
        ("http://127.0.0.1:5001/v1", None),
        ("http://[::1]:5001/v1", None),
        ("http://localhost:5001/v1", None),
    ],
)
def test_the_proxy_of_the_environment_is_for_other_machines(proxies, base, proxy):
    assert proxy_of(base) == proxy


def test_a_host_may_be_left_out(proxies):
    proxies.setenv("no_proxy", "dify.example")
    assert proxy_of("https://dify.example/v1") is None
