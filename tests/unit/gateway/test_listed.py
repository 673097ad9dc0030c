"""The bodies that a proxy knows, in rows of figures."""

import json

from streamkit.gateway.asked import Asked
from streamkit.gateway.heads import Head
from streamkit.gateway.listed import Bodies, listed, rows
from tests.unit.gateway.sites import recording
from tests.unit.gateway.test_body import Clock, begun
from tests.unit.gateway.test_exchange import stated

PAUSED = recording("dify/wf_human_1_paused")
HEAD = Head("POST", "/v1/chat-messages", (), None, 200, ())


def known(*bodies, remembered=10):
    found = Bodies(remembered)
    for body in bodies:
        found.body_began(body)
        found.body_answered(body, HEAD)
        if body.ended is not None:
            found.body_ended(body)
    return found


def body(handle, content=PAUSED, *, close=True, **how):
    found = begun(**how)
    found.handle = handle
    found.take(content)
    if close:
        found.close("eof")
    return found


def test_an_open_body_is_a_row_that_says_how_it_stands():
    clock = Clock()
    open_one = body(
        "h1", recording("dify/chat_llm_400_chunks")[:9000], close=False, clock=clock, asked=Asked(user="u", key="k")
    )
    clock.now += 42
    row = listed(open_one)
    assert (row.handle, row.status, row.state, row.idle, row.duration, row.ended) == (
        "h1",
        "running",
        "silent",
        42,
        42,
        None,
    )
    assert (row.user, row.key, row.app, row.route) == ("u", "k", None, "/v1/workflows/run")
    assert row.running
    assert row.executions == len(open_one.run.executions)


def test_one_that_ended_says_why_and_how():
    row = listed(body("h1"))
    assert (row.status, row.state, row.idle, row.ended, row.running) == ("paused", None, None, "eof", ())
    assert row.run_id == stated(PAUSED).id


def test_bodies_are_found_by_their_handle_or_all_of_a_run():
    first, other = body("h1"), body("h2", recording("dify/wf_failed"))
    second = body("h3", PAUSED, close=False)
    found = known(first, other, second)
    assert found.find("h2") == [other]
    assert found.find(stated(PAUSED).id) == [first, second]
    assert found.find("nobody") == []
    assert found.all() == [first, other, second]
    assert found.open() == [second]


def test_so_many_that_ended_are_remembered():
    found = known(*[body(f"h{number}") for number in range(5)], remembered=3)
    assert [one.handle for one in found.all()] == ["h2", "h3", "h4"]


def test_what_is_no_run_is_not_known():
    stream = b'data: {"price": 1}\n\n' * 20
    found = known(body("h1", stream, path="/ticker"), body("h2", stream, path="/ticker", close=False))
    assert found.all() == []


def test_rows_are_json_without_secrets():
    word = "s3cr3t-s3cr3t-s3cr3t"
    (row,) = rows([body("h1", secret_values=frozenset([word]), asked=Asked(user=word))])
    assert json.loads(bytes(row))["handle"] == "h1"
    assert word.encode() not in bytes(row)
