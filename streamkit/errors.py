"""What streamkit raises.

What a peer sends is never an exception in the core: it becomes an event or an anomaly of the run.
Exceptions are for the caller's mistakes and for the rim::

    StreamkitError                    everything we raise
    ├─ UnknownDialect(name)           a dialect that does not exist was asked for
    ├─ RunFailed(run)                 only from Run.raise_for_status(), for those who want it
    ├─ BadWhere(text, place, reason)  a filter that means nothing
    ├─ BadPattern(reason)             a regular expression that is none, or that might never end
    ├─ RecordingError(path, line, reason)  a recording that cannot be read, or not by this installation
    └─ ReplayError(reason)            a name, a place or a fault that cannot be replayed

Wrong use of an object (feeding after close) is a plain ``RuntimeError``.
"""

from typing import Final

_SHOWN: Final = 40
"""So much of a text that was given is repeated in a message."""


class StreamkitError(Exception):
    """The root of everything that streamkit raises."""


class UnknownDialect(StreamkitError):
    """A dialect that does not exist was asked for by name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown dialect {name!r}; known: {', '.join(known)}")
        self.name = name
        """The name that was asked for."""
        self.known = known
        """The names that exist."""


class RunFailed(StreamkitError):
    """A run did not succeed, and the caller asked to hear of it by ``raise_for_status``."""

    def __init__(self, status: str, message: str | None, code: str | None) -> None:
        super().__init__(f"run {status}: {message or 'no reason was given'}")
        self.status = status
        """The status of the run: failed, stopped or interrupted."""
        self.code = code
        """The vendor's error code, where one was sent."""


class BadWhere(StreamkitError):
    """A filter that means nothing; the message is one line and says where and why."""

    def __init__(self, text: str, place: int, reason: str) -> None:
        rest = text[place : place + _SHOWN]
        where = f"at {rest!r} (character {place + 1})" if rest else "at its end"
        super().__init__(f"{reason}; {where}")
        self.text = text
        """The filter."""
        self.place = place
        """Where in it, counted from 0."""
        self.reason = reason
        """What is wrong there."""


class BadPattern(StreamkitError):
    """A regular expression that is none, or that might never end; the message is one line and says why."""


class RecordingError(StreamkitError):
    """A recording that cannot be read, or not by this installation; the message is one line and says where and why."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if line is None else f"{path}: line {line} {reason}")
        self.path = path
        """What the file is called."""
        self.line = line
        """The line, counted from 1; None if it is none of them."""
        self.reason = reason
        """What is wrong, as the rest of a sentence."""

    @property
    def problem(self) -> str:
        """The message without the name of the file."""
        return self.reason if self.line is None else f"line {self.line} {self.reason}"


class ReplayError(StreamkitError):
    """A recording, a place or a fault that cannot be replayed; the message says why, in one line for each reason."""
