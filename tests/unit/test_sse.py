"""The event-stream parser, case by case, in the words of WHATWG HTML 9.2.5 and 9.2.6.

Every stream is fed whole, byte by byte and, where it is short, in two pieces cut at every place.
"""

import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streamkit.frames import Dropped, Tail
from streamkit.sse import Cut, Parser

CONFORMANCE = Path(__file__).parents[2] / "fixtures" / "conformance"
SHORT = 400
ROOMY = 1 << 26


class Outcome(msgspec.Struct):
    """All that a parser tells about one stream, in plain values."""

    frames: list[tuple[str, bytes, str]]
    offsets: list[int]
    numbers: list[int]
    heartbeats: int
    opening_heartbeats: int
    retry: int | None
    last_event_id: str
    dropped: list[Dropped]
    tail: Tail | None
    counts: tuple[int, int, int]

    @property
    def data(self) -> list[bytes]:
        return [data for _, data, _ in self.frames]


def parse(chunks: list[bytes], limit: int) -> Outcome:
    parser = Parser(max_frame_bytes=limit)
    frames = [frame for chunk in chunks for frame in parser.feed(chunk)]
    tail = parser.close()
    return Outcome(
        frames=[(frame.event, bytes(frame.data), frame.id) for frame in frames],
        offsets=[frame.offset for frame in frames],
        numbers=[frame.number for frame in frames],
        heartbeats=parser.heartbeats,
        opening_heartbeats=parser.opening_heartbeats,
        retry=parser.retry,
        last_event_id=parser.last_event_id,
        dropped=parser.take_dropped(),
        tail=tail,
        counts=(parser.frames, parser.bytes, parser.dropped),
    )


def cut(chunks: list[bytes], limit: int) -> list[bytes]:
    """The data of all frames."""
    parser = Parser(max_frame_bytes=limit)
    return [data for chunk in chunks for data in datas(parser.cut(chunk))]


def datas(cuts: list[Cut]) -> list[bytes]:
    """The data in lines that were cut."""
    for prefix, lines in cuts:
        assert lines
        assert all(line.startswith(prefix) and line.endswith(b"\n") for line in lines)
    return [line[len(prefix) : -1] for prefix, lines in cuts for line in lines]


def splits(stream: bytes) -> Iterator[list[bytes]]:
    """Byte by byte, byte by byte with empty chunks between, and for short streams every cut in two."""
    single = [stream[at : at + 1] for at in range(len(stream))]
    yield single
    yield [piece for byte in single for piece in (b"", byte, b"")]
    if len(stream) <= SHORT:
        yield from ([stream[:at], stream[at:]] for at in range(1, len(stream)))


def read(stream: bytes, *, limit: int = ROOMY) -> Outcome:
    """Parse a stream and make sure that no split of it makes a difference."""
    whole = parse([stream], limit)
    for chunks in splits(stream):
        assert parse(chunks, limit) == whole, chunks
        assert cut(chunks, limit) == whole.data, chunks
    assert whole.numbers == list(range(len(whole.frames)))
    assert whole.counts == (len(whole.frames), len(stream), len(whole.dropped))
    return whole


def data_of(stream: bytes) -> list[bytes]:
    return read(stream).data


# The standard's own examples (the end of 9.2.6).


def test_whatwg_example_1_stock_quote_of_three_lines() -> None:
    assert read(b"data: YHOO\ndata: +2\ndata: 10\n\n").frames == [("", b"YHOO\n+2\n10", "")]


def test_whatwg_example_2_four_blocks_of_which_one_is_a_comment() -> None:
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    outcome = read(stream)
    assert outcome.frames == [("", b"first event", "1"), ("", b"second event", ""), ("", b" third event", "")]
    assert outcome.last_event_id == ""


def test_whatwg_example_2_the_last_block_needs_its_blank_line() -> None:
    outcome = read(b"data: first event\nid: 1\n\ndata:  third event\n")
    assert outcome.data == [b"first event"]
    assert outcome.tail == Tail(25, 19, b"data:  third event\n")


def test_whatwg_example_3_two_frames_of_nothing_and_a_newline() -> None:
    assert data_of(b"data\n\ndata\ndata\n\ndata:") == [b"", b"\n"]


def test_whatwg_example_4_the_space_after_the_colon_is_optional() -> None:
    first, second = read(b"data:test\n\ndata: test\n\n").frames
    assert first == second == ("", b"test", "")


# The cases on which other parsers differ (shared/ECOSYSTEM.md, section 2: one row each).

