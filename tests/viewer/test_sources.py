import os
import stat
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from streamkit.recording import Chunk, End, Header, Recorder, Recording
from tests.viewer.bodies import BODIES, frame, state, watch
from viewer import sources
from viewer.sources import FileSource, FolderSource, StdinSource
from viewer.stream import Watch

BODY = BODIES["dify/wf_retry_then_success"]
TOKEN = frame("message", message_id="m", conversation_id="c", answer="x")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(sources, "_POLL", 0.005)
    monkeypatch.setattr(sources, "_SCAN", 0.005)


@pytest.fixture
def found():
    made = Watch()
    yield made
    made.close()


async def until(condition):
    """Wait for something that another task does."""
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await anyio.sleep(0.002)


@asynccontextmanager
async def beside(source, found):
    """Run a source beside the test, and stop it in the end."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(source.run, found)
        yield
        tasks.cancel_scope.cancel()


# ---- files


async def test_a_file_is_a_run(found, tmp_path):
    path = tmp_path / "x.sse"
    path.write_bytes(BODY)
    source = FileSource(path)
    await source.run(found)
    (watched,) = found.runs
    assert (watched.name, source.name, source.live, watched.live) == (str(path), str(path), False, False)
    assert state(watched.run) == state(watch(BODY).runs[0].run)
    assert state(watched.at(3)) == state(watch(BODY).runs[0].at(3))
    assert watched.problem is None


async def test_what_cannot_be_read_says_why(found, tmp_path):
    (tmp_path / "page.sse").write_bytes(b"<html>")
    for path in (tmp_path / "none.sse", tmp_path, tmp_path / "page.sse"):
        await FileSource(path).run(found)
    problems = ["no such file or directory", "is a directory", "is a page of HTML or XML, not an event stream"]
    assert [watched.problem for watched in found.runs] == problems
    assert not any(watched.live for watched in found.runs)


async def test_a_file_that_grows_is_followed(found, tmp_path):
    path = tmp_path / "x.sse"
    async with beside(FileSource(path, follow=True), found):
        await until(lambda: found.runs and found.runs[0].problem)
        assert found.runs[0].problem == "no such file or directory"
        path.write_bytes(TOKEN)
        await until(lambda: found.runs[0].events == 1 and found.runs[0].problem is None)
        with path.open("ab") as file:
            file.write(TOKEN[:10])
            file.flush()
            await anyio.sleep(0.02)
            file.write(TOKEN[10:])
        await until(lambda: found.runs[0].events == 2)
        assert found.runs[0].live
        assert found.runs[0].at(1).text == "x"
        assert found.runs[0].history.time_of(2) > found.runs[0].history.time_of(1)


@pytest.mark.parametrize("how", ["cut", "replaced"])
async def test_a_file_that_holds_other_bytes_now_is_another_body(found, tmp_path, how):
    path = tmp_path / "x.sse"
    path.write_bytes(TOKEN * 3)
    async with beside(FileSource(path, follow=True), found):
        await until(lambda: found.runs and found.runs[0].events == 3)
        if how == "cut":
            path.write_bytes(TOKEN)
        else:
            (tmp_path / "new").write_bytes(TOKEN * 4)
            (tmp_path / "new").replace(path)
        await until(lambda: len(found.runs) == 2 and found.runs[1].events == (1 if how == "cut" else 4))
        before, after = found.runs
        assert (before.live, before.reach, before.run.text) == (False, 0, "xxx")
        assert after.live


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
async def test_a_pipe_is_read_while_it_is_written(found, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    async with beside(FileSource(path), found):
        writer = await anyio.to_thread.run_sync(lambda: path.open("wb", buffering=0))
        with writer:
            writer.write(TOKEN)
            await until(lambda: found.runs[0].events == 1)
            writer.write(TOKEN)
        await until(lambda: not found.runs[0].live)
        assert found.runs[0].at(1).text == "x"


# ---- folders


async def test_a_folder_is_all_that_is_in_it_and_comes_into_it(found, tmp_path):
    (tmp_path / "deep").mkdir()
    for name, age in (("b.sse", 2000), ("deep/a.NDJSON", 1000), ("c.txt", 500), ("d.png", 100), ("e.sse", 4000)):
        (tmp_path / name).write_bytes({"c.txt": b"shopping list", "e.sse": b""}.get(name, BODY))
        now = (tmp_path / name).stat().st_mtime
        os.utime(tmp_path / name, (now - age, now - age))
    async with beside(FolderSource(tmp_path), found):
        await until(lambda: len(found.runs) == 4 and not any(watched.live for watched in found.runs))
        names = [Path(watched.name).relative_to(tmp_path).as_posix() for watched in found.runs]
        assert names == ["e.sse", "b.sse", "deep/a.NDJSON", "c.txt"]
        assert [watched.problem for watched in found.runs] == [
            "is empty",
            None,
            None,
            "is neither an event stream nor JSON",
        ]
        (tmp_path / "new.sse").write_bytes(TOKEN)
        await until(lambda: len(found.runs) == 5 and found.runs[4].events == 1)
        assert found.runs[4].live
        with (tmp_path / "new.sse").open("ab") as file:
            file.write(TOKEN)
        await until(lambda: found.runs[4].events == 2)


async def test_a_folder_that_is_not_there_says_so(found, tmp_path):
    await FolderSource(tmp_path / "none").run(found)
    assert [(watched.problem, watched.live) for watched in found.runs] == [("no such folder", False)]


# ---- recordings


@pytest.mark.parametrize("name", ["x.skrec", "x.skrec.zst"])
async def test_a_recording_is_followed_while_it_is_written(found, tmp_path, name):
    path, now = tmp_path / name, [0.0]
    recorder = Recorder(path, clock=lambda: now[0])
    async with beside(FileSource(path, follow=True), found):
        for seconds in (2.0, 5.0, 9.0):
            now[0] = seconds
            recorder.write(TOKEN)
        await until(lambda: found.runs and found.runs[0].events == 3)
        (watched,) = found.runs
        assert [watched.history.time_of(event) for event in (1, 2, 3)] == [2.0, 5.0, 9.0]
        await until(lambda: watched.comes_live)
        assert 9.0 <= watched.now() < 20.0, "it goes on from the last entry"
        now[0] = 60.0
        recorder.write(TOKEN)
        await until(lambda: watched.events == 4)
        assert watched.history.time_of(4) == 60.0
        recorder.close()
        await until(lambda: not watched.live)
        assert watched.at(2).text == "xx"
    recorder.close()


async def test_a_recording_that_was_written_some_time_ago_has_gone_on_since(found, tmp_path):
    path = tmp_path / "x.skrec"
    recorder = Recorder(path)
    recorder.write(TOKEN, 2.0)
    changed = path.stat().st_mtime - 100
    os.utime(path, (changed, changed))
    async with beside(FileSource(path, follow=True), found):
        await until(lambda: found.runs and found.runs[0].comes_live)
        assert 102.0 <= found.runs[0].now() < 110.0
    recorder.close()


async def test_a_folder_shows_recordings_beside_bodies(found, tmp_path):
    for number, name in enumerate(("a.sse", "b.skrec", "deep/c.skrec.zst")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if name == "a.sse":
            (tmp_path / name).write_bytes(BODY)
        else:
            Recording([Chunk(1.0, BODY)], Header(), end=End("eof", None, 2.0)).save(tmp_path / name)
        os.utime(tmp_path / name, (number, number))
    async with beside(FolderSource(tmp_path), found):
        await until(lambda: len(found.runs) == 3 and not any(watched.live for watched in found.runs))
    assert [Path(watched.name).name for watched in found.runs] == ["a.sse", "b.skrec", "c.skrec.zst"]
    assert len({state(watched.run) for watched in found.runs}) == 1
    assert [watched.history.time_of(1) for watched in found.runs] == [0.0, 1.0, 1.0]


# ---- standard input


@pytest.fixture
def stdin(monkeypatch):
    """A pipe in place of standard input; returns the end to write to."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sources, "_STDIN", reading)
    with os.fdopen(writing, "wb", buffering=0) as writer:
        yield writer
    os.close(reading)


