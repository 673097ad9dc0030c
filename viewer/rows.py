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


def key_of_home(home: NodeExecution | Round) -> Key:
    """Return the key of an execution or a round."""
    return ("r", home.container.id, home.index) if isinstance(home, Round) else ("x", home.id)
