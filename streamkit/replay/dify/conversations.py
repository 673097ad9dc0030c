"""Conversations and their messages, as far as they were played."""

from typing import Any

from streamkit.replay.blocking import answer_of
from streamkit.replay.dify.refusals import refused
from streamkit.replay.frames import decoded
from streamkit.replay.library import Take
from streamkit.replay.routes import Asked, Reply, reply
from streamkit.replay.stage import Stage


def messages(stage: Stage, asked: Asked) -> Reply:
    """List what was asked and answered in a conversation."""
    conversation = asked.query.get("conversation_id", "")
    session = stage.sessions.of(conversation)
    if session is None:
        return refused("not_found", "Conversation Not Exists.", 404)
    told = [session.told(_message(take, turn), take) for take, turn in session.messages]
    return reply({"limit": 20, "has_more": False, "data": told})


def _message(take: Take, asked: Asked) -> dict[str, Any]:
    run = take.run
    envelope = next((payload for frame in take.frames if "created_at" in (payload := decoded(frame.data))), {})
    return {
        "id": run.message_id,
        "conversation_id": run.conversation_id,
        "parent_message_id": None,
        "inputs": asked.body.get("inputs") or {},
        "query": asked.text("query"),
        "answer": answer_of(take),
        "status": "error" if run.status == "failed" else "normal",
        "error": run.error.message if run.error else None,
        "message_files": [],
        "feedback": None,
        "retriever_resources": list(run.citations),
        "agent_thoughts": [],
        "created_at": envelope.get("created_at"),
    }


def conversations(stage: Stage, _: Asked) -> Reply:
    """List the conversations that were begun."""
    begun = [(session, *session.messages[0]) for session in stage.sessions.all() if session.messages]
    told = [session.told(_conversation(take, turn), take) for session, take, turn in begun if take.run.conversation_id]
    return reply({"limit": 20, "has_more": False, "data": told})


def _conversation(take: Take, asked: Asked) -> dict[str, Any]:
    return {
        "id": take.run.conversation_id,
        "name": asked.text("query") or take.name,
        "inputs": asked.body.get("inputs") or {},
        "status": "normal",
        "introduction": "",
        "created_at": take.started_at,
        "updated_at": take.started_at,
    }


def suggested(_: Stage, __: Asked) -> Reply:
    """Suggest no question."""
    return reply({"result": "success", "data": []})


def succeed(_: Stage, __: Asked) -> Reply:
    """Say that it is done."""
    return reply({"result": "success"})
