"""One response body, read: bytes in, typed events out. No run, no state of the vendor's.

A body is an event stream, or JSON: one document (an error, a blocking answer) or one event a line. The first byte
that is not blank tells: JSON starts with `{`, and no line of an event stream that means anything does.

There are two ways to read. `feed` gives each event with what it was made of. `read` gives the same events for folding:
alone, where there is nothing more to say of them, and as a `Burst` of texts, where frames differ in nothing else. A
burst costs a third of its frames, since a `Pattern` reads them; whatever does not fit it goes the plain way.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from streamkit.deferred import ROOM, Deferred
from streamkit.dialects import DIALECTS, detect, detect_silent, dialect
from streamkit.dialects.base import REFUSALS, Delta, Dialect, Event, Note, Notes
from streamkit.jsonbody import JsonBody
from streamkit.pattern import Pattern, learn
from streamkit.sse import Dropped, Frame, Parser

MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
"""The default limit of one frame; real frames of several MB exist (protocol C.11)."""

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n"
_FIELD_NAMES: Final = (b"data", b"event", b"id", b"retry", b":")
"""How a line of an event stream begins that means anything."""
_LONGEST_FIELD_NAME: Final = 5
_HELD: Final = 16
"""So many frames may pass before the dialect must show; the first one nearly always tells."""


_FRUITFUL: Final = 8
"""A pattern that fits fewer frames than this was not worth learning."""
_LONGEST_PAUSE: Final = 256
"""So many frames pass at most, after patterns that were not, before another one is learned."""


class Noted(Struct, frozen=True):
    """An event with what is to be said of it."""

    event: Event
    frame: int
    """The number of the frame in its body, counted from 0."""
    notes: tuple[Note, ...] = ()
    """Anomalies found while decoding: kind and detail."""
    before: tuple[Note, ...] = ()
    """Anomalies of the body since the frame before: frames that were dropped, for example."""


class Record(Noted, frozen=True):
    """An event with what it was made of."""

    data: bytes = b""
    """The data of the frame: the event's own JSON."""
    offset: int = 0
    """Where the frame begins, in bytes from the start of the body."""


class Burst(Struct, frozen=True):
    """Events of consecutive frames that differ in one text only."""

    pattern: Pattern
    texts: list[str]


