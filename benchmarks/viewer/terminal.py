"""A command in a terminal of its own, watched from outside: what it paints, when, and at what cost of CPU."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, Self

from benchmarks.workers import ROOT

_AT_ONCE: Final = 1 << 16
_LIMIT: Final = 60.0
"""Seconds after which nothing is waited for any more."""


class Terminal:
    """A process whose terminal this is, also as the one that keys come from where its input is a pipe."""

    def __init__(
        self, module: str, options: Sequence[str], *, size: tuple[int, int] = (140, 40), stdin: IO[bytes] | None = None
    ) -> None:
        """Start `python -m module`.

        Args:
            module: what to run.
            options: its arguments.
            size: columns and rows.
            stdin: what its standard input is, if not this terminal; it is given away.
        """
        self._master, slave = pty.openpty()
        columns, rows = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        for name in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE"):  # colours, and bytecode as where it is installed
            environment.pop(name, None)
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            cwd=ROOT,
            env=environment,
            stdin=stdin or slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        if stdin is not None:
            stdin.close()
        self.painted = bytearray()
        """All that came, since it was taken away last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while self._process.poll() is None and time.monotonic() < deadline:
            self.look(0.05)
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    # ---- painting and keys

    def look(self, seconds: float) -> bytes:
        """Wait so long for something to be painted; return what was."""
        if not select.select([self._master], [], [], max(seconds, 0))[0]:
            return b""
        try:
            data = os.read(self._master, _AT_ONCE)
        except OSError:  # it ended
            time.sleep(max(seconds, 0))
            return b""
        self.painted += data
        return data

    def rest(self, seconds: float) -> int:
        """Read for so long; return how many bytes were painted."""
        until, count = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            count += len(self.look(left))
        return count

    def until(self, text: bytes, limit: float = _LIMIT) -> float:
        """Read until some text is painted; return the seconds that took."""
        began = time.monotonic()
        while text not in self.painted:
            if time.monotonic() - began > limit or self._process.poll() is not None:
                raise TimeoutError(f"{text!r} was not painted: {bytes(self.painted[-400:])!r}")
            self.look(0.2)
        return time.monotonic() - began

    def press(self, keys: bytes) -> None:
        """Type something, and forget what was painted before."""
        self.painted.clear()
        os.write(self._master, keys)

    # ---- costs

    @property
    def cpu(self) -> float:
        """Seconds of CPU that all threads of the process took."""
        return sum(self._scheduled()[0]) / 1e9

    @property
    def waited(self) -> float:
        """Seconds that its first thread could have run and had to wait for a core: what other processes cost it."""
        return self._scheduled()[1] / 1e9

    @property
    def resident(self) -> int:
        """Bytes that it holds."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    def _scheduled(self) -> tuple[list[int], int]:
        folder = Path(f"/proc/{self._process.pid}/task")
        told = [(path / "schedstat").read_text().split() for path in sorted(folder.iterdir())]
        first = (folder / str(self._process.pid) / "schedstat").read_text().split()
        return [int(each[0]) for each in told], int(first[1])
