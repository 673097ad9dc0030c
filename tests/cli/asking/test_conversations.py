"""The last conversation with an app: kept by app, server and user, and nobody else's to read."""

import stat

import pytest

from streamkit.cli.asking.apps import App
from streamkit.cli.asking.conversations import last, remember


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "streamkit"


def app(**how):
    return App(**{"kind": "dify", "name": "support"} | how)


def test_there_is_none_at_first():
    assert last(app()) is None


def test_the_last_one_is_remembered_for_each_app_server_and_user():
    remember(app(), "c1")
    remember(app(user="ada"), "c2")
    remember(app(base="http://other"), "c3")
    remember(app(), "c4")
    assert [last(app()), last(app(user="ada")), last(app(base="http://other"))] == ["c4", "c2", "c3"]


def test_only_its_owner_can_read_it_and_nothing_else_is_left(state):
    remember(app(), "c1")
    (file,) = state.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_is_damaged_is_as_none(state):
    remember(app(), "c1")
    (state / "conversations.json").write_text("{")
    assert last(app()) is None
    remember(app(), "c2")
    assert last(app()) == "c2"


def test_what_cannot_be_kept_does_not_spoil_the_run(state):
    state.write_text("a file, where a folder should be")
    remember(app(), "c1")
    assert last(app()) is None


def test_they_do_not_become_more_and_more(state):
    for number in range(1005):
        remember(app(user=str(number)), "c")
    assert last(app(user="0")) is None
    assert last(app(user="1004")) == "c"
