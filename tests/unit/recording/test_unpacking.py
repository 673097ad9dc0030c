"""Recordings taken apart while they come: in any pieces they give the same entries, as soon as those are there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.errors import RecordingError
from streamkit.recording import Chunk, End, Exchange, Header, Marker, Request, Response
from streamkit.recording.format import encode_entry, encode_header
from streamkit.recording.unpacking import Unpacker
from streamkit.recording.zstd import codec

ENTRIES = [
    Chunk(0.5, b'data: {"event":"message"}\n\n'),
    Marker(0.75, "here"),
    Chunk(1.0, b"\xff\xfe"),
    Exchange(Request({}, None, "GET", "/v1/info"), Response(200, {}, {"a": 1}), 1.5),
    End("eof", None, 2.0),
]
LINES = [encode_header(Header()), *map(encode_entry, ENTRIES)]
BODY = b'data: {"event":"ping"}\n\n' * 3
JSON = b'{"event":"message","answer":"{\\"format\\":\\"skrec\\"}"}\n' * 3

PACKS = {"plain": bytes, "compressed": lambda data: codec("x").compress(data)}


def cut(data, places):
    """Cut bytes at some of their places."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def unpacked(pieces):
    unpacker = Unpacker("x")
    found = [entry for piece in pieces for entry in unpacker.feed(piece)]
    return unpacker, [*found, *unpacker.close()]


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@given(places=st.lists(st.integers(0, 2000), max_size=8))
def test_in_any_pieces_a_recording_gives_its_entries(pack, places):
    unpacker, found = unpacked(cut(pack(b"".join(LINES)), places))
    assert found == ENTRIES
    assert unpacker.header == Header()
    assert (unpacker.is_timed, unpacker.is_told, unpacker.end) == (True, True, ENTRIES[-1])


@pytest.mark.parametrize("body", [BODY, JSON, b"", b"{", b"\n", b"(\xb5/", b"\xef\xbb\xbf" + BODY])
@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@given(places=st.lists(st.integers(0, 200), max_size=8))
def test_in_any_pieces_a_body_gives_its_bytes_without_times(pack, body, places):
    unpacker, found = unpacked(cut(pack(body), places))
    assert b"".join(chunk.data for chunk in found) == body
    assert {chunk.at for chunk in found} <= {0.0}
    assert (unpacker.header, unpacker.is_timed, unpacker.end) == (None, False, None)


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_byte_by_byte_it_gives_the_same(pack):
    data = pack(b"".join(LINES))
    assert unpacked([data[place : place + 1] for place in range(len(data))])[1] == ENTRIES


def test_an_entry_is_there_with_the_last_byte_of_its_line():
    unpacker = Unpacker("x")
    assert list(unpacker.feed(LINES[0])) == []
    assert unpacker.is_told
    for line, entry in zip(LINES[1:], ENTRIES, strict=True):
        assert list(unpacker.feed(line[:-1])) == []
        assert list(unpacker.feed(line[-1:])) == [entry]


def test_what_a_writer_flushed_is_there_before_its_frame_ends():
    zstd = codec("x")
    compressor, unpacker = zstd.ZstdCompressor(), Unpacker("x")
    list(unpacker.feed(compressor.compress(LINES[0]) + compressor.flush(compressor.FLUSH_BLOCK)))
    for line, entry in zip(LINES[1:], ENTRIES, strict=True):
        packed = compressor.compress(line) + compressor.flush(compressor.FLUSH_BLOCK)
        assert list(unpacker.feed(packed)) == [entry]


def test_a_body_is_passed_on_as_it_comes_once_it_cannot_be_a_recording():
    unpacker = Unpacker("x")
    assert list(unpacker.feed(b"d")) == [Chunk(0.0, b"d")]
    assert list(unpacker.feed(b"ata: 1\n\n")) == [Chunk(0.0, b"ata: 1\n\n")]


def test_what_begins_like_a_recording_is_held_until_its_first_line_is_there():
    unpacker = Unpacker("x")
    assert list(unpacker.feed(b'{"event":')) == []
    assert not unpacker.is_told
    assert list(unpacker.feed(b'"error"}\n')) == [Chunk(0.0, b'{"event":"error"}\n')]


@pytest.mark.parametrize("kept", range(len(LINES[-1])))
def test_half_a_line_at_the_end_is_passed_over(kept):
    unpacker, found = unpacked([b"".join(LINES[:-1]) + LINES[-1][:kept]])
    assert found[:4] == ENTRIES[:4]
    assert (unpacker.end is not None) is (found[4:] == [ENTRIES[-1]]) is (kept == len(LINES[-1]) - 1)


def test_what_came_before_a_bad_line_was_given():
    unpacker, found = Unpacker("x"), []
    with pytest.raises(RecordingError, match=r"^x: line 3 is no entry: "):
        found.extend(unpacker.feed(LINES[0] + LINES[1] + b"junk\n" + LINES[2]))
    assert found == ENTRIES[:1]


def test_who_begins_behind_the_header_knows_it():
    unpacker = Unpacker("x", header=Header(is_timed=False))
    assert list(unpacker.feed(codec("x").compress(LINES[1]))) == ENTRIES[:1]
    assert (unpacker.is_timed, unpacker.is_compressed) == (False, True)


def test_entries_of_unknown_codes_are_counted():
    unpacker, found = unpacked([LINES[0] + b'[1,"q",{}]\n[1,"r",0]\n' + LINES[1]])
    assert found == ENTRIES[:1]
    assert unpacker.unknown == 2
