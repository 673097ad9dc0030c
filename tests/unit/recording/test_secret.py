"""What a secret looks like: found by name or by shape, and words, counts and ids are left alone."""

import json

import pytest

from streamkit.recording.secret import find, in_header, is_secret, is_specific, scheme_of
from tests.unit.recording.planted import KEY, in_json

TOKEN = "urs23CZGRvbLOu5kHsetNq"  # noqa: S105 - as a server makes them


def found(text):
    return {place.secret for place in find(text.encode())}


# ---- headers


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
    "name", ["content-type", "x-ratelimit-remaining-tokens", "www-authenticate", "author", "monkey", "etag"]
)
def test_headers_that_carry_none(name):
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "scheme", "secrets"),
    [
        ("Authorization", f"Bearer {KEY}", "Bearer ", [KEY]),
        ("authorization", KEY, "", [KEY]),
        ("Authorization", "Basic dXNlcjpwYTU1OndvcmQ=", "Basic ", ["dXNlcjpwYTU1OndvcmQ=", "pa55:word"]),
        ("Authorization", "Basic ?", "Basic ", ["?"]),
        ("Cookie", 'a=1234567890; b="quoted"; c', "", ["1234567890", "quoted"]),
        ("Set-Cookie", "sid=1234567890; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "", ["1234567890"]),
    ],
)
def test_what_is_secret_in_a_header(name, value, scheme, secrets):
    assert scheme_of(value) == scheme
    assert in_header(name, value) == secrets


# ---- under a name


@pytest.mark.parametrize(
    "name",
    [
        "form_token",
        "access_token",
        "refreshToken",
        "api_key",
        "apiKey",
        "x-api-key",
        "API Key",
        "client_secret",
        "db_password",
        "Authorization",
        "secret",
        "passphrase",
        "cookie",
    ],
)
@pytest.mark.parametrize("value", [TOKEN, "s3cr3t", "one word", 'ü\n"\\', "ends with a backslash\\"])
def test_a_string_under_a_telling_name_is_secret(name, value):
    for times in range(4):
        document = in_json(json.dumps({name: value, "b": "c"}), times)
        (place,) = find(document.encode())
        assert place.secret == value
        rest = document.encode()[: place.start] + b"x" + document.encode()[place.end :]
        for _ in range(times):
            rest = json.loads(b'"' + rest + b'"').encode()
        assert json.loads(rest) == {name: "x", "b": "c"}


@pytest.mark.parametrize(
    "document",
    [
        {"total_tokens": 12, "token": 5, "max_tokens": "512", "tokens": "12345678"},
        {"token": "Hello"},
        {"token": " internationalization"},
        {"token": "a sentence with 10 words"},
        {"token": "1234567890"},
        {"key": "12345678", "keys": ["a"], "monkey": "chimpanzee1"},
        {"password": None, "api_key": "", "secret": ["s3cr3t-s3cr3t"], "secrets": "are many1"},
    ],
)
def test_counts_words_and_nothing_are_no_secrets(document):
    assert found(json.dumps(document)) == set()


def test_a_bare_token_is_one_if_it_lets_somebody_in():
    assert found(json.dumps({"token": TOKEN})) == {TOKEN}


def test_the_scheme_is_no_part_of_the_secret():
    assert found('{"Authorization": "Bearer abc"}') == {"abc"}


def test_a_string_that_never_ends_is_secret_as_far_as_one_looks():
    (place,) = find(b'{"api_key":"' + b"a1" * 10_000)
    assert place.end - place.start == 3072


# ---- by its shape


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "dataset-Zm9vYmFyYmF6cXV4cXV1eA",
        "ragflow-I0YjY5NmY4YzA4MTFlZmk5",
        "sk-proj-abcDEF_123-456789012345",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
@pytest.mark.parametrize("before", ["", "key: ", "a line\\n", "\\u0022", "%22", "=", "-"])
def test_keys_are_known_by_their_shape(key, before):
    assert key in found(f"{before}{key}, and so on")


@pytest.mark.parametrize(
    "text",
    [
        "task-0123456789abcdef0123",
        "app-configuration-of-the-whole-house",
        "sk-learn-based-classification",
        "dataset-0c3b37ed-1234",
        "happy-Zm9vYmFyYmF6cXV4cXV1eA",
        "bearer of bad news, internationally",
        "https://host/path?design=modern&page=3&resign=now",
        "mail me: user@host.example",
    ],
)
def test_words_and_ids_are_no_keys(text):
    assert found(text) == set()


@pytest.mark.parametrize("blank", [" ", "  ", "+", "%20", "\\u0020"])
def test_what_stands_behind_bearer_is_secret(blank):
    assert found(f"curl -H 'x: bearer{blank}abcdefghijklmnop'") == {"abcdefghijklmnop"}


# ---- in URLs


@pytest.mark.parametrize(
    "url", ["https://host/files/1/file-preview?timestamp=1700000000&nonce=0a1b2c3d&sign=Q8dz-CW5_vWA="]
)
@pytest.mark.parametrize(
    "spelt",
    [
        str,
        lambda url: url.replace("/", "\\/"),
        lambda url: url.replace("&", "\\u0026").replace("=", "\\u003d"),
        lambda url: url.replace("&", "&amp;"),
        lambda url: "https://other/?url=" + url.replace("&", "%26").replace("=", "%3D"),
        lambda url: "https://other/?url=" + url.replace("&", "%2526").replace("=", "%253D"),
    ],
)
def test_signatures_are_secret(url, spelt):
    assert found(f'"![]({spelt(url)}) next"') == {"0a1b2c3d", "Q8dz-CW5_vWA="}


@pytest.mark.parametrize(
    "parameter",
    [
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "Signature",
        "sig",
        "token",
        "access_token",
        "api_key",
        "auth",
    ],
)
def test_parameters_that_let_somebody_in_are_secret(parameter):
    assert found(f"https://host/?a=b&{parameter}=a%2Fb%2Bc&c=d#e") == {"a/b+c"}


def test_the_token_in_the_path_of_a_form_is_secret():
    assert found(f'"https:\\/\\/host\\/v1\\/form\\/human_input\\/{TOKEN}"') == {TOKEN}


def test_the_password_in_a_url_is_secret():
    assert found("redis://user:pa55@host/0, https:\\/\\/:p2@host") == {"pa55", "p2"}


@pytest.mark.parametrize(
    "text",
    [
        f"GET / HTTP/1.1\\r\\nX-Api-Key: {TOKEN}\\r\\nHost: h",
        f"Authorization: Basic {TOKEN}",
        f"OPENAI_API_KEY={TOKEN}",
        f'client = Client(api_key = \\"{TOKEN}\\")',
        f"password='{TOKEN}'",
    ],
)
def test_what_a_program_or_a_request_says_is_secret_if_it_looks_like_it(text):
    assert found(text) == {TOKEN}


@pytest.mark.parametrize(
    "text",
    [
        "Client(api_key=api_key)",
        "password: forgotten",
        "token: 1234567890",
        "tokens=a1b2c3d4",
        "secret = os.environ[...]",
    ],
)
def test_what_a_program_says_of_names_is_none(text):
    assert found(text) == set()


# ---- what can be looked for elsewhere


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("s3cr3t", False),
        ("s3cr3t-s3cr3t", True),
        ("workflow_started", False),
        ("two words", False),
        ("Hello World", True),
    ],
)
def test_a_common_word_is_not_looked_for_elsewhere(value, is_one):
    assert is_specific(value) is is_one
