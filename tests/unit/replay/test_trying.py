"""The request that is shown for a recording plays it."""

import shlex

from streamkit.replay.library import load
from streamkit.replay.server import ROUTES
from streamkit.replay.trying import example_of
from tests.unit.replay.serving import DIFY, chat, recorded


def examples(*sources):
    library = load(sources, ROUTES)
    return [example_of(take, library) for take in library.takes]


def test_a_body_alone_is_asked_for_in_the_shortest_way():
    (one,) = examples(DIFY / "wf_iter_seq5.sse")
    assert (one.method, one.path, one.key) == ("POST", "/v1/workflows/run", "wf_iter_seq5")
    assert one.body == {"inputs": {}, "user": "me", "response_mode": "streaming"}


def test_a_recording_is_asked_for_as_it_was():
    (one,) = examples(recorded(chat("a"), request={"query": "hi"}, url="/api/chat-messages"))
    assert (one.path, one.body) == ("/api/chat-messages", {"query": "hi"})


def test_a_name_that_is_there_twice_is_told_with_its_folder(tmp_path):
    for folder in ("v1", "v2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.sse").write_bytes(chat("a"))
    assert [one.key for one in examples(tmp_path)] == [f"{tmp_path.name}/{folder}/chat" for folder in ("v1", "v2")]


def test_a_run_that_goes_on_is_watched():
    (one,) = examples(recorded(chat("a"), url="/v1/workflow/r/events?user=u", method="GET"))
    assert (one.method, one.path, one.body) == ("GET", "/v1/workflow/r/events", None)
    assert "-d" not in shlex.split(one.as_curl("http://h"))


def test_a_line_for_the_shell_is_quoted():
    (one,) = examples(recorded(chat("a"), request={"query": "it's"}))
    words = shlex.split(one.as_curl("http://127.0.0.1:1"))
    assert words[:3] == ["curl", "-N", "http://127.0.0.1:1/v1/chat-messages"]
    assert words[-1] == '{"query": "it\'s"}'
