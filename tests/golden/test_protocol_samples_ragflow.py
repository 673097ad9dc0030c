"""The protocol samples of RAGFlow, of the OpenAI form and of Paradigm, and the run that each of them must give.

Every row was derived by hand: from the frames of the sample and from the protocol reference, whose section stands
above the row ("A.3", "C.5", "cor. 12" = correction 12; "DESIGN 6" = the project's design). No row was ever copied from
what the code printed. A row that fails is a question to the protocol first, and to the code second; never run this
table through an "update" script.

How a run is written down: see `facts`. An execution is called by its whole id, `component_id#n`.

What a row is named:

    16_agent_node_error…     a sample, whole
    11+12                    samples that are bodies of one run, folded in order
    09:9                     only the first nine frames of the sample: the connection was lost
    09:-1                    all but its last frame
    13:4 [DONE]              its first four frames, then the terminator of agents
"""

import json
from collections import Counter
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tests.golden import facts
from tests.golden.facts import Facts, Json, executions, outline, usage

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDERS = [FIXTURES / name / "protocol" for name in ("ragflow", "openai", "lighton")]

DONE = b"data:[DONE]\n\n"

Row = partial(Facts, dialect="ragflow")
"""A form is (node id, status, content, keys of its fields, submitted)."""

Agent = partial(Row, mode="agent")
Chat = partial(Row, mode="rag-chat")
Completion = partial(Facts, dialect="openai")

ZERO = usage(0, 0, 0)
"""What v0.26.3 and later say of a run with stubbed models: the server's figure, however small (C.9)."""

PARIS = "Day 1: the Louvre. Day 2: Montmartre."
SORRY = "Sorry! No relevant content was found in the knowledge base!"
ENGINE = "RAGFlow is an open-source RAG engine based on deep document understanding [ID:0]"
CITED = f"{ENGINE}. It supports many formats and gives grounded citations [ID:1]."
NEOVIM = "Run `brew install neovim` [ID:180]."
WANTS = "The user wants install steps."
CANCELED = "Task 3f1c6a5e8d2b11f0a1c20242ac120006 has been canceled"

CITY_STYLE_DAYS = ("city", "style", "days")
FILL_UP = "Please fill up the form"


