"""The event-stream parser: bytes in, frames out, as WHATWG HTML 9.2.5 and 9.2.6 say.

It must never do I/O, read a clock, log, decode data that nobody asked for, or raise on what a peer sends.

Rule 1: any split of the bytes into chunks gives the same frames, heartbeats, dropped records and tail.
Rule 2: time and memory are linear for any split. A byte is read a fixed number of times, and a drip of bytes does not
        keep an object for each.
Rule 3: when `feed` returns, only frames refer to the chunk, or else the line that all of it belongs to.
Rule 4: a frame views immutable `bytes`. A view of a growing `bytearray` would stop its growth.

Theory of operation. A *line* ends in LF, CR or CRLF, a *block* in a blank line, and a *frame* is what a block with
data dispatches. What is pending of a block is its text: `_done` has the finished lines without comments, with LF for a
line end, and `_pieces` the unfinished line. All of a block is read when it ends; only comments are counted, and `retry`
is obeyed, when their line ends.

1. `feed` and `whole` know one data line and its blank line, as tokens arrive; `feed` and `cut` a piece in the middle of
   a line, which is only kept, and a ping. `feed` also knows one block with a name or an ID before its data line.
2. `_read` has C split all others into lines; CRs are taken away before, where all line ends are CRLF. Whole blocks are
   read by `_fold`, which does what the standard says, or if they are many, without a step of Python for each line: by
   `_alike` if each is one data line or a ping, and by `_table` if each has the same fields in the same order.
3. `_prepare` comes before it for what is rare: long chunks, a BOM, an LF behind a CR, a block near the limit.
   `_slowly` gives `_read` one line at a time, where line ends are of several kinds or the limit must be looked at.
   A block over it forgets everything but where it began and the last event ID.
"""

from collections.abc import Iterable
from io import BytesIO
from itertools import accumulate, chain, islice, repeat
from typing import Final

from streamkit.columns import EVENT, ID, columns_of, text_of
from streamkit.frames import Dropped, Frame, Tail

_BOM: Final = b"\xef\xbb\xbf"
_NUL: Final = 0
_LF: Final = 10
_CR: Final = 13
_SPACE: Final = 32
_COLON: Final = 58
_R: Final = 114
_SPACED: Final = b"data: "
_BARE: Final = b"data:"
_BEATS: Final = (b":", b"event:")
"""How the line of a ping begins: it is a comment, or an event without data."""
_BOUNDS: Final = {_SPACED: (b"data: ", b"data:!"), _BARE: (b"data:!", b"data;")}
"""Between which lines those stand that begin so, and with no more space: the least, and one that is greater than all."""
_LF_LF: Final = b"\n\n"
_CRLF_CRLF: Final = b"\r\n\r\n"
_RETRY_DIGITS: Final = 18  # int() refuses more than 4,300 digits; 10**18 ms are 31 million years
_RECORDS_MAX: Final = 1000

SHORT: Final = 4096
"""Bytes of a chunk that is read without preparations."""
_LONG: Final = SHORT  # from here on a copy costs more than a search: frames view the chunk
_PORTION: Final = 65536  # so much is split at once: an object for each line, but never more of them than this
_MANY: Final = 4  # from so many lines on _alike is worth its preparations
_TABLE: Final = 32  # and from so many _table
_FEW_PIECES: Final = 64  # more pieces than this are joined, if they have
_SMALL_PIECE: Final = 256  # less bytes than this on the average


