"""A tap on one body: bytes go in, typed events come out, the run stands beside them, and nothing of a chunk stays."""

import json
import random
import sys
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from streamkit import Run, Tap, UnknownDialect
from streamkit.dialects.base import Malformed, Unknown
from streamkit.dialects.dify import events as dify

PROTOCOL = Path(__file__).parents[2] / "fixtures" / "dify" / "protocol"

PING = b"event: ping\n\n"


def sse(word, /, **fields):
    return b"data: " + json.dumps({"event": word, **fields}, ensure_ascii=False).encode() + b"\n\n"


def wf(word, /, **data):
    """A frame of the workflow run `r`."""
    return sse(word, workflow_run_id="r", task_id="t", data=data)


def sample(number):
    (path,) = PROTOCOL.glob(f"{number}_*.sse")
    return path.read_bytes()


def tap_on(body, name="dify", **options):
    """A tap that has seen a whole body and its end."""
    tap = Tap(name, **options)
    tap.feed(body)
    tap.close()
    return tap


def anomalies(run):
    return [(anomaly.kind, anomaly.frame) for anomaly in run.anomalies]


# ---- as the README shows it


def test_a_gateway_passes_bytes_on_and_has_the_run_beside_them():
    body = sample("04")
    chance, passed, seen, clock = random.Random(1), [], [], iter(range(10_000))  # noqa: S311
    upstream, rest = [], body
    while rest:
        size = chance.randint(1, 300)
        upstream.append(rest[:size])
        rest = rest[size:]

    tap = Tap("dify")
    for chunk in upstream:
        passed.append(chunk)
        seen.extend(event.kind for event in tap.feed(chunk, at=next(clock)))
    tap.close(at=next(clock))

    assert b"".join(passed) == body
    assert seen[0] == "workflow_started"
    assert seen[-1] == "workflow_finished"
    assert (tap.run.status, tap.run.usage.total_tokens, len(tap.run.nodes)) == ("succeeded", 24, 4)


def test_a_run_that_paused_goes_on_in_the_next_body():
    tap = tap_on(sample("11"))
    assert tap.run.status == "paused"
    resumed = Tap("dify", run=tap.run)
    resumed.feed(sample("12"))
    resumed.close()
    assert resumed.run is tap.run
    assert (tap.run.status, len(tap.run.nodes), len(tap.run.segments)) == ("succeeded", 4, 2)


# ---- what feed returns


def test_events_are_typed_and_come_with_the_bytes_that_complete_them():
    tap = Tap("dify")
    first, second = sse("message", answer="Hi"), sse("message_end", message_id="m")
    assert tap.feed(first[:-1]) == []
    (message,) = tap.feed(first[-1:] + second[:20])
    (end,) = tap.feed(second[20:])
    assert isinstance(message, dify.Message)
    assert message.answer == "Hi"
    assert isinstance(end, dify.MessageEnd)


def test_unknown_and_malformed_events_are_returned_too_with_their_bytes():
    unknown, malformed = Tap("dify").feed(sse("from_the_future", task_id="t") + b"data: {oops\n\n")
    assert isinstance(unknown, Unknown)
    assert unknown.word == "from_the_future"
    assert json.loads(unknown.raw)["task_id"] == "t"
    assert isinstance(malformed, Malformed)
    assert malformed.raw == b"{oops"


def test_heartbeats_are_counted_and_appear_nowhere_else():
    """Comments, blocks without data, and pings as JSON."""
    tap = Tap("dify")
    tap.feed(wf("workflow_started", id="r"))
    before = tap.run.snapshot()
    assert tap.feed(PING + b": hi\n\n" + sse("ping")) == []
    after = tap.run.snapshot()
    assert after.stats.heartbeats == 3
    assert after.stats.events == before.stats.events == {"workflow_started": 1}
    assert after.revision == before.revision


def test_events_that_only_the_end_completes_are_returned_by_close():
    tap = Tap("dify")
    assert tap.feed(b'{"code":"x","message":"denied","status":401}') == []
    (error,) = tap.close()
    assert isinstance(error, dify.Error)
    assert (tap.run.status, tap.run.error.message) == ("failed", "denied")


