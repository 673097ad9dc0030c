"""What was asked of a replay server, and what it answered: for tests to look at, and as JSON lines in a file."""

from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
from msgspec import Struct

from streamkit.errors import ReplayError
from streamkit.recording import Exchange, Redactor, Request, Response

_KEPT: Final = 10_000
"""So many requests are remembered, the last ones; the file has all of them."""


class JournalEntry(Struct, kw_only=True):
    """One request, and what came of it. Secrets are masked."""

    number: int
    """Counted from 1."""
    at: float
    """Seconds since the server began to listen."""
    method: str
    path: str
    """With its query."""
    headers: dict[str, str]
    body: Any = None
    """Its JSON; None if there is none. Any: the client's."""
    status: int | None = None
    """None while nothing was answered."""
    recording: str | None = None
    """The name of the recording that was played."""
    turn: int = 0
    """The turn of the conversation that it answered, counted from 1; 0 if it is no turn."""
    play: int | None = None
    """The number of the play."""
    outcome: str | None = None
    """How the play ended: played, stopped, cut by a fault, or left by the client."""
    sent: int = 0
    """Bytes of the body."""
    took: float | None = None
    """Seconds."""
    unmatched: str | None = None
    """Why nothing was played, where no recording fits."""


class Journal:
    """All requests of a server."""

    def __init__(self, path: Path | None = None, on_finished: Callable[[JournalEntry], object] | None = None) -> None:
        """Begin to write.

        Args:
            path: of a file that gets one JSON line for each request; what is in it stays.
            on_finished: called with each request once it is answered.

        Raises:
            ReplayError: the file cannot be written.
        """
        self.entries: deque[JournalEntry] = deque(maxlen=_KEPT)
        self._on_finished = on_finished
        self._count = 0
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = path.open("a", encoding="utf-8")
            except OSError as error:
                raise ReplayError(f"{path}: {(error.strerror or str(error)).lower()}") from None

    def begin(self, at: float, method: str, path: str, headers: Mapping[str, str], body: object) -> JournalEntry:
        """Note a request that came."""
        self._count += 1
        asked = Exchange(Request(headers=dict(headers), body=body or None, method=method, url=path), Response())
        shown = Redactor().exchange(asked).request
        entry = JournalEntry(
            number=self._count, at=at, method=method, path=shown.url or "", headers=shown.headers, body=shown.body
        )
        self.entries.append(entry)
        return entry

    def finish(self, entry: JournalEntry) -> None:
        """Note that a request was answered."""
        if self._file is not None:
            self._file.write(msgspec.json.encode(entry).decode() + "\n")
            self._file.flush()
        if self._on_finished is not None:
            self._on_finished(entry)

    def unmatched(self) -> list[JournalEntry]:
        """Return the requests that no recording answered."""
        return [entry for entry in self.entries if entry.unmatched is not None]

    def clear(self) -> None:
        """Forget all requests; the file keeps them."""
        self.entries.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
