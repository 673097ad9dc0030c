"""A site has one name before the proxy and another behind it; each side hears its own."""

import pytest
from multidict import CIMultiDict
from yarl import URL

from streamkit.gateway.origins import Origins, origins_of

PLAIN = Origins(URL("http://127.0.0.1:8400"), URL("https://dify.example"))
SECURE = Origins(URL("https://ai.example"), URL("http://10.0.0.5:5001"))


def response(**headers):
    told = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    PLAIN.translate_response(told)
    return dict(told)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("https://dify.example/signin?next=%2Fapps#top", "http://127.0.0.1:8400/signin?next=%2Fapps#top"),
        ("https://DIFY.example:443", "http://127.0.0.1:8400"),
        ("https://dify.example?a=1", "http://127.0.0.1:8400?a=1"),
        ("/signin", "/signin"),
        ("signin", "signin"),
        ("https://dify.example.evil/signin", "https://dify.example.evil/signin"),
        ("https://login.example/?back=https://dify.example/", "https://login.example/?back=https://dify.example/"),
        ("http://dify.example/", "http://dify.example/"),  # another origin: it may be what it redirects to itself
        ("https://[broken/", "https://[broken/"),
    ],
)
def test_a_redirect_to_the_site_stays_behind_the_proxy_and_others_lead_where_they_led(there, here):
    assert response(Location=there) == {"Location": here}


def test_what_the_server_allows_itself_it_allows_the_proxy():
    assert response(Access_Control_Allow_Origin="https://dify.example") == {
        "Access-Control-Allow-Origin": "http://127.0.0.1:8400"
    }
    assert response(Access_Control_Allow_Origin="*") == {"Access-Control-Allow-Origin": "*"}


def test_a_page_of_the_proxy_is_a_page_of_the_site_and_others_are_themselves():
    headers = CIMultiDict({"Origin": "http://127.0.0.1:8400", "Referer": "http://127.0.0.1:8400/apps?x=1"})
    PLAIN.translate_request(headers)
    assert dict(headers) == {"Origin": "https://dify.example", "Referer": "https://dify.example/apps?x=1"}
    foreign = CIMultiDict({"Origin": "https://evil.example", "Referer": "null"})
    PLAIN.translate_request(foreign)
    assert dict(foreign) == {"Origin": "https://evil.example", "Referer": "null"}


@pytest.mark.parametrize(
    ("origins", "told", "taken"),
    [
        (PLAIN, "a=b; Path=/; HttpOnly", "a=b; Path=/; HttpOnly"),
        (PLAIN, "a=b; Domain=.dify.example; Path=/", "a=b; Path=/"),
        (PLAIN, "a=b; domain=example; HttpOnly", "a=b; HttpOnly"),
        (PLAIN, "a=b; Secure; SameSite=None", "a=b"),
        (PLAIN, "a=b; Secure; SameSite=Lax", "a=b; SameSite=Lax"),
        (PLAIN, "__Host-a=b; Secure; Path=/; SameSite=None", "__Host-a=b; Secure; Path=/; SameSite=None"),
        (PLAIN, "a=Secure", "a=Secure"),
        (SECURE, "a=b; Secure; SameSite=None", "a=b; Secure; SameSite=None"),
        (SECURE, "a=b; Domain=ai.example", "a=b; Domain=ai.example"),
        (SECURE, "a=b; Domain=example", "a=b; Domain=example"),
        (SECURE, "a=b; Domain=i.example", "a=b"),
    ],
)
def test_a_cookie_is_one_that_the_client_takes_from_the_proxy(origins, told, taken):
    assert origins.cookie(told) == taken


def test_all_cookies_are_kept_in_their_order():
    headers = CIMultiDict([("Set-Cookie", "a=1; Secure"), ("X-Between", "x"), ("Set-Cookie", "b=2")])
    PLAIN.translate_response(headers)
    assert headers.getall("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("headers", "here"),
    [
        ({"Host": "ai.example"}, "http://ai.example"),
        ({"Host": "ai.example:8400", "X-Forwarded-Proto": "HTTPS, http"}, "https://ai.example:8400"),
        ({"Host": "ai.example", "X-Forwarded-Proto": "javascript"}, "http://ai.example"),
        ({"Host": "a b["}, "https://dify.example"),
        ({"Host": ""}, "https://dify.example"),
    ],
)
def test_a_client_says_what_it_calls_the_site(headers, here):
    assert origins_of(CIMultiDict(headers), "http", PLAIN.there) == Origins(URL(here), PLAIN.there)
