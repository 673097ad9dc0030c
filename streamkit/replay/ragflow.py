"""RAGFlow's paths of all generations (protocol D.1): chats, agents, bots, search, sessions, cancellation.

Small answers are JSON with a `code`, which is 0 for success; the status is 200. What was recorded beside a body wins.
"""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from streamkit.replay.frames import decoded
from streamkit.replay.library import Take
from streamkit.replay.playing import Play
from streamkit.replay.routes import Asked, Door, Reply, Route, reply
from streamkit.replay.sessions import Session
from streamkit.replay.stage import Stage

_CHAT: Final = "ragflow-chat"
_AGENT: Final = "ragflow-agent"
_OPENAI: Final = "openai"
_NO_SESSION: Final = uuid.UUID("5e551000-0000-4000-8000-000000000000")
"""From which sessions are named that no recording has."""


def _said(data: object) -> Reply:
    return reply({"code": 0, "data": data, "message": ""})


# ---- runs


def complete_agent(stage: Stage, asked: Asked) -> Play | Reply:
    """Run an agent: with its own events, or as OpenAI's chat does, on the same path."""
    return stage.start(asked, _OPENAI if asked.body.get("openai-compatible") is True else _AGENT)


def complete_any(stage: Stage, asked: Asked) -> Play | Reply:
    """Go on with a conversation of a chat or of an agent: old servers had one path for both."""
    session = stage.sessions.of(asked.text("conversation_id") or asked.text("session_id"))
    is_agent = session is not None and any(take.doors[0] == _AGENT for take in session.takes)
    return stage.start(asked, _AGENT if is_agent else _CHAT)


def cancel(stage: Stage, asked: Asked) -> Reply:
    """Cancel a task. The server says so of any task, known or not."""
    stage.stop(asked.params["task_id"])
    return _said(True)


# ---- sessions


def create_chat_session(stage: Stage, asked: Asked) -> Reply:
    """Begin a conversation with a chat."""
    return _said(_session_of_chat(_begun(stage, asked, _CHAT), asked))


def create_agent_session(stage: Stage, asked: Asked) -> Reply:
    """Begin a conversation with an agent."""
    told = _session_of_chat(_begun(stage, asked, _AGENT), asked)
    del told["chat_id"], told["name"]
    told |= {"agent_id": asked.params["agent_id"], "user_id": asked.text("user_id"), "source": "agent", "dsl": {}}
    return _said(told | {"message": told.pop("messages")})


def _begun(stage: Stage, asked: Asked, door: Door) -> Session | None:
    """Begin the next conversation that was recorded, and was not played yet; the last one if all were."""
    named = stage.matcher.named_by(asked) or stage.library.takes
    with_id = [take for take in named if take.doors[0] == door and take.run.conversation_id]
    if not with_id:
        return None
    unplayed = stage.matcher.unplayed()
    begun = {id(session.takes[0]) for session in stage.sessions.all()}
    groups = [stage.library.group(take) for take in with_id]
    free = [group for group in groups if group[0] in unplayed and id(group[0]) not in begun]
    return stage.sessions.open((free or groups[-1:])[0])


def _session_of_chat(session: Session | None, asked: Asked) -> dict[str, Any]:
    """Return a session as the server tells of it. Any: its values."""
    recorded = session.takes[0].run.conversation_id if session is not None else None
    fallback = uuid.uuid5(_NO_SESSION, f"{asked.path} {asked.text('name')}").hex
    name = asked.text("name") or "New session"
    greeting = _prologue(session) if session is not None else ""
    return {
        "id": (session.id(recorded) if session is not None else None) or fallback,
        "chat_id": asked.params.get("chat_id", ""),
        "name": name,
        "messages": [{"role": "assistant", "content": greeting or "Hi! I'm your assistant, what can I do for you?"}],
        "create_time": 0,
        "update_time": 0,
    }


def _prologue(session: Session) -> str:
    return next((take.run.text for take in session.takes if take.is_prologue), "")


def chat_sessions(stage: Stage, asked: Asked) -> Reply:
    """List the conversations with a chat."""
    return _said(_begun_sessions(stage, asked, _CHAT))


def agent_sessions(stage: Stage, asked: Asked) -> Reply:
    """List the conversations with an agent."""
    return _said(_begun_sessions(stage, asked, _AGENT))


def _begun_sessions(stage: Stage, asked: Asked, door: Door) -> list[dict[str, Any]]:
    sessions = [one for one in stage.sessions.all() if one.takes[0].doors[0] == door]
    told = [_session_of_chat(session, asked) for session in sessions]
    wanted = asked.query.get("id")
    return [one for one in told if wanted in (None, one["id"])]


def new_conversation(stage: Stage, asked: Asked) -> Reply:
    """Begin a conversation, as the oldest servers did."""
    told = _session_of_chat(_begun(stage, asked, _CHAT), asked)
    return reply({"retcode": 0, "retmsg": "success", "code": 0, "message": "success", "data": told})


def succeed(_: Stage, __: Asked) -> Reply:
    """Say that it is done."""
    return reply({"code": 0})


# ---- chats and agents


def chats(stage: Stage, asked: Asked) -> Reply:
    """List the chats: one for each recording, or the one that is asked for."""
    return _listed(stage, asked, _CHAT, _named(stage, asked, _CHAT, "name"), "chats")


