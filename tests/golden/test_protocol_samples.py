"""The protocol samples of Dify, and the run that each of them must give.

Every row was derived by hand: from the frames of the sample and from the protocol reference, whose section stands
above the row ("A.8", "C.5", "cor. 12" = correction 12 at its end; "DESIGN 6" = the project's design). No row was ever
copied from what the code printed. A row that fails is a question to the protocol first, and to the code second; never
run this table through an "update" script.

How a run is written down: see `facts`. An execution is called `node_id@first 8 digits of its id`; a container has no id
on the wire, so it shows none.
"""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.golden import facts
from tests.golden.facts import Facts, Json, executions, money, outline, usage

FOLDER = Path(__file__).parents[2] / "fixtures" / "dify" / "protocol"

Row = partial(Facts, dialect="dify")
"""A form is (first 8 digits of its id, node id, status, action id)."""


# ---- the table: 23 samples, then the bodies of one run folded into one


ROWS: dict[str, Facts] = {
    # C.12 chat: message_end is the end. Cor. 13: no ping opens it, so not a chatflow. A.8: the ping between deltas is
    # no progress. B.3: the empty last delta adds nothing; files are null.
    "01_chat_basic": Row(
        mode="chat",
        status="succeeded",
        text="Dify 是一个 LLM 应用开发平台 🚀。\n\n- SSE\n- JSON",
        usage=usage(812, 41, 853, 2.060744408518076, USD="0.0001475"),
        total_tokens=853,
        citations=1,
        heartbeats=1,
    ),
    # C.10: the text is in agent_message and again in the thoughts; only the deltas are text. Cor. 16: the same thought
    # comes up to three times, the last frame holds all of it. B.3: one file, belonging to the assistant.
    "02_agent_chat_tools": Row(
        mode="agent-chat",
        status="succeeded",
        text="Let me draw that.Here is your cat.",
        usage=usage(633, 58, 691, 7.911, USD="0.0001475"),
        total_tokens=691,
        files=1,
        thoughts=(
            (1, "dalle3", "Let me draw that.", '{"dalle3": "image has been created and sent to user already"}'),
            (2, "", "Here is your cat.", ""),
        ),
        heartbeats=1,
    ),
    # B.1, cor. 13: message frames without conversation_id. B.3, C.12: speech goes on after message_end, changing
    # nothing.
    "03_completion_tts": Row(
        mode="completion",
        status="succeeded",
        text="Once upon a time.",
        usage=usage(20, 7, 27, 1.1, USD="0.0001475"),
        total_tokens=27,
        heartbeats=0,
    ),
    # A.8: the stream opens with a ping. C.7: tokens and price stand three times in one node_finished, counted once; a
    # price of 0 RMB was said, so it is shown. No message_end: prompt and completion are those of the leaf, latency is
    # unknown.
    "04_workflow_start_http_llm_end": Row(
        mode="workflow",
        status="succeeded",
        tree="""
            1775628337233@7b204d90 succeeded
            1775994246420@5e03a8e0 succeeded
            1775628341312@06f4a60e succeeded, 24 tokens says '你好👋！有什么可以帮助你的吗？'
            1775628344842@3c28c787 succeeded
        """,  # noqa: RUF001 - the wire's own characters
        text="你好👋！有什么可以帮助你的吗？",  # noqa: RUF001
        outputs={"a": "你好👋！有什么可以帮助你的吗？"},  # noqa: RUF001
        usage=usage(12, 12, 24, RMB="0"),
        total_tokens=24,
        total_steps=4,
        leaf_tokens=24,
        leaf_cost=money({"RMB": "0"}),
        heartbeats=1,
    ),
    # Cor. 8: "Answer: " is template text, no text of llm1. C.2: reasoning comes by itself, before the text; its
    # copies in outputs.reasoning_content and in message_end.metadata.reasoning must not double it. B.6 #16:
    # message_end comes first.
    "05_chatflow_reasoning": Row(
        mode="chatflow",
        status="succeeded",
        tree="""
            start@d695c5bb succeeded
            llm1@32dc16e0 succeeded, 85 tokens says 'Rayleigh scattering.' thinks 'Need Rayleigh scattering, λ^-4.'
            answer@6d7eb1b1 succeeded
        """,
        text="Answer: Rayleigh scattering.",
        reasoning="Need Rayleigh scattering, λ^-4.",
        outputs={"answer": "Answer: Rayleigh scattering.", "files": []},
        usage=usage(30, 55, 85, 1.1, USD="0.0000375"),
        total_tokens=85,
        total_steps=3,
        leaf_tokens=85,
        leaf_cost=money({"USD": "0.0000375"}),
        heartbeats=2,
    ),
    # C.5: the round is execution_metadata.iteration_index. C.4: one node_started, two node_retry, one node_finished
    # are one execution with two attempts before its last. Cor. 1: the container's 36 tokens are those of its leaves,
    # not 36 more.
    "06_workflow_iteration_sequential_retry": Row(
        mode="workflow",
        status="succeeded",
        tree="""
            start@076d12ba succeeded
            iter1 succeeded, 36 tokens
              round 0 in 1.12 s
                http1@9911cf29 succeeded
                llm1@4cf2e45b succeeded, 12 tokens
              round 1 in 3.26 s
                http1@0866cb74 succeeded after 2 retries
                llm1@5d479ad7 succeeded, 12 tokens
              round 2 in 1.14 s
                http1@6c947f1f succeeded
                llm1@9128c2c4 succeeded, 12 tokens
            end@05db4d5f succeeded
        """,
        outputs={"result": ["A", "B", "C"]},
        usage=usage(30, 6, 36, USD="0.0000081"),
        total_tokens=36,
        total_steps=9,
        leaf_tokens=36,
        leaf_cost=money({"USD": "0.0000081"}),
        heartbeats=1,
    ),
    # C.5 (graphon >= 0.7, parallel): rounds interleave live; the first http1 to start is round 1. C.3: a failed child
    # does not fail a container that continues on error. C.7: the container's price of 0 USD is no leaf's price.
    "07_workflow_iteration_parallel_live_outoforder": Row(
        mode="workflow",
        status="succeeded",
        tree="""
            start@fd43a6ba succeeded
            iter1 succeeded
              round 0 in 1.44 s
                http1@0fc7b3c0 succeeded
                code1@d54aa814 succeeded
              round 1 in 0.33 s
                http1@8dbff2e3 failed: Reached maximum retries (0) for URL https://api.example/u1
              round 2 in 0.41 s
                http1@304245fc succeeded
                code1@cac7d74b succeeded
            end@452de83a succeeded
        """,
        outputs={"result": ["OK0", None, "OK2"]},
        total_steps=8,
        heartbeats=1,
    ),
    # C.5 (0.8 - 1.8, parallel): no iteration_index at all; iteration_next(index 2, run id 7735…) at the end of a
    # round says that 7735… was round 1, so index 2 is no round of its own, and the round that ended last is round 0.
    # B.5: parallel_branch_* is no execution; arrival order is kept. A.5: spaced ASCII JSON, no ping at the beginning.
    "08_legacy_1_1_parallel_branch_and_iteration_ascii_spaced": Row(
        mode="workflow",
        status="succeeded",
        tree="""
            start@1179a051 succeeded
            codeA@242d1286 succeeded
            codeB@6ef02e90 succeeded
            iter1 succeeded
              round 0 in 0.35 s
                tt@8913bee5 succeeded
              round 1 in 0.21 s
                tt@605060bf succeeded
            end@d214a480 succeeded
        """,
        outputs={"result": ["X", "Y"]},
        total_steps=5,
        heartbeats=1,
    ),
    # C.5 (graphon <= 0.6, loop): no loop_next for round 0, and loop_next(2) after the last of two rounds is a phantom.
    "09_workflow_loop_phantom_next_graphon06": Row(
        mode="workflow",
        status="succeeded",
        tree="""
            start@5f0bc556 succeeded
            loop1 succeeded
              round 0 in 0.91 s
                assign1@61836be7 succeeded
              round 1 in 0.88 s
                assign1@e9236839 succeeded
            end@309cde1e succeeded
        """,
        outputs={"n": 2},
        total_steps=5,
        heartbeats=1,
    ),
    # Cor. 2: the leaves name both containers and both rounds, the one opened later is the inner one. C.5: iter1
    # starts once per outer round, each a new occurrence; steps 5 are the loop's maximum, it broke after 2 rounds.
    "10_workflow_iteration_in_loop_break_graphon07": Row(
        mode="workflow",
        status="succeeded",
        tree="""
            start@3ade21e1 succeeded
            loop1 succeeded
              round 0 in 0.3 s
                iter1 succeeded
                  round 0 in 0.05 s
                    code1@e3cbba88 succeeded
                  round 1 in 0.04 s
                    code1@dd019039 succeeded
              round 1 in 0.29 s
                iter1 succeeded
                  round 0 in 0.05 s
                    code1@1966e694 succeeded
                  round 1 in 0.04 s
                    code1@dd2dfa50 succeeded
                loopend@888f1250 succeeded
            end@f548b72e succeeded
        """,
        outputs={"rounds": 2},
        total_steps=11,
        heartbeats=1,
    ),
    # C.8.1, C.12: workflow_paused ends the body, without node_finished and without message_end. The form is said twice
    # (human_input_required, reasons[TYPE]) and is one. DESIGN 6: the open node waits for a human, so it is paused.
    "11_chatflow_hitl_pause": Row(
        mode="chatflow",
        status="paused",
        tree="""
            start@22e2ad88 succeeded
            llm1@2f8860f5 succeeded, 60 tokens says 'Dear customer'
            human1@9845077a paused
        """,
        forms=(("c5270714", "human1", "waiting", None),),
        text="Dear customer",
        outputs={},
        usage=usage(40, 20, 60, USD="0.000018"),
        total_tokens=60,
        total_steps=3,
        leaf_tokens=60,
        leaf_cost=money({"USD": "0.000018"}),
        heartbeats=1,
    ),
    # Cor. 7: the body streams only what came after the pause; outputs.answer of a resumed chatflow is the whole answer.
    # Cor. 1: totals and usage cover the whole run, the leaves only this body. B.4: form_filled names no form_id.
    "12_chatflow_hitl_resumed_live": Row(
        mode="chatflow",
        status="succeeded",
        tree="""
            human1@9845077a succeeded
            answer@24dec54d succeeded
        """,
        forms=((None, "human1", "submitted", "approve"),),
        text="Dear customer \N{EN DASH} approved.",
        outputs={"answer": "Dear customer \N{EN DASH} approved.", "files": []},
        usage=usage(40, 20, 60, 1.1, USD="0.000018"),
        total_tokens=60,
        total_steps=5,
        heartbeats=1,
    ),
    # C.8 snapshot: the text so far comes as a message_replace, details are null (so no tokens of leaves, no split of
    # the total), and the waiting node is "finished" with status paused, which is not done.
    "13_chatflow_hitl_snapshot_of_paused_run": Row(
        mode="chatflow",
        status="paused",
        tree="""
            start@22e2ad88 succeeded
            llm1@2f8860f5 succeeded
            human1@9845077a paused
        """,
        forms=(("c5270714", "human1", "waiting", None),),
        text="Dear customer",
        outputs={"answer": "Dear customer"},
        usage=usage(None, None, 60),
        total_tokens=60,
        total_steps=3,
        heartbeats=1,
    ),
    # C.1: log entries are upserted by id and nest by parent_id; cor. 5: they belong to the open execution of their
    # node_id, whatever node_execution_id holds (here the execution's id, in recordings the node's). C.10: the copy of
    # the first entry in execution_metadata.agent_log adds none. C.7: the 118 tokens of the entries are part of the
    # node's 240.
    "14_chatflow_agent_node_agent_log": Row(
        mode="chatflow",
        status="succeeded",
        tree="""
            start@57f2683c succeeded
            agent1@15b854d2 succeeded, 240 tokens says '3 °C in Oslo.'
              ~ ROUND 1 success
                ~ gpt-4o-mini Thought success
                ~ CALL get_weather success
            answer@56735507 succeeded
        """,
        text="3 °C in Oslo.",
        outputs={"answer": "3 °C in Oslo.", "files": []},
        usage=usage(220, 20, 240, 1.1, USD="0.00004"),
        total_tokens=240,
        total_steps=3,
        leaf_tokens=240,
        leaf_cost=money({"USD": "0.00004"}),
        heartbeats=2,
    ),
    # C.12 workflow: workflow_finished(failed) is the whole story; no error event follows, so no code and no status.
    "15_workflow_node_failed": Row(
        mode="workflow",
        status="failed",
        error=("TypeError: unsupported operand type(s)", None, None),
        tree="""
            start@1e303cda succeeded
            code1@ef5e0d9d failed: TypeError: unsupported operand type(s)
        """,
        outputs={},
        total_steps=2,
        heartbeats=1,
    ),
    # B.6 #12 (direct path, <= 1.12): the error event after workflow_finished adds code and status; the first message
    # stays, without the second one's "Run failed: ". Workflow frames with a conversation_id: a chatflow, though no
    # ping opened it.
    "16_chatflow_failed_then_error": Row(
        mode="chatflow",
        status="failed",
        error=("[openai] Rate Limit Error, 429", "invalid_param", 400),
        tree="""
            start@eceb51b7 succeeded
            llm1@74784ee4 failed: [openai] Rate Limit Error, 429
        """,
        outputs={},
        total_steps=2,
        heartbeats=0,
    ),
    # A.10: a worker that could not start says message and status, no code and no id, so the mode is unknown. A.9:
    # thirty pings and a silent end of the body after it change nothing. Cor. 13: its event alone tells that this is
    # Dify.
    "17_worker_setup_error_then_pings_until_idle": Row(
        mode=None,
        status="failed",
        error=("query is required in input form", None, 500),
        heartbeats=31,
    ),
    # C.3, cor. 10: an exception is a failure that an error strategy handled, by a branch or by a default value: the
    # run has no error.
    "18_workflow_error_strategy_partial_succeeded": Row(
        mode="workflow",
        status="partial-succeeded",
        tree="""
            start@c83e9584 succeeded
            http1@bfbb91d4 exception: Request failed with status code 503
            code1@4e3d5c9b exception: boom
            end@4dab5570 succeeded
        """,
        outputs={"result": "fallback"},
        total_steps=4,
        heartbeats=1,
    ),
    # C.9, C.3: running nodes get no node_finished; the run stopped, so they stopped, and no error is invented for them.
    # Cor. 1: the run's total of 0 is the server's figure.
    "19_workflow_stopped_running_nodes_left_open": Row(
        mode="workflow",
        status="stopped",
        error=("Stopped by user.", None, None),
        tree="""
            start@d2764de5 succeeded
            llm1@fae3cc46 stopped says 'partial'
            llm2@f801f28e stopped
        """,
        text="partial",
        outputs={},
        total_steps=3,
        heartbeats=1,
    ),
    # C.10 New Agent: one full message after the deltas replaces them. It is no extension of what was streamed:
    # "Checking…" belongs to the first thought and is gone from the answer.
    "20_new_agent_app_final_message_is_complete": Row(
        mode="agent",
        status="succeeded",
        text="The answer is 42.",
        usage=usage(100, 20, 120, 1.1, USD="0.0001475"),
        total_tokens=120,
        thoughts=((1, "web_search", "Checking…", "42"),),
        heartbeats=0,
    ),
    # B.4, C.12 datasource: flat frames without any id; `data` is the result, here a list, and no wrapper of a payload.
    "21_pipeline_datasource_node_run": Row(
        mode="datasource",
        status="succeeded",
        outputs=[
            {"source_url": "https://docs.example/", "title": "Docs", "description": "", "content": "# Docs"},
            {"source_url": "https://docs.example/a", "title": "A", "description": "", "content": "# A"},
        ],
        heartbeats=0,
    ),
    # C.12 chatflow short-cut, cor. 12: message_end alone ends well; the thirty pings after it are no interruption.
    # Cor. 13: only the relay opens with a ping, so this is a chatflow. Usage is all 0, and that is what the server
    # says.
    "22_chatflow_annotation_reply_no_terminal": Row(
        mode="chatflow",
        status="succeeded",
        text="Our refund window is 30 days.",
        usage=usage(0, 0, 0, 0.0, USD="0"),
        heartbeats=31,
    ),
    # A.4: `id:` lines are cursors of the transport; the block has data, so it is a frame and no heartbeat.
    "23_unreleased_pr39706_id_lines_cursor": Row(
        mode="workflow",
        status="succeeded",
        tree="start@38e2170a succeeded",
        outputs={},
        total_steps=1,
        heartbeats=1,
    ),
}

