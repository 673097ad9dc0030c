"""The law: any split of the bytes gives the same events and the same run, and nothing that a peer sends raises.

Everything is tried on real recordings, on recordings that were shuffled, cut and corrupted, and on events made up from
the types that the dialect knows, with values that it does not expect.
"""

import inspect
import json
import random
import sys
from itertools import chain

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.dialects.dify.events import DOCUMENTS, STREAMED
from streamkit.run import stable

from .folding import BODIES, FIXTURES, SMALL, chunks_of, fold, published, same


def everything_readable(run):
    """Read all that somebody may read of a run while it streams."""
    state = run.snapshot()
    for node in run.walk():
        _ = repr(node), node.text, node.reasoning, node.inputs, node.outputs, node.process_data, node.metadata
        _ = node.logs, node.attempts, node.model, node.cost, [turn.status for turn in node.rounds]
    _ = run.text, run.reasoning, run.usage, run.segments, run.outputs, run.inputs, run.total_tokens, run.thoughts
    _ = run.forms, run.files, run.nodes, repr(run), stable(state), state.without_secrets()
    run.changed_since(0)
    run.changed_since(state.revision)


LOOKS = [
    lambda run: None,
    everything_readable,
    lambda run: run.snapshot(),
    lambda run: (run.text, run.reasoning),
    lambda run: [node.outputs for node in run.executions.values()],
    lambda run: [node.freeze() for node in run.executions.values()],
    lambda run: [turn.freeze() for node in run.executions.values() for turn in node.rounds],
    lambda run: run.changed_since(run.revision // 2),
]


def looking(seed):
    """Look at something else each time, and often not at all."""
    chance = random.Random(seed)  # noqa: S311
    return lambda run: chance.choice(LOOKS)(run) if chance.random() < 0.3 else None


OFTEN_TRIED = settings(max_examples=2 * settings().max_examples)
"""For what has the most ways to go wrong: twice as many examples as the profile says."""

CUTS = st.lists(st.floats(0, 1, exclude_max=True), max_size=12)


def check_the_law(body, cuts, seed):
    """The same events and the same run, however the body is cut and whenever somebody looks."""
    events, run = fold(body)
    other_events, other = fold(*chunks_of(body, cuts), look=looking(seed))
    assert same(other_events, events)
    assert published(other) == published(run)
    everything_readable(other)


# ---- recordings


@pytest.mark.parametrize("name", BODIES)
def test_a_recording_in_random_pieces_gives_the_same_events_and_the_same_run(name):
    body, chance = BODIES[name], random.Random(name)  # noqa: S311
    for size in (3, 90, 2000):
        cuts = [chance.random() for _ in range(min(len(body) // size + 1, 600))]
        check_the_law(body, cuts, seed=name)


@pytest.mark.parametrize("name", [name for name, body in BODIES.items() if len(body) < 6_000])
def test_a_recording_in_single_bytes_gives_the_same_events_and_the_same_run(name):
    body = BODIES[name]
    events, run = fold(body)
    other_events, other = fold(*(body[start : start + 1] for start in range(len(body))))
    assert same(other_events, events)
    assert published(other) == published(run)


@given(st.sampled_from(SMALL), CUTS, st.integers())
def test_the_law_holds_for_any_split_of_a_recording(name, cuts, seed):
    check_the_law(BODIES[name], cuts, seed)


# ---- recordings that something happened to


def frames_of(body):
    """The blocks of a body, each with its blank line."""
    return [block + b"\n\n" for block in body.replace(b"\r\n", b"\n").split(b"\n\n") if block]


JUNK = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\xff", b"\xef\xbb\xbf"),
        *(b"{", b"}", b"[", b'"', b"\\", b"\\ud800", b"NaN"),
        *(b"data:", b"data: ", b"event: ping\n\n", b": hi\n", b"id: 1\n", b"-", b"1e999", b"null", b"true", b","),
    ]
) | st.binary(max_size=20)


@st.composite
def mishaps(draw):
    """Frames of one or two recordings: dropped, repeated, in another order; then bytes lost, added, changed."""
    frames = frames_of(BODIES[draw(st.sampled_from(SMALL))])
    if draw(st.booleans()):
        frames += frames_of(BODIES[draw(st.sampled_from(SMALL))])
    chance = draw(st.randoms(use_true_random=False))
    match draw(st.sampled_from(["as they were", "shuffled", "dropped", "repeated", "swapped", "reversed"])):
        case "shuffled":
            chance.shuffle(frames)
        case "dropped":
            frames = [frame for frame in frames if chance.random() < 0.7]
        case "repeated":
            frames = list(chain.from_iterable([frame] * chance.choice([1, 1, 2, 3]) for frame in frames))
        case "swapped":
            frames = [frames[max(0, min(len(frames) - 1, at + chance.randint(-3, 3)))] for at in range(len(frames))]
        case "reversed":
            frames.reverse()
    body = bytearray(b"".join(frames))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(body)))
        body[start : start + draw(st.sampled_from([0, 1, 2, 30, 1000]))] = draw(JUNK)
    return bytes(body)


