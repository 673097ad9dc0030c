import pytest

from streamkit.testing import RAGFlowStream

ASKED = [
    ("0.27", "agent", "/api/v1/agents/chat/completions", ["agent_id", "query", "inputs", "stream"]),
    ("0.22", "agent", "/api/v1/agents/{}/completions", ["query", "inputs", "stream"]),
    ("0.19", "agent", "/api/v1/agents/{}/completions", ["question", "inputs", "stream"]),
    (
        "0.27",
        "agent-session",
        "/api/v1/agents/chat/completions",
        ["agent_id", "query", "inputs", "session_id", "stream"],
    ),
    ("0.22", "agentbot", "/api/v1/agentbots/{}/completions", ["query", "inputs", "stream"]),
    ("0.27", "chat", "/api/v1/chat/completions", ["chat_id", "question", "inputs", "session_id", "stream"]),
    ("0.19", "chat", "/api/v1/chats/{}/completions", ["question", "inputs", "session_id", "stream"]),
]


@pytest.mark.parametrize(("version", "mode", "path", "keys"), ASKED)
def test_what_is_asked_for(version, mode, path, keys):
    stream = RAGFlowStream(version, mode).start({"lang": "de"}, query="Hi").llm("x").finish()
    header = stream.recording().header
    assert (header.source.kind, header.source.method) == ("ragflow", "POST")
    before, _, after = path.partition("{}")
    assert header.source.url.startswith(before)
    assert header.source.url.endswith(after)
    assert list(header.request.body) == keys
    assert header.request.body[next(key for key in ("query", "question") if key in keys)] == "Hi"


def test_who_was_asked_answers_in_the_same_session():
    stream = RAGFlowStream().start().human_input(fields=["city"]).resume(city="Rome").finish()
    first, second = stream.recordings()
    asked = second.header.request.body
    assert asked["session_id"] in first.body.decode()
    assert asked["inputs"] == {"city": {"type": "line", "value": "Rome"}}
    assert first.header.source.url == second.header.source.url
