import pytest

from streamkit.shape.framing import Framing, framing_of

PLAIN = Framing(body="event stream", line_end=["LF"], data_line=["data: "], json=["compact"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'data: {"a":1}\n\n', {}),
        (b'data:{"a": 1}\n\n', {"data_line": ["data:"], "json": ["spaced"]}),
        (b'data: {"a":1}\r\n\r\n', {"line_end": ["CRLF"]}),
        (b'event: ping\n\ndata: {"a":1}\n\n', {"heartbeat": ["event: ping"], "opening": ["event: ping"]}),
        (b'data: {"a":1}\n\nevent: ping\n\n', {"heartbeat": ["event: ping"]}),
        (b': hello\n\ndata: {"a":1}\n\n', {"heartbeat": ["a comment"], "opening": ["a comment"]}),
        (b'id: 7\nevent: news\ndata: {"a":1}\n\n', {"id_lines": ["yes"], "event_lines": ["news"]}),
        (b'data: {"a":1}\n\ndata: {"a": 1}\n\n', {"json": ["compact", "spaced"]}),
        (b'data: {"a":1}\n\ndata: [DONE]\n\n', {}),
        (b'data: {"a":"x\\": y"}\n\n', {}),
    ],
)
def test_what_stands_on_the_lines(body, expected):
    known = {name: getattr(PLAIN, name) for name in PLAIN.__struct_fields__}
    assert framing_of(body) == Framing(**{**known, **expected})
