"""Recordings that are gone through: told by what is in them, sought in, and read as far as they go."""

import io
import json
import os

import pytest

from streamkit.errors import RecordingError
from streamkit.recording import Chunk, End, Header, Recorder, open_recording
from streamkit.recording import unpacking as module
from streamkit.recording.format import decode_entry
from streamkit.recording.reading import RecordingReader
from streamkit.recording.zstd import codec

HEADER = b'{"format":"skrec","version":1}\n'
BODY = b'data: {"event":"ping"}\n\n'


def read(data, path="x"):
    return RecordingReader(io.BytesIO(data), path)


def entries(data):
    return list(read(data).entries())


@pytest.fixture(params=["x.skrec", "x.skrec.zst"])
def long(request, tmp_path):
    """A recording of an hour, two chunks a second."""
    path = tmp_path / request.param
    with Recorder(path, Header(), redact=False, live=False) as recorder:
        for half in range(7200):
            recorder.write(os.urandom(50).hex().encode(), half / 2)
            if half % 1000 == 0:
                recorder.mark(f"{half}", half / 2)
    return path


# ---- what kind of file


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        b"\xef\xbb\xbf" + BODY,
        b"",
        b"\n\n",
        b"{",
        b'{"event":"error"}',
        b'{"event":"a"}\n{"event":"b"}\n',
        b"\x00\xff",
    ],
)
def test_a_body_alone_has_no_header_and_no_times(body):
    for data in (body, codec("x").compress(body)):
        reader = read(data)
        assert b"".join(chunk.data for chunk in reader) == body
        assert (reader.header, reader.is_timed, reader.end) == (None, False, None)


def test_a_body_of_json_may_speak_of_recordings():
    body = b'{"event":"message","answer":"{\\"format\\":\\"skrec\\"}"}\n' * 2
    assert read(body).header is None


@pytest.mark.parametrize(
    "first",
    [
        HEADER,
        b'  {"version": 1, "created": null, "format": "skrec"}\r\n',
        b'{"format":"skrec","version":1,"x":"%s"}\n' % (b"y" * 300_000),
    ],
)
def test_a_recording_is_told_by_its_first_line(first):
    reader = read(first + b'[0.5,"b","a"]\n')
    assert reader.header is not None
    assert reader.is_timed
    assert list(reader) == [Chunk(0.5, b"a")]


def test_a_header_without_a_line_end_is_all_there_is():
    assert entries(HEADER.strip()) == []


def test_a_recording_without_times_says_so():
    assert not read(b'{"format":"skrec","version":1,"timed":false}\n').is_timed


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"format":"skrec","version":2}\n', "line 1 is version 2 of the format; this streamkit reads 1"),
        (b'{"format":"skrec","ver', "line 1 has a header that cannot be read"),
        (codec("x").compress(b'{"format":"skrec","version":0}\n'), "line 1 is version 0"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "is damaged, or no zstd file"),
    ],
)
def test_what_cannot_be_opened_says_why(data, problem):
    with pytest.raises(RecordingError) as raised:
        read(data, "some/file")
    assert str(raised.value).startswith(f"some/file: {problem}")


def test_a_file_that_cannot_be_read_is_closed_again(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b'{"format":"skrec","version":2}\n')
    with pytest.raises(RecordingError):  # an open file would be a ResourceWarning, which is an error here
        open_recording(path)


# ---- its lines


def test_unknown_codes_are_counted_and_blank_lines_passed_over():
    reader = read(HEADER + b'[0,"r",{}]\n\n[1,"b","a"]\n \n[2,"q",1]\n[3,"x",{"reason":"eof"}]\n')
    assert list(reader.entries()) == [Chunk(1.0, b"a"), End("eof", None, 3.0)]
    assert reader.unknown == 2
    assert reader.end == End("eof", None, 3.0)


def test_chunks_alone_are_what_one_iterates_over():
    assert list(read(HEADER + b'[0,"m","x"]\n[1,"b","a"]\n')) == [Chunk(1.0, b"a")]


