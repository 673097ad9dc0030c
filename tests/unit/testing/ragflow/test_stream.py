"""What a test's author writes, held against what servers of three versions really sent."""

import pytest

from streamkit.testing import RAGFlowStream
from tests.unit.testing.reality import differences, run_of, strange_keys

FOUND = [{"content": "c", "document_name": "a.md"}]


def asked(version, mode="agent"):
    stream = RAGFlowStream(version, mode).start().llm("Plan: x", name="Plan")
    return stream.human_input("Please confirm", fields=["ok", "note"])


def answered(version, mode="agent"):
    return asked(version, mode).resume(ok=True, note="x").llm("done", name="Do").finish()


def agent(round, _):
    return round.node("Agent", "In", outputs={"content": "x"})


NAMED = ("node_finished (Message).data.inputs.*", "node_finished (LLM).data.inputs.*")
"""Inputs are called as the components that they come from."""
FORM = ("*.pick", "*.ok.value")
"""What that form asks besides."""
HEAD = RAGFlowStream("0.27").start()

REAL = [
    ("simple_message", HEAD.message("Hello world!").finish(), *NAMED),
    ("fillup_1_pause", asked("0.27"), *NAMED, *FORM),
    ("fillup_2_resume", answered("0.27"), *NAMED, *FORM),
    ("error_plain", HEAD.llm("x").fail("boom")),
    ("cancel_mid_stream", HEAD.llm("x y z").stop(), *NAMED, "Message"),
    ("session_filtered_events", RAGFlowStream("0.27", "agent-session").start().llm("x").finish(), *NAMED),
    ("v0221_fillup_1_pause", asked("0.22.1", "agentbot"), *NAMED, *FORM),
    ("v0221_fillup_2_resume", answered("0.22.1", "agentbot"), *NAMED, *FORM),
    (
        "chat_kb_delta_final_reference",
        RAGFlowStream("0.27", "chat").llm("a b", reasoning="hm", reference=FOUND).finish(),
    ),
    ("chat_missing_parameter", RAGFlowStream("0.27", "chat").fail("x")),
    ("v0191_chain_running_status_1", RAGFlowStream("0.19.1").node("Rewrite").llm("a b").finish()),
    ("v0191_model_error_1", RAGFlowStream("0.19.1").llm("a b").fail("boom")),
    (
        "protocol/01_chat_v015_cumulative_reference_hash_markers",
        RAGFlowStream("0.15", "chat").llm("a b", reference=FOUND).finish(),
    ),
    (
        "protocol/03_chat_v019_cumulative_moving_think_close_tag",
        RAGFlowStream("0.19", "chat").llm("a b", reasoning="hm", reference=FOUND).finish(),
    ),
    (
        "protocol/05_chat_v0250_final_repeats_full_answer",
        RAGFlowStream("0.25.6", "chat").llm("a b", reasoning="hm", reference=FOUND).finish(),
    ),
    (
        "protocol/13_agent_iteration",
        RAGFlowStream("0.27").start({"items": ["a"]}).iteration(["a", "b"], agent).message("x").finish(),
        *(*NAMED, "workflow_*.data.inputs.*"),
    ),
    (
        "protocol/14_agent_loop_with_message_inside",
        HEAD.loop(2, lambda round, index: agent(round, index).message("x")).message("x").finish(),
        *(*NAMED, "node_finished (Loop).data.outputs.n"),
    ),
]


@pytest.mark.parametrize(("name", "stream", "ignore"), [(name, stream, more) for name, stream, *more in REAL])
def test_a_built_stream_has_the_shape_of_a_real_one(name, stream, ignore):
    assert differences(f"ragflow/{name}.sse", stream.bytes(), *ignore) == []


@pytest.mark.parametrize(("name", "stream"), [(name, stream) for name, stream, *_ in REAL if "v015" not in name])
def test_its_keys_stand_in_the_order_of_a_real_one(name, stream):
    named = ("Message.data.inputs", "LLM.data.inputs", "UserFillUp.data.outputs")
    assert strange_keys([f"ragflow/{name}.sse"], stream.bytes(), *named) == []


EVERYTHING = [f"0.{minor}" for minor in range(13, 28)]


@pytest.mark.parametrize("version", [*EVERYTHING, "0.20.0", "0.20.2", "0.25.0", "0.26.2"])
@pytest.mark.parametrize("mode", ["agent", "agentbot", "chat"])
def test_every_version_and_mode_can_be_folded(version, mode):
    state = run_of(RAGFlowStream(version, mode).start().llm("one two", reasoning="hm", reference=FOUND).finish())
    assert (state.status, state.text, state.reasoning) == ("succeeded", "one two", "hm")


WRONG = [
    (lambda: RAGFlowStream(mode="bot"), "no mode 'bot'"),
    (lambda: RAGFlowStream("0.25.2", "agent-session"), "tells sessions not apart"),
    (lambda: RAGFlowStream("0.22").loop(1, agent), "has no loops; they came with 0.23"),
]


@pytest.mark.parametrize(("build", "why"), WRONG)
def test_what_cannot_happen_is_said_at_once(build, why):
    with pytest.raises(ValueError, match=why):
        build()
