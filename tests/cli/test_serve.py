"""`streamkit serve` as a process of its own, asked by curl and by the standard library: no client is ours."""

import json
import select
import shutil
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

from tests.cli.conftest import ROOT

CURL = shutil.which("curl")
SIMPLE = ROOT / "fixtures" / "dify" / "chat_simple.sse"
HUMAN = sorted((ROOT / "fixtures" / "dify").glob("wf_human_[123]*.sse"))
ASK = {"inputs": {}, "query": "hi", "user": "u", "response_mode": "streaming"}
SECONDS = 60

needs_curl = pytest.mark.skipif(CURL is None, reason="needs curl: apt-get install curl")


def opened(url, data, key=""):
    """The standard library's client."""
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {key}"})  # noqa: S310 - our own server
    return urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310


class Served:
    """A server that runs."""

    def __init__(self, process, ready):
        self.process = process
        self.ready = ready
        self.url = json.loads(ready.read_text())["url"]

    def ask(self, path, body=None, key=""):
        data = None if body is None else json.dumps(body).encode()
        with opened(self.url + path, data, key) as answer:
            return answer.read()

    def end(self, number=signal.SIGTERM):
        """Its exit code, and what it printed."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out.decode(), err.decode()


@pytest.fixture
def served(environment, tmp_path):
    """Start a server; it listens once its first line can be read."""

    @contextmanager
    def start(*args):
        ready = tmp_path / "ready.json"
        command = [sys.executable, "-m", "streamkit", "serve", "--port", "0", "--ready-file", ready, *map(str, args)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, **pipes) as process:
            try:
                assert select.select([process.stdout], [], [], SECONDS)[0], "it does not say where it listens"
                if process.poll() is not None:
                    raise AssertionError(process.stderr.read().decode())
                yield Served(process, ready)
            finally:
                process.kill()

    return start


def test_it_says_where_it_listens_what_it_plays_and_how_to_try(served):
    with served(SIMPLE, *HUMAN) as server:
        told = json.loads(server.ready.read_text())
        assert (told["url"], told["pid"]) == (server.url, server.process.pid)
        assert told["admin"].startswith("http://127.0.0.1:")
        code, out, _ = server.end()
    assert (code, server.ready.exists()) == (0, False)
    first, admin, *names, line = out.splitlines()
    assert first == f"{server.url}  (Ctrl-C ends it)"
    assert admin == f"{told['admin']}  for tests"
    assert [name.split() for name in names] == [
        ["chat_simple", "/v1/chat-messages", "dify", "chatflow"],
        *([path.stem, "/v1/workflows/run", "dify", "workflow"] for path in HUMAN),
    ]
    assert line.startswith(f"curl -N {server.url}/v1/chat-messages -H 'Authorization: Bearer chat_simple'")


@needs_curl
def test_the_line_to_try_works_as_it_stands(served):
    with served(SIMPLE) as server:
        lines = iter(server.process.stdout.readline, b"")
        line = next(line for line in lines if line.startswith(b"curl")).decode()
        found = subprocess.run(line, shell=True, capture_output=True, check=True, timeout=SECONDS)  # noqa: S602 - our own
    assert found.stdout == SIMPLE.read_bytes()


@needs_curl
@pytest.mark.parametrize("chunks", [[], ["--chunk-size", "1"], ["--chunk-size", "random:3"]])
def test_curl_gets_the_very_bytes(served, chunks):
    with served(SIMPLE, "--speed", 0, *chunks) as server:
        url = f"{server.url}/v1/chat-messages"
        found = subprocess.run(
            [CURL, "-sN", url, "-d", json.dumps(ASK)], capture_output=True, check=True, timeout=SECONDS
        )
    assert found.stdout == SIMPLE.read_bytes()


@needs_curl
@pytest.mark.parametrize(("fault", "code"), [("cut-after=100", 18), ("reset-after=100", 56), ("status=500", 22)])
def test_curl_sees_what_goes_wrong(served, fault, code):
    with served(SIMPLE, "--fault", fault) as server:
        url = f"{server.url}/v1/chat-messages"
        found = subprocess.run(
            [CURL, "-sfN", url, "-d", json.dumps(ASK)], capture_output=True, check=False, timeout=SECONDS
        )
    assert found.returncode == code
    assert SIMPLE.read_bytes().startswith(found.stdout)


def test_a_run_pauses_is_answered_and_goes_on(served):
    with served(*HUMAN) as server:
        paused = server.ask("/v1/workflows/run", ASK)
        token, run = (
            paused.rpartition(b'"%b":"' % name)[2].partition(b'"')[0].decode()
            for name in (b"form_token", b"workflow_run_id")
        )
        assert server.ask(f"/v1/form/human_input/{token}", {"inputs": {}, "action": "approve", "user": "u"}) == b"{}"
        assert server.ask(f"/v1/workflow/{run}/events?user=u") == HUMAN[1].read_bytes()


def test_every_request_is_a_line_and_an_entry_of_the_journal(served, tmp_path):
    with served(SIMPLE, "--journal", tmp_path / "journal.jsonl") as server:
        server.ask("/v1/chat-messages", ASK, key="app-secret")
        server.ask("/v1/parameters")
        _, _, err = server.end(signal.SIGINT)
    first, second = err.splitlines()
    assert first.startswith("POST /v1/chat-messages 200 chat_simple 5,915 bytes in ")
    assert second.startswith("GET /v1/parameters 200 ")
    entries = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [(entry["recording"], entry["status"]) for entry in entries] == [("chat_simple", 200), (None, 200)]
    assert entries[0]["body"] == ASK
    assert "app-secret" not in str(entries)


def test_a_file_of_a_server_that_was_killed_says_nothing_of_this_one(served, process, tmp_path):
    stale = tmp_path / "ready.json"
    stale.write_text("{}")
    assert process("serve", "none.sse", "--ready-file", stale).returncode == 2
    assert not stale.exists()


def test_it_can_be_quiet(served):
    with served(SIMPLE, "-q") as server:
        server.ask("/v1/chat-messages", ASK)
        assert server.end() == (0, f"{server.url}\n", "")


def test_a_strict_server_fails_at_its_end(served):
    with served(SIMPLE, *HUMAN, "--strict", "-q") as server:
        server.ask("/v1/workflows/run", ASK)
        with pytest.raises(urllib.error.HTTPError, match="501"):
            server.ask("/v1/nothing", ASK)
        code, _, err = server.end()
    assert code == 1
    assert err.splitlines() == [
        "streamkit: request 2: no recording answers POST /v1/nothing: no vendor has this path",
        "streamkit: chat_simple was not played",
        "streamkit: wf_human_2_resumed_approve was not played",
        "streamkit: wf_human_3_events_after_finish was not played",
    ]


def test_a_strict_server_is_content_with_what_was_played(served):
    with served(SIMPLE, "--strict", "-q") as server:
        server.ask("/v1/chat-messages", ASK)
        assert server.end() == (0, f"{server.url}\n", "")


def test_answers_that_are_played_do_not_keep_it_from_ending(served):
    with (
        served(SIMPLE, "--fault", "stall-after=10") as server,
        opened(f"{server.url}/v1/chat-messages", json.dumps(ASK).encode()) as answer,
    ):
        assert answer.read(10) == SIMPLE.read_bytes()[:10]
        assert server.end()[0] == 0


def test_times_and_ids_are_of_today(served):
    with served(SIMPLE, "--retime", "now", "--fresh-ids", "7") as server:
        body = server.ask("/v1/chat-messages", ASK)
    assert len(body) == len(SIMPLE.read_bytes())
    assert b"1795300892" not in body
    assert b"8a436343-ea84-498e-a573-dbe7853ebd53" not in body


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["none.sse"], "none.sse: no such file or directory"),
        ([SIMPLE, "--fault", "explode"], "fault 'explode': 'explode' is none of cut-after, "),
        ([SIMPLE, "--chunk-size", "x"], "chunk size 'x': give a number of bytes, or random:SEED"),
        ([SIMPLE, SIMPLE], "two recordings are called 'chat_simple': give one of them another name"),
        ([SIMPLE, "--journal", "none/journal"], "none/journal: no such file or directory"),
        ([SIMPLE, "--host", "256.0.0.1"], "cannot listen at 256.0.0.1, port "),
        ([SIMPLE, "--ready-file", "none/ready"], "none/ready: no such file or directory"),
        ([], "Missing argument 'FILE|FOLDER...'"),
    ],
)
def test_what_cannot_be_served_is_one_line(cli, args, says):
    found = cli("serve", "--port", 0, *args)
    (line,) = found.stderr.splitlines()
    assert found.exit_code == 2
    assert line.startswith(f"streamkit: {says}")


def test_a_port_that_is_taken_is_one_line(served, process):
    with served(SIMPLE) as server:
        found = process("serve", SIMPLE, "--port", server.url.rpartition(":")[2])
    assert found.returncode == 2
    (line,) = found.stderr.decode().splitlines()
    assert line.startswith("streamkit: cannot listen at 127.0.0.1, port ")


def test_many_recordings_are_counted(served):
    folder = ROOT / "fixtures" / "dify"
    with served(folder) as server:
        _, out, _ = server.end()
    assert f"\n  and {len([*folder.rglob('*.sse')]) - 20} more\ncurl " in out
