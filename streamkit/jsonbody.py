"""A body of JSON, no event stream: one document (an error, a blocking answer), or one event a line."""

from typing import Final

import msgspec
from msgspec import Struct

_BLANK: Final = b" \t\r\n"


class JsonBody:
    """A body of JSON, cut into documents: the whole of it, or its lines if the first two are objects."""

    def __init__(self, limit: int, start: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._start = start  # offset in the body of what is buffered
        self._at = start
        self._first: tuple[int, bytes] | None = None
        self.is_document = False
        """Whether this is one document, which may span lines."""
        self.is_ndjson = False
        self.dropped: list[int] = []
        """Sizes of lines or documents over the limit."""
        self._skipping = 0

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Take bytes; return the lines that are complete and known to be events: (offset, data)."""
        found: list[tuple[int, bytes]] = []
        position = 0
        while not self.is_document:
            end = chunk.find(b"\n", position)
            if end < 0:
                break
            self._extend(chunk[position:end])
            self._at += end + 1 - position
            position = end + 1
            self._line(found)
        self._extend(chunk[position:])
        self._at += len(chunk) - position
        return found

    def close(self) -> list[tuple[int, bytes]]:
        """End the body; return what is left of it."""
        found: list[tuple[int, bytes]] = []
        if not self.is_document:
            self._line(found)
        if self._first is not None:  # a single line: a document, not a stream of one event
            self.is_document = True
            found.append(self._first)
        elif self.is_document and self._skipping:
            self.dropped.append(self._skipping)
        elif self.is_document:
            found.append((self._start, bytes(self._buffer)))
        return found

    def _extend(self, piece: bytes) -> None:
        if self._skipping or len(self._buffer) + len(piece) > self._limit:
            self._skipping += len(self._buffer) + len(piece)
            self._buffer.clear()
        else:
            self._buffer += piece

    def _line(self, found: list[tuple[int, bytes]]) -> None:
        """Take the line that is complete now."""
        line, offset, skipped = bytes(self._buffer), self._start, self._skipping
        if skipped:
            self.dropped.append(skipped)
        elif line.strip(_BLANK):
            if self.is_ndjson:
                found.append((offset, line))
            elif self._first is not None:
                if line.lstrip(_BLANK).startswith(b"{"):
                    self.is_ndjson = True
                    found += [self._first, (offset, line)]
                    self._first = None
                else:
                    self._become_document(self._first, line)
                    return
            elif _is_object(line):
                self._first = (offset, line)
            else:
                self._become_document((offset, b""), line)
                return
        self._buffer.clear()
        self._skipping = 0
        self._start = self._at

    def _become_document(self, first: tuple[int, bytes], line: bytes) -> None:
        self.is_document = True
        self._start, self._first = first[0], None
        self._buffer = bytearray(first[1] + b"\n" + line + b"\n" if first[1] else line + b"\n")


def _is_object(line: bytes) -> bool:
    """Whether a line is a whole JSON object, perhaps followed by more of the body."""
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return line.rstrip(_BLANK).endswith(b"}")


class _FrameLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line as `streamkit frames` prints it: the frame, not the event."""

    event: str
    data: str
    id: str


_FRAME_LINE: Final = msgspec.json.Decoder(_FrameLine)


def unwrapped(line: bytes) -> bytes:
    """Return the event of a JSON line, which may be wrapped as a frame."""
    if b'"data"' in line:
        try:
            return _FRAME_LINE.decode(line).data.encode()
        except (msgspec.MsgspecError, UnicodeError):
            pass
    return line.strip(_BLANK)
