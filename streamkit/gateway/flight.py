"""The flight recorder: every run is spooled, and the recordings of those that matter stay.

They stand as `DATE/APP/STATUS-RUN.skrec` below one folder, which is bounded in size and in age. A run that pauses is
decided on when it ends, with all its bodies. What the disk refuses is counted; no stream waits for it.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from streamkit.gateway.body import UNKNOWN, Body
from streamkit.gateway.settings import MIB
from streamkit.gateway.spool import Spool
from streamkit.run import Run
from streamkit.subjects import RunSubject
from streamkit.where import Where

SPOOL: Final = ".spool"
"""The folder, below that of the recordings, where bodies are spooled: to keep one is to rename it."""
_NAME: Final = re.compile(r"[^\w.@+-]+")
_LONGEST_NAME: Final = 80
_DATE: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_UNDECIDED: Final = 1_000
"""So many runs that paused wait to be decided on."""
_SWEEP: Final = 600.0
"""Seconds after which the folder is looked at again."""
_EASE: Final = 0.9
"""Where there is too much, this part of what may be is left, so that not every recording sweeps anew."""


class FlightRecorder:
    """Keeps recordings of runs; a listener of the proxy, before the spools."""

    def __init__(
        self,
        folder: Path,
        *,
        keep: Where | None = None,
        sample: float = 0.0,
        max_bytes: int = 10 * 1024 * MIB,
        max_seconds: float = 30 * 24 * 3600,
        now: Callable[[], float] = lambda: datetime.now(UTC).timestamp(),
    ) -> None:
        """Prepare to keep.

        Args:
            folder: where recordings stand; made if it is not there.
            keep: which runs matter; by default all.
            sample: the part of all others that stays as well, from 0 to 1. Chosen by the id of the run, so that every
                process chooses the same.
            max_bytes: of all recordings; the oldest go.
            max_seconds: of one recording.
            now: gives epoch seconds.
        """
        self.kept = 0
        """Recordings that stayed."""
        self.swept = 0
        """Recordings that went, for their age or to make room."""
        self.problems = 0
        """Recordings that could not be kept."""
        self._folder = folder
        self._keep = keep
        self._sample = sample
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._now = now
        self._undecided: OrderedDict[int, tuple[Run, list[Body]]] = OrderedDict()
        self._size = 0
        self._swept_at = float("-inf")

    def body_began(self, body: Body) -> None:
        """Nothing is decided before the end."""

    def body_answered(self, body: Body) -> None:
        """Nothing is decided before the end."""

    def body_ended(self, body: Body) -> None:
        """Decide whether its recording stays, with those of earlier bodies of the run."""
        if not body.is_run or body.head is None:
            return
        run = body.run
        _, bodies = self._undecided.pop(id(run), (run, []))
        bodies.append(body)
        if run.status == "paused":
            self._postpone(run, bodies)
        else:
            self._decide(run, bodies)

    def close(self) -> None:
        """Decide on all runs that wait, as they stand."""
        for run, bodies in list(self._undecided.values()):
            self._decide(run, bodies)
        self._undecided.clear()

    def wants(self, run: Run) -> bool:
        """Whether a run matters, or is one of the sample."""
        if self._keep is None or self._keep.matches(RunSubject(run)):
            return True
        return _chance(run.id or run.message_id or "") < self._sample

    # ---- which, and where

    def _postpone(self, run: Run, bodies: list[Body]) -> None:
        self._undecided[id(run)] = run, bodies
        for spool in _spools(bodies):
            spool.is_wanted = True
        if len(self._undecided) > _UNDECIDED:
            _, (oldest, waiting) = self._undecided.popitem(last=False)
            self._decide(oldest, waiting)

    def _decide(self, run: Run, bodies: list[Body]) -> None:
        if not self.wants(run):
            for spool in _spools(bodies):
                spool.let_go()
            return
        for body in bodies:
            path = self._path_of(run, body)
            body.recording = str(path.relative_to(self._folder))
            for spool in _spools([body]):
                spool.keep(partial(self._move, spool, path))

    def _path_of(self, run: Run, body: Body) -> Path:
        """Return where a recording stands. Bodies behind the first one of a run have their handle in their name."""
        name = run.id or run.message_id or body.handle
        is_first = body.spent.index == 0 and not (body.route is not None and body.route.kind == "resume")
        suffix = "" if is_first and run.dialect != "openai" else f"-{body.handle}"  # OpenAI's ids name chats, too
        file = f"{run.status}-{_safe(body.secrets.text(name))}{suffix}.skrec"
        return self._folder / f"{body.created:%Y-%m-%d}" / _safe(body.label) / file

    # ---- in the background

    def _move(self, spool: Spool, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            size = spool.path.stat().st_size
            if path.exists():  # another process had a body of the same run
                path = path.with_name(f"{path.stem}-{spool.path.stem}.skrec")
            spool.path = spool.path.rename(path)
        except OSError:
            self.problems += 1
            raise
        self.kept += 1
        self._size += size
        if self._size > self._max_bytes or self._now() - self._swept_at > _SWEEP:
            self.sweep()

    def sweep(self) -> None:
        """Delete what is too old, and the oldest where there is too much."""
        self._swept_at = now = self._now()
        found = sorted(
            (file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.glob(f"{_DATE}/*/*.skrec")
        )
        total = sum(size for _, size, _ in found)
        goal = total if total <= self._max_bytes else self._max_bytes * _EASE
        for changed_at, size, file in found:
            if total <= goal and now - changed_at <= self._max_seconds:
                break
            file.unlink(missing_ok=True)
            self.swept += 1
            total -= size
        self._size = total


def _spools(bodies: Iterable[Body]) -> list[Spool]:
    return [body.spool for body in bodies if isinstance(body.spool, Spool)]


def _safe(name: str) -> str:
    """Return a name for a file: nothing in it leads elsewhere, and nothing hides it."""
    return _NAME.sub("_", name).lstrip(".")[:_LONGEST_NAME] or UNKNOWN


def _chance(name: str) -> float:
    """Return a number between 0 and 1 that is always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:6]) / (1 << 48)
