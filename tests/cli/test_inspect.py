import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from streamkit import Tap, sse
from streamkit.cli import COMMANDS, main
from streamkit.cli.expect import BadExpectation, Expectation
from streamkit.run import HIDDEN

FIXTURES = Path(__file__).parents[2] / "fixtures"
SAMPLES = sorted((FIXTURES / "dify" / "protocol").glob("*.sse"))
ITERATION = FIXTURES / "dify" / "wf_iter_fail_seq_continue-on-error.sse"
PAUSED = FIXTURES / "dify" / "wf_human_1_paused.sse"
FAILED = FIXTURES / "dify" / "wf_failed.sse"
PARTIAL = FIXTURES / "dify" / "wf_default_value_partial.sse"
STOPPED = FIXTURES / "dify" / "wf_stopped.sse"
CHAT = FIXTURES / "dify" / "preview_chat_plain.sse"


def state_of(path: Path):
    tap = Tap()
    tap.feed(path.read_bytes())
    tap.close()
    return tap.run.snapshot()


# ---- JSON


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_json_is_the_published_state(cli, sample):
    printed = cli("inspect", "--json", sample).stdout_bytes
    assert json.loads(printed) == json.loads(msgspec.json.encode(state_of(sample).without_secrets()))
    assert printed.startswith(b'{\n  "format": 1,\n')


def test_several_runs_are_one_line_each_in_the_order_they_were_seen(cli):
    lines = cli("inspect", "--json", FAILED, PAUSED, ITERATION).stdout.splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["failed", "paused", "succeeded"]


def test_numbers_of_the_vendor_stay_exact(cli, streams):
    big = b'"outputs": {"n": 123456789012345678901234567890, "x": 1.10}'
    body = streams.workflow(outputs={}).replace(b'"outputs": {}', big)
    output = cli("inspect", "--json", "-", stdin=body).stdout
    assert '"n": 123456789012345678901234567890' in output
    assert '"x": 1.10' in output


def test_stable_is_sorted_json_without_ids_and_times(cli, streams):
    one, two = (
        cli("inspect", "--stable", "-", stdin=streams.workflow(streams.node(run=run, execution=run), run=run)).stdout
        for run in ("r1", "r2")
    )
    assert one == two
    keys = list(json.loads(one))
    assert keys == sorted(keys)
    assert "id" not in keys


def test_a_form_token_is_hidden_unless_asked_for(cli, streams):
    body = streams.workflow(streams.form())
    for mode in ((), ("--json",), ("--all",)):
        assert "s3cr3t" not in cli("inspect", "-", *mode, stdin=body).stdout
        assert "s3cr3t" in cli("inspect", "-", *mode, "--show-secrets", stdin=body).stdout
    assert json.loads(cli("inspect", "-", "--json", stdin=body).stdout)["forms"][0]["token"] == HIDDEN


def test_a_token_that_the_server_did_not_send_stays_null(cli, streams):
    body = streams.workflow(streams.form(form_token=None))
    assert json.loads(cli("inspect", "-", "--json", stdin=body).stdout)["forms"][0]["token"] is None
    assert "token" not in cli("inspect", "-", stdin=body).stdout


# ---- sources


def test_files_of_one_run_are_one_run(cli):
    state = json.loads(cli("inspect", "--json", PAUSED, FIXTURES / "dify" / "wf_human_2_resumed_approve.sse").stdout)
    assert (state["status"], len(state["segments"])) == ("succeeded", 2)


def test_runs_of_one_file_are_parted(cli):
    lines = cli("inspect", "--json", FIXTURES / "hostile" / "foreign_run.sse").stdout.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 2


