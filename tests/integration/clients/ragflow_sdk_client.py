"""Talks to a chat with `ragflow-sdk`, as its own page shows it; prints what it heard."""

import json
import sys

from ragflow_sdk import RAGFlow


def heard(url: str) -> dict[str, object]:
    ragflow = RAGFlow(api_key="ragflow-any", base_url=url)
    (chat,) = ragflow.list_chats(name="Support")
    session = chat.create_session("mine")
    messages = list(session.ask("What is the deepest fjord?", stream=True))
    return {
        "chat": chat.name,
        "session": session.id,
        "sessions": [one.id for one in chat.list_sessions()],
        "texts": [message.content for message in messages],
        "references": len(messages[-1].reference or ()),
    }


json.dump(heard(sys.argv[1]), sys.stdout)
