"""A play sends its body in time, holds at gates, breaks where it must, and ends once it is stopped."""

import asyncio

import pytest

from streamkit.errors import ReplayError
from streamkit.replay.faults import Fault
from streamkit.replay.gates import Gate
from streamkit.replay.library import Take
from streamkit.replay.playing import Play, Plays
from streamkit.replay.schedule import ChunkSize
from streamkit.replay.sessions import Session, Sessions
from tests.unit.replay.serving import DIFY, frame, recorded

FRAMES = [frame("message", id="m", answer=word) for word in ("one", "two", "three")] + [frame("message_end", id="m")]
BODY = b"".join(FRAMES)


class Line:
    """A connection that keeps what goes over it."""

    def __init__(self):
        self.sent = []
        self.ended = ""
        self.begun = asyncio.Event()

    async def write(self, data):
        self.sent.append(data)
        self.begun.set()

    async def cut(self):
        self.ended = "cut"

    async def reset(self):
        self.ended = "reset"

    @property
    def body(self):
        return b"".join(self.sent)


def take(times=()):
    return Take(recorded(*FRAMES, times=times), "chat")


def session_of(one: Take) -> Session:
    return Sessions().open([one])


def play(*faults, times=(), document=None, **how):
    one = take(times)
    made = Play(1, one, faults=[Fault.parse(fault) for fault in faults], **how)
    made.begin(session_of(one), document=document)
    return made


async def performed(made):
    line = Line()
    await made.perform(line, asyncio.get_running_loop().time)
    return line


async def test_chunks_are_written_as_recorded():
    made = play()
    line = await performed(made)
    assert line.sent == FRAMES
    assert (made.outcome, made.sent, made.is_over) == ("played", len(BODY), True)


async def test_chunks_are_cut_anew():
    line = await performed(play(chunk_size=ChunkSize(10)))
    assert line.body == BODY
    assert {len(piece) for piece in line.sent[:-1]} == {10}


async def test_times_are_absolute_so_delays_do_not_add_up():
    """Each write takes longer than the time to the next chunk: all of them are late already, and none waits."""
    now = [0.0]

    class Slow(Line):
        async def write(self, data):
            await super().write(data)
            now[0] += 1000.0

    made = play(times=(0.0, 900.0, 1800.0, 2700.0), speed=1.0)
    await asyncio.wait_for(made.perform(Slow(), lambda: now[0]), 60)
    assert made.outcome == "played"


async def test_the_speed_divides_the_times():
    made = play(times=(0.0, 0.0, 0.0, 100.0), speed=10_000.0)
    await asyncio.wait_for(performed(made), 60)
    assert made.outcome == "played"


# ---- gates


async def test_a_play_is_held_before_a_place_and_goes_on():
    made, line = play(hold_before=["message#2", "message_end"]), Line()
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, asyncio.get_running_loop().time))
        assert await made.reached() == "message#2"
        assert line.body == FRAMES[0]
        made.release()
        assert await made.reached() == "message_end"
        assert line.body == b"".join(FRAMES[:3])
        made.release()
        assert await made.finished() == "played"
    assert line.body == BODY


async def test_a_gate_in_the_middle_of_a_chunk_holds_the_rest_of_it():
    one = Take(recorded(BODY), "whole")
    made, line = Play(1, one, hold_before=[1]), Line()
    made.begin(session_of(one))
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, asyncio.get_running_loop().time))
        await made.reached()
        assert line.body == FRAMES[0]
        made.release()


async def test_a_gate_behind_the_last_byte_holds_the_end():
    one = Take(recorded(FRAMES[0]), "endless")
    made = Play(1, one, hold_before=["stop"])
    made.begin(session_of(one))
    line = Line()
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, asyncio.get_running_loop().time))
        await made.reached()
        assert (line.body, made.is_over) == (FRAMES[0], False)
        made.release()


async def test_a_play_that_ends_before_its_gate_says_so():
    made = play("cut-after=5", hold_before=["message_end"])
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_refused(made))
        await performed(made)
    assert "it ended (cut) before message_end" in waiting.result()


async def _refused(made):
    with pytest.raises(ReplayError) as caught:
        await made.reached()
    return str(caught.value)


async def test_without_a_gate_there_is_nothing_to_wait_for_or_release():
    with pytest.raises(ReplayError, match="no gate holds it"):
        await play().reached()
    with pytest.raises(ReplayError, match="no gate holds it"):
        play().release()


def test_a_gate_at_a_place_that_is_not_there_is_refused_at_once():
    with pytest.raises(ReplayError, match="there is no node_finished:x"):
        Play(1, take(), hold_before=["node_finished:x"])


async def test_what_a_gate_held_back_moves_what_follows():
    made, line, now = play(times=(0.0, 0.0, 0.0, 0.05), speed=1.0, hold_before=[1]), Line(), [0.0]
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, lambda: now[0]))
        await made.reached()
        now[0], released_at = 50.0, loop.time()
        made.release()
    assert loop.time() - released_at >= 0.04  # the last chunk is not late, although it was due long ago
    assert line.body == BODY


# ---- faults


