"""What a secret looks like: by the name it stands under, or by its own shape.

Tokens are counted in nearly every event, and words are called tokens, too: under a bare `token` only what looks like a
credential is one, and no number ever is. Nothing that is found goes over a line end, or is longer than `LONGEST`.
"""

import base64
import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from streamkit.recording.spelling import Place

LONGEST: Final = 128 * 1024
"""No secret that is looked for takes more bytes than this, however it is spelt."""

_SECRET_HEADER: Final = re.compile(
    r"authorization|cookie|passw|secret|credential|signature|passport|api[-_]?key|csrf|xsrf|session"
    r"|^proxy-|(?:^|[-_])(?:auth|key|token)$",
    re.IGNORECASE,
)
"""Names of headers whose values are secret. Of tokens, the singular: `x-ratelimit-remaining-tokens` is a count."""
_SCHEME: Final = re.compile(r"(?:bearer|basic|digest|token|apikey) +", re.IGNORECASE)
_COOKIE: Final = re.compile(r"[^=;\s]+=\"?([^;\"]+)")

_NAME: Final = re.compile(rb'"(?P<name>[\w .-]{1,64})\\{0,15}"[ \t]{0,8}:[ \t]{0,8}(?P<level>\\{0,15}+)"')
"""A name in JSON with a string behind it; also in JSON that is a string of other JSON, four levels deep."""
_SECRET_NAME: Final = re.compile(
    r"(?:form|access|refresh|auth|id|api|session|security|csrf|xsrf|bearer|client|user|login)[_ -]?token$"
    r"|(?:api|access|secret|private|app|client)[_ -]?key$"
    r"|(?:secret|passw(?:or)?d|passphrase|authorization|cookie|credentials?)$",
    re.IGNORECASE,
)
_STRING: Final = rb"""
    (?i: (?:bearer|basic|digest|token|apikey) [ ]{1,4} )?
    (?P<value> (?:
        [^"\\\r\n]
      | LEVEL\\ (?: LEVEL\\ | LEVEL" | (?=[^"\\]) )  # an escape of this string
      | (?! LEVEL" ) \\  # or of one that this one stands in
    ){1,3072}+ )
"""
"""The rest of a string; LEVEL stands for the backslashes before its quotes."""

_IN_A_URL: Final = re.compile(
    rb"""
    (?i: \? | & | ; | u0026 | u003f | %(?:25){0,3}(?:26|3f) )
    (?: [\w-]{0,40}[_-] )?
    (?i: sign | signature | sig | nonce | credential | token | auth | api[_-]?key | secret | passw(?:or)?d )
    (?i: = | \\{1,15}u003d | %(?:25){0,3}3d )
    (?P<value> (?:
        [\w.~+/=-]
      | \\{1,15} (?: / | u00(?i:2b|2f|3d) )
      | %(?:25){0,3} (?i: 2[bdef] | 3[\dd] | [46][1-9a-f] | [57][\da] | 5f | 7e )
    ){1,3072}+ )
    """,
    re.VERBOSE,
)
"""What signs a URL, or lets one in; also in a URL that is a parameter of another one, and in JSON."""

_ASSIGNED: Final = re.compile(
    rb"""
    (?: (?<![A-Za-z0-9]) | (?<=\\[nrt]) )
    (?: [\w-]{0,40}[_-] )?
    (?i: token | api[_-]?key | secret | passw(?:or)?d | auth | authorization | cookie )
    [ ]{0,2} [=:] [ ]{0,2} (?: \\{0,15}["'] )?
    (?i: (?:bearer|basic|digest|token|apikey) [ ]{1,4} )?
    (?P<value> [\w.~+/=%-]{8,3072}+ )
    """,
    re.VERBOSE,
)
"""What a program, a log or the text of an HTTP request says of a secret; it says the same of what is none."""

_BEGINS: Final = rb"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
"""Before it stands no letter and no digit, unless it is the last one of an escape."""
_KEY: Final = re.compile(
    _BEGINS + rb"(?P<value>(?:app|dataset)-(?=[a-z]{0,64}[0-9A-Z])[A-Za-z0-9]{16,3072}+"
    rb"|(?:ragflow|sk|pk|rk)-(?=[a-z_-]{0,64}[0-9A-Z])[\w-]{16,3072}+)"
)
"""A key of Dify, of RAGFlow, or of a model's provider. Words with hyphens have neither digits nor capitals."""
_JSON_WEB_TOKEN: Final = re.compile(_BEGINS + rb"(?P<value>eyJ[\w-]{8,1024}+\.[\w-]{8,1024}+\.[\w-]{0,1024}+)")
_FOREIGN_KEY: Final = re.compile(
    _BEGINS + rb"(?P<value>A[KS]IA[0-9A-Z]{16}|AIza[\w-]{35}|hf_[A-Za-z0-9]{30,64}+"
    rb"|(?:gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-)[\w-]{16,256}+)"
)
"""A key of what workflows call: clouds, repositories, chats."""
_AFTER_BEARER: Final = re.compile(
    rb"(?i:bearer)(?: |\+|%20|\\{1,15}u0020){1,4}(?P<value>(?:[\w.~+/=-]|\\{1,15}/){16,3072}+)"
)
_IN_A_PATH: Final = re.compile(rb"human_input\\{0,15}/(?P<value>[\w-]{16,256}+)")
"""The form token in the URLs that show and submit a form of Dify."""
_BEFORE_A_HOST: Final = re.compile(rb":(?:\\{0,15}/){2}[^\s/@:\"\\]{0,100}:(?P<value>[^\s/@\"\\]{1,200})@")
"""The password in `https://user:password@host`."""


