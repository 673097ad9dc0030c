"""What streamkit raises.

What a peer sends is never an exception in the core: it becomes an event or an anomaly of the run.
Exceptions are for the caller's mistakes and for the rim::

    StreamkitError                    everything we raise
    ├─ UnknownDialect(name)           a dialect that does not exist was asked for
    └─ RunFailed(run)                 only from Run.raise_for_status(), for those who want it

Wrong use of an object (feeding after close) is a plain ``RuntimeError``.
"""


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
