"""Recordings in memory: what is saved is loaded again, and one can look at any moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.recording import (
    Chunk,
    End,
    Exchange,
    Header,
    Marker,
    Recording,
    Request,
    Response,
    Source,
    open_recording,
)
from streamkit.recording.format import encode_header
from tests.unit.recording.strategies import REQUESTS, RESPONSES, TEXTS, TIMES

RECORDINGS = st.builds(
    Recording,
    chunks=st.lists(st.builds(Chunk, TIMES, st.binary(min_size=1))).map(sorted),
    header=st.builds(Header, st.builds(Source, TEXTS, TEXTS, TEXTS), REQUESTS, RESPONSES, TEXTS, st.booleans()),
    exchanges=st.lists(st.builds(Exchange, REQUESTS, RESPONSES, TIMES)).map(
        lambda some: sorted(some, key=lambda one: one.at)
    ),
    markers=st.lists(st.builds(Marker, TIMES, TEXTS)).map(lambda some: sorted(some, key=lambda one: one.at)),
    end=st.none() | st.builds(End, TEXTS, st.none() | TEXTS, TIMES),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


@given(RECORDINGS, st.sampled_from(["x.skrec", "x.skrec.zst"]))
def test_what_is_saved_is_loaded_again(folder, recording, name):
    recording.save(folder / name, redact=False, overwrite=True)
    assert Recording.load(folder / name) == recording


@pytest.fixture
def recording():
    return Recording([Chunk(0.5, b"a"), Chunk(1.0, b"b"), Chunk(1.0, b"c"), Chunk(4.0, b"d")], Header())


@pytest.mark.parametrize(
    ("seconds", "index"), [(-1, 0), (0, 0), (0.5, 1), (0.75, 1), (1.0, 3), (3.999, 3), (4.0, 4), (100, 4)]
)
def test_one_can_look_at_any_moment(recording, seconds, index):
    assert recording.index_at(seconds) == index
    assert recording.at(seconds) == b"abcd"[:index]


def test_how_long_it_took(recording):
    assert recording.duration == 4.0
    recording.end = End("eof", None, 5.0)
    assert recording.duration == 5.0
    assert Recording([]).duration == 0.0


@pytest.mark.parametrize(
    ("header", "end", "is_whole"), [(None, None, True), (Header(), None, False), (Header(), End("eof"), True)]
)
def test_whether_something_is_missing(header, end, is_whole):
    assert Recording([], header, end=end).is_whole is is_whole


def test_a_body_alone_is_a_recording_without_times(tmp_path):
    body = (b"data: " + b"word " * 1800 + b"\n\n") * 100  # more than is read at once
    (tmp_path / "x.sse").write_bytes(body)
    loaded = Recording.load(tmp_path / "x.sse")
    assert loaded.body == body
    assert len(loaded.chunks) > 1
    assert (loaded.header, loaded.is_timed, loaded.duration) == (None, False, 0.0)
    loaded.save(tmp_path / "x.skrec")
    saved = Recording.load(tmp_path / "x.skrec")
    assert (saved.body, saved.is_timed, saved.end) == (loaded.body, False, End("eof", None, 0.0))
    assert saved.header.created is None  # nobody knows


def test_everything_is_saved_in_the_order_of_time(tmp_path):
    exchange = Exchange(Request(method="GET", url="/v1/info"), Response(200), 0.5)
    recording = Recording([Chunk(0.25, b"a"), Chunk(1.0, b"b")], Header(), [exchange], [Marker(0.75, "m")])
    recording.save(tmp_path / "x.skrec", redact=False)
    with open_recording(tmp_path / "x.skrec") as reader:
        assert list(reader.entries()) == [Chunk(0.25, b"a"), exchange, Marker(0.75, "m"), Chunk(1.0, b"b")]


def test_entries_of_a_newer_version_are_counted(tmp_path):
    (tmp_path / "x.skrec").write_bytes(encode_header(Header()) + b'[1,"r",{}]\n[1,"s",1]\n')
    assert Recording.load(tmp_path / "x.skrec").unknown == 2


def test_a_file_that_is_there_stays(tmp_path, recording):
    (tmp_path / "x.skrec").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        recording.save(tmp_path / "x.skrec")
    assert (tmp_path / "x.skrec").read_bytes() == b"precious"