@given(mishaps(), CUTS, st.integers())
@OFTEN_TRIED
def test_the_law_holds_whatever_happened_to_a_recording(body, cuts, seed):
    check_the_law(body, cuts, seed)


@given(st.lists(JUNK | st.just(b"data: "), max_size=40).map(b"".join), CUTS, st.integers())
@example(b"data: x" * 20_000 + b"\n\n" + b'data: {"event":"ping"}\n\n', [0.9995], 0)  # dropped before a heartbeat
@example(b"data: x" * 20_000 + b'\n\ndata: {"event":"from the future","task_id":"t"}\n\n', [0.9995], 0)
@example(b"\n" * 5000 + b'{"code":"x","message":"m","status":400}', [0.9], 0)  # more blanks than are looked at
@example(b"\xef\xbb\xbf" + b"\n" * 4095 + b'{"code":"x","message":"m","status":400}', [0.5, 0.99], 0)
def test_the_law_holds_for_junk(body, cuts, seed):
    check_the_law(body, cuts, seed)


@given(mishaps(), mishaps(), CUTS, st.integers())
def test_the_law_holds_for_the_next_body_of_a_run_too(first, second, cuts, seed):
    _, run = fold(first)
    events, run = fold(second, run=run)
    _, other = fold(*chunks_of(first, cuts), look=looking(seed))
    other_events, other = fold(*chunks_of(second, cuts), run=other, look=looking(seed))
    assert same(other_events, events)
    assert published(other) == published(run)


# ---- events made up from their types


def struct_fields(kind):
    """Fields by wire name, with the struct that stands inside where there is one."""
    return {field.encode_name: struct_in(field.type) for field in msgspec.structs.fields(kind)}


def struct_in(kind):
    if inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
        return kind
    return next(filter(None, map(struct_in, getattr(kind, "__args__", ()))), None)


IDS = ["a", "b", "it", "lp", "it#0", "lp#0", "lp#1", ""]
PLAUSIBLE = {
    "status": ["succeeded", "failed", "running", "paused", "stopped", "exception", "partial-succeeded", "new"],
    "node_type": ["llm", "iteration", "loop", "human-input", "agent", "start"],
    "reason": ["initial", "resumption", "output_moderation", ""],
    "index": [0, 1, 2, 1, 0, -1, 7],
    "position": [1, 2, 3],
    "retry_index": [1, 2],
    "iteration_index": [0, 1, 2],
    "loop_index": [0, 1, 2],
    "total_tokens": [0, 3, 10, None],
    "total_price": ["0.1", "0E-7", 0.25, "1e-30"],
    "currency": ["USD", "RMB", None],
    "from_variable_selector": [["a", "text"], ["b", "text"], ["a", "usage"], None],
    "text": ["x", "<think>", "hm</think>", ""],
    "answer": ["x", "<think>", "hm</think>", ""],
    "outputs": [None, {}, {"text": "x"}, {"answer": "y", "files": []}, {"__action_id": "ok"}],
    "iteration_duration_map": [{"0": 1.5, "1": 2}, {"k": 1.0}, {"0": None}],
    "loop_duration_map": [{"0": 1.5, "1": 2}],
    "paused_nodes": [["a"], ["a", "b"]],
    "belongs_to": ["user", "assistant"],
    "mode": ["chat", "advanced-chat", "new"],
    "parallel_run_id": ["k", "l"],
    "parallel_mode_run_id": ["k", "l"],
    "workflow_run_id": ["r", "r", "r", None],
    "message_id": ["m", "m", "m", None],
    "conversation_id": ["c", None],
    "task_id": ["t"],
    "form_id": ["f", "g", None],
}
"""Values of the right kind, few enough that events meet each other. Ids stand for every other field of that name."""

