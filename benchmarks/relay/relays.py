"""What streams are sent through, each as processes of its own: nothing, relays of aiohttp's, the proxy, and two peers."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 30.0
NGINX = os.environ.get("NGINX") or shutil.which("nginx")
MITMDUMP = os.environ.get("MITMDUMP") or shutil.which("mitmdump")

_NGINX = """
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/pid;
daemon off;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 3600s;
    }}
  }}
}}
"""
_STREAMING = "def responseheaders(flow):\n    flow.response.stream = True\n"
"""Without that mitmproxy keeps a stream until its end."""


class Used(Struct):
    """What processes have used."""

    cpu: float
    """Seconds."""
    memory: int
    """Bytes that are resident."""
    stolen: float
    """Seconds for which others on the host had the processors of this machine, on average of them."""


class Relay(Struct):
    """Something that passes streams on."""

    port: int
    pid: int | None
    """None: there is no process to be measured."""

    def used(self) -> Used:
        """Look at the process and its children."""
        if self.pid is None:
            return Used(0.0, 0, _stolen())
        pids = [self.pid, *_children(self.pid)]
        return Used(sum(map(_cpu, pids)), sum(map(_memory, pids)), _stolen())


Start = Callable[[int, Path], "contextmanager[Relay]"]


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [below for child in map(int, found) for below in (child, *_children(child))]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _stolen() -> float:
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()
    return int(fields[8]) / _TICK / (os.cpu_count() or 1)


@contextmanager
def server() -> Iterator[int]:
    """The server that sends; yields its port."""
    with _process([sys.executable, "-m", "benchmarks.relay.sending"], stdout=subprocess.PIPE) as process:
        yield int(process.stdout.readline())


@contextmanager
def _process(command: list[str], **how: object) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, **how) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def direct(upstream: int, _: Path) -> Iterator[Relay]:
    """Nothing between client and server."""
    yield Relay(upstream, None)


@contextmanager
def _own(upstream: int, kind: str) -> Iterator[Relay]:
    command = [sys.executable, "-m", "benchmarks.relay.passing", f"http://127.0.0.1:{upstream}", kind]
    with _process(command, stdout=subprocess.PIPE) as process:
        yield Relay(int(process.stdout.readline()), process.pid)


@contextmanager
def bare(upstream: int, _: Path) -> Iterator[Relay]:
    """A relay with aiohttp."""
    with _own(upstream, "bare") as relay:
        yield relay


@contextmanager
def tapped(upstream: int, _: Path) -> Iterator[Relay]:
    """The same with `watch` around each stream."""
    with _own(upstream, "tap") as relay:
        yield relay


@contextmanager
def _proxy(upstream: int, folder: Path, *more: str) -> Iterator[Relay]:
    ready = folder / "ready.json"
    own = ["--listen", "127.0.0.1:0", "--ready-file", str(ready), "--log", str(folder / "log.jsonl"), "--grace", "0s"]
    command = [sys.executable, "-m", "streamkit", "proxy", "--upstream", f"http://127.0.0.1:{upstream}", *own, *more]
    with _process(command, stderr=subprocess.DEVNULL) as process:
        _wait(ready.exists)
        yield Relay(int(json.loads(ready.read_text())["url"].rpartition(":")[2]), process.pid)


@contextmanager
def proxy(upstream: int, folder: Path) -> Iterator[Relay]:
    """`streamkit proxy`."""
    with _proxy(upstream, folder) as relay:
        yield relay


@contextmanager
def recording_proxy(upstream: int, folder: Path) -> Iterator[Relay]:
    """`streamkit proxy` with its flight recorder."""
    with _proxy(upstream, folder, "--record", str(folder / "runs"), "--keep", "status:failed") as relay:
        yield relay


@contextmanager
def nginx(upstream: int, folder: Path) -> Iterator[Relay]:
    """nginx, which looks at nothing."""
    port = _free_port()
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port, upstream=upstream))
    with _process(
        [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
    ) as process:
        _wait(lambda: _listens(port))
        yield Relay(port, process.pid)


@contextmanager
def mitmproxy(upstream: int, folder: Path) -> Iterator[Relay]:
    """mitmproxy as a reverse proxy that streams."""
    port = _free_port()
    (folder / "streaming.py").write_text(_STREAMING)
    how = ["--mode", f"reverse:http://127.0.0.1:{upstream}", "--listen-port", str(port), "--quiet"]
    own = ["-s", str(folder / "streaming.py"), "--set", f"confdir={folder}", "--set", "connection_strategy=lazy"]
    with _process([str(MITMDUMP), *how, *own]) as process:
        _wait(lambda: _listens(port))
        yield Relay(port, process.pid)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("a relay does not begin to listen")
        time.sleep(0.02)


RELAYS = {
    "direct": direct,
    "bare relay": bare,
    "relay with a tap": tapped,
    "streamkit proxy": proxy,
    "streamkit proxy --record": recording_proxy,
    "nginx": nginx if NGINX else None,
    "mitmproxy": mitmproxy if MITMDUMP else None,
}
"""By name; None where a program is missing: `NGINX` and `MITMDUMP` in the environment say where they are."""
