"""What the event-stream parser gives: frames, and blocks that are none."""

from msgspec import Struct


class Frame(Struct, frozen=True, gc=False):
    """One dispatched event of the stream (9.2.6, "dispatch the event").

    `data` pins what it views: a private copy of the data, or all of the chunk where a long line lay in it. Who keeps
    frames keeps `bytes(frame.data)`.

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
    number: int
    """Number of frames dispatched before it."""


class Tail(Struct, frozen=True):
    """A block that the end of the stream cut off. The standard discards it (9.2.6, "any pending data")."""

    offset: int
    """Byte offset in the stream of the first byte of the block."""
    size: int
    """Bytes of the block, line ends and comments included, up to the end of the stream."""
    data: bytes
    """Its lines without the finished comments, each ended by LF, and then its unfinished line. With two LF more, a new
    parser dispatches from it what the stream would have dispatched."""
