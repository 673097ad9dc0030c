"""The recordings of the package: all that is promised of them."""

import re

import pytest

from streamkit.recording import Recording
from streamkit.testing import recordings
from streamkit.testing.bundled import bundled
from tests.bundled import make
from tests.bundled.table import FIXTURES, TOLD

ALL = recordings()
LARGEST = 1_200_000

every_recording = pytest.mark.parametrize("recording", ALL)


def test_they_are_small_enough_to_come_with_the_package():
    assert sum(recording.path.stat().st_size for recording in ALL) < LARGEST


def test_they_are_those_of_the_table_and_no_others():
    assert sorted(recording.id for recording in ALL) == sorted([*(entry.name for entry in FIXTURES), *TOLD])


def test_they_can_be_made_anew(tmp_path):
    """Bodies are those of the fixtures; only times and what was asked stand in the recordings alone."""
    for path, recording in make.made():
        new = tmp_path / "new.skrec"
        recording.save(new, overwrite=True)
        assert new.read_bytes() == path.read_bytes(), path.name


@every_recording
def test_a_recording_says_what_it_is(recording):
    header = recording.recording.header
    assert header.source.kind == recording.vendor
    assert header.source.method in ("GET", "POST")
    assert header.source.url.startswith("/")
    assert "{" not in header.source.url
    assert header.response.status == 200
    assert recording.origin in ("recorded", "synthetic")
    assert recording.about
    assert recording.recording.is_whole


SHOWN = {
    ("ragflow", "chat"): "rag-chat",
    ("ragflow", "agent-session"): "agent",
    ("ragflow", "agentbot"): "agent",
    ("openai", "chat"): "openai-chat",
    ("openai", "agent"): "openai-agent",
}
"""What the body of a mode shows."""


def test_a_body_is_of_the_mode_that_it_says():
    wanted = {one.id: SHOWN.get((one.vendor, one.mode), one.mode) for one in ALL}
    assert [(one.id, one.expected.mode) for one in ALL if one.expected.mode not in (None, wanted[one.id])] == []


def test_what_was_recorded_has_times():
    assert [each.id for each in ALL if each.origin == "recorded" and not each.recording.is_timed] == []


def test_there_is_every_kind_of_end():
    ends = {recording.expected.status for recording in ALL}
    assert ends == {"succeeded", "partial-succeeded", "failed", "stopped", "paused", "interrupted"}


GENERATIONS = {
    "dify": ["0.8", "0.15", "1.1", "1.8", "1.9", "1.12", "1.13", "1.14", "1.15", "1.16", "1.17"],
    "ragflow": ["0.13", "0.15", "0.17", "0.19", "0.20", "0.22", "0.23", "0.24", "0.25", "0.27"],
    "openai": ["openai", "ragflow-0.27"],
}


@pytest.mark.parametrize("vendor", GENERATIONS)
def test_generations_stand_in_their_order(vendor):
    assert list(dict.fromkeys(recording.generation for recording in recordings(vendor))) == GENERATIONS[vendor]


def test_what_one_asks_for_is_what_one_gets():
    chats = recordings("ragflow", mode="chat", generation="0.27", origin="recorded")
    assert [recording.name for recording in chats] == [
        "chat-citations",
        "chat-failed",
        "chat-nothing-found",
        "chat-prologue",
    ]


def test_what_there_is_not_is_said_together_with_what_there_is():
    with pytest.raises(ValueError, match=r"no recording of vendor 'dify', mode 'chatbot'; there are dify 0\.8 chat, "):
        recordings("dify", mode="chatbot")


def test_a_run_that_was_resumed_has_all_that_came_before():
    approved = bundled("dify/1.14/workflow-form-2-approved")
    assert approved.follows is bundled("1.14/workflow-form-1-paused")
    assert approved.follows.follows is None
    assert approved.follows.expected.status == "paused"
    assert [node.type for node in approved.expected.nodes][:3] == ["start", "code", "human-input"]
    assert (approved.expected.status, approved.expected.forms[0].status) == ("succeeded", "submitted")


def test_a_turn_of_a_conversation_is_a_run_of_its_own():
    answer = bundled("ragflow/0.19/agent-2-answer")
    assert answer.follows.name == "agent-1-prologue"
    assert len(answer.expected.segments) == 1


def test_a_short_name_is_the_newest():
    assert bundled("chatflow", "dify").id == "dify/1.17/chatflow"
    assert bundled("1.13/chatflow").id == "dify/1.13/chatflow"
    with pytest.raises(ValueError, match="no recording 'flow'; there are ragflow"):
        bundled("flow", "ragflow")


def test_a_parametrised_test_is_called_after_its_recording(request):
    assert ALL[0].__name__ == ALL[0].id == "dify/0.8/chat"
    assert repr(ALL[0]) == "<Bundled dify/0.8/chat>"


@pytest.mark.parametrize("recording", recordings("dify", mode="chatflow"))
def test_pytest_shows_the_name(recording, request):
    assert request.node.name == f"test_pytest_shows_the_name[{recording.id}]"


SECRETS = re.compile(
    rb"sk-[A-Za-z0-9]{16}|Bearer |app-[A-Za-z0-9]{16}|@(?!lab\.example|local@|Tongyi)[a-z]+\.[a-z]{2,}"
)


def test_nothing_in_them_is_private():
    found = {recording.id: SECRETS.findall(recording.path.read_bytes()) for recording in ALL}
    assert {name: secrets for name, secrets in found.items() if secrets} == {}


def test_they_are_plain_text():
    texts = {recording.id: recording.path.read_text(encoding="utf-8") for recording in ALL}
    assert [name for name, text in texts.items() if not text.endswith("]\n")] == []
    assert [one.id for one in ALL if Recording.load(one.path).body != one.recording.body] == []