@pytest.mark.parametrize("command", ["events", "frames"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_another_command_prints_can_be_inspected(cli, command, sample):
    """Pings are no events and no frames, so what only they say is lost: whether a stream came through the relay."""
    lines = cli(command, sample).stdout_bytes
    whole = json.loads(cli("inspect", "--json", sample).stdout)
    again = json.loads(cli("inspect", "--json", "-", stdin=lines).stdout)
    for state in (whole, again):
        del state["stats"]["bytes"], state["stats"]["heartbeats"], state["revision"]
    if sample.stem.startswith("22_"):
        assert (whole.pop("mode"), again.pop("mode")) == ("chatflow", "chat")
    assert again == whole


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b"garbage", "is neither an event stream nor JSON"),
        (b"[1, 2]", "is neither an event stream nor JSON"),
        (b"<html>\n\n<body>502 Bad Gateway</body>\n\n</html>", "is a page of HTML or XML, not an event stream"),
        (b'{"code": "x"', "begins like JSON, but holds no JSON object"),
        (b"event: ping\n\nevent: ping\n\n", "holds heartbeats (2), but no event"),
    ],
)
@pytest.mark.parametrize("mode", [(), ("--json",), ("--stable",), ("--check",)])
def test_a_body_with_nothing_to_read_is_named_in_one_line(cli, body, reason, mode):
    result = cli("inspect", "-", *mode, stdin=body)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"streamkit: standard input: {reason}\n"


def test_a_missing_file_and_a_directory_do_not_keep_others_from_printing(process, tmp_path):
    done = process("inspect", tmp_path / "none.sse", ITERATION, tmp_path)
    assert done.returncode == 2
    assert done.stdout.decode().startswith("✓ succeeded  workflow")
    assert done.stderr.decode().splitlines() == [
        f"streamkit: {tmp_path}/none.sse: no such file",
        f"streamkit: {tmp_path}: is a directory, not a file; `streamkit ls` lists the runs in one",
    ]


def test_garbage_through_a_real_pipe_is_one_line_and_no_traceback(process):
    done = process("inspect", "-", stdin=b"garbage")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"streamkit: standard input: is neither an event stream nor JSON\n"


def test_a_json_error_body_is_a_failed_run(cli):
    result = cli("inspect", "-", stdin=b'{"code": "app_unavailable", "message": "App unavailable", "status": 400}')
    assert result.exit_code == 0
    assert result.stdout == "✗ failed  dify\n  App unavailable (app_unavailable, 400)\n"


def test_a_name_cannot_command_the_terminal(cli):
    result = cli("inspect", "\x1b]0;PWN\x07\x9b2Jx.sse")
    assert result.stderr == "streamkit: x.sse: no such file\n"


# ---- exit codes


@pytest.mark.parametrize(("path", "code"), [(ITERATION, 0), (PARTIAL, 0), (PAUSED, 1), (FAILED, 1), (STOPPED, 1)])
def test_check_is_whether_the_run_succeeded(cli, path, code):
    assert cli("inspect", "--json", path).exit_code == 0
    result = cli("inspect", "--check", "--json", path)
    assert result.exit_code == code
    assert ("the run did not succeed" in result.stderr) == bool(code)
    assert json.loads(result.stdout)


def test_check_fails_if_one_of_several_fails_and_for_an_interrupted_run(cli, streams):
    assert cli("inspect", "--check", ITERATION, FAILED).exit_code == 1
    result = cli("inspect", "--check", "-", stdin=streams.workflow(streams.node())[:400])
    assert result.exit_code == 1
    assert result.stderr == "streamkit: run-1: the run did not succeed: interrupted\n"


