"""What an app is asked: words of the command line, and what a person must be asked first.

A word is `name=value`, `name=@file` for the text of a file, or `name:=JSON`. Which variables there are, and of what
kind, the server says; what it does not ask for is refused, as it would pass it over without a word.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from streamkit.cli.asking.entries import BadEntry, Field, Kind, Option
from streamkit.cli.asking.typed import several, typed
from streamkit.cli.output import print_text
from streamkit.cli.safe import safe_line
from streamkit.clients.dify.answers import Input
from streamkit.run.payload import Json

_KINDS: Final[Mapping[str, Kind]] = {
    "text-input": "text",
    "paragraph": "paragraph",
    "select": "select",
    "number": "number",
    "checkbox": "boolean",
    "file": "file",
    "file-list": "files",
    "json_object": "object",
}
_YES: Final = ("y", "yes", "true", "1", "on")
_NO: Final = ("n", "no", "false", "0", "off")


class BadInput(Exception):
    """Something that cannot be given to an app; the message is one line and says what and why."""


def given(words: Sequence[str]) -> dict[str, Json]:
    """Return the inputs that stand in words.

    Raises:
        BadInput: a word is none, or its file cannot be read.
    """
    return dict(_pair(word) for word in words)


def _pair(word: str) -> tuple[str, Json]:
    name, equals, value = word.partition("=")
    if not equals or not name.rstrip(":"):
        raise BadInput(f"{word!r} is no input: write name=value, name=@file or name:=JSON")
    if name.endswith(":"):
        try:
            return name[:-1], msgspec.json.decode(value)
        except msgspec.MsgspecError:
            raise BadInput(f"{name[:-1]}: {value!r} is not JSON") from None
    if not value.startswith("@"):
        return name, value
    try:
        return name, Path(value[1:]).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise BadInput(f"{name}: {value[1:]}: {(reason or str(error)).lower()}") from None


def field_of(told: Input) -> Field:
    """Return a variable of an app as something that can be asked."""
    return Field(
        key=told.variable,
        label=safe_line(told.label),
        kind=_KINDS.get(told.kind, "text"),
        required=told.required,
        default=told.default,
        options=tuple(Option(option, safe_line(option)) for option in told.options),
        methods=frozenset({"local_file", "remote_url"}),
    )


def checked(values: Mapping[str, Json], fields: Sequence[Field]) -> dict[str, Json]:
    """Return inputs as an app takes them; a `Path` stands for a file that is to be uploaded.

    Raises:
        BadInput: the app has no such input, or does not take such a value.
    """
    known = {field.key: field for field in fields}
    for name in values:
        if name not in known:
            close = get_close_matches(name, known, 1)
            meant = f"did you mean {close[0]}? It has" if close else "it has"
            raise BadInput(f"the app has no input {name!r}: {meant} {', '.join(known) or 'none'}")
    return {name: _value(known[name], value) for name, value in values.items()}


def _value(field: Field, value: Json) -> Json:
    if not isinstance(value, str):
        return value  # it was given as JSON
    try:
        return field.value(_chosen(field, value))
    except BadEntry as bad:
        raise BadInput(f"{field.key}: {value!r}: {bad}") from None


def _chosen(field: Field, text: str) -> Any:  # noqa: ANN401 - an entry
    """Return what a text means to a field: the value of an option, yes or no, else itself."""
    if field.kind == "select":
        return next((option.value for option in field.options if text in (option.value, option.label)), text)
    if field.kind == "boolean":
        word = text.strip().lower()
        if word not in (*_YES, *_NO):
            raise BadEntry("neither yes nor no")
        return word in _YES
    return text


def missing(values: Mapping[str, Json], fields: Sequence[Field]) -> list[Field]:
    """Return what an app must be given and was not."""
    return [field for field in fields if field.required and field.key not in values and field.default in (None, "")]


async def asked(field: Field) -> Json:
    """Ask a person for the value of a field, until it can be sent.

    Raises:
        BadInput: Ctrl-D: nobody answers.
    """
    for number, option in enumerate(field.options, 1):
        print_text(f"  {number}  {option.label}")
    while True:
        entered = await _entered(field)
        if entered is None:
            raise BadInput(f"{field.label} is needed")
        try:
            return field.value(_picked(field, entered))
        except BadEntry as bad:
            print_text(f"  {bad}")


async def _entered(field: Field) -> str | None:
    hint = {"select": f"1-{len(field.options)}", "boolean": "y/n"}.get(field.kind, field.hint)
    default = f" [{field.default}]" if field.default not in (None, "") else ""
    prompt = f"{field.label}{f' ({hint})' if hint else ''}{default}"
    if field.kind in ("paragraph", "files"):
        return await several(prompt)
    return await typed(f"{prompt}: ")


def _picked(field: Field, entered: str) -> Any:  # noqa: ANN401 - an entry
    """Return what somebody means who typed this: nothing is the default, of options the number will do."""
    if not entered.strip():
        return field.default
    if field.kind == "select" and entered.strip().isdecimal() and 0 < int(entered) <= len(field.options):
        return field.options[int(entered) - 1].value
    return _chosen(field, entered)
