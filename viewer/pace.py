"""Times for a body that was kept without any: when each event may have come.

A raw recording does not say when its frames arrived. Servers stamp some events with whole seconds, and say of what
ended how long it took; between two of those, text is typed at an even speed. The result never goes back, and where a
server's text is longer than its times allow, the typing wins: what is shown is a likely pace, no measurement.
"""

from itertools import accumulate, repeat
from typing import Any, Final

from streamkit.dialects import DIALECTS
from streamkit.dialects.base import Event

TOKENS_A_SECOND: Final = 60
"""How fast text is typed."""

_SECOND: Final = 1.0

_DELTAS: Final = frozenset(kind for known in DIALECTS.values() for kind in known.deltas)
"""The events that text is typed by."""
_STARTS: Final = frozenset({"workflow_started", "node_started", "iteration_started", "loop_started"})
_ENDS: Final = frozenset(
    {"workflow_finished", "workflow_paused", "node_finished", "iteration_completed", "loop_completed"}
)
_LAST_STAMP: Final = 1e11
"""Epoch seconds of the year 5138; larger ones are milliseconds, or nothing."""
_FIRST_STAMP: Final = 1e8
"""Epoch seconds of 1973; smaller ones count from something else, as RAGFlow's performance counters do."""


_NUMBER: Final = (int, float)
"""A union of types would be made anew at each question."""


class Pace:
    """Gives every event of a run a time, in seconds since its first one."""

    __slots__ = ("_began", "_origin", "now")

    def __init__(self) -> None:
        self.now = 0.0
        """The time of the last event."""
        self._origin: float | None = None
        """The server's time at our zero."""
        self._began: dict[str | None, float] = {}
        """When what is open began, by its id on the wire; the run itself is None."""

    def at(self, event: Event) -> float:
        """Return when an event may have come: not before the one before it."""
        if type(event) in _DELTAS:
            self.now += 1 / TOKENS_A_SECOND
        elif (kind := event.kind) in _STARTS:
            self._start(event)
        elif kind in _ENDS:
            self._end(event)
        return self.now

    def typed(self, count: int) -> list[float]:
        """Return when so many pieces of text may have come, one after the other: as `at` says it of each."""
        times = list(accumulate(repeat(1 / TOKENS_A_SECOND, count), initial=self.now))[1:]
        self.now = times[-1]
        return times

    def _start(self, event: Event) -> None:
        # Any: the vendors' structs, which have these words in common; whichever lacks one says nothing by it
        data: Any = getattr(event, "data", None)
        self._reach(_stamp(data, "created_at"))
        self._began[_id(event, data)] = self.now

    def _end(self, event: Event) -> None:
        data: Any = getattr(event, "data", None)
        began = self._began.pop(_id(event, data), None)
        took = _number(data, "elapsed_time")
        if began is not None and took is not None:
            self.now = max(self.now, began + took)
        self._reach(_stamp(data, "finished_at"))

    def _reach(self, stamp: float | None) -> None:
        """Go on to a time of the server's, if that is surely later; the first one says where its clock stands.

        Between two whole seconds lies anything from one second less than their difference to one more.
        """
        if stamp is None:
            return
        if self._origin is None:
            self._origin = stamp - self.now
        unsure = _SECOND if stamp.is_integer() else 0.0
        self.now = max(self.now, stamp - self._origin - unsure)


def _id(event: Event, data: Any) -> str | None:  # noqa: ANN401 - a vendor's struct
    """Return what the wire calls what begins or ends; None for the run."""
    if event.kind.startswith("workflow"):
        return None
    found = getattr(data, "id", None) or getattr(data, "component_id", None)
    return found if isinstance(found, str) else ""


def _stamp(data: Any, name: str) -> float | None:  # noqa: ANN401 - a vendor's struct
    stamp = _number(data, name)
    return stamp if stamp is not None and stamp >= _FIRST_STAMP else None


def _number(data: Any, name: str) -> float | None:  # noqa: ANN401 - a vendor's struct
    """Return a number of seconds; None if it is none that anything can be reckoned from."""
    number = getattr(data, name, None)
    return float(number) if isinstance(number, _NUMBER) and 0 <= number < _LAST_STAMP else None
