"""The first bytes of a body, held until they say which run they are of: it may be one that waits."""

from typing import Final

from streamkit.dialects.base import Event
from streamkit.gateway.store import Key
from streamkit.reader import Reader

_EVENTS: Final = 16
"""So many events may pass that do not name their run."""
_BYTES: Final = 256 * 1024
"""So many bytes are held at most."""


class Opening:
    """Reads the beginning of a body ahead of its tap."""

    def __init__(self, dialect: str) -> None:
        """Prepare to read.

        Args:
            dialect: a dialect, or "auto".
        """
        self.held: list[tuple[bytes, float]] = []
        """The chunks so far, and when they came."""
        self._reader = Reader(dialect)
        self._size = 0
        self._events = 0

    def feed(self, chunk: bytes, at: float) -> list[Key] | None:
        """Take the next bytes.

        Args:
            chunk: cut anywhere.
            at: when they came.

        Returns:
            What the run is called; None while that is open. Empty if the body does not say it soon.
        """
        self.held.append((chunk, at))
        self._size += len(chunk)
        for record in self._reader.feed(chunk):
            keys = self._keys(record.event)
            if keys:
                return keys
            self._events += not record.event.is_heartbeat
        return [] if self._events >= _EVENTS or self._size >= _BYTES else None

    def _keys(self, event: Event) -> list[Key]:
        dialect = self._reader.dialect
        if dialect is None or event.is_heartbeat:
            return []
        return [(dialect.name, key) for key in dialect.run_keys(event)]
