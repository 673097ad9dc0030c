"""The flight recorder: every run is spooled, and the recordings of those that matter stay.

They stand as `DATE/APP/STATUS-RUN.skrec` below one folder. A run that pauses is decided on when it ends, with all its
bodies.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from streamkit.gateway.body import UNKNOWN, Body
from streamkit.gateway.heads import Head
from streamkit.gateway.spool import Spool
from streamkit.run import Run
from streamkit.subjects import RunSubject
from streamkit.where import Where

_NAME: Final = re.compile(r"[^\w.@+-]+")
_LONGEST_NAME: Final = 80
_UNDECIDED: Final = 1_000
"""So many runs that paused wait to be decided on."""


class FlightRecorder:
    """Keeps recordings of runs; a listener of the proxy, before the spools."""

    def __init__(self, *, keep: Where | None = None, sample: float = 0.0) -> None:
        """Prepare to keep.

        Args:
            keep: which runs matter; by default all.
            sample: the part of all others that stays as well, from 0 to 1. Chosen by the id of the run, so that every
                process chooses the same.
        """
        self._keep = keep
        self._sample = sample
        self._undecided: OrderedDict[int, tuple[Run, list[Body]]] = OrderedDict()

    def body_began(self, body: Body) -> None:
        """Nothing is decided before the end."""

    def body_answered(self, body: Body, head: Head) -> None:
        """Nothing is decided before the end."""

    def body_ended(self, body: Body) -> None:
        """Decide whether its recording stays, with those of earlier bodies of the run."""
        if not body.is_run or body.status is None:
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
            body.recording = _name_of(run, body)
            for spool in _spools([body]):
                spool.keep(body.recording)


def _name_of(run: Run, body: Body) -> str:
    """Return where a recording is to stand. Bodies behind the first one of a run have their handle in their name."""
    name = run.id or run.message_id or body.handle
    is_first = body.spent.index == 0 and not (body.route is not None and body.route.kind == "resume")
    suffix = "" if is_first and run.dialect != "openai" else f"-{body.handle}"  # OpenAI's ids name chats, too
    file = f"{run.status}-{_safe(body.secrets.text(name))}{suffix}.skrec"
    return f"{body.created:%Y-%m-%d}/{_safe(body.label)}/{file}"


def _spools(bodies: Iterable[Body]) -> list[Spool]:
    return [body.spool for body in bodies if isinstance(body.spool, Spool)]


def _safe(name: str) -> str:
    """Return a name for a file: nothing in it leads elsewhere, and nothing hides it."""
    return _NAME.sub("_", name).lstrip(".")[:_LONGEST_NAME] or UNKNOWN


def _chance(name: str) -> float:
    """Return a number between 0 and 1 that is always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:6]) / (1 << 48)