PEERS: dict[str, tuple[bytes, list[tuple[str, bytes, str]]]] = {
    "CR-only line ends": (b"data: a\rdata: b\r\rdata: c\r\r", [("", b"a\nb", ""), ("", b"c", "")]),
    "mixed CR, LF and CRLF": (b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", [("", b"a\nb\nc", ""), ("", b"d", "")]),
    "LF CRLF is a blank line": (b"data: a\n\r\ndata: b\n\r\n", [("", b"a", ""), ("", b"b", "")]),
    "CRLF split across chunks": (b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a", ""), ("", b"b", "")]),
    "U+2028 and U+2029 are data": ("data: a\u2028b\u2029c\n\n".encode(), [("", "a\u2028b\u2029c".encode(), "")]),
    "U+0085 is data": ("data: a\u0085b\n\n".encode(), [("", "a\u0085b".encode(), "")]),
    "VT FF FS GS RS are data": (b"data: \x0b\x0c\x1c\x1d\x1e\n\n", [("", b"\x0b\x0c\x1c\x1d\x1e", "")]),
    "a leading BOM": (b"\xef\xbb\xbfdata: a\n\n", [("", b"a", "")]),
    "invalid UTF-8": (b"data: \xff\xe2\x82\n\n", [("", b"\xff\xe2\x82", "")]),
    "UTF-8 whatever the charset said": ("data: é\n\n".encode(), [("", b"\xc3\xa9", "")]),
    "RAGFlow writes no space": (b'data:{"code":0}\n\n', [("", b'{"code":0}', "")]),
    "of two spaces one stays": (b"data:  a\n\n", [("", b" a", "")]),
    "several data lines, a comment between": (b"data: a\n: no\ndata: b\n\n", [("", b"a\nb", "")]),
    "data that ends in a newline": (b"data: a\ndata:\n\n", [("", b"a\n", "")]),
    "data twice without a colon": (b"data\ndata\n\n", [("", b"\n", "")]),
    "a ping is nothing": (b"event: ping\n\ndata: a\n\n", [("", b"a", "")]),
    "a block of id alone is nothing": (b"id: 1\n\ndata: a\n\n", [("", b"a", "1")]),
    "a block of retry alone is nothing": (b"retry: 1\n\ndata: a\n\n", [("", b"a", "")]),
    "blank lines and comments after an id": (b"id: 1\ndata: a\n\n\n\n: c\n\n: d\n\n", [("", b"a", "1")]),
    "an id persists": (b"id: 1\ndata: a\n\ndata: b\n\n", [("", b"a", "1"), ("", b"b", "1")]),
    "an id with NUL is ignored": (b"id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\n", [("", b"a", "1"), ("", b"b", "1")]),
    "an unterminated frame is not sent": (b"data: a\n\ndata: b\n", [("", b"a", "")]),
}


@pytest.mark.parametrize("case", PEERS)
def test_what_other_parsers_get_wrong(case: str) -> None:
    stream, frames = PEERS[case]
    assert read(stream).frames == frames


@pytest.mark.parametrize("value", [b"-5", b"1_0", b"+5", b"5.0", b" 5", b"5 ", b"0x5", b"\xd9\xa3", b"\xc2\xb2", b""])
def test_retry_of_anything_but_ascii_digits_is_ignored(value: bytes) -> None:
    assert read(b"retry: " + value + b"\ndata: a\n\n").retry is None


@pytest.mark.parametrize("size", [1_500_000, 12_000_000])
@pytest.mark.parametrize("chunk", [65_536, 1_000_000])
def test_a_line_of_megabytes_is_a_line(size: int, chunk: int) -> None:
    stream = b"data: a\n\ndata: " + b"x" * size + b"\n\ndata: b\n\n"
    outcome = parse([stream[at : at + chunk] for at in range(0, len(stream), chunk)], ROOMY)
    assert [len(data) for data in outcome.data] == [1, size, 1]


# Parsing (9.2.5).


def test_a_partial_bom_that_turns_out_not_to_be_one_is_data() -> None:
    """Here it is part of a field name, so the line is ignored."""
    outcome = read(b"\xef\xbbdata: a\n\n")
    assert outcome.frames == []
    assert outcome.heartbeats == 1


def test_a_partial_bom_at_the_end_of_the_stream_is_an_unfinished_line() -> None:
    assert read(b"\xef\xbb").tail == Tail(0, 2, b"\xef\xbb")
    assert read(b"\xef\xbb", limit=1).dropped == [Dropped(0, 2, 1, 0)]


def test_a_bom_is_not_part_of_the_first_block() -> None:
    assert read(b"\xef\xbb\xbfdata: a\n\n").offsets == [3]
    assert read(b"\xef\xbb\xbf").tail is None


def test_a_second_bom_and_a_later_one_are_data() -> None:
    assert read(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n").frames == []
    assert data_of(b"data: a\n\n\xef\xbb\xbfdata: b\n\n") == [b"a"]


def test_a_cr_at_the_end_of_a_chunk_dispatches_at_once() -> None:
    """Nobody waits for an LF that may never come."""
    parser = Parser()
    assert [frame.text for frame in parser.feed(b"data: a\r\r")] == ["a"]
    assert parser.feed(b"\n") == []
    assert [frame.offset for frame in parser.feed(b"data: b\n\n")] == [10]


def test_a_cr_at_the_end_of_a_chunk_is_not_two_line_ends() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r") == []
    assert parser.feed(b"\n") == []
    assert parser.feed(b"data: b\r") == []
    assert [frame.text for frame in parser.feed(b"\n\r")] == ["a\nb"]


def test_an_lf_is_swallowed_once() -> None:
    parser = Parser()
    parser.feed(b"data: a\r")
    assert parser.feed(b"\n") == []
    assert [frame.text for frame in parser.feed(b"\n")] == ["a"]


def test_an_lf_after_other_chunks_is_not_swallowed() -> None:
    parser = Parser()
    chunks = (b"data: a\r\r", b"data: b\n", b"\n")
    assert [frame.text for chunk in chunks for frame in parser.feed(chunk)] == ["a", "b"]


# Fields (9.2.6).


def test_field_names_are_compared_byte_for_byte() -> None:
    stream = b"Data: 1\n data: 2\ndata : 3\ndatas: 4\ndat: 5\nevents: x\nids: 6\nretrys: 7\nretry7: 8\n\n"
    outcome = read(stream)
    assert (outcome.frames, outcome.retry, outcome.last_event_id) == ([], None, "")


@pytest.mark.parametrize("name", [b"data", b"event", b"id", b"retry"])
def test_a_line_without_a_colon_is_a_field_with_an_empty_value(name: bytes) -> None:
    outcome = read(b"id: 1\nevent: x\nretry: 5\n" + name + b"\ndata\n\n")
    event, data, id_ = outcome.frames[0]
    assert (event == "", data == b"\n", id_ == "") == (name == b"event", name == b"data", name == b"id")
    assert outcome.retry == 5


def test_an_event_name_lasts_for_one_block_whether_or_not_it_dispatched() -> None:
    outcome = read(b"event: a\n\ndata: 1\n\nevent: b\ndata: 2\n\ndata: 3\n\n")
    assert [event for event, _, _ in outcome.frames] == ["", "b", ""]


def test_event_names_and_ids_are_decoded_with_replacement() -> None:
    assert read(b"event: \xff\nid: \xe2\x82\ndata\n\n").frames == [("\ufffd", b"", "\ufffd")]


def test_the_last_event_id_is_set_when_the_block_ends() -> None:
    """The id line fills a buffer; the blank line makes it the last event ID string."""
    parser = Parser()
    parser.feed(b"id: 1\ndata: a\n\nid: 2\n")
    assert parser.last_event_id == "1"
    parser.feed(b"\n")
    assert parser.last_event_id == "2"


def test_an_id_in_the_tail_has_no_effect() -> None:
    assert read(b"id: 1\n\nid: 2\ndata: a\n").last_event_id == "1"


def test_retry_takes_effect_when_its_line_ends() -> None:
    parser = Parser()
    parser.feed(b"retry: 25")
    assert parser.retry is None
    parser.feed(b"\n")
    assert parser.retry == 25


@pytest.mark.parametrize(
    ("digits", "retry"),
    [
        (b"0", 0),
        (b"000", 0),
        (b"0" * 5000 + b"7", 7),
        (b"9" * 18, 10**18 - 1),
        (b"1" * 19, 10**18),
        (b"9" * 5000, 10**18),
    ],
)
def test_retry_of_any_number_of_digits_is_a_number(digits: bytes, retry: int) -> None:
    """Python's int() refuses more than 4,300 digits."""
    assert parse([b"retry:" + digits + b"\n"], ROOMY).retry == retry


# Heartbeats (ours).


@pytest.mark.parametrize(
    ("stream", "heartbeats"),
    [
        (b": ping\n\n", 1),
        (b":\n", 1),
        (b": a\n: b\n\n", 2),
        (b"event: ping\n\n", 1),
        (b"event: ping\n\nevent: ping\n\n", 2),
        (b"event: ping\r\n\r\n", 1),
        (b"id: 1\n\n", 1),
        (b"retry: 1\n\n", 1),
        (b"foo\n\n", 1),
        (b"event: ping\nid: 1\nfoo\n\n", 1),
        (b"data: x\n: inside\n\n", 1),
        (b": c\nevent: ping\n\n", 2),
        (b"event: ping\n: c\n\n", 2),
        (b"\n\n\n", 0),
        (b"data: x\n\n\n\n", 0),
        (b": unfinished", 0),
        (b"event: ping\n", 0),
        (b"event: ping", 0),
    ],
)
def test_heartbeats_are_comments_and_blocks_without_data(stream: bytes, heartbeats: int) -> None:
    assert read(stream).heartbeats == heartbeats


def test_opening_heartbeats_are_those_before_the_first_frame() -> None:
    outcome = read(b": a\n\nevent: ping\n\n: b\ndata: 1\n: c\n\n: d\n\nevent: ping\n\n")
    assert (outcome.opening_heartbeats, outcome.heartbeats) == (4, 6)


def test_bytes_are_counted_with_all_that_dispatches_nothing() -> None:
    parser = Parser()
    parser.feed(b"\xef\xbb\xbf: c\n\n")
    parser.feed(b"data")
    assert parser.bytes == 12


# Offsets.


def test_an_offset_is_that_of_the_first_line_of_the_block() -> None:
    """Comments are part of the block, blank lines are not."""
    stream = b"\n\ndata: a\n\n\n\n: c\nevent: x\ndata: b\n\nevent: ping\n\nid: 1\ndata: c\n\n"
    assert [stream[offset:][:6] for offset in read(stream).offsets] == [b"data: ", b": c\nev", b"id: 1\n"]


def test_an_offset_is_behind_the_lf_of_the_blank_line() -> None:
    stream = b"data: a\r\n\r\ndata: b\r\r\ndata: c\r\r\r\ndata: d\n\r\ndata: e\n\n"
    assert [stream[offset:][:7] for offset in read(stream).offsets] == [
        b"data: " + letter for letter in (b"a", b"b", b"c", b"d", b"e")
    ]


# The tail.


@pytest.mark.parametrize(
    ("stream", "tail"),
    [
        (b"", None),
        (b"\n\n", None),
        (b"data: a\n\n", None),
        (b"data: a\r\n\r", None),
        (b"data: a\n\n: c\n", None),
        (b"data: a\n\n: c", (9, 3, b": c")),
        (b"data: a\n\nd", (9, 1, b"d")),
        (b"data: a", (0, 7, b"data: a")),
        (b"data: a\n", (0, 8, b"data: a\n")),
        (b"data: a\r", (0, 8, b"data: a\n")),
        (b"data: a\r\n", (0, 9, b"data: a\n")),
        (b"event: x\r\n: c\r\ndata: a\rfoo", (0, 26, b"event: x\ndata: a\nfoo")),
        (b": c\ndata: a\n: d", (0, 15, b"data: a\n: d")),
    ],
)
def test_the_tail_is_the_block_that_was_cut_off(stream: bytes, tail: tuple[int, int, bytes] | None) -> None:
    assert read(stream).tail == (tail and Tail(*tail))


def test_closing_twice_gives_the_same_tail() -> None:
    parser = Parser()
    parser.feed(b"data: a")
    tail = parser.close()
    assert tail is not None
    assert parser.close() is tail


def test_feeding_after_close_is_an_error_of_the_caller() -> None:
    parser = Parser()
    parser.close()
    with pytest.raises(RuntimeError, match="close"):
        parser.feed(b"")


# The limit.


def test_the_limit_counts_field_lines_without_their_ends() -> None:
    assert data_of_limited(b"data: 7890\n\n", 10) == [b"7890"]
    assert data_of_limited(b"data: 7890\r\n\r\n", 10) == [b"7890"]
    assert data_of_limited(b"data: 78901\n\n", 10) == []
    assert data_of_limited(b"id: 1\ndata:\n\n", 10) == [b""]
    assert data_of_limited(b"id: 1\ndata: \n\n", 10) == []


def data_of_limited(stream: bytes, limit: int) -> list[bytes]:
    return read(stream, limit=limit).data


def test_a_block_over_the_limit_is_dropped_and_the_next_is_read() -> None:
    outcome = read(b"data: a\n\ndata: 12345\ndata: 67890\n\ndata: b\n\n", limit=20)
    assert outcome.data == [b"a", b"b"]
    assert outcome.dropped == [Dropped(offset=9, size=24, limit=20, number=1)]
    assert outcome.numbers == [0, 1]


def test_an_unterminated_line_counts() -> None:
    parser = Parser(max_frame_bytes=100)
    for _ in range(50):
        parser.feed(b"x" * 10)
        assert sum(map(len, parser._pieces or ())) <= 100
    assert parser.dropped == 0  # it has not ended yet
    assert parser.close() is None
    assert parser.take_dropped() == [Dropped(0, 500, 100, 0)]


def test_a_dropped_block_keeps_what_its_lines_said_before_the_overflow() -> None:
    """A reconnect goes on behind it; asking for it again would get it again."""
    outcome = read(b"id: 1\nretry: 2\ndata: 1234567890\nid: 3\nretry: 4\n\ndata\n\n", limit=20)
    assert (outcome.last_event_id, outcome.retry) == ("1", 2)
    assert outcome.frames == [("", b"", "1")]


def test_a_dropped_block_is_no_heartbeat_and_counts_none_after_the_overflow() -> None:
    outcome = read(b": a\n: 1234567890\n: b\n\n: c\n\n", limit=10)
    assert (outcome.heartbeats, len(outcome.dropped)) == (2, 1)


def test_comments_do_not_add_up() -> None:
    assert read(b": 34567890\n" * 20 + b"data\n\n", limit=10).data == [b""]


def test_a_dropped_block_ends_at_a_blank_line_of_any_kind() -> None:
    for blank in (b"\n", b"\r", b"\r\n"):
        stream = b"data: 1234567890" + blank * 2 + b"data: a\n\n"
        outcome = read(stream, limit=10)
        assert outcome.data == [b"a"]
        assert outcome.dropped == [Dropped(0, 16 + len(blank), 10, 0)]


def test_dropped_blocks_are_all_counted_and_a_thousand_recorded() -> None:
    parser = Parser(max_frame_bytes=5)
    parser.feed(b"data: 1\n\n" * 1200)
    assert parser.dropped == 1200
    records = parser.take_dropped()
    assert [record.offset for record in records] == list(range(0, 9000, 9))
    assert parser.take_dropped() == []
    parser.feed(b"data: 1\n\n")
    assert [record.offset for record in parser.take_dropped()] == [10800]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_is_not_positive_is_an_error_of_the_caller(limit: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        Parser(max_frame_bytes=limit)


def test_an_unfinished_line_counts_with_the_lines_before_it() -> None:
    outcome = read(b"data: 1\ndata", limit=10)
    assert outcome.tail is None
    assert outcome.dropped == [Dropped(0, 12, 10, 0)]


# Reset.


def test_reset_keeps_what_a_reconnect_needs_and_nothing_else() -> None:
    parser = Parser(max_frame_bytes=30)
    parser.feed(b": c\n\nid: 1\nretry: 2\ndata: a\n\ndata: " + b"x" * 30 + b"\n\nid: 3\nevent: x\ndata: cut")
    parser.close()
    parser.reset()
    assert (parser.last_event_id, parser.retry) == ("1", 2)
    assert (parser.frames, parser.bytes, parser.heartbeats, parser.opening_heartbeats, parser.dropped) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert parser.take_dropped() == []
    (frame,) = parser.feed(b"\xef\xbb\xbfdata: b\n\n")
    assert (frame.event, frame.text, frame.id, frame.offset, frame.number) == ("", "b", "1", 3, 0)
    assert parser.close() is None


@pytest.mark.parametrize(
    "pending", [b"data: a", b"data: a\n", b"data: a\r", b"\xef\xbb", b"event: x\n", b": c\n", b"data: " + b"x" * 99]
)
def test_reset_forgets_what_was_pending(pending: bytes) -> None:
    parser = Parser(max_frame_bytes=50)
    parser.feed(pending)
    parser.reset()
    (frame,) = parser.feed(b"data: b\n\n")
    assert (frame.event, frame.text, frame.offset) == ("", "b", 0)


# Chunks, views and memory.


@pytest.mark.parametrize(
    "block",
    [
        *(
            b"data: abc\n\n",
            b"data:abc\n\n",
            b"event: x\ndata: abc\n\n",
            b"id: 1\ndata: abc\n\n",
            b"data: abc\nid: 1\n\n",
        ),
        *(b"data: abc\r\n\r\n", b"data: abc\r\r", b": c\ndata: abc\n\n", b"data: abc\n: c\n\n", b"foo\ndata: abc\n\n"),
    ],
)
def test_a_short_frame_pins_nothing_but_its_data(block: bytes) -> None:
    for chunk in (block, b"data: first\n\n" + block + b"data: last\n\n"):
        for frame in Parser().feed(chunk):
            assert frame.data.obj == frame.data


@pytest.mark.parametrize("prefix", [b"data: ", b"data:"])
def test_data_of_a_long_line_is_a_view_of_the_chunk(prefix: bytes) -> None:
    parser = Parser()
    parser.feed(prefix + b"x\n\n")
    chunk = prefix + b"x" * 5000 + b"\n\n" + prefix + b"y" * 5000 + b"\n\n" + prefix + b"z\n\n"
    frames = parser.feed(chunk)
    assert [(frame.data[:1], len(frame.data), frame.offset) for frame in frames] == [
        (b"x", 5000, len(prefix) + 3),
        (b"y", 5000, 2 * len(prefix) + 5005),
        (b"z", 1, 3 * len(prefix) + 10007),
    ]
    assert [frame.data.obj is chunk for frame in frames] == [True, True, False]


def test_data_of_several_lines_or_chunks_is_a_private_copy() -> None:
    parser = Parser()
    chunk = b"data: a\ndata: b\n\ndata: a\ndata:b\n\ndata: c\n"
    frames = parser.feed(chunk) + parser.feed(b"\n")
    assert [frame.text for frame in frames] == ["a\nb", "a\nb", "c"]
    assert not any(frame.data.obj is chunk for frame in frames)
    assert [type(frame.data.obj) for frame in frames] == [bytes, bytes, bytes]
    assert [len(frame.data.obj) for frame in frames] == [3, 3, 1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "pending",
    [
        b"",
        b"data: b",
        b"data: b\n",
        b"data: b\ndata: c\n",
        b"data: b\r",
        b"event: x\n",
        b": c\n",
        b"data: b\nid: 1\nda",
    ],
)
def test_only_the_returned_frames_pin_the_chunk(pending: bytes) -> None:
    parser = Parser()
    chunk = b"".join([b"data: ", b"x" * 5000, b"\n\ndata: a\n\n", pending])
    parser.feed(b"data: a\n\n")
    before = sys.getrefcount(chunk)
    frames = parser.feed(chunk)
    assert sys.getrefcount(chunk) > before
    del frames
    gc.collect()
    assert sys.getrefcount(chunk) == before


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_other_buffers_are_copied(kind: Any) -> None:
    (frame,) = Parser().feed(kind(b"data: a\n\n"))
    assert type(frame.data.obj) is bytes
    assert frame.data.readonly


def test_a_subclass_of_bytes_is_copied() -> None:
    """It could refer to its own frames, and frames are not tracked by the cycle collector."""

    class Chunk(bytes):
        pass

    (frame,) = Parser().feed(Chunk(b"data: a\n\n"))
    assert type(frame.data.obj) is bytes


@pytest.mark.parametrize("chunk", ["data: a\n\n", 5, None, [1]])
def test_what_is_not_bytes_is_an_error_of_the_caller(chunk: Any) -> None:
    parser = Parser()
    with pytest.raises(TypeError):
        parser.feed(chunk)
    assert parser.bytes == 0


def test_a_finished_line_is_not_copied_again_for_every_chunk() -> None:
    parser = Parser()
    parser.feed(b"data: " + b"a" * 1000 + b"\n")
    assert parser._done is not None
    (line,) = parser._done
    parser.feed(b"id")
    parser.feed(b": 1\n")
    assert parser._done[0] is line


@pytest.mark.parametrize("prefix", [b"data: ", b"data:"])
@pytest.mark.parametrize(
    "before", [b"", b"event: x\nid: 1\n", b"data: 1\n", b"data:1\ndata\nevent: x\n", b"foo\n: c\n"]
)
def test_a_long_data_line_in_many_chunks(before: bytes, prefix: bytes) -> None:
    block = before + prefix + b"y" * 3000 + b"\n\n"
    stream = prefix + b"x\n\n" + block + b"id: 2\n" + block + prefix + b"z\n\n"
    whole = parse([stream], ROOMY)
    assert [len(data) for data in whole.data if len(data) > 1] == [len(whole.data[1])] * 2
    for size in (1, 7, 100, 999, 4000):
        assert parse([stream[at : at + size] for at in range(0, len(stream), size)], ROOMY) == whole


@pytest.mark.parametrize("end", [b"data: a", b"data: a\n", b"data: a\ndata: b\n"])
def test_a_closed_parser_holds_nothing(end: bytes) -> None:
    parser = Parser()
    parser.feed(end)
    parser.close()
    assert not parser._done
    assert not parser._pieces


# The hot loop and what it leaves to the slow path.


def test_blocks_of_every_kind_in_turn() -> None:
    """Each block is right after each other one, in one chunk and in many."""
    blocks = {
        b"data: 1\n\n": [("", b"1", "")],
        b"data:2\n\n": [("", b"2", "")],
        b"data\n\n": [("", b"", "")],
        b"event: x\ndata: 3\n\n": [("x", b"3", "")],
        b"event:x\nevent:y\ndata:3\n\n": [("y", b"3", "")],
        b"data: 4\nevent: x\n\n": [("x", b"4", "")],
        b"data: 5\ndata: 6\n\n": [("", b"5\n6", "")],
        b"event: x\ndata: 5\ndata: 6\n\n": [("x", b"5\n6", "")],
        b"data: 5\ndata:6\ndata\n\n": [("", b"5\n6\n", "")],
        b"event: ping\n\n": [],
        b"event: x\nid:\n\n": [],
        b"event:\n\n": [],
        b": c\n\n": [],
        b": c\n: d\n\n": [],
        b"event: x\n: c\ndata: 7\n\n": [("x", b"7", "")],
        b"foo\ndata: 8\n\n": [("", b"8", "")],
        b"id:\n\n": [],
        b"id\ndata: 9\n\n": [("", b"9", "")],
        b"retry: 1\n\n": [],
        b"\n": [],
        b"data: 10\r\n\r\n": [("", b"10", "")],
    }
    for first, first_frames in blocks.items():
        for second, second_frames in blocks.items():
            stream = first + second + b"data: end\n\n"
            assert parse([stream], ROOMY).frames == [*first_frames, *second_frames, ("", b"end", "")], stream
            assert parse([first, second, b"data: end\n\n"], ROOMY) == parse([stream], ROOMY), stream
            stream = b"data: 0\n\n" + first + second
            assert parse([b"data: 0\n\n", first, second], ROOMY) == parse([stream], ROOMY), stream


@pytest.mark.parametrize("block", [b"data: {}\n\n", b"data:{}\n\n"])
@pytest.mark.parametrize("before", [b"", b"data: a\n\n", b"data: a\r\n\r", b"data: a", b"\xef\xbb\xbf", b"foo\n\n"])
def test_data_lines_take_no_python_calls_of_their_own(before: bytes, block: bytes) -> None:
    """The hot paths start again after whatever the slow one had to do."""
    parser = Parser()
    parser.feed(before)
    parser.feed(b"\n\n" + block)
    assert python_calls(parser.feed, block) == 1
    assert python_calls(parser.feed, block * 200) == python_calls(parser.feed, block * 100) <= 10
    assert python_calls(parser.whole, block) == 1
    assert parser.whole(block) == b"{}"
    assert python_calls(parser.cut, block * 200) == python_calls(parser.cut, block * 100) <= 10


def python_calls(function: Callable[[bytes], object], chunk: bytes) -> int:
    calls = 0

    def count(_frame: Any, kind: str, _arg: Any) -> None:
        nonlocal calls
        calls += kind == "call"

    previous = sys.getprofile()
    gc.disable()  # a collection may call what other tests have left behind
    sys.setprofile(count)
    try:
        function(chunk)
    finally:
        sys.setprofile(previous)
        gc.enable()
    return calls


# Without frames.


def test_cut_gives_lines_and_what_they_begin_with() -> None:
    parser = Parser()
    stream = b"".join(b'data: {"a": "%d"}\n\n' % number for number in range(9))
    assert parser.cut(stream) == [(b"data: ", stream.splitlines(keepends=True)[::2])]
    assert parser.cut(b"data:{}\n\n" * 9) == [(b"", [b"{}\n"] * 9)]
    assert parser.cut(b"data:{}\n\n" * 9) == [(b"data:", [b"data:{}\n"] * 9)]
    other = b'data:{"a": ""}\n\n: c\n\ndata: {}\n\nevent: x\ndata: {"a": "2"}\n\ndata: 3\ndata: 4\n\n'
    assert parser.cut(other) == [(b"", [b'{"a": ""}\n', b"{}\n", b'{"a": "2"}\n', b"3\n4\n"])]
    assert (parser.frames, parser.heartbeats, parser.bytes) == (31, 1, len(stream + other) + 2 * 9 * 9)


@pytest.mark.parametrize(
    "odd", [b"data:{}", b"data", b"data:", b"data:  {}", b"datb: {}", b"dat", b": c", b"~", b"id: 1"]
)
@pytest.mark.parametrize("prefix", [b"data: ", b"data:"])
def test_one_line_that_begins_otherwise_among_many(prefix: bytes, odd: bytes) -> None:
    blocks = [prefix + b"{%d}\n\n" % number for number in range(9)]
    for place in range(10):
        stream = b"".join([*blocks[:place], odd + b"\n\n", *blocks[place:]])
        parser = Parser()
        assert datas(parser.cut(prefix + b"0\n\n")) + datas(parser.cut(stream)) == data_of(prefix + b"0\n\n" + stream)


@pytest.mark.parametrize("between", [b"", b": c\n\n", b"event: ping\n\n", b"data: {\ndata: }\n\n", b"data: x\n\n"])
@pytest.mark.parametrize("prefix", [b"data: ", b"data:"])
@pytest.mark.parametrize("size", [9, 50, 700, 5000, 100_000])
def test_cut_in_chunks_of_any_size(between: bytes, prefix: bytes, size: int) -> None:
    blocks = [prefix + b"{" + b"x" * length + b"}\n\n" for length in (1, 0, 30, 600, 2, 5000, 3, 9000, 9000, 70_000, 4)]
    stream = between.join(blocks * 2) + b": c\nretry: 5\nid: 1\n"
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert cut(chunks, ROOMY) == parse([stream], ROOMY).data
    assert cut(chunks, 8000) == parse([stream], 8000).data


@pytest.mark.parametrize("line", [b"data: abc\n", b"data:abc\n", b"data\n", b"id: 1\n"])
@pytest.mark.parametrize("size", [7, 100, 4096, 200_000])
def test_a_block_of_very_many_lines(line: bytes, size: int) -> None:
    stream = b"data: x\n" + line * 15_000 + b"\ndata: {}\n\n"
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    data = b"x" if line.startswith(b"id") else b"x" + (b"\nabc" if b"abc" in line else b"\n") * 15_000
    outcome = parse(chunks, ROOMY)
    assert outcome.data == cut(chunks, ROOMY) == [data, b"{}"]
    assert outcome.offsets == [0, len(stream) - 10]


def test_long_data_is_cut_whole() -> None:
    """Of one line or several, alone in its chunk or not."""
    line = b"data: {" + b"x" * 5000 + b"}\n"
    data = line[6:-1]
    parser = Parser()
    stream = b"data: {1}\n\n" + line + b"\n" + line * 2 + b"\n"
    assert datas(parser.cut(stream)) == [b"{1}", data, data + b"\n" + data]
    assert datas(parser.cut(line + b"\n" + line + b"\ndata: {2}\n\n")) == [data, data, b"{2}"]


def test_cut_after_close_is_an_error_of_the_caller() -> None:
    parser = Parser()
    parser.close()
    with pytest.raises(RuntimeError, match="close"):
        parser.cut(b"data: a\n\n")


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_cut_takes_other_buffers(kind: Any) -> None:
    assert datas(Parser().cut(kind(b"data: a\n\n"))) == [b"a"]


# A chunk that is a whole block.


@pytest.mark.parametrize(("begin", "end"), [(b"data: ", b"\n\n"), (b"data:", b"\n\n"), (b"data: ", b"\r\n\r\n")])
def test_a_chunk_that_is_a_block_like_the_last_is_taken_whole(begin: bytes, end: bytes) -> None:
    parser = Parser()
    parser.feed(begin + b"{}" + end)
    block = begin + b"{1}" + end
    assert parser.whole(block) == b"{1}"
    assert (parser.frames, parser.bytes) == (2, len(begin + b"{}" + end + block))
    assert parser.close() is None


@pytest.mark.parametrize(
    ("before", "chunk"),
    [
        (b"", b"data: {}\n\n"),  # there may be a BOM
        (b"data: {}\n\ndata: 1", b"data: {}\n\n"),
        (b"data: {}\n\n", b""),
        (b"data: {}\n\n", b"data: {}\n"),
        (b"data: {}\n\n", b"data: \n\n"),
        (b"data: {}\n\n", b"data:  {}\n\n"),
        (b"data: {}\n\n", b"data:{}\n\n"),
        (b"data: {}\n\n", b"event: {}\n\n"),
        (b"data: {}\n\n", b"data: {}\r\n\r\n"),
        (b"data: {}\n\n", b"data: {}\n\ndata: {}\n\n"),
        (b"data: {}\n\n", b"data: {}\rdata: {}\n\n"),
        (b"data: {}\n\n", b"data: %b\n\n" % (b"x" * 4096)),
        (b"data: {}\n\n", bytearray(b"data: {}\n\n")),
    ],
)
def test_of_any_other_chunk_nothing_is_taken(before: bytes, chunk: bytes) -> None:
    parser = Parser()
    parser.feed(before)
    told = parser.frames, parser.bytes
    assert parser.whole(chunk) is None
    assert (parser.frames, parser.bytes) == told
    other = Parser()
    other.feed(before)
    assert datas(parser.cut(chunk)) == [bytes(frame.data) for frame in other.feed(chunk)]


def test_nothing_is_taken_whole_after_close() -> None:
    parser = Parser()
    parser.feed(b"data: {}\n\n")
    parser.close()
    assert parser.whole(b"data: {}\n\n") is None


def test_a_long_line_is_not_copied_again_where_more_blocks_end_with_it() -> None:
    parser = Parser()
    line = b"data: {" + b"x" * 200_000 + b"}\n\n"
    chunks = [line[at : at + 4000] for at in range(0, len(line), 4000)]
    chunks[-1] += b"data: {}\n\n" * 9
    first, *others = [frame for chunk in chunks for frame in parser.feed(chunk)]
    assert len(first.data) < len(first.data.obj)  # it views the line that was put together
    assert [bytes(other.data) for other in others] == [b"{}"] * 9


# A chunk that is a ping.


@pytest.mark.parametrize("blank", [b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("line", [b": still here", b":", b"event: ping", b"event:", b"event: x: y"])
def test_a_ping_that_comes_alone_is_a_heartbeat(line: bytes, blank: bytes) -> None:
    sample = b"data: {}" + blank
    for take in (Parser.feed, Parser.cut):
        parser = Parser()
        parser.feed(sample)
        assert take(parser, line + blank) == []
        assert (parser.frames, parser.bytes) == (1, len(sample + line + blank))
        assert (parser.heartbeats, parser.opening_heartbeats, parser.may_skip) == (1, 0, True)
    opening = Parser()
    opening.feed(b"retry: 5" + blank)
    opening.feed(line + blank)
    assert (opening.heartbeats, opening.opening_heartbeats) == (2, 2)


@pytest.mark.parametrize(
    "chunk",
    [b": a\n: b\n\n", b"event: ping\ndata: x\n\n", b": a\rdata: x\n\n", b"events: x\n\n", b"id: 1\n\n", b": a\n"],
)
def test_what_begins_as_a_ping_and_is_more_is_read(chunk: bytes) -> None:
    stream = b"data: {}\n\n" + chunk + b"data: y\n\n"
    assert parse([b"data: {}\n\n", chunk, b"data: y\n\n"], ROOMY) == parse([stream], ROOMY) == read(stream)


# A whole block that the caller has read.


@pytest.mark.parametrize(
    ("sample", "prefix", "blank"),
    [
        (b"data: {}\n\n", b"data: ", b"\n\n"),
        (b"data:{}\n\n", b"data:", b"\n\n"),
        (b"data: {}\r\n\r\n", b"data: ", b"\r\n\r\n"),
    ],
)
def test_how_the_peer_writes_a_block_is_known(sample: bytes, prefix: bytes, blank: bytes) -> None:
    parser = Parser()
    assert (parser.prefix, parser.blank) == (b"data: ", b"\n\n")
    parser.cut(sample)
    assert (parser.prefix, parser.blank) == (prefix, blank)


def test_what_was_skipped_is_a_frame_like_any_other() -> None:
    parser, other = Parser(), Parser()
    for each in (parser, other):
        each.feed(b"id: 7\ndata: first\n\n")
    block = b"data: {1}\n\n"
    assert parser.may_skip
    parser.skip(1, len(block))
    other.cut(block)
    assert parser.feed(b"data: last\n\n") == other.feed(b"data: last\n\n")
    assert (parser.frames, parser.bytes, parser.last_event_id) == (other.frames, other.bytes, "7")
    parser.skip(1, len(block))
    other.cut(block)
    for each in (parser, other):
        each.feed(b"data: cut")
    assert parser.close() == other.close() == Tail(53, 9, b"data: cut")


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\xef\xbb",
        b"data: a",
        b"data: a\n",
        b": c\n",
        b": c",
        b"event: x\n",
        b"data: a\r\r",
        b"data: a\n\nid: 1\n",
    ],
)
def test_nothing_is_skipped_where_no_block_is_known_to_begin(before: bytes) -> None:
    parser = Parser()
    parser.cut(before)
    assert not parser.may_skip


def test_nothing_is_skipped_that_may_be_over_the_limit_or_after_close() -> None:
    parser = Parser(max_frame_bytes=10)
    parser.feed(b"data\n\n")
    assert not parser.may_skip
    parser = Parser(max_frame_bytes=ROOMY)
    parser.feed(b"data\n\n")
    assert parser.may_skip
    parser.close()
    assert not parser.may_skip
    parser.reset()
    assert not parser.may_skip  # a BOM may come


# Fixtures.

CASES = sorted(path.stem for path in CONFORMANCE.glob("*.sse"))


@pytest.mark.parametrize("case", CASES)
def test_conformance(case: str) -> None:
    expected = json.loads((CONFORMANCE / f"{case}.json").read_bytes())
    stream = (CONFORMANCE / f"{case}.sse").read_bytes()
    limit = expected.get("max_frame_bytes", ROOMY)
    outcome = read(stream, limit=limit)
    frames = [
        {"event": event or "message", "data": data.decode("utf-8", "replace"), "id": id_, "offset": offset}
        for (event, data, id_), offset in zip(outcome.frames, outcome.offsets, strict=True)
    ]
    assert frames == expected["frames"]
    for key in ("heartbeats", "opening_heartbeats", "retry", "last_event_id"):
        assert getattr(outcome, key) == expected[key], key
    assert [{"offset": record.offset, "size": record.size} for record in outcome.dropped] == expected["dropped"]
    tail = outcome.tail and {
        "offset": outcome.tail.offset,
        "size": outcome.tail.size,
        "data": outcome.tail.data.decode("utf-8", "replace"),
    }
    assert tail == expected["tail"]


def test_every_conformance_case_has_its_two_files_and_a_known_category() -> None:
    assert sorted(path.stem for path in CONFORMANCE.glob("*.json")) == CASES
    categories = {case.partition("-")[0] for case in CASES}
    assert categories == {"basic_parsing", "bom", "comments", "linefeeds", "reconnection", "limits"}


@pytest.mark.parametrize("block", [b"data: a\n\n", b"event: add\nid: 1\ndata: a\n\n"])
def test_offsets_of_many_frames_behind_a_comment_of_an_earlier_chunk(block: bytes) -> None:
    """The comment belongs to the first block, and to no other."""
    parser = Parser()
    frames = parser.feed(b": comment\n") + parser.feed(block * 20)
    assert [frame.offset for frame in frames] == [0, *(10 + number * len(block) for number in range(1, 20))]
