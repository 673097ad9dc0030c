"""Records what a client receives: one recording for each body of a run, and beside them what else was asked.

A run that pauses, or breaks off, goes on in another body. The first one is recorded under the name that was given, the
others beside it: `refund.skrec`, `refund.2.skrec`.
"""

import os
from collections.abc import Iterable
from errno import EACCES, EEXIST, ENOENT
from pathlib import Path
from typing import Final

from streamkit.clients.answer import Received
from streamkit.clients.body import Body
from streamkit.clients.operation import Call
from streamkit.clients.secret import Secret
from streamkit.recording import Header, Recorder, Request, Response, Source
from streamkit.recording.recorder import COMPRESSED
from streamkit.recording.zstd import codec
from streamkit.run.payload import Json, loads

_LARGEST_EXCHANGE: Final = 1024 * 1024
_SUFFIXES: Final = (".skrec.zst", ".skrec")


class Tape:
    """Records nothing; what is asked of it costs nothing."""

    def begin(self, body: Body) -> None:
        """Record a body from now on."""

    def write(self, chunk: bytes) -> None:
        """Record a chunk of it."""

    def aside(self, frames: bytes) -> None:
        """Note what was learned beside the body, as frames: no part of it, and in no recording."""

    def end(self, how: str, reason: str | None = None) -> None:
        """Record how it ended: eof, cancelled, or error with a reason."""


Record = str | Path | Tape | None
"""Where a stream is recorded: a file, a tape, or nowhere."""

NO_TAPE: Final = Tape()
"""Records nothing."""


class FileTape(Tape):
    """Records into files."""

    def __init__(
        self, path: str | Path, kind: str, *, secrets: Iterable[Secret | None] = (), overwrite: bool = False
    ) -> None:
        """Prepare to record; a file is made when its body begins.

        Args:
            path: of the first file; compressed if its name ends with `.zst`.
            kind: whose streams these are.
            secrets: keys that must not be in a file.
            overwrite: whether files that are there may be replaced.

        Raises:
            OSError: the first file is there already, or its folder is not, or takes no files.
            RecordingError: a `.zst` needs an extra.
        """
        check_place(Path(path), overwrite=overwrite)
        self.paths: list[Path] = []
        """The files that were made so far."""
        self._path = Path(path)
        self._kind = kind
        self._secrets = [secret.reveal() for secret in secrets if secret is not None and not secret.is_word]
        self._overwrite = overwrite
        self._recorder: Recorder | None = None
        self._waiting: list[tuple[Request, Response]] = []

    def begin(self, body: Body) -> None:
        """Make the next file.

        Raises:
            OSError: it cannot be made, or is there already.
        """
        path = self._next_path()
        header = Header(
            source=Source(kind=self._kind, method=body.call.method, url=body.url),
            request=Request(headers=dict(body.request_headers), body=body.call.body),
            response=Response(status=body.status, headers=dict(body.headers)),
        )
        self._recorder = Recorder(path, header, secrets=self._secrets, overwrite=self._overwrite)
        self.paths.append(path)
        for request, response in self._waiting:
            self._recorder.exchange(request, response)
        self._waiting.clear()

    def write(self, chunk: bytes) -> None:
        """Record a chunk.

        Raises:
            OSError: it cannot be written.
        """
        if self._recorder is not None:
            self._recorder.write(chunk)

    def end(self, how: str, reason: str | None = None) -> None:
        """Record how the body ended, and close its file.

        Raises:
            OSError: it cannot be written.
        """
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close(how, reason)

    def exchange(self, call: Call, received: Received, url: str) -> None:
        """Record a small request with its answer: in the file that is open, else in the next one.

        Raises:
            OSError: it cannot be written.
        """
        if len(received.body) > _LARGEST_EXCHANGE:
            return
        request = Request(body=_asked(call), method=call.method, url=url)
        headers = {"Content-Type": received.content_type} if received.content_type else {}
        response = Response(received.status, headers, _told(received))
        if self._recorder is not None:
            self._recorder.exchange(request, response)
        else:
            self._waiting.append((request, response))

    def _next_path(self) -> Path:
        """Return the path of the next file: the first is as it was given, the others are numbered."""
        number = len(self.paths) + 1
        if number == 1:
            return self._path
        suffix = next((suffix for suffix in _SUFFIXES if self._path.name.endswith(suffix)), self._path.suffix)
        return self._path.with_name(f"{self._path.name.removesuffix(suffix)}.{number}{suffix}")


def check_place(path: Path, *, overwrite: bool = False) -> None:
    """Find what would keep a recording from being made: before a run is begun, and not after.

    Args:
        path: of the file.
        overwrite: whether one that is there may be replaced.

    Raises:
        OSError: the file is there already, or its folder is not, or takes no files.
        RecordingError: a `.zst` needs an extra.
    """
    if not overwrite and path.exists():
        raise FileExistsError(EEXIST, "is there already", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(ENOENT, "no such folder", str(path.parent))
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), str(path.parent))
    if path.name.endswith(COMPRESSED):
        codec(str(path))


def _asked(call: Call) -> Json:
    """Return the body of a request; of a form its fields, and of files their names."""
    if not call.uploads:
        return call.body
    return {**call.fields, **{name: upload.name for name, upload in call.uploads}}


def _told(received: Received) -> Json:
    """Return the body of an answer: JSON, else text if it is some."""
    if received.is_json:
        return loads(received.body)
    return received.body.decode("utf-8", "replace") if received.content_type.startswith("text/") else None
