import json
import shutil
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures"
DIFY = FIXTURES / "dify"
RAGFLOW = FIXTURES / "ragflow"
OLD = DIFY / "wf_human_2_resumed_approve.sse"
NEW = DIFY / "june26_wf_human_2_resumed_approve.sse"
CHAT = DIFY / "chat_simple.sse"
NEW_CHAT = DIFY / "june26_chat_simple.sse"


# ---- shapes


def test_what_changed_is_a_line_each_and_the_exit_code_is_1(cli):
    result = cli("diff", "--shape", OLD, NEW)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        f"{OLD} → {NEW}: 3 changes",
        "  + field    node_finished (human-input).data.inputs.comment  object",
        "  + field    node_finished (human-input).data.outputs.__action_value  text",
        "  + field    human_input_form_filled.data.submitted_data  object",
    ]


def test_the_same_shape_is_said_and_the_exit_code_is_0(cli):
    result = cli("diff", "--shape", CHAT, NEW_CHAT)
    assert (result.exit_code, result.stdout) == (0, f"{CHAT} → {NEW_CHAT}: the same shape\n")


def test_the_same_change_in_many_events_is_one_line(cli):
    lines = cli("diff", "--shape", RAGFLOW / "fillup_1_pause.sse", RAGFLOW / "v0221_fillup_1_pause.sse").stdout
    assert "  - field    session_id (in 10 kinds of events)  text\n" in lines


def test_what_is_ignored_is_no_change(cli):
    patterns = ("--ignore", "human_input_form_filled.*", "--ignore", "node_finished (human-input).data.*puts.*")
    result = cli("diff", "--shape", OLD, NEW, *patterns)
    assert (result.exit_code, result.stdout) == (0, f"{OLD} → {NEW}: the same shape\n")


def test_changes_as_json(cli):
    result = cli("diff", "--shape", "--json", OLD, NEW)
    compared = json.loads(result.stdout)
    assert (compared["old"], compared["new"], result.exit_code) == (str(OLD), str(NEW), 1)
    assert compared["changes"][0] == {
        "change": "added",
        "of": "field",
        "event": "human_input_form_filled",
        "path": "data.submitted_data",
        "old": None,
        "new": "object",
    }


@pytest.fixture
def folders(tmp_path):
    """Two folders with recordings of the same names, but for one in each."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, chat, form, alone in ((old, CHAT, OLD, "before"), (new, NEW_CHAT, NEW, "since")):
        (folder / "apps").mkdir(parents=True)
        shutil.copy(chat, folder / "chat.sse")
        shutil.copy(form, folder / "apps" / "form.sse")
        shutil.copy(chat, folder / f"{alone}.sse")
        (folder / "notes.txt").write_text("no body")
    return old, new


def test_files_of_two_folders_are_compared_by_name(cli, folders):
    result = cli("diff", "--shape", *folders)
    old, new = folders
    heads = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert heads == [
        f"{old}/apps/form.sse → {new}/apps/form.sse: 3 changes",
        f"{old}/before.sse: only in the first folder",
        f"{old}/chat.sse → {new}/chat.sse: the same shape",
        f"{new}/since.sse: only in the second folder",
    ]
    assert result.exit_code == 1


def test_a_file_that_only_one_folder_has_is_a_change_in_json(cli, folders):
    lines = [json.loads(line) for line in cli("diff", "--shape", "--json", *folders).stdout.splitlines()]
    assert [(line["old"] is None, line["new"] is None, len(line["changes"])) for line in lines] == [
        (False, False, 3),
        (False, True, 1),
        (False, False, 0),
        (True, False, 1),
    ]


def test_one_that_cannot_be_read_does_not_hide_the_others(cli, folders):
    old, new = folders
    (new / "chat.sse").write_bytes(b"")
    result = cli("diff", "--shape", old, new)
    assert result.exit_code == 2
    assert result.stderr == f"streamkit: {new}/chat.sse: is empty\n"
    assert "3 changes" in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--shape", CHAT, "nowhere.sse"), "nowhere.sse: no such file"),
        (("--shape", CHAT, FIXTURES), "a folder is compared with a folder"),
        (("--shape", FIXTURES / "conformance", FIXTURES / "nowhere"), "a folder is compared with a folder"),
        ((CHAT, FIXTURES), "folders are compared with --shape"),
        ((CHAT, FIXTURES / "hostile" / "empty.sse"), "empty.sse: is empty"),
        ((FIXTURES / "hostile" / "foreign_run.sse", CHAT), "holds 2 runs"),
        ((CHAT, CHAT, "--json"), "go with --shape"),
        ((CHAT,), "Missing argument"),
    ],
)
def test_wrong_use_is_one_line(cli, words, why):
    result = cli("diff", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert why in result.stderr


def test_folders_without_a_body_are_wrong_use(cli, tmp_path):
    result = cli("diff", "--shape", tmp_path, tmp_path)
    assert result.exit_code == 2
    assert "there is no .sse" in result.stderr


def test_standard_input_can_be_one_side(cli):
    result = cli("diff", "--shape", CHAT, "-", stdin=CHAT.read_bytes())
    assert (result.exit_code, result.stdout) == (0, f"{CHAT} → -: the same shape\n")


def test_what_a_server_sent_cannot_reach_the_terminal(cli, tmp_path):
    evil = tmp_path / "evil.sse"
    evil.write_bytes(CHAT.read_bytes().replace(b'"answer"', b'"\\u001b[2Jx"'))
    printed = cli("diff", "--shape", CHAT, evil).stdout
    assert "message.x" in printed
    assert "\x1b" not in printed


# ---- runs


def test_two_runs_stand_beside_each_other(cli):
    result = cli("diff", DIFY / "wf_failed.sse", DIFY / "web_wf_error.sse")
    assert (result.exit_code, result.stderr) == (1, "")
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["node", "differs", *["time", "A", "time", "B", "+/-"], *["tok", "A", "tok", "B", "+/-"]]
    assert [line.split()[:3] for line in lines] == [
        ["~", "✗", "workflow"],
        ["~", "✓", "Start"],
        ["-", "✓", "ok"],
        ["~", "✗", "c"],
    ]


def test_the_same_run_differs_in_nothing(cli):
    result = cli("diff", DIFY / "wf_failed.sse", DIFY / "wf_failed.sse")
    assert result.exit_code == 0
    assert all(line.startswith("  ") or "node" in line for line in result.stdout.splitlines())
