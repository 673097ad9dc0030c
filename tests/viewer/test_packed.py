"""Recordings in the viewer: at their own times, told by what is in them, and at the end what `inspect` makes of them."""

import msgspec
import pytest

from streamkit.cli.runs import read_runs
from streamkit.recording import Chunk, End, Exchange, Header, Marker, Recording, Request, Response
from streamkit.recording.zstd import codec
from tests.viewer.bodies import BODIES, RICH, state
from viewer.intake import Intake
from viewer.sources import FileSource
from viewer.spool import BodySpool, TempSpool
from viewer.stream import Watch

ROUNDS = BODIES["dify/wf_iter_fail_par_continue"]
NAMES = ["x.skrec", "x.skrec.zst"]


def recording_of(body, *, created=None, gap=0.25, is_timed=True, end="eof", error=None):
    """A body whose lines came one after another, with other things between them."""
    lines = body.splitlines(keepends=True)
    chunks = [Chunk(number * gap, line) for number, line in enumerate(lines, 1)]
    others = [Exchange(Request({}, None, "GET", "/v1/info"), Response(200, {}, {"event": "message"}), gap)]
    last = End(end, error, (len(lines) + 1) * gap)
    return Recording(
        chunks, Header(created=created, is_timed=is_timed), others, [Marker(gap, "look \x1b[2Jhere")], last
    )


@pytest.fixture
def found():
    made = Watch()
    yield made
    made.close()


@pytest.fixture
def kept(tmp_path):
    """Save a body as a recording."""

    def save(body, name="x.skrec", **how):
        path = tmp_path / name
        recording_of(body, **how).save(path, redact=False)
        return path

    return save


def published(run):
    """All of a run, its times included, as JSON."""
    return msgspec.json.encode(msgspec.structs.replace(run.snapshot(), revision=0))


@pytest.mark.untraced
@pytest.mark.parametrize("body", RICH[::2])
async def test_at_its_end_it_is_exactly_what_inspect_shows_of_it(found, kept, body):
    path = kept(BODIES[body])
    await FileSource(path).run(found)
    shown = [published(watched.run) for watched in found.runs if watched.problem is None]
    assert shown == [published(run) for run in read_runs([str(path)])]


@pytest.mark.parametrize("name", NAMES)
async def test_the_recorded_times_are_those_of_the_run(found, kept, name):
    await FileSource(kept(ROUNDS, name, gap=2.0)).run(found)
    (watched,) = found.runs
    lines = ROUNDS.splitlines()
    frames = [number for number, line in enumerate(lines, 1) if not line and lines[number - 2].startswith(b"data:")]
    assert [watched.history.time_of(event) for event in range(1, watched.events + 1)] == [2.0 * at for at in frames]
    assert (watched.live, watched.problem) == (False, None)


@pytest.mark.parametrize("name", NAMES)
async def test_one_can_look_at_any_moment_of_it(found, kept, name):
    await FileSource(kept(ROUNDS, name)).run(found)
    (watched,) = found.runs
    plain = Watch()
    stream = plain.open("x", TempSpool())
    stream.feed(ROUNDS)
    stream.close()
    assert watched.reach == watched.events
    for event in (0, 5, 17, watched.events):
        assert state(watched.at(event)) == state(plain.runs[0].at(event))
    assert watched.frame_of(3) == plain.runs[0].frame_of(3)
    plain.close()


async def test_a_recording_without_times_is_paced_as_a_body(found, kept):
    await FileSource(kept(ROUNDS, is_timed=False)).run(found)
    await FileSource(kept(ROUNDS, "timed.skrec")).run(found)
    length = [watched.history.ended_at - watched.history.began_at for watched in found.runs[:1]]
    assert 0.5 < length[0] < 1.0, "as long as the server says that it took"


async def test_remarks_stand_at_their_moment_and_exchanges_nowhere(found, kept):
    await FileSource(kept(ROUNDS)).run(found)
    (watched,) = found.runs
    assert watched.remarks == [(0.25, "look \x1b[2Jhere")]
    assert watched.run.events.get("message") is None


