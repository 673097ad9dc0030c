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

from streamkit.deferred import Deferred
from streamkit.dialects import DIALECTS, detect, detect_silent, dialect
from streamkit.dialects.base import REFUSALS, Delta, Dialect, Event, Note, Notes
from streamkit.frames import Dropped, Frame
from streamkit.jsonbody import JsonBody, unwrapped
from streamkit.pattern import Pattern, learn, text_of
from streamkit.records import Burst, Flagged, Found, Record
from streamkit.sse import SHORT, Parser

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
"""A pattern that another one takes the place of after fewer frames than this was not worth learning."""
_LONGEST_PAUSE: Final = 256
"""So many frames pass at most, after patterns that were not, before another one is learned."""


class Reader:
    """Reads one body. Never raises on what is in it; every split of the bytes gives the same records."""

    __slots__ = (
        "_closed",
        "_frames",
        "_head",
        "_held",
        "_learned_at",
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
        self._frames = 0  # of a body that is JSON, all; of an event stream, those before the one that is being read
        self._head = b""
        self._opening = b""
        self._parser: Parser | None = None
        self._lines: JsonBody | None = None
        self._held: list[tuple[int, int, bytes]] | None = None
        self._closed = False
        self._pattern: Pattern | None = None
        self._learned_at = 0  # so many frames were before the pattern
        self._pause = 0  # so many frames pass after a pattern that was not worth it
        self._paused = 0  # and so many are still to pass

    @property
    def size(self) -> int:
        """Bytes of the body so far."""
        return self._unparsed + (self._parser.bytes if self._parser else 0) + self.deferred.size

    @property
    def frames(self) -> int:
        """Frames, lines or documents read, whatever was in them."""
        return (self._parser.frames if self._parser else self._frames) + len(self.deferred.texts)

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

    def read(self, chunk: bytes | bytearray | memoryview) -> list[Found]:
        """Read as `feed` does, for who needs no more of an event than the event.

        Returns:
            The events that are complete, in order: alone, or with what is to be said of them, or in bursts.

        Raises:
            RuntimeError: the reader was closed.
        """
        if self.deferred.texts:
            self.settle()
        event = self.whole(chunk)
        return self._read_any(chunk) if event is None else [event]

    def whole(self, chunk: bytes | bytearray | memoryview) -> Event | Flagged | None:
        """Read as `read` does, and more quickly, a chunk that is one frame: as nearly all chunks of an open stream are.

        Returns:
            Its event; None if it is any other chunk, or there is more to say: then nothing was done.
        """
        parser, known = self._parser, self.dialect
        if parser is None or known is None or self.troubles or (data := parser.whole(chunk)) is None:
            return None
        try:
            event = known.typed(data)
        except REFUSALS:
            self._frames = parser.frames - 1
            return self._event(known, data)
        delta = known.deltas.get(type(event))
        if delta is not None:
            self._learn(known, data, event, delta, parser.frames)
        if self._pattern is not None and (delta is not None or not self.deferred.is_open):
            self.deferred.expect(self._pattern, parser)
        return event

    def events(self, chunk: bytes | bytearray | memoryview) -> list[Event]:
        """Read as `feed` does, for who wants typed events and nothing else; heartbeats are only counted.

        Raises:
            RuntimeError: the reader was closed.
        """
        # As `Deferred.take` does it, written out: of the time of a token a quarter was that of two calls.
        parser, deferred = self._parser, self.deferred
        pattern = deferred.pattern
        if deferred.is_open and type(chunk) is bytes and parser is not None and pattern is not None:
            size = len(chunk)
            middle = chunk.removeprefix(deferred.prefix).removeprefix(pattern.start).removesuffix(deferred.end)
            if len(middle) + deferred.around == size and size <= SHORT:
                try:
                    text = text_of(middle)
                except REFUSALS:
                    return events_of(self._read_any(chunk))
                parser.frames += 1
                parser.bytes += size
                return [pattern.with_text(pattern.event, text)]
        event = self.whole(chunk)
        if event is None:
            return events_of(self._read_any(chunk))
        if type(event) is Flagged:
            event = event.event
        return [] if event.is_heartbeat else [event]

    def settle(self) -> None:
        """Count the frames that were deferred, and tell the parser of them; then they are forgotten."""
        deferred = self.deferred
        if deferred.texts and self._parser is not None:
            self._parser.skip(len(deferred.texts), deferred.size)
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
            self._take(frame.number, frame.offset, bytes(frame.data), records)
        for record in dropped:
            self._report_dropped(record)
        return records

    def _read(self, lines: list[tuple[int, bytes]]) -> list[Record]:
        records: list[Record] = []
        for offset, data in lines:
            number, self._frames = self._frames, self._frames + 1
            self._take(number, offset, unwrapped(data), records)
        return records

    # ---- events alone

    def _read_opening(self, chunk: bytes) -> list[Found]:
        """Read the first frames the plain way, until the dialect shows; all of a body that is JSON."""
        events: list[Found] = []
        for _ in range(_HELD):  # more would copy a long chunk too often
            frame, blank, chunk = chunk.partition(b"\n\n") if self._lines is None else (chunk, b"", b"")
            events += self.feed(frame + blank)
            if not chunk:
                return events
            if self.frames and self.dialect is not None:
                return events + self.read(chunk)
        return events + self.feed(chunk)

    def _read_any(self, chunk: bytes | bytearray | memoryview) -> list[Found]:
        """Read bytes of any shape."""
        parser, known = self._parser, self.dialect
        if parser is None or known is None or not parser.frames:
            return self._read_opening(bytes(chunk))
        self._frames = parser.frames
        cuts = parser.cut(chunk)
        self.heartbeats = parser.heartbeats
        found: list[Found] = []
        if self.troubles or parser.dropped:
            dropped = deque(parser.take_dropped())
            found += self._read_around(known, (data for cut in cuts for data in _datas(*cut)), dropped)
        else:
            for prefix, lines in cuts:
                self._read_lines(known, prefix, lines, found)
        if self.troubles:
            self.deferred.expect_nothing()
        elif self._pattern is not None:
            self.deferred.expect(self._pattern, parser)
        return found

    def _read_lines(self, known: Dialect, prefix: bytes, lines: list[bytes], found: list[Found]) -> None:
        """Decode the data of frames: in bursts where they fit the pattern."""
        pattern = self._pattern
        start, end = _edges(prefix, pattern)
        middles: list[bytes] = []  # of frames that fit the pattern, one after the other
        for line in lines:
            # Methods that remove nothing return the same object, and are the cheapest test there is.
            rest = line.removeprefix(start)
            if rest is not line:
                middle = rest.removesuffix(end)
                if middle is not rest:
                    middles.append(middle)
                    continue
            if middles:
                self._burst(known, middles, pattern, found)
                middles = []
            found.append(self._plain(known, line.removeprefix(prefix)))
            if self._pattern is not pattern:
                pattern = self._pattern
                start, end = _edges(prefix, pattern)
        if middles:
            self._burst(known, middles, pattern, found)

    def _plain(self, known: Dialect, line: bytes) -> Event | Flagged:
        """Decode a frame that no pattern fits, and learn one from it if it is a delta; to JSON, its LF is nothing."""
        try:
            event = known.typed(line)
        except REFUSALS:
            return self._event(known, line.removesuffix(b"\n"))
        self._frames += 1
        delta = known.deltas.get(type(event))
        if delta is not None:
            self._learn(known, line.removesuffix(b"\n"), event, delta, self._frames)
        return event

    def _read_around(
        self, known: Dialect, datas: Iterator[bytes], dropped: deque[Dropped]
    ) -> Iterator[Event | Flagged]:
        """Decode the data of frames one by one, each told what was dropped before it."""
        for data in datas:
            while dropped and dropped[0].number <= self._frames:
                self._report_dropped(dropped.popleft())
            yield self._event(known, data)
        for record in dropped:
            self._report_dropped(record)

    def _event(self, known: Dialect, data: bytes) -> Event | Flagged:
        """Decode the data of the next frame."""
        notes: Notes = []
        event = known.decode(data, notes)
        number, self._frames = self._frames, self._frames + 1
        if notes or self.troubles:
            before = tuple(self.troubles)
            self.troubles.clear()
            return Flagged(event, number, tuple(notes), before)
        return event

    # ---- bursts

    def _burst(self, known: Dialect, middles: list[bytes], pattern: Pattern | None, found: list[Found]) -> None:
        """Read frames that begin and end as the pattern says."""
        assert pattern is not None  # noqa: S101 - for the type checker
        texts = pattern.texts(middles)
        if texts is None:
            found += [self._event(known, b"%b%b%b" % (pattern.start, middle, pattern.end)) for middle in middles]
        else:
            self._frames += len(texts)
            found.append(Burst(pattern, texts))

    def _learn(self, known: Dialect, data: bytes, event: Event, delta: Delta, frames: int) -> None:
        """Learn the pattern of a delta, with which there are so many frames.

        Streams whose frames differ in more than a text are left alone.
        """
        if self._paused:
            self._paused -= 1
            return
        pattern = learn(data, event, delta, known.typed, like=self._pattern)
        if pattern is None:
            return
        if self._pattern is not None:
            is_fruitful = frames - self._learned_at > _FRUITFUL
            self._pause = self._paused = 0 if is_fruitful else min(2 * self._pause + 1, _LONGEST_PAUSE)
        self._pattern, self._learned_at = pattern, frames

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


_LONGEST_BLANK: Final = 4096
"""After so many blank bytes this is an event stream that says nothing."""


def events_of(found: Sequence[Found]) -> list[Event]:
    """Return the events in what was read, without heartbeats."""
    events: list[Event] = []
    for item in found:
        if type(item) is Burst:  # of structs, isinstance() takes five times as long
            events += item.pattern.events(item.texts)
        else:
            event = item.event if type(item) is Flagged or type(item) is Record else item
            if not event.is_heartbeat:
                events.append(event)
    return events


def _edges(prefix: bytes, pattern: Pattern | None) -> tuple[bytes, bytes]:
    """Return how lines of the pattern begin and end; no line has a CR."""
    return (prefix + pattern.start, pattern.end + b"\n") if pattern is not None else (b"\r", b"\r")


def _datas(prefix: bytes, lines: list[bytes]) -> Iterator[bytes]:
    """The data of what the parser has cut."""
    return (line.removeprefix(prefix).removesuffix(b"\n") for line in lines)
