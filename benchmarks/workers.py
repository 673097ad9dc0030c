"""The processes of the libraries, seen from the parent: one each, asked in turn."""

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import msgspec

from benchmarks.runner import Reply, Task
from benchmarks.stages import COMPILED

ROOT: Final = Path(__file__).parents[1]
NODE_FOLDER: Final = ROOT / ".venv-bench" / "node"
"""Where `make bench` puts the packages of npm."""
NODE: Final = "eventsource-parser (node)"
COMPILED_FOLDER: Final = ROOT / ".venv-bench" / "compiled"
"""Where it puts streamkit as it is compiled."""


class Worker:
    """One library in its own process. One that does not answer in time is ended, and begun anew when asked again."""

    def __init__(self, name: str, *, patience: float) -> None:
        self.name = name
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ask(self, task: Task) -> Reply:
        """Have the process do something."""
        try:
            process = self._process or self._begin()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(task) + b"\n")
            process.stdin.flush()
            if not select.select([process.stdout], [], [], self._patience)[0]:
                self.end()
                return Reply(wrong=f"no end in {self._patience:g} s")
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self.end()
            return Reply(wrong="the process died")
        return msgspec.json.decode(line, type=Reply)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _begin(self) -> subprocess.Popen[bytes]:
        """Start the process, and wait until it has imported its library: that is no time of anything."""
        command = [sys.executable, "-m", "benchmarks.runner", self.name]
        if self.name == NODE:
            node = shutil.which("node") or "node"
            command = [node, "--expose-gc", str(ROOT / "benchmarks" / "runner.mjs"), str(NODE_FOLDER)]
        elif self.name == COMPILED:
            command.insert(1, "-P")  # or the sources here would be found first
        # Hashes of strings decide how dictionaries collide: every process gets the same.
        settings = {**os.environ, "PYTHONHASHSEED": "0"}
        if self.name == COMPILED:
            settings["PYTHONPATH"] = os.pathsep.join(map(str, (COMPILED_FOLDER, ROOT)))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=settings)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self._process


def absent(name: str, find_version: Callable[[str], str | None]) -> str | None:
    """Say why a library cannot be asked; None if it can."""
    if name == COMPILED:
        return None if (COMPILED_FOLDER / "streamkit").is_dir() else "not built"
    if name != NODE:
        return None if find_version(name) else "not installed"
    if shutil.which("node") is None:
        return "there is no node on this machine"
    return None if (NODE_FOLDER / "node_modules" / "eventsource-parser").is_dir() else "not installed by npm"