# C.8.3 - C.8.7, C.13.6: the same run goes on. The human node starts again under its own id: one execution, reopened and
# then finished. form_filled finds its form by node id. Cor. 7: neither appending nor replacing deltas gives the text;
# outputs.answer does. The leaf of the first body keeps its tokens.
ROWS["11+12"] = replace(
    ROWS["12_chatflow_hitl_resumed_live"],
    tree="""
        start@22e2ad88 succeeded
        llm1@2f8860f5 succeeded, 60 tokens says 'Dear customer'
        human1@9845077a succeeded
        answer@24dec54d succeeded
    """,
    forms=(("c5270714", "human1", "submitted", "approve"),),
    leaf_tokens=60,
    leaf_cost=money({"USD": "0.000018"}),
    heartbeats=2,
)

# C.8, C.13.2: a snapshot of what we saw live tells one thing more, the outputs so far; its nulls erase nothing, its
# message_replace does not append, and its second form is the first.
ROWS["11+13"] = replace(ROWS["11_chatflow_hitl_pause"], outputs={"answer": "Dear customer"}, heartbeats=2)

# The client came late: a snapshot, then the live end. As 11+12, but what the snapshot hid (tokens of the leaf, the
# sentences of llm1) stays unknown.
ROWS["13+12"] = replace(
    ROWS["11+12"],
    tree="""
        start@22e2ad88 succeeded
        llm1@2f8860f5 succeeded
        human1@9845077a succeeded
        answer@24dec54d succeeded
    """,
    leaf_tokens=0,
    leaf_cost={},
)

