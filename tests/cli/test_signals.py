"""Ctrl-C and SIGTERM at any moment of any command: it ends, says so by its exit code, and leaves a recording that is whole, or none."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from time import monotonic, sleep

import pytest

from streamkit import Tap
from streamkit.errors import RecordingError
from streamkit.recording import Recording
from tests.cli.conftest import ROOT
from tests.cli.played import fixture, played
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.untraced  # processes that are waited for; what they run, the tests of the commands run, too

NAMES = ("dify/wf_iter_seq5", "dify/wf_human_1_paused", "dify/wf_human_2_resumed_approve", "ragflow/simple_message")
STALLS = "stall-before=node_finished:Work#3"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SECONDS = 60.0

every_signal = pytest.mark.parametrize("number", list(CODES), ids=lambda number: number.name)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with played(tmp_path_factory.mktemp("played"), *map(fixture, NAMES), environment=environment) as found:
        yield found


@pytest.fixture(autouse=True)
def _afresh(server):
    server.reset()


@pytest.fixture
def work(tmp_path):
    """Where a command runs, and would leave its temporary files."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path, environment, server, work):
    kept = {name: value for name, value in environment.items() if not name.startswith(("DIFY_", "RAGFLOW_"))}
    folders = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    bases = {"DIFY_BASE_URL": server.url, "RAGFLOW_BASE_URL": server.url}
    keys = {"DIFY_API_KEY": "wf_iter_seq5", "RAGFLOW_API_KEY": "simple_message"}
    return {**kept, **folders, **bases, **keys, "TMPDIR": str(work), "NO_COLOR": "1"}


def until(done):
    """Wait for what another process does."""
    end = monotonic() + SECONDS
    while not done():
        assert monotonic() < end
        sleep(0.01)


