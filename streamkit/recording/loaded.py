"""A recording in memory: loaded, looked at by time, saved."""

import os
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Self

from streamkit.recording.format import Chunk, End, Entry, Exchange, Header, Marker
from streamkit.recording.reading import open_recording
from streamkit.recording.recorder import Recorder
from streamkit.recording.redact import Redactor, redactor_for


@dataclass(slots=True)
class Recording:
    """One body with what is known of it. A body alone, as `curl` saves it, is a recording without times."""

    chunks: list[Chunk]
    """The body, as it was read."""
    header: Header | None = None
    """What was recorded; None of a body alone."""
    exchanges: list[Exchange] = field(default_factory=list)
    """Other exchanges of the same session."""
    markers: list[Marker] = field(default_factory=list)
    """Remarks on moments."""
    end: End | None = None
    """How the body ended, where that was recorded."""
    unknown: int = 0
    """Entries that were passed over, as their code is unknown."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a recording.

        Args:
            path: a raw body (`.sse`, `.ndjson`, `.json`), a `.skrec` or a `.skrec.zst`, whatever its name.

        Raises:
            OSError: it cannot be read.
            RecordingError: it is damaged, of another version, or needs an extra.
        """
        found = cls([])
        with open_recording(path) as reader:
            for entry in reader.entries():
                match entry:
                    case Chunk():
                        found.chunks.append(entry)
                    case Exchange():
                        found.exchanges.append(entry)
                    case Marker():
                        found.markers.append(entry)
                    case End():
                        found.end = entry
            found.header, found.unknown = reader.header, reader.unknown
        return found

    @property
    def is_timed(self) -> bool:
        """Whether it is known when the chunks came; else they all stand at 0."""
        return self.header is not None and self.header.is_timed

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing at the end, as far as one can know: a recording that was cut off has no end."""
        return self.header is None or self.end is not None

    @property
    def body(self) -> bytes:
        """All bytes of the body."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def duration(self) -> float:
        """Seconds from the start to the last thing that is recorded."""
        return max((entry.at for entry in (*self.chunks[-1:], *([self.end] if self.end else ()))), default=0.0)

    def index_at(self, seconds: float) -> int:
        """Return how many chunks had come after so many seconds: the index of the next one."""
        return bisect_right(self.chunks, seconds, key=attrgetter("at"))

    def at(self, seconds: float) -> bytes:
        """Return as much of the body as had come after so many seconds."""
        return b"".join(chunk.data for chunk in self.chunks[: self.index_at(seconds)])

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        redact: bool | Redactor | None = True,
        secrets: Iterable[str] = (),
        overwrite: bool = False,
    ) -> None:
        """Write it, for its owner alone.

        Args:
            path: of the file; compressed if its name ends with `.zst`.
            redact: whether to mask secrets, wherever in the recording they were found, or a redactor of yours.
            secrets: values that must not be in the file, however they are spelt.
            overwrite: whether a file that is there may be replaced.

        Raises:
            FileExistsError: the file is there.
            OSError: it cannot be written.
            RecordingError: a `.zst` needs an extra.
            ValueError: there are secrets, and nothing masks them.
        """
        redactor = redactor_for(redact, secrets)
        header = self.header or Header(is_timed=False)
        if redactor is not None:
            redactor.learn(header, self.entries())
        recorder = Recorder(path, header, redact=redactor or False, overwrite=overwrite, live=False)
        try:
            for entry in self.entries():
                recorder.append(entry)
        finally:
            recorder.break_off()

    def entries(self) -> list[Entry]:
        """Return everything in the order of time; the end is last. A body alone ended where its file did."""
        entries: list[Entry] = sorted([*self.chunks, *self.exchanges, *self.markers], key=attrgetter("at"))
        end = self.end if self.header is not None else self.end or End("eof", None, self.duration)
        return [*entries, end] if end is not None else entries
