"""The last conversation with an app: kept by app, server and user, and nobody else's to read."""

import stat

import pytest

from streamkit.cli.asking import conversations
from streamkit.cli.asking.apps import App
from streamkit.run import Run


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "streamkit"


def app(**how):
    return App(**{"kind": "dify", "name": "support"} | how)


def remember(app, conversation, *, server="https://dify.example/v1", status="succeeded"):
    run = Run(app.kind)
    run.conversation_id, run.status = conversation, status
    conversations.remember(app, server, run)


def last(app, server="https://dify.example/v1"):
    return conversations.last(app, server)


def test_there_is_none_at_first():
    assert last(app()) is None


def test_the_last_one_is_remembered_for_each_app_server_and_user():
    remember(app(), "c1")
    remember(app(user="ada"), "c2")
    remember(app(), "c3", server="http://other")
    remember(app(), "c4")
    remember(app(), None)  # a workflow has none
    assert [last(app()), last(app(user="ada")), last(app(), "http://other")] == ["c4", "c2", "c3"]


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_a_session_that_takes_no_other_run_is_forgotten(status):
    """What stops a run of an agent of RAGFlow, or fails in it, leaves its mark on the session for an hour."""
    agent, chat = app(kind="ragflow", agent="a"), app(kind="ragflow", chat="c")
    for one in (agent, chat, app()):
        remember(one, "s1")
        remember(one, "s1", status=status)
    assert [last(agent), last(chat), last(app())] == [None, "s1", "s1"]
    remember(agent, "s2", status="paused")
    assert last(agent) == "s2"


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
