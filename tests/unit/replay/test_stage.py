"""Between a request and its answer: the queue, the small answers that were recorded, and what nothing answers."""

import json

import pytest

from streamkit.errors import ReplayError
from streamkit.recording import Exchange, Recording, Request, Response
from streamkit.replay.library import load
from streamkit.replay.playing import Play
from streamkit.replay.routes import Asked, Reply
from streamkit.replay.server import ROUTES
from streamkit.replay.stage import NOT_RECORDED, Stage, not_recorded
from tests.unit.replay.serving import DIFY, chat, exchange, recorded

DOOR = "dify-chat"


def stage(*sources, **how):
    return Stage(load(sources, ROUTES), **how)


def asked(method="POST", path="/v1/chat-messages", body=None, **fields):
    return Asked(method=method, path=path, body={"response_mode": "streaming", **(body or {})}, **fields)


def names(one, times):
    return [one.start(asked(), DOOR).name for _ in range(times)]


# ---- plays


def test_what_is_queued_comes_first_and_once(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.sse").write_bytes(chat(name, name))
    one = stage(tmp_path)
    one.plays.queue(one.prepare(one.find("b")))
    assert names(one, 3) == ["b", "a", "b"]


def test_what_is_queued_waits_for_a_path_of_its_kind():
    one = stage(recorded(chat("a", "c")), DIFY / "wf_failed.sse")
    one.plays.queue(one.prepare(one.find("wf_failed")))
    assert names(one, 1) == ["recording-1"]
    assert [play.name for play in one.plays.waiting()] == ["wf_failed"]
    assert one.start(asked(path="/v1/workflows/run"), "dify-workflow").name == "wf_failed"


def test_a_recording_that_is_played_joins_the_library():
    one = stage()
    recording = recorded(chat("a", "c"))
    take = one.find(recording)
    assert one.find(recording) is one.find(take) is take
    assert one.library.takes == [take]


def test_a_file_that_is_played_joins_the_library_once():
    one = stage()
    take = one.find(DIFY / "wf_failed.sse")
    assert one.find(DIFY / "wf_failed.sse") is one.find("wf_failed") is take
    with pytest.raises(ReplayError, match="no such file"):
        one.find(DIFY / "none.sse")


def test_a_name_must_be_one_recording(tmp_path):
    for folder in ("v1", "v2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.sse").write_bytes(chat("a"))
    one = stage(tmp_path)
    assert one.find("v1/chat").folders[-1] == "v1"
    with pytest.raises(ReplayError, match=r"'chat' names .*v1/chat, .*v2/chat"):
        one.find("chat")
    with pytest.raises(ReplayError, match="there is no recording 'none'"):
        one.find("none")


def test_a_play_has_the_servers_speed_and_chunks_unless_it_says_others():
    one = stage(recorded(chat("a")), speed=2.0, chunk_size=7)
    with pytest.raises(ReplayError, match="give a number of bytes"):
        one.prepare(one.library.takes[0], chunk_size="x")
    with pytest.raises(ReplayError, match="is none of"):
        one.prepare(one.library.takes[0], faults=["x"])


def test_a_fault_that_does_not_fit_its_recording_is_no_answer():
    one = stage(recorded(chat("a")), faults=["cut-before=node_finished"])
    answer = one.start(asked(), DOOR)
    assert isinstance(answer, Reply)
    assert "recording-1 cannot have its fault: there is no node_finished" in answer.why


def test_turns_are_counted():
    one = stage(*(recorded(chat(str(number), "c", number)) for number in range(2)))
    first, second = one.start(asked(), DOOR), one.start(asked(body={"conversation_id": "c"}), DOOR)
    assert isinstance(first, Play)
    assert isinstance(second, Play)
    assert (first.turn, second.turn) == (1, 2)
    assert first.session is second.session


def test_after_a_reset_all_begins_anew():
    one = stage(recorded(chat("a", "c")), recorded(chat("b", "d")), faults=["gzip"])
    assert names(one, 2) == ["recording-1", "recording-2"]
    one.plays.queue(one.prepare(one.library.takes[1]))
    one.reset()
    assert names(one, 2) == ["recording-1", "recording-2"]
    assert one.faults.take("any") == []


# ---- small answers


def with_exchanges(*exchanges):
    return recorded(chat("a"), exchanges=exchanges)


def test_what_was_recorded_beside_a_body_is_told():
    one = stage(
        with_exchanges(exchange("GET", "https://dify.example/v1/parameters?user=u", {"opening_statement": "Hi"}))
    )
    told = one.recorded(asked("GET", "/v1/parameters"))
    assert told is not None
    assert (json.loads(told.body), told.status) == ({"opening_statement": "Hi"}, 200)
    assert one.recorded(asked("GET", "/v1/info")) is None
    assert one.recorded(asked("POST", "/v1/parameters")) is None


def test_several_answers_come_in_order_and_the_last_stays():
    one = stage(with_exchanges(*(exchange("GET", "/v1/messages", {"n": number}) for number in (1, 2))))
    told = [one.recorded(asked("GET", "/v1/messages")) for _ in range(3)]
    assert [json.loads(answer.body)["n"] for answer in told if answer] == [1, 2, 2]


def test_a_small_answer_is_for_what_was_asked():
    one = stage(with_exchanges(exchange("POST", "/v1/x", {}, asked={"a": 1})))
    assert one.recorded(asked(path="/v1/x", body={"a": 2})) is None
    assert one.recorded(asked(path="/v1/x", body={"a": 1, "b": 2})) is not None


def test_the_key_chooses_among_small_answers(tmp_path):
    for name in ("a", "b"):
        with_exchanges(exchange("GET", "/v1/info", {"name": name})).save(tmp_path / f"{name}.skrec")
    told = stage(tmp_path).recorded(asked("GET", "/v1/info", key="b"))
    assert told is not None
    assert json.loads(told.body) == {"name": "b"}


def test_an_answer_that_is_no_json_stays_as_it_is():
    html = Exchange(Request(method="GET", url="/v1/x"), Response(404, {"Content-Type": "text/html"}, "<html>"))
    empty = Exchange(Request(method="GET", url="/v1/y"), Response(204))
    one = stage(with_exchanges(html, empty))
    told = one.recorded(asked("GET", "/v1/x"))
    assert told is not None
    assert (told.body, told.status, told.content_type) == (b"<html>", 404, "text/html")
    nothing = one.recorded(asked("GET", "/v1/y"))
    assert nothing is not None
    assert (nothing.body, nothing.status) == (b"", 204)


def test_who_wants_a_document_gets_the_one_that_was_recorded():
    one = stage(with_exchanges(exchange("POST", "/v1/chat-messages", {"answer": "recorded"}, asked={"query": "hi"})))
    answer = one.start(asked(body={"response_mode": "blocking", "query": "hi"}), DOOR)
    assert isinstance(answer, Reply)
    assert json.loads(answer.body) == {"answer": "recorded"}


def test_what_nothing_answers_is_told_with_what_comes_near():
    one = stage(recorded(chat("a"), request={"query": "hi"}))
    answer = one.start(asked(body={"query": "bye"}), DOOR)
    assert isinstance(answer, Reply)
    told = json.loads(answer.body)
    assert (answer.status, told["status"]) == (NOT_RECORDED, NOT_RECORDED)
    assert told["nearest"] == [{"name": "recording-1", "why": "query is 'bye', and 'hi' was recorded"}]
    assert told["message"] == answer.why
    assert not_recorded(asked(), []).why == "no recording answers POST /v1/chat-messages"


def test_bodies_of_one_run_are_folded_to_one():
    takes = [
        stage(DIFY / f"{name}.sse").library.takes[0] for name in ("wf_human_1_paused", "wf_human_2_resumed_approve")
    ]
    run = stage().run_of(takes)
    assert (run.status, len(run.segments)) == ("succeeded", 2)


def test_a_recording_is_loaded_from_memory_as_from_a_file():
    assert Recording.load(DIFY / "chat_simple.sse").body == stage(DIFY / "chat_simple.sse").library.takes[0].body
