import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streamkit.cli.collect import collect
from streamkit.cli.summary import Listed

FIXTURES = Path(__file__).parents[2] / "fixtures"
DIFY = FIXTURES / "dify"
FAILED = DIFY / "wf_failed.sse"
CHAT = DIFY / "preview_chat_plain.sse"
ITERATION = DIFY / "wf_iter_fail_par_continue.sse"
RETRY = DIFY / "wf_retry_then_success.sse"
PAUSED = DIFY / "wf_human_1_paused.sse"
RESUMED = DIFY / "wf_human_2_resumed_approve.sse"
CONTROLS = {*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u202e", "\u2066"} - {"\n", "\t"}


def table(result):
    """The cells of a table in a pipe, its titles left out."""
    return [[cell.strip() for cell in line.split("\t")] for line in result.stdout.splitlines()[1:]]


def files(result):
    return [Path(row[1]).stem for row in table(result)]


def objects(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


# ---- the table


def test_a_run_is_a_line(cli):
    result = cli("ls", FAILED, CHAT, ITERATION, RETRY, PAUSED)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = table(result)
    failed = ["✗ failed", str(FAILED), "workflow", "2026-11-21 22:43 UTC", "129ms", "", "", "3", "✗1"]
    assert rows[0] == [*failed, "ZeroDivisionError: division by zero"]
    assert rows[1][4:8] == ["389ms", "42", "$0.000255", "3"]
    assert [row[8] if len(row) > 8 else "" for row in rows] == ["✗1", "", "✗2", "↻2", "‖1"]


def test_columns_are_aligned_and_parted_by_one_tab(cli):
    lines = cli("ls", FAILED, CHAT, PAUSED, RESUMED).stdout.splitlines()
    assert len(lines) == 4
    starts = [[place for place, char in enumerate(line) if char == "\t"] for line in lines]
    longest = max(starts, key=len)
    assert all(longest[: len(places)] == places for places in starts)
    assert "\x1b" not in "".join(lines)


def test_files_of_one_run_are_one_line_and_runs_of_one_file_are_several(cli):
    assert [row[1] for row in table(cli("ls", PAUSED, RESUMED))] == [f"{PAUSED} + {RESUMED}"]
    assert files(cli("ls", FIXTURES / "hostile" / "foreign_run.sse")) == ["foreign_run"] * 2


def test_no_run_is_no_table(cli):
    result = cli("ls", FAILED, "--where", "status:succeeded")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "streamkit: no run matches\n"


@pytest.mark.parametrize("path", sorted((FIXTURES / "hostile").glob("*.sse")), ids=lambda path: path.stem)
def test_hostile_bodies_cannot_command_the_terminal(cli, path):
    output = cli("ls", path).output
    assert not set(output) & CONTROLS


def test_hostile_names_cannot_command_the_terminal(cli, streams, tmp_path):
    nasty = "\x1b]0;PWN\x07\x9b2J\u202e\tx\ny"
    path = tmp_path / f"{nasty.replace('/', '')}.sse"
    path.write_bytes(streams.workflow(streams.node(title=nasty), status="failed", error=f"{nasty}\nmore"))
    for args in (("ls", path), ("ls", tmp_path), ("stats", tmp_path, "--by", "node")):
        result = cli(*args)
        assert result.exit_code == 0
        assert not set(result.output) & CONTROLS
        assert result.stdout.count("\n") == 2  # the titles and one line
        assert "PWN" not in result.output
    result = cli("ls", f"{tmp_path}/\x1b[31mnone", "--where", f"title:{nasty!r} status:\x1b[31m")
    assert not set(result.output) & CONTROLS


# ---- folders


@pytest.fixture
def folder(tmp_path):
    for path in (
        ".git/hidden.sse",
        "b.sse",
        "a.sse",
        "deep/er/c.ndjson",
        "deep/d.jsonl",
        "notes.txt",
        ".x.sse",
        "z.json",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FAILED if path != "deep/er/c.ndjson" else FIXTURES / "hostile" / "events.ndjson", tmp_path / path)
    return tmp_path


def test_a_folder_is_listed_with_all_below_it(cli, folder):
    rows = table(cli("ls", folder))
    assert rows[0][1] == " + ".join(str(folder / name) for name in ("a.sse", "b.sse", "deep/d.jsonl"))
    assert [row[1] for row in rows[1:]] == [str(folder / "deep" / "er" / "c.ndjson")]


def test_a_file_that_is_named_twice_is_read_once(cli, folder):
    once, twice = cli("ls", folder, "--json"), cli("ls", folder, folder / "a.sse", folder, "--json")
    assert objects(once) == objects(twice)


def test_whatever_cannot_be_read_is_named_and_the_rest_is_listed(cli, folder):
    (folder / "empty").mkdir()
    (folder / "empty.sse").touch()
    result = cli("ls", folder / "none.sse", folder, folder / "empty", FAILED)
    assert result.exit_code == 2
    assert len(table(result)) == 2
    assert set(result.stderr.splitlines()) == {
        f"streamkit: {folder}/none.sse: no such file",
        f"streamkit: {folder}/empty.sse: is empty",
        f"streamkit: {folder}/empty: holds no .sse, .ndjson, .jsonl, .skrec or .skrec.zst file",
    }


def test_a_folder_that_cannot_be_opened_is_named(monkeypatch, folder, capsys):
    """Told by a stand-in, since root may open everything."""

    def walk(path, onerror):
        onerror(PermissionError(errno.EACCES, "Permission denied", f"{path}/deep"))
        yield str(path), [], ["a.sse"]

    monkeypatch.setattr(os, "walk", walk)
    subjects, all_readable = collect([str(folder)], "auto")
    assert (len(subjects), all_readable) == (1, False)
    assert capsys.readouterr().err == f"streamkit: {folder}/deep: permission denied\n"


def test_standard_input_is_a_file(cli):
    assert table(cli("ls", "-", stdin=FAILED.read_bytes()))[0][1] == "standard input"


# ---- filters and order


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("status:failed", ["wf_failed"]),
        ("type:iteration", ["wf_iter_fail_par_continue"]),
        ("errors>1", ["wf_iter_fail_par_continue"]),
        ("retries>0 | error~zerodiv", ["wf_failed", "wf_retry_then_success"]),
        ("tok>40 cost>0.0001", ["preview_chat_plain"]),
        ("!mode:workflow", ["preview_chat_plain"]),
        ("retry", ["wf_retry_then_success"]),
        ("dur<200ms", ["wf_failed"]),
    ],
)
def test_a_filter_chooses_runs(cli, where, found):
    assert files(cli("ls", FAILED, CHAT, ITERATION, RETRY, "--where", where)) == found