def test_with_auto_events_come_late_and_none_is_lost():
    tap = Tap("auto")
    assert tap.feed(b'data: {"x":1}\n\n' * 3) == []
    assert tap.run.dialect == "auto"
    assert [event.kind for event in tap.feed(sse("message", answer="Hi"))] == ["malformed"] * 3 + ["message"]
    assert tap.run.dialect == "dify"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_chunk_may_be_anything_that_holds_bytes(kind):
    body = sample("01")
    tap = Tap("dify")
    tap.feed(kind(body))
    tap.close()
    assert tap.run.snapshot() == tap_on(body).run.snapshot()


# ---- beginning and ending


def test_a_dialect_that_does_not_exist_is_the_callers_mistake():
    with pytest.raises(UnknownDialect):
        Tap("difi")


def test_a_run_of_another_dialect_is_the_callers_mistake():
    run = tap_on(sample("01")).run
    with pytest.raises(ValueError, match="the run is of dialect 'dify', not 'ragflow'"):
        Tap("ragflow", run=run)


@pytest.mark.parametrize("name", ["auto", "dify"])
def test_the_dialect_of_a_run_is_known_to_its_next_tap(name):
    run = tap_on(sample("11")).run
    (event,) = Tap(name, run=run).feed(b'data: {"x":1}\n\n')  # nothing is held back to be recognised
    assert event.kind == "malformed"


def test_a_tap_may_be_given_a_run_that_nothing_was_folded_into():
    run = Run("dify")
    assert tap_on(sample("01"), run=run).run is run
    assert run.status == "succeeded"


def test_feeding_after_the_end_is_the_callers_mistake_and_changes_nothing():
    tap = tap_on(sample("01"))
    before = tap.run.snapshot()
    with pytest.raises(RuntimeError, match=r"after close.*needs another parser or tap"):
        tap.feed(sse("message", answer="more"))
    assert tap.run.snapshot() == before


def test_closing_twice_does_nothing_more():
    tap = Tap("dify")
    tap.feed(wf("node_started", id="e", node_id="n"))
    assert tap.close(at=5) == []
    before = tap.run.snapshot()
    assert tap.close(at=9) == []
    assert tap.run.snapshot() is before


def test_a_body_that_ends_before_its_run_does_leaves_it_interrupted():
    run = tap_on(wf("workflow_started", id="r") + wf("node_started", id="e", node_id="n")).run
    assert (run.status, run.settled, run.executions["e"].status) == ("interrupted", False, "unknown")


@pytest.mark.parametrize("name", ["dify", "auto"])
def test_an_empty_body_is_an_interrupted_run_without_anomalies(name):
    run = tap_on(b"", name).run
    assert (run.status, run.dialect, run.anomalies, run.bytes, run.frames) == ("interrupted", "dify", [], 0, 0)


def test_an_interrupted_run_goes_on_in_the_next_body():
    run = tap_on(wf("workflow_started", id="r") + wf("node_started", id="e", node_id="n")).run
    rest = wf("node_finished", id="e", node_id="n", status="succeeded")
    tap_on(rest + wf("workflow_finished", id="r", status="succeeded"), run=run)
    assert (run.status, run.executions["e"].status) == ("succeeded", "succeeded")


# ---- one run


@pytest.mark.parametrize(
    ("ours", "foreign"),
    [
        ({"workflow_run_id": "r"}, {"workflow_run_id": "R"}),
        ({"message_id": "m"}, {"message_id": "M"}),
        ({"workflow_run_id": "r", "message_id": "m"}, {"workflow_run_id": "R", "message_id": "m"}),
    ],
)
def test_a_frame_of_another_run_is_returned_and_counted_and_not_applied(ours, foreign):
    tap = Tap("dify")
    tap.feed(sse("message", answer="Hi", **ours))
    (event,) = tap.feed(sse("message", answer=" and bye", **foreign))
    assert event.answer == " and bye"
    assert (tap.run.text, tap.run.anomalies[0].detail) == ("Hi", "message")
    assert anomalies(tap.run) == [("foreign-run", 1)]
    assert tap.run.events == {"message": 2}


def test_a_frame_that_names_no_run_is_of_this_one():
    tap = Tap("dify")
    tap.feed(sse("message", answer="Hi", message_id="m") + sse("message", answer="!"))
    assert (tap.run.text, tap.run.anomalies) == ("Hi!", [])


# ---- what is counted