ROWS: dict[str, Facts] = {
    # ---- chats
    # C.2: neither `final` nor flags anywhere, so each answer is the whole text so far. It is not monotone: the last
    # frame puts the citation into the middle. C.3: markers stay in the text; `i` of ##i$$ is the index in the list.
    # A.1: this terminator has no `message`.
    "01_chat_v015_cumulative_reference_hash_markers": Chat(
        status="succeeded",
        text="I am an intelligent assistant designed to help answer questions by summarizing content from a knowledge "
        "base ##0$$. My responses are based on the information available in the knowledge base and any relevant chat "
        "history.",
        citations=1,
    ),
    # B.3: without a session the question is dropped and only the prologue comes; on the wire it is an answer like any
    # other, with a null id. C.6: data:true is the end.
    "02_chat_v015_no_session_prologue": Chat(
        status="succeeded",
        text="Hi! I'm your assistant, what can I do for you?",
    ),
    # C.4: the closing tag moves from frame to frame. C.2: no frame appends, so the thinking is there once.
    "03_chat_v019_cumulative_moving_think_close_tag": Chat(
        status="succeeded",
        text=f"{ENGINE}.",
        reasoning="Okay, the user asks what RAGFlow is. Let me check the knowledge base and cite it.",
        citations=1,
    ),
    # C.2: `final` in any frame means deltas; the final answer is "", so the text stays and the reference is taken.
    # C.4: between the flags is thinking.
    "04_chat_v0261plus_delta_think_final_empty_answer": Chat(
        status="succeeded",
        text=CITED,
        reasoning="The user asks what RAGFlow is.",
        citations=2,
    ),
    # C.2: the final answer is not empty, so it replaces. It repeats the thinking with literal tags: not doubled.
    "05_chat_v0250_final_repeats_full_answer": Chat(
        status="succeeded",
        text=CITED,
        reasoning="The user asks what RAGFlow is.",
        citations=2,
    ),
    # B.4: cumulative answers that say final:false; only the request tells. The last one is final and replaces.
    "06_chat_legacy_true_cumulative": Chat(
        status="succeeded",
        text=CITED,
        reasoning="The user asks what RAGFlow is.",
        citations=2,
    ),
    # ---- agents before v0.20
    # B.5: running_status is no part of the answer, and a label in a sentence is no execution: there is neither an id
    # nor an end. C.2: cumulative; the last frame repeats the text.
    "07_agent_old_v018_running_status_cumulative": Agent(
        status="succeeded",
        text="Hello! How can I assist you today?",
    ),
    # B.5: `param` shows an agent. What Begin declares is no form: the run is over, nothing waits for it.
    "07b_agent_old_v018_new_session_begin_param": Agent(
        status="succeeded",
        text="Hi! I'm your smart assistant. What can I do for you?",
    ),
    # ---- agents since v0.20
    # C.6: v0.20.0 has no terminator; workflow_finished decides. C.5: both start as one batch, the Agent that feeds the
    # Message ends after message_end. C.4: the Message's own outputs hold the thinking without tags, so the stream is
    # the text. C.3: the reference is a dict. C.9: no usage before v0.26.3.
    "08_agent_v0200_full_event_stream_no_terminator": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Agent:EveryHairsChew#0 succeeded
            Message:WarmClubsShine#0 succeeded says 'Run `make install` [ID:20].' thinks 'The user wants install steps.'
        """,
        text="Run `make install` [ID:20].",
        reasoning=WANTS,
        citations=1,
    ),
    # The same at v0.27, with [DONE], with usage (all 0, and that is what the server says), and with two citations of
    # which the answer uses one.
    "09_agent_v027_full_event_stream": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Retrieval:TwelveTiesWash#0 succeeded
            Agent:EveryHairsChew#0 succeeded
            Message:WarmClubsShine#0 succeeded says 'Run `brew install neovim` [ID:180].' thinks 'The user wants install steps.'
        """,
        text=NEOVIM,
        reasoning=WANTS,
        usage=ZERO,
        citations=2,
    ),
    # B.6, session path: no starts, and a workflow_finished of usage alone. C.5: a finish without a start is an
    # execution; the text waits for the next Message that finishes, over the Agent's finish. `trace` repeats what is
    # known and makes nothing. Issue 3: an anomaly says why so little is seen.
    "10_agent_presession_filtered_return_trace_v0263plus": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Retrieval:TwelveTiesWash#0 succeeded
            Agent:EveryHairsChew#0 succeeded
            Message:WarmClubsShine#0 succeeded says 'Run `brew install neovim` [ID:180].' thinks 'The user wants install steps.'
        """,
        text=NEOVIM,
        reasoning=WANTS,
        usage=ZERO,
        citations=2,
        anomalies=("filtered-session",),
    ),
    # C.6: [DONE] with only message and message_end: success and failure look alike; not known to have failed.
    "10b_agent_v0205_message_only": Agent(
        status="succeeded",
        text=NEOVIM,
        reasoning=WANTS,
        citations=2,
        anomalies=("filtered-session",),
    ),
    # C.7: user_inputs, then [DONE]: paused. The waiting node has not started and is not named.
    "11_agent_user_inputs_pause": Agent(
        status="paused",
        tree="""
            begin#0 succeeded
            Message:Q#0 succeeded says 'I need some details.'
        """,
        forms=(("", "waiting", FILL_UP, CITY_STYLE_DAYS, None),),
        text="I need some details.",
    ),
    # C.7: a resume starts with the UserFillUp, without workflow_started. By itself it shows no form: nothing asked.
    "12_agent_user_inputs_resume": Agent(
        status="succeeded",
        tree="""
            UserFillUp:W#0 succeeded
            Agent:P#0 succeeded
            Message:Out#0 succeeded says 'Day 1: the Louvre. Day 2: Montmartre.'
        """,
        text=PARIS,
        usage=ZERO,
    ),
    # C.7, #17145: the server runs the rest twice, and so it is shown. C.5: a start after a finish is a new execution.
    "12b_agent_turn_after_resumed_run_duplicates": Agent(
        status="succeeded",
        tree="""
            UserFillUp:W#0 succeeded
            Agent:P#0 succeeded
            Message:Out#0 succeeded says 'Day 1: the Louvre. Day 2: Montmartre.'
            Agent:P#1 succeeded
            Message:Out#1 succeeded says 'Day 1: the Louvre. Day 2: Montmartre.'
        """,
        text=PARIS + PARIS,
        usage=ZERO,
    ),
    # C.7: before v0.26.3 a resume repeats workflow_started. B.6: v0.20.0 always sends a reference; this one is empty.
    "12c_agent_v0200_resume_has_workflow_started": Agent(
        status="succeeded",
        tree="""
            UserFillUp:W#0 succeeded
            Agent:P#0 succeeded
            Message:Out#0 succeeded says 'Day 1: the Louvre.'
        """,
        text="Day 1: the Louvre.",
    ),
    # C.5: two items, three IterationItems: the last one repeats a stale item and is a sentinel. What starts between
    # the container's first item and its finish is inside, in the round of the last item.
    "13_agent_iteration": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Iteration:I#0 succeeded
              round 0
                IterationItem:II#0 succeeded
                Agent:Inner#0 succeeded
              round 1
                IterationItem:II#1 succeeded
                Agent:Inner#1 succeeded
            Message:Out#0 succeeded says '["pomme", "pomme"]'
        """,
        text='["pomme", "pomme"]',
        usage=ZERO,
    ),
    # C.5: three message groups with one message_id; each belongs to the Message that is open. The answer is all of
    # them; workflow_finished.outputs has only the last one.
    "14_agent_loop_with_message_inside": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Loop:L#0 succeeded
              round 0
                LoopItem:LI#0 succeeded
                Agent:Draft#0 succeeded
                Message:Step#0 succeeded says 'draft text'
              round 1
                LoopItem:LI#1 succeeded
                Agent:Draft#1 succeeded
                Message:Step#1 succeeded says 'draft text'
            Message:Out#0 succeeded says 'All done.'
        """,
        text="draft textdraft textAll done.",
        usage=ZERO,
    ),
    # C.7: paused inside a Loop, which has not finished: its end is not known (DESIGN 6: only the waiting node would be
    # paused). Its last item is no sentinel before the Loop finishes.
    "15a_agent_loop_hitl_pause": Agent(
        status="paused",
        tree="""
            begin#0 succeeded
            Loop:L#0 unknown
              round 0
                LoopItem:LI#0 succeeded
        """,
        forms=(("", "waiting", "again?", ("answer",), None),),
    ),
    # Cor. 8: one body of three, alone. Nothing names the Loop, so all stands at the top.
    "15b_agent_loop_hitl_resume_and_pause_again": Agent(
        status="paused",
        tree="""
            UserFillUp:W#0 succeeded
            Message:Echo#0 succeeded says 'you saidmore'
            LoopItem:LI#0 succeeded
        """,
        forms=(("", "waiting", "again?", ("answer",), None),),
        text="you saidmore",
    ),
    # Cor. 8: the Loop appears with its finish; what it held is not known.
    "15c_agent_loop_hitl_resume_finish": Agent(
        status="succeeded",
        tree="""
            UserFillUp:W#0 succeeded
            Message:Echo#0 succeeded says 'you saidstop'
            LoopItem:LI#0 succeeded
            Loop:L#0 succeeded
            Message:Out#0 succeeded says 'bye'
        """,
        text="you saidstopbye",
        usage=ZERO,
    ),
    # Cor. 1: unfiltered, [DONE], neither workflow_finished nor user_inputs: failed; the reason is the node's.
    "16_agent_node_error_no_workflow_finished": Agent(
        status="failed",
        error=("**ERROR**: MODEL_ERROR - Connection error.", None, None),
        tree="""
            begin#0 succeeded
            Agent:A#0 failed: **ERROR**: MODEL_ERROR - Connection error.
        """,
    ),
    # C.6: the run went on after the error (goto), and workflow_finished wins: the node failed, the run did not.
    "17_agent_node_error_goto_branch_succeeds": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Agent:A#0 failed: boom
            Message:Err#0 succeeded says 'Something went wrong, a human will contact you.'
        """,
        text="Something went wrong, a human will contact you.",
        usage=ZERO,
    ),
    # Cor. 5: the model died inside the Message; its node never ends, the run succeeds, and the text is cut.
    "18_agent_llm_error_midstream_looks_successful": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Agent:A#0 unknown
            Message:M#0 succeeded says 'The answer '
        """,
        text="The answer ",
        usage=ZERO,
    ),
    # C.5, cor. 6: Z waits for Y, is dropped and starts again without an end between: one execution, in the place of its
    # first start.
    "19_agent_fanin_orphan_node_started": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Agent:X#0 succeeded
            Agent:Z#0 succeeded
            Agent:Y#0 succeeded
            Message:M#0 succeeded says 'z'
        """,
        text="z",
        usage=ZERO,
    ),
    # C.5: both Messages are open at once; they stream one after the other, the first one started first.
    "20_agent_parallel_messages_same_message_id": Agent(
        status="succeeded",
        tree="""
            begin#0 succeeded
            Agent:X#0 succeeded
            Agent:Y#0 succeeded
            Message:L#0 succeeded says 'left branch'
            Message:R#0 succeeded says 'right branch'
        """,
        text="left branchright branch",
        usage=ZERO,
    ),
    # C.6: code 500 that says "canceled" is a stop, with its reason; what was open stopped with the run.
    "21_agent_cancel_between_nodes_code500": Agent(
        status="stopped",
        error=(f"{CANCELED} during batch execution.", "500", None),
        tree="""
            begin#0 succeeded
            Agent:A#0 succeeded
            Agent:B#0 stopped
        """,
    ),
    # Cor. 2: outputs that are the string "Task has been canceled" are a stop; the node that noticed failed. A run's
    # error is why it failed or was stopped, in the server's words, and these are its only ones.
    "22_agent_cancel_while_message_streams": Agent(
        status="stopped",
        error=("Task has been canceled", None, None),
        tree="""
            begin#0 succeeded
            Agent:A#0 stopped
            Message:M#0 failed: Task has been canceled says 'a'
        """,
        text="a",
        usage=ZERO,
    ),
    # C.6: a session poisoned by an earlier cancel. An error alone does not show what kind of app refused.
    "23_agent_poisoned_session_after_cancel": Row(
        mode=None,
        status="stopped",
        error=(f"{CANCELED} before starting.", "500", None),
    ),
    # ---- the OpenAI form
    # B.7: reasoning_content is thinking; content is null beside it. The last chunk brings usage and a reference as a
    # list; final_content repeats the text. A.1: NaN twice in one frame is one frame that strict JSON refuses.
    "24_openai_chat_reasoning_reference_done": Completion(
        mode="openai-chat",
        status="succeeded",
        text=CITED,
        reasoning="The user asks what RAGFlow is.",
        usage=usage(4, 43, 47),
        total_tokens=47,
        citations=2,
        anomalies=("non-standard-json",),
    ),
    # A.3.6: the provider's error is a piece of content, then a regular stop. DESIGN 6: succeeded, with an anomaly. The
    # text is what was streamed: final_content comes only if asked for, and hides the error.
    "25_openai_chat_error_then_stop": Completion(
        mode="openai-chat",
        status="succeeded",
        text=f"{ENGINE}**ERROR**: Connection error.",
        reasoning="The user asks what RAGFlow is.",
        usage=usage(4, 27, 31),
        total_tokens=31,
        anomalies=("error-in-answer",),
    ),
    # ---- errors and edges of chats
    # A.3.3: an error frame, then the ordinary terminator. Its `answer` is the error again and no answer; the status
    # frame before it shows an agent (before v0.20).
    "26_in_stream_error_code500_then_true": Agent(
        status="failed",
        error=("'content_with_weight'", "500", None),
    ),
    # A.3.6: the same kind of failure as plain text with code 0. Final:false alone: a chat without a knowledge base.
    "26b_llm_error_is_answer_text_code0": Chat(
        status="succeeded",
        text="**ERROR**: MODEL_ERROR - Connection error.",
        anomalies=("error-in-answer",),
    ),
    # C.1: retcode and retmsg are code and message. B.1: chunks under their raw names.
    "27_v1_api_completion_retcode_generation": Chat(
        status="succeeded",
        text="I am an assistant ##0$$.",
        citations=1,
    ),
    # B.4: the same text, once final:false and once final:true; the second replaces the first.
    "28_chat_v0264plus_empty_response_twice": Chat(status="succeeded", text=SORRY),
    # B.4: progress of deep research in literal tags, which are no thinking; no final frame.
    "29_chat_v0252_retrieving_tags": Chat(
        status="succeeded",
        text="<retrieving>Searching by `RAGFlow`...<br/></retrieving>RAGFlow is...",
    ),
    # B.7: a reference as a dict says that this is an agent. C.6: [DONE] without any finish_reason is its success.
    "30_openai_agent_no_finish_reason": Completion(
        mode="openai-agent",
        status="succeeded",
        text="Run `brew install neovim`",
        citations=1,
    ),
    # ---- the Go backend
    # B.9: waiting_for_user is user_inputs; the node that waits has started, and so it is known. Its cpn_id is neither
    # a node nor a form. `inputs` of the run are the user's words.
    "31_go_backend_agent_waiting_for_user": Agent(
        status="paused",
        tree="""
            begin#0 succeeded
            UserFillUp:W#0 paused
        """,
        forms=(("UserFillUp:W", "waiting", FILL_UP, ("city",), None),),
    ),
    # B.9, C.6: code 500 without the word "canceled": crashed.
    "32_go_backend_agent_error": Agent(
        status="failed",
        error=("canvas invoke: model driver: 401 Unauthorized", "500", None),
    ),
    # B.9: the first frame has no `final`, the second is final and full: it replaces. A.1: two terminators, and the
    # second changes nothing.
    "33_go_backend_chatbot_two_terminators": Chat(status="succeeded", text="RAGFlow is an engine [ID:0]."),
    # ---- rare frames
    # A.1: NaN in outputs is read as null and counted. B.6: a finish and no start at all: filtered. C.6: filtered, with a
    # terminator and nothing against it.
    "34_agent_nan_literal_in_outputs": Agent(
        status="succeeded",
        tree="ExeSQL:A#0 succeeded",
        anomalies=("non-standard-json", "filtered-session"),
    ),
    # B.6: only agents say this, and only when no event came; it tells the session. C.6: nothing was seen to fail.
    "35_agent_no_events_session_echo": Agent(status="succeeded"),
    # A.3.1: HTTP 200 and JSON in place of a stream.
    "36_http200_json_error_instead_of_sse": Row(mode=None, status="failed", error=("Session not found!", "102", None)),
    # A.3.5, cor. 3: code before event: no message, and certainly no text; then EOF.
    "37_agentbot_exception_frame": Agent(status="failed", error=("No available published version", "102", None)),
    # ---- Paradigm
    # F.3: text and no error: succeeded, though the tool call still reads "pending": the end of that was not seen.
    "38_lighton_chatflow_response": Facts(
        dialect="lighton",
        mode="chatflow",
        status="succeeded",
        tree="7741 unknown",
        text="Employees accrue 2.08 days of paid leave per month.",
        citations=1,
    ),
}


