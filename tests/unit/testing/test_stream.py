"""What streams of all vendors can do."""

import pytest

from streamkit.recording import Recording
from streamkit.testing import DifyStream, OpenAIStream, RAGFlowStream

PAUSED = DifyStream().start().human_input()
STREAMS = {
    "dify": DifyStream().start().llm("one two three").finish(),
    "ragflow": RAGFlowStream().start().llm("one two three").finish(),
    "openai": OpenAIStream().start().llm("one two three").finish(),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_is_the_same_every_time(kind):
    assert STREAMS[kind].bytes() == STREAMS[kind].bytes()
    assert STREAMS[kind].bodies() == [STREAMS[kind].bytes()]


@pytest.mark.parametrize("kind", STREAMS)
def test_a_recording_has_frames_times_and_what_was_asked(kind, tmp_path):
    recording = STREAMS[kind].recording()
    assert recording.body == STREAMS[kind].bytes()
    assert recording.is_timed
    assert recording.is_whole
    times = [chunk.at for chunk in recording.chunks]
    assert times == sorted(times)
    assert 0 < recording.duration < 1
    assert all(chunk.data.endswith(b"\n\n") for chunk in recording.chunks)
    assert (recording.header.source.kind, recording.header.source.method) == (kind, "POST")
    assert recording.header.request.body
    assert recording.header.response.headers["Content-Type"].startswith("text/event-stream")
    recording.save(tmp_path / "x.skrec", redact=False)
    assert Recording.load(tmp_path / "x.skrec").body == recording.body


def test_a_beginning_may_have_several_ends():
    begun = DifyStream().start().llm("hi")
    before = begun.bytes()
    ends = [begun.finish().bytes(), begun.fail("429").bytes(), begun.stop().bytes()]
    assert begun.bytes() == before
    assert len({*ends, before}) == 4


def test_each_pause_is_the_end_of_a_body_and_the_stream_is_the_last_one():
    again = PAUSED.resume("approve").human_input(title="Once more").resume("reject").finish()
    first, second, third = again.bodies()
    assert (first, third) == (PAUSED.bytes(), again.bytes())
    assert b"workflow_paused" in first
    assert b"workflow_paused" in second
    assert [recording.body for recording in again.recordings()] == [first, second, third]


def test_a_seed_changes_ids_and_nothing_else():
    one, other = (DifyStream(seed=seed).start().llm("hi").finish().bytes() for seed in (0, 1))
    assert one != other
    assert len(one) == len(other)


def test_chunks_are_the_body_cut_anew():
    stream = STREAMS["ragflow"]
    assert b"".join(stream.chunks(1)) == stream.bytes()
    assert stream.chunks([5, 7])[1] == stream.bytes()[5:12]
    assert stream.chunks(seed=3) == stream.chunks(seed=3)
