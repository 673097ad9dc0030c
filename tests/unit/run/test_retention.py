"""What a run keeps: values whole, in part or not at all, the head of a text, the last executions; the rest is counted."""

import json

import msgspec
import pytest

from streamkit import Run, Tap
from streamkit.run import GATEWAY, LogEntry, NodeUsage, Retention, Thought
from streamkit.run.retention import Facts, Summary, facts_of, missing, preview


def run_with(**policy):
    return Run("dify", retention=Retention(**policy))


def execution(run, execution_id, node_id=None, *, inside=None, index=None, **options):
    node = run.open_execution(execution_id, node_id or execution_id, type="code", title="", **options)
    if inside is not None:
        run.place(node, inside, index)
    return node


def ended(run, execution_id, *, tokens=None, status="succeeded", **options):
    node = execution(run, execution_id, **options)
    if tokens is not None:
        run.spend(node, NodeUsage(tokens))
    run.close_execution(node, status)
    return node


def published(run):
    return json.loads(msgspec.json.encode(run.snapshot()))


# ---- payloads


def test_by_default_everything_is_kept():
    run = Run("dify")
    run.describe(execution(run, "e"), inputs=b'{"a":"' + b"x" * 5000 + b'"}')
    assert run.retention == Retention()
    assert len(run.executions["e"].inputs["a"]) == 5000
    assert published(run)["stats"]["dropped"] == dict.fromkeys(
        ("payloads", "payload_bytes", "characters", "executions"), 0
    )
    assert published(run)["missing"] is None


def test_what_is_dropped_is_null_and_counted():
    run = run_with(payloads="drop")
    node = execution(run, "e")
    run.start(inputs=b'{"q":1}')
    run.describe(node, inputs=b"{}", outputs=b"null", process_data=b"[1]", metadata=b'{"b":2}')
    run.finish("succeeded", outputs=b'{"a":1}')
    assert (run.inputs, run.outputs) == (None, None)
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (None, None, None, None)
    dropped = run.snapshot().stats.dropped
    assert (dropped.payloads, dropped.payload_bytes) == (5, 7 + 2 + 3 + 7 + 7)


def test_a_preview_is_json_and_shows_the_beginning_and_the_size():
    run = run_with(payloads="preview", max_payload=10)
    node = execution(run, "e")
    run.describe(node, inputs=b'{"a":"bcdefgh"}', outputs=b'{"a":1}')
    assert node.inputs == {"[preview]": '{"a":"bcde', "[bytes]": 15}
    assert node.outputs == {"a": 1}
    assert published(run)["nodes"][0]["inputs"] == {"[preview]": '{"a":"bcde', "[bytes]": 15}
    assert run.snapshot().stats.dropped.payload_bytes == 15


@pytest.mark.parametrize("size", range(12))
def test_a_preview_is_valid_wherever_it_cuts(size):
    data = '"ä€😀\\"\\u00e4"'.encode()
    shown = json.loads(preview(data, size))
    assert data.decode().startswith(shown["[preview]"])
    assert shown["[bytes]"] == len(data)


@pytest.mark.parametrize(
    ("policy", "reported"),
    [*((policy, {"non-standard-json": 1, "bad-utf8": 1}) for policy in ("keep", "preview")), ("drop", {})],
)
def test_broken_json_is_reported_if_any_of_it_is_kept(policy, reported):
    run = run_with(payloads=policy)
    run.describe(execution(run, "e"), outputs=b'"\\ud800"', inputs=b'"\xff"')
    run.finish("succeeded", outputs=b"{}")
    assert run.anomaly_counts == reported


@pytest.mark.parametrize("outputs", [b'{"text":"a\\ud800"}', b'{"text":"a\xff","b":1}', b'{"b":"\xff","text":"ab"}'])
def test_the_length_of_a_text_is_that_of_the_mended_one(outputs):
    whole, dropped = run_with(payloads="keep"), run_with(payloads="drop")
    for run in (whole, dropped):
        run.describe(execution(run, "e"), outputs=msgspec.Raw(outputs))
    assert whole.executions["e"].facts == dropped.executions["e"].facts
    assert dropped.executions["e"].facts.text_length == 2


def test_a_truncated_value_does_not_take_the_place_of_a_preview():
    run = run_with(payloads="preview", max_payload=4)
    node = execution(run, "e")
    run.describe(node, outputs=b'{"text":"whole"}')
    run.describe(node, outputs=b'{"text":"w"}', truncated=("outputs",))
    assert node.outputs["[bytes]"] == 16
    assert node.facts.text_length == 5


def test_a_truncated_value_does_not_take_the_place_of_facts():
    run = run_with(payloads="drop")
    node = execution(run, "e")
    run.describe(node, outputs=b'{"text":"whole"}')
    run.describe(node, outputs=b'{"text":"w"}', truncated=("outputs",))
    assert node.facts.text_length == 5


