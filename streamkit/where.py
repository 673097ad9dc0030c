"""A filter on one line: `status:failed type:llm title~"summ.*" dur>2s`. Reads it, and says what matches.

    filter   words that must all hold; `|` or `or` between words parts it: what stands before it, or what stands behind it
    word     FIELD OP VALUE, or a VALUE alone, which is looked for in the title; with `!` before it, it must not hold
    OP       : = != ~ for texts, : = != < <= > >= for figures
    value    up to the next blank, or in quotes; a quote inside of quotes is doubled

Case does not count. Of a field with several values one is enough. What is not known equals nothing, and is neither
more nor less than anything. Nothing here raises on what a peer sent, or takes long over it.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, Protocol, get_args

from streamkit.errors import BadPattern, BadWhere
from streamkit.grep import LOOKED_AT, Grep
from streamkit.run.state import NodeStatus, RunStatus

COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    # Any: two values of one type that has an order
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
"""Comparisons by their sign: of filters, and of what is expected of a run."""


class Subject(Protocol):
    """What a filter looks at. `streamkit.subjects` has those of runs and of executions."""

    def texts(self, field: str) -> Iterable[str]:
        """Return what is known under the name of a text field."""

    def figures(self, field: str) -> Iterable[float | Decimal]:
        """Return what is known under the name of a field of figures: money as `Decimal`."""


class Field(NamedTuple):
    """What a word of a filter can be about."""

    kind: Literal["status", "name", "prose", "id", "figure", "duration", "money"]
    """`:` compares names whole, looks for a text in prose, and takes the beginning of an id."""
    about: str


FIELDS: Final[Mapping[str, Field]] = {
    "status": Field("status", "How it ended, or stands."),
    "title": Field("prose", "The title; of a run its app, mode, ids and files."),
    "type": Field("name", "The type of the node."),
    "model": Field("name", "The model."),
    "provider": Field("name", "The model's provider."),
    "node": Field("name", "The id of the node in the graph."),
    "id": Field("id", "The id of the execution; of a run, or of its message, conversation or task."),
    "app": Field("name", "The app, where something knows it: a response body does not say it."),
    "user": Field("name", "The user."),
    "mode": Field("name", "The kind of app: workflow, chatflow, chat, …"),
    "dialect": Field("name", "Whose stream it is."),
    "file": Field("prose", "Where the run was found."),
    "text": Field("prose", "What was streamed: the answer of a run, the text of an execution."),
    "error": Field("prose", "Why it failed, and why earlier tries did."),
    "dur": Field("duration", "How long it took: 500ms, 2s, 1.5m, 1h; without a unit, seconds."),
    "tok": Field("figure", "All tokens."),
    "cost": Field("money", "The price, in any currency."),
    "round": Field("figure", "The round that it ran in, counted from 0."),
    "errors": Field("figure", "How many executions failed."),
    "retries": Field("figure", "How many tries failed and were repeated."),
    "anomalies": Field("figure", "How much of the run did not fit; executions have none of their own."),
}
"""Every field. Of a run, those that only executions have are those of all its executions."""

_STATUSES: Final = (*get_args(RunStatus), *(word for word in get_args(NodeStatus) if word not in get_args(RunStatus)))
_COLON: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "status": lambda text, wanted: text == wanted,
    "name": lambda text, wanted: text == wanted,
    "prose": lambda text, wanted: wanted in text,
    "id": lambda text, wanted: text.startswith(wanted),
}
"""What `:` means, by the kind of the field."""
_FIGURES: Final = ("figure", "duration", "money")
_SECONDS: Final[Mapping[str, Decimal]] = {
    "ms": Decimal("0.001"),
    "": Decimal(1),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}

_TOKEN: Final = re.compile(
    r"""
      (?P<bar>\||or)(?!\S)
    | (?P<head>(?>(?P<nots>!*)(?:(?P<field>[^\W\d]\w*)(?P<op><=|>=|==|!=|[:=~<>]))?))
      (?:(?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')|(?P<plain>[^\s"']\S*)|)(?!\S)
    | (?P<bad>\S+)
    """,
    re.VERBOSE,
)
"""What a filter is made of; a word may be empty, between blanks."""
_NEEDS_QUOTES: Final = re.compile(r"\s|^[\"']")
_NUMBER: Final = re.compile(r"(?P<number>\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})(?P<unit>[a-z]*)", re.ASCII)


class Word(NamedTuple):
    """One condition of a filter."""

    field: str
    op: str
    """One of : = ~ < <= > >=; != is = that must not hold."""
    value: str
    is_negated: bool
    meets: Callable[[Subject], bool]
    """Whether a subject meets the condition, negation apart."""

    def holds(self, subject: Subject) -> bool:
        """Whether this is so of a subject."""
        return self.meets(subject) is not self.is_negated

    def __str__(self) -> str:
        value = self.value
        if _NEEDS_QUOTES.search(value):
            value = '"' + value.replace('"', '""') + '"'
        return f"{'!' * self.is_negated}{self.field}{self.op}{value}"


class Where:
    """A filter, read. As text it is the filter in its simplest form, which means the same."""

    __slots__ = ("_alternatives",)

    def __init__(self, alternatives: Iterable[Iterable[Word]]) -> None:
        """Make a filter of words that must all hold, in alternatives of which one is enough."""
        self._alternatives = tuple(map(tuple, alternatives))

    def matches(self, subject: Subject) -> bool:
        """Whether a subject is what the filter asks for."""
        return any(all(word.holds(subject) for word in words) for words in self._alternatives)

    def __str__(self) -> str:
        return " | ".join(" ".join(map(str, words)) for words in self._alternatives)

    def __repr__(self) -> str:
        return f"<Where {self}>"


def parse(text: str) -> Where:
    """Read a filter; an empty one matches everything.

    Raises:
        BadWhere: it means nothing.
    """
    alternatives: list[list[Word]] = [[]]
    for token in _TOKEN.finditer(text):
        if token["bad"]:
            raise BadWhere(text, token.start(), "a quote is not closed, or no blank stands behind it")
        if token["bar"]:
            if not alternatives[-1]:
                raise BadWhere(text, token.start(), f"there is nothing before {token['bar']}")
            alternatives.append([])
        elif token[0]:
            try:
                alternatives[-1].append(_word(token))
            except ValueError as error:
                raise BadWhere(text, token.start(), str(error)) from None
    if len(alternatives) > 1 and not alternatives[-1]:
        raise BadWhere(text, len(text), "there is nothing behind | or `or`")
    return Where(alternatives)


def _word(token: re.Match[str]) -> Word:
    """Read a word.

    Raises:
        ValueError: it means nothing.
    """
    name, op = (token["field"] or "title").casefold(), token["op"] or ":"
    if name not in FIELDS:
        raise ValueError(f"there is no field {token['field']!r}; there are {', '.join(FIELDS)}")
    value = token["plain"] or _unquoted(token["quoted"] or "")
    if not value:
        raise ValueError(f"{token['head'] or 'a quote'} needs a value")
    is_negated = (len(token["nots"]) + (op == "!=")) % 2 == 1
    op = "=" if op in ("!=", "==") else op
    return Word(name, op, value, is_negated, _condition(name, op, value))


def _unquoted(value: str) -> str:
    quote = value[:1]
    return value[1:-1].replace(quote * 2, quote)


# ---- conditions


def _condition(name: str, op: str, value: str) -> Callable[[Subject], bool]:
    """Return what a word asks of a subject.

    Raises:
        ValueError: it makes no sense.
    """
    kind = FIELDS[name].kind
    if kind in _FIGURES:
        return _figure_condition(name, op, value)
    if op in COMPARE:
        raise ValueError(f"{name} has no order: use : = != or ~")
    if op == "~":
        return _pattern_condition(name, value)
    return _text_condition(name, op, value.casefold())


def _figure_condition(name: str, op: str, value: str) -> Callable[[Subject], bool]:
    if op == "~":
        raise ValueError(f"{name} is a figure: use : = != < <= > or >=")
    bound, compare = _figure(name, value), COMPARE["==" if op in (":", "=") else op]
    return lambda subject: any(compare(figure, bound) for figure in subject.figures(name))


def _pattern_condition(name: str, expression: str) -> Callable[[Subject], bool]:
    try:
        finds = Grep(expression).finds
    except BadPattern as error:
        raise ValueError(str(error)) from None
    return lambda subject: any(map(finds, subject.texts(name)))


def _text_condition(name: str, op: str, wanted: str) -> Callable[[Subject], bool]:
    kind = FIELDS[name].kind
    if kind == "status" and wanted not in _STATUSES:
        raise ValueError(f"there is no status {wanted!r}; there are {', '.join(_STATUSES)}")
    compare = _COLON[kind if op == ":" else "name"]
    return lambda subject: any(compare(text[:LOOKED_AT].casefold(), wanted) for text in subject.texts(name))


def _figure(name: str, value: str) -> float | Decimal:
    """Read a figure.

    Raises:
        ValueError: it is none.
    """
    kind, found = FIELDS[name].kind, _NUMBER.fullmatch(value.casefold())
    units = _SECONDS if kind == "duration" else ("",)
    if found is None or found["unit"] not in units:
        raise ValueError(
            f"{value!r} is no duration like 500ms, 2s, 1.5m, 1h" if kind == "duration" else f"{value!r} is no number"
        )
    number = Decimal(found["number"])
    if kind == "money":
        return number
    return float(number * _SECONDS[found["unit"]])
