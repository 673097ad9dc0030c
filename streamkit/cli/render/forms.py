"""A form that waits for a person, or was answered."""

from collections.abc import Iterator
from typing import Any, Final

from streamkit.cli.render import figures
from streamkit.cli.render.cells import Line, Span, cut
from streamkit.cli.render.look import Look
from streamkit.cli.render.parts import INDENT, compact, field, prose
from streamkit.cli.safe import safe_line
from streamkit.run import HumanInput

_STYLES: Final = {"waiting": "odd", "submitted": "good", "expired": "bad"}
_CONTENT_LINES: Final = 8
_NAMES: Final = 7


def form_lines(form: HumanInput, look: Look) -> Iterator[Line]:
    """Yield the lines of a form, its heading first."""
    room = look.width - len("form") - len(form.status) - 2 * len(INDENT)
    title = cut(safe_line(form.title or form.node_id), room, look.glyphs.cut)
    yield Span("form", "strong"), Span(INDENT + title), Span(INDENT + form.status, _STYLES[form.status])
    content = list(prose(form.content or "", look, _CONTENT_LINES))
    yield from [*content, ()] if content else ()
    rows = [("fields", _fields(form.inputs)), ("actions", _actions(form.actions))]
    if form.status == "submitted":
        rows.append(("chosen", safe_line(form.action_id or "")))
        rows.append(("filled", compact(form.submitted) if form.submitted else ""))
    else:
        rows.append(("expires", figures.moment(form.expires_at) if form.expires_at is not None else ""))
        rows.append(("token", safe_line(form.token or "")))
    for name, value in rows:
        if value:
            yield from field(name, value, look, name_width=_NAMES, most=3)


def _fields(inputs: Any) -> str:  # noqa: ANN401 - a JSON value
    return ", ".join(filter(None, (_field(item) for item in inputs))) if isinstance(inputs, list | tuple) else ""


def _field(item: Any) -> str:  # noqa: ANN401 - a JSON value
    if not isinstance(item, dict):
        return ""
    name, kind = item.get("output_variable_name", item.get("key")), item.get("type")  # Dify's word, then RAGFlow's
    words = [name if isinstance(name, str) else "?", f"({kind})" if isinstance(kind, str) else ""]
    return safe_line(" ".join(words))


def _actions(actions: Any) -> str:  # noqa: ANN401 - a JSON value
    return ", ".join(filter(None, (_action(item) for item in actions))) if isinstance(actions, list | tuple) else ""


def _action(item: Any) -> str:  # noqa: ANN401 - a JSON value
    if not isinstance(item, dict):
        return ""
    key, title = (str(item.get(name) or "") for name in ("id", "title"))
    return safe_line(f"{title} [{key}]" if title and title != key else key)