def test_values_in_logs_and_thoughts_are_payloads_too():
    run = run_with(payloads="drop")
    node = execution(run, "agent")
    run.log(node, LogEntry(id="l", label="L", status="success", data={"x": 1}, metadata={"y": 2}), None)
    run.think(Thought(id="t", position=1, thought="so", tool="search", tool_input="q", observation="much"))
    assert (node.logs[0].data, node.logs[0].metadata, node.logs[0].label) == (None, {}, "L")
    assert (run.thoughts[0].tool, run.thoughts[0].tool_input, run.thoughts[0].observation) == ("search", None, None)


def test_a_preview_of_a_value_in_a_log_is_one_too():
    run = run_with(payloads="preview", max_payload=4)
    node = execution(run, "agent")
    run.log(node, LogEntry(id="l", label="L", status="success", data={"x": "long"}, metadata={}), None)
    run.think(Thought(id="t", observation="too long"))
    assert node.logs[0].data == {"[preview]": '{"x"', "[bytes]": 12}
    assert run.thoughts[0].observation == "too "


def test_citations_are_payloads_too():
    run, short = run_with(payloads="drop"), run_with(payloads="preview")
    for one in (run, short):
        one.cite([{"content": "text"}])
    assert (list(run.citations), list(short.citations)) == ([], [{"content": "text"}])
    assert run.snapshot().stats.dropped.payloads == 1


# ---- facts


@pytest.mark.parametrize(
    ("outputs", "facts"),
    [
        (b'{"text":"four","x":[1]}', Facts(4, None)),
        (b'{"__action_id":"ok","text":5}', Facts(None, "ok")),
        (b"{}", Facts()),
        (b'"text"', Facts()),
        (b"[1]", Facts()),
        (b'{"text":"four","x":NaN}', Facts(4, None)),
        (b"{oops", Facts()),
    ],
)
def test_facts_are_read_out_of_outputs(outputs, facts):
    assert facts_of(outputs) == facts


@pytest.mark.parametrize("policy", ["keep", "preview", "drop"])
def test_text_after_the_end_of_a_node_goes_where_it_goes_with_everything_kept(policy):
    run = run_with(payloads=policy, max_payload=4)
    node = execution(run, "first", "llm")
    run.append_node_text("llm", "ab")
    run.describe(node, outputs=b'{"text":"abc"}')
    run.close_execution(node, "succeeded")
    run.append_node_text("llm", "c")
    run.append_node_text("llm", "next")
    assert (node.text, execution(run, "second", "llm").text) == ("abc", "next")


def test_later_outputs_have_their_own_facts():
    run = run_with(payloads="preview", max_payload=12)
    node = execution(run, "e")
    run.describe(node, outputs=b'{"text":"longer"}')
    assert node.facts.text_length == 6
    run.describe(node, outputs=b'{"text":"s"}')
    assert node.facts.text_length == 1
    run.describe(node, outputs=b"{}")
    assert node.facts == Facts()


# ---- text


def test_a_text_keeps_its_head_and_says_how_much_was_cut():
    run = run_with(max_text=5)
    node = execution(run, "llm")
    for piece in ("abc", "def", "ghi"):
        run.append_text(piece)
        run.append_node_text("llm", piece)
        run.append_reasoning("hm, ", "llm")
    assert (run.text, node.text, run.reasoning, node.reasoning) == ("abcde", "abcde", "hm, h", "hm, h")
    assert (run.cut, node.cut) == (4 + 7, 4 + 7)
    state = published(run)
    assert (state["missing"]["characters"], state["nodes"][0]["missing"]["characters"]) == (11, 11)
    assert state["stats"]["dropped"]["characters"] == 22


def test_a_text_that_is_only_counted_is_empty():
    run = run_with(max_text=0)
    run.append_text("abc")
    run.append_text("")
    run.replace_text("four")
    assert (run.text, run.cut, run.snapshot().stats.dropped.characters) == ("", 4, 7)


def test_a_replacement_has_all_the_room():
    run = run_with(max_text=3)
    run.append_text("ab")
    run.replace_text("cdef")
    assert (run.text, run.cut) == ("cde", 1)
    run.complete_text("gh")
    run.append_text("ij")
    assert (run.text, run.cut) == ("ghi", 1)


def test_text_that_waits_for_its_node_is_bounded_too():
    run = run_with(max_text=2)
    run.append_node_text("llm", "abc")
    run.append_node_reasoning("llm", "abc")
    node = execution(run, "e", "llm")
    assert (node.text, node.reasoning, node.cut) == ("ab", "ab", 2)


# ---- executions


def test_the_oldest_that_ended_go_and_are_counted():
    run = run_with(max_executions=2)
    for number in range(5):
        ended(run, f"e{number}", tokens=number, status="failed" if number == 1 else "succeeded")
    assert list(run.executions) == ["e3", "e4"]
    state = published(run)
    assert state["missing"] == {
        "characters": 0,
        "rounds": 0,
        "executions": 3,
        "statuses": {"succeeded": 2, "failed": 1},
        "total_tokens": 3,
    }
    assert state["stats"]["dropped"]["executions"] == 3
    assert run.leaf_tokens == 10


