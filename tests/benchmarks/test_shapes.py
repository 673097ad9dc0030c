"""The catalogue of workloads holds what it says: what must come out of each shape is written here, not computed."""

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.chunkings import CHUNKINGS
from benchmarks.shapes import SHAPES
from streamkit import Parser, Tap

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCALE = 0.1

CHATFLOW = {"workflow_started": 1, "node_started": 3, "node_finished": 3, "message": 1000}
CHATFLOW |= {"message_end": 1, "workflow_finished": 1}


def workflow(executions, **more):
    run = {"workflow_started": 1, "node_started": executions, "node_finished": executions, "workflow_finished": 1}
    return run | more


EXPECTED = {
    "token_stream": (CHATFLOW, 3, "chatflow"),
    "mixed_workflow": (workflow(61, message=600, message_end=1), 61, "chatflow"),
    "workflow_big_payloads": (workflow(6), 6, "workflow"),
    "parallel_iteration": (
        workflow(201, iteration_started=1, iteration_next=100, iteration_completed=1),
        202,
        "workflow",
    ),
    "rounds_2000": (workflow(201, iteration_started=1, iteration_next=200, iteration_completed=1), 202, "workflow"),
    "loops": (workflow(401, loop_started=2, loop_next=198, loop_completed=2), 403, "workflow"),
    "agent_events": ({"agent_thought": 40, "agent_message": 500, "message_end": 1}, 0, "agent-chat"),
    "agent_logs": (workflow(2, agent_log=300), 2, "workflow"),
    "ragflow_agent": (workflow(11, message=600, message_end=10, stream_end=1), 11, "agent"),
    "ragflow_cumulative_500k": ({"chat_answer": 40, "stream_end": 1}, 0, "rag-chat"),
    "openai_chunks": ({"chat.completion.chunk": 1001, "done": 1}, 0, "openai-chat"),
    "pings": (CHATFLOW, 3, "chatflow"),
    "event_id_fields": (CHATFLOW, 3, "chatflow"),
    "multi_line_data": (CHATFLOW, 3, "chatflow"),
    "crlf": (CHATFLOW, 3, "chatflow"),
    "no_space": (CHATFLOW, 3, "chatflow"),
    "multibyte": (CHATFLOW, 3, "chatflow"),
    "one_12mb_event": (workflow(2), 2, "workflow"),
}
"""Of a tenth of each shape: how many events of which kind, how many executions, and the mode."""

every_shape = pytest.mark.parametrize("name", SHAPES)


@every_shape
def test_a_shape_gives_the_run_that_it_says(name):
    shape = SHAPES[name](SCALE)
    kinds, executions, mode = EXPECTED[name]
    tap = Tap(shape.dialect)
    seen = Counter(event.kind for chunk in CHUNKINGS["event"].cut(shape) for event in tap.feed(chunk))
    tap.close()
    assert seen == kinds
    assert tap.run.frames == len(shape.payloads) == sum(kinds.values())
    assert (tap.run.status, tap.run.mode, list(tap.run.anomalies)) == ("succeeded", mode, [])
    assert len(list(tap.run.walk())) == executions
    assert tap.run.text == shape.text
    assert tap.run.heartbeats == sum(block.data is None for block in shape.blocks)


@every_shape
def test_the_payloads_of_a_shape_are_its_frames_in_any_chunking(name):
    for how in CHUNKINGS.values():
        shape = SHAPES[name](SCALE * how.scale)
        parser, chunks = Parser(), how.cut(shape)
        assert b"".join(chunks) == shape.body
        assert [bytes(frame.data) for chunk in chunks for frame in parser.feed(chunk)] == shape.payloads


@every_shape
def test_a_shape_is_the_same_every_time(name):
    assert SHAPES[name](0.01) == SHAPES[name](0.01)


def test_every_shape_names_the_branch_that_it_stresses():
    assert set(EXPECTED) == set(SHAPES)
    assert all(shape.__doc__ for shape in SHAPES.values())


# ---- sizes


