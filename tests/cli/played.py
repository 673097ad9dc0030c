"""A replay server as a process of its own, for commands that are processes, too."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
_DEADLINE = 60.0


class Played:
    """A server that plays recordings."""

    def __init__(self, url: str, admin: str) -> None:
        self.url = url
        self._admin = admin

    def reset(self) -> None:
        """Begin anew: nothing was asked, no form was answered, no fault is left."""
        self._ask("/reset", {})

    def fault(self, text: str) -> None:
        """Give the answers that follow a fault."""
        self._ask("/faults", {"fault": text})

    def requests(self) -> list[str]:
        """What it was asked so far: methods and paths, without queries."""
        return [f"{entry['method']} {entry['path'].partition('?')[0]}" for entry in self._entries()]

    def bodies(self) -> list[Any]:
        """The bodies of what it was asked."""
        return [entry.get("body") for entry in self._entries()]

    def _entries(self) -> list[dict[str, Any]]:
        told = self._ask("/requests")
        return told if isinstance(told, list) else told["requests"]

    def _ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._admin + path, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")


@contextlib.contextmanager
def played(folder: Path, *files: Path, environment: Mapping[str, str], flags: tuple[str, ...] = ()) -> Iterator[Played]:
    """Play recordings."""
    ready = folder / "ready.json"
    words = [sys.executable, "-m", "streamkit", "serve", *map(str, files), "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen(
        [*words, "--speed", "0", "--quiet", *flags], env=dict(environment), stdout=subprocess.DEVNULL
    )
    try:
        end = monotonic() + _DEADLINE
        while not (ready.exists() and ready.read_text(encoding="utf-8")):
            assert process.poll() is None
            assert monotonic() < end
            sleep(0.01)
        told = json.loads(ready.read_text(encoding="utf-8"))
        yield Played(told["url"], told["admin"])
    finally:
        process.terminate()
        process.wait()


def fixture(name: str) -> Path:
    """A recording, named like `dify/chat_simple`."""
    return FIXTURES / f"{name}.sse"