# C.13.1: with the live beginning known, the snapshot between it and the end makes no difference but its ping.
ROWS["11+13+12"] = replace(ROWS["11+12"], heartbeats=3)


# ---- what a run says


def bodies(row: str) -> list[bytes]:
    """The bodies that a row's name stands for: "11+12" is sample 11, then sample 12."""
    found = [list(FOLDER.glob(f"{name}*.sse")) for name in row.split("+")]
    assert all(len(paths) == 1 for paths in found), f"{row} does not name samples of {FOLDER}"
    return [path.read_bytes() for (path,) in found]


def frames(row: str) -> list[Json]:
    """The wire as it is, read without streamkit: each frame of a sample has exactly one `data:` line."""
    lines = [line for body in bodies(row) for line in body.split(b"\n")]
    return [json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: ")]


def inspect(row: str) -> Json:
    """What `streamkit inspect --json` says of these bodies of one run."""
    return facts.inspect(bodies(row))


def name(node: Json) -> str:
    container = node["type"] in ("iteration", "loop")
    return node["node_id"] if container else f"{node['node_id']}@{node['id'][:8]}"


def form(shown: Json) -> tuple[Any, ...]:
    form_id = shown["form_id"]
    return form_id and form_id[:8], shown["node_id"], shown["status"], shown["action_id"]


# ---- the tests


every_row = pytest.mark.parametrize("row", ROWS)

IDS = {
    "id": "workflow_run_id",
    "task_id": "task_id",
    "message_id": "message_id",
    "conversation_id": "conversation_id",
}
"""Name in the run: key of the envelope."""


def test_every_sample_has_a_row():
    assert {path.stem for path in FOLDER.glob("*.sse")} == {row for row in ROWS if "+" not in row}


@every_row
def test_a_sample_gives_the_run_that_the_protocol_says(row):
    wanted = ROWS[row]
    got = facts.facts(inspect(row), name=name, form=form)
    assert got.tree.splitlines() == outline(wanted.tree).splitlines()  # first and by itself: the readable difference
    assert got == replace(wanted, tree=outline(wanted.tree))


@every_row
def test_the_ids_of_a_run_are_those_that_its_frames_carry(row):
    """B.1; null where no frame carries one: a chat has no workflow run, a completion no conversation."""
    run, wire = inspect(row), frames(row)
    said = {key: {frame.get(key) for frame in wire} - {None} for key in IDS.values()}
    assert {key: {run[name]} - {None} for name, key in IDS.items()} == said


@every_row
def test_an_execution_id_names_one_execution(row):
    """C.1, C.5; also where the wire repeats one id for each occurrence of a container."""
    ids = Counter(node["id"] for node in executions(inspect(row)["nodes"]))
    assert [name for name, times in ids.items() if times > 1] == []


@every_row
def test_every_byte_and_every_frame_is_counted_once(row):
    stats, wire = inspect(row)["stats"], frames(row)
    assert stats["bytes"] == sum(map(len, bodies(row)))
    assert stats["frames"] == len(wire)
    assert stats["events"].items() >= Counter(frame["event"] for frame in wire).items()


@every_row
def test_each_body_of_a_run_is_a_segment_and_the_segments_share_out_its_leaf_tokens(row):
    run = inspect(row)
    assert len(run["segments"]) == len(bodies(row))
    assert sum(segment["leaf_tokens"] for segment in run["segments"]) == run["leaf_tokens"]
