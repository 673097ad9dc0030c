"""`streamkit events`: one JSON line for each event, as it comes. Interprets nothing beyond what an event is."""

from typing import Any, Final

import click
import msgspec

from streamkit.cli import CONTEXT, options
from streamkit.cli.body import Body
from streamkit.cli.output import JsonLines, complain
from streamkit.cli.sources import Unreadable, chunks, name_of
from streamkit.dialects.base import Malformed
from streamkit.records import Record
from streamkit.run import HIDDEN
from streamkit.run.payload import dumps, loads_leniently

_SECRET: Final = "form_token"  # noqa: S105 - the name of a key, not a secret
_OURS: Final = ("kind", "dialect")
_TERMINATOR: Final = b"[DONE]"
_SUSPECT: Final = (_SECRET.encode(), b'"kind"', b'"dialect"', b"\\u00")
"""What may need more than two keys at the end; the last one, because a key may be spelt in escapes."""
_JSON_ERRORS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


@click.command(context_settings=CONTEXT)
@options.file
@options.dialect
@options.chunk_size
@options.show_secrets
def events(source: str, dialect: str, chunk_size: int | None, show_secrets: bool) -> None:
    """Print one JSON line for each event: the frame's own JSON, then "kind" and "dialect".

    "kind" is the wire's word, or the name of what has none; "unknown" is an event that streamkit does not know,
    "malformed" a frame without usable JSON. Heartbeats do not appear. Lines come as soon as their frames do.

    \b
    Examples:
      curl -N … | streamkit events -
      streamkit events x.sse | jq -c 'select(.kind == "node_finished") | .data | {title, status}'
      streamkit events x.sse | streamkit inspect -
    """  # noqa: D301 - click looks for the character
    body, out = Body(dialect), JsonLines()
    try:
        for chunk in chunks(source, chunk_size):
            _write(body, body.feed(chunk), out, show_secrets)
        _write(body, body.close(), out, show_secrets)
        problem = body.problem()
        if problem is not None:
            raise Unreadable(problem)
        for kind, detail in body.troubles:
            complain(f"{name_of(source)}: {kind}: {detail}")
    except Unreadable as error:
        complain(f"{name_of(source)}: {error}")
        raise click.exceptions.Exit(2) from None


def _write(body: Body, records: list[Record], out: JsonLines, show_secrets: bool) -> None:
    known = body.reader.dialect
    for record in records:
        if known is not None and not record.event.is_heartbeat:
            out.write(line_of(record, known.name, show_secrets=show_secrets))
    if records:
        out.flush()


def line_of(record: Record, dialect: str, *, show_secrets: bool = False) -> bytes:
    """Return the JSON line of an event.

    Args:
        record: the event and the JSON it came from.
        dialect: whose event it is.
        show_secrets: whether form tokens may be read.
    """
    event, data = record.event, record.data
    if isinstance(event, Malformed):
        return _unusable(event.reason, data, dialect, show_secrets)
    ending = dumps({"kind": event.kind, "dialect": dialect})
    if data.strip() == _TERMINATOR:  # an event that is no JSON: its kind says all
        return ending
    try:
        if any(word in data for word in _SUSPECT):
            payload = _payload(data)
            return _appended(dumps(payload if show_secrets else masked(payload)), ending)
        msgspec.json.decode(data)  # skimmed until now: is it JSON to the last byte?
        return _appended(_one_line(data), ending)
    except _JSON_ERRORS:
        pass
    try:
        payload = _payload(data)
        return _appended(dumps(payload if show_secrets else masked(payload)), ending)
    except _JSON_ERRORS:
        return _unusable("nested too deeply", data, dialect, show_secrets)


def masked(payload: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Mask, in place, every string under the key `form_token`, however deep; return the payload."""
    waiting = [payload]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, list):
            waiting += holder
        elif isinstance(holder, dict):
            if isinstance(holder.get(_SECRET), str):
                holder[_SECRET] = HIDDEN
            waiting += holder.values()
    return payload


def _payload(data: bytes) -> dict[str, Any]:
    """Decode an event without the keys that this command adds."""
    payload: dict[str, Any] = loads_leniently(data)
    for key in _OURS:
        payload.pop(key, None)
    return payload


def _appended(json_object: bytes, ending: bytes) -> bytes:
    """Add the members of a second object to those of a first."""
    start = json_object.rstrip()[:-1]
    return start + (b"" if start.rstrip() == b"{" else b",") + ending[1:]


def _one_line(data: bytes) -> bytes:
    """Return JSON in one line; what stands in it stays as it is, digit for digit."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data


def _unusable(reason: str, data: bytes, dialect: str, show_secrets: bool) -> bytes:
    line = {"kind": "malformed", "dialect": dialect, "reason": reason}
    if show_secrets or not any(word in data for word in (_SECRET.encode(), b"\\u00")):
        line["raw"] = data.decode("utf-8", "replace")
    return dumps(line)
