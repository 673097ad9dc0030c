import pytest

from streamkit.testing import DifyStream
from tests.unit.testing.reality import run_of

ASKED = DifyStream("1.15").start().human_input("Send it?", fields=["comment"], title="Review")


def test_a_form_waits():
    state = run_of(ASKED)
    (form,) = state.forms
    assert (state.status, form.status, form.title) == ("paused", "waiting", "Review")
    assert [action["id"] for action in form.actions] == ["approve", "reject"]
    assert form.token
    assert form.content == "Send it?\n\n{{#$output.comment#}}"


@pytest.mark.parametrize("version", ["1.13", "1.14", "1.15", "1.17"])
def test_a_form_that_was_filled_in(version):
    stream = DifyStream(version).start().human_input(fields=["comment"]).resume("reject", comment="no").finish()
    state = run_of(stream)
    (form,) = state.forms
    assert (state.status, form.status, form.action_id) == ("succeeded", "submitted", "reject")
    assert state.nodes[1].outputs["comment"] == "no"
    assert state.nodes[1].outputs["__action_id"] == "reject"
    assert [segment.index for segment in state.segments] == [0, 1]


def test_a_form_that_nobody_filled_in():
    state = run_of(ASKED.expire().finish())
    assert (state.status, state.forms[0].status) == ("succeeded", "expired")


def test_channels_are_told_since_1_15():
    assert b'"approval_channels":["service_api"]' in ASKED.bytes()
    assert b"approval_channels" not in DifyStream("1.14").start().human_input().bytes()


def test_to_go_on_something_must_wait():
    with pytest.raises(ValueError, match="no form waits"):
        DifyStream().start().resume().bytes()


def test_there_are_no_forms_before_1_13():
    with pytest.raises(ValueError, match=r"Dify 1\.12 has no forms; they came with 1\.13"):
        DifyStream("1.12").start().human_input()