@pytest.mark.parametrize(("reason", "error"), [("cancelled", None), ("error", "ConnectionResetError: gone")])
async def test_how_it_ended_is_a_remark_unless_that_was_the_end_of_the_body(found, kept, reason, error):
    await FileSource(kept(ROUNDS, end=reason, error=error)).run(found)
    told = found.runs[0].remarks[-1].text
    assert told == ": ".join(filter(None, (f"recording ended: {reason}", error)))


async def test_what_a_file_is_shows_in_it_and_not_in_its_name(found, kept, tmp_path):
    disguised = tmp_path / "x.sse"
    disguised.write_bytes(kept(ROUNDS).read_bytes())
    (tmp_path / "y.skrec").write_bytes(ROUNDS)
    (tmp_path / "z").write_bytes(codec("x").compress(ROUNDS))
    for path in (disguised, tmp_path / "y.skrec", tmp_path / "z"):
        other = Watch()
        await FileSource(path).run(other)
        assert state(other.runs[0].run) == state(read_runs([str(path)])[0])
        assert other.runs[0].at(3).executions
        other.close()


# ---- what is wrong with it


async def test_of_a_damaged_one_what_came_before_is_shown_and_why_it_ends_there(found, kept):
    path = kept(ROUNDS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:30], b"junk\n", *lines[30:]]))
    await FileSource(path).run(found)
    (watched,) = found.runs
    assert 5 < watched.events < 29
    assert watched.problem.startswith("line 31 is no entry: ")
    assert not watched.live


async def test_one_of_another_version_says_so(found, tmp_path):
    path = tmp_path / "x.skrec"
    path.write_bytes(b'{"format":"skrec","version":2}\n[0,"b","a"]\n')
    await FileSource(path).run(found)
    assert found.runs[0].problem == "line 1 is version 2 of the format; this streamkit reads 1"


async def test_one_whose_writer_was_killed_is_shown_to_its_last_line(found, kept):
    path = kept(ROUNDS)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    await FileSource(path).run(found)
    (watched,) = found.runs
    assert (watched.problem, watched.live, watched.run.status) == (None, False, "interrupted")
    assert watched.now() == watched.history.time_of(watched.events), "it ended with what came last"


@pytest.mark.parametrize("data", [b'{"format":"skrec","version":1}\n', b'{"format":"skrec","version":1}'])
async def test_one_without_entries_is_an_empty_body(found, tmp_path, data):
    path = tmp_path / "x.skrec"
    path.write_bytes(data)
    await FileSource(path).run(found)
    assert (found.runs[0].problem, found.runs[0].live) == ("is empty", False)


# ---- several bodies of a run


PAUSED, RESUMED = BODIES["dify/wf_human_1_paused"], BODIES["dify/wf_human_2_resumed_approve"]


@pytest.mark.parametrize(
    "created",
    [("2026-11-22T09:00:00Z", "2026-11-22T09:10:00Z"), (None, None), ("2026-11-22T09:00:00Z", None)],
    ids=["known", "unknown", "half known"],
)
async def test_a_run_that_went_on_in_another_recording_has_the_times_that_inspect_shows(found, kept, created):
    paths = [kept(PAUSED, "a.skrec", created=created[0]), kept(RESUMED, "b.skrec", created=created[1])]
    for path in paths:
        await FileSource(path).run(found)
    (watched,) = found.runs
    assert published(watched.run) == published(read_runs(list(map(str, paths)))[0])
    waited = watched.history.time_of(watched.events) - watched.history.time_of(watched.segments[0].last)
    assert (waited > 500) is (None not in created)
    assert watched.remarks[1].time - watched.remarks[0].time > len(PAUSED.splitlines()) * 0.2


# ---- cuts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_in_any_pieces_it_is_the_same(found, kept, name, size, tmp_path):
    data = kept(ROUNDS, name).read_bytes()
    intake = Intake(found.open("x", BodySpool(tmp_path / "x")))
    for start in range(0, len(data), size):
        await intake.take(data[start : start + size])
    assert intake.is_ended, "the recording says that it is at its end"
    intake.close()
    await FileSource(tmp_path / name).run(found)
    assert published(found.runs[0].run) == published(found.runs[1].run)
