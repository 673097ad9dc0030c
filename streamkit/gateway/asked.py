"""What a request says of itself: whose key, which user, which app. A key itself is kept nowhere.

The body of a request is read while it goes on, and only where it may say something: of a run, and of moderate size.
"""

import hashlib
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from streamkit.recording import Redactor
from streamkit.recording.secret import in_header, is_secret, is_specific

_FINGERPRINT: Final = 12
"""Hexadecimal digits of a fingerprint: enough to tell keys apart, none to guess one."""
_LONGEST_BODY: Final = 256 * 1024
"""Bytes of a request's body that are looked at."""
_LONGEST_WORD: Final = 200
_LONGEST_SECRET: Final = 3_000
"""Characters that are looked for; what begins like a longer one is masked so far."""
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID: Final = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)


class Asked(Struct, frozen=True):
    """What is known of a request. Nothing of it is secret."""

    key: str | None = None
    """The fingerprint of its API key."""
    user: str | None = None
    app_id: str | None = None
    """The agent or chat that its body names: on the newer paths of RAGFlow nothing else does."""
    request_id: str | None = None
    traceparent: str | None = None


class _Body(Struct):
    """What a request's body may say. Any: what a client sends is of any type."""

    user: Any = None
    user_id: Any = None
    agent_id: Any = None
    chat_id: Any = None


_BODY: Final = msgspec.json.Decoder(_Body)


def fingerprint(key: str) -> str:
    """Return what tells a key from others and does not tell the key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:_FINGERPRINT]


def asked(headers: Mapping[str, str], body: bytes | None = None, answer: Mapping[str, str] | None = None) -> Asked:
    """Read what a request says of itself.

    Args:
        headers: of the request; their names are found however they are written.
        body: as far as it was kept.
        answer: the headers of the response: a server may give a request the id that it lacks.
    """
    said = _read(body)
    return Asked(
        key=fingerprint(key) if (key := _key(headers)) else None,
        user=_word(said.user) or _word(said.user_id),
        app_id=_word(said.agent_id) or _word(said.chat_id),
        request_id=_request_id(headers) or _request_id(answer or {}),
        traceparent=_fitting(_TRACEPARENT, headers.get("traceparent")),
    )


def secret_values(headers: Mapping[str, str], query: str = "") -> frozenset[str]:
    """Return what of a request must be told nowhere: its key, its cookies, and all that is named like a secret."""
    named = [pair for pair in (*headers.items(), *parse_qsl(query)) if is_secret(pair[0])]
    values = {value.strip() for name, value in named for value in in_header(name, value)}
    return frozenset(value[:_LONGEST_SECRET] for value in values if is_specific(value))


@lru_cache(maxsize=256)
def redactor(values: frozenset[str]) -> Redactor:
    """Return what masks some secrets in short texts. To make one takes a millisecond or two, and keys come again."""
    return Redactor(values)


class Kept:
    """The body of a request on its way: each chunk goes on, and a copy is kept of what is not too long."""

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        self._chunks = chunks
        self._kept: list[bytes] = []
        self._size = 0
        self.is_whole = False
        """Whether all of it came."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self._size += len(chunk)
            if self._size <= _LONGEST_BODY:
                self._kept.append(chunk)
            yield chunk
        self.is_whole = True

    @property
    def body(self) -> bytes | None:
        """All of it; None if it is too long."""
        return b"".join(self._kept) if self._size <= _LONGEST_BODY else None


def _key(headers: Mapping[str, str]) -> str | None:
    """Return the credential: RAGFlow's own pages send theirs without `Bearer`."""
    scheme, _, rest = headers.get("Authorization", "").strip().partition(" ")
    return rest.strip() or scheme or None


def _request_id(headers: Mapping[str, str]) -> str | None:
    return _fitting(_REQUEST_ID, headers.get("X-Request-Id"))


def _read(body: bytes | None) -> _Body:
    try:
        return _BODY.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _Body()


def _word(value: Any) -> str | None:  # noqa: ANN401 - see `_Body`
    return value[:_LONGEST_WORD] if isinstance(value, str) and value else None


def _fitting(pattern: re.Pattern[str], value: str | None) -> str | None:
    """Return a header that is what it should be: anything else might be anything."""
    return value if value is not None and pattern.fullmatch(value) else None
