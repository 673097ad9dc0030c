"""The second look at a frame that the typed decoder refused.

One wrongly typed field does not cost an event: it is converted if that loses nothing, else left out, and the rest is
decoded. Only what is no JSON object, or has no meaning in the dialect, ends as `Malformed`. Never raises; at most
`_MOST_FIELDS` rounds, each linear in the frame.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from streamkit.dialects.base import Event, Malformed, Notes, Unknown
from streamkit.run.payload import dumps, loads_leniently

_MOST_FIELDS: Final = 24
"""So many wrong fields of one event are dropped one by one; a frame with more has no meaning."""

_PATH: Final = re.compile(r" - at `(\$[^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")

_JSON_ERRORS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def salvage(
    data: bytes,
    notes: Notes,
    *,
    decoder: msgspec.json.Decoder[Any],
    lax: msgspec.json.Decoder[Any],
    untagged: Callable[[dict[str, Any], bytes], Event | None],
) -> Event:
    """Read a frame again, with patience.

    Args:
        data: the data of the frame.
        notes: takes what was wrong.
        decoder: the dialect's typed decoder, tagged by `event`.
        lax: the same, converting strings to numbers and the like.
        untagged: makes an event of an object that has no `event`, or returns None.
    """
    payload = _load(data, notes)
    if not isinstance(payload, dict):
        reason = "no JSON" if payload is None else f"a JSON {type(payload).__name__}, not an object"
        notes.append(("malformed-event", reason))
        return Malformed(reason, data)
    word = payload.get("event")
    if not isinstance(word, str):
        event = untagged(payload, data)
        if event is None:
            notes.append(("malformed-event", "an object without `event`"))
            return Malformed("an object without `event`", data)
        return event
    for _ in range(_MOST_FIELDS):
        data = dumps(payload)
        try:
            strict: Event = decoder.decode(data)
            return strict
        except msgspec.ValidationError as error:
            path = _PATH.search(str(error))
        if path is None:
            break
        if path[1] == "$.event":
            notes.append(("unknown-event", word[:100]))
            return Unknown(word, data)
        notes.append(("bad-field", path[1][2:]))
        try:
            converted: Event = lax.decode(data)
            return converted
        except msgspec.ValidationError:
            if not _drop(payload, path[1]):
                break
    notes.append(("malformed-event", f"`{word[:100]}` with too many wrong fields"))
    return Malformed("too many wrong fields", data)


def decode_lenient(data: bytes, notes: Notes) -> dict[str, Any] | None:
    """Decode an object that may break the standard; None if it is no JSON object at all."""
    payload = _load(data, notes)
    return payload if isinstance(payload, dict) else None


def _load(data: bytes, notes: Notes) -> Any:  # noqa: ANN401 - a JSON value
    """Decode JSON, if need be as the standard forbids it; None if it is none."""
    try:
        return msgspec.json.decode(data)
    except _JSON_ERRORS:
        pass
    try:
        data.decode()
    except UnicodeDecodeError:
        notes.append(("bad-utf8", f"{len(data)} bytes"))
    try:
        payload = loads_leniently(data)
    except (ValueError, RecursionError):
        return None
    if not notes or notes[-1][0] != "bad-utf8":
        notes.append(("non-standard-json", f"{len(data)} bytes"))
    return payload


def _drop(payload: dict[str, Any], path: str) -> bool:
    """Remove the innermost field on a msgspec error path from its object; False if there is none to remove."""
    holder: Any = payload
    last: tuple[Any, Any] | None = None
    for name, index in _STEP.findall(path):
        key: Any = name or (int(index) if index.isdigit() else None)
        if key is None:  # some value of a mapping: the path does not say which one, so the mapping goes
            break
        if isinstance(holder, dict) and key in holder:
            last = holder, key
        elif not (isinstance(holder, list) and isinstance(key, int) and key < len(holder)):
            break
        elif isinstance(holder[key], dict):
            pass  # a field inside is named next
        else:
            last = holder, key
        holder = holder[key]
    if last is None or last == (payload, "event"):
        return False
    del last[0][last[1]]
    return True
