"""What the builders of all vendors have in common: a script becomes bodies, with times and the requests for them."""

import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from streamkit.recording import Chunk, End, Header, Recording, Request, Response, Source
from streamkit.testing.chunks import rechunk
from streamkit.testing.seeded import Json

EVENT_STREAM: Final = {"Content-Type": "text/event-stream; charset=utf-8"}


class Stream(ABC):
    """The stream of a run, told step by step.

    A stream never changes: each step returns another stream, so that one beginning may have several ends. It is the body
    of an answer; a run that paused and was resumed has several, and the stream is the last of them.
    """

    __slots__ = ()

    @abstractmethod
    def recordings(self) -> list[Recording]:
        """Return every body of the run as a recording: one more for each time that it was resumed."""

    def recording(self) -> Recording:
        """Return the last body with the times of its frames, and the request for it."""
        return self.recordings()[-1]

    def bodies(self) -> list[builtins.bytes]:
        """Return every body of the run: one more for each time that it was resumed."""
        return [recording.body for recording in self.recordings()]

    def chunks(self, sizes: int | Iterable[int] | None = None, *, seed: int = 0) -> list[builtins.bytes]:
        """Return the last body in pieces, as `rechunk` cuts them."""
        return rechunk(self.bytes(), sizes, seed=seed)

    def bytes(self) -> builtins.bytes:
        """Return the last body."""
        return self.recording().body


def recorded(kind: str, method: str, url: str, body: Json | None, frames: list[Chunk]) -> Recording:
    """Return a body as a recording of what a vendor answered.

    Args:
        kind: the dialect.
        method: of the request.
        url: its path.
        body: what was asked.
        frames: the body.
    """
    header = Header(
        source=Source(kind, method, url),
        request=Request(headers={"Content-Type": "application/json"} if body is not None else {}, body=body),
        response=Response(status=200, headers=EVENT_STREAM),
    )
    return Recording(frames, header, end=End("eof", at=frames[-1].at if frames else 0.0))
