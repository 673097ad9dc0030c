"""Clients that nobody here wrote work against `streamkit serve` as they are: each in a process and as its users use it."""

import json
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from streamkit import Tap

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
CLIENTS = Path(__file__).parent / "clients"
SECONDS = 60
OLD_CHAT = "ragflow/protocol/01_chat_v015_cumulative_reference_hash_markers.sse"
NEW_CHAT = "ragflow/chat_kb_delta_final_reference.sse"
"""The index has another `ragflow-sdk` for each version of Python, and servers list chats in another way since 0.25."""


def folded(path):
    """The run of a recording, and the words of its events."""
    tap = Tap("auto")
    events = tap.feed((FIXTURES / path).read_bytes())
    tap.close()
    return tap.run, [event.kind for event in events]


@pytest.fixture
def heard(tmp_path, request):
    """What a client heard of some recordings."""

    def run(client, *recordings):
        ready = tmp_path / "ready.json"
        paths = [FIXTURES / path for path in recordings]
        command = [sys.executable, "-m", "streamkit", "serve", "--port", "0", "-q", "--ready-file", ready, *paths]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:
            try:
                url = server.stdout.readline().decode().strip()
                script = [sys.executable, CLIENTS / f"{client}.py", url]
                told = subprocess.run(script, capture_output=True, check=False, timeout=SECONDS)
            finally:
                server.terminate()
        assert told.returncode == 0, told.stderr.decode()
        return json.loads(told.stdout)

    return run


def needs(module, distribution):
    return pytest.mark.skipif(find_spec(module) is None, reason=f"needs {distribution}: pip install {distribution}")


@needs("dify_client", "dify-client-python")
def test_dify_client_python_chats_and_runs_workflows(heard):
    chat, chat_events = folded("dify/chat_simple.sse")
    flow, flow_events = folded("dify/wf_text_chunk.sse")
    found = heard(
        "dify_client_python",
        "dify/chat_simple.sse",
        "dify/wf_text_chunk.sse",
        "dify/chat_app_error_before_first_token.sse",
    )
    assert found["events"] == chat_events
    assert found["answer"] == found["whole answer"] == chat.text
    assert found["flow"] == flow_events
    assert found["outputs"] == found["whole outputs"] == flow.outputs
    assert (found["stopped"], found["uploaded"]) == ("success", ["a.txt", 5])
    assert found["refused"] == [400, "completion_request_error"]


@needs("openai", "openai")
def test_openais_client_completes_on_all_paths(heard):
    chat, _ = folded("openai/chat_openai_delta.sse")
    agent, _ = folded("openai/openai_compatible.sse")
    found = heard("openai_client", "openai/chat_openai_delta.sse", "openai/openai_compatible.sse")
    assert found["text"] == found["again"] == found["whole"] == chat.text
    assert found["agent"] == agent.text
    assert found["tokens"] == [chat.usage.total_tokens] * 2
    assert (found["reason"], found["refused"]) == ("stop", 501)
    assert found["models"][0] == "stub-model@local@OpenAI-API-Compatible"


@needs("ragflow_sdk", "ragflow-sdk")
def test_ragflow_sdk_talks_to_a_chat(heard):
    path = OLD_CHAT if version("ragflow-sdk") < "0.25" else NEW_CHAT
    chat, _ = folded(path)
    found = heard("ragflow_sdk_client", path)
    assert (found["chat"], found["session"]) == ("Support", chat.conversation_id)
    assert found["sessions"] == [chat.conversation_id]
    assert found["texts"][-1] == chat.text or "".join(found["texts"]).endswith(chat.text)  # cumulative, or deltas
    assert found["references"] == len(chat.citations)
