r"""What a recording is made of: a header, then entries, one JSON line each. Makes and reads lines, and no files.

::

    {"format":"skrec","version":1,"created":"2026-…Z","source":{…},"request":{…},"response":{…}}
    [0.013211,"b","data: {…}\n\n"]    a chunk, exactly as it was read
    [0.020417,"B","/v8="]               a chunk that is no UTF-8, in base64
    [0.5,"e",{"request":{…},"response":{…}}]   another exchange of the same session
    [1.25,"m","…"]                      a marker
    [2.5,"x",{"reason":"eof","error":null}]    the end

Times are seconds since the start. Entries of an unknown code are counted and passed over: a newer version may add some.
"""

import json
import math
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct, field

from streamkit.run.payload import Json, loads_leniently

FORMAT: Final = "skrec"
VERSION: Final = 1
_MICROSECONDS: Final = 6
"""Digits of a second that are written."""


class Source(Struct, frozen=True):
    """Where a body came from."""

    kind: str | None = None
    """dify, ragflow, openai or lighton, where that is known."""
    method: str | None = None
    url: str | None = None
    """What is known of it: a whole URL, or only a path."""


class Request(Struct, frozen=True, omit_defaults=True):
    """What was asked. The body is a JSON value, or text that is none."""

    headers: dict[str, str] = field(default_factory=dict)
    body: Json = None
    method: str | None = None
    """Of an exchange; that of a recording stands in its `Source`."""
    url: str | None = None


class Response(Struct, frozen=True, omit_defaults=True):
    """What was answered."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Json = None
    """Of an exchange; that of a recording are its chunks."""


class Header(Struct, frozen=True):
    """The first line: what was recorded."""

    source: Source = Source()
    request: Request = field(default_factory=Request)
    response: Response = field(default_factory=Response)
    created: str | None = None
    """When the recording began, like 2026-11-22T09:30:00Z."""
    is_timed: bool = True
    """Whether it is known when the chunks came; where it is not, they all stand at 0. In the file: `"timed":false`."""
    extra: dict[str, Json] = field(default_factory=dict)
    """More keys of the header, kept as they are."""


class Chunk(NamedTuple):
    """Bytes of the body, as one read gave them."""

    at: float
    """Seconds since the start."""
    data: bytes


class Marker(NamedTuple):
    """A remark on a moment."""

    at: float
    text: str


class Exchange(NamedTuple):
    """A small request of the same session, with its answer: parameters, an upload, a stop."""

    request: Request
    response: Response
    at: float = 0.0


class End(NamedTuple):
    """How the body ended."""

    reason: str
    """eof, cancelled, error, or another word."""
    error: str | None = None
    at: float = 0.0


Entry = Chunk | Marker | Exchange | End


class _Payload(Struct, frozen=True):
    """An exchange as it stands in its line."""

    request: Request
    response: Response


class _Ending(Struct, frozen=True):
    """An end as it stands in its line."""

    reason: str
    error: str | None = None


_OURS: Final = ("format", "version", "created", "source", "request", "response", "timed")
"""The keys of a header that have a meaning here."""

_decode_line: Final = msgspec.json.Decoder(tuple[float, str, Raw])
_decode_text: Final = msgspec.json.Decoder(str)
_decode_bytes: Final = msgspec.json.Decoder(bytes)
_decode_exchange: Final = msgspec.json.Decoder(_Payload)
_decode_ending: Final = msgspec.json.Decoder(_Ending)


# ---- header


def encode_header(header: Header) -> bytes:
    """Return the first line of a recording."""
    keys: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "created": header.created,
        "source": header.source,
        "request": header.request,
        "response": header.response,
    }
    if not header.is_timed:
        keys["timed"] = False
    return encode_json(keys | {key: value for key, value in header.extra.items() if key not in _OURS}) + b"\n"


def decode_header(line: bytes) -> Header:
    """Read the first line of a recording.

    Raises:
        ValueError: it is none; the message says why in a few words.
    """
    keys = _decoded_object(line)
    if keys.get("format") != FORMAT:
        raise ValueError("is no header of a recording")
    if keys.get("version") != VERSION:
        raise ValueError(f"is version {str(keys.get('version'))[:20]} of the format; this streamkit reads {VERSION}")
    try:
        return Header(
            source=msgspec.convert(keys.get("source", {}), Source),
            request=msgspec.convert(keys.get("request", {}), Request),
            response=msgspec.convert(keys.get("response", {}), Response),
            created=msgspec.convert(keys.get("created"), str | None),
            is_timed=keys.get("timed") is not False,
            extra={key: value for key, value in keys.items() if key not in _OURS},
        )
    except msgspec.MsgspecError as error:
        raise ValueError(f"has a header that cannot be read: {_lower(error)}") from None


def is_header(line: bytes) -> bool:
    """Whether a line is the header of a recording, of whatever version."""
    try:
        return _decoded_object(line).get("format") == FORMAT
    except ValueError:
        return False


def _decoded_object(line: bytes) -> dict[str, Json]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"has a header that cannot be read: {_lower(error)}") from None


# ---- entries


def encode_entry(entry: Entry) -> bytes:
    """Return the line of an entry."""
    code, payload = _coded(entry)
    return encode_json((round(entry.at, _MICROSECONDS), code, payload)) + b"\n"


def _coded(entry: Entry) -> tuple[str, Json]:
    """Return the code of an entry, and what stands behind it."""
    match entry:
        case Chunk(_, data):
            try:
                return "b", data.decode()
            except UnicodeDecodeError:
                return "B", data  # msgspec writes bytes in base64
        case Marker(_, text):
            return "m", text
        case Exchange(request, response, _):
            return "e", _Payload(request, response)
        case End(reason, error, _):
            return "x", _Ending(reason, error)


def decode_entry(line: bytes) -> Entry | None:
    """Read the line of an entry.

    Returns:
        The entry; None if its code is unknown.

    Raises:
        ValueError: it is none; the message says why in a few words.
    """
    try:
        at, code, payload = _decode_line.decode(line)
        if not math.isfinite(at):
            raise ValueError("is no entry: its time is no number")
        match code:
            case "b":
                return Chunk(at, _decode_text.decode(payload).encode())
            case "B":
                return Chunk(at, _decode_bytes.decode(payload))
            case "m":
                return Marker(at, _decode_text.decode(payload))
            case "e":
                exchange = _decode_exchange.decode(payload)
                return Exchange(exchange.request, exchange.response, at)
            case "x":
                ending = _decode_ending.decode(payload)
                return End(ending.reason, ending.error, at)
            case _:
                return None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"is no entry: {_lower(error)}") from None


def encode_json(value: Json) -> bytes:
    """Return JSON of any value; what JSON cannot hold is replaced: lone surrogates by U+FFFD, NaN by null."""
    try:
        return msgspec.json.encode(value)
    except UnicodeError:
        return msgspec.json.encode(loads_leniently(json.dumps(msgspec.to_builtins(value)).encode()))


def _lower(error: Exception) -> str:
    """Return what a library says, as the rest of a sentence."""
    said = str(error)
    return said[:1].lower() + said[1:]