def sample(prefix: str) -> Facts:
    """The row of a whole sample."""
    (row,) = (row for name, row in ROWS.items() if name.startswith(f"{prefix}_"))
    return row


# ---- bodies of one run

# C.7: a new message_id, the same session, and the run was paused: it goes on. The form is answered by the inputs of the
# UserFillUp that finishes. Nothing is cleared; the text goes on.
ROWS["11+12"] = replace(
    sample("12"),
    tree="""
        begin#0 succeeded
        Message:Q#0 succeeded says 'I need some details.'
        UserFillUp:W#0 succeeded
        Agent:P#0 succeeded
        Message:Out#0 succeeded says 'Day 1: the Louvre. Day 2: Montmartre.'
    """,
    forms=(("", "submitted", FILL_UP, CITY_STYLE_DAYS, {"city": "Paris", "style": "budget", "days": 2}),),
    text="I need some details." + PARIS,
)

# C.7, before v0.26.3 (the pause is borrowed from v0.27; session and node fit): workflow_started comes again and begins
# no other run. v0.20.0 tells no value in the node's inputs, only in its outputs.
ROWS["11+12c"] = replace(
    sample("12c"),
    tree="""
        begin#0 succeeded
        Message:Q#0 succeeded says 'I need some details.'
        UserFillUp:W#0 succeeded
        Agent:P#0 succeeded
        Message:Out#0 succeeded says 'Day 1: the Louvre.'
    """,
    forms=(("", "submitted", FILL_UP, CITY_STYLE_DAYS, {"city": None}),),
    text="I need some details.Day 1: the Louvre.",
)

