"""What the tests of the command line share: running a command, and streams to run it on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streamkit.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fixtures() -> Path:
    return ROOT / "fixtures"


@pytest.fixture
def cli() -> Callable[..., Result]:
    """Run a command in this process; exceptions that are no exits are raised."""

    def run(*args: str | Path, stdin: bytes = b"", **env: str) -> Result:
        words = [str(arg) for arg in args]
        return CliRunner().invoke(main, words, input=stdin, env=env, catch_exceptions=False, prog_name="streamkit")

    return run


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a command that runs as a process of its own."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@pytest.fixture
def process(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run a command as a process of its own."""

    def run(*args: str | Path, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "streamkit", *map(str, args)]
        return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60, env=environment | env)

    return run


def frame(word: str, run: str, data: dict[str, Any], **envelope: Any) -> bytes:
    """One frame of a workflow."""
    payload = {"event": word, "workflow_run_id": run, "task_id": f"task-{run}", **envelope, "data": data}
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


class Streams:
    """Builds streams of a Dify workflow."""

    def workflow(self, *middle: bytes, run: str = "run-1", status: str = "succeeded", **finished: Any) -> bytes:
        """A whole run around some frames."""
        start = frame("workflow_started", run, {"id": run, "workflow_id": "w", "inputs": {}, "created_at": 1})
        end = {"id": run, "workflow_id": "w", "status": status, "elapsed_time": 1.5, "created_at": 1, **finished}
        return b"".join((start, *middle, frame("workflow_finished", run, end)))

    def node(self, node_id: str = "a", title: str = "A", run: str = "run-1", execution: str = "", **data: Any) -> bytes:
        """An execution from start to end."""
        told = {"id": execution or f"x-{node_id}", "node_id": node_id, "node_type": "code", "title": title, **data}
        started = {key: told.get(key) for key in ("id", "node_id", "node_type", "title", "iteration_id")}
        finished = {"status": "succeeded", "elapsed_time": 0.25, **told}
        return frame("node_started", run, started) + frame("node_finished", run, finished)

    def iteration(self, rounds: int, failed: Iterable[int] = (), *, title: str = "Each", known: bool = True) -> bytes:
        """An iteration of two nodes a round; where rounds are not known, they all begin at once and none is named."""
        it = {"id": "it", "node_id": "it", "node_type": "iteration", "title": title}
        bad = frozenset(failed)
        frames = [frame("iteration_started", "run-1", {**it, "metadata": {"iteration_length": rounds}})]
        if not known:
            frames += [frame("iteration_next", "run-1", {**it, "index": index}) for index in range(rounds)]
        for index in range(rounds):
            if known:
                frames.append(frame("iteration_next", "run-1", {**it, "index": index}))
            place = {"iteration_id": "it", "iteration_index": index} if known else {"iteration_id": "it"}
            cost = {**place, "total_tokens": 10, "total_price": "0.001", "currency": "USD"}
            end = {"status": "failed", "error": f"429 in {index}"} if index in bad else {"status": "succeeded"}
            frames += [
                self.node("get", "Get", execution=f"g{index}", iteration_id="it", execution_metadata=place),
                self.node("llm", "LLM", execution=f"l{index}", iteration_id="it", execution_metadata=cost, **end),
            ]
        frames.append(frame("iteration_completed", "run-1", {**it, "status": "succeeded", "elapsed_time": 9.0}))
        return b"".join(frames)

    def text(self, text: str) -> bytes:
        """A piece of the answer."""
        return frame("text_chunk", "run-1", {"text": text, "from_variable_selector": ["a", "text"]})

    def retry(self, index: int) -> bytes:
        """A try of the node "a" that failed."""
        told = {"id": "x-a", "node_id": "a", "node_type": "code", "title": "A", "retry_index": index, "error": "429"}
        return frame("node_retry", "run-1", {**told, "status": "retry", "elapsed_time": 0.5})

    def log(self, label: str, entry: str, parent: str | None) -> bytes:
        """An entry of an agent's log."""
        told = {"message_id": entry, "id": entry, "parent_id": parent, "label": label, "status": "success"}
        return frame("agent_log", "run-1", {"node_id": "a", "node_execution_id": "a", "data": {}, **told})

    def form(self, **data: Any) -> bytes:
        """A form that waits, and the pause. Its token is s3cr3t."""
        told = {"form_id": "f1", "node_id": "ask", "node_title": "Ask", "form_content": "Sure?", "form_token": "s3cr3t"}
        told |= {"inputs": [{"type": "paragraph", "output_variable_name": "why"}], "expiration_time": 1795430962}
        told |= {"actions": [{"id": "yes", "title": "Yes"}], **data}
        pause = {"workflow_run_id": "run-1", "paused_nodes": ["ask"], "reasons": [], "status": "paused", "outputs": {}}
        return frame("human_input_required", "run-1", told) + frame("workflow_paused", "run-1", pause)


@pytest.fixture
def streams() -> Streams:
    return Streams()
