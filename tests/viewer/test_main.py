"""The viewer as a program, as far as it needs no terminal; `tests/cli/test_view_terminal.py` has one."""

import subprocess
import sys

import pytest

from viewer.main import sources_of
from viewer.sources import FileSource, FolderSource, StdinSource


def test_what_is_named_becomes_a_source_of_its_kind(tmp_path):
    file = tmp_path / "x.sse"
    file.write_bytes(b"")
    found = sources_of(["-", str(tmp_path), str(file), str(tmp_path / "not there.sse")])
    found[0]._spool.close()
    assert [type(source) for source in found] == [StdinSource, FolderSource, FileSource, FileSource]


@pytest.mark.parametrize("follow", [True, False])
def test_files_are_followed_if_somebody_wants_that(tmp_path, follow):
    (source,) = sources_of([str(tmp_path / "x.sse")], follow=follow)
    assert source.live is follow


def test_a_recording_that_is_there_already_is_refused(tmp_path):
    kept = tmp_path / "kept.sse"
    kept.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        sources_of(["-"], record=kept)
    assert kept.read_bytes() == b"mine"


def test_what_few_runs_need_is_not_imported_for_the_first_frame():
    code = (
        "import sys, streamkit.cli.view, viewer.main\n"
        "loaded = {'wcwidth', 'streamkit.recording', 'viewer.packed', 'viewer.screens.form'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
