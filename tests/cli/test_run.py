"""`streamkit run`, `record`, `attach` and `curl`, as programs in a pipe beside a server that plays recordings."""

import errno
import json
import os
import signal
import subprocess
import sys
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from streamkit import Tap
from streamkit.cli import main
from streamkit.clients.tape import FileTape
from streamkit.recording import Recording
from tests.cli.conftest import ROOT
from tests.cli.played import FIXTURES, fixture, played

NAMES = (
    "dify/chat_ifelse",
    "dify/chat_app_plain",
    "dify/wf_iter_seq5",
    "dify/wf_failed",
    "dify/wf_human_1_paused",
    "dify/wf_human_2_resumed_approve",
    "dify/completion_plain",
    "ragflow/fillup_1_pause",
    "ragflow/simple_message",
    "ragflow/chat_kb_delta_final_reference",
)


OF_PARADIGM = (
    FIXTURES / "openai" / "openai_compatible.sse",
    FIXTURES / "lighton" / "protocol" / "38_lighton_chatflow_response.json",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    files = (*map(fixture, NAMES), *OF_PARADIGM)
    with played(tmp_path_factory.mktemp("played"), *files, environment=environment) as found:
        yield found


@pytest.fixture(autouse=True)
def _afresh(server):
    server.reset()


@pytest.fixture
def home(tmp_path, environment, server):
    """The environment of somebody with a configuration of their own."""
    config = tmp_path / "config" / "streamkit" / "config.toml"
    config.parent.mkdir(parents=True)
    apps = [f'[apps.{name.split("/")[1].replace("_", "-")}]\nkind = "{name.split("/")[0]}"\n' for name in NAMES]
    config.write_text('[apps.down]\nkind = "dify"\nbase = "http://127.0.0.1:9"\n' + "".join(apps))
    kept = {
        name: value for name, value in environment.items() if not name.startswith(("DIFY_", "RAGFLOW_", "PARADIGM_"))
    }
    return {
        **kept,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "DIFY_BASE_URL": server.url,
        "RAGFLOW_BASE_URL": server.url,
        "PARADIGM_BASE_URL": server.url,
    }


@pytest.fixture
def command(home, tmp_path, monkeypatch):
    """Run a command in this process; the key names the recording that answers."""
    monkeypatch.chdir(tmp_path)
    for name in set(os.environ) - set(home):
        monkeypatch.delenv(name)

    def run(*words, key="key"):
        env = home | {"DIFY_API_KEY": key, "RAGFLOW_API_KEY": key, "PARADIGM_API_KEY": key}
        done = CliRunner().invoke(main, [str(word) for word in words], env=env, catch_exceptions=False)
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


class Done(NamedTuple):
    code: int
    out: str
    err: str


def folded(name):
    tap = Tap()
    tap.feed((FIXTURES / f"{name}.sse").read_bytes())
    tap.close()
    return tap.run


# ---- run


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        (("dify", "hello"), "chat_ifelse", "chatflow"),
        (("dify", "hello"), "chat_app_plain", "chat"),
        (("dify",), "wf_iter_seq5", "workflow"),
        (("dify", "hello"), "completion_plain", "completion"),
        (("ragflow", "hello", "--agent", "a"), "simple_message", "agent"),
        (("ragflow", "hello", "--chat", "c"), "chat_kb_delta_final_reference", "rag-chat"),
        (("paradigm", "hello", "--model", "m"), "openai_compatible", "openai-agent"),
        (("paradigm", "hello", "--tool", "document_search"), "38_lighton_chatflow_response", "chatflow"),
    ],
)
def test_an_app_of_any_kind_is_run_by_what_the_server_says_that_it_is(command, words, key, said):
    done = command("run", *words, key=key)
    assert done.code == 0, done.err
    assert f"✓ succeeded  {said}" in done.out
    assert done.err == ""


def test_in_a_pipe_each_node_has_a_line_as_soon_as_it_ends(command):
    done = command("run", "wf-iter-seq5", key="wf_iter_seq5")
    lines = done.out.splitlines()
    assert lines[0] == "✓ Start  start  <1ms"
    assert [line for line in lines if "round 4" in line] == ["✓ Work  round 4  code  39ms"]
    assert lines.index("✓ succeeded  workflow 8073596d  904ms") > lines.index("✓ End  end  <1ms")
    assert "\x1b" not in done.out


def test_the_run_as_json_is_what_inspect_prints(command):
    told = json.loads(command("run", "wf-iter-seq5", "--json", key="wf_iter_seq5").out)
    assert told["app"] == "wf-iter-seq5"
    assert told["status"] == "succeeded"
    assert [node["title"] for node in told["nodes"]] == [node.title for node in folded("dify/wf_iter_seq5").nodes]


