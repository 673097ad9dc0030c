"""What is different on the wire from one version of Dify to the next.

Nothing on the wire names the version; each fact here is told by the frames of servers of that version. Where no recording
shows when something came, the first version is meant that is known to have it.
"""

from typing import Final, NamedTuple

_OLDEST, _NEWEST = (0, 8), (1, 17)


class Version(NamedTuple):
    """A version of Dify."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def is_spaced(self) -> bool:
        """JSON with blanks, and ASCII alone."""
        return self < _COMPACT

    @property
    def has_sequence_number(self) -> bool:
        """Runs of an app are counted."""
        return self < _COMPACT

    @property
    def has_selectors(self) -> bool:
        """A piece of an answer says whose it is."""
        return self >= _COMPACT

    @property
    def has_strategies(self) -> bool:
        """Agents are nodes, and have a log."""
        return self >= (1, 0)

    @property
    def has_loops(self) -> bool:
        """There are loops, and nodes say in which they are."""
        return self >= (1, 1)

    @property
    def has_retries(self) -> bool:
        """Tries are repeated, and errors handled."""
        return self >= (0, 14)

    @property
    def is_threaded(self) -> bool:
        """The engine of threads: branches have ids, nodes an index and a predecessor."""
        return self < (1, 9)

    @property
    def has_first_token_times(self) -> bool:
        """Usage says when the first token came."""
        return self >= (1, 10)

    @property
    def is_relayed(self) -> bool:
        """A relay sends the stream: it opens with a ping, and ends with the run. Runs can pause."""
        return self >= (1, 13)

    @property
    def has_submitted_data(self) -> bool:
        """A filled form says what was entered."""
        return self >= (1, 14)

    @property
    def has_reasoning(self) -> bool:
        """Thinking comes in events of its own; forms name their channels."""
        return self >= (1, 15)

    @property
    def has_live_rounds(self) -> bool:
        """Rounds of a parallel iteration interleave as they run, and a loop announces no round too many."""
        return self >= (1, 17)


_COMPACT: Final = (1, 5)


def version_of(text: str) -> Version:
    """Read a version: `1.14`, `1.14.2`.

    Raises:
        ValueError: it is none, or none that is known.
    """
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"{text!r} is no version of Dify; write 1.14, for example")
    version = Version(int(parts[0]), int(parts[1]))
    if not _OLDEST <= version <= _NEWEST:
        raise ValueError(f"Dify {text}: known are 0.8 to 1.17")
    return version