def test_a_token_of_a_chatflow_is_as_large_as_a_real_one():
    sizes = [len(payload) for payload in SHAPES["token_stream"](1.0).payloads if b'"event":"message"' in payload]
    recorded = (FIXTURES / "dify" / "chat_llm_400_chunks.sse").read_bytes().split(b"\n\n")
    real = [len(frame) for frame in recorded if b'"event":"message"' in frame]
    assert len(sizes) == 10_000
    assert abs(sum(sizes) / len(sizes) - sum(real) / len(real)) < 20


def test_tokens_vary():
    shape = SHAPES["token_stream"](1.0)
    told = [json.loads(payload).get("answer") for payload in shape.payloads]
    assert len(set(told)) > 50
    assert {"\n", '"', "\\", " Größe"} <= set(told)
    ids = {json.loads(payload)["task_id"] for payload in shape.payloads}
    assert len(ids) == 1


def test_big_payloads_are_of_20_to_200_kb():
    sizes = [len(payload) for payload in SHAPES["workflow_big_payloads"](1.0).payloads if b'"documents"' in payload]
    assert len(sizes) == 50
    assert min(sizes) > 15_000
    assert 150_000 < max(sizes) < 220_000


def test_rounds_2000_has_2000_rounds():
    words = Counter(json.loads(payload)["event"] for payload in SHAPES["rounds_2000"](1.0).payloads)
    assert words["iteration_next"] == 2000


def test_the_last_cumulative_answer_is_of_500_kb():
    assert 450_000 < max(map(len, SHAPES["ragflow_cumulative_500k"](1.0).payloads)) < 550_000


def test_one_event_is_of_12_mb():
    assert 12e6 < max(map(len, SHAPES["one_12mb_event"](1.0).payloads)) < 13e6


# ---- as servers write them


def form(payload):
    """What a frame looks like: its word, and the keys of itself and of its data, in their order."""
    data = payload.get("data")
    inner = tuple(data) if isinstance(data, dict) and "event" in payload else ()
    return payload.get("event"), tuple(payload), inner


def recorded(dialect):
    for path in sorted((FIXTURES / dialect).glob("*.sse")):
        for line in path.read_bytes().split(b"\n"):
            start = line.removeprefix(b"data:").lstrip()
            if line.startswith(b"data:") and start.startswith(b"{"):
                yield form(json.loads(start))


@pytest.fixture(scope="module")
def forms():
    return {dialect: set(recorded(dialect)) for dialect in ("dify", "ragflow", "openai")}


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "ragflow_cumulative_500k"])
def test_every_frame_has_the_keys_of_a_recorded_one(name, forms):
    shape = SHAPES[name](0.02)
    made = {form(json.loads(payload)) for payload in shape.payloads if payload != b"[DONE]"}
    assert made <= forms[shape.dialect]


def test_cumulative_answers_have_the_keys_of_their_protocol():
    sample = (FIXTURES / "ragflow" / "protocol" / "03_chat_v019_cumulative_moving_think_close_tag.sse").read_bytes()
    known = {form(json.loads(block[5:])) for block in sample.split(b"\n\n") if block}
    made = {form(json.loads(payload)) for payload in SHAPES["ragflow_cumulative_500k"](0.02).payloads}
    assert made <= known | {(None, ("code", "message", "data"), ())}


# ---- cutting


def test_chunks_of_a_size_have_that_size():
    shape = SHAPES["token_stream"](SCALE)
    sizes = {name: [len(chunk) for chunk in CHUNKINGS[name].cut(shape)] for name in ("64KiB", "4KiB", "1-byte")}
    assert set(sizes["64KiB"][:-1]) == {64 * 1024}
    assert set(sizes["4KiB"][:-1]) == {4 * 1024}
    assert set(sizes["1-byte"]) == {1}


def test_random_chunks_cut_frames_anywhere():
    shape = SHAPES["token_stream"](SCALE)
    chunks = CHUNKINGS["random"].cut(shape)
    ends = {chunk[-1] for chunk in chunks}
    assert len(chunks) > 100
    assert len(ends) > 20
