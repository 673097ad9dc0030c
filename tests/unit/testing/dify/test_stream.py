"""What a test's author writes, held against what servers of two versions really sent."""

import pytest

from streamkit.testing import DifyStream
from tests.unit.testing.reality import differences, run_of, strange_keys


def flow(version="1.13"):
    return DifyStream(version, "workflow")


def chatflow(version="1.13"):
    return DifyStream(version)


def work(round, item):
    node = round.node("code", "Work", inputs={"item": item, "index": 0}, outputs={"result": "x"})
    return node if item != "bad" else node.fail("nope")


def step(round, index):
    return round.node("code", "Double", inputs={"n": 1}, outputs={"next": 1})


def approval(version):
    prepared = flow(version).start({"amount": "250"}).node("code", inputs={"a": "1"}, outputs={"result": "x"})
    return prepared.human_input("Please review", fields=["comment"], title="Approval")


def approved(version):
    yes = (
        approval(version)
        .resume("approve", comment="fine")
        .node("template-transform", inputs={"u": "", "c": ""}, outputs={"output": "y"})
    )
    joined = yes.node("variable-aggregator", inputs={"output": "y"}, outputs={"output": "y"})
    return joined.finish({"r": "x", "action": "y"})


LIST = flow().start({"n": "1"}).node("code", inputs={"n": "1"}, outputs={"items": ["x"]})
AGENT = (
    flow()
    .start()
    .node(
        "agent", inputs={"query": "q", "instruction": "b"}, outputs={"text": "x", "usage": {}, "files": [], "json": []}
    )
)
FETCHED = {"status_code": 200, "body": "b", "headers": {}, "files": []}

TEXT = "text_chunk"
"""What an End node shows of other nodes: nothing of it is told to a builder."""
LOOP = ("*num", "*.round", "* (assigner)")
"""Variables of that loop."""
LOG = ("agent_log.data.*", "*agent_log[].*", "*.usage*", "*.execution_metadata.*", "*.outputs.json*")
"""What an agent's strategy says in its log."""

REAL = [
    ("wf_human_1_paused", approval("1.13")),
    ("wf_human_2_resumed_approve", approved("1.13"), TEXT),
    ("june26_wf_human_1_paused", approval("1.14")),
    ("june26_wf_human_2_resumed_approve", approved("1.14"), TEXT),
    ("chat_llm_dies_midstream", chatflow().start().llm("a b").fail("x")),
    ("chat_stopped_midstream", chatflow().start().llm("a b").stop()),
    ("chat_error_unknown_provider", chatflow().fail("Provider x")),
    (
        "wf_text_chunk",
        flow().start({"q": "w"}).llm("a b", tokens=5).finish({"text": "a", "usage": {}}),
        "*puts.usage.*",
    ),
    ("wf_iter_fail_seq_continue-on-error", LIST.iteration(["a", "bad"], work).finish({"out": ["x", None]}), TEXT),
    ("wf_iter_par10x4", LIST.iteration(["a", "b"], work, parallel=True).finish({"out": ["x"]}), TEXT),
    ("wf_loop_break", flow().start().loop(3, step, most=9).finish({}), TEXT, *LOOP),
    ("june26_wf_loop_break", flow("1.14").start().loop(3, step, most=9).finish({}), TEXT, *LOOP),
    (
        "wf_retry_then_success",
        flow().start().node("http-request", outputs=FETCHED).retry("busy", 2).finish({"body": "b", "code": 200}),
        *(TEXT, "*.process_data.request", "*.headers.*"),
    ),
    ("wf_stopped", flow().start().node("code", inputs={"n": "x"}, outputs={"result": "c"}).node("code", "c2").stop()),
    (
        "wf_failed",
        flow().start().node("code", inputs={"x": "1"}, outputs={"result": "x"}).node("code", "b").fail("boom"),
    ),
    (
        "wf_default_value_partial",
        flow().start().node("code", outputs={"result": "x"}).exception("boom").finish({"r": "x"}),
        TEXT,
    ),
    ("wf_agent_log", AGENT.agent_log("ROUND 1", data={"output": {}}).finish({"t": "x"}), TEXT, *LOG),
    ("chat_app_plain", DifyStream("1.13", "chat").llm("a b", tokens=3).finish()),
    ("chat_app_error_midstream", DifyStream("1.13", "chat").llm("a b").fail("x")),
    ("chat_app_stopped_midstream", DifyStream("1.13", "chat").llm("a b").stop()),
    ("completion_plain", DifyStream("1.13", "completion").llm("a b", tokens=3).finish()),
    (
        "agent_chat_fc_three_rounds",
        DifyStream("1.13", "agent-chat").thought("Step", tool="search", tool_input={"q": 1}).llm("Done").finish(),
    ),
]


