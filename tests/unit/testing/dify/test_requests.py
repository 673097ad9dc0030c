import pytest

from streamkit.testing import DifyStream

ASKED = [
    ("chatflow", "/v1/chat-messages", ["query", "inputs", "response_mode", "user", "conversation_id"]),
    ("agent-chat", "/v1/chat-messages", ["query", "inputs", "response_mode", "user", "conversation_id"]),
    ("workflow", "/v1/workflows/run", ["inputs", "response_mode", "user"]),
    ("completion", "/v1/completion-messages", ["inputs", "response_mode", "user"]),
]


@pytest.mark.parametrize(("mode", "path", "keys"), ASKED)
def test_what_is_asked_for(mode, path, keys):
    header = DifyStream(mode=mode).start({"lang": "de"}, query="Hi").llm("x").finish().recording().header
    assert (header.source.kind, header.source.method, header.source.url) == ("dify", "POST", path)
    assert list(header.request.body) == keys
    assert header.request.body["inputs"] == {"lang": "de"}
    assert header.request.body.get("query", "Hi") == "Hi"


def test_a_resumed_run_is_looked_at_again():
    stream = DifyStream().start().human_input().resume().finish()
    run = stream.recordings()[0].body.partition(b'"workflow_run_id":"')[2].partition(b'"')[0].decode()
    source = stream.recording().header.source
    assert (source.method, source.url) == ("GET", f"/v1/workflow/{run}/events?user=u-test")
    assert stream.recording().header.request.body is None