def test_bytes_frames_and_events_are_counted_over_all_bodies():
    first, second = wf("workflow_started", id="r") + PING, wf("workflow_paused") + b"data: {oops\n\n"
    run = tap_on(first).run
    tap_on(second, run=run)
    assert (run.bytes, run.frames, run.heartbeats) == (len(first + second), 3, 1)
    assert run.events == {"workflow_started": 1, "workflow_paused": 1, "malformed": 1}


def test_an_anomaly_names_its_frame_counted_over_all_bodies():
    run = tap_on(wf("workflow_started", id="r") + b"data: {oops\n\n").run
    tap_on(wf("workflow_paused") + sse("future", task_id="t"), run=run)
    assert anomalies(run) == [("malformed-event", 1), ("unknown-event", 3)]


def test_an_anomaly_of_the_body_names_no_frame():
    run = tap_on(wf("workflow_started", id="r") + b"data: cut").run
    assert anomalies(run) == [("unterminated-frame", None)]


@pytest.mark.parametrize("size", [1, 2, 7, 100, 10_000])
def test_anomalies_stand_in_the_order_of_the_stream_whatever_the_split(size):
    """Only the first thousand are kept, so the order decides which ones."""
    tap = Tap("dify", max_frame_bytes=200)
    body = sse("future", task_id="t") + sse("message", answer="x" * 300) + sse("future", task_id="t") + b"data: cut"
    for start in range(0, len(body), size):
        tap.feed(body[start : start + size])
    tap.close()
    kinds = ["unknown-event", "frame-too-large", "unknown-event", "unterminated-frame"]
    assert anomalies(tap.run) == list(zip(kinds, [0, None, 1, None], strict=True))


@pytest.mark.parametrize("size", [1, 10_000])
def test_what_was_dropped_before_a_heartbeat_is_reported_whatever_the_split(size):
    """A ping as JSON is no event, but what came before it is no less true."""
    tap = Tap("dify", max_frame_bytes=200)
    body = sse("message", answer="x" * 300) + sse("ping")
    for start in range(0, len(body), size):
        tap.feed(body[start : start + size])
    assert anomalies(tap.run) == [("frame-too-large", None)]
    assert tap.run.heartbeats == 1


@pytest.mark.parametrize("size", [1, 10_000])
def test_what_only_the_end_finds_out_is_about_no_frame(size):
    """Least of all about the one that happened to be folded last."""
    tap = Tap("dify", max_frame_bytes=200)
    body = wf("agent_log", node_id="never") + sse("message", answer="x" * 300) + wf("workflow_started", id="r")
    for start in range(0, len(body), size):
        tap.feed(body[start : start + size])
    tap.close()
    assert anomalies(tap.run) == [("frame-too-large", None), ("orphan-log", None)]


# ---- arrival times


def test_every_arrival_time_is_that_of_the_bytes_that_say_so():
    tap, run = Tap("dify"), None
    run = tap.run
    tap.feed(PING, at=0)
    assert (run.seen_at, run.last_progress_at, run.last_heartbeat_at) == (None, None, 0)
    tap.feed(wf("workflow_started", id="r"), at=1)
    assert (run.seen_at, run.last_progress_at) == (1, 1)
    tap.feed(PING, at=2)
    assert (run.last_progress_at, run.last_heartbeat_at) == (1, 2)
    tap.feed(wf("node_started", id="e", node_id="llm"), at=3)
    node = run.executions["e"]
    tap.feed(wf("text_chunk", text="", from_variable_selector=["llm", "text"]), at=4)
    assert (run.first_token_at, node.first_token_at, run.last_progress_at) == (None, None, 4)
    tap.feed(wf("text_chunk", text="Hi", from_variable_selector=["llm", "text"]), at=5)
    tap.feed(wf("text_chunk", text="!", from_variable_selector=["llm", "text"]), at=6)
    tap.feed(wf("node_finished", id="e", node_id="llm", status="succeeded"), at=7)
    tap.feed(wf("workflow_finished", id="r", status="succeeded"), at=8)
    tap.feed(sse("ping"), at=9)
    tap.close(at=10)
    assert (node.seen_at, node.first_token_at, node.ended_at) == (3, 5, 7)
    assert (run.seen_at, run.first_token_at, run.ended_at) == (1, 5, 8)
    assert (run.last_progress_at, run.last_heartbeat_at) == (8, 9)


