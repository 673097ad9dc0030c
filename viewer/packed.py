"""What may be a recording, or compressed, taken apart on its way into a stream: a recording has times of its own.

Rule: nothing here raises on what was read. A recording that is damaged is a run up to there, and says why.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from streamkit.errors import RecordingError
from streamkit.recording.format import Chunk, End, Entry, Header, Marker
from streamkit.recording.unpacking import Unpacker
from viewer.spool import BodySpool

if TYPE_CHECKING:
    from viewer.intake import Intake


class Packed:
    """Passes the chunks of a recording on at their times, and its remarks."""

    def __init__(self, intake: "Intake") -> None:
        """Begin.

        Args:
            intake: takes what comes out.
        """
        self._intake = intake
        self._unpacker = Unpacker(intake.stream.name)
        self._is_begun = False

    @property
    def is_told(self) -> bool:
        """Whether it is clear whether this is a recording."""
        return self._unpacker.is_told

    async def take(self, data: bytes) -> None:
        """Take the next bytes."""
        try:
            for entry in self._unpacker.feed(data):
                if isinstance(entry, Chunk):
                    await self._intake.feed(entry.data, self._time(entry))
                else:
                    self._note(entry)
        except RecordingError as error:
            self._fail(error)

    def close(self) -> None:
        """Pass on what only the end completes."""
        try:
            for entry in self._unpacker.close():
                if isinstance(entry, Chunk):
                    self._intake.feed_at_once(entry.data, self._time(entry))
                else:
                    self._note(entry)
        except RecordingError as error:
            self._fail(error)

    def _time(self, entry: Entry) -> float | None:
        """Return when an entry came; None where that is not known."""
        if not self._is_begun:
            self._begin()
        return entry.at if self._unpacker.is_timed else None

    def _begin(self) -> None:
        """Say, before the first bytes, what they are."""
        self._is_begun = True
        header, stream = self._unpacker.header, self._intake.stream
        if isinstance(stream.spool, BodySpool) and (header is not None or self._unpacker.is_compressed):
            stream.spool.unpack()
        if header is not None and header.is_timed:
            stream.begin_recorded(_epoch(header))

    def _note(self, entry: Entry) -> None:
        """Take what is none of the body's bytes; other exchanges of the session are no part of the run."""
        at, stream = self._time(entry), self._intake.stream
        if isinstance(entry, Marker):
            stream.remark(entry.at, entry.text)
        elif isinstance(entry, End):
            if entry.reason != "eof":
                stream.remark(entry.at, ": ".join(filter(None, (f"recording ended: {entry.reason}", entry.error))))
            self._intake.end(at)

    def _fail(self, error: RecordingError) -> None:
        self._intake.end(self._intake.last, error.problem)


def _epoch(header: Header) -> float | None:
    """Return when a recording began, in epoch seconds."""
    try:
        return datetime.fromisoformat(header.created or "").timestamp()
    except (ValueError, OverflowError):
        return None
