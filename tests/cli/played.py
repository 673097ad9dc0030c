"""A replay server as a process of its own, for commands that are processes, too."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
_DEADLINE = 30.0


class Played:
    """A server that plays recordings, and notes what it was asked."""

    def __init__(self, url: str, journal: Path) -> None:
        self.url = url
        self._journal = journal

    def requests(self) -> list[str]:
        """What it was asked so far: methods and paths, without queries."""
        told = self._journal.read_text(encoding="utf-8").splitlines() if self._journal.exists() else []
        entries = [json.loads(line) for line in told]
        return [f"{entry['method']} {entry['path'].partition('?')[0]}" for entry in entries]

    def bodies(self) -> list[object]:
        """The bodies of what it was asked."""
        return [json.loads(line).get("body") for line in self._journal.read_text(encoding="utf-8").splitlines()]

    def wait_for(self, request: str) -> None:
        """Wait until it was asked something."""
        end = monotonic() + _DEADLINE
        while request not in self.requests():
            assert monotonic() < end, f"{request} did not come: {self.requests()}"
            sleep(0.01)


@contextlib.contextmanager
def played(folder: Path, *names: str, environment: Mapping[str, str], flags: tuple[str, ...] = ()) -> Iterator[Played]:
    """Play fixtures, each named like `dify/chat_simple`."""
    ready, journal = folder / "ready.json", folder / "journal.jsonl"
    files = [str(FIXTURES / f"{name}.sse") for name in names]
    words = [sys.executable, "-m", "streamkit", "serve", *files, "--port", "0", "--ready-file", str(ready)]
    words += ["--journal", str(journal), "--speed", "0", "--quiet", *flags]
    process = subprocess.Popen(words, env=dict(environment), stdout=subprocess.DEVNULL)
    try:
        end = monotonic() + _DEADLINE
        while not ready.exists() or not ready.read_text(encoding="utf-8"):
            assert process.poll() is None
            assert monotonic() < end
            sleep(0.01)
        yield Played(json.loads(ready.read_text(encoding="utf-8"))["url"], journal)
    finally:
        process.terminate()
        process.wait()
        ready.unlink(missing_ok=True)