# Cor. 8: folded, everything has its place. The Loop is open over the pause: what starts in the second body stands in its
# round 0, until the next item begins round 1. Two questions are two forms, though nothing on the wire tells them apart.
ROWS["15a+15b"] = replace(
    sample("15b"),
    tree="""
        begin#0 succeeded
        Loop:L#0 unknown
          round 0
            LoopItem:LI#0 succeeded
            UserFillUp:W#0 succeeded
            Message:Echo#0 succeeded says 'you saidmore'
          round 1
            LoopItem:LI#1 succeeded
    """,
    forms=(
        ("", "submitted", "again?", ("answer",), {"answer": "more"}),
        ("", "waiting", "again?", ("answer",), None),
    ),
)

# C.5, C.7: the Loop that started in the first body finishes in the third; its third item is the sentinel.
ROWS["15a+15b+15c"] = replace(
    sample("15c"),
    tree="""
        begin#0 succeeded
        Loop:L#0 succeeded
          round 0
            LoopItem:LI#0 succeeded
            UserFillUp:W#0 succeeded
            Message:Echo#0 succeeded says 'you saidmore'
          round 1
            LoopItem:LI#1 succeeded
            UserFillUp:W#1 succeeded
            Message:Echo#1 succeeded says 'you saidstop'
        Message:Out#0 succeeded says 'bye'
    """,
    forms=(
        ("", "submitted", "again?", ("answer",), {"answer": "more"}),
        ("", "submitted", "again?", ("answer",), {"answer": "stop"}),
    ),
    text="you saidmoreyou saidstopbye",
)

