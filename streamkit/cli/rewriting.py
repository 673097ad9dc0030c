"""Files that are read and written anew. What comes out is written beside its place, and put there when it is whole."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from streamkit.cli.notation import as_event_stream, as_json_lines
from streamkit.cli.progress import told
from streamkit.cli.safe import safe_line
from streamkit.cli.sources import STDIN, Recorded, name_of
from streamkit.recording import Chunk, End, Header, Recorder
from streamkit.recording.format import Entry
from streamkit.recording.recorder import COMPRESSED
from streamkit.recording.zstd import codec

_RECORDINGS: Final = (".skrec", ".skrec.zst")
_JSON_LINES: Final = (".ndjson", ".jsonl")
_EVENT_STREAM: Final = ".sse"
_OWNER_ALONE: Final = 0o600


class Original:
    """What is written anew; it can be read more than once, and standard input is held for that."""

    def __init__(self, source: str) -> None:
        """Look at what there is.

        Args:
            source: the path of a file, a body or a recording, or "-".

        Raises:
            Unreadable: it cannot be opened or read.
        """
        self._recorded = Recorded(source)
        self._held = list(self._recorded.entries()) if source == STDIN else None
        next(self.entries("reading"), None)
        self.header = self._recorded.header
        """What was recorded; None of a body alone."""

    def entries(self, doing: str) -> Iterator[Entry]:
        """Yield what is in it; the end of a body alone is the end of its file.

        Args:
            doing: what is done with it, for the line that says how far it is.

        Raises:
            Unreadable: it cannot be read to its end.
        """
        name = safe_line(name_of(self._recorded.source))
        entries = self._recorded.entries() if self._held is None else self._held
        yield from told(entries, lambda _: f"{self._share()}{doing} {name}")
        if self._recorded.header is None:
            yield End("eof")

    def _share(self) -> str:
        share = self._recorded.share
        return f"{share:.0%} " if share is not None else ""


def write(out: str, header: Header, entries: Iterable[Entry], *, force: bool) -> None:
    """Write a recording, or the body alone, as the name of the file says. Nothing is masked here.

    Args:
        out: the path of a file, or "-" for a body on standard output.
        header: of the recording.
        entries: what is in it.
        force: whether to replace a file that is there.

    Raises:
        Unreadable: `entries` raised it, or there are no events to write as JSON lines.
        UsageError: the file is there, or its name says nothing that can be written.
        RecordingError: a `.zst` needs an extra.
        OSError: it cannot be written.
    """
    if out == STDIN:
        for data in _body(out, entries):
            sys.stdout.buffer.write(data)
        return
    if out.endswith(".zst") and not out.endswith(_RECORDINGS):
        raise click.UsageError(f"{out}: of compressed files only .skrec.zst is written")
    if out.endswith(COMPRESSED):
        codec(out)
    with _replacing(out, force=force) as part:
        if out.endswith(_RECORDINGS):
            _write_recording(part, header, entries)
        else:
            with open(part, "xb", opener=_for_its_owner) as file:
                file.writelines(_body(out, entries))


def _write_recording(path: str, header: Header, entries: Iterable[Entry]) -> None:
    recorder = Recorder(path, header, redact=False, live=False)
    try:
        for entry in entries:
            recorder.append(entry)
    finally:
        recorder.break_off()


def _body(out: str, entries: Iterable[Entry]) -> Iterable[bytes]:
    """Return the bytes of a body, in the notation that a name asks for."""
    chunks = (entry.data for entry in entries if isinstance(entry, Chunk))
    if out.endswith(_JSON_LINES):
        return as_json_lines(chunks)
    return as_event_stream(chunks) if out.endswith(_EVENT_STREAM) else chunks


@contextmanager
def _replacing(out: str, *, force: bool) -> Iterator[str]:
    """Give a path to write to; what is there in the end becomes the file, unless something went wrong."""
    target = Path(out)
    if target.exists() and not target.is_file():
        raise click.UsageError(f"{out} is no file")
    if target.exists() and not force:
        raise click.UsageError(f"{out} is there already; --force replaces it")
    part = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield str(part)
        part.replace(target)
    except OSError as error:  # who reads of it knows the file, not the part
        raise OSError(error.errno, error.strerror, out) from None
    finally:
        part.unlink(missing_ok=True)


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ALONE)
