"""Status and headers of an answer: as they were recorded, else as the vendor sends them (A.7 of Dify, A.2 of RAGFlow)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from streamkit.replay.blocking import dify_error
from streamkit.replay.faults import Fault
from streamkit.replay.frames import decoded
from streamkit.replay.library import EVENTS, Take
from streamkit.replay.playing import Play
from streamkit.replay.routes import Reply, reply

_SSE: Final = "text/event-stream; charset=utf-8"
_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"
_TRANSPORT: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}
    | {"set-cookie", "trailer", "upgrade", "te", "via", "alt-svc"}
)
"""Headers of one connection, and what is not true any more of the bytes that are sent."""
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_ERRORS: Final = range(400, 600)
_PAGE: Final = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
)
"""As proxies write it."""


class Head(NamedTuple):
    """What comes before a body."""

    status: int
    headers: Sequence[tuple[str, str]]


def head_of(play: Play) -> Head:
    """Return the head of an answer, with what faults do to it."""
    head = _recorded(play.take) if not play.is_document else None
    if head is None:
        is_document = play.is_document or play.take.is_document
        head = Head(_status(play.body), [("Content-Type", _JSON)]) if is_document else _of_stream(play.take)
    for fault in play.faults:
        if fault.content_type is not None:
            kept = [(name, value) for name, value in head.headers if name.lower() != "content-type"]
            head = Head(head.status, [("Content-Type", fault.content_type), *kept])
    return head


def _recorded(take: Take) -> Head | None:
    header = take.recording.header
    if header is None or not (header.response.headers or header.response.status):
        return None
    kept = [(name, value) for name, value in header.response.headers.items() if name.lower() not in _TRANSPORT]
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(("Content-Type", _JSON if take.is_document else _SSE))
    return Head(header.response.status or 200, kept)


def _status(body: bytes) -> int:
    """Return the status of a document: Dify writes that of an error into it, everybody else says 200."""
    told = decoded(body)
    status = told.get("status")
    return status if "message" in told and isinstance(status, int) and status in _ERRORS else 200


def _of_stream(take: Take) -> Head:
    start = take.body.lstrip(_BLANK)[:1]
    if start == b"<":
        return Head(200, [("Content-Type", _HTML)])
    if start == b"{":
        return Head(200, [("Content-Type", "application/x-ndjson")])
    headers = [("Content-Type", _SSE)]
    if any(door.startswith("ragflow") for door in take.doors[:1]) or take.run.dialect == "openai":
        # The type comes twice; a client that parses the header strictly falls over it.
        headers += [("Cache-control", "no-cache"), ("X-Accel-Buffering", "no"), ("Content-Type", _SSE)]
    elif take.doors[0] == EVENTS or take.is_continuation:
        headers += [("Cache-Control", "no-cache")]
    return Head(200, headers)


# ---- faults


def refusal(play: Play, fault: Fault) -> Reply:
    """Return the error that comes in place of an answer."""
    assert fault.status is not None  # noqa: S101 - for the type checker
    phrase = _phrase(fault.status)
    if fault.is_page:
        return Reply(_PAGE.format(f"{fault.status} {phrase}").encode(), fault.status, _HTML)
    dialect = play.take.run.dialect
    if dialect == "ragflow":
        return reply({"code": fault.status, "data": False, "message": phrase}, fault.status)
    if dialect == "openai":
        error = {"message": phrase, "type": "server_error", "param": None, "code": str(fault.status)}
        return reply({"error": error}, fault.status)
    code = _DIFY_CODES.get(fault.status, "internal_server_error")
    return Reply(msgspec.json.encode(dify_error(code, phrase, fault.status)), fault.status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


_DIFY_CODES: Final[Mapping[int, str]] = {
    400: "invalid_param",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    413: "file_too_large",
    429: "too_many_requests",
}