@pytest.mark.parametrize("kept", range(1, 12))
def test_half_a_line_at_the_end_is_no_error(kept):
    reader = read(HEADER + b'[1,"b","a"]\n' + b'[2,"b","b"]'[:kept])
    assert list(reader)[:1] == [Chunk(1.0, b"a")]
    assert reader.end is None


def test_a_last_line_without_its_line_end_counts_if_it_is_whole():
    assert entries(HEADER + b'[2,"b","b"]') == [Chunk(2.0, b"b")]


@pytest.mark.parametrize("junk", [b"junk", b"\xff\xfe", b"{}", b'[0,"b"]'])
def test_a_bad_line_is_named_and_what_came_before_was_whole(junk):
    reader = read(HEADER + b'[1,"b","a"]\n' + junk + b'\n[2,"b","b"]\n')
    found = reader.entries()
    assert next(found) == Chunk(1.0, b"a")
    with pytest.raises(RecordingError, match=r"^x: line 3 is no entry: ") as raised:
        next(found)
    assert (raised.value.path, raised.value.line) == ("x", 3)
    assert raised.value.problem == str(raised.value).removeprefix("x: ")


def test_a_huge_line_is_refused_before_it_is_held(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_LINE", 1000)
    with pytest.raises(RecordingError, match=r"^x: line 2 is longer than 1,000 bytes$"):
        entries(HEADER + b'[0,"b","' + b"a" * 1001)
    assert len(entries(HEADER + b'[0,"b","%s"]\n' % (b"a" * 900) * 50)) == 50


class Dripping(io.RawIOBase):
    """A pipe that gives one byte at a time."""

    def __init__(self, data):
        self._rest = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._rest.readinto(buffer[:1])


@pytest.mark.parametrize("pack", [bytes, lambda data: codec("x").compress(data)])
def test_a_pipe_may_give_it_byte_by_byte(pack):
    data = HEADER + b'[1,"b","a"]\n[2,"x",{"reason":"eof"}]\n'
    reader = RecordingReader(io.BufferedReader(Dripping(pack(data)), 1), "x")
    assert list(reader.entries()) == [Chunk(1.0, b"a"), End("eof", None, 2.0)]


# ---- seeking


@pytest.mark.parametrize("seconds", [-1, 0, 0.25, 0.5, 1799.75, 3000, 3599.5])
def test_one_can_go_to_any_time_and_back(long, seconds):
    with open_recording(long) as reader:
        everything = list(reader.entries())
        reader.seek(seconds)
        assert list(reader.entries()) == [entry for entry in everything if entry.at >= seconds]
        assert reader.end == everything[-1]


def test_behind_the_end_there_is_nothing(long):
    with open_recording(long) as reader:
        reader.seek(1e9)
        assert list(reader.entries()) == []


def test_to_seek_reads_few_lines_of_a_compressed_file(long, monkeypatch):
    lines = []
    monkeypatch.setattr(module, "decode_entry", lambda line: lines.append(line) or decode_entry(line))
    with open_recording(long) as reader:
        reader.seek(3000)
        assert next(iter(reader)).at == 3000
    assert (len(lines) < 3000) is (long.suffix == ".zst")


def test_one_can_seek_in_what_a_killed_writer_left(long):
    data = long.read_bytes()
    long.write_bytes(data[: len(data) // 2])
    with open_recording(long) as reader:
        reader.seek(1000)
        assert next(iter(reader)).at == 1000
        assert list(reader)[-1].at > 1500
        assert reader.end is None


def test_one_can_seek_in_a_body_alone(tmp_path):
    path = tmp_path / "x.sse"
    path.write_bytes(BODY)
    with open_recording(path) as reader:
        assert list(reader) == [Chunk(0.0, BODY)]
        reader.seek(0)
        assert list(reader) == [Chunk(0.0, BODY)]


def test_a_header_of_another_tool_is_kept(tmp_path):
    path = tmp_path / "x.skrec"
    path.write_bytes(json.dumps({"format": "skrec", "version": 1, "tool": "mine", "tags": [1]}).encode() + b"\n")
    with open_recording(path) as reader:
        assert reader.header.extra == {"tool": "mine", "tags": [1]}
