"""The event-stream parser: bytes in, frames out, as WHATWG HTML 9.2.5 and 9.2.6 say.

It must never do I/O, read a clock, log, decode data that nobody asked for, or raise on what a peer sends.

Rule 1: any split of the bytes into chunks gives the same frames, heartbeats, dropped records and tail.
Rule 2: time and memory are linear for any split. No later feed searches a byte again, and no byte or line costs an
        object.
Rule 3: when `feed` returns, nothing but the frames it returns refers to the chunk.
Rule 4: a frame views immutable `bytes`. A view of a growing `bytearray` would stop its growth.

Theory of operation. A *line* ends in LF, CR or CRLF, a *block* in a blank line, and a *frame* is what a block with
data dispatches. `feed` has a hot loop for what almost all traffic is: LF alone ends lines, and a block is one `data`
line, perhaps after event and id lines, whole in the chunk. Everything else goes through `_lines`: line by line, to the
end of the block, where the hot loop takes over again. The hot loop starts only where a block does, and sets nothing
but the buffers of the standard before it dispatches; so `_lines` can read a block that the loop gave up once more from
its beginning.

A block that outlives its chunk is kept in two forms. `_rest` holds its field lines as they came, with LF for a line
end, and last the unfinished line: a line is processed once, when its end has come, and `close` can show what was cut
off. `_value`, or from the second line on `_joined`, holds the data of its finished lines. A finished comment is
counted and forgotten, so that a stream of nothing but comments keeps nothing. A block over the limit forgets
everything but where it began.

The buffers of the standard are `_event` (event type), `_id` (last event ID) and `_value` with `_joined` (data). A
blank line copies `_id` to `last_event_id`.
"""

from typing import Final

from msgspec import Struct

_BOM: Final = b"\xef\xbb\xbf"
_NUL: Final = 0
_LF: Final = 10
_CR: Final = 13
_SPACE: Final = 32
_COLON: Final = 58
_RETRY_DIGITS: Final = 18  # int() refuses more than 4,300 digits; 10**18 ms are 31 million years
_RECORDS_MAX: Final = 1000


class Frame(Struct, frozen=True, gc=False):
    """One dispatched event of the stream (9.2.6, "dispatch the event").

    `data` pins what it views: the whole chunk where the frame lay in it with a single data line, else a private copy of
    the data. Who keeps frames keeps `bytes(frame.data)`.

    The cycle collector does not track frames, since none can be part of a cycle: the fields are `str`, `int` and a view
    of exactly `bytes`.
    """

    event: str
    """Event type; empty where the block named none, which a browser shows as "message"."""
    data: memoryview
    """The data lines as the peer sent them, joined by LF; valid UTF-8 or not."""
    id: str
    """Last event ID at the time of dispatch; empty before the first."""
    offset: int
    """Byte offset in the stream of the first byte of the frame's block."""
    number: int
    """Number of frames dispatched before this one."""

    @property
    def text(self) -> str:
        """The data as text, with U+FFFD for what is not UTF-8."""
        return str(self.data, "utf-8", "replace")


class Dropped(Struct, frozen=True):
    """A block that was larger than the limit."""

    offset: int
    """Byte offset in the stream of the first byte of the block."""
    size: int
    """Bytes of the block, line ends and comments included, up to its blank line or the end of the stream."""
    limit: int
    """The `max_frame_bytes` that it exceeded."""


class Tail(Struct, frozen=True):
    """A block that the end of the stream cut off. The standard discards it (9.2.6, "any pending data")."""

    offset: int
    """Byte offset in the stream of the first byte of the block."""
    size: int
    """Bytes of the block, line ends and comments included, up to the end of the stream."""
    data: bytes
    """Its lines without the finished comments, each ended by LF, and then its unfinished line. With two LF more, a new
    parser dispatches from it what the stream would have dispatched."""


