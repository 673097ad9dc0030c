"""What must not stand in a recording, masked: the same length, and the same placeholder for the same secret."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from streamkit.recording.format import Entry, Exchange, Header, Request, Response

_SECRET_HEADER: Final = re.compile(
    r"authorization|cookie|passw|secret|credential|signature|passport|api[-_]?key|csrf|xsrf|session"
    r"|^proxy-|(?:^|[-_])(?:auth|key|token)$",
    re.IGNORECASE,
)
"""Names of headers whose values are secret. Of tokens, the singular: `x-ratelimit-remaining-tokens` is a count."""
_SCHEME: Final = re.compile(r"(?:bearer|basic|digest|token|apikey) +", re.IGNORECASE)


class Redactor:
    """Masks secrets. It knows those that it was told of, and learns others from what it sees."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Prepare to mask.

        Args:
            secrets: values that must not pass.
        """
        self._known = {secret for secret in secrets if secret}

    def header(self, header: Header) -> Header:
        """Return a header without its secrets."""
        return msgspec.structs.replace(
            header, request=self._request(header.request), response=self._response(header.response)
        )

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without its secrets."""
        return Exchange(self._request(exchange.request), self._response(exchange.response), exchange.at)

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        for secret in self._known:
            text = text.replace(secret, placeholder(secret, len(secret)))
        return text

    def learn(self, header: Header, entries: Iterable[Entry]) -> None:
        """Look for secrets in a whole recording, before any of it is masked."""

    def feed(self, data: bytes) -> bytes:
        """Mask the next bytes of the body; return those that are done."""
        return data

    def close(self) -> bytes:
        """End the body; return the rest of it."""
        return b""

    def _request(self, request: Request) -> Request:
        return msgspec.structs.replace(request, headers=self._headers(request.headers))

    def _response(self, response: Response) -> Response:
        return msgspec.structs.replace(response, headers=self._headers(response.headers))

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {name: self._value(value) if is_secret(name) else value for name, value in headers.items()}

    def _value(self, value: str) -> str:
        scheme = _SCHEME.match(value)
        start = scheme.end() if scheme else 0
        return value[:start] + placeholder(value[start:], len(value) - start)


def is_secret(name: str) -> bool:
    """Whether the value of a header of this name is secret."""
    return _SECRET_HEADER.search(name) is not None


def placeholder(secret: str, length: int) -> str:
    """Return what stands instead of a secret, in so many letters and digits."""
    digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()[:4]
    return f"REDACTED{digest}".ljust(length, "x")[:length]
