"""Lines of a recording: what is written is read again, and what is no line says why."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording.format import (
    Chunk,
    End,
    Exchange,
    Header,
    Marker,
    Request,
    Response,
    Source,
    decode_entry,
    decode_header,
    encode_entry,
    encode_header,
    is_header,
)
from tests.unit.recording.strategies import JSON, REQUESTS, RESPONSES, TEXTS, TIMES

ENTRIES = st.one_of(
    st.builds(Chunk, TIMES, st.binary()),
    st.builds(Marker, TIMES, TEXTS),
    st.builds(Exchange, REQUESTS, RESPONSES, TIMES),
    st.builds(End, TEXTS, st.none() | TEXTS, TIMES),
)


@given(ENTRIES)
def test_an_entry_is_read_as_it_was_written(entry):
    line = encode_entry(entry)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_entry(line) == entry


@given(
    st.builds(
        Header,
        source=st.builds(Source, *[st.none() | TEXTS] * 3),
        request=REQUESTS,
        response=RESPONSES,
        created=st.none() | TEXTS,
        is_timed=st.booleans(),
        extra=st.dictionaries(TEXTS.map("x-{}".format), JSON),
    )
)
def test_a_header_is_read_as_it_was_written_with_keys_that_nobody_knows(header):
    line = encode_header(header)
    assert is_header(line)
    assert line.startswith(b'{"format":"skrec","version":1,')
    assert decode_header(line) == header


def test_the_lines_are_those_of_the_format():
    request, response = Request(method="GET", url="/v1/info"), Response(200, body={"name": "A"})
    assert [json.loads(encode_entry(entry)) for entry in (
        Chunk(0.25, "data: é\n\n".encode()),
        Chunk(0.5, b"\xc3"),
        Marker(1.0, "here"),
        Exchange(request, response, 1.5),
        End("eof", None, 2.0),
    )] == [
        [0.25, "b", "data: é\n\n"],
        [0.5, "B", "ww=="],
        [1.0, "m", "here"],
        [1.5, "e", {"request": {"method": "GET", "url": "/v1/info"}, "response": {"status": 200, "body": {"name": "A"}}}],
        [2.0, "x", {"reason": "eof", "error": None}],
    ]  # fmt: skip


def test_microseconds_are_kept_and_nothing_below():
    assert encode_entry(Marker(1 / 3, "")) == b'[0.333333,"m",""]\n'


@pytest.mark.parametrize("line", [b'[0.5,"r",{"attempt":1}]', b'[0.5,"","x"]', b'[0.5,"bb",null]'])
def test_an_entry_of_an_unknown_code_is_none(line):
    assert decode_entry(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b'["b","x"]',
        b'["0","b","x"]',
        b'[0,"b"]',
        b'[0,"b",1]',
        b'[0,"b","\\ud800"]',
        b'[0,"B","?"]',
        b'[0,"e",{}]',
        b'[0,"x","eof"]',
        b'[1e999,"b","x"]',
        b'[NaN,"b","x"]',
        b'[0,"b","\xff"]',
        b'[0,"e",' + b"[" * 100_000,
    ],
)
def test_what_is_no_entry_says_so(line):
    with pytest.raises(ValueError, match=r"^is no entry: ") as raised:
        decode_entry(line)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"format":"skrec"', "cannot be read"),
        (b'{"format":"other","version":1}', "no header"),
        (b'{"format":"skrec","version":2}', "version 2 of the format; this streamkit reads 1"),
        (b'{"format":"skrec"}', "version None"),
        (b'{"format":"skrec","version":1,"source":3}', "cannot be read: expected `object`"),
        (b'{"format":"skrec","version":1,"request":{"headers":{"a":1}}}', "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"\xff", "cannot be read"),
    ],
)
def test_what_is_no_header_says_why(line, why):
    with pytest.raises(ValueError, match=why):
        decode_header(line)


def test_a_header_may_lack_everything_but_its_name():
    assert decode_header(b'{"format":"skrec","version":1}') == Header()


def test_what_no_json_can_hold_is_replaced():
    assert decode_entry(encode_entry(Marker(0.0, "a\ud800"))) == Marker(0.0, "a\ufffd")
    header = Header(request=Request(body={"q": "\udc00", "n": float("nan")}))
    assert decode_header(encode_header(header)).request.body == {"q": "\ufffd", "n": None}
