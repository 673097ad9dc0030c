"""What is of one connection stays there; everything else goes on, in its order and as often as it came."""

from multidict import CIMultiDict, CIMultiDictProxy

from streamkit.gateway.headers import end_to_end, has_word


def test_headers_of_one_connection_stay_behind_and_all_others_go_on():
    headers = CIMultiDict(
        [
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("content-type", "text/event-stream; charset=utf-8"),  # RAGFlow's servers send it twice
            ("Connection", "keep-alive, X-Trace"),
            ("Connection", "x-other"),
            ("Keep-Alive", "timeout=5"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "websocket"),
            ("TE", "trailers"),
            ("X-Trace", "1"),
            ("X-Other", "2"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("X-Kept", ""),
        ]
    )
    kept = end_to_end(CIMultiDictProxy(headers))
    assert list(kept.items()) == [
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("content-type", "text/event-stream; charset=utf-8"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("X-Kept", ""),
    ]
    assert "Connection" in headers  # the copy is one


def test_a_word_of_a_list_is_found_however_it_is_written():
    headers = CIMultiDict([("Connection", "keep-alive, Upgrade"), ("Connection", "x")])
    assert has_word(headers, "connection", "upgrade")
    assert has_word(headers, "connection", "x")
    assert not has_word(headers, "connection", "grade")
    assert not has_word(headers, "upgrade", "websocket")