class _Look(NamedTuple):
    """A pattern, and what must stand in lower-cased bytes for it to match: to search for that is much faster."""

    hints: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    is_sure: bool = True
    """Whether it finds nothing but secrets; else they must look like credentials."""


_ASSIGNED_NAMES: Final = ("token", "key", "secret", "password", "passwd", "auth", "authorization", "cookie")
_LOOKS: Final = (
    _Look((b"=", b"u003d", b"%"), _IN_A_URL),
    _Look((b"app-", b"dataset-", b"ragflow-", b"sk-", b"pk-", b"rk-"), _KEY),
    _Look((b"eyj",), _JSON_WEB_TOKEN),
    _Look(
        (b"akia", b"asia", b"aiza", b"hf_", b"gho_", b"ghp_", b"ghs_", b"ghu_", b"ghr_", b"_pat_", b"glpat-", b"xox"),
        _FOREIGN_KEY,
    ),
    _Look((b"bearer",), _AFTER_BEARER),
    _Look((b"human_input",), _IN_A_PATH),
    _Look((b"@",), _BEFORE_A_HOST),
    _Look(
        tuple(f"{name}{sign}".encode() for name in _ASSIGNED_NAMES for sign in ("=", ":", " =")),
        _ASSIGNED,
        is_sure=False,
    ),
)

_SHORTEST: Final = 8
_TELLING: Final = re.compile(r"[^a-z_ .-]")
"""What makes a text more than words."""
_ESCAPE: Final = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|(.))")


def is_secret(name: str) -> bool:
    """Whether the value of a header of this name is secret."""
    return _SECRET_HEADER.search(name) is not None


def is_specific(value: str) -> bool:
    """Whether a secret can be looked for elsewhere, without meaning every place where a common word stands."""
    return len(value) >= _SHORTEST and _TELLING.search(value) is not None


def find(data: bytes) -> Iterator[Place]:
    """Yield the secrets in some bytes that nobody announced, in any order; they may overlap."""
    yield from _under_names(data)
    lowered = data.lower()
    for look in _LOOKS:
        if any(hint in lowered for hint in look.hints):
            for found in look.pattern.finditer(data):
                value = _plain(found["value"])
                if look.is_sure or _is_credential(value):
                    yield Place(*found.span("value"), value)


def _under_names(data: bytes) -> Iterator[Place]:
    for found in _NAME.finditer(data):
        name, level = found["name"], len(found["level"])
        if (is_bare := name.lower() == b"token") or _is_secret_name(name):
            string = _string_at(level).match(data, found.end())
            if string is not None:
                value = _string(string["value"], level)
                if not is_bare or _is_credential(value):
                    yield Place(*string.span("value"), value)


@cache
def _string_at(level: int) -> re.Pattern[bytes]:
    """Return a pattern for the rest of a string with so many backslashes before its quotes: at most 15."""
    return re.compile(_STRING.replace(b"LEVEL", rb"\\" * level), re.VERBOSE)


@lru_cache(1024)
def _is_secret_name(name: bytes) -> bool:
    return _SECRET_NAME.search(name.decode()) is not None


def in_header(name: str, value: str) -> list[str]:
    """Return what is secret in the value of a secret header, without the scheme before it."""
    if name.lower() in ("cookie", "set-cookie"):
        return _COOKIE.findall(value)[: None if name.lower() == "cookie" else 1]  # then come Path and the like
    rest = value[len(scheme_of(value)) :]
    return [rest, *_passwords(rest)] if value.lower().startswith("basic") else [rest]


def scheme_of(value: str) -> str:
    """Return what stands before the credentials in the value of a header: `Bearer` and a blank, or nothing."""
    found = _SCHEME.match(value)
    return found[0] if found else ""


def _passwords(basic: str) -> list[str]:
    try:
        return [base64.b64decode(basic, validate=True).decode().partition(":")[2]]
    except ValueError:
        return []


def _is_credential(value: str) -> bool:
    """Whether something called a token is one that lets somebody in: those of a model are called so, too."""
    return is_specific(value) and not value.isdigit() and not any(map(str.isspace, value))


def _string(data: bytes, level: int) -> str:
    """Decode what stands in a JSON string, which stands in others: each doubles the backslashes."""
    text = data.decode("utf-8", "replace")
    for _ in range((level + 1).bit_length()):
        try:
            text = json.loads(f'"{text}"', strict=False)
        except ValueError:
            return text
    return text


def _plain(data: bytes) -> str:
    """Decode what stands in a URL or in the open, perhaps in JSON."""
    text = _ESCAPE.sub(
        lambda escape: chr(int(escape[1], 16)) if escape[1] else escape[2], data.decode("utf-8", "replace")
    )
    while (plainer := unquote(text)) != text:
        text = plainer
    return text