HOSTILE = [
    *("null", "true", "false", "0", "-1", "1.5", '""', '"x"', "[]", "{}", '[["a"]]', '{"a":{"b":[1]}}', '"0"', '"1e5"'),
    *("NaN", "Infinity", "-Infinity", "1e999999", "-1e999999", "1e-999999", str(2**63), str(2**64), str(2**70)),
    *(str(-(2**70)), "1" * 400, "1" * 5000, "0.1e1", '"NaN"', '"sNaN"', '"1e999999"', '"Infinity"', '"-0"'),
    *(r'"\ud800"', r'"\udfff x"', r'{"\ud800":1}', r'"\u0000"', r'"\u2028"', '"\x7f"', '"é🚀"', '"' + "x" * 5000 + '"'),
    *("[" * 90 + "]" * 90, "[" * 900 + "]" * 900, '{"a":' * 300 + "1" + "}" * 300, "[" * 3000 + "]" * 3000),
    *('{"0":1}', '{"0":"x"}', '{"a":NaN}', '["a",1]', '["a","text"]', '[{"id":"a"},5,{"url":[]}]', '{"event":"x"}'),
]
"""Raw JSON, and what servers take for it."""


def plausible(name):
    if name in PLAUSIBLE:
        return st.sampled_from(PLAUSIBLE[name]).map(json.dumps)
    if name == "id" or name.endswith("_id"):
        return st.sampled_from(IDS).map(json.dumps)
    return st.sampled_from(["null", "1", '"x"', "[]", "{}", "true"])


@st.composite
def objects(draw, kind, word=None):
    """An object of a struct's fields as JSON text: most of them right, some of them anything."""
    parts = [] if word is None else [f'"event":{json.dumps(word)}']
    for name, inner in struct_fields(kind).items():
        match draw(st.sampled_from(["right", "right", "right", "left out", "hostile"])):
            case "right" if inner is not None:
                parts.append(f'"{name}":{draw(objects(inner))}')
            case "right":
                parts.append(f'"{name}":{draw(plausible(name))}')
            case "hostile":
                parts.append(f'"{name}":{draw(st.sampled_from(HOSTILE))}')
    return "{" + ",".join(parts) + "}"


EVENTS = [*STREAMED, *DOCUMENTS]
WORDS = {kind: str(kind.__struct_config__.tag) for kind in EVENTS}
OFTEN = [kind for kind in EVENTS if WORDS[kind].startswith(("node", "iteration", "loop", "workflow", "human"))]


@st.composite
def streams(draw, **sizes):
    """Streams of events that know each other."""
    kinds = st.sampled_from(EVENTS) | st.sampled_from(OFTEN)
    events = [draw(objects(kind, WORDS[kind])) for kind in draw(st.lists(kinds, **sizes))]
    ending = draw(st.sampled_from(["\n\n", "\n\n", "\r\n\r\n", "\n\n: hi\n\n"]))
    return "".join(f"data: {event}{ending}" for event in events).encode("utf-8", "surrogatepass")


@given(streams(max_size=8), CUTS, st.integers())
@OFTEN_TRIED
def test_the_law_holds_for_events_with_anything_in_any_field(body, cuts, seed):
    check_the_law(body, cuts, seed)


@given(st.data(), CUTS, st.integers())
def test_the_law_holds_for_a_document_with_anything_in_any_field(data, cuts, seed):
    kind = data.draw(st.sampled_from(EVENTS))
    word = data.draw(st.sampled_from([None, "message", WORDS[kind]]))
    body = data.draw(objects(kind, word)).encode()
    check_the_law(body, cuts, seed)


@pytest.mark.parametrize("kind", EVENTS, ids=WORDS.get)
def test_any_value_in_any_field_of_an_event_never_raises_and_gives_valid_json(kind):
    """Each field with each hostile value, the other fields as they should be."""
    good = {"task_id": '"t"', "workflow_run_id": '"r"', "message_id": '"m"', "conversation_id": '"c"'}
    inner = struct_fields(kind).get("data")
    inside = {"id": '"a"', "node_id": '"a"', "status": '"succeeded"', "index": "0"} if inner else {}
    started = b'data: {"event":"node_started","workflow_run_id":"r","data":{"id":"a","node_id":"a"}}\n\n'
    outer = {**good, "data": written(None, inside)}
    bodies = [written(kind, {**outer, name: value}) for name in struct_fields(kind) for value in HOSTILE]
    for name in struct_fields(inner) if inner else ():
        bodies += [written(kind, {**good, "data": written(None, {**inside, name: value})}) for value in HOSTILE]
    for body in bodies:
        _, run = fold(started, b"data: " + body.encode() + b"\n\n", name="dify")
        published(run)
        stable(run.snapshot())


