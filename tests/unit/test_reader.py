"""One body, read: an event stream, a JSON document or lines of JSON; the same records for every split of the bytes."""

import json
import random

import pytest

from streamkit import UnknownDialect
from streamkit.reader import MAX_FRAME_BYTES, Reader

SIZES = [1, 2, 7, 61, None]
"""Chunk sizes; None is the whole body at once."""

BOM = b"\xef\xbb\xbf"


def event(word, **fields):
    return json.dumps({"event": word, **fields}, ensure_ascii=False).encode()


def sse(*payloads):
    return b"".join(b"data: " + payload + b"\n\n" for payload in payloads)


def lines(*payloads):
    return b"".join(payload + b"\n" for payload in payloads)


def pieces(body, size):
    if size is None:
        return [body]
    return [body[start : start + size] for start in range(0, len(body), size)]


def randomly(body, seed):
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    cuts = sorted(chance.choices(range(len(body) + 1), k=len(body) // 9 + 2))
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def read(body, name="dify", chunks=None, **options):
    """Everything that a reader says of a body."""
    reader = Reader(name, **options)
    records = []
    for chunk in chunks if chunks is not None else [body]:
        records += reader.feed(chunk)
    records += reader.close()
    return reader, records


def told(reader, records):
    """Everything there is to say, so that two readings can be compared."""
    return records, reader.troubles, reader.size, reader.frames, reader.heartbeats, reader.opening_heartbeats


def kinds(records):
    return [record.event.kind for record in records]


def all_troubles(reader, records):
    """What was wrong with the body: what records took along, and what stayed."""
    return [note for record in records for note in record.before] + reader.troubles


def troubles(reader, records):
    return [kind for kind, _ in all_troubles(reader, records)]


HELLO = event("message", task_id="t", message_id="m", answer="你好 🚀")
END = event("message_end", task_id="t", message_id="m")
PING = event("ping")
PRETTY = json.dumps(json.loads(HELLO), indent=2, ensure_ascii=False).encode()
DENIED = b'{"code":"unauthorized","message":"Access token is invalid","status":401}'
FRAMES = [  # as `streamkit frames` prints them
    json.dumps({"event": "message", "data": payload.decode(), "id": ""}, separators=(",", ":")).encode()
    for payload in (HELLO, END)
]

BODIES = {
    "a stream": sse(HELLO, END),
    "a stream with a BOM, pings and comments": BOM + b"event: ping\n\n: hi\n\n" + sse(HELLO) + b"event: ping\n\n",
    "a stream after blank lines": b"\r\n \n\n" + sse(HELLO),
    "a stream that is cut": sse(HELLO) + b"data: " + END,
    "a stream with CR": sse(HELLO, END).replace(b"\n", b"\r"),
    "a document on one line": DENIED,
    "a document on one line, ended": DENIED + b"\n",
    "a pretty document": PRETTY,
    "a pretty document with blank lines": b"\n\n" + PRETTY.replace(b"\n", b"\r\n\r\n") + b"\n\n",
    "a document with a BOM": BOM + b" \n" + DENIED,
    "a document that begins with a whole object": b'{"a": {"b": 1}}\n, "c"',
    "a document that is cut": PRETTY[:-20],
    "a document that is cut in its first line": DENIED[:-20],
    "an opening brace": b"{",
    "lines": lines(HELLO, END),
    "lines, the last one not ended": lines(HELLO, END)[:-1],
    "lines, the last one cut": lines(HELLO, END)[:-5],
    "lines with blank lines and CRLF": lines(b"", HELLO, b"  ", b"\r", END, b"").replace(b"\n", b"\r\n"),
    "lines with a BOM": BOM + lines(HELLO, END),
    "lines of frames": lines(*FRAMES),
    "lines that begin with a broken one": lines(b'{"event": NaN?}', HELLO, END),
    "a page": b"<html>\n\n<body>502 Bad Gateway</body>\n</html>\n",
    "words": b"upstream connect error",
    "blanks": b" \n\r\n\t",
    "half a BOM": BOM[:2],
    "pings": b"event: ping\n\n" * 3,
    "nothing": b"",
    "bytes that are no text": bytes(range(256)) * 3,
    "5,000 blank lines and a document": b"\n" * 5000 + DENIED,
    "5,000 blank lines and a stream": b"\n" * 5000 + sse(HELLO),
}


# ---- every split


@pytest.mark.parametrize("size", SIZES[:-1])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_reads_the_same_in_chunks_of_any_size(name, size):
    body = BODIES[name]
    assert told(*read(body, chunks=pieces(body, size))) == told(*read(body))


@pytest.mark.parametrize("name", BODIES)
def test_a_body_reads_the_same_in_random_chunks_and_with_the_dialect_detected(name):
    body = BODIES[name]
    whole = told(*read(body, "auto"))
    for seed in range(10):
        assert told(*read(body, "auto", chunks=randomly(body, seed))) == whole


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_chunks_may_be_anything_that_holds_bytes(kind):
    for body in (BODIES["a stream"], BODIES["lines"], BODIES["a pretty document"]):
        assert told(*read(body, chunks=map(kind, pieces(body, 7)))) == told(*read(body))


# ---- event streams


def test_the_frames_of_a_stream_become_records_that_know_where_they_stood():
    body = b": hi\n\n" + sse(HELLO, END)
    reader, records = read(body)
    assert kinds(records) == ["message", "message_end"]
    assert [record.data for record in records] == [HELLO, END]
    assert [record.frame for record in records] == [0, 1]
    assert [body[record.offset :].startswith(b"data: " + record.data) for record in records] == [True, True]
    assert (reader.size, reader.frames, reader.troubles) == (len(body), 2, [])


def test_what_was_wrong_with_an_event_stands_beside_it():
    _, (record,) = read(sse(event("message", answer=5)))
    assert record.notes == (("bad-field", "answer"),)


def test_heartbeats_are_counted_those_before_the_first_frame_apart():
    reader, records = read(b"event: ping\n\n: hi\n\n" + sse(HELLO) + b"event: ping\n\n")
    assert len(records) == 1
    assert (reader.heartbeats, reader.opening_heartbeats) == (3, 2)


def test_a_body_without_a_parser_has_no_heartbeats():
    reader, _ = read(DENIED)
    assert (reader.heartbeats, reader.opening_heartbeats) == (0, 0)


def test_a_frame_that_the_end_cut_off_is_no_record():
    """The standard does not dispatch it."""
    body = sse(HELLO) + b"data: " + END
    reader, records = read(body)
    assert kinds(records) == ["message"]
    assert reader.troubles == [("unterminated-frame", f"{len(END) + 6} bytes from byte {len(sse(HELLO))}")]


def test_a_frame_over_the_limit_is_dropped_and_reported_and_reading_goes_on():
    body = sse(event("message", answer="x" * 1000), HELLO)
    for size in SIZES:
        reader, records = read(body, chunks=pieces(body, size), max_frame_bytes=200)
        assert kinds(records) == ["message"]
        assert records[0].data == HELLO
        assert records[0].before == (("frame-too-large", "1041 bytes from byte 0, limit 200"),)
        assert reader.troubles == []


def test_what_is_dropped_between_two_frames_is_told_between_them():
    """And after the last one, by the reader itself."""
    long = event("message", answer="x" * 1000)
    body = sse(HELLO, long, long, END, long)
    for size in SIZES:
        reader, records = read(body, chunks=pieces(body, size), max_frame_bytes=200)
        assert [[kind for kind, _ in record.before] for record in records] == [[], ["frame-too-large"] * 2]
        assert [kind for kind, _ in reader.troubles] == ["frame-too-large"]


def test_a_frame_over_the_limit_that_the_end_cuts_off_is_reported_as_too_large_and_no_more():
    body = sse(HELLO) + b"data: " + b"x" * 1000
    for size in SIZES:
        reader, records = read(body, chunks=pieces(body, size), max_frame_bytes=200)
        assert kinds(records) == ["message"]
        assert reader.troubles == [("frame-too-large", f"1006 bytes from byte {len(sse(HELLO))}, limit 200")]


def test_a_limit_of_64_mib_is_the_default():
    assert MAX_FRAME_BYTES == 64 * 1024 * 1024


# ---- documents


def test_a_single_line_is_a_document_and_known_only_at_the_end():
    """A blocking answer is one object; so is a stream of one event, and that is no loss."""
    reader = Reader("dify")
    assert reader.feed(DENIED + b"\n") == []
    (record,) = reader.close()
    assert (record.event.kind, record.event.message, record.offset) == ("error", "Access token is invalid", 0)
    assert reader.frames == 1


def test_a_document_may_span_lines():
    _, (record,) = read(PRETTY)
    assert record.event.answer == "你好 🚀"
    assert json.loads(record.data) == json.loads(HELLO)


def test_a_blocking_answer_is_a_document_and_no_event_of_a_stream():
    """`event: message` with a `mode`: what a blocking chat app answers."""
    answer = event("message", mode="chat", answer="hi", message_id="m")
    assert kinds(read(answer)[1]) == ["chat_completion_response"]
    assert kinds(read(sse(answer))[1]) == ["message"]


def test_a_document_that_is_cut_is_one_malformed_event():
    for body in (PRETTY[:-20], DENIED[:-20], b"{", b"{\n"):
        reader, records = read(body)
        assert kinds(records) == ["malformed"]
        assert reader.frames == 1


def test_a_document_over_the_limit_is_dropped_and_reported():
    body = json.dumps({"event": "message", "answer": "x" * 1000}, indent=1).encode()
    for size in SIZES:
        reader, records = read(body, chunks=pieces(body, size), max_frame_bytes=200)
        assert records == []
        assert reader.troubles == [("body-too-large", f"{len(body)} bytes, limit 200")]


def test_a_document_of_exactly_the_limit_passes():
    body = PRETTY
    assert kinds(read(body, max_frame_bytes=len(body) + 1)[1]) == ["message"]


# ---- lines


def test_lines_that_are_objects_are_events_from_the_second_one_on():
    """The first line alone may be a document; with the second one both are there."""
    reader = Reader("dify")
    assert reader.feed(lines(HELLO)) == []
    assert kinds(reader.feed(lines(END))) == ["message", "message_end"]
    assert kinds(reader.feed(lines(PING))) == ["ping"]
    assert reader.close() == []
    assert reader.frames == 3


@pytest.mark.parametrize("start", [b"", BOM, b"\n\n", BOM + b"\r\n"], ids=["start", "BOM", "blank", "BOM and blank"])
def test_a_line_knows_where_it_stood(start):
    body = start + lines(HELLO, b"", END)
    _, records = read(body)
    assert [body[record.offset :].startswith(record.data) for record in records] == [True, True]
    assert [record.frame for record in records] == [0, 1]


def test_a_last_line_that_is_not_ended_counts():
    assert kinds(read(lines(HELLO, END)[:-1])[1]) == ["message", "message_end"]


def test_a_last_line_that_is_cut_is_malformed():
    assert kinds(read(lines(HELLO, END)[:-5])[1]) == ["message", "malformed"]


def test_a_line_in_the_middle_that_is_no_object_is_malformed():
    _, records = read(lines(HELLO, END, b"words", b"[1]", PING))
    assert kinds(records) == ["message", "message_end", "malformed", "malformed", "ping"]


def test_a_first_line_that_is_broken_does_not_cost_the_others():
    assert kinds(read(lines(b'{"event": ?}', HELLO, END))[1]) == ["malformed", "message", "message_end"]


def test_a_line_over_the_limit_is_dropped_and_reported_and_reading_goes_on():
    long = event("message", answer="x" * 1000)
    for body in (lines(HELLO, long, END, PING), lines(long, HELLO, END, PING), lines(HELLO, END, PING, long)):
        for size in SIZES:
            reader, records = read(body, chunks=pieces(body, size), max_frame_bytes=200)
            assert kinds(records) == ["message", "message_end", "ping"]
            assert reader.troubles == [("body-too-large", f"{len(long)} bytes, limit 200")]


def test_lines_as_the_command_frames_prints_them_are_the_frames():
    _, records = read(lines(*FRAMES))
    assert [record.data for record in records] == [HELLO, END]
    assert kinds(records) == ["message", "message_end"]


def test_a_line_that_only_looks_like_a_printed_frame_is_read_as_it_is():
    other = event("message", data="x", answer="hi")
    more = json.dumps({"event": "message", "data": "x", "id": "", "answer": "hi"}, separators=(",", ":")).encode()
    assert [record.event.answer for record in read(lines(other, more))[1]] == ["hi", "hi"]


# ---- which dialect


def test_a_dialect_that_is_named_is_known_from_the_start():
    assert Reader("dify").dialect.name == "dify"
    assert Reader("auto").dialect is None


def test_a_dialect_that_does_not_exist_is_the_callers_mistake():
    with pytest.raises(UnknownDialect, match="unknown dialect 'difi'; known: auto, dify"):
        Reader("difi")


NOTHING = b'{"x":1}'


@pytest.mark.parametrize("cut", [sse, lines], ids=["stream", "lines"])
def test_frames_are_held_back_until_one_shows_the_dialect(cut):
    reader = Reader("auto")
    assert reader.feed(cut(*[NOTHING] * 10)) == []
    records = reader.feed(cut(HELLO, NOTHING))
    assert kinds(records) == ["malformed"] * 10 + ["message", "malformed"]
    assert [record.frame for record in records] == list(range(12))
    assert reader.dialect.name == "dify"
    assert reader.troubles == []


@pytest.mark.parametrize("cut", [sse, lines], ids=["stream", "lines"])
def test_after_16_frames_the_dialect_is_taken_to_be_the_first_one(cut):
    reader = Reader("auto")
    assert reader.feed(cut(*[NOTHING] * 15)) == []
    assert reader.dialect is None
    records = reader.feed(cut(NOTHING))
    assert len(records) == 16
    assert records[0].before == (("unknown-dialect", "16 frames that no dialect recognises"),)
    assert reader.dialect.name == "dify"
    assert kinds(reader.feed(cut(HELLO))) == ["message"]


@pytest.mark.parametrize("body", [sse(NOTHING, NOTHING), lines(NOTHING, NOTHING)], ids=["stream", "lines"])
def test_a_body_that_ends_before_the_dialect_shows_gives_up_its_frames(body):
    reader, records = read(body, "auto")
    assert kinds(records) == ["malformed", "malformed"]
    assert all_troubles(reader, records) == [("unknown-dialect", "2 frames that no dialect recognises")]


@pytest.mark.parametrize("count", [1, 2, 16, 20])
@pytest.mark.parametrize("size", SIZES)
def test_a_body_of_terminators_alone_is_an_agents_of_ragflow(count, size):
    """0.20.4 sent nothing else (B.6)."""
    reader = Reader()
    records = [record for piece in pieces(sse(b"[DONE]") * count, size) for record in reader.feed(piece)]
    records += reader.close()
    assert (reader.dialect.name, reader.troubles) == ("ragflow", [])
    assert [(type(record.event).__name__, record.notes) for record in records] == [("StreamEnd", ())] * count


def test_a_terminator_before_a_frame_that_shows_its_dialect_does_not_hide_it():
    reader = Reader()
    reader.feed(sse(b"[DONE]", b'{"choices": []}'))
    assert reader.dialect.name == "openai"


def test_a_document_of_no_dialect_is_given_up_too():
    reader, records = read(b'{"hello": "world"}', "auto")
    assert kinds(records) == ["malformed"]
    assert troubles(reader, records) == ["unknown-dialect"]


# ---- what is no stream at all


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html>\n<html>\n<body>502 Bad Gateway</body>\n</html>\n",
        b"<html>\n\n<body>\n\n<h1>502</h1>\n\n</body></html>\n\n",
        b"<html><body>502</body></html>",
        b"upstream connect error or disconnect/reset before headers",
        b"[1, 2, 3]",
        b'"text"',
        b" \n\n ",
        BOM,
        BOM[:2],
    ],
    ids=["page", "page with blank lines", "page on one line", "words", "list", "string", "blanks", "BOM", "half a BOM"],
)
@pytest.mark.parametrize("name", ["auto", "dify"])
def test_a_body_that_is_neither_stream_nor_object_says_so_and_nothing_else(body, name):
    reader, records = read(body, name)
    assert records == []
    assert troubles(reader, records) == ["not-an-event-stream"]


