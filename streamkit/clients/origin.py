"""Where the bodies of one run come from: the request that begins it, and what can be asked when one breaks off."""

from collections.abc import Awaitable, Callable

from streamkit.clients.body import Body
from streamkit.clients.operation import Call
from streamkit.run import Run


class Origin:
    """Asks for the bodies of one run. A vendor says how; by default there is one body and nothing else."""

    aside_every: float | None = None
    """After so many seconds of silence, and at the end, `aside` is asked; None if it has nothing to say."""

    async def aside(self, run: Run) -> bytes:
        """Return frames of what the stream of a run does not tell; none if there is nothing new.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        return b""

    async def first(self) -> Body:
        """Begin the run, or join it.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        raise NotImplementedError

    def goes_on(self, run: Run) -> bool:
        """Whether a run that paused goes on by itself, as what it waited for was done."""
        return False

    async def again(self, run: Run) -> Body | None:
        """Return a body in which a run goes on that broke off; None if there is none.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        return None

    async def verdict(self, run: Run) -> bytes | None:
        """Return a body that tells how a run ended; None if nobody knows.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        return None

    async def stop(self, run: Run) -> None:
        """Ask the server to stop a run.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
            RuntimeError: it has no way to do that, or has not named the run yet.
        """
        raise RuntimeError("this server has no way to stop a run")


class OneBody(Origin):
    """A run of which there is one body, and nothing more can be asked."""

    def __init__(self, open_body: Callable[[Call], Awaitable[Body]], call: Call) -> None:
        """Prepare a run.

        Args:
            open_body: sends a request.
            call: the request.
        """
        self._open_body = open_body
        self._call = call

    async def first(self) -> Body:
        """Begin the run."""
        return await self._open_body(self._call)
