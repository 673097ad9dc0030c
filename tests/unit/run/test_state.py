"""The published state: frozen, complete, JSON word for word, and comparable without ids and times."""

import json
from decimal import Decimal

import msgspec
import pytest

from streamkit import Run, RunState
from streamkit.run import HIDDEN, HumanInput, LogEntry, NodeUsage, RunError, Segment, Thought, Usage, stable
from streamkit.run.state import Anomaly, Attempt, Dropped, Missing, NodeState, RoundState, State, Stats

RUN_KEYS = """
    format dialect mode id status error task_id message_id conversation_id workflow_id app user inputs outputs text
    reasoning usage total_tokens total_steps elapsed_time leaf_tokens leaf_cost started_at finished_at seen_at ended_at
    first_token_at last_progress_at last_heartbeat_at settled segments nodes missing forms citations files thoughts
    anomalies stats
""".split()  # noqa: SIM905 - as the contract in the design lists them

NODE_KEYS = """
    id node_id type title status error inputs outputs process_data metadata started_at finished_at seen_at ended_at
    first_token_at elapsed_time text reasoning model provider prompt_tokens completion_tokens total_tokens cost
    attempts logs rounds unassigned missing
""".split()  # noqa: SIM905

PARTS = {
    RunError: "message code status",
    Usage: "prompt_tokens completion_tokens total_tokens latency cost",
    Segment: "index first_frame tokens leaf_tokens tokens_source",
    HumanInput: "form_id node_id title content inputs actions token expires_at status action_id submitted",
    Thought: "id position thought tool tool_input observation files",
    Anomaly: "kind detail frame",
    Attempt: "index error elapsed_time",
    LogEntry: "id label status error data metadata children",
    RoundState: "index status elapsed_time nodes",
    Stats: "bytes frames events heartbeats anomalies dropped",
    Dropped: "payloads payload_bytes characters executions",
    Missing: "characters rounds executions statuses total_tokens",
}


def rich_run(tag="1"):
    """A run in which every list has something in it; `tag` is in every id and time, and nowhere else."""
    at = float(tag)
    run = Run("dify")
    run.begin_segment()
    run.identify(
        id=f"run-{tag}",
        task_id=f"task-{tag}",
        message_id=f"message-{tag}",
        conversation_id=f"conversation-{tag}",
        workflow_id="workflow",
        user="user",
    )
    run.set_mode("chatflow")
    inputs = {"q": "why", "sys.workflow_run_id": f"run-{tag}", "sys.conversation_id": f"conversation-{tag}"}
    run.start(inputs=json.dumps(inputs).encode(), started_at=at)
    run.count("message", 1, at)
    run.heartbeat(1, at)
    loop = run.open_execution(f"loop-{tag}", "loop", type="loop", title="Loop", is_container=True, at=at)
    llm = run.open_execution(f"llm-{tag}", "llm", type="llm", title="LLM", at=at)
    run.place(llm, loop, 0)
    run.time_round(loop, 0, at)
    stray = run.open_execution(f"stray-{tag}", "code", type="code", title="Code", at=at)
    run.place(stray, loop)
    run.describe(llm, inputs=b'{"id":"theirs"}', outputs=b'{"text":"x"}', process_data=b"[1]", metadata=b'{"a":null}')
    run.append_node_text("llm", "<think>hm</think>x", at)
    run.retry_execution(llm, 1, "busy", at)
    run.log(llm, LogEntry(id=f"log-{tag}", label="ROUND 1", status="success", data={"id": "theirs"}), None)
    run.log(llm, LogEntry(id=f"tool-{tag}", label="CALL", status="error", error="no"), f"log-{tag}")
    run.spend(llm, NodeUsage(total_tokens=3, prompt_tokens=1, completion_tokens=2, cost={"USD": Decimal("0.10")}))
    run.close_execution(llm, "succeeded", elapsed_time=at, finished_at=at, at=at)
    run.ask(HumanInput(form_id=f"form-{tag}", node_id="human", token=f"secret-{tag}", expires_at=at))
    run.think(Thought(id=f"thought-{tag}", position=1, thought="so"))
    run.append_text("x", at)
    run.cite([{"id": "theirs"}])
    run.add_file("f", {"id": "theirs"})
    run.report_usage(Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, latency=at))
    run.frame = 4
    run.report("unknown-event", "new_word")
    run.finish("failed", error=RunError("broken", "code", 500), total_tokens=3, finished_at=at, at=at)
    run.bytes = int(tag) * 100
    return run