def test_what_is_open_stays():
    run = run_with(max_executions=1)
    execution(run, "open")
    run.pause_execution(execution(run, "paused"))
    for number in range(3):
        ended(run, f"e{number}")
    assert list(run.executions) == ["open", "paused", "e2"]


def test_what_goes_on_again_stays():
    run = run_with(max_executions=1)
    node = execution(run, "e")
    run.infer_end(node, "succeeded")
    run.resume_execution(node)
    ended(run, "other")
    execution(run, "last")
    assert list(run.executions) == ["e", "last"]


def test_a_container_counts_what_stood_in_it_and_goes_when_it_is_empty():
    run = run_with(max_executions=2)
    loop = execution(run, "loop", is_container=True)
    for number in range(6):
        ended(run, f"e{number}", tokens=1, inside=loop, index=number // 2)
    gone = loop.freeze().missing
    assert (gone.rounds, gone.executions, gone.total_tokens) == (2, 5, 5)
    assert [turn.index for turn in loop.rounds] == [2]
    run.close_execution(loop, "succeeded")
    for number in range(3):
        ended(run, f"after{number}", tokens=1)
    gone = run.snapshot().missing
    assert (gone.rounds, gone.executions, gone.statuses, gone.total_tokens) == (0, 8, {"succeeded": 8}, 7)


def test_a_container_in_which_something_is_open_stays():
    run = run_with(max_executions=1)
    loop = execution(run, "loop", is_container=True)
    execution(run, "open", inside=loop)
    run.close_execution(loop, "succeeded")
    for number in range(9):
        ended(run, f"e{number}")
    assert list(run.executions) == ["loop", "open", "e8"]


def test_a_round_that_goes_on_is_counted_once():
    run = run_with(max_executions=0)
    loop = execution(run, "loop", is_container=True)
    for number in range(6):
        ended(run, f"e{number}", inside=loop, index=0)
    assert (len(loop.rounds), loop.freeze().missing.rounds) == (1, 0)
    execution(run, "next", inside=loop, index=1)
    execution(run, "beside", inside=loop, index=1)
    assert ([turn.index for turn in loop.rounds], loop.freeze().missing.rounds) == ([1], 1)


def test_a_view_is_told_what_went():
    run = run_with(max_executions=1)
    run.changed_since(0)
    ended(run, "first")
    before = run.revision
    execution(run, "second")
    assert run.changed_since(before).gone == {"first"}


def test_an_execution_that_went_is_not_found_by_its_node_and_moves_nothing():
    run = run_with(max_executions=1)
    first = ended(run, "first", node_id="n")
    loop = execution(run, "loop", is_container=True)
    assert run.latest("n") is None
    run.place(first, loop, 0)
    assert (first.parent, list(loop.rounds)) == (None, [])


def test_a_snapshot_follows_what_goes():
    run = run_with(max_executions=3)
    loop = execution(run, "loop", is_container=True)
    for number in range(20):
        ended(run, f"e{number}", inside=loop if number % 2 else None, index=number // 4 if number % 2 else None)
        state = run.snapshot()
        assert [node.id for node in state.nodes] == [node.id for node in run.nodes]
        assert [turn.index for turn in state.nodes[0].rounds] == [turn.index for turn in loop.rounds]


def test_nothing_is_missing_where_all_is_kept():
    assert missing(0, None) is None
    assert missing(3, None).executions == 0
    assert missing(0, Summary()).characters == 0


# ---- bounded memory


def sse(word, **data):
    return b"data: " + json.dumps({"event": word, "workflow_run_id": "r", "data": data}).encode() + b"\n\n"


def test_the_wire_state_lets_go_what_the_run_does():
    """Loops in rounds of an iteration, with text, logs and payloads: what is held does not grow."""
    tap = Tap("dify", run=Run("dify", retention=msgspec.structs.replace(GATEWAY, max_executions=20)))
    tap.feed(sse("iteration_started", id="it", node_id="it"))
    for number in range(300):
        for frame in (
            sse("iteration_next", node_id="it", index=number),
            sse("loop_started", id="lp", node_id="lp"),
            sse("node_started", id=f"e{number}", node_id="llm", loop_id="lp", iteration_id="it"),
            sse("agent_log", id=f"l{number}", node_id="llm", node_execution_id=f"e{number}", label="L"),
            sse("node_finished", id=f"e{number}", node_id="llm", loop_id="lp", iteration_id="it", status="succeeded"),
            sse("loop_completed", id="lp", node_id="lp", status="succeeded"),
        ):
            tap.feed(frame)
    reducer = tap.run.wire
    register = reducer._containers._register
    assert len(tap.run.executions) <= 20
    assert len(reducer._log_owners) <= 20
    assert len(register._by_id) <= 20
    assert len(register._by_node["lp"].kept) <= 40
    assert tap.run.snapshot().stats.dropped.executions == 601 - len(tap.run.executions)