def test_a_failed_run_is_shown_and_exits_with_1(command):
    done = command("run", "wf-failed", key="wf_failed")
    assert done.code == 1
    assert "✗ failed  workflow" in done.out


def test_a_form_that_nobody_can_answer_is_told_with_how_to_go_on(command):
    done = command("run", "dify", key="wf_human_1_paused")
    assert done.code == 1
    assert "‖ paused  workflow" in done.out
    assert "`streamkit attach dify 0da69be8-c2e9-4ac5-a254-073f57170ba8`" in done.err
    assert "[hidden]" in done.out
    other = command("run", "dify", "--user", "ada b", key="wf_human_1_paused")
    assert "0da69be8-c2e9-4ac5-a254-073f57170ba8 --user 'ada b'`" in other.err  # whose run it is


@pytest.mark.parametrize(
    "words",
    [
        ("run", "ragflow", "trip to Oslo", "--agent", "a"),
        ("curl", "{url}/api/v1/agents/a/completions", "-d", '{{"question": "trip to Oslo", "stream": true}}'),
    ],
)
def test_a_form_of_ragflow_that_nobody_can_answer_is_told_too(command, server, words):
    """Nobody joins a run of RAGFlow later."""
    done = command(*(word.format(url=server.url) for word in words), key="fillup_1_pause")
    assert done.code == 1
    assert "‖ paused  agent" in done.out
    assert done.err == "streamkit: it waits for a form, which can be answered on a terminal while it is run\n"


def test_one_answer_may_be_waited_for(command):
    done = command("run", "dify", "hello", "--blocking", key="chat_ifelse")
    assert done.code == 0
    assert folded("dify/chat_ifelse").text in done.out


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("ragflow", "hello", "--agent", "a"), "simple_message"),
        (("paradigm", "hello"), "38_lighton_chatflow_response"),
    ],
)
def test_one_answer_is_one_request_whatever_the_vendor(command, server, words, key):
    done = command("run", *words, "--blocking", key=key)
    assert (done.code, done.err) == (0, "")
    assert "✓ succeeded" in done.out
    assert len(server.requests()) == 1


def test_a_file_for_an_agent_of_ragflow_is_uploaded_to_it(command, server, tmp_path):
    (tmp_path / "bill.pdf").write_bytes(b"%PDF")
    done = command("run", "ragflow", "hello", "--agent", "a", "-f", "bill.pdf", key="simple_message")
    assert done.code == 0, done.err
    assert server.requests() == ["POST /api/v1/agents/a/upload", "POST /api/v1/agents/a/completions"]
    assert len(server.bodies()[-1]["files"]) == 1


def test_inputs_go_along(command, server):
    command("run", "dify", "hello", "-i", "lang=de", key="chat_ifelse")
    bodies = [body for body in server.bodies() if body]
    assert bodies[-1]["inputs"] == {"lang": "de"}
    assert bodies[-1]["query"] == "hello"


def test_a_file_is_uploaded_and_goes_along(command, server, tmp_path):
    (tmp_path / "bill.pdf").write_bytes(b"%PDF")
    done = command("run", "dify", "hello", "-f", "bill.pdf", key="chat_ifelse")
    assert done.code == 0, done.err
    assert "POST /v1/files/upload" in server.requests()
    (body,) = [body for body in server.bodies() if isinstance(body, dict) and body.get("files")]
    assert body["files"][0]["type"] == "document"


def test_a_conversation_goes_on(command, server):
    first = command("run", "chat-app-plain", "hello", key="chat_app_plain")
    assert first.code == 0
    command("run", "chat-app-plain", "and then?", "--continue", key="chat_app_plain")
    _, body = [body for body in server.bodies() if isinstance(body, dict) and "query" in body]
    assert body["conversation_id"] == folded("dify/chat_app_plain").conversation_id


def test_a_session_of_ragflow_goes_on(command, server):
    """An agent begins its own: in one that was made before, some servers hide events."""
    how = ("--agent", "a")
    assert command("run", "simple-message", "hello", *how, key="simple_message").code == 0
    assert command("run", "simple-message", "and then?", *how, "--continue", key="simple_message").code == 0
    first, second = [body for body in server.bodies() if isinstance(body, dict)]
    assert "session_id" not in first
    assert "user_id" not in first
    assert second["session_id"] == folded("ragflow/simple_message").conversation_id
    assert (first["stream"], second["stream"]) == (True, True)