@contextlib.contextmanager
def started(home, work, *words):
    """A command in a pipe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "streamkit", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=work,
        env=home,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process, number):
    """Send a signal; return what the command said, when it has ended."""
    process.send_signal(number)
    out, err = process.communicate(timeout=SECONDS)
    assert b"Traceback" not in err
    assert b"Unclosed" not in err
    assert b"never awaited" not in err
    return out.decode(), err.decode()


def posts(server):
    return [asked for asked in server.requests() if asked.startswith("POST") and not asked.endswith("/stop")]


def stops(server):
    return [asked for asked in server.requests() if asked.endswith("/stop")]


def is_begun(record):
    """Whether a recording has what comes before the stall."""

    def begun():
        try:
            return b"workflow_started" in Recording.load(record).body
        except (OSError, RecordingError):  # not there yet, or not its first line
            return False

    return begun


def run_of(recording):
    tap = Tap()
    tap.feed(recording.body)
    tap.close()
    return tap.run


# ---- while something runs


@every_signal
@pytest.mark.parametrize(
    "words",
    [
        ("run", "dify", "--record", "x.skrec"),
        ("run", "dify", "--record", "x.skrec", "--json"),
        ("record", "dify", "-o", "x.skrec"),
        ("record", "dify", "-o", "x.skrec.zst"),
        (
            "curl",
            "--record",
            "x.skrec",
            "{url}/v1/workflows/run",
            "-d",
            '{{"user":"streamkit","response_mode":"streaming"}}',
        ),
    ],
    ids=["run", "as JSON", "record", "compressed", "curl"],
)
def test_a_run_that_was_begun_here_is_stopped(home, server, work, words, number):
    server.fault(STALLS)
    words = [word.format(url=server.url) for word in words]
    record = work / next(word for word in words if word.startswith("x.skrec"))
    with started(home, work, *words) as process:
        until(is_begun(record))
        _, err = ended(process, number)
    assert process.returncode == CODES[number], err
    assert (len(posts(server)), len(stops(server))) == (1, 1)
    assert list(work.iterdir()) == [record]
    recording = Recording.load(record)
    assert (recording.is_whole, recording.end.reason) == (True, "eof")
    assert run_of(recording).status == "stopped"


@every_signal
@pytest.mark.parametrize("command", ["attach", "curl"])
def test_a_run_that_was_joined_is_left_to_who_began_it(home, server, work, command, number):
    run = run_of(Recording.load(fixture("dify/wf_iter_seq5"))).id
    line = (
        "curl",
        "--record",
        "x.skrec",
        f"{server.url}/v1/workflow/{run}/events?user=streamkit&include_state_snapshot=true",
    )
    words = line if command == "curl" else ("attach", "dify", run, "--record", "x.skrec")
    server.fault(STALLS)
    with started(home, work, "run", "dify") as begun:
        until(lambda: posts(server))
        with started(home, work, *words) as process:
            until(is_begun(work / "x.skrec"))
            _, err = ended(process, number)
        ended(begun, signal.SIGTERM)
    assert process.returncode == CODES[number]
    assert err.splitlines()[0] == "streamkit: it goes on, and nobody watches it"
    assert len(stops(server)) == 1  # of the one that began it
    recording = Recording.load(work / "x.skrec")
    assert (recording.is_whole, recording.end.reason) == (True, "cancelled")


@pytest.mark.parametrize("command", ["run", "curl"])
def test_an_agent_of_ragflow_is_stopped(home, server, work, command):
    line = ("curl", f"{server.url}/api/v1/agents/a/completions", "-d", '{"query": "hello", "stream": true}')
    words = line if command == "curl" else ("run", "ragflow", "hello", "--agent", "a")
    server.fault("stall-before=message#2")
    with started(home, work, *words) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # its first component has ended
        ended(process, signal.SIGTERM)
    assert process.returncode == 143
    assert len([asked for asked in server.requests() if asked.endswith("/completions")]) == 1
    assert len([asked for asked in server.requests() if asked.endswith("/cancel")]) == 1


@every_signal
def test_of_several_runs_none_is_begun_any_more(home, server, work, number):
    server.fault(f"{STALLS},times=1")
    with started(home, work, "run", "dify", "--repeat", "3", "--record", "x.skrec") as process:
        until(is_begun(work / "x-1.skrec"))
        ended(process, number)
    assert process.returncode == CODES[number]
    assert len(posts(server)) == len(stops(server)) == 1
    assert [path.name for path in work.iterdir()] == ["x-1.skrec"]


def test_what_cannot_be_stopped_is_left(home, server, work):
    """Of an agent of RAGFlow, a server learns the name with its first event."""
    server.fault("stall-after=0")
    with started(home, work, "run", "ragflow", "hello", "--agent", "a", "--record", "x.skrec") as process:
        until((work / "x.skrec").exists)
        ended(process, signal.SIGTERM)
    assert process.returncode == 143
    recording = Recording.load(work / "x.skrec")
    assert (recording.body, recording.end.reason) == (b"", "cancelled")


# ---- before anything runs


@pytest.fixture
def deaf():
    """A server that takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@pytest.mark.parametrize(
    "words",
    [
        ("run", "dify", "--record", "x.skrec"),
        ("run", "dify", "--mode", "workflow", "--blocking"),
        ("attach", "dify", "r", "--record", "x.skrec"),
        ("curl", "--record", "x.skrec", "{url}/v1/workflows/run", "-d", "{{}}", "-H", "Authorization: Bearer k"),
        ("curl", "{url}/v1/info"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_server_that_does_not_answer_is_left(home, deaf, work, words):
    url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
    words = [word.format(url=url) for word in words]
    with started(home | {"DIFY_BASE_URL": url}, work, *words) as process:
        connection, _ = deaf.accept()
        with connection:
            assert connection.recv(4096)
            ended(process, signal.SIGINT)
    assert process.returncode == 130
    assert list(work.iterdir()) == []


# ---- on a terminal


@pytest.mark.parametrize("key", ["wf_human_1_paused", "wf_iter_seq5"])
def test_sigterm_ends_what_is_on_a_terminal(home, server, work, key):
    """Also at a form: it waits on."""
    if key == "wf_iter_seq5":
        server.fault(STALLS)
    record = work / "x.skrec"
    words = ("-m", "streamkit", "run", "dify", "--record", str(record))
    with Terminal(*words, environment=home | {"DIFY_API_KEY": key}) as terminal:
        terminal.wait("comment" if key == "wf_human_1_paused" else "round 2")
        terminal.signal(signal.SIGTERM)
        assert terminal.ends() == 143
        assert b"Traceback" not in terminal.output
    assert Recording.load(record).end.reason == "eof"
    assert len(stops(server)) == (key == "wf_iter_seq5")


@every_signal
def test_a_signal_ends_the_viewer(home, server, work, number):
    server.fault(STALLS)
    record = work / "x.skrec"
    with Terminal("-m", "streamkit", "run", "dify", "--view", "--record", str(record), environment=home) as terminal:
        terminal.wait("round 2")
        terminal.signal(number)
        assert terminal.ends() == CODES[number]
        assert terminal.is_as_before
        assert b"Traceback" not in terminal.output
    recording = Recording.load(record)
    assert (recording.is_whole, recording.end.reason) == (True, "cancelled")
    assert list(work.iterdir()) == [record]
    assert len(posts(server)) == 1
