"""A program on a terminal of its own."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

_LAUNCH = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(1, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)
"""What is on standard output becomes the terminal that signals and /dev/tty mean."""
_DEADLINE = 60.0
_QUIET = 0.3


class Terminal:
    """Runs Python on a pseudo-terminal, and keeps every byte that is written to it."""

    def __init__(
        self,
        *words: str,
        environment: Mapping[str, str],
        size: tuple[int, int] = (100, 30),
        stdin: Any = None,
    ) -> None:
        """Start.

        Args:
            words: what Python is started with.
            environment: all of it.
            size: columns and lines.
            stdin: in place of the terminal.
        """
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(self._slave)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *words],
            stdin=self._slave if stdin is None else stdin,
            stdout=self._slave,
            stderr=self._slave,
            env=dict(environment) | {"TERM": "xterm-256color"},
            start_new_session=True,
        )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        os.close(self._master)
        os.close(self._slave)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def wait(self, what: str | Callable[[], bool]) -> None:
        """Read until something is written, or is so."""
        end = monotonic() + _DEADLINE
        seen = len(self.output)
        while not (what() if callable(what) else what.encode() in self.output[max(seen - len(what) * 4, 0) :]):
            assert monotonic() < end, f"{what!r} did not come: {self.output[-2000:]!r}"
            self._read(0.05)

    def settle(self) -> None:
        """Read until nothing is written for a while: what was pressed may have changed nothing that is seen."""
        while self._read(_QUIET):
            pass

    def ends(self) -> int:
        """Wait for the end, and return the exit code."""
        self.wait(lambda: self.process.poll() is not None)
        while self._read(0):
            pass
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        self.output += os.read(self._master, 65536)
        return True

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal is as it was: its attributes, the screen, the cursor, the mouse."""
        return (
            termios.tcgetattr(self._slave) == self.before
            and self._last("\x1b[?1049h") < self._last("\x1b[?1049l")
            and self._last("\x1b[?25l") < self._last("\x1b[?25h")
            and self._last("\x1b[?1000h") < self._last("\x1b[?1000l")
        )

    def _last(self, told: str) -> int:
        return self.output.rfind(told.encode())
