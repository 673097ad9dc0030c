"""Forms that a run shows to people, of either vendor in one shape: what is asked, what may be answered, what is sent.

Rule 1: a server may send anything as a form (Dify #35504: an empty payload). What makes no sense is left out; nothing raises.
Rule 2: what is shown is safe for a terminal, and what is shown is what is sent: a default is made safe before one edits it.
Rule 3: the token of a form is a secret, and nothing here holds it.
"""

import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any, Final, Literal, NamedTuple

from streamkit.cli.asking.entries import BadEntry, Field, Kind, Option
from streamkit.cli.render.parts import compact
from streamkit.cli.safe import safe_line, safe_text
from streamkit.run import HumanInput

ButtonStyle = Literal["primary", "default", "accent", "ghost"]

Submit = Callable[[HumanInput, str, dict[str, Any]], Awaitable[None]]
"""Sends an answer: the form, the action's id, and the body of the request (`Form.answer`). Raises what went wrong."""

_DIFY_KINDS: Final[Mapping[str, Kind]] = {
    "text_input": "text",
    "paragraph": "paragraph",
    "select": "select",
    "file": "file",
    "file-list": "files",
}
_RAGFLOW_KINDS: Final[Mapping[str, Kind]] = {
    "line": "text",
    "paragraph": "paragraph",
    "options": "select",
    "file": "file",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "object": "object",
}
_STYLES: Final[Mapping[str, ButtonStyle]] = {"primary": "primary", "accent": "accent", "ghost": "ghost"}
_BOTH: Final = frozenset({"local_file", "remote_url"})
_MOST_OPTIONS: Final = 1000
"""Options, fields or actions beyond it are nothing that a person could choose from."""

_PLACEHOLDER: Final = re.compile(r"\{\{#\$output\.(\w+)#\}\}")
"""Where Dify's own page puts a field into the text."""
_CHARACTER: Final = re.compile(r"&#(?:x[0-9a-f]+|[0-9]+);", re.IGNORECASE)


class Action(NamedTuple):
    """A button that submits the form."""

    id: str
    title: str
    style: ButtonStyle
    key: str
    """The letter or digit that presses it; empty if none was left."""


class Form(NamedTuple):
    """A form, read for a person."""

    title: str
    content: str
    """Markdown of several lines."""
    fields: tuple[Field, ...]
    actions: tuple[Action, ...]
    expires_at: float | None
    """Epoch seconds."""
    status: Literal["waiting", "submitted", "expired"]
    closed: str
    """Why it cannot be answered, whoever asks; empty if it can."""
    answered: tuple[tuple[str, str], ...]
    """What a person answered: names and values, the action first."""
    by_action: bool
    """Whether the answer names its action, as Dify's does; RAGFlow's has the fields alone."""

    def answer(self, entered: Mapping[str, Any], action_id: str) -> dict[str, Any]:
        """Return the body of the request that answers, to which the source adds who answers.

        Args:
            entered: by the keys of the fields.
            action_id: which button was pressed.

        Raises:
            BadEntry: an entry cannot be sent, or there is no such action.
        """
        if action_id not in (action.id for action in self.actions):
            raise BadEntry("no such action")
        return self.body({field.key: field.value(entered.get(field.key)) for field in self.fields}, action_id)

    def body(self, values: Mapping[str, Any], action_id: str) -> dict[str, Any]:
        """Return the body of the request that answers.

        Args:
            values: by the keys of all fields, as they are sent.
            action_id: which button was pressed.
        """
        if self.by_action:
            return {"inputs": dict(values), "action": action_id}
        return {"inputs": {field.key: {**field.told, "value": values[field.key]} for field in self.fields}}

    def remaining(self, now: float) -> float | None:
        """Return how many seconds are left, 0 if none; None if it does not expire."""
        return None if self.expires_at is None else max(0.0, self.expires_at - now)

    @property
    def main(self) -> Action | None:
        """The action that needs no choice: the only one, or the only primary one."""
        if len(self.actions) == 1:
            return self.actions[0]
        primary = [action for action in self.actions if action.style == "primary"]
        return primary[0] if len(primary) == 1 else None


def read(told: HumanInput, dialect: str, defaults: Any = None) -> Form:  # noqa: ANN401 - a JSON value
    """Read a form.

    Args:
        told: the form of a run.
        dialect: whose run it is.
        defaults: Dify's `resolved_default_values`: what defaults that are variables stand for.
    """
    of_dify = dialect == "dify"
    fields = {field.key: field for field in _fields(told.inputs, defaults, of_dify=of_dify)}
    actions = _actions(told.actions) if of_dify else (Action("", "Send", "primary", "s"),)
    return Form(
        title=safe_line(told.title or told.node_id) or "form",
        content=_content(told.content or ""),
        fields=tuple(fields.values()),
        actions=actions,
        expires_at=_moment(told.expires_at),
        status=told.status,
        closed=_closed(told, actions, of_dify=of_dify),
        answered=tuple(_answered(told, fields, actions)) if told.status == "submitted" else (),
        by_action=of_dify,
    )


