"""The events of a run, or of one execution of it, read from where the bytes are kept when somebody looks."""

from collections.abc import Sequence
from typing import overload

from streamkit.run import NodeExecution
from viewer.events import RawEvent
from viewer.rows import Item
from viewer.watched import Watched


class Raw(Sequence[RawEvent]):
    """Events by their place in a list."""

    def __init__(self, watched: Watched, item: Item | None, last: int | None) -> None:
        """List events.

        Args:
            watched: the run.
            item: an execution, whose events alone are listed.
            last: the number of the last one; by default the last that came.
        """
        self._watched = watched
        self._last = watched.events if last is None else last
        history = watched.history
        self._ranges = history.touched(item.number) if isinstance(item, NodeExecution) else [range(1, self._last + 1)]
        self._ranges = [range(part.start, min(part.stop, self._last + 1)) for part in self._ranges]
        self._length = sum(map(len, self._ranges))

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> RawEvent: ...
    @overload
    def __getitem__(self, place: slice) -> list[RawEvent]: ...
    def __getitem__(self, place: int | slice) -> RawEvent | list[RawEvent]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(self._length))]
        number = self._number(place)
        history = self._watched.history
        before = history.time_of(number - 1) if number > 1 else None
        after = history.time_of(number) - before if before is not None else None
        return RawEvent(number, after, *self._watched.frame_of(number))

    def _number(self, place: int) -> int:
        if place < 0:
            place += self._length
        for part in self._ranges:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(place)