class Parser:
    """Reads one event stream, in chunks of any size. Not thread-safe.

    Attributes:
        last_event_id: The last event ID string, which a reconnect sends as `Last-Event-ID` (9.2.4).
        retry: The reconnection time that the peer asked for, in ms, at most 10**18; None before it did.
        frames: Number of frames dispatched.
        bytes: Number of bytes fed.
        heartbeats: Number of comment lines, and of blocks with fields but no data; the standard dispatches neither.
        opening_heartbeats: Those of them before the first frame.
        dropped: Number of blocks that were larger than the limit, counted when they end.
    """

    __slots__ = (
        "_after_cr",
        "_bom",
        "_calm",
        "_closed",
        "_dropping",
        "_event",
        "_id",
        "_joined",
        "_kept",
        "_limit",
        "_line",
        "_open",
        "_records",
        "_rest",
        "_start",
        "_tail",
        "_unsaved",
        "_value",
        "bytes",
        "dropped",
        "frames",
        "heartbeats",
        "last_event_id",
        "opening_heartbeats",
        "retry",
    )

    def __init__(self, *, max_frame_bytes: int = 64 * 1024 * 1024) -> None:
        """Make a parser at the start of a stream.

        Args:
            max_frame_bytes: Limit for one block in bytes: its field lines without their ends, and the line that is
                being read, finished or not, comment or not. A larger block is dropped and recorded, and reading goes
                on after its blank line.

        Raises:
            ValueError: If the limit is not positive.
        """
        if max_frame_bytes < 1:
            raise ValueError(f"max_frame_bytes must be positive, not {max_frame_bytes}")
        self._limit = max_frame_bytes
        self._rest = bytearray()
        self._line = 0  # where in _rest the unfinished line begins
        self._unsaved = 0  # where in the chunk begin those lines of the block that are not in _rest
        self.last_event_id = ""
        self.retry: int | None = None
        self.reset()

    def reset(self) -> None:
        """Begin a new stream, as after a reconnect: everything starts again but `last_event_id` and `retry`.

        The last event ID buffer starts as `last_event_id`, as it does in Chromium. The letter of 9.2.6 starts it empty,
        and the first frame without an ID of its own would forget the place in the stream.
        """
        self.frames = self.bytes = self.heartbeats = self.opening_heartbeats = self.dropped = 0
        self._id = self.last_event_id
        self._bom: int | None = 0  # how many bytes of a BOM the stream began with; None once that is decided
        self._after_cr = False  # the last byte was a CR that ended a line: an LF that follows belongs to it
        self._calm = False  # a block is to begin with the next byte: the hot loop may start
        self._closed = False
        self._tail: Tail | None = None
        self._records: list[Dropped] = []
        self._begin_block(0)

    def _begin_block(self, start: int) -> None:
        self._start = start  # its offset in the stream
        self._kept = 0  # bytes of its finished field lines
        self._event = ""
        self._value: memoryview | None = None  # its data, while that is one line: a view of the chunk, or of a copy
        self._joined: bytearray | None = None  # its data, once that is more lines
        self._open = False  # its last line is not finished and has at least one byte
        self._dropping = False
        if self._rest:
            self._rest.clear()

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Frame]:
        """Take the next bytes of the stream and return the frames that they complete.

        Args:
            chunk: Any number of bytes. What is not `bytes` is copied, once.

        Raises:
            RuntimeError: After `close`.
        """
        if self._closed:
            raise RuntimeError("feed() after close(): call reset() to begin a new stream")
        if type(chunk) is not bytes:
            chunk = bytes(memoryview(chunk))
        size = len(chunk)
        base = self.bytes  # the chunk's offset in the stream
        self.bytes = base + size
        frames: list[Frame] = []
        pos = 0
        slowly = _CR in chunk or size > self._limit
        if slowly or not self._calm:
            pos = self._resume(chunk, frames, slowly)
            if pos == size:
                return frames
        # From here on LF alone ends lines, `pos` is where a line begins, and self._start is where its block does.
        # One-byte needles are memchr; the first has no position, because CPython up to 3.12 reads such a call in half
        # the time. Nothing is bound to a local name: tokens arrive one frame per chunk, where that costs more than it
        # saves.
        view = memoryview(chunk)
        last = size - 1
        end = chunk.find(b"\n", pos) if pos else chunk.find(b"\n")
        while 0 <= end < last:
            if chunk[end + 1] == _LF and chunk.startswith(b"data:", pos):
                start = pos + 6 if chunk[pos + 5] == _SPACE else pos + 5
                frames.append(Frame(self._event, view[start:end], self._id, self._start, self.frames))
                self.frames += 1
                self.last_event_id = self._id
                self._event = ""
                pos = end + 2
                self._start = base + pos
            else:
                pos = self._line_before_data(chunk, pos, end, frames)
            if pos == size:
                return frames
            end = chunk.find(b"\n", pos)
        self._lines(chunk, self._start - base, frames, slowly)
        return frames

    def close(self) -> Tail | None:
        """End the stream and return the block that its end cut off, if any; called again, return the same.

        Finished comments alone are no tail: nothing is lost with them.
        """
        if not self._closed:
            self._closed = True
            if self._bom:
                self._not_a_bom()
            if self._dropping:
                self._record(self.bytes)
            elif self._kept or self._open:
                self._tail = Tail(self._start, self.bytes - self._start, bytes(self._rest))
            self._begin_block(self.bytes)
        return self._tail

    def take_dropped(self) -> list[Dropped]:
        """Return the records of the blocks dropped since the last call, at most 1,000; `dropped` counts them all."""
        records = self._records
        self._records = []
        return records

    # The hot loop's other half.

    def _line_before_data(self, chunk: bytes, pos: int, end: int, frames: list[Frame]) -> int:
        """Read the line chunk[pos:end], which is not data with a blank line behind it; return where to go on."""
        after = end + 1
        if chunk.startswith(b"event:", pos):
            if chunk[after] != _LF:  # else nobody will hear the name: Dify's ping
                self._set_event(chunk[pos + 7 if chunk[pos + 6] == _SPACE else pos + 6 : end])
        elif chunk.startswith(b"id:", pos):
            self._set_id(chunk[pos + 4 if chunk[pos + 3] == _SPACE else pos + 3 : end])
        else:
            block = self._start - self.bytes + len(chunk)
            if chunk[pos] != _COLON or chunk[after] != _LF or block != pos:  # more than one comment and a blank line
                return self._data_lines(chunk, pos, frames) or self._lines(chunk, block, frames, slowly=False)
        if chunk[after] == _LF:
            self._beat()
            self._event = ""
            self.last_event_id = self._id
            after += 1
            self._start = self.bytes - len(chunk) + after
        return after

    def _data_lines(self, chunk: bytes, pos: int, frames: list[Frame]) -> int:
        """Read a block's lines from `pos` on at once if all are `data: ` lines; return where to go on, else 0."""
        blank = chunk.find(b"\n\n", pos) if chunk.startswith(b"data: ", pos) else -1
        lines = chunk[pos + 6 : blank]
        if blank < 0 or lines.count(b"\n") != lines.count(b"\ndata: "):
            return 0
        self._dispatch(memoryview(lines.replace(b"\ndata: ", b"\n")), frames)
        self._event = ""
        self._start = self.bytes - len(chunk) + blank + 2
        return blank + 2

    # The slow path: line by line, with everything that may be pending.

    def _resume(self, chunk: bytes, frames: list[Frame], slowly: bool) -> int:
        """Go on where the last chunk ended, to where the hot loop may start, and return that."""
        pos = 0
        if self._bom is not None:
            pos = self._skip_bom(chunk, self._bom)
        elif self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == _LF:
                pos = 1
                if self._start == self.bytes - len(chunk):  # the CR was a blank line, and the LF is part of it
                    self._start += 1
        if self._start == self.bytes - len(chunk) + pos and pos < len(chunk) and not slowly:
            self._calm = True
            return pos
        return self._lines(chunk, pos, frames, slowly)

    def _skip_bom(self, chunk: bytes, seen: int) -> int:
        wanted = _BOM[seen : seen + len(chunk)]
        if not chunk.startswith(wanted):
            self._not_a_bom()
            return 0
        self._bom = seen + len(wanted)
        if self._bom == len(_BOM):
            self._bom = None
            self._start = len(_BOM)
        return len(wanted)

    def _not_a_bom(self) -> None:
        """Make what looked like a BOM the beginning of the first line."""
        self._rest += _BOM[: self._bom]
        self._line = 0
        self._open = bool(self._bom)
        self._bom = None
        if len(self._rest) > self._limit:
            self._drop()

    def _lines(self, chunk: bytes, pos: int, frames: list[Frame], slowly: bool) -> int:
        """Read lines from `pos` to the end of the block, or of the chunk, and return where that is.

        With `slowly` always to the end of the chunk: it holds a CR, or perhaps a line over the limit, and is not for
        the hot loop. The next LF and the next CR are both remembered, since a search that every line begins anew for
        the rarer of them would pass the same bytes each time.
        """
        size = len(chunk)
        nowhere = size + 1  # -1 % nowhere is size
        base = self.bytes - size
        self._unsaved = pos
        lf = -1
        cr = -1 if slowly else size
        while True:
            if lf < pos:
                lf = chunk.find(b"\n", pos) % nowhere
            if cr < pos:
                cr = chunk.find(b"\r", pos) % nowhere
            end = lf if lf < cr else cr  # noqa: FURB136 - min() costs a call for each line
            if end == size:
                self._suspend(chunk, pos)
                return size
            after = end + 1
            if end == cr:
                self._after_cr = after == size
                if after == lf < size:
                    after += 1
            if self._open:
                self._finish_line(chunk, pos, end, after)
            elif end > pos:
                self._whole_line(chunk, pos, end, after)
            else:
                self._end_block(frames, base + pos, base + after)
                self._unsaved = after
                if not slowly:
                    self._calm = True
                    return after
            pos = after

    def _whole_line(self, chunk: bytes, pos: int, end: int, after: int) -> None:
        """Process the line chunk[pos:end], which is not empty; the next one begins at `after`."""
        kept = self._kept + end - pos
        if kept > self._limit:
            self._drop()
        elif chunk[pos] == _COLON:
            self._beat()
            self._save(chunk, pos)
            self._unsaved = after
        else:
            self._kept = kept
            self._field(chunk, pos, end)

    def _finish_line(self, chunk: bytes, pos: int, end: int, after: int) -> None:
        """Process the line that began in an earlier chunk and ends with chunk[pos:end]; the next begins at `after`."""
        self._open = False
        self._unsaved = after
        kept = self._kept + len(self._rest) - self._line + end - pos
        if kept > self._limit:
            self._drop()
            return
        self._rest += chunk[pos:end]
        if self._rest[self._line] == _COLON:
            self._beat()
            del self._rest[self._line :]
        else:
            self._kept = kept
            self._field(self._rest, self._line, len(self._rest))
            self._rest.append(_LF)

    def _field(self, source: bytes | bytearray, start: int, end: int) -> None:
        """Process the line source[start:end] as a field (9.2.6, "process the field")."""
        # The longest known name has five bytes, so a colon after the sixth byte makes no difference.
        name, colon, _ = source[start : end if end - start < 6 else start + 6].partition(b":")
        value = start + len(name) + len(colon)
        if value < end and source[value] == _SPACE:
            value += 1
        if name == b"data":
            self._add_data(source, value, end)
        elif name == b"event":
            self._set_event(source[value:end])
        elif name == b"id":
            self._set_id(source[value:end])
        elif name == b"retry":
            self._set_retry(source[value:end])

    def _add_data(self, source: bytes | bytearray, start: int, end: int) -> None:
        if self._joined is not None:
            self._joined.append(_LF)
            self._joined += source[start:end]
        elif self._value is not None:
            self._joined = bytearray(self._value)
            self._value = None
            self._add_data(source, start, end)
        elif isinstance(source, bytes):
            self._value = memoryview(source)[start:end]
        else:
            self._value = memoryview(bytes(memoryview(source)[start:end]))

    def _set_event(self, value: bytes | bytearray) -> None:
        self._event = value.decode("utf-8", "replace")

    def _set_id(self, value: bytes | bytearray) -> None:
        if _NUL not in value:
            self._id = value.decode("utf-8", "replace")

    def _set_retry(self, value: bytes | bytearray) -> None:
        if value.isdigit():  # of bytes: ASCII digits, and at least one
            digits = value.lstrip(b"0") or b"0"
            self.retry = int(digits) if len(digits) <= _RETRY_DIGITS else 10**_RETRY_DIGITS

    def _end_block(self, frames: list[Frame], blank: int, after: int) -> None:
        """Act on the blank line from stream offset `blank` to `after` (9.2.6, "dispatch the event")."""
        if self._dropping:
            self._record(blank)
        elif self._value is not None:
            self._dispatch(self._value, frames)
        elif self._joined is not None:
            self._rest.clear()  # first, or a big frame would be in memory three times
            self._dispatch(memoryview(bytes(self._joined)), frames)
        elif self._kept:
            self._beat()
        self.last_event_id = self._id
        self._begin_block(after)

    def _dispatch(self, data: memoryview, frames: list[Frame]) -> None:
        frames.append(Frame(self._event, data, self._id, self._start, self.frames))
        self.frames += 1
        self.last_event_id = self._id

    def _suspend(self, chunk: bytes, pos: int) -> None:
        """Keep of an ended chunk what the next one needs; its last line goes on, or begins, at `pos`."""
        size = len(chunk)
        line = size - pos + (len(self._rest) - self._line if self._open else 0)
        if self._kept + line > self._limit:
            self._drop()
        else:
            self._save(chunk, size)
            self._line = len(self._rest) - line
            if self._value is not None and self._value.obj is chunk:
                self._value = memoryview(bytes(self._value))
        self._open = self._open or pos < size
        self._calm = self._start == self.bytes and self._bom is None and not self._after_cr

    def _save(self, chunk: bytes, end: int) -> None:
        """Append to _rest what is not there yet of the block's lines before chunk[end]."""
        lines = chunk[self._unsaved : end]
        if _CR in lines:
            lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._rest += lines

    def _drop(self) -> None:
        """Forget the block but for where it began, and for the ID that its lines so far have set."""
        unfinished = self._open
        self._begin_block(self._start)
        self._open = unfinished
        self._line = 0
        self._dropping = True
        self._kept = self._limit + 1  # every further line is over the limit too

    def _record(self, end: int) -> None:
        self.dropped += 1
        if len(self._records) < _RECORDS_MAX:
            self._records.append(Dropped(self._start, end - self._start, self._limit))

    def _beat(self) -> None:
        self.heartbeats += 1
        if self.frames == 0:
            self.opening_heartbeats += 1
