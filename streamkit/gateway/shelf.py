"""Recordings that stay: moved to where they are kept, and bounded in size and in age."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

_KEPT: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]/*/*.skrec"
"""What is ours below the folder; nothing else in it is touched."""
SPOOL: Final = ".spool"
"""The folder, below that of the recordings, where bodies are written: to keep one is to rename it."""
_ABANDONED: Final = 24 * 3600.0
"""Seconds without a change after which nobody writes it any more: a process that was killed left it."""
_SWEEP: Final = 600.0
"""Seconds after which the folder is looked at again."""
_EASE: Final = 0.9
"""Where there is too much, this part of what may be is left, so that not every recording sweeps anew."""


class Limits(Struct, frozen=True):
    """How much is kept."""

    folder: str
    max_bytes: int
    """Of all recordings; the oldest go."""
    max_seconds: float
    """Of one recording."""


class Shelf:
    """A folder of recordings that stay."""

    def __init__(self, limits: Limits, now: Callable[[], float] = lambda: datetime.now(UTC).timestamp()) -> None:
        """Begin; `now` gives epoch seconds, as files have them."""
        self._limits = limits
        self._folder = Path(limits.folder)
        self._now = now
        self._size = 0
        self._swept_at = float("-inf")

    def take(self, file: Path, name: str) -> Path:
        """Move a recording here; return where it is.

        Args:
            file: the recording, on the same disk.
            name: where it is to stand, below the folder. If something stands there already it gets another name:
                another process had a body of the same run.

        Raises:
            OSError: it cannot be moved.
        """
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        size = file.stat().st_size
        if not _moved(file, path):
            path = path.with_name(f"{path.stem}-{file.stem}{path.suffix}")
            file.rename(path)
        self._size += size
        return path

    def sweep_if_due(self) -> int:
        """Delete what is too old, and the oldest where there is too much; return how many recordings went."""
        if self._size > self._limits.max_bytes or self._now() - self._swept_at > _SWEEP:
            return self._sweep()
        return 0

    def _sweep(self) -> int:
        limits, swept = self._limits, 0
        self._swept_at = now = self._now()
        for changed_at, _, file in self._found(f"{SPOOL}/*.skrec"):
            if now - changed_at > _ABANDONED:
                file.unlink(missing_ok=True)
        found = sorted(self._found(_KEPT))
        total = sum(size for _, size, _ in found)
        goal = total if total <= limits.max_bytes else limits.max_bytes * _EASE
        for changed_at, size, file in found:
            if total <= goal and now - changed_at <= limits.max_seconds:
                break
            file.unlink(missing_ok=True)
            swept += 1
            total -= size
        self._size = total
        return swept

    def _found(self, pattern: str) -> Iterator[tuple[float, int, Path]]:
        """Yield when each file was changed, its size and itself; other processes move and delete some meanwhile."""
        for file in self._folder.glob(pattern):
            try:
                told = file.stat()
            except FileNotFoundError:
                continue
            yield told.st_mtime, told.st_size, file


def _moved(file: Path, path: Path) -> bool:
    """Move a file, unless something stands there: a link, unlike a rename, replaces nothing."""
    try:
        os.link(file, path)
    except FileExistsError:
        return False
    except OSError:  # a disk without links
        if path.exists():
            return False
        file.rename(path)
        return True
    file.unlink()
    return True
