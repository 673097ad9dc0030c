"""The user's file: what it may say, what it changes, and how its mistakes are told."""

import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamkit.cli.configuration import configuration
from tests.viewer.over import rows, text
from viewer.app import Viewer
from viewer.keymap import COMMANDS, changed
from viewer.session import Session
from viewer.settings import BadSettings, Settings, load
from viewer.sources import FileSource
from viewer.stream import Watch

DEMO = Path(__file__).parents[2] / "streamkit" / "demo" / "iteration-with-failed-rounds.skrec"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "viewer.toml"


def written(file, told):
    file.write_text(told, encoding="utf-8")
    return load(file)


# ---- the file


def test_it_says_keys_by_the_id_of_their_command_and_a_few_settings(file, tmp_path):
    told = f'theme = "nord"\nascii = true\nspeed = 4\nexport_dir = "{tmp_path}"\n[keys]\nsearch = "/, ctrl+s"\n'
    assert written(file, told) == Settings({"search": "slash,ctrl+s"}, "nord", True, 4, str(tmp_path))


def test_it_is_the_users_own_where_nobody_names_another(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert configuration("viewer.toml") == tmp_path / "streamkit" / "viewer.toml"
    assert load() == Settings()  # it need not be there
    (tmp_path / "streamkit").mkdir()
    (tmp_path / "streamkit" / "viewer.toml").write_text("speed = 2")
    assert load().speed == 2


@pytest.mark.parametrize("folder", ["", "relative/path"])
def test_without_a_folder_for_such_files_it_stands_in_the_home(monkeypatch, tmp_path, folder):
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert configuration("viewer.toml") == tmp_path / ".config" / "streamkit" / "viewer.toml"


def test_who_has_no_home_has_no_file(monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert load() == Settings()


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("colour = 1", "colour: there is no such setting"),
        ("sped = 1", "sped: there is no such setting; is speed meant?"),
        ("ascii = 1", "ascii: expected bool, got int"),
        ("speed = 0", "speed: expected float >= 0.125"),
        ('theme = "nrd"', "theme: there is no theme 'nrd'; is nord meant?"),
        ('export_dir = "no/such"', "export_dir: no/such is no folder"),
        ("keys = 1", "keys: expected object, got int"),
        ("[keys]\nsearch = 1", "keys: expected str, got int"),
        ('[keys]\nserach = "s"', "keys.serach: there is no such command; is search meant?"),
        ('[keys]\nsearch = "ctrl+slahs"', "keys.search: there is no key 'ctrl+slahs'"),
        ('[keys]\nsearch = "strg+s"', "keys.search: there is no key 'strg+s'"),
        ('[keys]\nsearch = ""', "keys.search: there is no key ''"),
        ('[keys]\nsearch = "s"\nfilter = "s"', "keys.filter: s is the key of search already"),
        ("[keys", "Expected ']' at the end of a table declaration (at end of document)"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_the_key(file, told, wrong):
    with pytest.raises(BadSettings) as caught:
        written(file, told)
    assert str(caught.value) == f"{file}: {wrong}"


def test_a_file_that_is_named_must_be_there(file):
    with pytest.raises(BadSettings, match=r"viewer\.toml: no such file"):
        load(file)


def test_a_file_that_cannot_be_read_says_why(file, tmp_path):
    with pytest.raises(BadSettings, match="is a directory"):
        load(tmp_path)
    file.write_bytes(b"\xff")
    with pytest.raises(BadSettings, match="utf-8"):
        load(file)


# ---- the keys


def test_a_key_that_is_given_away_is_no_other_commands_any_more():
    keys = {command.id: command.keys for command in changed({"search": "s,j"})}
    assert (keys["search"], keys["sort"], keys["down"]) == ("s,j", "", "down")
    assert changed({}) == COMMANDS


@asynccontextmanager
async def viewer(keys):
    """The viewer on a recorded run, with the cursor on its first row."""
    watch = Watch("auto")
    app = Viewer(watch, Session(), keys=keys)
    async with app.run_test(size=(120, 30)) as pilot:
        await FileSource(DEMO).run(watch)
        app.tick()
        await pilot.press("g")
        yield app, pilot
    watch.close()


async def test_the_viewer_obeys_the_keys_of_the_user():
    async with viewer({"down": "s", "sort": "j"}) as (app, pilot):
        await pilot.press("s", "s")
        assert app.run_tree.cursor == 2
        await pilot.press("down")  # what it had before is no more
        assert app.run_tree.cursor == 2
        assert rows(pilot)[-1].startswith(" s/k move")


async def test_a_pane_obeys_them_too():
    """The detail has a search of its own."""
    async with viewer({"search": "s"}) as (app, pilot):
        app.detail.focus()
        await pilot.press("s", "x")
        await pilot.pause()
        assert "/x" in text(pilot)


async def test_help_lists_the_keys_of_the_user():
    async with viewer({"search": "s"}) as (_, pilot):
        await pilot.press("question_mark", *"search")
        await pilot.pause()
        assert any(re.search(r" s +search in names.* :search ", line) for line in rows(pilot))