async def test_standard_input_is_read_as_it_comes_and_recorded(found, stdin, tmp_path):
    record = tmp_path / "kept.sse"
    source = StdinSource(record)
    assert (source.name, source.live) == ("standard input", True)
    async with beside(source, found):
        await anyio.to_thread.run_sync(stdin.write, BODY[:1000])
        await until(lambda: found.runs and found.runs[0].run.bytes == 1000)
        await anyio.to_thread.run_sync(stdin.write, BODY[1000:])
        stdin.close()
        await until(lambda: found.runs and not found.runs[0].live)
        assert state(found.runs[0].at(3)) == state(watch(BODY).runs[0].at(3))
        found.close()
        assert record.read_bytes() == BODY
        assert sys.platform == "win32" or stat.S_IMODE(record.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["kept.skrec", "kept.skrec.zst"])
async def test_standard_input_is_recorded_with_its_times(found, stdin, tmp_path, name):
    source = StdinSource(tmp_path / name)
    async with beside(source, found):
        for piece in (BODY[:1000], BODY[1000:]):
            await anyio.to_thread.run_sync(stdin.write, piece)
            await until(lambda: found.runs and found.runs[0].run.bytes)
        stdin.close()
        await until(lambda: not found.runs[0].live)
    recording = Recording.load(tmp_path / name)
    assert (recording.body, recording.is_timed, recording.end.reason) == (BODY, True, "eof")
    assert state(found.runs[0].at(3)) == state(watch(BODY).runs[0].at(3))
    assert sys.platform == "win32" or stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


