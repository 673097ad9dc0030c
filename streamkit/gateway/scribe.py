"""The proxy's end of the process that writes its recordings: commands go there, answers come back, nobody waits."""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from streamkit.gateway.writing import Command, Told, encoded

_GATHER: Final = 0.02
"""Seconds for which commands are gathered: woken for each chunk, the thread would cost the loop more."""
_CODE: Final = "import sys; sys.path[:] = {path!r}; from streamkit.gateway.writer import main; main()"
"""With the path of this process: nothing is imported from where it happens to stand."""

_decoder: Final = msgspec.json.Decoder(Told)


class Scribe:
    """Hands commands to a process, in order, and tells what came of them."""

    def __init__(self, *, limit: int, on_told: Callable[[Told], object], on_death: Callable[[], object]) -> None:
        """Start the process.

        Args:
            limit: bytes that may wait for it.
            on_told: is told, in another thread, what came of commands.
            on_death: called, in another thread, if the process ends by itself.

        Raises:
            OSError: it cannot be started.
        """
        self._limit = limit
        self._on_told = on_told
        self._on_death = on_death
        self._commands: deque[bytes] = deque()
        self._given = 0  # by the loop alone
        self._sent = 0  # by the sending thread alone: neither needs a lock
        self._news = threading.Event()
        self._is_closing = False
        self._is_dead = False
        self._process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-c", _CODE.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._threads = [
            threading.Thread(target=work, name=f"streamkit-{name}", daemon=True)
            for name, work in (("send", self._send), ("hear", self._hear))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_dead(self) -> bool:
        """Whether the process ended by itself."""
        return self._is_dead

    @property
    def waiting(self) -> int:
        """Bytes that wait to be sent."""
        return self._given - self._sent

    def do(self, command: Command, *, always: bool = False) -> bool:
        """Have something done.

        Args:
            command: what.
            always: whether it must be done however much waits: the end of something.

        Returns:
            Whether it will be done: False if too much waits, or nobody is there.
        """
        data = encoded(command)
        if self._is_closing or self._is_dead or (self.waiting + len(data) > self._limit and not always):
            return False
        self._given += len(data)
        self._commands.append(data)
        if not self._news.is_set():
            self._news.set()
        return True

    def close(self, seconds: float) -> bool:
        """Have all done that waits, and end the process; return whether that took no longer than some seconds."""
        self._is_closing = True
        self._news.set()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        try:
            self._process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        finally:
            for thread in self._threads:
                thread.join()
        return True

    # ---- in threads of their own

    def _send(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - for the type checker
        try:
            while True:
                self._news.wait()
                self._news.clear()
                while self._commands:
                    batch = b"".join(self._commands.popleft() for _ in range(len(self._commands)))
                    pipe.write(batch)
                    pipe.flush()
                    self._sent += len(batch)
                if self._is_dead or (self._is_closing and not self._commands):
                    break
                time.sleep(0 if self._is_closing else _GATHER)
        except OSError:  # it is dead: who hears tells of it
            return
        finally:
            self._commands.clear()
            with suppress(OSError):
                pipe.close()

    def _hear(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - for the type checker
        with pipe:
            for line in pipe:
                self._on_told(_decoder.decode(line))
        if not self._is_closing:
            self._is_dead = True
            self._process.wait()
            self._news.set()
            self._on_death()
