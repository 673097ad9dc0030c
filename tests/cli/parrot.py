"""A server that repeats the key that it is asked with, wherever a server can."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

_PIECE: Final = 7
"""Bytes that are sent at once: fewer than a key has."""
_RUNS: Final = ("/run", "-messages", "/completions", "/events")


class Parrot:
    """The server, and what a test tells it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.refuses: int | None = None
        """The status with which it refuses all runs."""
        self.is_page = False
        """Whether it does that as a proxy does, with a page."""
        self.keys: list[str] = []
        """What it was asked with."""


@contextlib.contextmanager
def parroting() -> Iterator[Parrot]:
    """Serve on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.parrot = parrot = Parrot(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield parrot
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        parrot: Parrot = self.server.parrot  # type: ignore[attr-defined]
        path, key = urlsplit(self.path).path, self._key()
        parrot.keys.append(key)
        if path.endswith(_RUNS) and parrot.refuses:
            told = refusal(key)
            self._send(
                told if not parrot.is_page else f"<html>{key}</html>", key, parrot.refuses, is_page=parrot.is_page
            )
        elif path.endswith(_RUNS):
            self._send(b"".join(frames(path, key)), key)
        elif path.endswith("/page"):
            self._send(f"<html>you are {key}</html>", key, is_page=True)
        else:
            self._send(small(path, key), key)

    def _key(self) -> str:
        _, _, token = self.headers.get("Authorization", "").partition(" ")
        in_query = parse_qs(urlsplit(self.path).query).get("api_key", [""])
        return token or in_query[0]

    def _send(self, told: Any, key: str, status: int = 200, *, is_page: bool = False) -> None:
        self.send_response(status)
        kind = "text/event-stream" if isinstance(told, bytes) else "text/html" if is_page else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("X-Request-Id", key)
        self.send_header("Set-Cookie", f"session={key}")
        self.end_headers()
        body = told if isinstance(told, bytes) else told.encode() if is_page else json.dumps(told).encode()
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(body), _PIECE):
                self.wfile.write(body[at : at + _PIECE])
                self.wfile.flush()


def refusal(key: str) -> dict[str, Any]:
    """What all vendors' refusals are, in one."""
    message = f"Incorrect API key provided: {key}"
    return {"code": 109 if "ragflow" in key else key, "message": message, "error": {"message": message, "code": key}}


def small(path: str, key: str) -> dict[str, Any]:
    """The answer to a small request."""
    if path.endswith("/info"):
        return {"name": f"App of {key}", "description": key, "tags": [key], "mode": "workflow"}
    if path.endswith("/parameters"):
        field = {"label": f"Topic of {key}", "variable": "topic", "required": False, "default": key}
        return {"opening_statement": key, "user_input_form": [{"text-input": field}]}
    return {"code": 0, "data": {"id": "s", "name": key, "status": "failed", "error": key}}


def frames(path: str, key: str) -> Iterator[bytes]:
    """The stream of a run that fails for its key."""
    told = _of_ragflow(key) if "/agents/" in path else _of_a_model(key) if "/v2/" in path else _of_dify(key)
    for event in told:
        yield b"data: " + json.dumps(event).encode() + b"\n\n"


def _of_dify(key: str) -> Iterator[dict[str, Any]]:
    run = {"workflow_run_id": "r", "task_id": "t", "conversation_id": key, "message_id": key}
    node = {"id": "e", "node_id": "n", "node_type": "llm", "title": f"LLM {key}", "inputs": {"api_key": key}}
    log = {"node_id": "n", "node_execution_id": "e", "id": "l", "label": key, "status": "error", "data": {"key": key}}
    yield {"event": "workflow_started", **run, "data": {"id": "r", "workflow_id": "w", "inputs": {"key": key}}}
    yield {"event": "node_started", **run, "data": node}
    yield {"event": "agent_log", **run, "data": {**log, "error": key}}
    yield {"event": "text_chunk", **run, "data": {"text": f"say {key} ", "from_variable_selector": ["n", "text"]}}
    ended = {"status": "failed", "error": f"key {key} is wrong", "outputs": {"text": key}, "elapsed_time": 0.1}
    yield {"event": "node_finished", **run, "data": {**node, **ended}}
    yield {"event": "a_word_that_nobody_knows", **run, "key": key}
    yield {"event": "workflow_finished", **run, "data": {"id": "r", "workflow_id": "w", **ended}}


def _of_ragflow(key: str) -> Iterator[dict[str, Any]]:
    run = {"message_id": "m", "task_id": "t", "session_id": key, "created_at": 1}
    node = {"component_id": "LLM:a", "component_name": f"LLM {key}", "component_type": "LLM", "inputs": {"key": key}}
    ended = {"outputs": {"content": key}, "error": f"key {key} is wrong", "elapsed_time": 0.1, "created_at": 2}
    yield {"event": "workflow_started", **run, "data": {"inputs": {"key": key}}}
    yield {"event": "node_started", **run, "data": node}
    yield {"event": "message", **run, "data": {"content": f"say {key}"}}
    yield {"event": "node_finished", **run, "data": {**node, **ended}}
    yield {"event": "workflow_finished", **run, "data": ended}


def _of_a_model(key: str) -> Iterator[dict[str, Any]]:
    yield {
        "id": key,
        "object": "chat.completion.chunk",
        "model": key,
        "choices": [{"delta": {"content": f"say {key}"}}],
    }
    yield {"error": {"message": f"key {key} is wrong", "code": key}}