async def test_who_quits_leaves_a_recording_that_says_so(found, stdin, tmp_path):
    async with beside(StdinSource(tmp_path / "x.skrec"), found):
        await anyio.to_thread.run_sync(stdin.write, TOKEN)
        await until(lambda: found.runs and found.runs[0].events)
    recording = Recording.load(tmp_path / "x.skrec")
    assert (recording.body, recording.end.reason) == (TOKEN, "cancelled")


@pytest.mark.parametrize("kept", ["y.skrec", "y.sse"])
async def test_a_recording_that_comes_through_a_pipe_has_its_own_times(found, stdin, tmp_path, kept):
    chunks = [Chunk(2.0, TOKEN), Chunk(7.0, TOKEN)]
    Recording(chunks, Header(), end=End("eof", None, 8.0)).save(tmp_path / "x.skrec")
    async with beside(StdinSource(tmp_path / kept), found):
        await anyio.to_thread.run_sync(stdin.write, (tmp_path / "x.skrec").read_bytes())
        stdin.close()
        await until(lambda: found.runs and found.runs[0].events == 2 and not found.runs[0].live)
    assert [found.runs[0].history.time_of(event) for event in (1, 2)] == [2.0, 7.0]
    found.close()
    recording = Recording.load(tmp_path / kept)
    assert recording.body == TOKEN * 2
    assert [chunk.at for chunk in recording.chunks] == ([2.0, 7.0] if kept.endswith(".skrec") else [0.0])


async def test_what_was_redirected_is_recorded_without_times(found, monkeypatch, tmp_path):
    (tmp_path / "x.sse").write_bytes(BODY)
    with (tmp_path / "x.sse").open("rb") as file:
        monkeypatch.setattr(sources, "_STDIN", file.fileno())
        await StdinSource(tmp_path / "y.skrec").run(found)
    recording = Recording.load(tmp_path / "y.skrec")
    assert (recording.body, recording.is_timed) == (BODY, False)


@pytest.mark.parametrize("name", ["kept.sse", "kept.skrec"])
async def test_a_recording_is_not_overwritten(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        StdinSource(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"mine"


async def test_a_redirected_file_is_no_live_input(found, monkeypatch, tmp_path):
    (tmp_path / "x.sse").write_bytes(BODY)
    with (tmp_path / "x.sse").open("rb") as file:
        monkeypatch.setattr(sources, "_STDIN", file.fileno())
        source = StdinSource()
        assert not source.live
        await source.run(found)
    assert state(found.runs[0].run) == state(watch(BODY).runs[0].run)


async def test_a_closed_input_is_a_problem(found, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    await StdinSource().run(found)
    assert [(watched.problem, watched.live) for watched in found.runs] == [("is closed", False)]


async def test_others_work_while_a_large_file_is_read(found, tmp_path):
    path = tmp_path / "x.sse"
    path.write_bytes(TOKEN * 5000)
    turns = 0
    async with anyio.create_task_group() as tasks:

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await anyio.sleep(0)  # noqa: ASYNC115 - what the screen does, too

        tasks.start_soon(count)
        await FileSource(path).run(found)
        tasks.cancel_scope.cancel()
    assert turns > 20
