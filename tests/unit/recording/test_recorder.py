"""Recordings that are written: as it comes, for their owner alone, whole up to the last line whatever happens."""

import json
import os
import signal
import stat
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from streamkit.recording import Chunk, End, Exchange, Header, Marker, Recorder, Recording, Request, Response, Source

ROOT = Path(__file__).parents[3]


def ticks():
    """A clock that is a second later whenever somebody looks."""
    seconds = count(100)
    return lambda: float(next(seconds))


def entries(path):
    return Recording.load(path).entries()


@pytest.mark.parametrize("redact", [True, False])
def test_what_comes_is_written_with_its_time(tmp_path, redact):
    path = tmp_path / "x.skrec"
    request, response = Request(method="POST", url="/v1/files/upload"), Response(201, body={"id": "f"})
    recorder = Recorder(path, Header(), redact=redact, clock=ticks())
    recorder.write(b"data: 1\n\n")
    recorder.write(memoryview(b"data: \xff\n\n"), at=1.5)
    recorder.exchange(request, response)
    recorder.mark("here")
    recorder.close()
    assert entries(path) == [
        Chunk(1.0, b"data: 1\n\n"),
        Chunk(1.5, b"data: \xff\n\n"),
        Exchange(request, response, 2.0),
        Marker(3.0, "here"),
        End("eof", None, 4.0),
    ]


def test_what_was_handed_on_can_be_read(tmp_path):
    path = tmp_path / "x.skrec"
    recorder = Recorder(path, Header(), live=False)
    recorder.write(b"data: 1\n\n", at=0.5)
    assert path.read_bytes() == b""
    recorder.flush()
    assert Recording.load(path).body == b"data: 1\n\n"
    recorder.close()


def test_the_header_is_the_first_line_and_knows_when_it_was_made(tmp_path):
    header = Header(Source("dify", "POST", "https://dify.example/v1/chat-messages"), Request(body={"query": "Hi"}))
    with Recorder(tmp_path / "x.skrec", header):
        line = json.loads((tmp_path / "x.skrec").read_text())  # before anything else came
    created = line.pop("created")
    assert line == {
        "format": "skrec",
        "version": 1,
        "source": {"kind": "dify", "method": "POST", "url": "https://dify.example/v1/chat-messages"},
        "request": {"body": {"query": "Hi"}},
        "response": {},
    }
    assert created.endswith("Z")
    assert len(created) == len("2026-11-22T09:30:00Z")


def test_every_line_is_in_the_file_when_the_call_returns(tmp_path):
    for name in ("x.skrec", "x.skrec.zst"):
        with Recorder(tmp_path / name, Header()) as recorder:
            for number in range(3):
                recorder.write(b"data: %d\n\n" % number, number)
                assert len(Recording.load(tmp_path / name).chunks) == number + 1


def test_no_bytes_are_no_chunk(tmp_path):
    with Recorder(tmp_path / "x.skrec") as recorder:
        recorder.write(b"")
    assert [type(entry) for entry in entries(tmp_path / "x.skrec")] == [End]


def test_a_time_that_nobody_gave_is_never_before_the_last_one(tmp_path):
    with Recorder(tmp_path / "x.skrec", clock=ticks()) as recorder:
        recorder.write(b"a\n", at=60.0)
        recorder.write(b"b\n")
    assert [entry.at for entry in entries(tmp_path / "x.skrec")] == [60.0, 60.0, 60.0]


# ---- the file


def test_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "x.skrec"
    path.touch()
    path.chmod(0o640)
    Recorder(path, overwrite=True).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_stays(tmp_path):
    path = tmp_path / "x.skrec"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        Recorder(path)
    assert path.read_bytes() == b"precious"


def test_a_link_is_replaced_and_not_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "x.skrec"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    with pytest.raises(FileExistsError):
        Recorder(link)
    Recorder(link, overwrite=True).close()
    assert target.read_bytes() == b"precious"
    assert not link.is_symlink()


# ---- the end


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (ConnectionResetError("by peer"), ("error", "ConnectionResetError: by peer")),
        (KeyboardInterrupt(), ("cancelled", None)),
        (GeneratorExit(), ("cancelled", None)),
    ],
)
def test_the_end_says_how_the_block_was_left(tmp_path, error, end):
    with pytest.raises(type(error)), Recorder(tmp_path / "x.skrec") as recorder:
        raise error
    assert Recording.load(tmp_path / "x.skrec").end[:2] == end
    recorder.close("eof")  # twice does nothing more


def test_a_recording_that_is_broken_off_has_no_end(tmp_path):
    path = tmp_path / "x.skrec"
    with Recorder(path) as recorder:
        recorder.write(b"half a li", at=0.0)
        recorder.break_off()
    loaded = Recording.load(path)
    assert (loaded.body, loaded.end, loaded.is_whole) == (b"half a li", None, False)


@pytest.mark.parametrize("name", ["x.skrec", "x.skrec.zst"])
def test_a_killed_process_leaves_all_that_it_wrote(tmp_path, name):
    code = """if True:
        import sys, time
        from streamkit.recording import Recorder
        recorder = Recorder(sys.argv[1])
        for number in range(1000):
            recorder.write(b"data: %d\\n\\n" % number, at=number)
        print("written", flush=True)
        recorder.write(b"data: the rest will never", at=1000)
        time.sleep(60)
    """
    path = tmp_path / name
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    loaded = Recording.load(path)
    assert [chunk for chunk in loaded.chunks if chunk.at < 1000] == [
        Chunk(float(number), b"data: %d\n\n" % number) for number in range(1000)
    ]
    assert not loaded.is_whole


def test_nothing_is_recorded_after_the_end(tmp_path):
    recorder = Recorder(tmp_path / "x.skrec")
    recorder.close()
    for late in (
        lambda: recorder.write(b"a"),
        lambda: recorder.mark("m"),
        lambda: recorder.exchange(Request(), Response()),
    ):
        with pytest.raises(RuntimeError, match="after close"):
            late()
    assert len(entries(tmp_path / "x.skrec")) == 1


def test_secrets_that_nobody_would_mask_are_refused(tmp_path):
    with pytest.raises(ValueError, match="redact=True"):
        Recorder(tmp_path / "x.skrec", redact=False, secrets=["s3cr3t"])
    assert not (tmp_path / "x.skrec").exists()
