"""`streamkit proxy`: as a process between two others, and what it refuses."""

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

from streamkit import Tap
from streamkit.cli import proxy
from tests.cli.conftest import ROOT

CHAT = (ROOT / "fixtures" / "dify" / "chat_llm_400_chunks.sse").read_bytes()
FAILED = (ROOT / "fixtures" / "dify" / "wf_failed.sse").read_bytes()
TOKEN = "0123456789abcdef"  # noqa: S105 - of a test
SECONDS = 60


class Upstream(BaseHTTPRequestHandler):
    """A server that nobody here wrote: the standard library's."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = FAILED if self.path.endswith("/run") else CHAT
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        assert self.server.go_on.wait(SECONDS)
        self.wfile.write(body[half:])

    def do_GET(self):
        host = self.headers["Host"]
        self.send_response(302)
        self.send_header("Location", f"{self.server.scheme}://{host}/signin?next=%2Fapps")
        self.send_header("Set-Cookie", "session=1; Path=/; Secure; HttpOnly; SameSite=None")
        self.send_header("X-Origin", self.headers.get("Origin", ""))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        pass


@contextmanager
def serving(context=None):
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.go_on = threading.Event()
        server.go_on.set()
        server.scheme = "http" if context is None else "https"
        server.url = f"{server.scheme}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def upstream():
    with serving() as server:
        yield server


class Running:
    """A proxy that runs."""

    def __init__(self, process, told):
        self.process = process
        self.url, self.admin = told["url"], told["admin"]
        assert told["pid"] == process.pid

    def ask(self, path="/v1/chat-messages"):
        with opened(
            self.url + path, data=b'{"user": "u-1"}', headers={"Authorization": "Bearer app-AbCdEfGhIjKl01"}
        ) as got:
            return got.read()

    def told(self, path, token=TOKEN):
        with opened(self.admin + path, headers={"Authorization": f"Bearer {token}"}) as got:
            return got.read().decode()

    def end(self, *numbers):
        for number in numbers or (signal.SIGTERM,):
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


def opened(url, **how):
    return urllib.request.urlopen(urllib.request.Request(url, **how), timeout=SECONDS)  # noqa: S310 - our own server


@pytest.fixture
def running(environment, tmp_path, upstream):
    numbers = count()

    @contextmanager
    def start(*args):
        ready = tmp_path / f"ready-{next(numbers)}.json"
        words = ["proxy", "--upstream", upstream.url, "--listen", "127.0.0.1:0", "--ready-file", ready, *map(str, args)]
        command = [sys.executable, "-m", "streamkit", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environment["STREAMKIT_ADMIN_TOKEN"] = TOKEN
        with subprocess.Popen(command, env=environment, **pipes) as process:
            until(lambda: ready.exists() or process.poll() is not None)
            assert process.poll() is None, process.stderr.read()
            try:
                yield Running(process, json.loads(ready.read_text()))
            finally:
                process.kill()
        ready.unlink(missing_ok=True)

    return start


def run_of(body):
    tap = Tap()
    tap.feed(body)
    tap.close()
    return tap.run


def test_it_passes_everything_on_and_tells_a_line_for_each_body(running, tmp_path):
    with running() as site:
        assert site.ask() == CHAT
        code, lines, err = site.end()
    (line,) = lines
    assert code == 0
    assert (line["run_id"], line["segment_tokens"], line["user"]) == (run_of(CHAT).id, run_of(CHAT).leaf_tokens, "u-1")
    assert err.startswith(f"streamkit: {site.url} passes on to http://127.0.0.1:")
    assert err.count("\n") == 1
    assert list(tmp_path.glob("ready*")) == []


def test_it_records_what_is_to_be_kept(running, tmp_path):
    keep = "status!=succeeded or dur>1h or anomalies>0"
    with running("--record", tmp_path / "runs", "--keep", keep, "--log", tmp_path / "log.jsonl") as site:
        site.ask()
        site.ask("/v1/workflows/run")
        code, lines, _ = site.end()
    (kept,) = (tmp_path / "runs").rglob("*.skrec")
    assert (code, lines) == (0, [])
    told = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["recording"] for line in told] == [None, str(kept.relative_to(tmp_path / "runs"))]
    assert kept.name == f"failed-{run_of(FAILED).id}.skrec"


def test_those_who_run_it_are_told_of_runs(running):
    with running("--admin", "127.0.0.1:0", "--app", "support=a4e2d5bb8c2f") as site:
        site.ask()
        (row,) = json.loads(site.told("/runs"))["runs"]
        assert row["run_id"] == run_of(CHAT).id
        assert "streamkit_runs_total" in site.told("/metrics")
        assert opened(site.admin + "/readyz").read() == b"ok\n"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            site.told("/runs", "wrong")
        _, _, err = site.end()
    assert f"; --admin is {site.admin}" in err
    assert TOKEN not in err


@pytest.mark.parametrize(("signals", "ended"), [(1, "eof"), (2, "shutdown")])
def test_the_first_signal_lets_streams_end_and_the_second_does_not(running, upstream, signals, ended):
    upstream.go_on.clear()
    with running("--grace", "20s") as site, opened(site.url + "/v1/chat-messages", data=b"{}") as answer:
        assert answer.read(1000) == CHAT[:1000]
        site.process.send_signal(signal.SIGTERM)
        if signals == 1:
            upstream.go_on.set()
            assert answer.read() == CHAT[1000:]
            code, lines, _ = site.end(0)
        else:
            time.sleep(0.2)  # else the system may give both as one
            code, lines, _ = site.end(signal.SIGTERM)
            upstream.go_on.set()
    assert (code, [line["ended"] for line in lines]) == (0, [ended])


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="needs a system that spreads connections")
def test_several_processes_share_a_port_and_each_body_is_told_once(running):
    with running("--reuse-port") as one:
        address = one.url.removeprefix("http://")
        with running("--reuse-port", "--listen", address) as two:
            for _ in range(20):
                assert one.ask() == CHAT
            _, of_one, _ = one.end()
            assert two.ask() == CHAT  # who is left takes all
            _, of_two, _ = two.end()
    assert len(of_one) + len(of_two) == 21
    assert of_two
    assert {line["segment_tokens"] for line in of_one + of_two} == {run_of(CHAT).leaf_tokens}


@pytest.fixture
def certificate(tmp_path):
    """A certificate that nobody signed, and its key."""
    file = tmp_path / "certificate.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=dify -addext subjectAltName=IP:127.0.0.1"
    command = [shutil.which("openssl"), *words.split(), "-keyout", file, "-out", tmp_path / "out"]
    subprocess.run(command, check=True, capture_output=True)
    with file.open("ab") as both:
        both.write((tmp_path / "out").read_bytes())
    return file


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_site_behind_tls_is_one_without_to_its_clients(running, environment, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as secure:
        with running("--upstream", secure.url) as site:
            with pytest.raises(urllib.error.HTTPError, match="502"):  # who signed this?
                site.ask()
            _, _, err = site.end()
        assert "the upstream does not answer: ClientConnectorCertificateError" in err
        environment["SSL_CERT_FILE"] = str(certificate)
        with running("--upstream", secure.url) as site:
            assert site.ask() == CHAT
            opener = urllib.request.build_opener(Unfollowed)
            request = urllib.request.Request(site.url, headers={"Origin": site.url})  # noqa: S310 - our own server
            with pytest.raises(urllib.error.HTTPError, match="302") as caught:
                opener.open(request, timeout=SECONDS)
            caught.value.close()
            told = caught.value.headers
            assert told["Location"] == f"{site.url}/signin?next=%2Fapps"
            assert told["Set-Cookie"] == "session=1; Path=/; HttpOnly"
            assert told["X-Origin"] == secure.url


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux, which tells of children")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_however_it_ends_nothing_of_it_remains(running, environment, tmp_path, number):
    """Neither the process that writes, nor the folder in which it wrote."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment["TMPDIR"] = str(scratch)
    with running("--admin", "127.0.0.1:0", "--admin-content") as site:
        site.ask()
        pid = site.process.pid
        (writer,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        until(lambda: list(scratch.rglob("*.skrec")))
        site.process.send_signal(getattr(signal, number))
        site.process.wait(SECONDS)
        until(lambda: not (list(scratch.iterdir()) or lives(writer)))


def until(condition):
    """Wait for what another process does."""
    limit = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def lives(pid):
    """Whether a process runs; one that nobody has asked how it ended does not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def test_a_log_that_nobody_reads_stops_nothing(running):
    with running() as site:
        site.process.stdout.close()
        assert site.ask() == CHAT
        assert site.ask() == CHAT
        site.process.stdout = None
        site.process.send_signal(signal.SIGTERM)
        assert site.process.wait(SECONDS) == 0
        assert b"lost 2 lines of the log" in site.process.stderr.read()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's disk that is always full")
def test_a_log_on_a_full_disk_stops_nothing(running):
    with running("--log", "/dev/full", "--admin", "127.0.0.1:0") as site:
        assert site.ask() == CHAT
        until(lambda: "streamkit_lines_lost_total 1\n" in site.told("/metrics"))
        code, _, err = site.end()
    assert (code, err.splitlines()[1:]) == (0, ["streamkit: lost 1 line of the log"])


# ---- what it refuses


def refused(result, *words):
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], ["--upstream"]),
        (["--upstream", "dify"], ["no URL like https://dify.example"]),
        (["--upstream", "ftp://x"], ["http://"]),
        (["--upstream", "https://me:pw@x"], ["neither name nor password"]),
        (["--upstream", "https://x/v1"], ["name the origin alone, https://x"]),
        (["--upstream", "https://x", "--listen", "a:b"], ["no HOST:PORT"]),
        (["--upstream", "https://x", "--listen", "a:70000"], ["no HOST:PORT"]),
        (["--upstream", "https://x", "--grace", "soon"], ["no duration"]),
        (["--upstream", "https://x", "--max-size", "much"], ["no size"]),
        (["--upstream", "https://x", "--keep", "statu:x"], ["there is no field 'statu'"]),
        (["--upstream", "https://x", "--keep", "status:failed"], ["--record records, which is missing"]),
        (["--upstream", "https://x", "--sample", "0.5"], ["--record records, which is missing"]),
        (["--upstream", "https://x", "--app", "support"], ["NAME=FINGERPRINT"]),
        (["--upstream", "https://x", "--admin", "127.0.0.1:0"], ["token of 16 characters", "STREAMKIT_ADMIN_TOKEN"]),
        (["--upstream", "https://x", "--admin-token-file", "x"], ["--admin, which is missing"]),
        (["--upstream", "https://x", "--admin-content"], ["--admin, which is missing"]),
        (["--upstream", "https://x", "--admin", ":0", "--admin-token-file", "no-such"], ["no-such: no such file"]),
        (["--upstream", "https://x", "--view"], ["--view needs a terminal"]),
        (["--upstream", "https://x", "--log", "/no/such/folder/x"], ["/no/such/folder/x: no such file"]),
    ],
    ids=" ".join,
)
def test_what_means_nothing_is_one_line(cli, monkeypatch, args, words):
    monkeypatch.delenv("STREAMKIT_ADMIN_TOKEN", raising=False)
    monkeypatch.setattr("streamkit.gateway.service.Service.run", None)  # nothing of this gets so far
    refused(cli("proxy", *args), *words)


def test_a_short_token_is_none(cli, tmp_path):
    (tmp_path / "token").write_text("short\n")
    refused(
        cli("proxy", "--upstream", "https://x", "--admin", ":0", "--admin-token-file", tmp_path / "token"),
        "16 characters",
    )


def test_a_port_that_is_taken_is_one_line(cli, upstream):
    taken = upstream.url.removeprefix("http://")
    refused(cli("proxy", "--upstream", upstream.url, "--listen", taken), f"cannot listen at {taken}: ")


def test_a_port_that_is_taken_for_those_who_run_it_is_told_by_its_own_name(cli, upstream, monkeypatch):
    monkeypatch.setenv("STREAMKIT_ADMIN_TOKEN", TOKEN)
    taken = upstream.url.removeprefix("http://")
    result = cli("proxy", "--upstream", upstream.url, "--listen", "127.0.0.1:0", "--admin", taken)
    refused(result, f"cannot listen at {taken}: address already in use")


def test_a_folder_that_cannot_be_made_is_one_line(cli, upstream, tmp_path):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "runs"
    result = cli("proxy", "--upstream", upstream.url, "--listen", "127.0.0.1:0", "--record", folder)
    refused(result, f"{folder}", "not a directory")


def test_a_ready_file_that_cannot_be_written_is_one_line(cli, upstream, tmp_path):
    path = tmp_path / "none" / "ready"
    refused(cli("proxy", "--upstream", upstream.url, "--listen", ":0", "--ready-file", path), f"{path}: no such file")


def test_help_loads_no_server(process):
    code = "import sys; from streamkit.cli import main; main(['proxy', '--help'], standalone_mode=False); print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.endswith("False\n")


def test_with_a_terminal_the_viewer_shows_it(monkeypatch, cli, tmp_path):
    shown = []
    monkeypatch.setattr(proxy, "is_screen", lambda: True)
    monkeypatch.setattr("viewer.main.run", lambda sources, **options: shown.append((sources, options)) or 0)
    result = cli("proxy", "--upstream", "https://x", "--view", "--dialect", "dify", "--log", tmp_path / "log")
    assert result.exit_code == 0
    (((source,), options),) = shown
    assert source.name == "127.0.0.1:8400 → https://x"
    assert source.live
    assert options["dialect"] == "dify"
