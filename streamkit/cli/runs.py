"""Bodies, parted and joined into runs.

A run that paused and was resumed comes in several bodies, and one body may hold several runs (a log of a proxy, files
that were joined). The law: a body of one run gives what `Tap.feed` gives, whatever the chunks; a body of several runs
gives for each of them what a body of its own gives, but for bytes and heartbeats, which cannot be parted exactly.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from streamkit.cli.body import Body
from streamkit.cli.sources import Piece, Unreadable, name_of, pieces
from streamkit.dialects.base import Event
from streamkit.fold import Fold
from streamkit.reader import Reader
from streamkit.records import Record
from streamkit.run import Run
from streamkit.run.retention import EVERYTHING, Retention

OnUnreadable = Callable[[str, str], None]
"""Is told a source that cannot be read, and why."""


def read_runs(sources: Sequence[str], dialect: str = "auto", *, on_unreadable: OnUnreadable | None = None) -> list[Run]:
    """Read the runs in some sources, in the order in which they are first seen.

    Args:
        sources: paths of files, or "-".
        dialect: a dialect, or "auto" to detect it for each source.
        on_unreadable: told the source and the reason for each that cannot be read; by default they are passed over.
    """
    runs = Runs(dialect)
    runs.read_each(sources, on_unreadable or (lambda source, why: None))
    return [found.run for found in runs.found]


class Found(NamedTuple):
    """A run, and what the bodies are called that it was found in."""

    run: Run
    names: list[str]
    began: list[float | None]
    """When the recordings of these bodies began, in epoch seconds."""


class Runs:
    """Collects the runs of bodies that are read one after another."""

    def __init__(self, dialect: str = "auto", *, retention: Retention = EVERYTHING) -> None:
        self.found: list[Found] = []
        """In the order in which they were first seen."""
        self._dialect = dialect
        self._retention = retention
        self._by_key: dict[tuple[str, str], Found] = {}

    def read_each(self, sources: Iterable[str], on_unreadable: OnUnreadable) -> None:
        """Read files, or standard input as "-"; one that cannot be read does not keep the others from being read."""
        for source in sources:
            try:
                self.read(source)
            except Unreadable as error:
                on_unreadable(source, str(error))

    def read(self, source: str) -> None:
        """Read a file, or standard input as "-".

        Raises:
            Unreadable: it cannot be read, or it holds neither a frame nor a JSON object.
        """
        self.read_pieces(name_of(source), pieces(source))

    def read_body(self, name: str, chunks: Iterable[bytes]) -> None:
        """Read one body of which nobody knows when it came.

        Args:
            name: what it is called.
            chunks: its bytes, cut anywhere.

        Raises:
            Unreadable: it holds neither a frame nor a JSON object, or `chunks` raised it.
        """
        self.read_pieces(name, map(Piece, chunks))

    def read_pieces(self, name: str, pieces: Iterable[Piece]) -> None:
        """Read one body.

        Args:
            name: what it is called.
            pieces: its bytes, cut anywhere, with their times.

        Raises:
            Unreadable: it holds neither a frame nor a JSON object, or `pieces` raised it.
        """
        body = Body(self._dialect)
        parting = _Parting(self, name, body.reader)
        piece = Piece(b"")
        try:
            for piece in pieces:
                parting.take(body.feed(piece.data), piece)
        except Unreadable:  # in the middle: what came before counts
            parting.take(body.close(), piece)
            parting.close()
            raise
        parting.take(body.close(), piece)
        problem = body.problem()
        if problem is not None:
            raise Unreadable(problem)
        parting.close()

    def find(self, dialect: str, key: str) -> Found | None:
        """Return the run that is called so in its dialect."""
        return self._by_key.get((dialect, key))

    def begin(self, dialect: str) -> Found:
        """Begin a run."""
        found = Found(Run(dialect, retention=self._retention), [], [])
        self.found.append(found)
        return found

    def learn(self, found: Found, keys: Sequence[str]) -> None:
        """Remember what a run is called: the keys of an event of it, and its own ids."""
        run = found.run
        for name in (*keys, run.id, run.message_id):
            if name is not None:
                self._by_key.setdefault((run.dialect, name), found)


class _Part(NamedTuple):
    """One run while one body is read."""

    found: Found
    fold: Fold
    offset: float
    """Seconds from the start of the run's first body to that of this one."""

    @property
    def run(self) -> Run:
        """The run."""
        return self.found.run

    def time(self, at: float | None) -> float | None:
        """Return a time of the body on the clock of the run."""
        return None if at is None else at + self.offset


