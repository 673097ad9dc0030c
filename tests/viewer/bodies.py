"""Bodies to watch: fixtures, and small ones made here."""

import io

import msgspec

from streamkit.run import stable
from tests.golden.goldens import bodies, body_of, name_of
from viewer.spool import KeptSpool
from viewer.stream import Watch

BODIES = {name_of(path): body_of(path) for path in bodies()}
TWO_RUNS = {"hostile/foreign_message", "hostile/foreign_run"}
"""A tap calls the second run of a body foreign; here it is a run."""
ONE_RUN = [name for name in BODIES if name not in TWO_RUNS]
RICH = [name for name in ONE_RUN if 2_000 < len(BODIES[name]) < 60_000 and BODIES[name].startswith((b"data", b"event"))]


def memory():
    """A spool that needs no disk, and no closing."""
    return KeptSpool(io.BytesIO())


def frame(event, **data):
    """A frame of Dify's."""
    return b"data: " + msgspec.json.encode({"event": event, **data}) + b"\n\n"


def workflow(run, *frames):
    """A body of a workflow that succeeds."""
    names = {"workflow_run_id": run, "task_id": f"task-{run}"}
    began = {"id": run, "created_at": 1776000000, "inputs": {}}
    ended = {"id": run, "status": "succeeded", "outputs": {}, "elapsed_time": 2.5, "finished_at": 1776000003}
    inside = [frame(event, **names, data=data) for event, data in frames]
    first, last = frame("workflow_started", **names, data=began), frame("workflow_finished", **names, data=ended)
    return b"".join([first, *inside, last])


def node(number, **data):
    """What a frame says of an execution."""
    return {"id": f"x{number}", "node_id": f"n{number}", "node_type": "llm", "title": f"Node {number}", **data}


def state(run):
    """All of a run but ids and times."""
    return msgspec.json.encode(stable(run.snapshot()))


def watch(*pieces, close=True, at=None):
    """Watch one body; returns all that is watched."""
    found = Watch()
    stream = found.open("body", memory())
    for piece in pieces:
        stream.feed(piece, at)
    if close:
        stream.close()
    return found
