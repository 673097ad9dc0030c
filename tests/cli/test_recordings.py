"""Recordings, wherever a command takes a file: told by what is in them, and read with their times."""

import json
from pathlib import Path

import msgspec
import pytest

from streamkit import Tap
from streamkit.cli.runs import Runs
from streamkit.recording import Chunk, End, Exchange, Header, Marker, Recording, Request, Response
from streamkit.recording.zstd import INSTALL, codec

ROOT = Path(__file__).parents[2]
HEADER = b'{"format":"skrec","version":1}\n'
REAL = [
    "dify/wf_iter_fail_par_continue.sse",
    "dify/chat_simple.sse",
    "ragflow/chat_kb_delta_final_reference.sse",
    "openai/chat_openai_delta.sse",
]


def recording_of(body, *, created=None, gap=0.25):
    """A body whose lines came one after another, with other things between them."""
    lines = body.splitlines(keepends=True)
    chunks = [Chunk(number * gap, line) for number, line in enumerate(lines, 1)]
    end = End("eof", None, (len(lines) + 1) * gap)
    others = [Exchange(Request({}, None, "GET", "/v1/info"), Response(200, {}, {"event": "message"}), gap)]
    return Recording(chunks, Header(created=created), others, [Marker(gap, "data: {}\n\n")], end)


@pytest.fixture(params=["x.skrec", "x.skrec.zst"])
def kept(request, tmp_path):
    """Save a body as a recording of the one kind, or of the other."""

    def save(body, folder="", **how):
        path = tmp_path / folder / request.param
        path.parent.mkdir(exist_ok=True)
        recording_of(body, **how).save(path, redact=False)
        return path

    return save


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    "command", [("events",), ("frames",), ("inspect", "--stable"), ("events", "--chunk-size", "7")]
)
def test_a_recording_is_read_as_the_body_that_it_holds(cli, fixtures, kept, command, name):
    body = fixtures / name
    expected = cli(*command, body).stdout_bytes
    path = kept(body.read_bytes())
    assert cli(*command, path).stdout_bytes == expected
    assert cli(*command, "-", stdin=path.read_bytes()).stdout_bytes == expected


def test_what_a_file_is_shows_in_it_and_not_in_its_name(cli, fixtures, kept, tmp_path):
    body = (fixtures / REAL[0]).read_bytes()
    disguised = tmp_path / "x.sse"
    disguised.write_bytes(kept(body).read_bytes())
    assert cli("frames", disguised).stdout_bytes == cli("frames", fixtures / REAL[0]).stdout_bytes


def test_a_compressed_body_is_a_body(cli, fixtures, tmp_path):
    body = fixtures / REAL[0]
    (tmp_path / "x.sse.zst").write_bytes(codec("x").compress(body.read_bytes()))
    assert cli("inspect", tmp_path / "x.sse.zst").stdout == cli("inspect", body).stdout


# ---- times


@pytest.mark.parametrize("name", REAL)
def test_the_run_is_that_of_a_tap_that_is_fed_at_those_times(cli, fixtures, kept, name):
    body = (fixtures / name).read_bytes()
    recording = recording_of(body)
    tap = Tap()
    for chunk in recording.chunks:
        tap.feed(chunk.data, at=chunk.at)
    tap.close(at=recording.end.at)
    shown = json.loads(cli("inspect", "--json", "--show-secrets", kept(body)).stdout)
    assert shown == json.loads(msgspec.json.encode(tap.run.snapshot()))
    assert shown["seen_at"] > 0
    assert shown["ended_at"] > shown["seen_at"]


def test_heartbeats_have_their_time(kept, streams):
    path = kept(b": ping\n\n" + streams.workflow() + b"event: ping\n\n: late\n\n")
    runs = Runs()
    runs.read(str(path))
    state = runs.found[0].run.snapshot()
    assert state.stats.heartbeats == 3
    assert state.last_heartbeat_at == 0.25 * (len(Recording.load(path).chunks) - 1)  # a comment counts at once


def test_a_body_without_times_has_none(cli, tmp_path, streams):
    Recording([Chunk(0.0, streams.workflow())]).save(tmp_path / "x.skrec")
    state = json.loads(cli("inspect", "--json", tmp_path / "x.skrec").stdout)
    assert (state["seen_at"], state["ended_at"], state["last_progress_at"]) == (None, None, None)


def test_what_the_server_does_not_time_was_timed_by_who_recorded_it(cli, kept, streams):
    body = streams.workflow(streams.node("a", elapsed_time=None), streams.text("Hi"), elapsed_time=None)
    shown = cli("inspect", kept(body)).stdout
    assert "2.00s" in shown.splitlines()[0]  # eight lines of 0.25s
    assert "text     begins after 1.50s" in shown
    assert next(line for line in shown.splitlines() if " A " in line).endswith("500ms")