@pytest.mark.parametrize("body", [b"event: ping\n\n", b": hi\n\n", b": hi\n"], ids=["ping", "comment", "open comment"])
def test_a_stream_of_nothing_but_heartbeats_is_a_stream(body):
    """What Dify sends while it waits for a worker."""
    reader, records = read(body)
    assert (records, reader.troubles, reader.heartbeats) == ([], [], 1)


def test_a_stream_that_is_cut_in_its_first_frame_is_a_stream():
    assert troubles(*read(b"data: " + HELLO)) == ["unterminated-frame"]


@pytest.mark.parametrize("cleared", [False, True], ids=["kept", "cleared"])
def test_a_stream_whose_only_frame_was_dropped_is_a_stream(cleared):
    """Whether or not somebody has read the troubles so far, and so emptied the list."""
    for size in SIZES:
        reader = Reader("dify", max_frame_bytes=50)
        seen = []
        for chunk in pieces(sse(b"x" * 100), size):
            reader.feed(chunk)
            if cleared:
                seen += reader.troubles
                reader.troubles.clear()
        reader.close()
        assert [kind for kind, _ in seen + reader.troubles] == ["frame-too-large"]


def test_an_empty_body_is_nothing():
    reader, records = read(b"", chunks=[b"", b""])
    assert (records, reader.troubles, reader.frames, reader.size) == ([], [], 0, 0)


# ---- ending


def test_feeding_after_the_end_is_the_callers_mistake():
    reader, _ = read(HELLO)
    with pytest.raises(RuntimeError, match="after close"):
        reader.feed(b"x")


def test_closing_twice_does_nothing_more():
    reader, records = read(DENIED)
    assert len(records) == 1
    assert reader.close() == []
    assert reader.frames == 1


def test_a_record_is_immutable():
    _, (record,) = read(DENIED)
    with pytest.raises(AttributeError):
        record.frame = 5