def agents(stage: Stage, asked: Asked) -> Reply:
    """List the agents."""
    return _listed(stage, asked, _AGENT, _named(stage, asked, _AGENT, "title"), "canvas")


def _listed(stage: Stage, asked: Asked, door: Door, told: list[dict[str, Any]], name: str) -> Reply:
    """Return a list as the server of the recordings tells it: since 0.25 beside a count."""
    takes = [take for take in stage.matcher.named_by(asked) or stage.library.takes if take.doors[0] == door]
    return _said({name: told, "total": len(told)} if any(_is_since_0_25(take) for take in takes) else told)


def _is_since_0_25(take: Take) -> bool:
    """Whether a body was sent by a server of the layout of today, or one that led to it."""
    if take.run.mode == "agent":
        return take.run.task_id is not None and take.run.task_id == take.run.conversation_id
    first = decoded(take.frames[0].data).get("data") if take.frames else None
    return isinstance(first, dict) and "chat_id" in first


def _named(stage: Stage, asked: Asked, door: Door, label: str) -> list[dict[str, Any]]:
    """Return what a client looks for by name or id; both are whatever it asks for, else those of the recordings."""
    wanted = asked.query.get(label) or asked.query.get("name") or asked.query.get("id")
    takes: Sequence[Take] = [take for take in stage.library.takes if take.doors[0] == door]
    names = [wanted] if wanted else [take.name for take in takes]
    ids = [asked.query.get("id") or uuid.uuid5(_NO_SESSION, name).hex for name in names]
    return [{"id": id, label: name} for id, name in zip(ids, names, strict=True)]


def logs(_: Stage, __: Asked) -> Reply:
    """Tell the tool calls of a run: they are in no recording."""
    return _said({})


def upload(_: Stage, asked: Asked) -> Reply:
    """Take a file for a run of an agent, and forget it."""
    if asked.upload is None:
        return reply({"code": 101, "data": False, "message": "No file part!"})
    return _said(asked.upload.told())


# ---- the table

_API: Final = "/api/v1"

ROUTES: Final[Sequence[Route]] = [
    # chats, from new to old
    Route("POST", f"{_API}/chat/completions", _CHAT),
    Route("POST", f"{_API}/chats/{{chat_id}}/completions", _CHAT),
    Route("POST", f"{_API}/chats/{{chat_id}}/sessions/{{session_id}}/completions", _CHAT),
    Route("POST", f"{_API}/chatbots/{{chat_id}}/completions", _CHAT),
    Route("POST", f"{_API}/searches/{{search_id}}/completions", _CHAT),
    Route("POST", f"{_API}/searches/{{search_id}}/completion", _CHAT),
    Route("POST", f"{_API}/searchbots/ask", _CHAT),
    Route("POST", f"{_API}/sessions/ask", _CHAT),
    Route("POST", f"{_API}/chat/{{chat_id}}/session/{{session_id}}/completion", _CHAT),
    Route("POST", "/v1/conversation/completion", _CHAT),
    Route("POST", f"{_API}/session/completion", answer=complete_any),
    Route("POST", "/v1/api/completion", answer=complete_any),
    # agents, from new to old
    Route("POST", f"{_API}/agents/chat/completions", answer=complete_agent),
    Route("POST", f"{_API}/agents/chat/completion", answer=complete_agent),
    Route("POST", f"{_API}/agents/{{agent_id}}/completions", answer=complete_agent),
    Route("POST", f"{_API}/agentbots/{{agent_id}}/completions", _AGENT),
    Route("POST", f"{_API}/webhook/{{agent_id}}", _AGENT),
    Route("POST", "/v1/canvas/completion", _AGENT),
    # cancellation
    Route("POST", f"{_API}/tasks/{{task_id}}/cancel", answer=cancel),
    Route("PATCH", f"{_API}/tasks/{{task_id}}", answer=cancel),
    Route("PUT", "/v1/canvas/cancel/{task_id}", answer=cancel),
    # sessions
    Route("POST", f"{_API}/chats/{{chat_id}}/sessions", answer=create_chat_session),
    Route("GET", f"{_API}/chats/{{chat_id}}/sessions", answer=chat_sessions),
    Route("DELETE", f"{_API}/chats/{{chat_id}}/sessions", answer=succeed),
    Route("POST", f"{_API}/chat/{{chat_id}}/session", answer=create_chat_session),
    Route("GET", f"{_API}/chat/{{chat_id}}/session", answer=chat_sessions),
    Route("POST", f"{_API}/agents/{{agent_id}}/sessions", answer=create_agent_session),
    Route("GET", f"{_API}/agents/{{agent_id}}/sessions", answer=agent_sessions),
    Route("DELETE", f"{_API}/agents/{{agent_id}}/sessions", answer=succeed),
    Route("GET", "/v1/api/new_conversation", answer=new_conversation),
    Route("POST", f"{_API}/session/save", answer=new_conversation),
    # what there is
    Route("GET", f"{_API}/chats", answer=chats),
    Route("GET", f"{_API}/agents", answer=agents),
    Route("POST", f"{_API}/agents/{{agent_id}}/upload", answer=upload),
    Route("GET", f"{_API}/agents/{{agent_id}}/logs/{{message_id}}", answer=logs),
    Route("GET", f"{_API}/agentbots/{{agent_id}}/logs/{{message_id}}", answer=logs),
]
"""Every path of RAGFlow's that is answered."""