@pytest.mark.parametrize(
    "met",
    [
        "status==succeeded",
        'status=="succeeded"',
        "status!='failed'",
        "leaf_tokens>41",
        "leaf_tokens<=42",
        "leaf_tokens == 42.0",
        "usage.cost.USD<=0.000255",
        "usage.cost.USD==0.0002550",
        "usage.cost.EUR==0",
        "stats.events.node_retry==0",
        "stats.anomalies.bad-field==0",
        "nodes==3",
        "nodes.1.type==llm",
        "forms<1",
        "error==null",
        "message_id!=null",
        "settled==true",
        "settled!=false",
        "inputs!=null",
        "elapsed_time<60",
    ],
)
def test_an_expectation_that_is_met(cli, met):
    result = cli("inspect", CHAT, "--expect", met)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("unmet", "found"),
    [
        ("leaf_tokens<42", "42"),
        ("status==failed", '"succeeded"'),
        ("status=='running'", '"succeeded"'),
        ("usage.cost.USD<0.000255", "0.0002550"),
        ("nodes!=3", "3"),
        ("error!=null", "null"),
        ("total_steps>100", "3"),
        ("app==shop", "null"),
        ("app<5", "null"),
        ("settled==false", "true"),
        ("forms==null", "0"),
    ],
)
def test_an_expectation_that_is_not_met_says_what_it_was(cli, unmet, found):
    result = cli("inspect", CHAT, "--expect", "status==succeeded", "--expect", unmet)
    assert result.exit_code == 1
    assert result.stderr.endswith(f": expected {unmet}, but it is {found}\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "bad", ["", "leaf_tokens", "leaf_tokens=5", "<5", "leaf_tokens<", "a b<5", "leaf_tokens=<5", "leaf_tokens===5"]
)
def test_an_expectation_that_is_none_is_wrong_use(cli, bad):
    result = cli("inspect", CHAT, "--expect", bad)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "FIELD OP VALUE" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("leaf_tokns<5", "there is no field 'leaf_tokns' in a run"),
        ("usage.tokens<5", "there is no field 'tokens' in usage; it has prompt_tokens"),
        ("usage<5", "usage is an object: name a field of it"),
        ("nodes.7.status==x", "nodes is a list of 3"),
        ("nodes==many", "nodes is a list: compare its length with a number, not 'many'"),
        ("status.x==5", 'status is "succeeded": it has no fields'),
        ("status<5", 'status is "succeeded": compare it with == or !='),
        ("leaf_tokens<few", "leaf_tokens is a number: compare it with a number, not 'few'"),
        ("settled<5", "settled is true: compare it with == or !="),
        ("nodes.0.nope==1", "there is no field 'nope' in nodes.0"),
    ],
)
def test_an_expectation_that_means_nothing_is_wrong_use(cli, bad, reason):
    result = cli("inspect", CHAT, "--expect", bad)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_expectation_cannot_make_a_secret_known(cli, streams):
    result = cli("inspect", "-", "--expect", "forms.0.token==x", stdin=streams.workflow(streams.form()))
    assert "s3cr3t" not in result.stderr
    assert "[hidden]" in result.stderr


def test_an_expectation_reads_the_values_of_the_vendor(streams):
    tap = Tap()
    tap.feed(streams.workflow(outputs={"n": "5", "list": [1, 2], "deep": {"x": None}}))
    state = tap.run.snapshot()
    for met in ("outputs.n==5", "outputs.n=='5'", "outputs.list==2", "outputs.list.1==2", "outputs.deep.x==null"):
        assert Expectation(met).unmet(state) is None
    assert Expectation("outputs.n=='5.0'").unmet(state) is not None
    with pytest.raises(BadExpectation, match="no field"):
        Expectation("outputs.m==5").unmet(state)


def test_an_unreadable_file_outweighs_a_failed_run(cli, tmp_path):
    assert cli("inspect", "--check", FAILED, tmp_path / "none").exit_code == 2


# ---- the command line itself