@pytest.mark.parametrize(
    ("first", "second", "between"),
    [
        ("2026-11-22T09:30:00Z", "2026-11-22T10:30:00Z", 3600.0),  # the run waited
        (None, None, 1.5),  # nobody knows how long: it goes on at once
        ("2026-11-22T09:30:00Z", "yesterday", 1.5),
    ],
)
def test_bodies_of_one_run_have_one_clock(kept, streams, first, second, between):
    start, _, end = streams.workflow().partition(b"\n\n")
    bodies = [
        kept(start + b"\n\n" + streams.node("a"), "1", created=first),  # three frames, six lines
        kept(streams.node("b") + end, "2", created=second),
    ]
    runs = Runs()
    runs.read_each(map(str, bodies), lambda source, why: pytest.fail(why))
    (found,) = runs.found
    state = found.run.snapshot()
    assert [(node.seen_at, node.ended_at) for node in state.nodes] == [(1.0, 1.5), (between + 0.5, between + 1.0)]
    assert (state.seen_at, state.ended_at) == (0.5, between + 1.5)


# ---- many files


def test_folders_list_their_recordings(cli, tmp_path, streams):
    for number, name in enumerate(["a.skrec", "b.skrec.zst", "c.sse", "d.txt"]):
        body = streams.workflow(streams.node(run=f"run-{number}"), run=f"run-{number}")
        if name.endswith(("c.sse", "d.txt")):
            (tmp_path / name).write_bytes(body)
        else:
            recording_of(body).save(tmp_path / name)
    listed = [json.loads(line) for line in cli("ls", "--json", tmp_path).stdout.splitlines()]
    assert [line["files"] for line in listed] == [
        [f"{tmp_path}/{name}"] for name in ("a.skrec", "b.skrec.zst", "c.sse")
    ]
    (group,) = [json.loads(line) for line in cli("stats", "--by", "node", "--json", tmp_path).stdout.splitlines()]
    assert group["count"] == 3


# ---- what cannot be read


@pytest.mark.parametrize("command", ["inspect", "events", "frames", "ls"])
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"format":"skrec","version":2}\n', "line 1 is version 2 of the format; this streamkit reads 1"),
        (
            b'{"format":"skrec","version":1,"source":[]}\n',
            "line 1 has a header that cannot be read: expected `object`, got `array`",
        ),
        (HEADER + b'[0,"b","data: x\\n\\n"]\n\x00\xff\x00\n[1,"b",""]\n', "line 3 is no entry: "),
        (HEADER, "is empty"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "is damaged, or no zstd file"),
        (codec("x").compress(HEADER)[:6], "is empty"),
    ],
)
def test_what_is_no_recording_gives_one_clear_line(cli, tmp_path, command, data, problem):
    path = tmp_path / "x.skrec"
    path.write_bytes(data)
    result = cli(command, path)
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"streamkit: {path}: {problem}")
    assert result.exit_code == 2


def test_what_came_before_the_damage_counts(cli, tmp_path, streams):
    path = tmp_path / "x.skrec"
    Recording([Chunk(1.0, streams.workflow())], Header()).save(path)
    path.write_bytes(path.read_bytes() + b"junk\n")
    result = cli("inspect", path)
    assert "succeeded" in result.stdout
    assert result.exit_code == 2


@pytest.mark.parametrize("name", ["x.skrec", "x.skrec.zst"])
def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(cli, tmp_path, streams, name):
    path = tmp_path / name
    recording_of(streams.workflow(*(streams.node(str(number)) for number in range(500)))).save(path)
    path.write_bytes(path.read_bytes()[:-1000])
    result = cli("inspect", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "interrupted" in result.stdout


def test_a_missing_library_is_one_line_that_installs_it(process, tmp_path, streams):
    path = tmp_path / "x.skrec.zst"
    recording_of(streams.workflow()).save(path)
    (tmp_path / "backports.py").write_text("raise ImportError")
    (tmp_path / "compression.py").write_text("raise ImportError")
    done = process("inspect", path, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert done.stderr.decode() == f"streamkit: {path}: needs an extra: {INSTALL}\n"
    assert done.returncode == 2
    done = process(
        "convert", ROOT / "fixtures" / "dify" / "wf_failed.sse", "new.skrec.zst", PYTHONPATH=f"{tmp_path}:{ROOT}"
    )
    assert done.stderr.decode() == f"streamkit: new.skrec.zst: needs an extra: {INSTALL}\n"