def objects(value):
    """Every JSON object in a value."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(item)


# ---- the contract (DESIGN 5.2)


def test_a_run_that_nothing_is_known_of_has_every_key_and_invents_nothing():
    state = json.loads(msgspec.json.encode(Run("dify").snapshot()))
    assert set(RUN_KEYS) <= set(state)
    known = {key: value for key, value in state.items() if value is not None}
    assert known == {
        "format": 1,
        "dialect": "dify",
        "status": "running",
        "text": "",
        "reasoning": "",
        "usage": {"prompt_tokens": None, "completion_tokens": None, "total_tokens": 0, "latency": None, "cost": {}},
        "total_tokens": 0,
        "leaf_tokens": 0,
        "leaf_cost": {},
        "settled": False,
        "segments": [],
        "nodes": [],
        "forms": [],
        "citations": [],
        "files": [],
        "thoughts": [],
        "anomalies": [],
        "stats": {
            "bytes": 0,
            "frames": 0,
            "events": {},
            "heartbeats": 0,
            "anomalies": {},
            "dropped": {"payloads": 0, "payload_bytes": 0, "characters": 0, "executions": 0},
        },
        "revision": 0,
    }


def test_an_execution_that_nothing_is_known_of_has_every_key():
    run = Run("dify")
    run.open_execution("e", "n", type=None, title=None)
    (node,) = json.loads(msgspec.json.encode(run.snapshot()))["nodes"]
    assert set(node) == set(NODE_KEYS)
    known = {key: value for key, value in node.items() if value is not None}
    empty = dict.fromkeys(("type", "title", "text", "reasoning"), "") | {
        key: [] for key in ("attempts", "logs", "rounds", "unassigned")
    }
    assert known == {"id": "e", "node_id": "n", "status": "running"} | empty


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_a_part_of_a_run_has_the_keys_of_the_contract(part):
    assert part.__struct_encode_fields__ == tuple(PARTS[part].split())


@pytest.mark.parametrize("part", [RunState, NodeState, *PARTS], ids=lambda part: part.__name__)
def test_every_part_of_a_published_state_is_frozen(part):
    assert issubclass(part, State)
    assert part.__struct_config__.frozen


def test_a_published_state_cannot_be_changed():
    state = rich_run().snapshot()
    for target in (state, state.nodes[0], state.nodes[0].rounds[0], state.usage, state.forms[0]):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(target, target.__struct_fields__[0], None)


def test_lists_of_a_published_state_are_tuples():
    state = rich_run().snapshot()
    node = state.nodes[0].rounds[0].nodes[0]
    for sequence in (
        *(state.segments, state.nodes, state.forms, state.citations, state.files, state.thoughts, state.anomalies),
        *(state.nodes[0].rounds, state.nodes[0].unassigned, node.attempts, node.logs, node.logs[0].children),
    ):
        assert isinstance(sequence, tuple)
        assert sequence


def test_the_json_of_a_state_holds_what_its_attributes_say():
    """msgspec reads no `Raw | None`, so nothing of ours reads a state back: this looks at the JSON itself."""
    state = rich_run().snapshot()
    published = json.loads(msgspec.json.encode(state))
    (node,) = published["nodes"][0]["rounds"][0]["nodes"]
    assert published["inputs"] == state.inputs
    assert node["outputs"] == {"text": "x"}
    assert node["logs"][0]["children"][0]["error"] == "no"
    assert published["forms"][0]["status"] == "waiting"
    assert published["error"] == {"message": "broken", "code": "code", "status": 500}
    assert published["anomalies"] == [{"kind": "unknown-event", "detail": "new_word", "frame": 4}]


def test_money_is_published_as_text_without_loss():
    assert json.loads(msgspec.json.encode(rich_run().snapshot()))["leaf_cost"] == {"USD": "0.10"}


# ---- the vendor's values


def test_values_of_the_vendor_are_embedded_as_they_came_and_decoded_on_demand():
    state = rich_run().snapshot()
    node = state.nodes[0].rounds[0].nodes[0]
    assert bytes(node.inputs_json) == b'{"id":"theirs"}'
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (
        {"id": "theirs"},
        {"text": "x"},
        [1],
        {"a": None},
    )
    assert state.inputs["q"] == "why"
    assert state.outputs is None


def test_a_value_that_was_not_sent_decodes_to_none():
    run = Run("dify")
    run.open_execution("e", "n", type=None, title=None)
    node = run.snapshot().nodes[0]
    assert (node.inputs, node.outputs, node.process_data, node.metadata) == (None, None, None, None)


# ---- secrets


def test_form_tokens_are_masked_and_nothing_else_changes():
    state = rich_run().snapshot()
    masked = state.without_secrets()
    assert masked.forms[0].token == HIDDEN
    assert "secret-1" not in msgspec.json.encode(masked).decode()
    assert msgspec.structs.replace(masked, forms=state.forms) == state
    assert state.forms[0].token == "secret-1"  # noqa: S105 - the state itself is untouched


def test_a_form_without_a_token_shows_none():
    run = rich_run()
    run.ask(HumanInput(form_id="second", node_id="human"))
    assert [form.token for form in run.snapshot().without_secrets().forms] == [HIDDEN, None]


def test_a_state_without_secrets_is_returned_as_it_is():
    run = Run("dify")
    run.ask(HumanInput(form_id="f", node_id="human"))
    state = run.snapshot()
    assert state.without_secrets() is state


# ---- stable


def test_two_runs_that_did_the_same_have_the_same_stable_form():
    one, two = rich_run("1"), rich_run("2")
    assert one.snapshot() != two.snapshot()
    assert stable(one.snapshot()) == stable(two.snapshot())


def test_runs_that_did_something_else_differ():
    one, two = rich_run("1"), rich_run("2")
    two.append_text("!")
    assert stable(one.snapshot()) != stable(two.snapshot())


def test_ids_and_times_of_ours_are_left_out_at_every_level():
    gone = {"id", "task_id", "message_id", "conversation_id", "form_id", "token", "elapsed_time", "latency"}
    gone |= {"expires_at", "started_at", "finished_at", "seen_at", "ended_at", "first_token_at", "last_progress_at"}
    gone |= {"last_heartbeat_at", "bytes", "heartbeats", "revision"}
    state = stable(rich_run().snapshot())
    theirs = [state["citations"], state["files"], state["nodes"][0]["rounds"][0]["nodes"][0]["inputs"]]
    theirs.append(state["nodes"][0]["rounds"][0]["nodes"][0]["logs"][0]["data"])
    ours = [item for item in objects(state) if not any(item is other for other in objects(theirs))]
    assert not [key for item in ours for key in item if key in gone]
    assert len(ours) > 15  # the whole tree was looked at


def test_values_of_the_vendor_stay_whole_whatever_their_keys_are():
    state = json.loads(msgspec.json.encode(stable(rich_run().snapshot())))
    node = state["nodes"][0]["rounds"][0]["nodes"][0]
    assert node["inputs"] == node["logs"][0]["data"] == state["citations"][0] == state["files"][0] == {"id": "theirs"}


def test_only_the_runs_own_ids_are_left_out_of_its_inputs():
    assert stable(rich_run().snapshot())["inputs"] == {"q": "why"}


@pytest.mark.parametrize("inputs", [b"[1]", b'"text"', None])
def test_inputs_that_are_no_object_stay_as_they_are(inputs):
    run = Run("dify")
    run.start(inputs=inputs)
    state = json.loads(msgspec.json.encode(stable(run.snapshot())))
    assert state["inputs"] == (json.loads(inputs) if inputs else None)


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param(b'{"x":1e999999}', id="a number too large for a float"),
        pytest.param(b'{"x":' + b"1" * 5000 + b"}", id="a number of 5,000 digits"),
        pytest.param(b"[" * 980 + b"]" * 980, id="980 levels"),
    ],
)
def test_json_that_no_decoder_of_ours_can_read_does_not_break_the_stable_form(outputs):
    """Valid JSON by the grammar, so it is published as it came."""
    run = Run("dify")
    loop = run.open_execution("l", "l", type="loop", title="", is_container=True)
    node = run.open_execution("e", "n", type=None, title=None)
    run.place(node, loop, 0)
    run.describe(node, outputs=outputs)
    assert stable(run.snapshot())["nodes"][0]["rounds"][0]["nodes"][0]["node_id"] == "n"