def test_ragflow_is_told_on_whose_behalf_if_somebody_says_it(command, server):
    command("run", "ragflow", "hello", "--agent", "a", "--user", "ada", key="simple_message")
    assert [body["user_id"] for body in server.bodies() if isinstance(body, dict)] == ["ada"]


def test_there_may_be_nothing_to_continue(command):
    done = command("run", "chat-app-plain", "hello", "--continue", key="chat_app_plain")
    assert done.code == 2
    assert "no conversation to continue" in done.err


def test_repeated_it_shows_the_spread_of_each_node(command):
    done = command("run", "wf-iter-seq5", "--repeat", "3", key="wf_iter_seq5")
    assert done.code == 0
    assert "3 of 3: succeeded" in done.err
    rows = {line.split()[0]: line.split()[1] for line in done.out.splitlines() if line.startswith(("Work", "End"))}
    assert rows == {"Work": "15", "End": "3"}


def test_a_stream_that_broke_off_and_was_picked_up_again_is_told(command, server):
    server.fault("cut-before=node_finished:End,times=1")
    done = command("run", "dify", key="wf_iter_seq5")
    assert (done.code, done.err) == (0, "streamkit: the stream broke off 1×, and was picked up again\n")  # noqa: RUF001


# ---- what cannot be run


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "suport"), 2, "no app 'suport'"),
        (("run", "ragflow", "hello"), 2, "Give --chat ID or --agent ID"),
        (("run", "down", "hello"), 1, "cannot reach 127.0.0.1:9"),
        (("run", "dify", "hello", "-i", "lang"), 2, "is no input"),
        (("run", "dify", "hello", "-f", "none.pdf"), 2, "none.pdf: no such file"),
        (("run", "dify", "hello", "--config", "none.toml"), 2, "none.toml: no such file"),
        (("run", "dify", "hello", "--api-key-file", "none"), 2, "the key file none: no such file"),
        (("run", "dify", "hello", "--base", "nowhere"), 2, "no http or https address"),
        (("run", "dify", "hello", "--record", "none/x.skrec"), 2, "none: no such folder"),
        (("run", "dify"), 2, "the app needs a question"),
        (("run", "ragflow", "--chat", "c"), 2, "the app needs a question"),
        (("run", "ragflow", "hello", "--chat", "c", "-f", "here.pdf"), 2, "chats of RAGFlow take no files"),
        (("run", "paradigm", "hello", "-f", "here.pdf"), 2, "Paradigm takes no files with a question"),
        (("run", "dify", "hello", "--blocking", "--record", "x.skrec"), 2, "--blocking"),
        (("run", "dify", "hello", "--view", "--json"), 2, "--view"),
        (("run", "dify", "hello", "--view", "--repeat", "2"), 2, "--view"),
        (("run", "dify", "hello", "--view"), 2, "--view needs a terminal"),
    ],
)
def test_it_is_told_in_one_line(command, tmp_path, words, code, said):
    (tmp_path / "here.pdf").write_bytes(b"%PDF")
    done = command(*words, key="chat_ifelse")
    assert done.code == code
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_of_several_runs_none_is_begun_if_one_could_not_be_recorded(command, server, tmp_path):
    (tmp_path / "x-2.skrec").write_text("mine")
    done = command("run", "dify", "hello", "--repeat", "2", "--record", "x.skrec", key="chat_ifelse")
    assert (done.code, done.err) == (2, "streamkit: x-2.skrec: is there already\n")
    assert server.requests() == []


@pytest.mark.parametrize("command_words", [("run", "dify", "hello", "--record"), ("record", "dify", "hello", "-o")])
def test_a_disk_that_is_full_ends_the_recording_and_not_the_run(command, tmp_path, monkeypatch, command_words):
    def full(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileTape, "write", full)
    done = command(*command_words, "x.skrec", key="chat_ifelse")
    assert done.code == 2
    assert done.err == "streamkit: not recorded any more: no space left on device\n"
    assert "succeeded" in done.out
    recording = Recording.load(tmp_path / "x.skrec")
    assert (recording.body, recording.end.reason) == (b"", "error")


def test_a_file_that_cannot_be_read_is_told_by_its_name(command, tmp_path, monkeypatch):
    (tmp_path / "bill.pdf").write_bytes(b"%PDF")

    def refuse(self, stack):
        raise PermissionError(errno.EACCES, "Permission denied", "bill.pdf")

    monkeypatch.setattr("streamkit.clients.upload.Upload.open", refuse)  # root may read everything
    done = command("run", "dify", "hello", "-f", "bill.pdf", key="chat_ifelse")
    assert (done.code, done.err) == (2, "streamkit: bill.pdf: permission denied\n")


