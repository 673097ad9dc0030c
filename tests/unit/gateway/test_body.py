"""A body is observed while it passes: which run it is of, how it stands, when it ended and why. Nothing here raises."""

import gzip

import pytest

from streamkit.gateway.asked import Asked
from streamkit.gateway.body import Body
from streamkit.gateway.names import AppNames
from streamkit.gateway.recognise import recognise
from streamkit.gateway.store import Store
from tests.unit.gateway.sites import in_pieces, recording
from tests.unit.gateway.test_exchange import stated

PAUSED, RESUMED = recording("dify/wf_human_1_paused"), recording("dify/wf_human_2_resumed_approve")
AGENT_PAUSED, AGENT_RESUMED = recording("ragflow/fillup_1_pause"), recording("ragflow/fillup_2_resume")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def begun(store=None, *, method="POST", path="/v1/workflows/run", clock=None, status=200, coding=None, **more):
    body = Body(
        "h1",
        route=recognise(method, path),
        asked=more.pop("asked", Asked(user="u-1")),
        clock=clock or Clock(),
        store=store if store is not None else Store(),
        names=AppNames(),
        **more,
    )
    body.answered(status, coding)
    return body


def passed(content, store=None, seed=1, **how):
    body = begun(store, **how)
    for chunk in in_pieces(content, seed):
        body.take(chunk)
    body.close("eof")
    return body


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_pauses_goes_on_in_the_body_that_is_asked_for_by_its_name(seed):
    store = Store()
    first = passed(PAUSED, store, seed)
    assert (first.run.status, len(store)) == ("paused", 1)
    second = passed(RESUMED, store, seed, method="GET", path=f"/v1/workflow/{first.run.id}/events")
    assert second.run is first.run
    assert (second.run.status, second.spent.index, second.run.user) == ("succeeded", 1, "u-1")


@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_pauses_goes_on_in_the_body_whose_frames_name_it(seed):
    """RAGFlow's resumed run has a new id in the same session; it is known by the frames alone."""
    store = Store()
    agent = "/api/v1/agents/a1/completions"
    first = passed(AGENT_PAUSED, store, seed, path=agent)
    second = passed(AGENT_RESUMED, store, seed, path=agent)
    assert second.run is first.run
    assert [segment.index for segment in second.run.segments] == [0, 1]


def test_another_run_beside_one_that_waits_is_another_one():
    store = Store()
    first = passed(PAUSED, store)
    other = passed(recording("dify/wf_failed"), store)
    assert other.run is not first.run
    assert (other.run.status, len(store)) == ("failed", 1)


def test_a_body_that_ends_before_it_names_its_run_is_folded_all_the_same():
    store = Store()
    passed(PAUSED, store)
    body = passed(b'data: {"event":"error","message":"no","status":500}\n\n', store)
    assert (body.run.status, body.run.error.message) == ("failed", "no")


def test_times_are_those_of_arrival_also_of_what_was_held():
    store, clock = Store(), Clock()
    passed(PAUSED, store)
    body = begun(store, clock=clock, path="/v1/chat-messages")
    chat = recording("dify/chat_simple")
    text = chat.index(b'data: {"event":"message"')
    for chunk in (chat[:100], chat[100 : text + 3000], chat[text + 3000 :]):
        clock.now += 1
        body.take(chunk)
    body.close("eof")
    assert body.first_token == 2.0
    assert (body.duration, body.run.seen_at) == (3.0, 102.0)  # the first event is complete with the second chunk


def test_how_an_open_body_stands():
    clock = Clock()
    body = begun(clock=clock)
    assert body.state == "streaming"  # it has only just begun
    clock.now += 11
    assert (body.state, body.idle) == ("silent", 11)
    body.take(b"event: ping\n\n")
    assert body.state == "ping-only"
    body.take(recording("dify/wf_failed")[:3000])
    assert body.state == "streaming"
    clock.now += 31
    assert body.state == "silent"


def test_text_of_an_earlier_body_is_no_first_token_of_this_one():
    store = Store()
    first = passed(recording("dify/june26_chat_human_timeout_1_paused"), store, path="/v1/chat-messages")
    assert first.first_token == 0.0
    clock = Clock()
    clock.now = 500.0
    path = f"/v1/workflow/{first.run.id}/events"
    second = passed(recording("dify/june26_chat_human_timeout_2_resumed"), store, method="GET", path=path, clock=clock)
    assert second.run is first.run
    assert second.first_token is None


def test_it_is_a_run_if_it_was_asked_for_or_if_its_frames_are():
    assert begun().is_run
    assert not passed(b'data: {"price": 1}\n\n' * 20, path="/ticker").is_run
    assert not passed(b"", path="/ticker").is_run
    assert passed(PAUSED, path="/elsewhere").is_run


def test_bytes_are_counted_as_they_passed():
    packed = gzip.compress(PAUSED)
    body = begun(coding="gzip")
    body.take(packed)
    body.close("eof")
    assert (body.bytes, body.run.bytes, body.run.id) == (len(packed), len(PAUSED), stated(PAUSED).id)


def test_copies_are_given_what_was_said_and_when():
    class Copy(list):
        def write(self, chunk, at):
            self.append((chunk, at))

    clock, copy = Clock(), Copy()
    body = begun(clock=clock, coding="gzip")
    body.copies.append(copy)
    clock.now += 2
    body.take(gzip.compress(PAUSED))
    assert copy == [(PAUSED, 2.0)]


def test_a_mistake_of_ours_is_counted_and_its_words_are_not_told(caplog):
    class Broken:
        def write(self, chunk, at):
            raise ValueError(f"what the user said: {chunk!r}")

    body = begun()
    body.copies.append(Broken())
    body.take(PAUSED)
    body.take(b"more")
    body.close("eof")
    assert body.errors == 2
    assert body.run.anomaly_counts["observer-error"] == 2
    assert len(caplog.records) == 1
    assert "ValueError at tests.unit.gateway.test_body" in caplog.text
    assert "said" not in caplog.text
    assert all("said" not in anomaly.detail for anomaly in body.run.anomalies)


def test_bytes_that_cannot_be_decoded_are_a_mistake_and_no_more():
    body = begun(coding="gzip")
    body.take(b"no gzip")
    body.close("eof")
    assert (body.errors, body.run.status) == (1, "interrupted")


def test_it_ends_once():
    body = passed(PAUSED)
    body.close("shutdown")
    assert body.ended == "eof"


def test_an_app_has_a_label_in_any_case():
    assert begun(asked=Asked()).label == "unknown"
    assert begun(asked=Asked(key="0123456789ab")).label == "0123456789ab"
    assert begun(path="/api/v1/agents/a1/completions").label == "a1"


def test_what_is_secret_is_masked_by_what_the_body_knows():
    body = begun(secret_values=frozenset(["s3cr3t-s3cr3t"]))
    assert "s3cr3t" not in body.secrets.text("a s3cr3t-s3cr3t b")


def test_all_of_what_was_spent_is_known_or_not():
    assert passed(recording("dify/wf_iter_fail_par_continue")).is_complete
    assert passed(PAUSED).is_complete
    assert not passed(recording("dify/wf_iter_fail_par_continue")[:9000]).is_complete
