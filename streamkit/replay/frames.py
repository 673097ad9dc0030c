"""The frames of a recorded body, and places among them: `node_finished:summarise`, frame 7, where the run ends.

Gates and faults are put at places; a person who writes a test names them as the events are named.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from streamkit.dialects.base import Unknown
from streamkit.errors import ReplayError
from streamkit.reader import Reader
from streamkit.records import Record

STOP: Final = "stop"
"""The place before the frames that end the run: where a run that is stopped goes on once it was."""

_ENDS: Final = frozenset(
    {"workflow_finished", "workflow_paused", "message_end", "message_replace", "error", "tts_message_end"}
    | {"stream_end", "stream_error", "user_inputs", "waiting_for_user", "done"}
)
"""Events after which nothing but such events comes: the end of a run."""
_BLANK_LINE: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
_NAMES: Final = ("node_id", "title", "node_title", "component_id", "component_name")
_NTH: Final = re.compile(r"#([1-9]\d*)$")


class FrameSpan(NamedTuple):
    """Where a frame stands in its body, and what it tells."""

    number: int
    """Counted from 0."""
    kind: str
    """The word of its event."""
    names: frozenset[str]
    """What the wire calls its node: id and title."""
    start: int
    end: int
    """The first byte behind it."""
    data: bytes


def frames_of(body: bytes) -> list[FrameSpan]:
    """Return the frames of a body; a body that is no stream has one, or one for each line."""
    reader = Reader("auto")
    records = {record.frame: record for record in [*reader.feed(body), *reader.close()]}  # the last of a document
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return [_span(record, _end_of(body, record.offset)) for record in records.values()]
    starts = [record.offset for record in records.values()]
    return [_span(record, end) for record, end in zip(records.values(), [*starts[1:], len(body)], strict=True)]


def _span(record: Record, end: int) -> FrameSpan:
    event = record.event
    kind = (event.word or event.kind) if isinstance(event, Unknown) else event.kind
    return FrameSpan(record.frame, kind, _names(record.data), record.offset, end, record.data)


def _end_of(body: bytes, start: int) -> int:
    found = _BLANK_LINE.search(body, start)
    return found.end() if found else len(body)


def _names(data: bytes) -> frozenset[str]:
    payload = decoded(data)
    inner = payload.get("data")
    told = inner if isinstance(inner, dict) else payload
    return frozenset(value for key in _NAMES if isinstance(value := told.get(key), str))


def decoded(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a frame; an empty one if it has none. Any: the vendor's."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        try:
            value = json.loads(data)  # takes NaN, and what else strict decoding refuses
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


class Place(NamedTuple):
    """A place in a body, named before anybody knows in which one."""

    text: str
    """As it was written."""
    frame: int | None = None
    kind: str = ""
    node: str | None = None
    """Id or title of a node."""
    nth: int = 1
    """The first frame of that kind, the second, …"""

    @classmethod
    def parse(cls, text: str | int) -> "Place":
        """Read a place.

        Args:
            text: the number of a frame, counted from 0; the word of an event, alone or with the id or title of its
                node (`node_finished:summarise`), the second such frame with `#2` behind it; or `stop`.

        Raises:
            ReplayError: it is empty.
        """
        written = str(text).strip()
        if written.isascii() and written.isdigit():
            return cls(written, frame=int(written))
        found = _NTH.search(written)
        kind, _, node = written[: found.start() if found else None].partition(":")
        if not kind:
            raise ReplayError(f"{str(text)!r} names no place: give an event, an event and its node, or a frame")
        return cls(written, kind=kind, node=node or None, nth=int(found[1]) if found else 1)

    def offset_in(self, frames: Sequence[FrameSpan], size: int) -> int:
        """Return where in a body of `size` bytes the place is: the first byte behind it.

        Raises:
            ReplayError: the body has no such place.
        """
        if self.kind == STOP and self.node is None:
            return _first_of_the_end(frames, size)
        return self.span_in(frames).start

    def span_in(self, frames: Sequence[FrameSpan]) -> FrameSpan:
        """Return the frame that is named.

        Raises:
            ReplayError: there is none.
        """
        if self.frame is not None:
            fitting = [frame for frame in frames if frame.number == self.frame]
        else:
            fitting = [frame for frame in frames if self._is(frame)][self.nth - 1 :]
        if not fitting:
            raise ReplayError(f"there is no {self.text} among {_told(frames)}{self._told_nodes(frames)}")
        return fitting[0]

    def _told_nodes(self, frames: Sequence[FrameSpan]) -> str:
        """Return whose events of this kind are, for who named a node that has none."""
        names = dict.fromkeys(name for frame in frames if frame.kind == self.kind for name in sorted(frame.names))
        return f"; {self.kind} is of {', '.join(names)}" if self.node is not None and names else ""

    def _is(self, frame: FrameSpan) -> bool:
        return frame.kind == self.kind and (self.node is None or self.node in frame.names)


def _first_of_the_end(frames: Sequence[FrameSpan], size: int) -> int:
    at = size
    for frame in reversed(frames):
        if frame.kind not in _ENDS:
            return at
        at = frame.start
    return at


def _told(frames: Sequence[FrameSpan]) -> str:
    kinds = list(dict.fromkeys(frame.kind for frame in frames))
    return f"{len(frames)} frames ({', '.join(kinds)})" if frames else "no frames"
