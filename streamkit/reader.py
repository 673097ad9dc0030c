"""One response body, read: bytes in, typed events out. No run, no state of the vendor's.

A body is an event stream, or JSON: one document (an error, a blocking answer) or one event a line. The first byte
that is not blank tells: JSON starts with `{`, and no line of an event stream that means anything does.
"""

from collections import deque
from typing import Final

import msgspec
from msgspec import Struct

from streamkit.dialects import DIALECTS, detect, dialect
from streamkit.dialects.base import Dialect, Event, Note, Notes
from streamkit.sse import Dropped, Parser

MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
"""The default limit of one frame; real frames of several MB exist (protocol C.11)."""

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n"
_FIELD_NAMES: Final = (b"data", b"event", b"id", b"retry", b":")
"""How a line of an event stream begins that means anything."""
_LONGEST_FIELD_NAME: Final = 5
_HELD: Final = 16
"""So many frames may pass before the dialect must show; the first one nearly always tells."""


class Record(Struct, frozen=True):
    """An event with what it was made of."""

    event: Event
    data: bytes
    """The data of the frame: the event's own JSON."""
    frame: int
    """The number of the frame in its body, counted from 0."""
    offset: int
    """Where the frame begins, in bytes from the start of the body."""
    notes: tuple[Note, ...] = ()
    """Anomalies found while decoding: kind and detail."""
    before: tuple[Note, ...] = ()
    """Anomalies of the body since the frame before: frames that were dropped, for example."""


class _Lines:
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