# ---- bodies that were cut: the rest of the table of end states (C.6)

# A chat without its data:true was cut, whatever it had said.
ROWS["01:-1"] = replace(sample("01"), status="interrupted")

# C.4: a block that was opened by a flag and not closed ends with the body.
ROWS["04:2"] = Chat(status="interrupted", reasoning="The user asks")
ROWS["09:9"] = Agent(
    status="interrupted",
    tree="""
        begin#0 succeeded
        Retrieval:TwelveTiesWash#0 succeeded
        Agent:EveryHairsChew#0 unknown
        Message:WarmClubsShine#0 unknown thinks 'The user wants install steps.'
    """,
    reasoning=WANTS,
)

# An agent's EOF without a terminator is decided by what was seen: the end, a pause, an error of a node, or nothing.
ROWS["09:-1"] = sample("09")
ROWS["09:-2"] = replace(sample("09"), status="interrupted", usage=facts.NO_USAGE)
ROWS["10b:-1"] = replace(sample("10b"), status="interrupted")
ROWS["11:-1"] = sample("11")
ROWS["16:-1"] = sample("16")

# An error needs no terminator. OpenAI's form without [DONE], and without a finish_reason, was cut.
ROWS["26:-1"] = sample("26")
ROWS["30:-1"] = replace(sample("30"), status="interrupted")

