"""A recording of a run: where it fails it ends, and the run goes on without it, as it costs money and is there once."""

import contextlib
from collections.abc import Callable

from streamkit.clients.answer import Received
from streamkit.clients.body import Body
from streamkit.clients.operation import Call
from streamkit.clients.tape import NO_TAPE, FileTape, Tape


class Kept(Tape):
    """A tape that raises nothing."""

    def __init__(self, tape: Tape) -> None:
        self.problem: str | None = None
        """Why it ended; None as long as it records."""
        self._tape = tape

    def begin(self, body: Body) -> None:
        """Record a body from now on."""
        self._try(lambda tape: tape.begin(body))

    def write(self, chunk: bytes) -> None:
        """Record a chunk of it."""
        self._try(lambda tape: tape.write(chunk))

    def end(self, how: str, reason: str | None = None) -> None:
        """Record how it ended."""
        self._try(lambda tape: tape.end(how, reason))

    def exchange(self, call: Call, received: Received, url: str) -> None:
        """Record a small request with its answer."""
        self._try(lambda tape: tape.exchange(call, received, url) if isinstance(tape, FileTape) else None)

    def _try(self, work: Callable[[Tape], None]) -> None:
        try:
            work(self._tape)
        except OSError as error:
            broken, self._tape = self._tape, NO_TAPE
            reason = ": ".join(filter(None, (error.filename, (error.strerror or str(error)).lower())))
            with contextlib.suppress(OSError):
                broken.end("error", reason)
            self.problem = f"not recorded any more: {reason}"
