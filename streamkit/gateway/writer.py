"""The process that writes the recordings of a proxy.

To mask a body costs more than to pass it on, and a disk may be slow. In a process of its own neither is felt by any
stream, whatever the interpreter does. It ends when its standard input does.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from streamkit.gateway.shelf import Shelf
from streamkit.gateway.writing import Begin, Close, Command, Commands, Drop, Keep, Mark, Scratch, Shelve, Told, Write
from streamkit.recording import Recorder, Redactor
from streamkit.recording.format import decode_header

_AT_ONCE: Final = 1024 * 1024
_NICE: Final = 10
"""Streams go first, where a processor is shared with them."""

_NOT_OURS: Final = (signal.SIGINT, signal.SIGTERM)
"""Whoever ends a whole group of processes means the proxy, which has streams to finish; this one ends after it."""


class Writer:
    """Does what it is told. Nothing that is wrong with one recording is felt by the others."""

    def __init__(self) -> None:
        self._recorders: dict[int, Recorder] = {}
        self._shelf: Shelf | None = None
        self._scratch: Path | None = None
        self._told = Told()
        self._do: Mapping[type[Command], Callable[[Any], None]] = {
            # Any: a command of the type that this is registered for
            Shelve: self._shelve,
            Scratch: self._use,
            Begin: self._begin,
            Write: self._write,
            Close: self._close,
            Keep: self._keep,
            Drop: self._drop,
            Mark: lambda mark: self._told.done.append(mark.number),
        }

    def take(self, commands: Sequence[Command]) -> Told:
        """Do a batch of commands, and tell what came of it."""
        self._told = told = Told()
        for command in commands:
            number = getattr(command, "number", 0)
            try:
                self._do[type(command)](command)
            except Exception as error:  # noqa: BLE001 - see the class
                self._give_up(number, error)
        for number in (recorders := self._recorders).keys() & set(told.grown):
            try:
                recorders[number].flush()
            except OSError as error:
                self._give_up(number, error)
        return told

    def close(self) -> None:
        """Close what is open, which has no end; delete what is not to stay."""
        for recorder in self._recorders.values():
            with suppress(OSError):
                recorder.break_off()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _give_up(self, number: int, error: Exception) -> None:
        """Say what is wrong with a recording. The words of an error that is not the disk's may be of what was written."""
        words = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        self._told.problems[number] = words.lower()
        recorder = self._recorders.pop(number, None)
        if recorder is not None:
            with suppress(OSError):
                recorder.break_off()

    # ---- one by one

    def _shelve(self, command: Shelve) -> None:
        self._shelf = Shelf(command.limits)

    def _use(self, command: Scratch) -> None:
        self._scratch = Path(command.folder)

    def _begin(self, command: Begin) -> None:
        path = Path(command.path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        redactor = Redactor(secret.decode("utf-8", "surrogateescape") for secret in command.secrets)
        self._recorders[command.number] = Recorder(path, decode_header(command.header), redact=redactor, live=False)
        self._told.grown.append(command.number)

    def _write(self, command: Write) -> None:
        recorder = self._recorders.get(command.number)
        if recorder is not None:
            recorder.write(command.data, command.at)
            if not self._told.grown or self._told.grown[-1] != command.number:
                self._told.grown.append(command.number)

    def _close(self, command: Close) -> None:
        self._told.closed.append(command.number)
        recorder = self._recorders.pop(command.number, None)
        if recorder is None:
            return
        if command.reason is None:
            recorder.break_off()
        else:
            recorder.close(command.reason, at=command.at)

    def _keep(self, command: Keep) -> None:
        self._told.gone.append(command.number)
        path = Path(command.path)
        if path.stat().st_size == 0:  # of a disk that is full: nothing can be read of it
            path.unlink()
        elif self._shelf is not None:
            self._told.moved[command.number] = str(self._shelf.take(path, command.name))
            self._told.kept += 1
            self._told.swept += self._shelf.sweep_if_due()

    def _drop(self, command: Drop) -> None:
        self._told.gone.append(command.number)
        Path(command.path).unlink(missing_ok=True)


def main() -> None:
    """Do what standard input says until it ends; answer on standard output."""
    for number in _NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    writer = Writer()
    try:
        _serve(writer, sys.stdin.fileno(), sys.stdout.fileno())
    except BrokenPipeError:
        pass  # the proxy was killed
    finally:
        writer.close()


def _serve(writer: Writer, source: int, answers: int) -> None:
    commands = Commands()
    while data := os.read(source, _AT_ONCE):
        batch = list(commands.feed(data))
        if batch:
            answer = msgspec.json.encode(writer.take(batch)) + b"\n"
            while answer:
                answer = answer[os.write(answers, answer) :]