class Reader:
    """Reads one body. Never raises on what is in it; every split of the bytes gives the same records."""

    def __init__(self, name: str = "auto", *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        """Prepare to read a body.

        Args:
            name: a dialect, or "auto" to detect it.
            max_frame_bytes: frames (and JSON lines or documents) longer than this are dropped and reported.

        Raises:
            UnknownDialect: there is no dialect of that name.
        """
        self.dialect: Dialect | None = None if name == "auto" else dialect(name)
        """The dialect, once it is known."""
        self.bytes = 0
        self.frames = 0
        """Frames, lines or documents read, whatever was in them."""
        self.troubles: Notes = []
        """Anomalies of the body that belong to no event: the next record takes them along, at the end they stay."""
        self._limit = max_frame_bytes
        self._head = b""
        self._opening = b""
        self._parser: Parser | None = None
        self._lines: _Lines | None = None
        self._held: list[tuple[int, int, bytes]] = []
        self._closed = False

    @property
    def heartbeats(self) -> int:
        """Comments and blocks without data, so far. Heartbeats that come as events are not among them."""
        return self._parser.heartbeats if self._parser else 0

    @property
    def opening_heartbeats(self) -> int:
        """Heartbeats before the first frame."""
        return self._parser.opening_heartbeats if self._parser else 0

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Record]:
        """Read the next bytes and return the events that are complete.

        Raises:
            RuntimeError: the reader was closed.
        """
        if self._closed:
            raise RuntimeError("feed() after close()")
        self.bytes += len(chunk)
        if self._parser is not None:
            if len(self._opening) < _LONGEST_FIELD_NAME:
                self._opening += bytes(chunk[: _LONGEST_FIELD_NAME - len(self._opening)])
            return self._feed_parser(chunk)
        if self._lines is not None:
            return self._read(self._lines.feed(bytes(chunk)))
        return self._sniff(bytes(chunk))

    def close(self) -> list[Record]:
        """End the body: return what only its end completes, and report what is left over. Twice does nothing more."""
        if self._closed:
            return []
        self._closed = True
        records: list[Record] = []
        if self._lines is not None:
            rest = self._lines.close()
            records = self._read(rest)
            self._report_dropped_lines()
        elif self._parser is not None:
            tail = self._parser.close()
            for dropped in self._parser.take_dropped():
                self._report_dropped(dropped)
            if tail is not None and self._is_event_stream:
                self.troubles.append(("unterminated-frame", f"{tail.size} bytes from byte {tail.offset}"))
        if self._held:
            records = self._settle_for_default()
        if self.bytes and not self._is_event_stream and not self.troubles:
            self.troubles.append(("not-an-event-stream", f"{self.bytes} bytes without a frame"))
        return records

    @property
    def _is_event_stream(self) -> bool:
        """Whether anything of an event stream, or of JSON, was in the body."""
        return self.frames > 0 or self._opening.startswith(_FIELD_NAMES)

    # ---- what kind of body

    def _sniff(self, chunk: bytes) -> list[Record]:
        """Look for the first byte that is not blank."""
        self._head += chunk
        if _BOM.startswith(self._head[:3]) and len(self._head) < len(_BOM):
            return []
        body = self._head.removeprefix(_BOM)
        start = body.lstrip(_BLANK)
        blanks = len(body) - len(start)
        if not start and blanks <= _LONGEST_BLANK:
            return []
        head, self._head = self._head, b""
        self._opening = start[:_LONGEST_FIELD_NAME]
        if start.startswith(b"{") and blanks <= _LONGEST_BLANK:
            self._lines = _Lines(self._limit, start=len(head) - len(body))
            return self._read(self._lines.feed(body))
        self._parser = Parser(max_frame_bytes=self._limit)
        return self._feed_parser(head)

    def _feed_parser(self, chunk: bytes | bytearray | memoryview) -> list[Record]:
        parser = self._parser
        assert parser is not None  # noqa: S101 - for the type checker
        records: list[Record] = []
        frames = parser.feed(chunk)
        dropped = deque(parser.take_dropped()) if parser.dropped else ()
        for frame in frames:
            while dropped and dropped[0].offset < frame.offset:
                self._report_dropped(dropped.popleft())
            self.frames += 1
            self._take(frame.number, frame.offset, bytes(frame.data), records)
        for record in dropped:
            self._report_dropped(record)
        return records

    def _read(self, lines: list[tuple[int, bytes]]) -> list[Record]:
        records: list[Record] = []
        for offset, data in lines:
            number, self.frames = self.frames, self.frames + 1
            self._take(number, offset, _unwrapped(data), records)
        return records

    # ---- which dialect

    def _take(self, number: int, offset: int, data: bytes, records: list[Record]) -> None:
        """Decode the data of a frame, or hold it until the dialect shows."""
        if self.dialect is not None:
            self._decode(self.dialect, number, offset, data, records)
            return
        self._held.append((number, offset, data))
        self.dialect = detect(data)
        if self.dialect is not None or len(self._held) >= _HELD:
            records += self._settle_for_default()

    def _settle_for_default(self) -> list[Record]:
        if self.dialect is None:
            self.dialect = next(iter(DIALECTS.values()))
            self.troubles.append(("unknown-dialect", f"{len(self._held)} frames that no dialect recognises"))
        records: list[Record] = []
        held, self._held = self._held, []
        for number, offset, data in held:
            self._decode(self.dialect, number, offset, data, records)
        return records

    def _decode(self, known: Dialect, number: int, offset: int, data: bytes, records: list[Record]) -> None:
        notes: Notes = []
        before: tuple[Note, ...] = ()
        if self.troubles:
            before = tuple(self.troubles)
            self.troubles.clear()
        if self._lines is not None and self._lines.is_document:
            for event in known.decode_document(data, notes):
                records.append(Record(event, data, number, offset, tuple(notes), before))
                notes, before = [], ()
        else:
            event = known.decode(data, notes)
            records.append(Record(event, data, number, offset, tuple(notes), before))

    # ---- what was dropped

    def _report_dropped(self, dropped: Dropped) -> None:
        detail = f"{dropped.size} bytes from byte {dropped.offset}, limit {dropped.limit}"
        self.troubles.append(("frame-too-large", detail))

    def _report_dropped_lines(self) -> None:
        assert self._lines is not None  # noqa: S101 - for the type checker
        for size in self._lines.dropped:
            self.troubles.append(("body-too-large", f"{size} bytes, limit {self._limit}"))


class _FrameLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line as `streamkit frames` prints it: the frame, not the event."""

    event: str
    data: str
    id: str


_LONGEST_BLANK: Final = 4096
"""After so many blank bytes this is an event stream that says nothing."""

_FRAME_LINE: Final = msgspec.json.Decoder(_FrameLine)


def _unwrapped(line: bytes) -> bytes:
    """Return the event of a JSON line, which may be wrapped as a frame."""
    if b'"data"' in line:
        try:
            return _FRAME_LINE.decode(line).data.encode()
        except (msgspec.MsgspecError, UnicodeError):
            pass
    return line.strip(_BLANK)


def _is_object(line: bytes) -> bool:
    """Whether a line is a whole JSON object, perhaps followed by more of the body."""
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return line.rstrip(_BLANK).endswith(b"}")
