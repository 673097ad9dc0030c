"""The second look at a frame that the typed decoder refused.

One wrongly typed field does not cost an event: it is converted if that loses nothing, else left out, and the rest is
decoded. Only what is no JSON object, or has no meaning in the dialect, ends as `Malformed`. Never raises; at most
`_MOST_FIELDS` rounds, each linear in the frame.
"""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from streamkit.dialects.base import Event, Malformed, Notes, Unknown
from streamkit.run.payload import dumps, loads_leniently

_MOST_FIELDS: Final = 24
"""So many wrong fields of one event are dropped one by one; a frame with more has no meaning."""

_PROBLEM: Final = re.compile(r"(?:Expected `([^`]*)`)?.* - at `(\$[^`]*)`$", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
T = TypeVar("T")

_LONGEST_NUMBER: Final = 40

_DOUBLED: Final = b"data:"
"""What stands before the JSON where something on the way made frames of frames."""

_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")

_JSON_ERRORS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def salvage(
    data: bytes,
    notes: Notes,
    decoder: msgspec.json.Decoder[Any],
    tagged: Callable[[dict[str, Any]], dict[str, Any] | None],
) -> Event:
    """Read a frame again, with patience.

    Args:
        data: the data of the frame.
        notes: takes what was wrong.
        decoder: the dialect's typed decoder, tagged by `event`.
        tagged: returns an object that has no `event` with one that says what it is, or None.
    """
    payload = _load(data, notes)
    if not isinstance(payload, dict):
        return malformed(
            "no JSON" if payload is None else f"a JSON {type(payload).__name__}, not an object", data, notes
        )
    if not isinstance(payload.get("event"), str):
        payload = tagged(payload)
        if payload is None:
            return malformed("an object without `event`", data, notes)
    return mend(payload, data, notes, decoder)


def mend(payload: dict[str, Any], data: bytes, notes: Notes, decoder: msgspec.json.Decoder[Any]) -> Event:
    """Decode an object, field by wrong field.

    Args:
        payload: the object, with its `event`; it is changed.
        data: the bytes that it came as, for what cannot be decoded.
        notes: takes what was wrong.
        decoder: the dialect's typed decoder.
    """
    event: Event | None
    event, refused = _field_by_field(payload, notes, decoder, "")
    if event is not None:
        return event
    if refused == "$.event":
        notes.append(("unknown-event", payload["event"][:100]))
        return Unknown(payload["event"], data)
    return malformed(f"`{payload['event'][:100]}` with too many wrong fields", data, notes)


def mend_object(data: bytes, notes: Notes, decoder: msgspec.json.Decoder[T], path: str) -> T | None:
    """Decode an object that stands inside an event, field by wrong field; None if nothing of it can be read.

    Args:
        data: its JSON.
        notes: takes what was wrong.
        decoder: its typed decoder.
        path: where it stands in the event.
    """
    payload = _load(data, notes)
    return _field_by_field(payload, notes, decoder, f"{path}.")[0] if isinstance(payload, dict) else None


def _field_by_field(
    payload: dict[str, Any], notes: Notes, decoder: msgspec.json.Decoder[T], prefix: str
) -> tuple[T | None, str | None]:
    """Return the decoded object, or None and the path that cannot be mended, where there is one."""
    for _ in range(_MOST_FIELDS + 1):
        try:
            return decoder.decode(dumps(payload)), None
        except msgspec.ValidationError as error:
            problem = _PROBLEM.match(str(error))
        except RecursionError:
            break
        if problem is None:  # pragma: no cover - msgspec names a path with every error of a tagged object
            break
        if problem[2] == "$.event":
            return None, "$.event"
        notes.append(("bad-field", prefix + problem[2][2:]))
        if not _mend_field(payload, problem[2], problem[1] or ""):  # pragma: no cover - the path is always there
            break
    return None, None


def malformed(reason: str, data: bytes, notes: Notes) -> Malformed:
    """Return what a frame without any meaning is, noted as such."""
    notes.append(("malformed-event", reason))
    return Malformed(reason, data)


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
        payload = loads_leniently(data.removeprefix(_DOUBLED))
    except (ValueError, RecursionError):
        return None
    if not notes or notes[-1][0] != "bad-utf8":
        notes.append(("non-standard-json", f"{len(data)} bytes"))
    return payload


def _mend_field(payload: dict[str, Any], path: str, expected: str) -> bool:
    """Convert the value at a msgspec error path to what was expected there, else remove it; False if neither can be."""
    place = _place(payload, path)
    if place is None:  # pragma: no cover - as above
        return False
    holder, key = place
    converted = _convert(holder[key], expected)
    if converted is None:
        del holder[key]
    else:
        holder[key] = converted
    return True


def _place(payload: dict[str, Any], path: str) -> tuple[Any, Any] | None:
    """Return the innermost object or list that holds what a path names, and its key there."""
    holder: Any = payload
    place: tuple[Any, Any] | None = None
    for name, index in _STEP.findall(path):
        key: Any = name or (int(index) if index.isdecimal() else None)
        if key is None:  # some value of a mapping: the path does not say which one, so the mapping is meant
            break
        inside = key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)
        if not inside:  # pragma: no cover - as above
            break
        place = holder, key
        holder = holder[key]
    return place


def _convert(value: Any, expected: str) -> Any:  # noqa: ANN401 - a JSON value
    """Return a value as the expected type if nothing of it is lost, else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        return _number(value, expected)
    if "str" in expected:
        return str(value)
    return int(value) if "int" in expected and value == int(value) else None


def _number(text: str, expected: str) -> int | float | None:
    """Read a JSON number from a string, where a number was expected."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if abs(number) == float("inf"):
        return None
    if "int" in expected and number == int(number):
        return int(text) if text.removeprefix("-").isdecimal() else int(number)
    return number if "float" in expected else None
