"""What is written into files, and how."""

import errno
import os
import re
import stat
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from textual.app import App

from streamkit import Run
from streamkit.cli.inspect import inspect
from streamkit.run import HIDDEN, HumanInput
from tests.viewer.shown import CONTROLS, FIXTURES, HOSTILE, NAMES, execution, hostile, run_of
from viewer import export as module
from viewer.export import EXPORTERS, export, exporters, without_fonts, write

KEY = "tok-1234"
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="modes of files are POSIX")


def content(name, run):
    return EXPORTERS[name].content(run).decode()


# ---- JSON


@pytest.mark.parametrize("name", ["dify/wf_iter_par10x4.sse", "dify/wf_two_humans_2_long_connection.sse"])
def test_json_is_what_inspect_prints(name):
    printed = msgspec.json.decode(CliRunner().invoke(inspect, ["--json", str(FIXTURES / name)]).stdout)
    written = msgspec.json.decode(content("json", run_of(name)))
    for state in (printed, written):
        state.pop("revision")
    assert _without_times(written) == _without_times(printed)


def _without_times(value):
    if isinstance(value, list):
        return [_without_times(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_times(each) for name, each in value.items() if not name.endswith("_at")}
    return value


def test_a_secret_is_in_no_file():
    run = run_of("dify/chat_simple.sse")
    run.ask(HumanInput(form_id="f", node_id="n", token=KEY))
    for exporter in EXPORTERS.values():
        assert KEY not in exporter.content(run).decode()
    assert HIDDEN in content("json", run)


# ---- Markdown


def test_a_summary_says_what_a_ticket_needs():
    run = run_of("dify/wf_iter_fail_seq_continue-on-error.sse")
    lines = content("markdown", run).splitlines()
    assert lines[0] == "# dify `workflow`: succeeded"
    assert f"- run: `{run.id}`" in lines
    assert "- executions: 9" in lines
    assert any(line.startswith("- `For each item / round 1 / Work`: `") for line in lines[lines.index("## Errors") :])
    assert len(lines[lines.index("## Slowest") + 2 :]) == 5
    assert lines.count("```text") == lines.count("```") == 1


def test_a_summary_of_a_great_failure_is_short():
    run = Run("dify")
    for number in range(500):
        run.close_execution(execution(run, f"x#{number}", begin=0.0), "failed", error="e" * 5000)
    said = content("markdown", run)
    assert "480 more" in said
    assert len(said) < 40_000


def test_nobody_asked_or_answered_anything_in_a_summary():
    run = Run("dify")
    node = execution(run, "x", begin=0.0, end=1.0)
    run.append_execution_text(node, "private text")
    node.inputs_json = node.outputs_json = b'"private value"'
    assert "private" not in content("markdown", run)


@pytest.mark.untraced
@pytest.mark.parametrize("name", NAMES)
def test_every_recording_has_its_files(name):
    run = run_of(name)
    for kind in EXPORTERS:
        text = content(kind, run)
        assert text.endswith("\n")
        assert not (CONTROLS - {"\n"}) & set(text)


def test_hostile_words_mean_nothing_in_any_file():
    run = hostile()
    for kind in EXPORTERS:
        assert not (CONTROLS - {"\n"}) & set(content(kind, run))
    outside = re.sub(r"(`+)(?:(?!\1).|\n)*?[^`]\1(?!`)", "", content("markdown", run))
    assert "<script>" not in outside
    assert "`" not in outside


# ---- SVG


async def test_a_picture_fetches_nothing():
    class Shows(App):
        def render(self):
            return 'see url("https://example.org/a") and `code`'

    app = Shows()
    async with app.run_test(size=(60, 4)):
        picture = app.export_screenshot()
    written = without_fonts(picture).decode()
    assert "url(" in picture[: picture.index("</style>")]
    assert "url(" not in written[: written.index("</style>")]
    assert 'local("FiraCode-Regular")' in written
    assert picture[picture.index("</style>") :] == written[written.index("</style>") :]
    assert exporters(picture)["svg"].content(Run("dify")) == written.encode()


# ---- files


@ON_POSIX
def test_a_file_is_for_its_owner_alone(tmp_path):
    path = write(tmp_path, "run", ".json", b"{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"{}"


def test_no_file_is_ever_replaced(tmp_path):
    (tmp_path / "run-2.json").symlink_to(tmp_path / "elsewhere")
    names = [write(tmp_path, "run", ".json", content).name for content in (b"1", b"2", b"3")]
    assert names == ["run.json", "run-3.json", "run-4.json"]
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_is_called_by_dialect_and_run_and_never_leads_elsewhere(tmp_path):
    run = Run("dify")
    assert export(run, EXPORTERS["json"], tmp_path).name == "dify-run.json"
    run.identify(id="../../etc/passwd")
    assert export(run, EXPORTERS["json"], tmp_path).name == "dify-etcpassw.json"
    run = Run("dify")
    run.identify(id=HOSTILE)
    assert re.fullmatch(r"dify-[A-Za-z0-9_-]+\.md", export(run, EXPORTERS["markdown"], tmp_path).name)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "none", "run", ".json", b"")


def test_of_a_file_that_cannot_be_written_nothing_is_left(tmp_path, monkeypatch):
    class Full:
        def __init__(self, file, mode):
            os.close(file)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def write(self, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "fdopen", Full)
    with pytest.raises(OSError, match="space"):
        write(tmp_path, "run", ".json", b"content")
    assert list(Path(tmp_path).iterdir()) == []