def test_a_wrong_filter_is_wrong_use_in_one_line(cli):
    for command in (("ls",), ("stats", "--by", "node")):
        result = cli(*command, FAILED, "--where", "stat:failed")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "there is no field 'stat'; there are status, title," in result.stderr
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("order", "first"), [("start", FAILED), ("dur", ITERATION), ("tok", CHAT), ("cost", CHAT), ("status", FAILED)]
)
def test_runs_are_sorted(cli, order, first):
    lines = objects(cli("ls", PAUSED, ITERATION, CHAT, FAILED, "--sort", order, "--json"))
    assert len(lines) == 4
    assert lines[0]["files"] == [str(first)]


@pytest.mark.parametrize(("order", "key", "down"), [("start", "started_at", False), ("dur", "duration", True)])
def test_what_is_not_known_comes_last(cli, order, key, down):
    unknown = b'{"workflow_run_id": "r", "data": {"status": "succeeded"}}'
    *known, last = objects(cli("ls", "-", ITERATION, CHAT, FAILED, "--sort", order, "--json", stdin=unknown))
    assert [line[key] for line in known] == sorted((line[key] for line in known), reverse=down)
    assert last[key] is None


# ---- JSON


def test_json_is_one_object_a_line_with_the_documented_fields(cli):
    [line] = objects(cli("ls", PAUSED, RESUMED, "--json"))
    assert list(line) == list(Listed.__struct_fields__)
    assert line["files"] == [str(PAUSED), str(RESUMED)]
    assert (line["status"], line["mode"], line["nodes"], line["errors"], line["forms"]) == (
        "succeeded",
        "workflow",
        6,
        0,
        0,
    )
    [line] = objects(cli("ls", CHAT, "--json"))
    assert (line["tokens"], line["cost"]) == (42, {"USD": "0.0002550"})


def test_json_has_the_whole_error(cli):
    [line] = objects(cli("ls", FAILED, "--json"))
    assert line["error"].startswith("Traceback")
    assert line["error"].rstrip().endswith("division by zero")


def test_every_fixture_can_be_listed(cli):
    for arguments in ((), ("--json", "--sort", "cost"), ("--where", "!round:7 text~a.*b | error~x")):
        result = cli("ls", FIXTURES, *arguments)
        assert result.exit_code == 2  # some are empty on purpose
        assert result.stdout


# ---- terminals


def on_terminal(environment, *args, **env):
    """What a person sees of stdout and stderr."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "streamkit", *map(str, args)]
    settings = environment | {"TERM": "xterm", "COLUMNS": "80"} | env
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=child, stderr=child, env=settings) as running:
        os.close(child)
        shown = b""
        while piece := read(parent):
            shown += piece
        assert running.wait(30) == 0
    os.close(parent)
    return shown.decode().replace("\r\n", "\n")


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("command", [("ls",), ("stats", "--by", "node")], ids=["ls", "stats"])
def test_a_table_fits_the_terminal(environment, command, columns):
    shown = on_terminal(environment, *command, FAILED, CHAT, ITERATION, COLUMNS=str(columns), NO_COLOR="1")
    lines = shown.splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= columns
    assert "\x1b" not in shown
    assert "\t" not in shown


def test_a_terminal_gets_colour_and_names_that_fit(environment):
    shown = on_terminal(environment, "ls", FAILED)
    assert "\x1b[31m✗" in shown
    assert str(FAILED.parent) not in shown
    assert "wf_failed.sse" in shown


def test_a_pipe_that_is_coloured_on_demand(process):
    assert b"\x1b[31m" in process("ls", FAILED, FORCE_COLOR="1").stdout
    assert b"\x1b" not in process("ls", FAILED).stdout


def test_ascii_is_enough(process):
    done = process("ls", RETRY, FAILED, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"ER failed" in done.stdout


def test_a_reader_that_goes_away_ends_it_quietly(environment):
    command = [sys.executable, "-m", "streamkit", "ls", str(FAILED)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    running.stdout.close()
    assert running.wait(30) == 141
    assert running.stderr.read() == b""
    running.stderr.close()
