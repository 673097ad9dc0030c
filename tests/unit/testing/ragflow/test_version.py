import pytest

from streamkit.testing.ragflow.version import ALL_EVENTS, Version, version_of


def test_without_a_third_number_it_is_the_last_one():
    assert version_of("0.20") > version_of("0.20.5") > version_of("v0.20.0")


@pytest.mark.parametrize("text", ["", "0", "0.x", "0.20.1.2"])
def test_what_is_no_version(text):
    with pytest.raises(ValueError, match="no version of RAGFlow"):
        version_of(text)


@pytest.mark.parametrize("text", ["0.12", "0.28", "1.0"])
def test_a_version_that_is_not_known(text):
    with pytest.raises(ValueError, match=r"known are 0\.13 to 0\.27"):
        version_of(text)


PASSED_ON = [
    ("0.20.0", ALL_EVENTS),
    ("0.20.1", {"message"}),
    ("0.20.4", set()),
    ("0.20.5", {"message", "message_end"}),
    ("0.22", {"message", "message_end"}),
    ("0.23", {"node_finished", "message", "message_end"}),
    ("0.25.0", {"node_finished", "message", "message_end"}),
    ("0.25", ALL_EVENTS),
    ("0.27", ALL_EVENTS),
]


@pytest.mark.parametrize(("version", "events"), PASSED_ON)
def test_which_events_reach_a_client(version, events):
    assert version_of(version).passed_on("agent") == events
    assert version_of(version).passed_on("agentbot") == ALL_EVENTS


def test_a_session_that_was_made_before_gets_fewer_events():
    assert "user_inputs" not in version_of("0.26.2").passed_on("agent-session")
    assert "user_inputs" in version_of("0.26.3").passed_on("agent-session")
    assert "node_started" not in version_of("0.27").passed_on("agent-session")


def test_every_fact_is_true_of_some_versions_and_false_of_others():
    versions = [Version(0, minor, patch) for minor in range(13, 28) for patch in (0, 1, 3, 99)]
    facts = [name for name in vars(Version) if name.startswith(("is_", "has_", "repeats_"))]
    assert len(facts) == 8
    for name in facts:
        assert {getattr(version, name) for version in versions} == {True, False}, name
    assert [version_of(text).done for text in ("0.20.0", "0.20.1")] == [b"", b"data:[DONE]\n\n"]
