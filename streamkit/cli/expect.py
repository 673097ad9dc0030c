"""Expectations of a run: `leaf_tokens<5000`, `status==succeeded`, `usage.cost.USD<=0.05`, `forms==1`.

A field is a dotted path into the JSON of `inspect --json`. Numbers, and strings that are decimal numbers, compare as
`Decimal`; a list compares by its length; everything else compares for equality.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from streamkit.run import RunState
from streamkit.run.payload import Json, loads
from streamkit.where import COMPARE

_EXPRESSION: Final = re.compile(r"\s*(?P<field>[^\s<>=!]+)\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<value>.*?)\s*", re.DOTALL)
_FOR_EQUALITY: Final = ("==", "!=")
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_COUNTED: Final = ("cost", "leaf_cost", "events", "anomalies")
"""Objects of figures by name, in which what is not there is 0."""
_SHOWN: Final = 200


class BadExpectation(Exception):
    """An expectation that means nothing; the message says why."""


class Expectation:
    """One expectation, read."""

    def __init__(self, text: str) -> None:
        """Read `FIELD OP VALUE`.

        Raises:
            BadExpectation: it is not of that form.
        """
        found = _EXPRESSION.fullmatch(text)
        if found is None or not found["value"] or found["value"].startswith("="):
            raise BadExpectation(f"{text!r} is not FIELD OP VALUE with one of < <= > >= == !=")
        self.text = text.strip()
        self._field: str = found["field"]
        self._op: str = found["op"]
        value: str = found["value"]
        self._quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        self._value = value[1:-1] if self._quoted else value

    def unmet(self, state: RunState) -> str | None:
        """Return what is wrong with a run; None if it is as expected.

        Raises:
            BadExpectation: there is no such field, or it cannot be compared so.
        """
        value = self._look_up(state)
        return None if self._holds(value) else f"expected {self.text}, but it is {_shown(value)}"

    def _look_up(self, state: RunState) -> Json:
        value: Json = _opened(state)
        path: list[str] = []
        for name in self._field.split("."):
            if isinstance(value, dict) and name in value:
                value = _opened(value[name])
            elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
                value = _opened(value[int(name)])
            elif isinstance(value, dict) and path and path[-1] in _COUNTED:
                value = 0
            else:
                raise BadExpectation(_no_field(value, name, ".".join(path)))
            path.append(name)
        return value

    def _holds(self, value: Json) -> bool:
        left = _number(len(value) if isinstance(value, list) else value)
        right = None if self._quoted else _number(self._value)
        if left is not None and right is not None:
            return COMPARE[self._op](left, right)
        wanted = self._value if self._quoted else _WORDS.get(self._value, self._value)
        if wanted is not None:
            self._refuse_other_kind(value)
        if self._op in _FOR_EQUALITY:
            same_kind = isinstance(value, str) and wanted is not None
            return COMPARE[self._op](value, self._value if same_kind else wanted)
        if value is None:  # what is not known is neither more nor less than anything
            return False
        raise BadExpectation(f"{self._field} is {_shown(value)}: compare it with == or !=")

    def _refuse_other_kind(self, value: Json) -> None:
        if isinstance(value, dict):
            raise BadExpectation(f"{self._field} is an object: name a field of it ({_names(value)})")
        if isinstance(value, list):
            raise BadExpectation(f"{self._field} is a list: compare its length with a number, not {self._value!r}")
        if not isinstance(value, str | bool | None):
            raise BadExpectation(f"{self._field} is a number: compare it with a number, not {self._value!r}")


def _opened(value: Json) -> Json:
    """Return one level of a published state as it reads in JSON."""
    if isinstance(value, msgspec.Raw):
        return loads(bytes(value))
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {name: getattr(value, attribute) for name, attribute in names}
    return list(value) if isinstance(value, tuple) else value


def _number(value: Json) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _no_field(value: Json, name: str, path: str) -> str:
    where = f"in {path}" if path else "in a run"
    if isinstance(value, dict):
        return f"there is no field {name!r} {where}; it has {_names(value)}"
    if isinstance(value, list):
        return f"{path} is a list of {len(value)}: name one of them by its number from 0, or compare its length"
    return f"{path} is {_shown(value)}: it has no fields"


def _names(value: dict[str, Json]) -> str:
    return ", ".join(value) or "none"


def _shown(value: Json) -> str:
    if isinstance(value, list):
        return str(len(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
