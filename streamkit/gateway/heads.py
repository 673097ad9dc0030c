"""What was asked, and how the answer begins: told once, and kept in recordings alone."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from streamkit.gateway.recognise import Route
from streamkit.recording import Header, Request, Response, Source

_OF_THE_WIRE: Final = ("content-encoding", "content-length", "transfer-encoding")
"""Headers of a body that is recorded decoded."""


class Head(NamedTuple):
    """What was asked, and how the answer begins. It has secrets in it: whoever is told of it does not keep it."""

    method: str
    url: str
    """The path, with the query."""
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes | None
    status: int
    response_headers: tuple[tuple[str, str], ...]


def header_of(head: Head, route: Route | None, created: datetime) -> Header:
    """Return the header of a recording: the request, and the head of the response.

    Args:
        head: what both are.
        route: what was asked for, as far as that is known.
        created: when the request came.
    """
    kind = route.vendor if route is not None else None
    return Header(
        source=Source(kind=kind, method=head.method, url=head.url),
        request=Request(headers=_joined(head.request_headers), body=_json(head.request_body)),
        response=Response(
            status=head.status,
            headers={
                name: value
                for name, value in _joined(head.response_headers).items()
                if name.lower() not in _OF_THE_WIRE
            },
        ),
        created=f"{created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )


def _joined(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return headers of which each has one value."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _json(body: bytes | None) -> object:
    """Return a request's body as a recording has it: JSON, or text; None if it is neither, or too long."""
    if not body:
        return None
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        try:
            value = body.decode()
        except UnicodeError:
            return None
    return value