# Cor. 1: an Iteration that fails on its own input says nothing at all: no finish, no error, only [DONE].
ROWS["13:4 [DONE]"] = Agent(
    status="failed",
    error=("the run ended without a result", None, None),
    tree="""
        begin#0 succeeded
        Iteration:I#0 unknown
    """,
)


# ---- what the wire says, read without streamkit


def bodies(row: str) -> list[bytes]:
    """The bodies that a row's name stands for."""
    return [body(part) for part in row.split("+")]


def body(part: str) -> bytes:
    name, _, cut = part.partition(":")
    found = [path for folder in FOLDERS for path in folder.glob(f"{name}*") if is_sample(path, name)]
    assert len(found) == 1, f"{part} does not name a sample of {FOLDERS}"
    whole = found[0].read_bytes()
    if not cut:
        return whole
    count, *more = cut.split()
    kept = whole.split(b"\n\n")[:-1][: int(count)]  # after the last blank line is nothing
    return b"".join(block + b"\n\n" for block in kept) + (DONE if more else b"")


def is_sample(path: Path, name: str) -> bool:
    """Whether a row means this file: by its whole name, or by what stands before the first `_`."""
    is_body = path.suffix == ".sse" or (path.suffix == ".json" and not path.name.endswith(".golden.json"))
    return is_body and name in (path.stem, path.stem.partition("_")[0])


def frames(row: str) -> list[Any]:
    """The payloads, in order; `[DONE]` as it is. Each frame of a sample has exactly one `data:` line."""
    return [payload for body in bodies(row) for payload in payloads(body)]


