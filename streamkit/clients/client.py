"""What the clients of all vendors have in common: a connection, operations, and what a refusal is."""

import os
from types import TracebackType
from typing import Any, ClassVar, Final, Self

import aiohttp

from streamkit.clients.answer import Received
from streamkit.clients.body import Body, body_of
from streamkit.clients.connection import Connection, reason_of
from streamkit.clients.operation import Call, Operation, Route
from streamkit.clients.origin import Origin
from streamkit.clients.patience import Patience
from streamkit.clients.secret import Secret, without_key
from streamkit.clients.stream import RunStream
from streamkit.clients.tape import NO_TAPE, FileTape, Record, Tape
from streamkit.errors import Interrupted, Refused
from streamkit.run import Run
from streamkit.tap import Tap

_REFUSED: Final = 300
"""Redirects of a POST are refusals, too: what was meant is not there."""


class Client:
    """A client of one server. `async with` it; whatever it opened is closed when the block is left."""

    dialect: ClassVar[str]
    """Whose streams it reads."""

    def __init__(
        self,
        base: str,
        api_key: str | Secret | None,
        *,
        patience: Patience,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base: what stands before all paths.
            api_key: is sent as a bearer token, and shown nowhere.
            patience: how long to wait for what.
            session: one of the caller's, who closes it; by default an own one.

        Raises:
            ValueError: the key is none.
        """
        key = Secret(api_key) if isinstance(api_key, str) else api_key
        self.connection = Connection(base, key, patience, session)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.connection.base}>"

    async def __aenter__(self) -> Self:
        await self.connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.__aexit__(kind, error, trace)

    @property
    def patience(self) -> Patience:
        """How long it waits for what."""
        return self.connection.patience

    async def perform(self, operation: Operation, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what it declares
        """Perform an operation and return its answer: what the methods of a table do.

        Args:
            operation: which one.
            arguments: by the names of its parameters.

        Raises:
            UpstreamError: the server cannot be reached, or refused, or answered something else.
        """
        route = self.route_of(operation)
        received = await self.fetch(operation.call(self._completed(operation, arguments), route))
        return operation.reading.read(received, self._payload(operation, received))

    def route_of(self, operation: Operation) -> Route:
        """Return how this server spells an operation."""
        return operation.route

    async def fetch(self, call: Call, *, limit: float | None = None) -> Received:
        """Send a small request, and return the answer.

        Args:
            call: the request.
            limit: seconds for all of it; by default as the patience says.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
        """
        received = await self.connection.fetch(call, limit=limit)
        refused = self.refusal(received)
        if refused is not None:
            raise refused
        return received

    async def open_body(self, call: Call) -> Body:
        """Send a request whose answer is a stream, and return its body.

        Raises:
            UpstreamError: the server cannot be reached, or refused, or answered something else.
        """
        response = await self.connection.open(call)
        try:
            return await body_of(call, response, self.refusal, self.patience.answer, self.connection.key)
        except TimeoutError:
            raise Interrupted(self.patience.answer, 0, "no answer in time") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Interrupted(0.0, 0, reason_of(error)) from None

    def _whole(self, received: Received) -> Run:
        """Return the run that an answer tells all of."""
        tap = Tap(self.dialect)
        tap.feed(without_key(received.body, self.connection.key))
        tap.close()
        return tap.run

    def stream_of(
        self,
        origin: Origin,
        *,
        dialect: str | None = None,
        run: Run | None = None,
        record: Record = None,
        stop_if_left: bool = False,
    ) -> RunStream:
        """Return a stream of what an origin gives.

        Args:
            origin: where the bodies come from.
            dialect: whose they are; by default the client's.
            run: the run that it goes on with; by default a new one.
            record: record the stream in this file, or on this tape.
            stop_if_left: whether to stop the run when the stream is left before its end.

        Raises:
            OSError: nothing can be recorded there: the file exists, its folder does not.
            RecordingError: a `.zst` needs an extra.
        """
        name = dialect or self.dialect
        if record is None:
            tape = NO_TAPE
        elif isinstance(record, Tape):
            tape = record
        else:
            tape = FileTape(record, name, secrets=[self.connection.key])
        return RunStream(origin, name, patience=self.patience, run=run, tape=tape, stop_if_left=stop_if_left)

    def refusal(self, received: Received) -> Refused | None:
        """Return the exception that an answer means, if it is a refusal; the vendor's business."""
        raise NotImplementedError

    def _completed(self, operation: Operation, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return arguments with what the client knows itself."""
        return arguments

    def _payload(self, operation: Operation, received: Received) -> bytes:
        """Return what of an answer counts."""
        return received.body


def is_refused(received: Received) -> bool:
    """Whether the status of an answer says no."""
    return received.status >= _REFUSED


def from_environment(*names: str) -> str | None:
    """Return the first variable of the environment that says something."""
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
