"""What a client asks RAGFlow for, so that it answers with a body."""

from collections.abc import Iterator

from streamkit.recording import Chunk, Recording
from streamkit.testing.ragflow.pen import Pen
from streamkit.testing.ragflow.script import Resume, Start, Step
from streamkit.testing.seeded import Json
from streamkit.testing.stream import recorded


def recordings(steps: tuple[Step, ...], mode: str, pen: Pen, bodies: list[list[Chunk]]) -> list[Recording]:
    """Return bodies with the requests for them: the first one begins the run, others answer what it asked."""
    path, *_ = _path(mode, pen)
    return [
        recorded("ragflow", "POST", path, asked, body)
        for asked, body in zip(_asked(steps, mode, pen), bodies, strict=True)
    ]


def _path(mode: str, pen: Pen) -> tuple[str, Json]:
    """Return where to ask, and how the agent or chat is named in the body."""
    version, which = pen.version, pen.agent
    if mode == "chat":
        return (
            ("/api/v1/chat/completions", {"chat_id": which})
            if version.has_chat_id
            else (f"/api/v1/chats/{which}/completions", {})
        )
    if mode == "agentbot":
        return f"/api/v1/agentbots/{which}/completions", {}
    if version >= (0, 25, 2):
        return "/api/v1/agents/chat/completions", {"agent_id": which}
    return f"/api/v1/agents/{which}/completions", {}


def _asked(steps: tuple[Step, ...], mode: str, pen: Pen) -> Iterator[Json]:
    start = next((step for step in steps if isinstance(step, Start)), Start({}, "Hello"))
    _, named = _path(mode, pen)
    word = "query" if pen.version.has_events and mode != "chat" else "question"
    inputs = {"inputs": start.inputs} if start.inputs else {}
    known = {"session_id": pen.session} if mode in ("chat", "agent-session") else {}
    yield {**named, word: start.query, **inputs, **known, "stream": True}
    for step in steps:
        if isinstance(step, Resume):
            values = {name: {"type": "line", "value": value} for name, value in step.values.items()}
            yield {**named, "session_id": pen.session, word: "", "inputs": values, "stream": True}