def payloads(body: bytes) -> list[Any]:
    if body.startswith(b"{"):
        return [load(body)]
    lines = [line.removeprefix(b"data:").strip() for line in body.split(b"\n") if line]
    return ["[DONE]" if line == b"[DONE]" else load(line) for line in lines]


def load(text: bytes) -> Json:
    return json.loads(text, parse_constant=lambda _: None)


def objects(row: str) -> list[Json]:
    return [frame for frame in frames(row) if isinstance(frame, dict)]


def events(row: str) -> list[Json]:
    """Agent events; an error frame is none, whatever its `event` (cor. 3)."""
    return [frame for frame in objects(row) if "event" in frame and not frame.get("code")]


def told(row: str, word: str, component_id: str | None = None) -> list[Json]:
    """What events of this kind say, of one component or at all."""
    data = [frame["data"] for frame in events(row) if frame["event"] == word]
    return [one for one in data if component_id is None or one["component_id"] == component_id]


def asked(row: str) -> list[Json]:
    return [frame["data"] for frame in events(row) if frame["event"] in ("user_inputs", "waiting_for_user")]


def inner(frame: Json) -> Json:
    """The object below `data`, where there is one."""
    return frame["data"] if isinstance(frame.get("data"), dict) else {}


def first(values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def public(outputs: Any) -> Any:
    """Outputs without the engine's private keys (B.6), which a run may keep or not."""
    return {key: value for key, value in (outputs or {}).items() if not key.startswith("_")}


def cited(row: str) -> dict[str, Json]:
    """Chunks by their marker, a later one in place of an earlier one (C.3)."""
    found: dict[str, Json] = {}
    for frame in objects(row):
        for holder in (inner(frame), *(choice["delta"] for choice in frame.get("choices", ()))):
            reference = holder.get("reference") or {}
            chunks = reference.get("chunks", {}) if isinstance(reference, dict) else reference
            found |= chunks if isinstance(chunks, dict) else {str(at): chunk for at, chunk in enumerate(chunks)}
    return found


# ---- what a run says


@cache
def inspect(row: str, dialect: str = "auto", size: int | None = None) -> Json:
    return facts.inspect(bodies(row), dialect, size)


def read(run: Json) -> Facts:
    """Read off what a row says. Steps of Paradigm's tools are opaque (F.3), so log entries are left out; outputs are
    compared with the wire, below."""
    got = facts.facts(run, name=lambda node: node["id"], form=form)
    lines = [line for line in got.tree.splitlines() if not line.lstrip().startswith("~")]
    return replace(got, tree="\n".join(lines), outputs=None)


def form(shown: Json) -> tuple[Any, ...]:
    keys = tuple(one["key"] for one in shown["inputs"])
    assert shown["form_id"] is None
    return shown["node_id"], shown["status"], shown["content"], keys, shown["submitted"]


# ---- the tests

every_row = pytest.mark.parametrize("row", ROWS)
every_agent = pytest.mark.parametrize("row", [row for row in ROWS if events(row)])


def test_every_sample_has_a_row():
    samples = {path.stem for folder in FOLDERS for path in folder.iterdir() if is_sample(path, path.stem)}
    assert samples == {row for row in ROWS if "+" not in row and ":" not in row}


@every_row
def test_a_sample_gives_the_run_that_the_protocol_says(row):
    wanted = replace(ROWS[row], tree=outline(ROWS[row].tree))
    got = read(inspect(row))
    assert got.tree.splitlines() == wanted.tree.splitlines()  # first and by itself: the readable difference
    assert got == wanted


@pytest.mark.untraced
@every_row
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_dialect_shows_however_the_bytes_are_cut(row, size):
    """DESIGN 5.4; event words are Dify's too, so a wrong guess is near."""
    assert inspect(row, size=size) == inspect(row)


@every_row
def test_naming_the_dialect_gives_the_same_run_as_finding_it(row):
    assert inspect(row, ROWS[row].dialect) == inspect(row)


@every_row
def test_the_ids_of_a_run_are_those_that_its_frames_carry(row):
    """C.8; null where no frame carries one. An agent's run is called by the message id of its first body."""
    run, wire = inspect(row), objects(row)
    names = {
        "ragflow": {
            "id": first(frame.get("message_id") for frame in wire),
            "message_id": first(frame.get("message_id") or inner(frame).get("id") for frame in wire),
            "conversation_id": first(frame.get("session_id") or inner(frame).get("session_id") for frame in wire),
            "task_id": first(frame.get("task_id") for frame in wire),
        },
        "openai": {"id": first(frame.get("id") for frame in wire)},
        "lighton": {"id": "48211", "message_id": "91002", "conversation_id": None},
    }[run["dialect"]]
    assert {key: run[key] for key in names} == names


@every_row
def test_an_execution_id_names_one_execution(row):
    """C.5: derived from the component and a count, in RAGFlow; Paradigm's tool call has an id."""
    run = inspect(row)
    ids = Counter(node["id"] for node in executions(run["nodes"]))
    assert [name for name, times in ids.items() if times > 1] == []
    for node in executions(run["nodes"]):
        assert node["node_id"] == (node["id"].rpartition("#")[0] if run["dialect"] == "ragflow" else node["id"])


@every_row
def test_every_byte_and_every_frame_is_counted_once(row):
    """A terminator is a frame, and a JSON document is one."""
    stats = inspect(row)["stats"]
    assert stats["bytes"] == sum(map(len, bodies(row)))
    assert stats["frames"] == len(frames(row))
    assert stats["events"].items() >= Counter(frame["event"] for frame in events(row)).items()


@every_row
def test_each_body_of_a_run_is_a_segment_and_the_segments_share_out_its_leaf_tokens(row):
    run = inspect(row)
    assert len(run["segments"]) == len(bodies(row))
    assert sum(segment["leaf_tokens"] for segment in run["segments"]) == run["leaf_tokens"]


@every_row
def test_citations_are_the_vendors_objects_with_their_markers(row):
    """C.3: the index in a list, the key in a dict."""
    run = inspect(row)
    if run["dialect"] != "lighton":
        assert run["citations"] == [{**chunk, "marker": marker} for marker, chunk in cited(row).items()]


@every_agent
def test_a_run_says_what_its_first_and_its_last_event_say(row):
    """B.6. The envelope's created_at is when the run started; a resume adds nothing to that."""
    run, starts, ends = inspect(row), told(row, "workflow_started"), told(row, "workflow_finished")
    assert run["started_at"] == events(row)[0]["created_at"]
    if len(starts) == 1 and events(row)[0]["event"] == "workflow_started":
        assert run["inputs"] == starts[0]["inputs"]
    last = ends[-1] if ends else {}
    assert run["elapsed_time"] == last.get("elapsed_time")
    if not isinstance(last.get("outputs"), str):  # a word on how the run ended, and no output of it (cor. 2)
        assert public(run["outputs"]) == public(last.get("outputs"))


@every_agent
def test_an_execution_says_what_its_frames_say(row):
    """C.5: the n-th finish of a component ends its n-th execution (a restart is none), and brings what is known."""
    for node in executions(inspect(row)["nodes"]):
        component, _, count = node["id"].rpartition("#")
        starts, ends = told(row, "node_started", component), told(row, "node_finished", component)
        assert {(node["type"], node["title"])} == {
            (frame["component_type"], frame["component_name"]) for frame in starts + ends
        }
        assert node["started_at"] in ({frame["created_at"] for frame in starts} or {None})
        assert node["finished_at"] is None or node["finished_at"] > 1e9  # the wire has a counter there, no epoch
        if node["status"] in ("succeeded", "failed"):
            end = ends[int(count)]
            assert node["inputs"] == end["inputs"]
            assert public(node["outputs"]) == public(end["outputs"])
            assert node["error"] == end["error"]
            assert node["elapsed_time"] == end["elapsed_time"]


@every_agent
def test_a_form_has_the_fields_that_were_asked_for(row):
    """C.7."""
    fields = [[{"key": key, **one} for key, one in data["inputs"].items()] for data in asked(row)]
    assert [shown["inputs"] for shown in inspect(row)["forms"]] == fields


def test_paradigms_tool_call_is_a_node():
    """F.3."""
    run = inspect("38_lighton_chatflow_response")
    (node,) = run["nodes"]
    assert (node["type"], node["title"]) == ("tool", "document_search")
    assert node["inputs"] == {"query": "paid leave accrual"}
    assert node["outputs"] == {"output": "2.08 days per month"}