class _Parting:
    """Parts one body into its runs."""

    def __init__(self, runs: Runs, name: str, whole: Reader) -> None:
        self._runs = runs
        self._name = name
        self._whole = whole
        self._parts: dict[int, _Part] = {}  # by the id of the run, which lives as long
        self._current: _Part | None = None
        self._held: list[tuple[Record, float | None]] = []
        """Events before the first one that says of which run it is, and when they came."""
        self._counted = 0
        """So many bytes of the body are counted."""
        self._at: float | None = None
        """When the last bytes came, in seconds since the start of the body."""
        self._began: float | None = None
        self._heartbeats = 0
        self._heartbeat_at: float | None = None

    def take(self, records: list[Record], piece: Piece) -> None:
        """Take what the body's reader gave for some bytes."""
        self._at, self._began = piece.at, piece.began
        if self._whole.heartbeats != self._heartbeats:
            self._heartbeats, self._heartbeat_at = self._whole.heartbeats, piece.at
        for record in records:
            part = self._part_of(record.event)
            if part is None:
                self._held.append((record, piece.at))
            else:
                self._turn_to(part, record.offset)
                self._fold(part, record, piece.at)

    def close(self) -> None:
        """End the body."""
        if self._held:  # nothing in it says of which run it is
            self._turn_to(self._begin(), 0)
        current = self._current
        if current is None:
            return
        current.fold.count(bytes=self._whole.size - self._counted)
        first = next(iter(self._parts.values()))  # heartbeats do not say where they stood: the first run has them all
        first.fold.count(heartbeats=self._whole.heartbeats, at=first.time(self._heartbeat_at))
        current.fold.close(current.time(self._at))
        for part in self._parts.values():
            if part is not current:
                part.fold.close(part.time(self._at))

    # ---- which run

    def _part_of(self, event: Event) -> _Part | None:
        """Return the run that an event is of; None while that is open."""
        dialect = self._whole.dialect
        keys = dialect.run_keys(event) if dialect and not event.is_heartbeat else ()
        current = self._current
        if not keys or dialect is None:
            return current
        if current is not None and keys[0] in (current.run.id, current.run.message_id) and _belongs(current.run, event):
            return current
        for key in keys:
            known = self._runs.find(dialect.name, key)
            if known is not None and _belongs(known.run, event):
                return self._part_for(known)
        if current is not None and not current.run.settled and _belongs(current.run, event):
            return current
        return self._begin()

    def _begin(self) -> _Part:
        dialect = self._whole.dialect
        return self._part_for(self._runs.begin(dialect.name if dialect else "dify"))

    def _part_for(self, found: Found) -> _Part:
        part = self._parts.get(id(found.run))
        if part is None:
            part = _Part(found, Fold(found.run, self._whole, is_first=not self._parts), self._offset(found))
            self._parts[id(found.run)] = part
            found.names.append(self._name)
            found.began.append(self._began)
        return part

    def _offset(self, found: Found) -> float:
        """Return when this body began, on the clock of the first body of a run."""
        if not found.began:
            return 0.0
        first = found.began[0]
        if first is not None and self._began is not None:
            return self._began - first
        return found.run.last_progress_at or 0.0

    # ---- what goes to it

    def _turn_to(self, part: _Part, offset: int) -> None:
        """Make a part the current one: the body's bytes are its own from `offset` on."""
        before, self._current = self._current, part
        if before is None:
            held, self._held = self._held, []
            for record, at in held:
                self._fold(part, record, at)
        elif before is not part:
            before.fold.count(bytes=offset - self._counted)
            self._counted = offset

    def _fold(self, part: _Part, record: Record, at: float | None) -> None:
        part.fold.fold(record, part.time(at))
        dialect = self._whole.dialect
        self._runs.learn(part.found, dialect.run_keys(record.event) if dialect else ())


def _belongs(run: Run, event: Event) -> bool:
    belongs: bool = run.wire.belongs(run, event)
    return belongs
