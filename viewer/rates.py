"""How fast a live run speaks: tokens a second, estimated from the pieces in which its text comes.

Servers tell tokens when an execution ends, not while it speaks. Until then one piece of text is taken for one token,
which is what models make; nothing is summed up from it.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from streamkit.dialects import DIALECTS
from streamkit.dialects.base import kind_of
from streamkit.run import Run

_KEPT: Final = 60
"""Seconds."""
_PIECES: Final[Mapping[str, Sequence[str]]] = {name: [*map(kind_of, known.deltas)] for name, known in DIALECTS.items()}
"""By dialect, the words on the wire that text comes with."""


class Rates:
    """Pieces of text in each of the last seconds."""

    def __init__(self) -> None:
        """Begin before the first look."""
        self._seconds: deque[int] = deque(maxlen=_KEPT)
        self._run: Run | None = None
        self._second = 0
        self._pieces = 0

    def look(self, run: Run, now: float) -> Sequence[int]:
        """Look at a run again, several times a second if something comes.

        Args:
            run: another one than before begins anew.
            now: seconds on any clock that goes on.

        Returns:
            One number for each second that is over, the last one at the end; nothing for a run that says nothing.
        """
        second, pieces = int(now), sum(run.events.get(kind, 0) for kind in _PIECES.get(run.dialect, ()))
        if run is not self._run:
            self._seconds.clear()
            self._run, self._second, self._pieces = run, second, pieces
        if second > self._second:
            quiet = min(second - self._second - 1, _KEPT)
            self._seconds += (pieces - self._pieces, *[0] * quiet)
            self._second, self._pieces = second, pieces
        return tuple(self._seconds) if any(self._seconds) else ()
