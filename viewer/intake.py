"""What a source reads, on its way into a stream, in slices of a few milliseconds: the screen beside it stays alive."""

from typing import TYPE_CHECKING, Final

from anyio import lowlevel

from viewer.spool import reason
from viewer.stream import Stream

if TYPE_CHECKING:
    from streamkit.recording import Recorder
    from viewer.packed import Packed

_SLICE: Final = 16 * 1024
"""Bytes that are folded in one go: one or two milliseconds, unless a frame is larger."""
_A_FEED: Final = 128
"""So many bytes does a feed count for, however little it brings."""
_PACKED: Final = (b"", b"{", b"(")
"""How what may be a recording begins, or compressed. No event stream does."""
_BLANK: Final = b" \t\r\n"


class Intake:
    """Feeds a stream with what is read: a body, or a recording."""

    def __init__(self, stream: Stream, *, recorder: "Recorder | None" = None) -> None:
        """Begin.

        Args:
            stream: is fed, and closed in the end.
            recorder: writes down what comes, as long as the disk lets it.
        """
        self.stream = stream
        self.is_ended = False
        """Whether nothing more is taken."""
        self.last: float | None = None
        """When the last bytes of a recording came, in seconds since it began; None of a body alone."""
        self._recorder = recorder
        self._packed: Packed | None = None
        self._is_empty = True
        self._since_others = 0

    async def take(self, data: bytes) -> None:
        """Take the next bytes that were read."""
        if self.is_ended:
            return
        if self._is_empty and data.lstrip(_BLANK)[:1] in _PACKED:
            from viewer.packed import Packed  # it takes 13 ms to import, of the first frame

            self._packed = Packed(self)
        self._is_empty = False
        if self._packed is not None:
            await self._packed.take(data)
        else:
            await self.feed(data)

    async def feed(self, data: bytes, at: float | None = None) -> None:
        """Feed bytes of the body, and let others work now and then.

        Args:
            data: cut anywhere.
            at: when they came, in seconds since the first ones, if that is told.
        """
        for start in range(0, len(data), _SLICE):
            piece = data[start : start + _SLICE]
            self.feed_at_once(piece, at)
            self._since_others += max(len(piece), _A_FEED)
            if self._since_others >= _SLICE or at is None:
                self._since_others = 0
                await lowlevel.checkpoint()

    def feed_at_once(self, data: bytes, at: float | None) -> None:
        """Feed a few bytes of the body, as `feed`."""
        self.last = at
        if self._recorder is not None:
            self._record(data, at)
        self.stream.feed(data, at)

    def close(self) -> None:
        """End the stream: nothing more is read. Twice does nothing more."""
        if self._packed is not None and not self.is_ended:
            self._packed.close()
        self.end(self.last)

    def end(self, at: float | None, problem: str | None = None) -> None:
        """End the stream, and take nothing more.

        Args:
            at: when, in seconds since the first bytes, if that is told.
            problem: why not all of it could be read.
        """
        self.is_ended = True
        self.stream.close(at)
        if problem is not None:
            self.stream.watched.problem = problem

    def problem(self) -> str | None:
        """Return why nothing could be read so far; None if something could, or may be."""
        return None if self._packed is not None and not self._packed.is_told else self.stream.problem()

    def _record(self, data: bytes, at: float | None) -> None:
        assert self._recorder is not None  # noqa: S101 - for the type checker
        try:
            self._recorder.write(data, at)
        except OSError as error:
            self._recorder = None
            self.stream.watched.problem = f"not recorded any more: {reason(error)}"
