"""Answers of servers, read: JSON becomes what an operation promises, as far as it can.

A field of the wrong type is left out and costs nothing else, fields that are not known are passed over, and every field
of an answer may be missing: servers of many versions answer.
"""

from http import HTTPStatus
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast, get_origin

import msgspec

from streamkit.clients.secret import Secret
from streamkit.dialects.salvage import mend_object
from streamkit.errors import UnexpectedAnswer
from streamkit.run.payload import NOTHING, Json, loads_leniently

_SHOWN: Final = 200
T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The root of what operations return, and of what stands inside. A field that a server left out has its default."""


class Received(NamedTuple):
    """An answer as it came, read to its end."""

    status: int
    content_type: str
    body: bytes
    key: Secret | None = None
    """What it was asked with: a server may repeat it."""

    def unexpected(self) -> UnexpectedAnswer:
        """Return the exception that says what came in place of an answer."""
        return UnexpectedAnswer(self.status, self.content_type, self.start)

    def without_key(self) -> "Received":
        """Return it as whoever asked may see it: JSON without the key. Files are as they came."""
        return self._replace(body=self.text.encode()) if self.is_json and self._repeats_key else self

    @property
    def _repeats_key(self) -> bool:
        return self.key is not None and self.key.reveal().encode() in self.body

    @property
    def text(self) -> str:
        """All of it as text, without the key."""
        text = self.body.decode("utf-8", "replace")
        return self.key.hidden_in(text) if self.key else text

    @property
    def start(self) -> str:
        """How it begins, as text and without the key."""
        return self.text[:_SHOWN]

    @property
    def object(self) -> dict[str, Json]:
        """The JSON object that it is, without the key; an empty one if it is none."""
        try:
            told = loads_leniently(self.text.encode())
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def phrase(self) -> str:
        """What its status means."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return f"status {self.status}"

    @property
    def is_json(self) -> bool:
        """Whether it says that it is JSON, or looks like it."""
        return "json" in self.content_type or self.body.lstrip()[:1] in (b"{", b"[")


class Reading(Generic[T]):
    """Reads answers of one type."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - a type, or a union of some
        """Prepare to read.

        Args:
            kind: what comes back; None for nothing, `bytes` for the body as it is.
        """
        self._kind = kind
        self._decoder: msgspec.json.Decoder[Any] | None = None  # Any: a struct that is made here
        if kind not in (None, bytes):
            self._decoder = msgspec.json.Decoder(msgspec.defstruct("Holder", [("value", kind)]), strict=False)

    def read(self, received: Received, body: bytes | None = None) -> T:
        """Return what an operation promises.

        Args:
            received: the answer.
            body: the JSON in it that counts, where that is not all of it.

        Raises:
            UnexpectedAnswer: it cannot be read as that.
        """
        data = received.body if body is None else body
        if self._decoder is None:
            return cast("T", None if self._kind is None else data)
        held = b'{"value":' + self._shaped(data) + b"}"
        try:
            return cast("T", self._decoder.decode(held).value)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            mended = mend_object(held, [], self._decoder, "$")
        if mended is None:
            raise received.unexpected()
        return cast("T", mended.value)

    def _shaped(self, data: bytes) -> bytes:
        """Return JSON as the type has it: nothing is an empty object or list, and one in place of a list is a list of one."""
        is_list = get_origin(self._kind) is tuple
        if data.strip() in NOTHING and self._kind is not Any:
            return b"[]" if is_list else b"{}"
        if is_list and data.lstrip().startswith(b"{"):
            return b"[]" if data.strip() == b"{}" else b"[" + data + b"]"
        return data