@pytest.mark.parametrize(("fault", "said"), [("status=429", "429"), ("html=502", "Bad Gateway (HTTP 502)")])
def test_a_refusal_is_told_in_the_server_s_words(command, server, fault, said):
    server.fault(fault)
    done = command("run", "dify", "hello", key="chat_ifelse")
    assert done.code == 1
    assert said in done.err
    assert len(done.err.splitlines()) == 1


# ---- record


def test_a_run_is_recorded_with_what_was_asked_beside_it(command, tmp_path):
    done = command("record", "dify", "hello", "-o", "x.skrec", key="chat_ifelse")
    assert (done.code, done.out) == (0, "x.skrec: succeeded\n")
    recording = Recording.load(tmp_path / "x.skrec")
    assert recording.body == (FIXTURES / "dify" / "chat_ifelse.sse").read_bytes()
    assert recording.is_timed
    assert recording.header.request.body["query"] == "hello"
    urls = [urlsplit(exchange.request.url).path for exchange in recording.exchanges]
    assert urls == ["/v1/parameters", "/v1/info"]
    assert command("inspect", "x.skrec", "--check").code == 0


def test_a_recording_is_never_overwritten_and_nothing_is_run_for_it(command, server, tmp_path):
    (tmp_path / "x.skrec").write_text("mine")
    done = command("record", "dify", "hello", "-o", "x.skrec", key="chat_ifelse")
    assert (done.code, done.err) == (2, "streamkit: x.skrec: is there already\n")
    assert not [asked for asked in server.requests() if asked.startswith("POST")]


# ---- curl


def test_the_line_of_a_page_runs(command, server):
    body = '{"inputs": {}, "query": "hello", "response_mode": "streaming", "user": "ada",}'
    line = (
        "-X",
        "POST",
        f"{server.url}/v1/chat-messages",
        "--header",
        "Authorization: Bearer {api_key}",
        "--data-raw",
        body,
    )
    done = command("curl", *line, key="chat_ifelse")
    assert done.code == 0, done.err
    assert "✓ succeeded  chatflow" in done.out


def test_options_of_one_letter_may_stand_with_their_values(command, server):
    """No letter of a value is an option of ours: `h` in a header is no call for help."""
    done = command(
        "curl", "-XGET", f"{server.url}/v1/info", "-Haccept: text/html", "-Hauthorization: Bearer chat_ifelse"
    )
    assert json.loads(done.out)["mode"] == "advanced-chat"


def test_what_is_no_run_is_printed(command, server):
    done = command("curl", f"{server.url}/v1/info", "-H", "Authorization: Bearer {api_key}", key="chat_ifelse")
    assert json.loads(done.out)["mode"] == "advanced-chat"


def test_a_line_can_be_recorded(command, server, tmp_path):
    line = ("--url", f"{server.url}/api/v1/agents/a/completions", "-d", '{"question": "hello", "stream": true}')
    done = command("curl", "--record", "x.skrec", *line, key="simple_message")
    assert done.code == 0, done.err
    assert Recording.load(tmp_path / "x.skrec").body == (FIXTURES / "ragflow" / "simple_message.sse").read_bytes()


# ---- attach


def test_only_dify_tells_a_run_to_who_comes_later(command):
    done = command("attach", "ragflow", "r", "--agent", "a")
    assert (done.code, "only Dify" in done.err) == (2, True)


def test_a_run_that_is_not_there_is_told_so(command):
    done = command("attach", "dify", "no-such-run")
    assert done.code == 1
    assert "not found" in done.err.lower()


# ---- leaving


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_and_leaves_nothing_behind(home, server, tmp_path, number, code):
    server.fault("stall-before=node_finished:Work#3")
    folder = tmp_path / "work"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamkit", "run", "dify", "--record", "x.skrec"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=home | {"DIFY_API_KEY": "wf_iter_seq5", "TMPDIR": str(folder)},
    )
    with process:
        assert process.stdout is not None
        while b"round 1" not in process.stdout.readline():
            pass
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert b"stopped  workflow" in out
    assert server.requests().count("POST /v1/workflows/run") == 1
    assert any(asked.endswith("/stop") for asked in server.requests())
    assert [path.name for path in folder.iterdir()] == ["x.skrec"]
    recording = Recording.load(folder / "x.skrec")
    assert recording.is_whole
    tap = Tap()
    tap.feed(recording.body)
    tap.close()
    assert tap.run.status == "stopped"
