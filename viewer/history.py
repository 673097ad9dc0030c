"""What was when: of every event its place and time, of every execution how it stood after which event.

A view that looks back asks for one number at a time: how did this execution stand at that event? No state is kept for
that, only what changed, in arrays: a log of changes, each of which knows the change of the same execution before it. An
event costs 16 bytes, a change 20, a stretch of events that concern one execution 12, however many there are.

Events are numbered from 1: at event 0 nothing has come yet. Executions have the number of their run's, from 1 too. Every
question takes the time of a bisection, or of a walk along the few changes that one execution has.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final, Literal, get_args

from streamkit.run import NodeExecution
from streamkit.run.execution import OPEN
from streamkit.run.state import NodeStatus, RunStatus

Edge = Literal["begin", "end", "error", "pause", "retry"]
"""What events stand out by: an execution begins, ends, fails, waits, is tried again; a run fails or waits."""
EDGES: Final[tuple[Edge, ...]] = get_args(Edge)

_STATUSES: Final[tuple[NodeStatus, ...]] = get_args(NodeStatus)
_CODES: Final = {status: code for code, status in enumerate(_STATUSES)}
_GONE: Final = 255
"""The code of an execution that was taken back: it was none."""
_RUN_STATUSES: Final[tuple[RunStatus, ...]] = get_args(RunStatus)
_RUN_CODES: Final = {status: code for code, status in enumerate(_RUN_STATUSES)}
_MOST: Final = 2**63 - 1
_MOST_ATTEMPTS: Final = 2**16 - 1
_UNTOLD: Final = -1

_EDGE_OF: Final[dict[str, Edge]] = {"running": "begin", "paused": "pause", "failed": "error", "exception": "error"}
"""By the status that was reached; every other one is an end."""


class History:
    """The log of one run."""

    __slots__ = (
        "_attempts",
        "_before",
        "_births",
        "_changed_at",
        "_edges",
        "_ids",
        "_latest",
        "_offsets",
        "_run_at",
        "_run_statuses",
        "_run_tokens",
        "_statuses",
        "_times",
        "_tokens",
        "_touched",
        "_touched_before",
        "_touched_from",
        "_touched_to",
    )

    def __init__(self) -> None:
        # events
        self._offsets = array("Q")
        self._times = array("d")
        # executions, by number - 1: its id, the event at which it began, its last change and its last stretch (0: none)
        self._ids: list[str] = []
        self._births = array("I")
        self._latest = array("I")
        self._touched = array("I")
        # changes of executions
        self._changed_at = array("I")
        self._statuses = array("B")
        self._tokens = array("q")
        self._attempts = array("H")
        self._before = array("I")
        # stretches of events that concern one execution, both ends included
        self._touched_from = array("I")
        self._touched_to = array("I")
        self._touched_before = array("I")
        # changes of the run
        self._run_at = array("I", [0])
        self._run_statuses = array("B", [_RUN_CODES["running"]])
        self._run_tokens = array("q", [0])
        self._edges: dict[Edge, array[int]] = {kind: array("I") for kind in EDGES}

    # ---- writing

    def record(self, offset: int, time: float) -> None:
        """Note that the next event came.

        Args:
            offset: where its frame begins in the spool of its body.
            time: when it came: not before the one before it.
        """
        self._offsets.append(offset)
        self._times.append(time)

    def record_all(self, offsets: Iterable[int], times: Iterable[float]) -> None:
        """Note that the next events came, as `record` does of one."""
        self._offsets.extend(offsets)
        self._times.extend(times)

    def touch(self, number: int, events: int = 1) -> None:
        """Note that the last events concern an execution that was seen."""
        last, latest = len(self._times), self._touched[number - 1]
        first = last - events + 1
        if latest:
            to = self._touched_to[latest - 1]
            if to >= first - 1:
                self._touched_to[latest - 1] = last
                return
        self._touched_from.append(first)
        self._touched_to.append(last)
        self._touched_before.append(latest)
        self._touched[number - 1] = len(self._touched_to)

    def see(self, node: NodeExecution) -> bool:
        """Note how an execution stands after the last event; return whether that is news."""
        number, status, told = node.number, node.status, node.total_tokens
        attempts = 0 if node.is_bare else min(len(node.attempts), _MOST_ATTEMPTS)
        tokens = _UNTOLD if told is None else max(0, min(told, _MOST))
        if number > len(self._births):
            self._be_born(number, node.id)
        change = self._latest[number - 1] - 1
        before = self._statuses[change] if change >= 0 else None
        code = _CODES[status]
        if code == before and tokens == self._tokens[change] and attempts == self._attempts[change]:
            return False
        if code != before:
            self._mark(_EDGE_OF.get(status, "end"))
        if attempts > (self._attempts[change] if change >= 0 else 0):
            self._mark("retry")
        self._change(number, code, tokens, attempts)
        return True

    def lose(self, execution_id: str) -> None:
        """Note that an execution was taken back; nearly always it began a moment ago."""
        for number in range(len(self._ids), 0, -1):
            if self._ids[number - 1] == execution_id:
                self._change(number, _GONE, _UNTOLD, 0)
                return

    def see_run(self, status: RunStatus, leaf_tokens: int) -> None:
        """Note how the run stands after the last event."""
        code, tokens = _RUN_CODES[status], max(0, min(leaf_tokens, _MOST))
        before = self._run_statuses[-1]
        if code == before and tokens == self._run_tokens[-1]:
            return
        if code != before and status in ("failed", "paused"):
            self._mark("error" if status == "failed" else "pause")
        self._run_at.append(len(self._times))
        self._run_statuses.append(code)
        self._run_tokens.append(tokens)

    def _be_born(self, number: int, execution_id: str) -> None:
        while len(self._births) < number:  # of those between, nothing was left before anybody could see them
            self._ids.append(execution_id if len(self._births) == number - 1 else "")
            self._births.append(len(self._times))
            self._latest.append(0)
            self._touched.append(0)

    def _change(self, number: int, code: int, tokens: int, attempts: int) -> None:
        self._changed_at.append(len(self._times))
        self._statuses.append(code)
        self._tokens.append(tokens)
        self._attempts.append(attempts)
        self._before.append(self._latest[number - 1])
        self._latest[number - 1] = len(self._changed_at)

    def _mark(self, kind: Edge) -> None:
        marks, event = self._edges[kind], len(self._times)
        if not marks or marks[-1] != event:
            marks.append(event)

    # ---- events

    @property
    def events(self) -> int:
        """How many came."""
        return len(self._times)

    @property
    def began_at(self) -> float:
        """When the first event came."""
        return self._times[0] if self._times else 0.0

    @property
    def ended_at(self) -> float:
        """When the last event came."""
        return self._times[-1] if self._times else 0.0

    def time_of(self, event: int) -> float:
        """Return when an event came; of event 0, when the first one did."""
        return self._times[max(event, 1) - 1] if self._times else 0.0

    def event_at(self, time: float) -> int:
        """Return the last event that had come by a time."""
        return bisect_right(self._times, time)

    def offset_of(self, event: int) -> int:
        """Return where the frame of an event begins in the spool of its body."""
        return self._offsets[event - 1]

    def density(self, columns: int) -> list[int]:
        """Return how many events came in each of so many equal stretches of time."""
        began, took = self.began_at, self.ended_at - self.began_at
        bounds = [bisect_left(self._times, began + took * column / columns) for column in range(columns)]
        return [end - start for start, end in zip(bounds, [*bounds[1:], len(self._times)], strict=True)]

    def edges(self, kind: Edge) -> "array[int]":
        """Return the events at which something of a kind happened, in order; the array is not the caller's."""
        return self._edges[kind]

    def next_edge(self, event: int, kinds: tuple[Edge, ...] = EDGES) -> int | None:
        """Return the first event after one at which something of some kinds happened."""
        found = [marks[at] for marks in self._marks(kinds) if (at := bisect_right(marks, event)) < len(marks)]
        return min(found, default=None)

    def last_edge(self, event: int, kinds: tuple[Edge, ...] = EDGES) -> int | None:
        """Return the last event before one at which something of some kinds happened."""
        found = [marks[at - 1] for marks in self._marks(kinds) if (at := bisect_left(marks, event))]
        return max(found, default=None)

    def _marks(self, kinds: tuple[Edge, ...]) -> "list[array[int]]":
        return [self._edges[kind] for kind in kinds]

    # ---- the run

    def run_status_at(self, event: int) -> RunStatus:
        """Return how the run stood after an event."""
        return _RUN_STATUSES[self._run_statuses[self._run_change(event)]]

    def leaf_tokens_at(self, event: int) -> int:
        """Return how many tokens its leaves had spent."""
        return self._run_tokens[self._run_change(event)]

    def _run_change(self, event: int) -> int:
        return bisect_right(self._run_at, event) - 1

    # ---- executions

    @property
    def executions(self) -> int:
        """How many began, those that were taken back included."""
        return len(self._births)

    def id_of(self, number: int) -> str:
        """Return the id of an execution; it is empty if nobody ever saw it."""
        return self._ids[number - 1]

    def count_at(self, event: int) -> int:
        """Return how many executions had begun: those with a number up to this one."""
        return bisect_right(self._births, event)

    def status_of(self, number: int, event: int) -> NodeStatus | None:
        """Return how an execution stood; None before it began, and once it was taken back."""
        change = self._change_at(number, event)
        code = self._statuses[change] if change >= 0 else _GONE
        return None if code == _GONE else _STATUSES[code]

    def tokens_of(self, number: int, event: int) -> int | None:
        """Return what an execution had spent, as far as it was told."""
        change = self._change_at(number, event)
        tokens = self._tokens[change] if change >= 0 else _UNTOLD
        return None if tokens == _UNTOLD else tokens

    def attempts_of(self, number: int, event: int) -> int:
        """Return how many tries of an execution had failed before the one that went on."""
        change = self._change_at(number, event)
        return self._attempts[change] if change >= 0 else 0

    def ended_of(self, number: int, event: int) -> float | None:
        """Return when an execution had ended; None while it went on."""
        change, ended = self._change_at(number, event), None
        while change >= 0 and self._statuses[change] != _GONE and _STATUSES[self._statuses[change]] not in OPEN:
            ended = self.time_of(self._changed_at[change])
            change = self._before[change] - 1
        return ended

    def touched(self, number: int) -> list[range]:
        """Return the events that concern an execution: stretches of them, in order."""
        stretches = []
        at = self._touched[number - 1] if 0 < number <= len(self._touched) else 0
        while at:
            stretches.append(range(self._touched_from[at - 1], self._touched_to[at - 1] + 1))
            at = self._touched_before[at - 1]
        return stretches[::-1]

    def _change_at(self, number: int, event: int) -> int:
        """Return the last change of an execution up to an event; -1 if there is none."""
        change = self._latest[number - 1] - 1 if 0 < number <= len(self._latest) else -1
        while change >= 0 and self._changed_at[change] > event:
            change = self._before[change] - 1
        return change
