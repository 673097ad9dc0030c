"""Entries on their way through a redactor: they come out in order, chunks as long and at the times as they went in."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streamkit.recording.format import Chunk, End, Entry, Exchange, Marker
from streamkit.recording.redact import Redactor


def masked(entries: Iterable[Entry], redactor: Redactor) -> Iterator[Entry]:
    """Yield entries without their secrets.

    Args:
        entries: of one recording, in order.
        redactor: knows the secrets, or learns them from what passes.
    """
    masking = Masking(redactor)
    for entry in entries:
        yield from masking.add(entry)
    yield from masking.close()


class Masking:
    """Masks entries as they come. A chunk waits until the line has ended that it ends in, and others wait behind it."""

    def __init__(self, redactor: Redactor) -> None:
        """Prepare to mask one recording.

        Args:
            redactor: masks nothing else in the meantime.
        """
        self._redactor = redactor
        self._waiting: deque[Marker | Exchange | End | _Cut] = deque()
        self._bytes = bytearray()
        """Bytes of the chunks that wait, as far as they are masked."""

    def add(self, entry: Entry) -> Iterator[Entry]:
        """Take an entry; yield those that are done. With the end, all are."""
        redactor = self._redactor
        match entry:
            case Chunk(at, data):
                self._waiting.append(_Cut(at, len(data)))
                self._bytes += redactor.feed(data)
            case Marker(at, text):
                self._waiting.append(Marker(at, redactor.text(text)))
            case Exchange():
                self._waiting.append(redactor.exchange(entry))
            case End(reason, error, at):
                self._bytes += redactor.close()
                self._waiting.append(End(reason, None if error is None else redactor.text(error), at))
        return self._done()

    def close(self) -> Iterator[Entry]:
        """Nothing more comes: yield what waits."""
        self._bytes += self._redactor.close()
        return self._done()

    def _done(self) -> Iterator[Entry]:
        """Yield the entries whose bytes are all masked."""
        while self._waiting:
            entry = self._waiting[0]
            if isinstance(entry, _Cut):
                if len(self._bytes) < entry.size:
                    return
                yield Chunk(entry.at, bytes(self._bytes[: entry.size]))
                del self._bytes[: entry.size]
            else:
                yield entry
            self._waiting.popleft()


class _Cut(NamedTuple):
    """A chunk whose bytes are being masked; they stay as many."""

    at: float
    size: int
