"""What a client asks Dify for, so that it answers with a body."""

from streamkit.recording import Chunk, Recording
from streamkit.testing.dify.pen import USER, Mode, Pen
from streamkit.testing.dify.script import Start, Step
from streamkit.testing.seeded import Json
from streamkit.testing.stream import recorded

_PATHS = {"workflow": "/v1/workflows/run", "completion": "/v1/completion-messages"}
_TALK = "/v1/chat-messages"


def recordings(steps: tuple[Step, ...], pen: Pen, bodies: list[list[Chunk]]) -> list[Recording]:
    """Return bodies with the requests for them: the first one begins the run, others look at it again."""
    start = next((step for step in steps if isinstance(step, Start)), Start({}, "Hello"))
    first = recorded("dify", "POST", _PATHS.get(pen.mode, _TALK), _asked(pen.mode, start), bodies[0])
    again = f"/v1/workflow/{pen.run}/events?user={USER}"
    return [first, *(recorded("dify", "GET", again, None, body) for body in bodies[1:])]


def _asked(mode: Mode, start: Start) -> Json:
    asked: Json = {"inputs": start.inputs, "response_mode": "streaming", "user": USER}
    if mode in _PATHS:
        return asked
    return {"query": start.query, **asked, "conversation_id": ""}