@pytest.mark.parametrize(("name", "stream", "ignore"), [(name, stream, more) for name, stream, *more in REAL])
def test_a_built_stream_has_the_shape_of_a_real_one(name, stream, ignore):
    assert differences(f"dify/{name}.sse", stream.bytes(), *ignore) == []


@pytest.mark.parametrize(("name", "stream"), [(name, stream) for name, stream, *_ in REAL])
def test_its_keys_stand_in_the_order_of_a_real_one(name, stream):
    by_id = ("duration_map",)  # in the order in which rounds ended
    strange = strange_keys([f"dify/{name}.sse"], stream.bytes(), *by_id)
    assert [found for found in strange if not name.startswith("june26") or not found[0].endswith("inputs[]")] == []


def test_a_built_stream_of_the_engine_of_threads_looks_like_one():
    def inner(round, item):
        return round.node("template-transform", inputs={"i": item}, outputs={"output": item})

    stream = flow("1.1").start({"題名": "x"}).node("code", outputs={"x": 2}).iteration(["x", "y"], inner, parallel=True)
    sample = "dify/protocol/08_legacy_1_1_parallel_branch_and_iteration_ascii_spaced.sse"
    branches = ("parallel_branch_*", "*.parallel_id", "*.parallel_start_node_id", "*.outputs.items")
    assert differences(sample, stream.finish({"result": ["X"]}).bytes(), *branches) == []
    assert strange_keys([sample], stream.bytes(), "duration_map") == []


def test_a_failed_run_in_one_line():
    state = run_of(DifyStream(version="1.14").start().llm("hi", tokens=3).fail("429"))
    assert (state.status, state.error.message, state.text) == ("failed", "429", "hi")


EVERYTHING = [f"0.{minor}" for minor in range(8, 16)] + [f"1.{minor}" for minor in range(18)]


@pytest.mark.parametrize("version", EVERYTHING)
@pytest.mark.parametrize("mode", ["chatflow", "workflow", "chat", "agent-chat", "completion"])
def test_every_version_and_mode_can_be_folded(version, mode):
    stream = DifyStream(version, mode).start({"lang": "de"}).llm("one two", tokens=7, reasoning="hm").ping()
    state = run_of(stream.finish())
    assert (state.status, state.mode, state.text) == ("succeeded", mode, "one two")


WRONG = [
    (lambda: DifyStream(mode="chatbot"), "no mode 'chatbot'"),
    (lambda: DifyStream().agent_log("x"), "no node before"),
    (lambda: DifyStream().start().retry("x"), "no node before"),
    (lambda: DifyStream().start().node("agent").agent_log("x", parent="y"), "no entry 'y' before 'x'"),
    (lambda: DifyStream().start().fail("x"), "nothing that could fail"),
    (lambda: DifyStream("0.13").start().node("code").retry("x"), r"Dify 0\.13 has no retries; they came with 0\.14"),
    (lambda: DifyStream("0.13").start().node("code").exception("x"), "has no error strategies"),
    (lambda: DifyStream("0.15").start().node("agent").agent_log("x"), "has no agent nodes"),
    (lambda: DifyStream("1.0").loop(1, work), "has no loops"),
    (lambda: DifyStream().loop(3, work, most=2), "3 rounds are more than 2"),
]


@pytest.mark.parametrize(("build", "why"), WRONG)
def test_what_cannot_happen_is_said_at_once(build, why):
    with pytest.raises(ValueError, match=why):
        build()
