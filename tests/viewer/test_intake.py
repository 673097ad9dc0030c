"""What is read, on its way into a stream."""

import anyio
import pytest

from streamkit.recording import Header, Recorder, Recording
from tests.viewer.bodies import BODIES, memory, state, watch
from viewer.intake import Intake
from viewer.stream import Watch

BODY = BODIES["dify/wf_retry_then_success"]
DOCUMENT = BODIES["hostile/blocking_workflow"]


@pytest.fixture
def intake():
    return Intake(Watch().open("x", memory()))


@pytest.mark.parametrize("name", ["dify/wf_retry_then_success", "hostile/blocking_workflow", "hostile/events"])
@pytest.mark.parametrize("size", [1, 50, 10**6])
async def test_whatever_is_read_is_fed(intake, name, size):
    body = BODIES[name]
    for start in range(0, len(body), size):
        await intake.take(body[start : start + size])
    intake.close()
    assert state(intake.stream.watched.run) == state(watch(body).runs[0].run)
    assert (intake.is_ended, intake.last) == (True, None)


async def test_what_is_held_is_no_problem_yet(intake):
    assert intake.problem() == "is empty"
    await intake.take(DOCUMENT[:20])
    assert intake.problem() is None
    intake.close()
    assert intake.problem() == "begins like JSON, but holds no JSON object"


async def test_at_the_end_nothing_more_is_taken(intake):
    await intake.take(BODY[:2000])
    intake.close()
    events = intake.stream.watched.events
    await intake.take(BODY[2000:])
    intake.close()
    assert intake.stream.watched.events == events > 0


async def test_others_work_while_much_is_taken(intake):
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        await intake.take(BODY * 30)
        tasks.cancel_scope.cancel()
    assert turns >= len(BODY) * 30 // 16384


# ---- recorded


async def test_what_comes_is_recorded_with_its_times_and_without_secrets(tmp_path):
    path, now = tmp_path / "x.skrec", [100.0]
    body = BODIES["dify/wf_human_1_paused"]
    token = watch(body).runs[0].run.forms[0].token
    with Recorder(path, Header(), clock=lambda: now[0]) as recorder:
        intake = Intake(Watch().open("x", memory()), recorder=recorder)
        for start in range(0, len(body), 1000):
            await intake.take(body[start : start + 1000])
            now[0] += 1
        intake.close()
    recording = Recording.load(path)
    assert recording.is_whole
    assert [chunk.at for chunk in recording.chunks] == [*map(float, range(len(recording.chunks)))]
    assert len(recording.body) == len(body)
    assert token not in path.read_text()
    assert token in body.decode()


async def test_a_full_disk_is_told_and_the_run_goes_on(tmp_path):
    class Full(Recorder):
        def write(self, chunk, at=None):
            raise OSError(28, "No space left on device")

    with Full(tmp_path / "x.skrec") as recorder:
        intake = Intake(Watch().open("x", memory()), recorder=recorder)
        await intake.take(BODY)
        intake.close()
    assert intake.stream.watched.problem == "not recorded any more: no space left on device"
    assert intake.stream.watched.run.status == "partial-succeeded"
