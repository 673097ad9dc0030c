"""Writes a recording while its body streams: what a call was given is on its way to the disk when the call returns.

A killed process leaves a file that is whole up to its last line. Only what redaction holds back is not in it: the
beginning of a line of the body, until its end has come.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec

from streamkit.recording.format import (
    Chunk,
    End,
    Entry,
    Exchange,
    Header,
    Marker,
    Request,
    Response,
    encode_entry,
    encode_header,
)
from streamkit.recording.masking import Masking
from streamkit.recording.redact import Redactor, redactor_for
from streamkit.recording.zstd import FrameWriter

COMPRESSED: Final = ".zst"
"""What the name of a compressed recording ends with."""
_OWNER_ALONE: Final = 0o600


class Recorder:
    """Appends to a recording. As a context manager it ends the recording, and says how the block was left."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Header | None = None,
        *,
        redact: bool | Redactor | None = True,
        secrets: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        overwrite: bool = False,
        live: bool = True,
    ) -> None:
        """Make the file, for its owner alone, and write the header.

        Args:
            path: of the file; compressed if its name ends with `.zst`.
            header: what is recorded; the time of creation is filled in, if it is live.
            redact: whether to mask secrets, or a redactor of yours that knows some already.
            secrets: values that must not be in the recording, however they are spelt; those in the header's own
                request are known.
            clock: gives seconds; the recording starts now.
            overwrite: whether a file that is there may be replaced.
            live: whether each line is to reach the disk at once. For a `.zst` that costs half of the compression; else
                a frame of 256 KiB is written when it is full.

        Raises:
            FileExistsError: the file is there.
            OSError: it cannot be made.
            RecordingError: a `.zst` needs an extra.
            ValueError: there are secrets, and nothing masks them.
        """
        header = header or Header()
        if live and header.created is None:
            header = msgspec.structs.replace(header, created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        redactor = redactor_for(redact, secrets)
        self._masking = Masking(redactor) if redactor is not None else None
        self._clock = clock
        self._start = clock()
        self._latest = 0.0
        self._live = live
        self._lines = _opened(os.fspath(path), overwrite=overwrite)
        self._is_closed = False
        try:
            self._put(encode_header(redactor.header(header) if redactor is not None else header))
        except OSError:  # the disk is full, and nobody else could close the file
            with suppress(OSError):
                self._lines.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif isinstance(error, Exception):
            self.close("error", f"{type(error).__name__}: {error}")
        else:  # a task was cancelled, a generator closed, Ctrl-C
            self.close("cancelled")

    def write(self, chunk: bytes | bytearray | memoryview, at: float | None = None) -> None:
        """Record bytes of the body; no bytes are no chunk.

        Args:
            chunk: as they were read.
            at: when, in seconds since the start; by default now.

        Raises:
            OSError: they cannot be written.
        """
        if chunk:
            self._add(Chunk(self._time(at), bytes(chunk)))

    def exchange(self, request: Request, response: Response, at: float | None = None) -> None:
        """Record another exchange of the same session.

        Args:
            request: with its method and URL.
            response: with its body.
            at: when it was answered, in seconds since the start; by default now.

        Raises:
            OSError: it cannot be written.
        """
        self._add(Exchange(request, response, self._time(at)))

    def mark(self, text: str, at: float | None = None) -> None:
        """Record a remark on this moment, or on another one.

        Raises:
            OSError: it cannot be written.
        """
        self._add(Marker(self._time(at), text))

    def flush(self) -> None:
        """Hand on what was recorded so far: where not each line goes to the disk at once.

        Raises:
            OSError: it cannot be written.
        """
        self._lines.flush()

    def close(self, reason: str = "eof", error: str | None = None, at: float | None = None) -> None:
        """Record the end, and close the file. Twice does nothing more.

        Args:
            reason: eof, cancelled, error, or another word.
            error: what went wrong, if something did.
            at: when, in seconds since the start; by default now.

        Raises:
            OSError: it cannot be written.
        """
        if self._is_closed:
            return
        with self._closing():
            self._pass(End(reason, error, self._time(at)))

    def append(self, entry: Entry) -> None:
        """Record an entry of another recording, at its own time. An end closes the file.

        Raises:
            OSError: it cannot be written.
        """
        match entry:
            case Chunk(at, data):
                self.write(data, at)
            case Exchange(request, response, at):
                self.exchange(request, response, at)
            case Marker(at, text):
                self.mark(text, at)
            case End(reason, error, at):
                self.close(reason, error, at)

    def break_off(self) -> None:
        """Close the file without an end: what was recorded is the beginning of something. Twice does nothing more.

        Raises:
            OSError: it cannot be written.
        """
        if not self._is_closed:
            with self._closing():
                self._put_all(self._masking.close() if self._masking else ())

    @contextmanager
    def _closing(self) -> Iterator[None]:
        self._is_closed = True
        try:
            yield
        finally:
            self._lines.close()

    def _time(self, at: float | None) -> float:
        """Return a time that was given, else the present one: never before what stands in the file already."""
        if at is None:
            at = max(self._clock() - self._start, self._latest)
        self._latest = max(at, self._latest)
        return at

    def _add(self, entry: Entry) -> None:
        if self._is_closed:
            raise RuntimeError("recording after close()")
        self._pass(entry)

    def _pass(self, entry: Entry) -> None:
        self._put_all(self._masking.add(entry) if self._masking else (entry,))

    def _put_all(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._put(encode_entry(entry))

    def _put(self, line: bytes) -> None:
        self._lines.write(line)
        if self._live:
            self._lines.flush()


class _Lines:
    """The file that is written: plain, or in frames."""

    def __init__(self, file: BinaryIO, frames: FrameWriter | None) -> None:
        self._file = file
        self._frames = frames
        self.write: Callable[[bytes], object] = frames.write if frames else file.write

    def flush(self) -> None:
        if self._frames is not None:
            self._frames.flush()
        self._file.flush()

    def close(self) -> None:
        with self._file:
            if self._frames is not None:
                self._frames.close()


def _opened(path: str, *, overwrite: bool) -> _Lines:
    """Make a file that only its owner can read."""
    if overwrite:
        Path(path).unlink(missing_ok=True)  # one that is there may be open to others, or be a link
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE), "wb")
    try:
        return _Lines(file, FrameWriter(file, path) if path.endswith(COMPRESSED) else None)
    except BaseException:
        file.close()
        raise
