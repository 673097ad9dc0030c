"""The process that writes recordings: what it is told it does, and what is wrong with one does not touch another."""

import signal
import subprocess
import sys

import msgspec
import pytest

from streamkit.gateway.shelf import Limits
from streamkit.gateway.writer import Writer
from streamkit.gateway.writing import Begin, Close, Command, Drop, Keep, Mark, Scratch, Shelve, Told, Write, encoded
from streamkit.recording import Header, Recording, Redactor, Request
from streamkit.recording.format import encode_header

HEADER = encode_header(Header(request=Request(headers={"X-Mine": "s3cr3t-s3cr3t"})))
SECRET = (b"s3cr3t-s3cr3t",)


class Elsewhere(Command, frozen=True):
    """A command that nobody knows."""

    number: int


@pytest.fixture
def written(tmp_path):
    """A writer that keeps recordings, and where it writes."""
    writer = Writer()
    writer.take([Shelve(Limits(str(tmp_path / "kept"), 1 << 20, 1e9))])
    yield writer, tmp_path / "spool"
    writer.close()


def begin(number, folder):
    return Begin(number, str(folder / f"{number}.skrec"), HEADER, SECRET)


def test_a_body_becomes_a_recording_that_is_masked(written):
    writer, folder = written
    assert writer.take([begin(1, folder)]) == Told(grown=[1])
    assert Recording.load(folder / "1.skrec").end is None  # it can be read while it grows
    told = writer.take(
        [Write(1, 0.5, b"data: s3cr3t-s3cr3t\n\n"), Write(1, 0.75, b"data: 2\n\n"), Close(1, "eof", 1.0)]
    )
    assert told == Told(grown=[1], closed=[1])
    kept = Recording.load(folder / "1.skrec")
    assert kept.body == Redactor(["s3cr3t-s3cr3t"]).feed(b"data: s3cr3t-s3cr3t\n\ndata: 2\n\n")
    assert [chunk.at for chunk in kept.chunks] == [0.5, 0.75]
    assert (kept.end.reason, kept.end.at) == ("eof", 1.0)
    assert "s3cr3t" not in (folder / "1.skrec").read_text()


def test_what_grows_can_be_read_after_each_batch(written):
    writer, folder = written
    writer.take([begin(1, folder), begin(2, folder)])
    told = writer.take([Write(1, 0.5, b"data: 1\n\n"), Write(2, 0.5, b"data: 2\n\n"), Write(1, 0.6, b"data: 3\n\n")])
    assert set(told.grown) == {1, 2}
    assert Recording.load(folder / "1.skrec").body == b"data: 1\n\ndata: 3\n\n"
    assert Recording.load(folder / "2.skrec").body == b"data: 2\n\n"


def test_one_that_is_closed_without_a_reason_has_no_end(written):
    writer, folder = written
    writer.take([begin(1, folder), Write(1, 0.5, b"data: 1\n\n"), Close(1, None, 1.0)])
    kept = Recording.load(folder / "1.skrec")
    assert (kept.body, kept.end) == (b"data: 1\n\n", None)


def test_it_is_kept_or_it_goes(written):
    writer, folder = written
    both = [begin(1, folder), begin(2, folder), Close(1, "eof", 1.0), Close(2, "eof", 1.0)]
    keep = Keep(1, str(folder / "1.skrec"), "2026-01-02/app/ok-x.skrec")
    told = writer.take([*both, keep, Drop(2, str(folder / "2.skrec")), Mark(9)])
    path = folder.parent / "kept" / "2026-01-02" / "app" / "ok-x.skrec"
    assert (told.moved, told.gone, told.kept, told.done) == ({1: str(path)}, [1, 2], 1, [9])
    assert path.exists()
    assert list(folder.iterdir()) == []


def test_what_is_wrong_with_one_is_said_of_it_and_the_others_go_on(written):
    writer, folder = written
    folder.mkdir()
    (folder / "1.skrec").mkdir()
    told = writer.take([begin(1, folder), begin(2, folder), Write(1, 0.5, b"x"), Elsewhere(3), Close(1, "eof", 1.0)])
    assert told.problems == {1: "file exists", 3: "KeyError".lower()}
    assert told.closed == [1]
    assert writer.take([Write(2, 0.5, b"data: 2\n\n"), Close(2, "eof", 1.0)]) == Told(grown=[2], closed=[2])
    assert Recording.load(folder / "2.skrec").body == b"data: 2\n\n"


def test_a_file_with_nothing_in_it_is_not_kept(written):
    writer, folder = written
    folder.mkdir()
    (folder / "1.skrec").touch()
    told = writer.take([Keep(1, str(folder / "1.skrec"), "2026-01-02/app/ok-x.skrec")])
    assert told == Told(gone=[1])
    assert list(folder.iterdir()) == []


def test_what_another_process_began_is_kept_as_it_is_or_goes(written):
    """The process was started again: what the one before it wrote has no end."""
    writer, folder = written
    folder.mkdir()
    paths = [folder / f"{number}.skrec" for number in (1, 2)]
    for path in paths:
        path.write_bytes(HEADER)
    keep, drop = Keep(1, str(paths[0]), "2026-01-02/app/ok-x.skrec"), Drop(2, str(paths[1]))
    told = writer.take([Write(1, 0.5, b"x"), Close(1, "eof", 1.0), keep, drop])
    assert (told.grown, told.closed, told.gone, told.kept, told.problems) == ([], [1], [1, 2], 1, {})
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_to_stay_goes_at_the_end(written):
    writer, folder = written
    writer.take([Scratch(str(folder)), begin(1, folder), begin(2, folder), Close(2, "eof", 1.0)])
    assert len(list(folder.iterdir())) == 2
    writer.close()
    assert not folder.exists()


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_to_all_processes_does_not_end_the_one_that_writes(tmp_path, number):
    """A service manager sends it to each process of a service, and the proxy may have streams to finish."""
    code = "from streamkit.gateway.writer import main; main()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for command in (begin(1, tmp_path), Write(1, 0.5, b"data: 1\n\n")):
            process.stdin.write(encoded(command))
            process.stdin.flush()
            assert process.stdout.readline()
            process.send_signal(getattr(signal, number))
        process.stdin.write(encoded(Close(1, "eof", 1.0)))
        process.stdin.close()
        assert process.wait(60) == 0
    assert Recording.load(tmp_path / "1.skrec").end.reason == "eof"


def test_the_process_ends_with_its_input_and_closes_what_is_open(tmp_path):
    commands = [begin(1, tmp_path), Write(1, 0.5, b"data: 1\n\ndata: cut"), Mark(2)]
    code = "from streamkit.gateway.writer import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"".join(map(encoded, commands)), capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [msgspec.json.decode(line, type=Told).done for line in done.stdout.splitlines()][-1] == [2]
    kept = Recording.load(tmp_path / "1.skrec")
    assert (kept.body, kept.end) == (b"data: 1\n\ndata: cut", None)
