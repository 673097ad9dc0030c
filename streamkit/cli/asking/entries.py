"""Fields of a form, and what may be entered in them: what is sent for it, or why it cannot be sent."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

Kind = Literal["text", "paragraph", "select", "boolean", "integer", "number", "object", "file", "files"]


class BadEntry(ValueError):
    """What was entered cannot be sent; the text says why, in one line."""


class Option(NamedTuple):
    """One of those that a select offers."""

    value: Any
    """As it is sent: a JSON value."""
    label: str


class Field(NamedTuple):
    """Something that is asked."""

    key: str
    """Its name on the wire."""
    label: str
    kind: Kind
    required: bool
    default: Any = None
    """What is there before anybody enters something, in the shape of an entry."""
    options: tuple[Option, ...] = ()
    extensions: tuple[str, ...] = ()
    """Of files, in lower case and with their dot; empty if any will do."""
    methods: frozenset[str] = frozenset({"local_file"})
    """How a file may be given: as a file here, or as a URL."""
    most: int | None = None
    """How many files at most."""
    told: Mapping[str, Any] = {}
    """The field as it was received: RAGFlow wants it back."""

    @property
    def hint(self) -> str:
        """What may be entered, in a few words."""
        if self.kind in ("file", "files"):
            noun = "file" if "local_file" in self.methods else "URL"
            most = f"at most {self.most} " if self.most else ""
            words = f"a {noun}" if self.kind == "file" else f"{most}{noun}s, one a line"
            return f"{words}: {' '.join(self.extensions)}" if self.extensions else words
        return {"integer": "a whole number", "number": "a number", "object": "JSON"}.get(self.kind, "")

    def value(self, entered: Any) -> Any:  # noqa: ANN401 - a JSON value
        """Return what is sent for what was entered.

        Args:
            entered: the text that was typed, the value of the option, True or False; None for nothing.

        Returns:
            A JSON value, in which a `Path` stands for a file that is to be uploaded first.

        Raises:
            BadEntry: it cannot be sent.
        """
        if isinstance(entered, str) and self.kind not in ("text", "paragraph", "select"):
            entered = entered.strip()
        value = _READ[self.kind](self, entered)
        if self.required and (value is None or value in ("", [])):
            raise BadEntry("needed")
        return value

    def problem(self, entered: Any) -> str:  # noqa: ANN401 - an entry
        """Return why an entry cannot be sent; empty if it can."""
        try:
            self.value(entered)
        except BadEntry as bad:
            return str(bad)
        return ""


def _read_text(field: Field, entered: Any) -> Any:  # noqa: ANN401 - of every kind
    return entered or ""


def _read_select(field: Field, entered: Any) -> Any:  # noqa: ANN401
    if entered is not None and not any(entered == option.value for option in field.options):
        raise BadEntry("none of those offered")
    return entered


def _read_boolean(field: Field, entered: Any) -> Any:  # noqa: ANN401
    return entered


def _read_number(field: Field, entered: Any) -> Any:  # noqa: ANN401
    if not entered:
        return None
    try:
        number = int(entered) if field.kind == "integer" else float(entered)
    except ValueError:
        raise BadEntry(f"not {field.hint}") from None
    if not math.isfinite(number):
        raise BadEntry(f"not {field.hint}")
    return number


def _read_object(field: Field, entered: Any) -> Any:  # noqa: ANN401
    """Return the text itself: the server parses it."""
    try:
        msgspec.json.decode(entered or "null")
    except (msgspec.MsgspecError, RecursionError):
        raise BadEntry("not JSON") from None
    return entered or None


def _read_file(field: Field, entered: Any) -> Any:  # noqa: ANN401
    if not entered:
        return None
    if "://" in entered:
        if "remote_url" not in field.methods:
            raise BadEntry("a file here is needed, not a URL")
        return entered
    if "local_file" not in field.methods:
        raise BadEntry("a URL is needed")
    path = Path(entered)
    try:
        path = path.expanduser()
        found = path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have; a home that nobody has
        found = False
    if not found:
        raise BadEntry("no such file")
    if field.extensions and path.suffix.lower() not in field.extensions:
        raise BadEntry(f"not one of {' '.join(field.extensions)}")
    return path


def _read_files(field: Field, entered: Any) -> Any:  # noqa: ANN401
    named = [line.strip() for line in (entered or "").splitlines() if line.strip()]
    if field.most is not None and len(named) > field.most:
        raise BadEntry(f"at most {field.most}")
    return [_read_file(field, name) for name in named]


_READ: Final[Mapping[Kind, Callable[[Field, Any], Any]]] = {
    "text": _read_text,
    "paragraph": _read_text,
    "select": _read_select,
    "boolean": _read_boolean,
    "integer": _read_number,
    "number": _read_number,
    "object": _read_object,
    "file": _read_file,
    "files": _read_files,
}