@pytest.mark.parametrize(
    ("fault", "body", "ended"),
    [
        ("cut-after=10", BODY[:10], "cut"),
        ("cut-after=0", b"", "cut"),
        ("cut-before=message_end", b"".join(FRAMES[:3]), "cut"),
        ("reset-before=2", b"".join(FRAMES[:2]), "reset"),
        ("cut-after=100000", BODY, "cut"),
        ("drop=message#2", FRAMES[0] + FRAMES[2] + FRAMES[3], ""),
        ("duplicate=message#2", b"".join([FRAMES[0], FRAMES[1], *FRAMES[1:]]), ""),
    ],
)
async def test_a_fault_breaks_the_body_where_it_says(fault, body, ended):
    made = play(fault)
    line = await performed(made)
    assert (line.body, line.ended) == (body, ended)
    assert made.outcome == ("cut" if ended else "played")


async def test_a_stall_ends_by_itself_if_it_has_seconds():
    line = await asyncio.wait_for(performed(play("stall-after=3,seconds=0.01")), 60)
    assert line.sent[0] == BODY[:3]
    assert line.body == BODY


async def test_an_endless_stall_ends_when_the_run_is_stopped():
    made, line = play("stall-before=message#2"), Line()
    async with asyncio.TaskGroup() as group:
        performing = group.create_task(made.perform(line, asyncio.get_running_loop().time))
        await line.begun.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        assert (line.body, performing.done()) == (FRAMES[0], False)
        made.stop(None)
    assert line.body == BODY


def test_a_fault_at_a_place_that_is_not_there_is_refused():
    with pytest.raises(ReplayError, match="there is no node_finished"):
        play("drop=node_finished")


# ---- stop


async def test_a_stopped_run_ends_with_what_its_server_says():
    made, line = play(hold_before=["message#3"]), Line()
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, asyncio.get_running_loop().time))
        await made.reached()
        made.stop(b"data: the end\n\n")
        assert await made.finished() == "stopped"
    assert line.body == FRAMES[0] + FRAMES[1] + b"data: the end\n\n"


async def test_a_run_is_stopped_at_the_end_of_a_frame():
    made = play(chunk_size=ChunkSize(7))
    line = Line()

    async def write(data):
        line.sent.append(data)
        if len(line.sent) == 3:
            made.stop(b"END")

    line.write = write
    await made.perform(line, asyncio.get_running_loop().time)
    assert line.body == FRAMES[0] + b"END"


async def test_a_stop_does_not_wait_for_what_is_due_later():
    made, line = play(times=(0.0, 1000.0, 1000.0, 1000.0), speed=1.0), Line()

    async def stop():
        await line.begun.wait()
        made.stop(b"END")

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, asyncio.get_running_loop().time))
        group.create_task(stop())
    assert line.body == FRAMES[0] + b"END"


async def test_a_recording_that_was_stopped_itself_goes_on_to_its_end():
    one = Take(recorded((DIFY / "wf_stopped.sse").read_bytes()), "stopped")
    made, line = Play(1, one, hold_before=["stop"]), Line()
    made.begin(session_of(one))
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, asyncio.get_running_loop().time))
        assert await made.reached() == "stop"
        assert b'"stopped"' not in line.body
        made.stop(None)
    assert line.body == one.body
    assert made.outcome == "played"


# ---- documents


async def test_a_document_comes_when_the_stream_would_have_ended():
    one = take(times=(0.0, 0.01, 0.02, 0.03))
    made = Play(1, one, hold_before=["message#2"], speed=1.0)
    made.begin(session_of(one), document=b"{}")
    assert [gate.offset for gate in made.gates] == [0]
    loop, line = asyncio.get_running_loop(), Line()
    began_at = loop.time()
    async with asyncio.TaskGroup() as group:
        group.create_task(made.perform(line, loop.time))
        await made.reached()
        assert line.body == b""
        made.release()
    assert line.body == b"{}"
    assert loop.time() - began_at >= 0.02


async def test_faults_of_a_stream_leave_a_document_whole_or_break_it():
    assert (await performed(play("drop=message", "duplicate=message", document=b"{}"))).body == b"{}"
    assert (await performed(play("cut-after=1", document=b"{}"))).body == b"{"
    assert (await performed(play("cut-before=message_end", document=b"{}"))).body == b""


# ---- all of them


def test_plays_are_queued_until_something_fits():
    plays = Plays()
    one, other = (Play(plays.number(), take()) for _ in range(2))
    plays.queue(one)
    plays.queue(other)
    assert plays.numbered(1) is one
    assert plays.take_first(lambda play: play.number == 2) is other
    assert plays.take_first(lambda play: play.number == 2) is None
    assert plays.waiting() == [one]
    plays.clear()
    assert (plays.waiting(), one.is_over, plays.numbered(1)) == ([], True, None)


def test_the_oldest_play_is_forgotten_where_there_are_very_many(monkeypatch):
    monkeypatch.setattr("streamkit.replay.playing._KEPT", 2)
    plays, all_of_them = Plays(), [Play(number, take()) for number in range(4)]
    for play in all_of_them:
        plays.begin(play)
        play.end("played")
    assert [plays.numbered(number) is not None for number in range(4)] == [False, False, True, True]


def test_gates_are_in_the_order_of_the_body():
    made = play(hold_before=["message_end", "message#2"])
    made.hold(Gate("form", 0))
    assert [gate.place for gate in made.gates] == ["form", "message#2", "message_end"]
