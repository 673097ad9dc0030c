"""The state of a run that passes: its figures out of memory, or all of it out of what is on the disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from anyio import to_thread

from streamkit.errors import RecordingError
from streamkit.gateway.body import Body
from streamkit.recording import open_recording
from streamkit.run import Run, RunState
from streamkit.tap import Tap


def shown(body: Body) -> RunState:
    """Return the state of a run without anything that was said: not what is asked for in forms either, or thought."""
    state = body.run.snapshot().without_secrets()
    forms = tuple(
        msgspec.structs.replace(form, content=None, inputs=(), actions=(), submitted=None) for form in state.forms
    )
    return msgspec.structs.replace(state, app=state.app or body.app, forms=forms, thoughts=(), files=(), citations=())


async def replayed(bodies: Sequence[Body]) -> RunState:
    """Return the state of a run with all that was said, as far as it is on the disk, where it is masked.

    Args:
        bodies: of one run, in order.
    """
    first = bodies[0].created
    parts = [
        _Part(body.spool.path, (body.created - first).total_seconds(), body.ended is not None)
        for body in bodies
        if body.spool is not None
    ]
    run = await to_thread.run_sync(_folded, parts)
    if run is None:
        return shown(bodies[-1])
    state = run.snapshot().without_secrets()
    last = bodies[-1].run
    return msgspec.structs.replace(state, app=last.app or bodies[-1].app, user=last.user or state.user)


class _Part(NamedTuple):
    """A body on the disk."""

    path: Path
    began_at: float
    """In seconds after the first one."""
    is_over: bool


def _folded(parts: Sequence[_Part]) -> Run | None:
    """Fold bodies into one run; None if none can be read."""
    run: Run | None = None
    for part in parts:
        try:
            with open_recording(part.path) as reader:
                tap = Tap("auto", run=run)
                at = part.began_at
                for chunk in reader:
                    at = part.began_at + chunk.at
                    tap.feed(chunk.data, at=at)
                if part.is_over:
                    tap.close(at=at)
                run = tap.run
        except (OSError, RecordingError):
            continue
    return run
