"""The first bytes of a body are held until they say which run they are of."""

import pytest

from streamkit.gateway.opening import Opening
from tests.unit.gateway.sites import in_pieces, recording
from tests.unit.gateway.test_exchange import stated


@pytest.mark.parametrize("name", ["dify/wf_human_2_resumed_approve", "dify/chat_app_plain", "ragflow/fillup_2_resume"])
@pytest.mark.parametrize("seed", range(3))
def test_a_run_is_named_by_its_first_events_wherever_they_are_cut(name, seed):
    body = recording(name)
    opening, fed = Opening("auto"), b""
    for at, chunk in enumerate(in_pieces(body, seed)):
        keys = opening.feed(chunk, float(at))
        fed += chunk
        if keys is not None:
            break
    run = stated(body)
    assert (run.dialect, run.id or run.message_id) in keys
    assert b"".join(chunk for chunk, _ in opening.held) == fed
    assert [at for _, at in opening.held] == list(map(float, range(len(opening.held))))


def test_a_body_that_names_nothing_is_not_waited_for():
    opening = Opening("auto")
    assert opening.feed(b'data: {"event":"error","message":"no","status":500}\n\n' * 20, 0.0) == []


def test_a_body_of_one_endless_frame_is_not_waited_for():
    opening, answers = Opening("auto"), []
    while None in (answers or [None]) and len(answers) < 100:
        answers.append(opening.feed(b"data: " + b"x" * 10_000, 0.0))
        if answers[-1] is not None:
            break
    assert answers[-1] == []
    assert len(answers) < 40


def test_heartbeats_say_nothing_and_are_waited_through():
    opening = Opening("auto")
    for _ in range(50):
        assert opening.feed(b"event: ping\n\n", 0.0) is None