def _closed(told: HumanInput, actions: Sequence[Action], *, of_dify: bool) -> str:
    if told.status != "waiting":
        return {"submitted": "it is answered", "expired": "it expired: nobody answered in time"}[told.status]
    if of_dify and not told.token:
        return "it went out by e-mail, and cannot be answered here"
    return "" if actions else "the server named no action to answer with"


def _content(markdown: str) -> str:
    """Return Markdown that stays safe once it is rendered: it may spell a character by its number."""
    named = _PLACEHOLDER.sub(r"`\1`", safe_text(markdown))
    return _CHARACTER.sub(lambda found: found[0] if safe_text(unescape(found[0])) else "\ufffd", named)


def _moment(told: float | None) -> float | None:
    """Return epoch seconds that one can count with."""
    try:
        return float(told) if told is not None and math.isfinite(told) else None
    except OverflowError:
        return None


# ---- fields and actions, as the vendors send them


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - a JSON value
    if isinstance(value, list | tuple):
        yield from (entry for entry in value[:_MOST_OPTIONS] if isinstance(entry, dict))


def _fields(inputs: Any, defaults: Any, *, of_dify: bool) -> Iterator[Field]:  # noqa: ANN401 - JSON values
    for told in _entries(inputs):
        key = told.get("output_variable_name" if of_dify else "key")
        if isinstance(key, str) and key:
            yield _dify_field(key, told, defaults) if of_dify else _ragflow_field(key, told)


def _dify_field(key: str, told: Mapping[str, Any], defaults: Any) -> Field:  # noqa: ANN401 - a JSON value
    kind = _DIFY_KINDS.get(_text(told.get("type")), "text")
    options = _options(_within(told.get("option_source"), "value"))
    if kind == "select" and not options:  # they are a variable's: whatever is named is checked by the server
        kind = "text"
    default = _within(told.get("default"), "value")
    if _within(told.get("default"), "type") == "variable":
        default = _within(defaults, key)
    most = told.get("number_limits")
    return Field(
        key=key,
        label=safe_line(key),
        kind=kind,
        required=kind in ("select", "file"),  # of a text, the server wants the key alone
        default=_default(kind, default, options),
        options=options,
        extensions=_extensions(told) if told.get("allowed_file_types") == ["custom"] else (),
        methods=frozenset(_texts(told.get("allowed_file_upload_methods"))) & _BOTH or _BOTH,
        most=most if isinstance(most, int) and most > 0 else None,
        told=told,
    )


def _ragflow_field(key: str, told: Mapping[str, Any]) -> Field:
    kind = _RAGFLOW_KINDS.get(_text(told.get("type")), "text")
    options = _options(told.get("options"))
    if kind == "select" and not options:
        kind = "text"
    return Field(
        key=key,
        label=safe_line(_text(told.get("name")) or key),
        kind=kind,
        required=told.get("optional") is False,
        default=_default(kind, told.get("value"), options),
        options=options,
        told=told,
    )


def _default(kind: Kind, value: Any, options: Sequence[Option]) -> Any:  # noqa: ANN401 - JSON values
    if kind == "select":
        return value if any(value == option.value for option in options) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in ("file", "files") or value is None:
        return None
    text = value if isinstance(value, str) else compact(value)
    return safe_text(text) if kind in ("paragraph", "object") else safe_line(text)


def _options(values: Any) -> tuple[Option, ...]:  # noqa: ANN401 - a JSON value
    found = values[:_MOST_OPTIONS] if isinstance(values, list | tuple) else ()
    return tuple(Option(value, compact(value)) for value in found)


def _extensions(told: Mapping[str, Any]) -> tuple[str, ...]:
    names = (safe_line(name).lower().lstrip(".") for name in _texts(told.get("allowed_file_extensions")))
    return tuple(f".{name}" for name in names if name)


def _actions(actions: Any) -> tuple[Action, ...]:  # noqa: ANN401 - a JSON value
    found: list[Action] = []
    for told in _entries(actions):
        key = told.get("id")
        if isinstance(key, str) and key:
            title = safe_line(_text(told.get("title")) or key) or "?"
            style = _STYLES.get(_text(told.get("button_style")), "default")
            found.append(Action(key, title, style, _hot_key(title, {action.key for action in found})))
    return tuple(found)


def _hot_key(title: str, taken: set[str]) -> str:
    letters = [char for char in title.lower() if char.isascii() and char.isalpha()]
    return next((key for key in [*letters, *"123456789"] if key not in taken), "")


def _answered(told: HumanInput, fields: Mapping[str, Field], actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    if told.action_id is not None:
        titles = {action.id: action.title for action in actions}
        yield "chosen", titles.get(told.action_id, safe_line(told.action_id))
    if not isinstance(told.submitted, dict):
        return
    for key, value in told.submitted.items():
        value = value["value"] if isinstance(value, dict) and "value" in value else value  # RAGFlow's, before 0.26
        yield fields[key].label if key in fields else safe_line(key), compact(value)


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return value if isinstance(value, str) else ""


def _texts(values: Any) -> list[str]:  # noqa: ANN401 - a JSON value
    return [value for value in values if isinstance(value, str)] if isinstance(values, list | tuple) else []


def _within(value: Any, key: str) -> Any:  # noqa: ANN401 - JSON values
    return value.get(key) if isinstance(value, dict) else None
