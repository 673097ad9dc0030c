"""Recordings without what people wrote: filler in its place, of the same length, and all of the structure.

The run that such a recording holds is the same, but for what is said in it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from streamkit.recording.filler import fill, fill_url
from streamkit.recording.format import Chunk, End, Entry, Exchange, Header, Marker, Request, Response
from streamkit.recording.structure import scrub_json
from streamkit.run.payload import loads_leniently

_TERMINATOR: Final = b"[DONE]"

_LINE: Final = re.compile(rb"(?P<line>[^\r\n]*)(?:\r\n|\r|\n|\Z)")
_DATA: Final = re.compile(rb"data(?:: ?|\Z)")
_KEPT_FIELDS: Final = (b":", b"event:", b"id:", b"retry:")
_BOM: Final = b"\xef\xbb\xbf"


def scrubbed(header: Header, entries: Iterable[Entry]) -> tuple[Header, Iterator[Entry]]:
    """Return a recording without text of people; times, and the borders of chunks, stay.

    Args:
        header: of the recording. Headers of HTTP, and keys that streamkit does not know, stay as they are.
        entries: all that is in it.
    """
    entries = list(entries)
    body = scrub_body(b"".join(entry.data for entry in entries if isinstance(entry, Chunk)))
    source = msgspec.structs.replace(header.source, url=_url(header.source.url))
    header = msgspec.structs.replace(header, source=source, request=_request(header.request))
    return header, _with_body(entries, body)


def _with_body(entries: Iterable[Entry], body: bytes) -> Iterator[Entry]:
    """Yield entries without text, their chunks cut from a body that is scrubbed already."""
    done = 0
    for entry in entries:
        if isinstance(entry, Chunk):
            yield Chunk(entry.at, body[done : done + len(entry.data)])
            done += len(entry.data)
        else:
            yield _scrubbed(entry)


def _scrubbed(entry: Marker | Exchange | End) -> Marker | Exchange | End:
    match entry:
        case Marker(at, text):
            return Marker(at, fill(text))
        case Exchange(request, response, at):
            return Exchange(_request(request), _response(response), at)
        case End(reason, error, at):
            return End(reason, None if error is None else fill(error), at)


def _request(request: Request) -> Request:
    return msgspec.structs.replace(request, body=_value(request.body), url=_url(request.url))


def _response(response: Response) -> Response:
    return msgspec.structs.replace(response, body=_value(response.body))


def _value(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    return msgspec.json.decode(scrub_json(msgspec.json.encode(value)))


def _url(url: str | None) -> str | None:
    return None if url is None else fill_url(url)


# ---- bodies


def scrub_body(body: bytes) -> bytes:
    """Return a body without text of people: as many bytes, the same lines, the same frames."""
    start = len(body) - len(body.removeprefix(_BOM).lstrip())
    if body[start:].startswith(b"{"):
        return body[:start] + _scrub_documents(body[start:])
    out, data = bytearray(body), list[tuple[int, int]]()
    for found in _LINE.finditer(body, len(_BOM) if body.startswith(_BOM) else 0):
        line, (begin, end) = found["line"], found.span("line")
        if not line:
            _scrub_frame(out, data)
            data.clear()
        elif field := _DATA.match(line):
            data.append((begin + field.end(), end))
        elif not line.startswith(_KEPT_FIELDS):  # no event stream, or nothing that means anything in one
            out[begin:end] = _scrub_text(line)
    _scrub_frame(out, data)
    return bytes(out)


def _scrub_documents(body: bytes) -> bytes:
    """Scrub one JSON document, or one a line."""
    if _is_json(body):
        return scrub_json(body)
    return b"".join(_scrub_data(line) for line in body.splitlines(keepends=True))


def _scrub_frame(out: bytearray, places: list[tuple[int, int]]) -> None:
    """Scrub the data of a frame, which may be several lines."""
    if not places:
        return
    scrubbed_data = _scrub_data(b"\n".join(out[begin:end] for begin, end in places))
    done = 0
    for begin, end in places:
        out[begin:end] = scrubbed_data[done : done + end - begin]
        done += end - begin + 1


def _scrub_data(data: bytes) -> bytes:
    if data.strip() == _TERMINATOR:
        return data
    return scrub_json(data) if _is_json(data) else _scrub_text(data)


def _scrub_text(data: bytes) -> bytes:
    return fill(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _is_nearly_json(data)
    return True


def _is_nearly_json(data: bytes) -> bool:
    """Whether it is JSON as real servers send it, with NaN, halves of pairs, or bytes that are no UTF-8."""
    try:
        loads_leniently(data)
    except (ValueError, RecursionError):
        return False
    return True