def test_a_frame_that_comes_in_pieces_arrives_with_its_last_one():
    tap, frame = Tap("dify"), wf("node_started", id="e", node_id="n")
    tap.feed(frame[:9], at=1)
    tap.feed(frame[9:], at=2)
    assert (tap.run.seen_at, tap.run.executions["e"].seen_at) == (2, 2)


def test_what_only_the_end_of_the_body_ends_ended_then():
    tap = Tap("dify")
    tap.feed(wf("node_started", id="e", node_id="n"), at=1)
    tap.close(at=2)
    assert (tap.run.ended_at, tap.run.executions["e"].ended_at) == (2, 2)


def test_a_run_that_goes_on_has_not_ended():
    tap = Tap("dify")
    tap.feed(wf("workflow_started", id="r") + wf("workflow_paused"), at=1)
    tap.close(at=2)
    assert tap.run.ended_at == 1
    Tap("dify", run=tap.run).feed(wf("workflow_started", id="r", reason="resumption"), at=3)
    assert (tap.run.ended_at, tap.run.seen_at) == (None, 1)


def test_without_a_clock_nothing_has_a_time():
    state = json.loads(msgspec.json.encode(tap_on(sample("10")).run.snapshot()))
    times = {"seen_at", "ended_at", "first_token_at", "last_progress_at", "last_heartbeat_at"}
    assert {state[key] for key in times} == {None}
    assert {node[key] for node in state["nodes"] for key in times & node.keys()} == {None}


# ---- nothing of a chunk stays


def blob(size):
    return "".join(random.Random(size).choices("abcdefgh", k=size))  # noqa: S311


def with_payloads():
    facts = {"id": "e", "node_id": "n", "status": "succeeded", "inputs": {"q": 1}, "outputs": {"a": [1, "x"]}}
    return wf("node_finished", **facts, process_data={"p": 1}, execution_metadata={"total_tokens": 3, "other": 1})


def line(frame):
    return frame.removeprefix(b"data: ").removesuffix(b"\n")


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param(with_payloads() + b": " + blob(100_000).encode() + b"\n\n", id="a frame and a comment"),
        pytest.param(with_payloads() + with_payloads()[:-20], id="a frame and the beginning of the next"),
        pytest.param(b"data: " + blob(1000).encode(), id="the beginning of a frame"),
        pytest.param(b"event: x\ndata: 1\n", id="a block without its blank line"),
        pytest.param(sse("future", task_id="t") + b"data: {oops\n\n", id="what is kept raw"),
        pytest.param(with_payloads().replace(b"\n\n", b"\ndata:\n\n"), id="data of two lines"),
        pytest.param(line(with_payloads()) * 3, id="lines of JSON"),
        pytest.param(b"{\n" + blob(1000).encode(), id="the beginning of a document"),
    ],
)
@pytest.mark.parametrize("name", ["dify", "auto"])
def test_nothing_that_a_tap_returns_or_keeps_refers_to_the_chunk(name, chunk):
    """A view of it, in an event or in the run, would keep all of it alive for seven bytes."""
    tap = Tap(name)
    references = sys.getrefcount(chunk)
    kept = tap.feed(chunk)
    kept += tap.feed(b"")
    snapshot = tap.run.snapshot()
    assert sys.getrefcount(chunk) == references
    assert (kept, snapshot) is not None  # still alive when it was counted


def test_a_large_chunk_is_gone_as_soon_as_its_caller_drops_it():
    tracemalloc.start()
    try:
        tap = Tap("dify")
        kept = tap.feed(with_payloads() + b": " + b"x" * 10_000_000 + b"\n\n" + with_payloads())
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == 2
    assert held < 200_000


# ---- linear


def calls(action, *args):
    """Python and C functions called: what work costs, without a clock."""
    count = 0

    def profile(_frame, happened, _arg):
        nonlocal count
        count += happened in ("call", "c_call")

    sys.setprofile(profile)
    try:
        action(*args)
    finally:
        sys.setprofile(None)
    return count


def byte_by_byte(body, tap):
    for start in range(len(body)):
        tap.feed(body[start : start + 1])


