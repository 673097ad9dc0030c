"""The user's editor: programs of a test in its place, real ones all the same."""

import stat
import sys
from pathlib import Path

import pytest

from viewer.editor import EditorFailed, command, edit

SCRIPT = """
import os, pathlib, sys
path = pathlib.Path(sys.argv[-1])
{}
"""


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Put a program in the editor's place: Python that has `path`."""
    monkeypatch.delenv("VISUAL", raising=False)

    def put(code):
        script = tmp_path / "my editor.py"
        script.write_text(SCRIPT.format(code))
        monkeypatch.setenv("EDITOR", f"{sys.executable} '{script}' --wait")

    return put


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("one", "one, edited"),
        ("one\n", "one\n, edited\n"),
        ("", ", edited"),
        ("ä漢\ntwo", "ä漢\ntwo, edited"),
    ],
)
def test_the_text_is_what_the_editor_left(program, text, edited):
    program("path.write_text(path.read_text('utf-8') + ', edited\\n', 'utf-8')")
    assert edit(text) == edited


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_the_file_is_its_owners_alone_and_gone_afterwards(program):
    program("path.write_text(f'{path} {path.stat().st_mode:o} {path.parent.stat().st_mode:o}')")
    path, mode, folder = edit("secret").split()
    assert (stat.S_IMODE(int(mode, 8)), stat.S_IMODE(int(folder, 8))) == (0o600, 0o700)
    assert not Path(path).parent.exists()


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("sys.exit(3)", "ended with 3"),
        ("path.unlink()", "the text is gone: no such file or directory"),
        ("path.write_bytes(b'\\xff')", "the text is no UTF-8"),
    ],
)
def test_what_went_wrong_is_told_in_one_line(program, code, problem):
    program(code)
    with pytest.raises(EditorFailed) as raised:
        edit("text")
    assert str(raised.value).endswith(problem)


def test_an_editor_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("VISUAL", "no-such-editor -w")
    with pytest.raises(EditorFailed, match=r"^no-such-editor: no such file or directory$"):
        edit("text")


@pytest.mark.parametrize(
    ("visual", "editor", "words"),
    [
        ("code --wait", "vi", ["code", "--wait"]),
        ("", "vi", ["vi"]),
        ("'my editor' -w", "", ["my editor", "-w"]),
        ("", "", []),
        ("'never closed", "", []),
    ],
)
def test_visual_comes_before_editor(monkeypatch, visual, editor, words):
    monkeypatch.setenv("VISUAL", visual)
    monkeypatch.setenv("EDITOR", editor)
    assert list(command()) == words


def test_without_one_there_is_nothing_to_edit_with(monkeypatch):
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    with pytest.raises(EditorFailed, match="neither VISUAL nor EDITOR"):
        edit("text")
