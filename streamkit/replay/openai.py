"""Paths of servers that speak as OpenAI does, RAGFlow's among them; and Paradigm's, which has no stream."""

from collections.abc import Sequence
from typing import Final

from streamkit.replay.frames import decoded
from streamkit.replay.routes import Asked, Reply, Route, reply
from streamkit.replay.stage import Stage

_DOOR: Final = "openai"


def models(stage: Stage, _: Asked) -> Reply:
    """List the models that the recordings name."""
    first = [decoded(take.frames[0].data) for take in stage.library.takes if _DOOR in take.doors and take.frames]
    names = dict.fromkeys(chunk["model"] for chunk in first if isinstance(chunk.get("model"), str))
    told = [{"id": name, "object": "model", "created": 0, "owned_by": "streamkit"} for name in names]
    return reply({"object": "list", "data": told})


ROUTES: Final[Sequence[Route]] = [
    Route("POST", "/v1/chat/completions", _DOOR),
    Route("POST", "/api/v1/chats_openai/{chat_id}/chat/completions", _DOOR),
    Route("POST", "/api/v1/openai/{chat_id}/chat/completions", _DOOR),
    Route("POST", "/api/v1/agents_openai/{agent_id}/chat/completions", _DOOR),
    Route("POST", "/api/v2/chat/completions", _DOOR),
    Route("GET", "/v1/models", answer=models),
    Route("GET", "/api/v1/models", answer=models),
    Route("POST", "/api/v2/tools/chatflows", "lighton"),
]
"""Every path of theirs that is answered."""