Cut = tuple[bytes, list[bytes]]
"""What some data lines begin with, and these lines, each ended by LF."""


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
        prefix: How the last data line began; `data: ` before the first.
        blank: How lines last ended, with a blank line behind them: two LF before the first.
    """

    __slots__ = (
        "_after_cr",
        "_bom",
        "_bound",
        "_closed",
        "_done",
        "_dropping",
        "_head",
        "_head_id",
        "_head_name",
        "_kept",
        "_limit",
        "_line",
        "_name",
        "_named",
        "_pieces",
        "_plain",
        "_records",
        "_start",
        "_tail",
        "blank",
        "bytes",
        "dropped",
        "frames",
        "heartbeats",
        "last_event_id",
        "opening_heartbeats",
        "prefix",
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
        self.prefix = _SPACED  # the shortcuts look for this, and ...
        self.blank = _LF_LF  # ... for this
        self._named = b"\n"  # the value of the last event name, and ...
        self._name = ""  # ... its text: most are as the last, and to decode one takes longer than to read its line
        self._head = b"\n"  # the lines before the data of the last block that came alone, and what they say
        self._head_name = ""
        self._head_id: str | None = None
        self.last_event_id = ""
        self.retry: int | None = None
        self.reset()

    def reset(self) -> None:
        """Begin a new stream, as after a reconnect: all starts again but `last_event_id` and `retry`.

        The last event ID buffer starts as `last_event_id`, as it does in Chromium. The letter of 9.2.6 starts it empty,
        and the first frame without an ID of its own would forget the place in the stream.
        """
        self.frames = self.bytes = self.heartbeats = self.opening_heartbeats = self.dropped = 0
        self._bom: int | None = 0  # how many bytes of a BOM the stream began with; None once that is decided
        self._after_cr = False  # the last byte was a CR that ended a line: an LF that follows belongs to it
        self._closed = False
        self._plain = -1  # longer chunks are for _prepare: 4096, or -1 where every chunk is
        self._tail: Tail | None = None
        self._records: list[Dropped] | None = None
        self._begin_block(0)

    def _begin_block(self, start: int) -> None:
        # Of the unfinished line; empty between two lines; None where a block is to begin with the next byte, and that
        # is all there is to know: all but _kept and _done is out of date then.
        self._pieces: list[bytes] | None = []
        self._start = start  # offset of the block in the stream
        self._line = start  # that of its unfinished line
        self._bound = 0  # as many bytes of the stream may be read before _settle must look at the pieces
        self._kept = 0  # bytes of its finished field lines
        self._done: list[bytes] | None = None  # those lines, each ended by LF
        self._dropping: str | None = None  # once it is over the limit: the last event ID that its lines so far have set

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Frame]:
        """Take the next bytes of the stream and return the frames that they complete.

        Args:
            chunk: Any number of bytes. What is not `bytes` is copied, once.

        Raises:
            RuntimeError: After `close`.
        """
        if type(chunk) is not bytes:
            chunk = bytes(memoryview(chunk))
        pieces = self._pieces
        if pieces and _LF not in chunk and _CR not in chunk:
            pieces.append(chunk)
            self.bytes = size = self.bytes + len(chunk)
            if size > self._bound:
                self._settle()
            return []
        frames: list[Frame]
        if len(chunk) > self._plain:
            frames = []
            self._prepare(chunk, frames, [])
            return frames
        if pieces is None:
            # Methods of one argument cost a fifth of those that take a position. They return the same object if there
            # was nothing to remove. After `data:` a space is not data; other first bytes below it are just rare.
            rest = chunk.removeprefix(self.prefix)
            if rest is not chunk:
                data = rest.removesuffix(self.blank)
                if data is not rest and _LF not in data and _CR not in data and rest[0] > _SPACE:
                    frame = Frame("", memoryview(data), self.last_event_id, self.bytes, self.frames)
                    self.frames += 1
                    self.bytes += len(chunk)
                    return [frame]
            elif self._take_beat(chunk):
                return []
            elif (at := chunk.find(b"\ndata: ")) > 0 and (headed := self._headed(chunk, at)):
                return [headed]
        frames = []
        self._read(chunk, frames, [])
        return frames

    def cut(self, chunk: bytes | bytearray | memoryview) -> list[Cut]:
        """As `feed`, but make no frame: of each frame only the data, as bytes, ended by an LF.

        To take away that LF, and what stands before the data, would cost as much as to find the line.

        Args:
            chunk: Any number of bytes. What is not `bytes` is copied, once.

        Returns:
            Lines of frames, in order: each is what all of them begin with, the data, and the LF.

        Raises:
            RuntimeError: After `close`.
        """
        if type(chunk) is not bytes:
            chunk = bytes(memoryview(chunk))
        pieces = self._pieces
        if pieces and _LF not in chunk and _CR not in chunk:
            pieces.append(chunk)
            self.bytes = size = self.bytes + len(chunk)
            if size > self._bound:
                self._settle()
            return []
        cuts: list[Cut] = []
        if len(chunk) > self._plain:
            self._prepare(chunk, None, cuts)
        elif pieces is not None or not self._take_beat(chunk):
            self._read(chunk, None, cuts)
        return cuts

    def whole(self, chunk: bytes | bytearray | memoryview) -> bytes | None:
        """Take a chunk that is one block of one data line, as most are, and return its data.

        `cut` would take it, too, and more slowly. Where the chunk is anything else, take nothing and return None.
        """
        if self._pieces is not None or type(chunk) is not bytes or len(chunk) > self._plain:
            return None
        rest = chunk.removeprefix(self.prefix)
        data = rest.removesuffix(self.blank)
        if rest is chunk or data is rest or _LF in data or _CR in data or rest[0] <= _SPACE:
            return None
        self.frames += 1
        self.bytes += len(chunk)
        return data

    @property
    def may_skip(self) -> bool:
        """Whether whole blocks that come next, of at most `SHORT` bytes each, may be passed over: see `skip`."""
        return self._pieces is None and self._plain >= 0

    def skip(self, blocks: int, size: int) -> None:
        """Pass over blocks of `size` bytes together, which the caller has read itself; only where it may.

        Each is `prefix`, data that begins with no space and holds no line end, and `blank`. It spares those the call of
        `cut` who must look at the data anyway.
        """
        self.frames += blocks
        self.bytes += size

    def close(self) -> Tail | None:
        """End the stream and return the block that its end cut off, if any; called again, return the same.

        Finished comments alone are no tail: nothing is lost with them.
        """
        if not self._closed:
            if self._bom:
                self._not_a_bom()
            if self._dropping is not None:
                self._record(self.bytes)
            elif self._kept or self._pieces:
                lines = b"".join((*(self._done or ()), *(self._pieces or ())))
                self._tail = Tail(self._start, self.bytes - self._start, lines)
            self._begin_block(self.bytes)
            self._closed = True
            self._plain = -1
        return self._tail

    def take_dropped(self) -> list[Dropped]:
        """Return the records of the blocks dropped since the last call, at most 1,000; `dropped` counts them all."""
        records = self._records
        self._records = None
        return records or []

    def _take_beat(self, chunk: bytes) -> bool:
        """Take one block of one line that is a comment or names an event: it dispatches nothing."""
        line = chunk.removesuffix(self.blank)
        if line is chunk or not line.startswith(_BEATS) or _LF in line or _CR in line:
            return False
        self.bytes += len(chunk)
        self._beat()
        return True

    def _headed(self, chunk: bytes, end: int) -> Frame | None:
        """Take one block that has, before its data line, a name or an ID or both; take nothing if it has anything else.

        `end` is where that head ends. Most heads are as the last was, or the name in them is.
        """
        head = chunk[:end]
        rest = chunk[end + len(b"\ndata: ") :]
        data = rest.removesuffix(self.blank)
        if data is rest or _LF in data or _CR in chunk:
            return None
        if head != self._head:
            event = b"\n"
            new_id: bytes | None = None
            for line in (head + b"\n").splitlines(keepends=True):
                if line.startswith(EVENT):
                    event = line[len(EVENT) :]
                elif line.startswith(ID) and _NUL not in line:
                    new_id = line[len(ID) :]
                else:
                    return None
            if event != self._named:
                self._named = event
                self._name = text_of(event)
            self._head = head
            self._head_name = self._name
            self._head_id = None if new_id is None else text_of(new_id)
        if self._head_id is not None:
            self.last_event_id = self._head_id
        frame = Frame(self._head_name, memoryview(data), self.last_event_id, self.bytes, self.frames)
        self.frames += 1
        self.bytes += len(chunk)
        return frame

    # Many lines at a time.

    def _read(self, chunk: bytes, frames: list[Frame] | None, cuts: list[Cut]) -> None:
        """Read a chunk, and put what it dispatches into `frames`, or if that is None into `cuts`."""
        if not chunk:
            return
        text = _with_lf(chunk) if _CR in chunk else chunk
        if not text:
            self._slowly(chunk, frames, cuts)
            return
        extra = 0 if text is chunk else 1  # bytes of a line end in the stream beside its LF
        blank = _CRLF_CRLF if extra else _LF_LF
        if blank is not self.blank:
            self.blank = blank
        lines = BytesIO(text).readlines()  # memchr; split() looks at each byte, and takes six times as long
        rest = b"" if text[-1] == _LF else lines.pop()
        at = self.bytes  # where the first line begins
        self.bytes = at + len(chunk)
        pieces = self._pieces
        self._start = at if pieces is None else self._start
        if pieces:
            if not lines:
                pieces.append(rest)
                return
            at = self._line
            pieces.append(lines[0])
            lines[0] = b"".join(pieces)
            pieces.clear()  # or a long line would be in memory three times
        self._line = self.bytes - len(rest)
        begun: list[bytes] = []  # the lines of the last block, which has no blank line yet
        while lines and lines[-1] != b"\n":
            begun.append(lines.pop())
        if lines:
            if len(lines) < _MANY or not (
                self._alike(lines, at, extra, frames, cuts) or self._table(lines, at, extra, frames, cuts)
            ):
                self._fold(lines, at, extra, frames, cuts)
            self._start = self._line
        self._pieces = [rest] if rest else ([] if begun else None)
        if begun:
            begun.reverse()
            self._keep(begun, extra, first=bool(lines))

    def _alike(self, lines: list[bytes], at: int, extra: int, frames: list[Frame] | None, cuts: list[Cut]) -> bool:
        """Dispatch lines if each is data, or a ping, and has a blank line behind it; tell whether that is so.

        That all data begin alike shows in the least and the greatest of the lines.
        """
        if self._start != at or lines[1] != b"\n":  # a line of the first block was before, or it has more lines
            return False
        if len(lines[0]) > _PORTION:  # put together of many chunks: `_fold` does not copy it again
            return False
        firsts = lines[::2]
        if lines[1::2].count(b"\n") != len(firsts):
            return False
        prefix = self.prefix
        low, high = _BOUNDS[prefix]
        datas = firsts
        if min(firsts) < low or max(firsts) >= high:
            datas = [line for line in firsts if low <= line < high]
            beats = [line for line in firsts if line.startswith(_BEATS)]
            if not datas or len(datas) + len(beats) != len(firsts):
                return False
            self.heartbeats += len(beats)
            if not self.frames:
                self.opening_heartbeats += firsts.index(datas[0])
        if frames is None:
            cuts.append((prefix, datas))
        else:
            start = self._start
            number = self.frames
            id_ = self.last_event_id
            around = 1 + 2 * extra
            for line in firsts:
                rest = line.removeprefix(prefix)
                if rest is not line:
                    frames.append(Frame("", memoryview(rest.removesuffix(b"\n")), id_, start, number))
                    number += 1
                start += len(line) + around
        self.frames += len(datas)
        return True

    def _table(self, lines: list[bytes], at: int, extra: int, frames: list[Frame] | None, cuts: list[Cut]) -> bool:
        """As `_alike`, where an event name, an ID or both stand beside the data of each block, at the same places."""
        if self._kept > _LONG or len(lines) < _TABLE:
            return False
        if self._kept:  # nearly all chunks begin within a block
            kept = BytesIO(b"".join(self._done or ())).readlines()
            at -= sum(map(len, kept)) + extra * len(kept)
            lines = kept + lines
        found = columns_of(lines) if self._start == at else None  # a comment is not kept
        if found is None:
            return False
        count = len(found.datas)
        ids = found.ids or [self.last_event_id] * count
        if frames is None:
            cuts.append((b"", found.datas))
        else:
            sizes = map(len, lines)
            starts = accumulate(map(extra.__add__, sizes) if extra else sizes, initial=self._start)
            number = self.frames
            rows = zip(found.names or repeat(""), found.datas, ids, islice(starts, 0, None, found.width), strict=False)
            for name, data, id_, start in rows:
                frames.append(Frame(name, memoryview(data.removesuffix(b"\n")), id_, start, number))
                number += 1
        self.frames += count
        self.last_event_id = ids[-1]
        self.prefix = _SPACED if found.spaced else _BARE
        self._kept = 0
        self._done = None
        return True

    def _fold(  # noqa: C901, PLR0912, PLR0915 - one flat loop: a call costs a tenth of what a frame costs
        self, lines: Iterable[bytes], at: int, extra: int, frames: list[Frame] | None, cuts: list[Cut]
    ) -> None:
        """Process what was kept and the lines of whole blocks (9.2.6), each longer in the stream by `extra` bytes.

        `at` is the offset of the first line.
        """
        if self._kept:
            text = b"".join(self._done or ())
            self._done = None  # first, or a big block would be in memory three times
            self._kept = 0
            at -= len(text) + (text.count(b"\n") if extra else 0)
            lines = chain(BytesIO(text), lines)
        start = self._start
        number = self.frames
        prefix = self.prefix
        id_ = self.last_event_id
        event = b"\n"
        new_id: bytes | None = None
        data: bytes | memoryview | None = None  # of the first data line
        joined: BytesIO | None = None  # of all data lines, if there are more
        fields = False  # there is a line that is neither data nor a comment
        datas: list[bytes] = []  # of frames that are cut
        for line in lines:
            size = len(line)
            at += size + extra
            if size == 1:  # a blank line (9.2.6, "dispatch the event")
                if data is not None:
                    if frames is None:
                        datas.append(bytes(data) if joined is None else joined.getvalue())
                    else:
                        if joined is not None:
                            joined.truncate(joined.tell() - 1)
                            data = joined.getvalue()  # no copy
                        elif isinstance(data, bytes):
                            data = data.removesuffix(b"\n")
                        else:
                            data = data[:-1]
                        if new_id is not None:
                            id_ = text_of(new_id)
                            new_id = None
                        if event != self._named:
                            self._named = event
                            self._name = text_of(event)
                        frames.append(Frame(self._name, memoryview(data), id_, start, number))
                    number += 1
                    data = joined = None
                elif fields:
                    self.heartbeats += 1
                    if not number:
                        self.opening_heartbeats += 1
                fields = False
                event = b"\n"
                start = at
                continue
            value: bytes | memoryview
            if size > _LONG and line.startswith(prefix) and line[len(prefix)] > _SPACE:  # as below, but not copied
                value = memoryview(line)[len(prefix) :]
            elif (value := line.removeprefix(b"data: ")) is not line:
                prefix = _SPACED
            elif line[0] == _COLON:
                self.heartbeats += 1
                if not number:
                    self.opening_heartbeats += 1
                continue
            elif (value := line.removeprefix(b"event:")) is not line:
                fields = True
                event = value
                continue
            else:  # 9.2.6, "process the field"
                name, colon, value = line.partition(b":")
                if not colon:
                    name = name[:-1]
                    value = b"\n"
                if name != b"data":
                    fields = True
                    if name == b"event":
                        event = value
                    elif name == b"id":
                        new_id = new_id if _NUL in value else value
                    elif name == b"retry":
                        self._set_retry(line)
                    continue
                if colon:  # and no space behind it
                    prefix = _BARE
            if joined is not None:
                joined.write(value)
            elif data is None:
                data = value
            else:
                joined = BytesIO()
                joined.write(data)
                joined.write(value)
        if datas:
            cuts.append((b"", datas))
        self.frames = number
        self.last_event_id = id_ if new_id is None else text_of(new_id)
        if prefix is not self.prefix:
            self.prefix = prefix

    def _keep(self, lines: list[bytes], extra: int, *, first: bool) -> None:
        """Keep the finished lines of a block that goes on; with `first` it begins with them."""
        text = bytearray()  # b"".join() would take 80 bytes more for each line
        fields = comments = 0
        for line in lines:
            letter = line[0]
            if letter == _COLON:
                self._beat()
                comments += len(line)
            else:
                text += line
                fields += 1
                if letter == _R:
                    self._set_retry(line)
        if first:
            self._start -= len(text) + comments + extra * len(lines)
        if fields:
            self._kept += len(text) - fields
            self._done = _appended(self._done, bytes(text), self._kept)
        if self._kept + 3 * _PORTION > self._limit:  # a line of two portions may be pending before _settle looks at it
            self._settle()

    def _set_retry(self, line: bytes) -> None:
        name, _, value = line.removesuffix(b"\n").partition(b":")
        digits = value.removeprefix(b" ")
        if name == b"retry" and digits.isdigit():  # of bytes: ASCII digits, and at least one
            digits = digits.lstrip(b"0") or b"0"
            self.retry = int(digits) if len(digits) <= _RETRY_DIGITS else 10**_RETRY_DIGITS

    def _beat(self) -> None:
        self.heartbeats += 1
        if self.frames == 0:
            self.opening_heartbeats += 1

    # What is rare.

    def _prepare(self, chunk: bytes, frames: list[Frame] | None, cuts: list[Cut]) -> None:
        """Read a chunk that is long, or finds the parser in a state that `_read` knows nothing of."""
        if self._closed:
            raise RuntimeError("feed() or cut() after close(): another stream needs another parser or tap")
        if self._bom is not None:
            chunk = self._skip_bom(chunk, self._bom)
        if self._pieces is None:
            chunk = chunk[self._long_frames(chunk, frames, cuts) :]
            self._start = self._line = self.bytes
        for pos in range(0, len(chunk), _PORTION):
            portion = chunk[pos : pos + _PORTION]
            if self._after_cr:
                portion = self._skip_lf(portion)
            if self._dropping is not None or self._kept + self.bytes - self._line + len(portion) > self._limit:
                self._slowly(portion, frames, cuts)
            else:
                self._read(portion, frames, cuts)
        self._settle()

    def _slowly(self, chunk: bytes, frames: list[Frame] | None, cuts: list[Cut]) -> None:
        """Read line by line a chunk of several line ends, or with a block that may be over the limit."""
        for line in chunk.splitlines(keepends=True):
            text = line.rstrip(b"\r\n")
            if self._dropping is None and self._kept + self.bytes - self._line + len(text) > self._limit:
                self._drop()
            if self._dropping is not None:
                self._pass(line, text)
            elif line[-1] == _CR:
                self._read(text + b"\n", frames, cuts)
            else:
                self._read(line, frames, cuts)
        self._after_cr = chunk.endswith(b"\r")
        self._settle()

    def _settle(self) -> None:
        """Look at what is pending: say how the next chunk is to be read, and drop or join what became too much."""
        if self._pieces is None:
            self._start = self._line = self.bytes
        odd = self._bom is not None or self._after_cr or self._dropping is not None
        room = self._limit - self._kept - self.bytes + self._line
        if room < 0 and not odd:
            self._drop()
            odd = True
        self._plain = -1 if odd or room < 2 * _PORTION else _LONG
        pieces = self._pieces
        if pieces:
            self._bound = self.bytes + min(room, _SMALL_PIECE * len(pieces[-1]), _PORTION)
            if len(pieces) > _FEW_PIECES and self.bytes - self._line < _SMALL_PIECE * len(pieces):
                pieces[:] = [b"".join(pieces)]
        elif self._start == self.bytes:
            self._pieces = [] if odd else None

    def _skip_lf(self, chunk: bytes) -> bytes:
        """Skip an LF that belongs to the CR before it."""
        self._after_cr = False
        if chunk[:1] != b"\n":
            return chunk
        if self._start == self.bytes:  # the CR was a blank line, and the LF is part of it
            self._start += 1
        self.bytes += 1
        self._line = self.bytes
        return chunk[1:]

    def _long_frames(self, chunk: bytes, frames: list[Frame] | None, cuts: list[Cut]) -> int:
        """Dispatch the data lines that the chunk begins with, as long as they are long; return where they end.

        They are searched and not split: a frame views the chunk, and no byte is copied.
        """
        prefix = self.prefix
        pos = 0
        while True:
            end = chunk.find(b"\n", pos)
            at = pos + len(prefix)
            if (
                not _LONG < end - pos <= self._limit
                or chunk[end + 1 : end + 2] != b"\n"
                or not chunk.startswith(prefix, pos)
                or chunk[at] <= _SPACE
                or chunk.find(b"\r", pos, end) >= 0
            ):
                return pos
            if frames is None:
                cuts.append((prefix, [chunk[pos : end + 1]]))
            else:
                frames.append(Frame("", memoryview(chunk)[at:end], self.last_event_id, self.bytes, self.frames))
            self.frames += 1
            self.bytes += end + 2 - pos
            pos = end + 2

    def _skip_bom(self, chunk: bytes, seen: int) -> bytes:
        wanted = _BOM[seen : seen + len(chunk)]
        if not chunk.startswith(wanted):
            self._not_a_bom()
            return chunk
        self.bytes += len(wanted)
        self._bom = seen + len(wanted)
        if self._bom == len(_BOM):
            self._bom = None
            self._start = self._line = len(_BOM)
        return chunk[len(wanted) :]

    def _not_a_bom(self) -> None:
        """Make what looked like a BOM the beginning of the first line."""
        if self._bom:
            self._pieces = [_BOM[: self._bom]]
        self._bom = None
        self._settle()

    # Over the limit.

    def _drop(self) -> None:
        """Forget the block but for where it began, and for the ID that its lines so far have set."""
        before = self.last_event_id
        line = self._line
        self._fold((), 0, 0, [], [])
        self._begin_block(self._start)
        self._line = line
        self._dropping = self.last_event_id
        self.last_event_id = before

    def _pass(self, line: bytes, text: bytes) -> None:
        """Pass over a line, or a piece of it, of a block over the limit; `text` is it without its end."""
        if not text and self._line == self.bytes:
            self._record(self.bytes)
            self.last_event_id = self._dropping or ""
            self._begin_block(self.bytes + len(line))
        self.bytes += len(line)
        if len(text) < len(line):
            self._line = self.bytes

    def _record(self, end: int) -> None:
        self.dropped += 1
        if self._records is None:
            self._records = []
        if len(self._records) < _RECORDS_MAX:
            self._records.append(Dropped(self._start, end - self._start, self._limit, self.frames))


def _with_lf(text: bytes) -> bytes:
    """The text with LF for CRLF, or nothing if it has other line ends too."""
    # To replace CRLF by LF takes 25 times as long, since only single bytes are searched with memchr.
    lf = text.replace(b"\r", b"")
    return lf if lf.replace(b"\n", b"\r\n") == text else b""


def _appended(pieces: list[bytes] | None, piece: bytes, size: int) -> list[bytes]:
    """Return the pieces, of `size` bytes together, with one more.

    Small pieces are joined into one: they need more memory for themselves than for what is in them. A byte is copied 256
    times at most by this, however small the chunks are.
    """
    if pieces is None:
        return [piece]
    pieces.append(piece)
    if len(pieces) > _FEW_PIECES and size < _SMALL_PIECE * len(pieces):
        return [b"".join(pieces)]
    return pieces