def written(kind, fields):
    parts = [f'"{name}":{value}' for name, value in fields.items()]
    return "{" + ",".join(parts if kind is None else [f'"event":"{WORDS[kind]}"', *parts]) + "}"


# ---- a run that is told twice


def facts(run):
    """All that a run says, but for what counts bytes and bodies."""
    state = json.loads(published(run))
    for counting in ("stats", "segments", "revision", "anomalies"):
        del state[counting]
    return state


ENDS = ("succeeded", "partial-succeeded", "failed", "stopped")


def is_over(name):
    """Whether a golden says that the server ended the run."""
    return json.loads((FIXTURES / name).with_suffix(".golden.json").read_text())["status"] in ENDS


OVER = [name for name in BODIES if name.startswith("dify/") and is_over(name)]
"""Bodies of servers, by their goldens: hostile ones contradict themselves, and the last word wins each time."""


def test_there_are_many_recordings_of_runs_that_ended():
    assert len(OVER) > 60


@pytest.mark.parametrize("name", OVER)
def test_a_finished_run_that_is_told_again_stays_as_it_was(name):
    """A replay merges what it knows and creates nothing (C.8, C.13). Where a start opens it, there is nothing amiss."""
    _, run = fold(BODIES[name])
    before, anomalies = facts(run), dict(run.anomaly_counts)
    for _ in range(2):
        fold(BODIES[name], run=run)
        assert facts(run) == before
    first = next(frame for frame in frames_of(BODIES[name]) if b"data:" in frame)
    if b'"workflow_started"' in first and not anomalies:
        assert run.anomaly_counts == {}


def sse(word, **data):
    return b"data: " + json.dumps({"event": word, "workflow_run_id": "r", "data": data}).encode() + b"\n\n"


def test_a_replay_gives_the_log_of_an_agent_to_the_executions_that_had_it():
    """An agent in a loop: the entries of each round name the node, and belong to the execution that was open then."""
    body = sse("workflow_started", id="r")
    for turn in range(3):
        body += sse("node_started", id=f"e{turn}", node_id="agent")
        body += sse("agent_log", node_id="agent", id=f"log{turn}", label=f"ROUND {turn}", status="success")
        body += sse("node_finished", id=f"e{turn}", node_id="agent", status="succeeded")
    body += sse("workflow_finished", id="r", status="succeeded")
    _, run = fold(body)
    before = facts(run)
    assert [node["logs"][0]["label"] for node in before["nodes"]] == ["ROUND 0", "ROUND 1", "ROUND 2"]
    fold(body, run=run)
    assert facts(run) == before


# ---- hostile


def nested_containers(count, kinds=("loop",)):
    """Containers that each begin in the one before; an execution in the innermost."""
    body = [sse("workflow_started", id="r")]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        body.append(sse(f"{kind}_started", id=f"c{number}", node_id=f"c{number}"))
        body.append(sse(f"{kind}_next", node_id=f"c{number}", index=0))
        body.append(sse("node_started", id=f"e{number}", node_id=f"n{number}", **{f"{kind}_id": f"c{number}"}))
        body.append(sse("node_finished", id=f"e{number}", node_id=f"n{number}", status="succeeded"))
    return b"".join(body)


@pytest.mark.parametrize("kinds", [("loop",), ("iteration",), ("loop", "iteration")], ids="-".join)
def test_3000_containers_in_each_other_are_drawn_to_a_bound_and_none_is_lost(kinds):
    _, run = fold(nested_containers(3000, kinds))
    assert len(run.executions) == 6000
    assert len(list(run.walk())) == 6000
    assert published(run).count(b'"node_id"') == 6000
    assert stable(run.snapshot())
    everything_readable(run)


@pytest.mark.parametrize("index", [2**70, -(2**70), -1, 10**400], ids=["2**70", "-2**70", "-1", "10**400"])
def test_a_round_may_have_any_number(index):
    body = sse("workflow_started", id="r") + sse("iteration_started", id="it", node_id="it")
    body += sse("iteration_next", node_id="it", index=index)
    body += sse("node_started", id="e", node_id="n", iteration_id="it")
    told = {"iteration_id": "it", "iteration_index": index, "total_tokens": index}
    body += sse("node_finished", id="e", node_id="n", status="succeeded", iteration_id="it", execution_metadata=told)
    body += sse("loop_started", id="lp", node_id="lp") + sse("loop_next", node_id="lp", index=index)
    body += sse("node_retry", id="e", node_id="n", retry_index=index)
    body += sse("workflow_finished", id="r", status="succeeded", total_tokens=index, total_steps=index)
    _, run = fold(body)
    assert run.status == "succeeded"
    assert b'"n"' in published(run)
    assert stable(run.snapshot())


