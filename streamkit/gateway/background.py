"""Work that may block, done in order by one thread beside the streams: none of them ever waits for a disk.

Work that comes faster than it can be done is refused, and whoever asked for it counts that.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_GATHER: Final = 0.05
"""Seconds for which the thread gathers work before it goes on: woken for each chunk, it would cost the loop more."""


class Background:
    """One thread that calls functions in the order in which they were given."""

    def __init__(self, name: str, *, limit: int) -> None:
        """Start it.

        Args:
            name: of the thread.
            limit: how much may wait, in the units that `submit` is told: bytes, say.
        """
        self._limit = limit
        self._jobs: deque[tuple[int, Callable[[], object]]] = deque()
        self._given = 0  # by the loop alone
        self._done = 0  # by the thread alone: neither needs a lock
        self._news = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How much waits."""
        return self._given - self._done

    def submit(self, job: Callable[[], object], size: int = 1, *, always: bool = False) -> bool:
        """Have something done.

        Args:
            job: must not raise.
            size: how much it is.
            always: whether it must be done however much waits: the end of something.

        Returns:
            Whether it will be done: False if too much waits.
        """
        if self._is_closing or (self.waiting + size > self._limit and not always):
            return False
        self._given += size
        self._jobs.append((size, job))
        if not self._news.is_set():
            self._news.set()
        return True

    def close(self, seconds: float) -> bool:
        """Do what waits, and end; return whether all was done within some seconds."""
        self._is_closing = True
        self._news.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            while self._jobs:
                size, job = self._jobs.popleft()
                job()
                self._done += size
            if self._is_closing and not self._jobs:
                return
            time.sleep(0 if self._is_closing else _GATHER)