SHAPES = {
    "a frame": lambda size: wf("node_finished", id="e", node_id="n", status="succeeded", outputs={"a": blob(size)}),
    "a frame of many lines": lambda size: b"data: {\n" + b'data: "a":0,\n' * (size // 13) + b'data: "event":"x"}\n\n',
    "a comment": lambda size: b": " + blob(size).encode() + b"\n\n",
    "a document": lambda size: b'{"event": "error",\n"message": "' + blob(size).encode() + b'"}\n',
    "a line": lambda size: line(sse("message", answer=blob(size))) + line(sse("message", answer="x")),
    "a line end of CR": lambda size: b"data: " + blob(size).encode() + b"\r\r",
}


@pytest.mark.untraced
@pytest.mark.parametrize("shape", SHAPES)
def test_an_event_in_single_bytes_costs_calls_in_proportion_to_its_length(shape):
    once, thrice = SHAPES[shape](5_000), SHAPES[shape](15_000)
    cost = calls(byte_by_byte, once, Tap("dify")) / len(once)
    assert calls(byte_by_byte, thrice, Tap("dify")) / len(thrice) <= 1.05 * cost


def lines(body, tap):
    """Lines of Python run, also those of loops that call nothing."""
    count = 0

    def trace(_frame, happened, _arg):
        nonlocal count
        count += happened == "line"
        return trace

    sys.settrace(trace)
    try:
        tap.feed(body)
        tap.close()
    finally:
        sys.settrace(None)
    return count


def legacy(kind, number, **more):
    """Of Dify before 1.9: in one round of a parallel iteration, which is never told, each of another node."""
    return wf(kind, id=f"{kind}{number}", node_id=f"{kind}{number}", node_type="code", iteration_id="it", **more)


def filtered(kind, number, **more):
    """Of RAGFlow since 0.26.3, without starts."""
    told = {"component_id": f"c{number}", "component_type": "LLM", "outputs": None, **more}
    return sse(kind, message_id="m", session_id="s", task_id="s", created_at=1, data=told)


HOSTILE = {
    "retries of nobody": (
        "dify",
        lambda size: [
            wf("iteration_started", id="it", node_id="it"),
            *(legacy("node_started", number, parallel_run_id="k") for number in range(size)),
            *(
                legacy("node_retry", number, retry_index=1, execution_metadata={"parallel_mode_run_id": "k"})
                for number in range(size)
            ),
        ],
    ),
    "pauses that take back an answer": (
        "dify",
        lambda size: [
            *(wf("human_input_required", form_id=f"{number}", node_id="h") for number in range(size)),
            wf("human_input_form_filled", node_id="h", action_id="go"),
            *(
                wf("workflow_paused", reasons=[{"TYPE": "human_input_required", "form_id": f"{form}", "node_id": "h"}])
                for form in (size - 1, *(number % 2 for number in range(size)))
            ),
        ],
    ),
    "ends again and again": (
        "ragflow",
        lambda size: [
            *(filtered("node_finished", number) for number in range(size)),
            *(filtered("workflow_finished", number) for number in range(size)),
        ],
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("hostile", HOSTILE)
def test_events_that_look_for_what_is_not_there_cost_work_in_proportion_to_their_number(hostile):
    dialect, stream = HOSTILE[hostile]
    cost = lines(b"".join(stream(200)), Tap(dialect))
    assert lines(b"".join(stream(600)), Tap(dialect)) <= 3 * 1.05 * cost


def memory(body, tap):
    """The most memory that feeding single bytes takes; and of every 50th byte, how many took much for a moment."""
    chunks = [body[start : start + 1] for start in range(len(body))]
    most = costly = 0
    tracemalloc.start()
    try:
        for number, chunk in enumerate(chunks):
            if number % 50:
                tap.feed(chunk)
                continue
            before, peak = tracemalloc.get_traced_memory()
            most = max(most, peak)
            tracemalloc.reset_peak()
            tap.feed(chunk)
            costly += tracemalloc.get_traced_memory()[1] - before > 8_000
        most = max(most, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    return most, costly


@pytest.mark.untraced
@pytest.mark.parametrize("shape", SHAPES)
def test_an_event_in_single_bytes_takes_memory_in_proportion_to_its_length(shape):
    """Less than four times the event, beyond what a tap takes anyway."""
    short, long = SHAPES[shape](5_000), SHAPES[shape](20_000)
    anyway, _ = memory(short, Tap("dify"))
    peak, costly = memory(long, Tap("dify"))
    assert peak - anyway < 4 * (len(long) - len(short))
    # No byte copies what is there already, which would be work by the square; but a buffer grows now and then.
    assert costly <= 5
