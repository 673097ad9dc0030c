"""Where the figures come from: the processor, the interpreter, the versions; no names of hosts or paths."""

import datetime
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

import msgspec

from benchmarks.peers import PEERS
from benchmarks.results import Machine
from benchmarks.stages import COMPILED, LIMITS, STREAMKIT
from benchmarks.workers import NODE, NODE_FOLDER

_DISTRIBUTIONS = {
    STREAMKIT: "chatflow-streamkit",
    COMPILED: "chatflow-streamkit",
    **{name: peer.distribution or name for name, peer in PEERS.items()},
}


def here() -> Machine:
    """Describe this machine."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Machine(_cpu(), os.cpu_count() or 1, f"{platform.system()} {platform.machine()}", python, today)


def _cpu() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        told = []
    models = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def version(name: str) -> str | None:
    """The version of a library; None if it is not installed. A limit is as old as the interpreter."""
    if name in LIMITS:
        return platform.python_version()
    try:
        return installed(_DISTRIBUTIONS.get(name, name))
    except PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Versions of all libraries that are there."""
    found = {name: version(name) for name in (STREAMKIT, "msgspec", "orjson", *PEERS)}
    found[NODE] = _node_version()
    return {name: told for name, told in found.items() if told is not None}


def _node_version() -> str | None:
    node, package = shutil.which("node"), NODE_FOLDER / "node_modules" / "eventsource-parser" / "package.json"
    if node is None or not package.is_file():
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{msgspec.json.decode(package.read_bytes())['version']}, node {told}"
