"""Sessions know what was begun, by every id that a client was given."""

import msgspec
import pytest

from streamkit.recording import Recording
from streamkit.replay.gates import Gate
from streamkit.replay.library import Take
from streamkit.replay.sessions import Sessions
from tests.unit.replay.serving import DIFY, chat, recorded

PAUSED, RESUMED = (
    Take(Recording.load(DIFY / f"{name}.sse"), name) for name in ("wf_human_1_paused", "wf_human_2_resumed_approve")
)
RUN = "0da69be8-c2e9-4ac5-a254-073f57170ba8"
TASK = "67cae9e2-24d6-4a64-88b7-30c768c2c83c"
TOKEN = "RXuAr7fBN8SmbhOkgkqOb1"  # noqa: S105 - of a server that is gone


def test_a_session_is_found_by_all_its_ids():
    sessions = Sessions()
    session = sessions.open([PAUSED, RESUMED])
    assert all(sessions.of(id) is session for id in (RUN, TASK, TOKEN))
    assert sessions.of("unknown") is None
    assert sessions.all() == [session]


def test_without_a_seed_and_a_clock_nothing_is_rewritten():
    assert Sessions().open([PAUSED]).rewrite(PAUSED.body, PAUSED) == PAUSED.body


def test_each_session_has_ids_of_its_own_and_the_same_for_the_same_seed():
    def ids(seed):
        sessions = Sessions(seed)
        return [sessions.open([PAUSED, RESUMED]).id(RUN) for _ in range(2)]

    one, other = ids("a")
    assert len({RUN, one, other}) == 3
    assert ids("a") == [one, other]
    assert ids("b") != [one, other]


def test_ids_are_the_same_in_all_bodies_of_a_session():
    sessions = Sessions("seed")
    session = sessions.open([PAUSED, RESUMED])
    bodies = session.rewrite(PAUSED.body, PAUSED) + session.rewrite(RESUMED.body, RESUMED)
    assert RUN.encode() not in bodies
    assert bodies.count(str(session.id(RUN)).encode()) == (PAUSED.body + RESUMED.body).count(RUN.encode())
    assert all(node.encode() not in bodies for node in PAUSED.run.executions)
    assert PAUSED.run.workflow_id.encode() in bodies
    assert sessions.of(str(session.id(TASK))) is session
    assert sessions.of(RUN) is None


def test_a_session_begins_now():
    session = Sessions(now=lambda: 2_000_000_000.7).open([PAUSED, RESUMED])
    moved = session.rewrite(PAUSED.body, PAUSED)
    assert b'"created_at":2000000000' in moved
    (form,) = session.forms.values()
    assert form.expires_at == PAUSED.run.forms[0].expires_at + 2_000_000_000 - PAUSED.started_at


def test_times_of_what_was_resumed_move_by_as_much():
    session = Sessions(now=lambda: 2_000_000_000).open([PAUSED, RESUMED])
    assert b'"created_at":2000000003,"reason":"resumption"' in session.rewrite(RESUMED.body, RESUMED)


# ---- turns


def test_turns_come_one_after_the_other():
    takes = [Take(recorded(chat(str(number), "c", number)), str(number)) for number in range(3)]
    session = Sessions().open(takes)
    assert session.turns_left() == takes
    session.begin(takes[0])
    assert session.turns_left() == takes[1:]
    session.begin(takes[2])
    assert session.turns_left() == []


def test_parts_of_a_run_are_those_since_it_began_last():
    session = Sessions().open([PAUSED, RESUMED])
    for take in (PAUSED, RESUMED, PAUSED):
        session.begin(take)
    assert session.parts_played(RUN) == [PAUSED]
    session.begin(RESUMED)
    assert session.parts_played(RUN) == [PAUSED, RESUMED]


# ---- forms


@pytest.fixture
def session():
    return Sessions().open([PAUSED, RESUMED])


def test_a_form_waits_until_it_is_submitted(session):
    form = session.forms[TOKEN]
    assert (form.status, session.form_of(RESUMED, "ask"), session.form_of(PAUSED, "nobody")) == ("waiting", form, None)
    session.submit(form, "approve", {"comment": "fine"})
    assert (form.status, form.action_id, form.inputs) == ("submitted", "approve", {"comment": "fine"})


def test_a_submission_opens_what_waits_for_it_and_nothing_else(session):
    form, other, gates = (
        session.forms[TOKEN],
        msgspec.structs.replace(session.forms[TOKEN]),
        (Gate("a", 0), Gate("b", 0)),
    )
    session.hold_for(form, gates[0])
    session.hold_for(other, gates[1])
    session.submit(form, "approve", None)
    assert [gate.is_open for gate in gates] == [True, False]


def test_a_form_that_nobody_answered_expires():
    takes = [Take(Recording.load(DIFY / f"wf_human_timeout_{part}.sse"), part) for part in ("1_paused", "2_resumed")]
    session = Sessions().open(takes)
    (form,) = session.forms.values()
    session.begin(takes[0])
    assert form.status == "waiting"
    session.begin(takes[1])
    assert session.form_of(takes[0], form.asked.node_id).status == "expired"


def test_a_run_that_begins_again_asks_again(session):
    session.submit(session.forms[TOKEN], "approve", None)
    session.begin(PAUSED)
    assert session.forms[TOKEN].status == "waiting"


def test_what_is_told_has_the_ids_of_its_session_and_the_times_of_its_run():
    session = Sessions("seed", lambda: 2_000_000_000).open([PAUSED])
    told = session.told({"id": RUN, "created_at": PAUSED.started_at}, PAUSED)
    assert bytes(told) == b'{"id":"%b","created_at":2000000000}' % str(session.id(RUN)).encode()


def test_each_turn_begins_when_it_is_played():
    takes = [Take(recorded(chat(str(number), "c", number)), str(number)) for number in range(2)]
    now = iter([1_900_000_000, 1_900_000_000, 1_900_000_050, 1_900_000_099])
    session = Sessions(now=lambda: next(now)).open(takes)
    for take, begun_at in zip(takes, (1_900_000_050, 1_900_000_099), strict=True):
        session.begin(take)
        assert b'"created_at": %d' % begun_at in session.rewrite(take.body, take)


def test_the_oldest_session_is_forgotten_where_there_are_very_many(monkeypatch):
    monkeypatch.setattr("streamkit.replay.sessions._KEPT", 2)
    sessions = Sessions("seed")
    first, *others = [sessions.open([PAUSED]) for _ in range(3)]
    assert sessions.all() == others
    assert sessions.of(str(first.id(RUN))) is None
    assert sessions.of(str(others[0].id(RUN))) is others[0]


def test_all_sessions_are_forgotten():
    sessions = Sessions()
    sessions.open([PAUSED])
    sessions.clear()
    assert (sessions.all(), sessions.of(RUN)) == ([], None)
