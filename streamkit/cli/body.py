"""One response body, read for a command: its events, and in the end whether there was anything to read."""

from collections.abc import Iterable, Sequence
from typing import Final

from streamkit.dialects.base import Malformed, Notes
from streamkit.dialects.salvage import decode_lenient
from streamkit.placed import PlacingReader
from streamkit.records import PlacedBurst, Record

BODIES: Final = (".sse", ".ndjson", ".jsonl", ".skrec", ".skrec.zst")
"""What the names of response bodies and of recordings end with; in a folder, other files are passed over."""

_HEAD: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n"
_FIELDS: Final = (b":", b"data:", b"event:", b"id:", b"retry:")
"""How the lines of an event stream begin."""


class Body:
    """A `Reader` that can say why a body was unreadable."""

    def __init__(self, dialect: str = "auto") -> None:
        self.reader = PlacingReader(dialect)
        """Reads the body."""
        self._head = b""
        self._has_object = False
        self.troubles: Notes = []
        """What was lost of the body, in order; complete once it is closed."""

    def feed(self, chunk: bytes) -> list[Record]:
        """Read the next bytes and return the events that are complete."""
        self._keep_head(chunk)
        records = self.reader.feed(chunk)
        self._note(records)
        return records

    def place(self, chunk: bytes) -> Sequence[Record | PlacedBurst]:
        """Read the next bytes as `feed` does, with deltas in bursts."""
        self._keep_head(chunk)
        found = self.reader.place(chunk)
        self._note(item for item in found if isinstance(item, Record))
        return found

    def close(self) -> list[Record]:
        """End the body and return the events that only its end completes."""
        records = self.reader.close()
        self._note(records)
        self.troubles += self.reader.troubles
        return records

    def problem(self) -> str | None:
        """Return why there was nothing to read in the whole body: no frame, and no JSON object."""
        start = self._head.removeprefix(_BOM).lstrip(_BLANK)
        if not self.reader.size:
            return "is empty"
        if start.startswith(b"{") or not self.reader.frames:
            return None if self._has_object else self._reason(start)
        return None

    def _reason(self, start: bytes) -> str:
        if start.startswith(b"{"):
            return "begins like JSON, but holds no JSON object"
        if not start:
            return "holds nothing but blanks"
        if start.startswith(b"<"):
            return "is a page of HTML or XML, not an event stream"
        if any(kind == "frame-too-large" for kind, _ in self.troubles):
            return "holds no frame that is small enough to read"
        if not start.startswith(_FIELDS):  # the standard calls any line a field, so any blank line ends a heartbeat
            return "is neither an event stream nor JSON"
        if self.reader.heartbeats:
            return f"holds heartbeats ({self.reader.heartbeats:,}), but no event"
        return "ends before its first event does"

    def _keep_head(self, chunk: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += chunk[:_HEAD]

    def _note(self, records: Iterable[Record]) -> None:
        for record in records:
            self.troubles += record.before
            if not self._has_object:
                event = record.event
                self._has_object = not isinstance(event, Malformed) or decode_lenient(event.raw, []) is not None
