"""What streamkit raises.

What a peer sends is never an exception in the core: it becomes an event or an anomaly of the run.
Exceptions are for the caller's mistakes and for the rim::

    StreamkitError                    everything we raise
    ├─ UnknownDialect(name)           a dialect that does not exist was asked for
    ├─ RunFailed(run)                 only from Run.raise_for_status(), for those who want it
    ├─ BadWhere(text, place, reason)  a filter that means nothing
    ├─ BadPattern(reason)             a regular expression that is none, or that might never end
    ├─ RecordingError(path, line, reason)  a recording that cannot be read, or not by this installation
    ├─ ReplayError(reason)            a name, a place or a fault that cannot be replayed
    └─ UpstreamError                  a server did not do what a client asked of it
       ├─ Unreachable(host, reason)   there was no connection: nothing was sent, to ask again is safe
       ├─ Interrupted(at, bytes_seen, reason)  it broke off: whether the server did what was asked is unknown
       ├─ UnexpectedAnswer(status, content_type, body_start)  an answer that means nothing: a proxy's page, no JSON
       │  └─ NotAnEventStream         the same where a stream was asked for
       └─ Refused(code, status, message)  the server said no
          ├─ DifyError
          ├─ RAGFlowError
          └─ ParadigmError

Wrong use of an object (feeding after close) is a plain ``RuntimeError``.
"""

from typing import Final

_SHOWN: Final = 40
"""So much of a text that was given is repeated in a message."""


class StreamkitError(Exception):
    """The root of everything that streamkit raises."""


def line_of(error: BaseException) -> str:
    """Return an error as one line, with its notes."""
    return "; ".join([str(error), *getattr(error, "__notes__", ())])


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


class UpstreamError(StreamkitError):
    """A server did not do what a client asked of it."""


class Unreachable(UpstreamError):
    """There was no connection to a server. Nothing was sent, so to ask again is safe."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"cannot reach {host}: {reason}")
        self.host = host
        """The server, with its port."""
        self.reason = reason
        """Why not."""


class Interrupted(UpstreamError):
    """A connection broke off. Whether the server does what was asked is unknown, so to ask again may do it twice."""

    def __init__(self, at: float, bytes_seen: int, reason: str) -> None:
        super().__init__(f"broken off after {at:.1f} s and {bytes_seen:,} bytes: {reason}")
        self.at = at
        """Seconds since the request was sent."""
        self.bytes_seen = bytes_seen
        """So much of the body had come."""
        self.reason = reason
        """What broke it."""


class UnexpectedAnswer(UpstreamError):
    """An answer that means nothing: the page of a proxy, no JSON, JSON of another shape."""

    wanted = "the JSON that was asked for"
    """What it should have been."""

    def __init__(self, status: int, content_type: str, body_start: str) -> None:
        said = f": {body_start[:_SHOWN]!r}" if body_start else ""
        super().__init__(f"not {self.wanted}, but {content_type or 'something unnamed'} (HTTP {status}){said}")
        self.status = status
        """The status of the answer."""
        self.content_type = content_type
        """What it said that it was."""
        self.body_start = body_start
        """How it begins."""


class NotAnEventStream(UnexpectedAnswer):
    """A stream was asked for, and something else came."""

    wanted = "an event stream"


class Refused(UpstreamError):
    """A server said no, in its own words."""

    def __init__(self, code: str, status: int, message: str) -> None:
        details = ", ".join(word for word in (code, f"HTTP {status}") if word)
        super().__init__(f"{message or 'refused without a reason'} ({details})")
        self.code = code
        """The vendor's code for it; empty where there is none, as of a proxy's refusal."""
        self.status = status
        """The status of the answer; RAGFlow refuses with 200, too."""
        self.message = message
        """Why, in the server's words."""


class DifyError(Refused):
    """Dify said no."""


class RAGFlowError(Refused):
    """RAGFlow said no."""


class ParadigmError(Refused):
    """LightOn Paradigm said no."""
