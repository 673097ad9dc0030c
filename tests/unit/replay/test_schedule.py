"""Any way to cut a body gives its bytes, in order and in time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.errors import ReplayError
from streamkit.recording import Chunk
from streamkit.replay.schedule import ChunkSize, pieces, stretches

CHUNKS = [Chunk(0.5, b"abc"), Chunk(1.0, b"de"), Chunk(1.0, b""), Chunk(2.0, b"fghij")]
BODY = b"abcdefghij"


def cut(parts=((0, 10),), stops=(), size=None):
    return list(pieces(CHUNKS, BODY, parts, stops, ChunkSize(size)))


def test_chunks_come_as_recorded():
    assert [(piece.at, piece.data) for piece in cut()] == [(0.5, b"abc"), (1.0, b"de"), (2.0, b"fghij")]


def test_a_piece_knows_where_it_stands_in_the_body():
    assert all(BODY[piece.start : piece.end] == piece.data for piece in cut(stops=(4, 7)))


def test_a_piece_spans_no_stop():
    assert [piece.data for piece in cut(stops=(0, 4, 10))] == [b"abc", b"d", b"e", b"fghij"]
    assert [piece.data for piece in cut(stops=(4,), size=6)] == [b"abcd", b"efghij"]


def test_other_chunks_come_when_their_last_byte_had_come():
    assert [(piece.at, piece.data) for piece in cut(size=4)] == [(1.0, b"abcd"), (2.0, b"efgh"), (2.0, b"ij")]


def test_single_bytes_keep_the_time_of_their_chunk():
    assert [piece.at for piece in cut(size=1)] == [0.5] * 3 + [1.0] * 2 + [2.0] * 5


def test_a_seed_cuts_the_same_way_each_time():
    body = bytes(range(256)) * 40
    once = [len(piece.data) for piece in pieces([Chunk(0.0, body)], body, [(0, len(body))], (), ChunkSize("random:7"))]
    again = [len(piece.data) for piece in pieces([Chunk(0.0, body)], body, [(0, len(body))], (), ChunkSize("random:7"))]
    assert once == again
    assert len(set(once)) > 3


def test_what_is_left_out_and_what_comes_twice():
    assert stretches(10) == [(0, 10)]
    assert stretches(10, drop=[(2, 4)]) == [(0, 2), (4, 10)]
    assert stretches(10, duplicate=[(2, 4)]) == [(0, 2), (2, 4), (2, 4), (4, 10)]
    assert stretches(10, drop=[(0, 2)], duplicate=[(8, 10)]) == [(2, 8), (8, 10), (8, 10)]
    assert stretches(0) == []


@given(
    sizes=st.lists(st.integers(0, 9), max_size=8),
    stops=st.sets(st.integers(0, 40), max_size=4),
    size=st.none() | st.integers(1, 12) | st.just("random:1"),
    data=st.data(),
)
def test_no_byte_is_lost_however_it_is_cut(sizes, stops, size, data):
    total = sum(sizes)
    body = bytes(at % 251 for at in range(total))
    ends = itertools.accumulate(sizes)
    chunks = [
        Chunk(float(at), body[end - length : end]) for at, (end, length) in enumerate(zip(ends, sizes, strict=True))
    ]
    start = data.draw(st.integers(0, total))
    end = data.draw(st.integers(start, total))
    parts = stretches(total, drop=[(start, end)])
    found = list(pieces(chunks, body, parts, stops, ChunkSize(size)))
    assert b"".join(piece.data for piece in found) == body[:start] + body[end:]
    assert all(piece.data for piece in found)
    assert [piece.at for piece in found] == sorted(piece.at for piece in found)
    assert not any(
        piece.start < stop < piece.end
        for piece in found
        for stop in stops
        if len(piece.data) == piece.end - piece.start
    )


@pytest.mark.parametrize("size", [0, -1, "x", "random:", ""])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(ReplayError, match="give a number of bytes"):
        ChunkSize(size)
