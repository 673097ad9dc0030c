import threading
from urllib.request import Request, urlopen

import pytest

from streamkit import Tap
from streamkit.errors import ReplayError
from streamkit.recording import Recording
from streamkit.testing import DifyStream, OpenAIStream, recordings
from streamkit.testing.bundled import bundled
from streamkit.testing.server import NotReached, Server

STREAMED = b'{"stream": true, "response_mode": "streaming"}'
BODY = OpenAIStream().llm("one two").finish()


@pytest.fixture
def server():
    with Server("openai") as server:
        yield server


def ask(server, path="/chat/completions", body=STREAMED):
    request = Request(server.base_url + path, body, {"Content-Type": "application/json"})  # noqa: S310 - the server of the test
    with urlopen(request) as response:  # noqa: S310 - the server of the test
        return response.read()


@pytest.fixture
def asking(server):
    """Ask on the side; what was answered is there once the thread ended."""
    threads = []

    def begin():
        answers = []
        threads.append(threading.Thread(target=lambda: answers.append(ask(server))))
        threads[-1].start()
        return threads[-1], answers

    yield begin
    for thread in threads:
        thread.join(10)


def test_addresses_are_as_the_sdks_want_them():
    for vendor, base, key in (("dify", "/v1", "app-"), ("ragflow", "", "ragflow-"), ("openai", "/v1", "sk-")):
        with Server(vendor) as server:
            assert server.url.startswith("http://127.0.0.1:")
            assert server.base_url == server.url + base
            assert server.api_key.startswith(key)


def test_whatever_is_given_is_played(server, tmp_path):
    saved = tmp_path / "saved.skrec"
    BODY.recording().save(saved)
    (tmp_path / "raw.sse").write_bytes(BODY.bytes())
    for what in (BODY, BODY.recording(), BODY.bytes(), saved, tmp_path / "raw.sse"):
        server.play(what)
        assert ask(server) == BODY.bytes()
    told = bundled("openai/openai/chat-tool-call")
    for what in (told, told.id, "openai/chat-tool-call"):
        server.play(what)
        assert ask(server) == told.recording.body


def test_plays_are_answers_in_their_order(server):
    for text in ("one", "two"):
        server.play(OpenAIStream().llm(text).finish())
    assert b"one" in ask(server)
    assert b"two" in ask(server)


def test_requests_are_there_to_look_at(server):
    server.play(BODY)
    ask(server, body=b'{"model": "m", "stream": true}')
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.body, asked.status) == (
        "POST",
        "/v1/chat/completions",
        {"model": "m", "stream": True},
        200,
    )
    assert server.unmatched == []


def test_an_answer_is_held_until_it_is_released(server, asking):
    play = server.play(BODY, hold_before=["chat.completion.chunk#2", "done"])
    thread, answers = asking()
    assert server.reached() == "chat.completion.chunk#2"
    server.release()
    assert play.reached() == "done"
    assert (answers, play.outcome) == ([], "playing")
    play.release()
    thread.join(10)
    assert answers == [BODY.bytes()]
    assert play.finished() == "played"
    assert repr(play) == "<Playing body-1 played>"


async def test_a_test_with_an_event_loop_does_not_block_it(server, asking):
    play = server.play(BODY, hold_before=0)
    thread, answers = asking()
    assert await server.areached() == "0"
    play.release()
    assert await play.afinished() == "played"
    thread.join(10)
    assert answers == [BODY.bytes()]


def test_who_waits_in_vain_hears_why(server):
    play = server.play(BODY, hold_before="done")
    with pytest.raises(NotReached, match=r"body-1 did not come to done in 0.01 s: 0 bytes .* nothing was asked"):
        play.reached(timeout=0.01)
    with pytest.raises(NotReached, match="did not come to its end"):
        play.finished(timeout=0.01)
    play.release()
    ask(server)
    assert play.finished() == "played"


def test_what_was_asked_until_then_is_said(server, asking):
    play = server.play(BODY, hold_before=["0", "done"])
    thread, _ = asking()
    play.reached()
    with pytest.raises(NotReached, match=r"asked were POST /v1/chat/completions \(200\)"):
        play.finished(timeout=0.01)
    play.release()
    play.release()
    thread.join(10)


def test_a_place_that_is_not_there_is_said_at_once(server):
    with pytest.raises(ReplayError, match="node_finished"):
        server.play(BODY, hold_before="node_finished:summarise")
    with pytest.raises(ReplayError, match="no gate"):
        server.play(BODY).release()
    assert ask(server) == BODY.bytes()
    assert len(server._server.takes) == 1  # the one that could not be played is not there


def test_a_recording_that_is_not_there_is_said_at_once(server):
    with pytest.raises(ValueError, match="no recording 'nothing'"):
        server.play("nothing")
    with pytest.raises(FileNotFoundError):
        server.play(bundled("openai/chat").path.with_name("nothing.skrec"))


def test_text_that_ends_like_a_file_is_one(server):
    recording = bundled("openai/chat")
    server.play(str(recording.path))
    assert ask(server) == recording.recording.body
    with pytest.raises(FileNotFoundError, match=r"refund\.skrec"):
        server.play("refund.skrec")


def test_before_anything_is_played_nothing_can_be_held(server):
    with pytest.raises(RuntimeError, match="nothing was played"):
        server.reached()


def test_a_server_that_does_not_run():
    with pytest.raises(RuntimeError, match="does not run"):
        Server("dify").play(BODY)


TOLD = DifyStream(mode="workflow").start().human_input(fields=["comment"]).resume(comment="fine").finish()
RECORDED = bundled("dify/1.14/workflow-form-1-paused")


@pytest.mark.parametrize(
    ("what", "bodies"),
    [(TOLD, TOLD.bodies()), (RECORDED, [RECORDED.recording.body, RECORDED.followers[0].recording.body])],
)
def test_once_a_form_is_filled_in_the_next_body_is_there(what, bodies):
    with Server("dify") as server:
        server.play(what)
        assert ask(server, "/workflows/run") == bodies[0]
        tap = Tap()
        tap.feed(bodies[0])
        filled = b'{"inputs": {"comment": "fine"}, "action": "approve", "user": "u"}'
        assert ask(server, f"/form/human_input/{tap.run.snapshot().forms[0].token}", filled) == b"{}"
        with urlopen(f"{server.base_url}/workflow/{tap.run.id}/events?user=u") as response:  # noqa: S310
            assert response.read() == bodies[1]


def test_the_times_of_a_recording_can_be_kept():
    slow = OpenAIStream().llm("a b", seconds=0.2).finish()
    with Server("openai") as server:
        server.play(slow, speed=1)
        ask(server)
        assert server.requests[0].took >= 0.19


@pytest.mark.parametrize("chunk_size", [1, "random:3"])
def test_however_it_is_cut_it_is_the_same(server, chunk_size):
    server.play(BODY, chunk_size=chunk_size)
    assert ask(server) == BODY.bytes()


def test_recordings_are_not_changed_by_being_played(server):
    told = recordings("openai")[0]
    before = Recording.load(told.path)
    server.play(told)
    ask(server)
    assert told.recording == before
