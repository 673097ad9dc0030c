"""Recordings that stay: moved, bounded in size and in age, and nothing else is touched."""

import os

import pytest

from streamkit.gateway import shelf
from streamkit.gateway.shelf import SPOOL, Limits, Shelf

NAME = "2026-01-02/app/failed-r1.skrec"


class Shelved:
    """A shelf, with recordings of 100 bytes for it."""

    def __init__(self, folder, max_bytes=1000, max_seconds=1000.0):
        self.now = 0.0
        self.folder = folder
        self.shelf = Shelf(Limits(str(folder), max_bytes, max_seconds), now=lambda: self.now)

    def take(self, name, content=b"x" * 100):
        """Have a recording taken; returns where it is."""
        file = self.folder / SPOOL / "7-abc.skrec"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (self.now, self.now))
        return self.shelf.take(file, name)

    def files(self):
        return sorted(str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file())


def test_a_recording_is_moved_to_a_folder_for_its_owner_alone(tmp_path):
    shelved = Shelved(tmp_path / "kept")
    assert shelved.take(NAME) == tmp_path / "kept" / NAME
    assert shelved.files() == [NAME]
    assert (tmp_path / "kept" / "2026-01-02" / "app").stat().st_mode & 0o777 == 0o700


def has_no_links(file, path):
    raise OSError("a disk without links")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_what_stands_there_stays(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", has_no_links)
    shelved = Shelved(tmp_path)
    shelved.take(NAME, b"first")
    second = shelved.take(NAME, b"second")
    assert second.name == "failed-r1-7-abc.skrec"
    assert [(tmp_path / name).read_bytes() for name in shelved.files()] == [b"second", b"first"]


def test_where_there_is_too_much_the_oldest_go_and_some_more(tmp_path):
    shelved = Shelved(tmp_path, max_bytes=1000)
    assert shelved.shelf.sweep_if_due() == 0  # the first look
    for shelved.now in range(11):
        shelved.take(f"2026-01-02/app/ok-{shelved.now:02d}.skrec")
    assert shelved.shelf.sweep_if_due() == 2
    assert shelved.files() == [f"2026-01-02/app/ok-{number:02d}.skrec" for number in range(2, 11)]
    assert shelved.shelf.sweep_if_due() == 0


def test_the_folder_is_looked_at_now_and_then_and_what_is_too_old_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "_SWEEP", 600.0)
    shelved = Shelved(tmp_path, max_seconds=1000.0)
    shelved.take(NAME)
    assert shelved.shelf.sweep_if_due() == 0
    shelved.now = 599.0
    assert shelved.shelf.sweep_if_due() == 0
    shelved.now = 1201.0
    assert shelved.shelf.sweep_if_due() == 1
    assert shelved.files() == []


@pytest.mark.parametrize("name", [f"{SPOOL}/9-x.skrec", "2026-01-02/app/ok-y.skrec"])
def test_what_another_process_takes_away_meanwhile_is_no_mistake(tmp_path, name):
    """Between a look at the folder and one at the file, which is what a link to nothing looks like."""
    shelved = Shelved(tmp_path)
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).symlink_to(tmp_path / "gone")
    shelved.take(NAME)
    assert shelved.shelf.sweep_if_due() == 0
    assert (tmp_path / NAME).exists()


def test_what_a_process_left_that_was_killed_goes_and_what_is_not_ours_stays(tmp_path):
    shelved = Shelved(tmp_path, max_bytes=0, max_seconds=1e9)
    ours = [f"{SPOOL}/9-old.skrec", f"{SPOOL}/9-new.skrec"]
    others = ["notes.skrec", "2026-01-02/notes.skrec", "2026-01-02/app/notes.txt", "x/y/z.skrec"]
    for name in ours + others:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 100)
        os.utime(file, (0, 0))
    os.utime(tmp_path / ours[1], (90_000, 90_000))
    shelved.now = 100_000.0
    assert shelved.shelf.sweep_if_due() == 0
    assert shelved.files() == sorted([ours[1], *others])
