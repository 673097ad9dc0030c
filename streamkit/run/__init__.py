"""The run: the one vocabulary that everything behind a dialect reads.

* `run`, `answer`, `tree` and `places`: the live run and its operations, one class in four rooms
* `execution`, `rounds`, `logs`, `forms`, `leaves`: what a run is made of
* `retention`: what a run keeps of what it sees
* `state`: the published, frozen form (`Run.snapshot()`, `streamkit inspect --json`)
* `anomaly`: the closed set of what may not fit; `journal`: what changed since a revision
* `payload`, `text`, `segments`: JSON kept undecoded, growing text, tokens by response body
"""

from streamkit.run.anomaly import KINDS
from streamkit.run.execution import NodeExecution
from streamkit.run.journal import Changes
from streamkit.run.leaves import NodeUsage
from streamkit.run.retention import GATEWAY, Retention
from streamkit.run.rounds import Round
from streamkit.run.run import NO_CURRENCY, Run
from streamkit.run.state import (
    HIDDEN,
    Anomaly,
    HumanInput,
    LogEntry,
    RunError,
    RunState,
    Segment,
    Thought,
    Usage,
    stable,
)

__all__ = [
    "GATEWAY",
    "HIDDEN",
    "KINDS",
    "NO_CURRENCY",
    "Anomaly",
    "Changes",
    "HumanInput",
    "LogEntry",
    "NodeExecution",
    "NodeUsage",
    "Retention",
    "Round",
    "Run",
    "RunError",
    "RunState",
    "Segment",
    "Thought",
    "Usage",
    "stable",
]
