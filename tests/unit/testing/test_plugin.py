"""The plugin in a session of its own, as somebody's project has it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def session(tmp_path):
    """Run a test file, and return what pytest says."""

    def run(code, *words):
        (tmp_path / "test_app.py").write_text(code)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "streamkit.testing.plugin",
            "--rootdir",
            str(tmp_path),
            *words,
        ]
        # No other plugin: the project has none, and to import ours takes longer than the test.
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    return run


ASK = """
from urllib.error import HTTPError
from urllib.request import Request, urlopen

def ask(server, path, body=b'{"stream": true, "response_mode": "streaming"}'):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.api_key}"}
    return urlopen(Request(server.base_url + path, body, headers)).read()
"""


def test_each_vendor_has_a_server(session):
    told = session(
        ASK
        + """
def test_dify(dify):
    dify.play("workflow-failed")
    assert b"ZeroDivisionError" in ask(dify, "/workflows/run")

def test_ragflow(ragflow):
    ragflow.play("0.27/agent")
    assert b"[DONE]" in ask(ragflow, "/api/v1/agents/chat/completions")

def test_openai(openai_server):
    openai_server.play("openai/openai/chat")
    assert b"[DONE]" in ask(openai_server, "/chat/completions")
"""
    )
    assert "3 passed" in told


def test_a_request_that_nothing_answers_fails_the_test_and_says_what_came_near(session):
    told = session(
        ASK
        + """
def test_app(dify):
    dify.play("workflow-failed")
    ask(dify, "/workflows/run")
    try:
        ask(dify, "/chat-messages")
    except HTTPError as error:
        assert error.code == 501
"""
    )
    assert "1 passed, 1 error" in told
    assert "POST /v1/chat-messages: no recording answers POST /v1/chat-messages: workflow-failed" in told


def test_a_test_may_expect_that(session):
    told = session(
        ASK
        + """
def test_app(dify):
    dify.is_strict = False
    try:
        ask(dify, "/chat-messages")
    except HTTPError as error:
        assert error.code == 501
        assert len(dify.unmatched) == 1
"""
    )
    assert "1 passed" in told
    assert "error" not in told


def test_a_session_that_asks_for_no_server_imports_none(session):
    told = session("""
import sys

def test_light():
    assert "streamkit.testing.plugin" in sys.modules
    assert {"aiohttp", "streamkit.testing.server", "streamkit.replay"} & set(sys.modules) == set()
""")
    assert "1 passed" in told


def test_the_fixtures_are_listed(session):
    told = session("", "--fixtures")
    assert "dify -- " in told
    assert "A RAGFlow server that plays what the test tells it to" in told