class Reader:
    """Reads one body. Never raises on what is in it; every split of the bytes gives the same records."""

    __slots__ = (
        "_closed",
        "_frames",
        "_head",
        "_held",
        "_hits",
        "_limit",
        "_lines",
        "_opening",
        "_parser",
        "_pattern",
        "_pause",
        "_paused",
        "_unparsed",
        "deferred",
        "dialect",
        "heartbeats",
        "troubles",
    )

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
        self.heartbeats = 0
        """Comments and blocks without data, so far. Heartbeats that come as events are not among them."""
        self.troubles: Notes = []
        """Anomalies of the body that belong to no event: the next record takes them along, at the end they stay."""
        self.deferred = Deferred()
        """Takes in chunks that need not be read one by one; who uses it, and then reads on, `settle`s before."""
        self._limit = max_frame_bytes
        self._unparsed = 0  # bytes that no parser counts: those before there is one, and all of a body that is JSON
        self._frames = 0
        self._head = b""
        self._opening = b""
        self._parser: Parser | None = None
        self._lines: JsonBody | None = None
        self._held: list[tuple[int, int, bytes]] | None = None
        self._closed = False
        self._pattern: Pattern | None = None
        self._hits = 0  # so many frames fitted the pattern
        self._pause = 0  # so many frames pass after a pattern that was not worth it
        self._paused = 0  # and so many are still to pass

    @property
    def size(self) -> int:
        """Bytes of the body so far."""
        return self._unparsed + (self._parser.bytes if self._parser else 0) + self.deferred.size

    @property
    def frames(self) -> int:
        """Frames, lines or documents read, whatever was in them."""
        return self._frames + len(self.deferred.texts)

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
            raise RuntimeError("feed() after close(): another body needs another reader")
        self.settle()
        self.deferred.expect_nothing()
        if self._parser is not None:
            if len(self._opening) < _LONGEST_FIELD_NAME:
                self._opening += bytes(chunk[: _LONGEST_FIELD_NAME - len(self._opening)])
            return self._feed_parser(chunk)
        self._unparsed += len(chunk)
        if self._lines is not None:
            return self._read(self._lines.feed(bytes(chunk)))
        return self._sniff(bytes(chunk))

    def read(self, chunk: bytes | bytearray | memoryview) -> list[Event | Noted | Burst]:
        """Read as `feed` does, for who needs no more of an event than the event.

        Returns:
            The events that are complete, in order: alone, or with what is to be said of them, or in bursts.

        Raises:
            RuntimeError: the reader was closed.
        """
        if self.deferred.texts:
            self.settle()
        parser, known = self._parser, self.dialect
        if parser is None or known is None or not self._frames:
            return self._read_opening(bytes(chunk))
        pattern = self._pattern
        if not self.troubles and (data := parser.whole(chunk)) is not None:
            if pattern is not None and data.startswith(pattern.start):
                found = self._pieces(parser, known, [data])
            else:
                found = [self._plain(parser, known, data)]
            if pattern is self._pattern and self.deferred.is_open:  # then nothing else is expected than before
                return found
        else:
            found = self._cut(parser, known, chunk)
        if self.troubles:
            self.deferred.expect_nothing()
        elif self._pattern is not None:
            self.deferred.expect(self._pattern, parser)
        return found

    def events(self, chunk: bytes | bytearray | memoryview) -> list[Event]:
        """Read as `feed` does, for who wants typed events and nothing else; heartbeats are only counted.

        Raises:
            RuntimeError: the reader was closed.
        """
        deferred = self.deferred
        if len(deferred.texts) == ROOM:
            self.settle()
        if deferred.take(chunk, None) and (pattern := deferred.pattern) is not None:
            return [pattern.with_text(pattern.event, deferred.texts[-1])]
        return events_of(self.read(chunk))

    def settle(self) -> None:
        """Count the frames that were deferred, and tell the parser of them; then they are forgotten."""
        deferred = self.deferred
        if deferred.texts and self._parser is not None:
            self._parser.skip(len(deferred.texts), deferred.size)
            self._frames += len(deferred.texts)
            self._hits += len(deferred.texts)
            deferred.clear()

    def close(self) -> list[Record]:
        """End the body: return what only its end completes, and report what is left over. Twice does nothing more."""
        if self._closed:
            return []
        self._closed = True
        self.settle()
        self.deferred.expect_nothing()
        records: list[Record] = []
        if self._lines is not None:
            rest = self._lines.close()
            records = self._read(rest)
            self._report_dropped_lines()
        elif self._parser is not None:
            tail = self._parser.close()
            self.heartbeats = self._parser.heartbeats
            for dropped in self._parser.take_dropped():
                self._report_dropped(dropped)
            if tail is not None and self._is_event_stream:
                self.troubles.append(("unterminated-frame", f"{tail.size} bytes from byte {tail.offset}"))
        if self._held:
            records = self._settle_for_default()
        if self.size and not self._is_event_stream and not self.troubles:
            self.troubles.append(("not-an-event-stream", f"{self.size} bytes without a frame"))
        return records

    @property
    def _is_event_stream(self) -> bool:
        """Whether anything of an event stream, or of JSON, was in the body."""
        return self._frames > 0 or self._opening.startswith(_FIELD_NAMES)

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
            self._lines = JsonBody(self._limit, start=len(head) - len(body))
            return self._read(self._lines.feed(body))
        self._parser = Parser(max_frame_bytes=self._limit)
        self._unparsed = 0
        return self._feed_parser(head)

    def _feed_parser(self, chunk: bytes | bytearray | memoryview) -> list[Record]:
        parser = self._parser
        assert parser is not None  # noqa: S101 - for the type checker
        frames = parser.feed(chunk)
        self.heartbeats = parser.heartbeats
        return self._take_all(frames, deque(parser.take_dropped()) if parser.dropped else deque())

    def _take_all(self, frames: list[Frame], dropped: deque[Dropped]) -> list[Record]:
        """Decode frames one by one, each told what was dropped before it."""
        records: list[Record] = []
        for frame in frames:
            while dropped and dropped[0].offset < frame.offset:
                self._report_dropped(dropped.popleft())
            self._frames += 1
            self._take(frame.number, frame.offset, bytes(frame.data), records)
        for record in dropped:
            self._report_dropped(record)
        return records

    def _read(self, lines: list[tuple[int, bytes]]) -> list[Record]:
        records: list[Record] = []
        for offset, data in lines:
            number, self._frames = self._frames, self._frames + 1
            self._take(number, offset, _unwrapped(data), records)
        return records

    # ---- events alone

    def _read_opening(self, chunk: bytes) -> list[Event | Noted | Burst]:
        """Read the first frames the plain way, until the dialect shows; all of a body that is JSON."""
        events: list[Event | Noted | Burst] = []
        for _ in range(_HELD):  # more would copy a long chunk too often
            frame, blank, chunk = chunk.partition(b"\n\n") if self._lines is None else (chunk, b"", b"")
            events += self.feed(frame + blank)
            if not chunk:
                return events
            if self._frames and self.dialect is not None:
                return events + self.read(chunk)
        return events + self.feed(chunk)

    def _cut(
        self, parser: Parser, known: Dialect, chunk: bytes | bytearray | memoryview
    ) -> list[Event | Noted | Burst]:
        """Read bytes of any shape."""
        pieces = parser.cut(chunk)
        self.heartbeats = parser.heartbeats
        if self.troubles or parser.dropped:
            return list(self._read_around(known, pieces, deque(parser.take_dropped())))
        return self._pieces(parser, known, pieces)

    def _plain(self, parser: Parser, known: Dialect, data: bytes) -> Event | Noted:
        """Decode a frame that no pattern fits, and learn one from it if it is a delta."""
        try:
            event = known.typed(data)
            self._frames += 1
        except REFUSALS:
            mended = self._event(known, data)
            if isinstance(mended, Noted):
                return mended
            event = mended
        delta = known.deltas.get(type(event))
        if delta is not None:
            self._learn(parser, known, data, event, delta)
        return event

    def _pieces(self, parser: Parser, known: Dialect, pieces: list[bytes | list[bytes]]) -> list[Event | Noted | Burst]:
        """Decode what the parser has cut, in bursts where frames fit the pattern."""
        pattern = expected = self._pattern  # what the parser knows of; a better one may be learned below
        events: list[Event | Noted | Burst] = []
        start, end = (pattern.start, pattern.end) if pattern is not None else (b"", b"")
        middles: list[bytes] = []  # of frames that fit the pattern, one after the other
        for piece in pieces:
            if pattern is not None and type(piece) is bytes:
                rest = piece.removeprefix(start)
                if rest is not piece:
                    middle = rest.removesuffix(end)
                    if middle is not rest:
                        middles.append(middle)
                        continue
            if middles:
                self._burst(known, middles, pattern, events)
                middles = []
            if isinstance(piece, list):
                self._burst(known, piece, expected, events)
                continue
            events.append(self._plain(parser, known, piece))
            if self._pattern is not pattern:
                pattern = self._pattern
                start, end = (pattern.start, pattern.end) if pattern is not None else (b"", b"")
        if middles:
            self._burst(known, middles, pattern, events)
        return events

    def _read_around(
        self, known: Dialect, pieces: list[bytes | list[bytes]], dropped: deque[Dropped]
    ) -> Iterator[Event | Noted]:
        """Read events one by one, each told what was dropped before it."""
        expected = self._pattern
        for piece in pieces:
            for data in _whole(piece, expected) if isinstance(piece, list) else [piece]:
                while dropped and dropped[0].number <= self._frames:
                    self._report_dropped(dropped.popleft())
                yield self._event(known, data)
        for record in dropped:
            self._report_dropped(record)

    def _event(self, known: Dialect, data: bytes) -> Event | Noted:
        """Decode the data of the next frame."""
        notes: Notes = []
        event = known.decode(data, notes)
        number, self._frames = self._frames, self._frames + 1
        if notes or self.troubles:
            before = tuple(self.troubles)
            self.troubles.clear()
            return Noted(event, number, tuple(notes), before)
        return event

    # ---- bursts

    def _burst(
        self, known: Dialect, middles: list[bytes], pattern: Pattern | None, events: list[Event | Noted | Burst]
    ) -> None:
        """Read frames that begin and end as the pattern says."""
        texts = pattern.texts(middles) if pattern is not None and not self.troubles else None
        if pattern is None or texts is None:
            events += [self._event(known, data) for data in _whole(middles, pattern)]
        else:
            self._frames += len(texts)
            self._hits += len(texts)
            events.append(Burst(pattern, texts))

    def _learn(self, parser: Parser, known: Dialect, data: bytes, event: Event, delta: Delta) -> None:
        """Learn the pattern of a delta. Streams whose frames differ in more than a text are left alone."""
        if self._paused:
            self._paused -= 1
            return
        pattern = learn(data, event, delta, lambda data: known.decode(data, []))
        if pattern is None:
            return
        if self._pattern is not None:
            self._pause = 0 if self._hits >= _FRUITFUL else min(2 * self._pause + 1, _LONGEST_PAUSE)
            self._paused = self._pause
        self._pattern, self._hits = pattern, 0
        parser.expect(pattern.start, pattern.end)

    # ---- which dialect

    def _take(self, number: int, offset: int, data: bytes, records: list[Record]) -> None:
        """Decode the data of a frame, or hold it until the dialect shows."""
        if self.dialect is not None:
            self._decode(self.dialect, number, offset, data, records)
            return
        self._held = self._held or []
        self._held.append((number, offset, data))
        self.dialect = detect(data)
        if self.dialect is not None or len(self._held) >= _HELD:
            records += self._settle_for_default()

    def _settle_for_default(self) -> list[Record]:
        if self.dialect is None:
            self.dialect = detect_silent(data for *_, data in self._held or ())
        if self.dialect is None:
            self.dialect = next(iter(DIALECTS.values()))
            self.troubles.append(("unknown-dialect", f"{len(self._held or ())} frames that no dialect recognises"))
        records: list[Record] = []
        held, self._held = self._held or [], None
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
                records.append(Record(event, number, tuple(notes), before, data, offset))
                notes, before = [], ()
        else:
            event = known.decode(data, notes)
            records.append(Record(event, number, tuple(notes), before, data, offset))

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


def events_of(found: Sequence[Event | Noted | Burst]) -> list[Event]:
    """Return the events in what was read, without heartbeats."""
    events: list[Event] = []
    for item in found:
        if isinstance(item, Burst):
            events += item.pattern.events(item.texts)
        else:
            event = item.event if isinstance(item, Noted) else item
            if not event.is_heartbeat:
                events.append(event)
    return events


def _whole(middles: list[bytes], pattern: Pattern | None) -> list[bytes]:
    """Return the data of frames of which the parser gave only what stands between."""
    return [b"%b%b%b" % (pattern.start, middle, pattern.end) for middle in middles] if pattern is not None else middles


def _unwrapped(line: bytes) -> bytes:
    """Return the event of a JSON line, which may be wrapped as a frame."""
    if b'"data"' in line:
        try:
            return _FRAME_LINE.decode(line).data.encode()
        except (msgspec.MsgspecError, UnicodeError):
            pass
    return line.strip(_BLANK)
