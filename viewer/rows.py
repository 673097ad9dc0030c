"""What can be a row of the tree, and the names that rows keep while a run goes on."""

from msgspec import Struct

from streamkit.run import Run
from streamkit.run.execution import NodeExecution
from streamkit.run.logs import Log
from streamkit.run.rounds import Round
from streamkit.run.state import Attempt

Item = Run | NodeExecution | Round | Attempt | Log
"""What a row shows: the live object, so that nothing is copied for rows that nobody sees."""

Key = tuple[str | int, ...]
"""The name of a row, which it keeps wherever it moves:

    ("run",)                        the run
    ("x", execution id)             an execution
    ("r", container id, index)      a round
    ("t", execution id, index)      a try before the last one
    ("l", execution id, entry id)   an entry of an agent's log
"""

RUN: Key = ("run",)


class Row(Struct, frozen=True):
    """One row of the tree."""

    key: Key
    item: Item
    depth: int
    """The run's is 0."""
    guides: tuple[bool, ...]
    """For each row above this one in the tree, those below the run: whether its line goes on beside this row."""
    is_last: bool
    """Whether nothing follows under the same row."""
    open: bool | None
    """None where there is nothing to open."""


def named(run: Run, key: Key) -> Item | None:
    """Return what a key names in a run; None if that is not there."""
    kind, *names = key
    if kind == "run":
        return run
    node = run.executions.get(str(names[0]))
    if node is None or kind == "x":
        return node
    if kind == "l":
        return node.entries.get(str(names[1]))
    if kind == "r":
        return node.container.rounds.get(int(names[1])) if node.container else None
    return next((attempt for attempt in node.attempts if attempt.index == names[1]), None)


def key_of_home(home: NodeExecution | Round) -> Key:
    """Return the key of an execution or a round."""
    return ("r", home.container.id, home.index) if isinstance(home, Round) else ("x", home.id)