@pytest.mark.parametrize("size", [100_000])
def test_an_id_may_be_long(size):
    """A hundred kilobytes, in every field that holds an id."""
    long = "x" * size
    body = b""
    for kind in EVENTS:
        inner = struct_fields(kind).get("data")
        fields = {name: f'"{long}"' for name in struct_fields(kind) if name.endswith("id")}
        inside = {name: f'"{long}"' for name in struct_fields(inner) if name.endswith("id")} if inner else {}
        body += b"data: " + written(kind, {**fields, **({"data": written(None, inside)} if inner else {})}).encode()
        body += b"\n\n"
    tap = Tap("dify")
    tap.feed(body)
    tap.close()
    published(tap.run)
    assert all(len(anomaly.detail) <= 500 for anomaly in tap.run.anomalies)


def deep(levels, shape):
    return "[" * levels + "]" * levels if shape == "lists" else '{"a":' * levels + "1" + "}" * levels


JSON_FIELDS = {
    "node_finished": ["inputs", "outputs", "process_data", "execution_metadata", "files", "new"],
    "workflow_finished": ["outputs", "files", "new"],
    "workflow_paused": ["outputs", "reasons", "new"],
    "agent_log": ["data", "metadata", "new"],
    "human_input_required": ["inputs", "actions", "resolved_default_values"],
    "human_input_form_filled": ["submitted_data"],
    "iteration_completed": ["inputs", "outputs", "execution_metadata", "extras"],
    "from_the_future": ["data"],
}


@pytest.mark.parametrize("shape", ["lists", "objects"])
@pytest.mark.parametrize("word", JSON_FIELDS)
def test_json_as_deep_as_a_stack_never_overflows_it(word, shape):
    """In every field, at every depth around those where decoders and encoders give up, deep in containers.

    What may not be decoded may still not raise: neither now, nor when somebody reads or prints the run.
    """
    limit = sys.getrecursionlimit() - len(inspect.stack())
    around = nested_containers(40)
    tap = Tap("dify")
    tap.feed(around)
    for levels in [100, 200, 201, 500, *range(limit - 60, limit + 5), 10_000]:
        for name in JSON_FIELDS[word]:
            inside = written(None, {"id": '"e39"', "node_id": '"n39"', "status": '"new"', name: deep(levels, shape)})
            frame = f'data: {{"event":"{word}","workflow_run_id":"r","data":{inside}}}\n\n'
            tap.feed(frame.encode())
        assert msgspec.json.encode(tap.run.snapshot())  # which Python's own decoder may find too deep to check
        everything_readable(tap.run)
    tap.close()
    everything_readable(tap.run)


@pytest.mark.parametrize("shape", ["lists", "objects"])
@pytest.mark.parametrize(
    "document",
    [
        '{"code":"x","message":"m","status":500,"x":%s}',
        '{"workflow_run_id":"r","data":{"status":"succeeded","id":5,"outputs":%s}}',
        '{"event":"message","mode":"chat","answer":5,"metadata":{"retriever_resources":[%s]}}',
        '{"event":"from the future","x":%s}',
        '{"x":%s}',
        "%s",
    ],
    ids=["error", "workflow", "chat", "unknown", "nothing", "bare"],
)
def test_a_document_as_deep_as_a_stack_never_overflows_it(document, shape):
    limit = sys.getrecursionlimit() - len(inspect.stack())
    for levels in [*range(limit - 60, limit + 5), 10_000]:
        body = (document % deep(levels, shape)).encode()
        for text in (body, b"data: " + body + b"\n\n", body + b"\n" + body + b"\n"):
            _, run = fold(text)
            published(run)
            everything_readable(run)


def test_folding_stops_at_nothing_when_a_run_is_reused_after_everything():
    """One run, all recordings after each other: mostly foreign frames, never an exception."""
    run = Run("dify")
    for body in BODIES.values():
        _, run = fold(body, run=run)
    assert run.anomaly_counts["foreign-run"] > 1000
    published(run)
    everything_readable(run)