def test_wrong_use_is_one_line(cli):
    for args in (("inspect",), ("inspect", "--nope", "x"), ("nope",), ("--nope",)):
        result = cli(*args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("streamkit: ")
        assert result.stderr.count("\n") == 1


def test_every_command_has_help_with_an_example(cli):
    for name in COMMANDS:
        for flag in ("-h", "--help"):
            result = cli(name, flag)
            assert result.exit_code == 0
            assert "Example" in result.stdout
            assert f"streamkit {name}" in result.stdout
            assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_help_lists_every_command(cli):
    result = cli("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"{name} " in result.stdout
        assert entry.summary in result.stdout
    assert list(COMMANDS) == main.list_commands(None)


def test_the_version_is_that_of_the_distribution(process):
    done = process("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"streamkit ")
    assert done.stdout.endswith(b", compiled\n") is not sse.__file__.endswith(".py")


def test_help_loads_nothing_that_a_command_needs(environment):
    code = (
        "import sys\nfrom streamkit.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "loaded = {'aiohttp', 'anyio', 'orjson', 'textual', 'wcwidth', 'viewer'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("args", [("inspect", "--json"), ("inspect", "--all"), ("events",), ("frames",)])
def test_a_reader_that_goes_away_ends_a_command_quietly(environment, args):
    command = [sys.executable, "-m", "streamkit", args[0], "-", *args[1:]]
    running = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    running.stdout.close()  # before anything is written
    running.stdin.write(ITERATION.read_bytes())
    running.stdin.close()
    assert running.wait(30) == 141
    assert running.stderr.read() == b""
    running.stderr.close()


def test_a_full_disk_is_one_line(environment):
    full = Path("/dev/full")
    if not full.exists():
        return  # only Linux has it
    with full.open("wb") as out:
        command = [sys.executable, "-m", "streamkit", "inspect", str(ITERATION)]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, env=environment, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == b"streamkit: cannot write: no space left on device\n"


def test_a_closed_stdin_is_one_line(environment):
    command = ["sh", "-c", 'exec "$0" -m streamkit inspect - <&-', sys.executable]
    done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == b"streamkit: standard input: is closed\n"


def test_without_a_command_the_help_is_shown(cli):
    assert "Usage: streamkit" in cli().output


def test_control_c_ends_a_command_quietly(environment):
    command = [sys.executable, "-m", "streamkit", "events", "-"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        # A shell that starts the tests in the background has them ignore the signal, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        running.stdin.write(ITERATION.read_bytes())
        running.stdin.flush()
        assert running.stdout.readline()  # it runs, and waits for more
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
        assert running.stderr.read() == b""


def test_a_terminal_as_input_is_said(environment):
    """A pseudo-terminal stands for the person who forgot the file."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "streamkit", "inspect", "-"]
    with subprocess.Popen(
        command, stdin=child, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as running:
        os.close(child)
        os.write(parent, b'{"code": "x", "message": "m", "status": 400}\n\x04')
        out, err = running.communicate(timeout=60)
    os.close(parent)
    assert err == b"streamkit: reading from the terminal; end with Ctrl-D\n"
    assert out.decode().startswith("✗ failed")


def test_json_on_a_terminal_cannot_command_it(environment, streams, tmp_path):
    """To a pipe the bytes go as they are; a terminal gets C1, DEL and what turns text as escapes, which is the same JSON."""
    pty = pytest.importorskip("pty")
    nasty = "\x9b31m \x7f \u202e \u2066 \u2028 é"
    path = tmp_path / "x.sse"
    path.write_bytes(streams.workflow(streams.node(title=nasty)))
    for command in (["inspect", "--json"], ["events"], ["frames"]):
        arguments = [sys.executable, "-m", "streamkit", *command, str(path)]
        plain = subprocess.run(arguments, env=environment, capture_output=True, check=True, timeout=60).stdout.decode()
        assert "\u202e" in plain
        parent, child = pty.openpty()
        with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=child, env=environment) as running:
            os.close(child)
            shown = b""
            while piece := _read(parent):
                shown += piece
            assert running.wait(30) == 0
        os.close(parent)
        text = shown.decode().replace("\r\n", "\n")
        assert not set(text) & set("\x9b\x7f\u202e\u2066\u2028")
        assert "é" in text
        assert [json.loads(part) for part in _documents(text)] == [json.loads(part) for part in _documents(plain)]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""


def _documents(text: str) -> list[str]:
    return [text] if text.startswith("{\n") else text.removesuffix("\n").split("\n")
