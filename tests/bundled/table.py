"""Which recordings come with the package: fixtures of real servers, samples of the protocol, and streams that are told.

A line is what the recording is called, the fixture that it is made of, its mode, and where it was asked for if not where
its mode is asked for. Names with `-1`, `-2` are bodies of one run, or of one session, each going on with the one before.
"""

from typing import Final, NamedTuple

from streamkit.testing import DifyStream, OpenAIStream, RAGFlowStream
from streamkit.testing.stream import Stream


class Entry(NamedTuple):
    """A recording that is made of a fixture."""

    name: str
    """Vendor, generation of the server, and what happens."""
    fixture: str
    mode: str
    url: str = ""


EVENTS: Final = "/v1/workflow/{run}/events?user={user}"
SNAPSHOT: Final = EVENTS + "&include_state_snapshot=true"
_CANVAS: Final = "/v1/canvas/completion"
_OLD_AGENT: Final = "/api/v1/agents/{agent}/completions"
_OLD_CHAT: Final = "/api/v1/chats/{agent}/completions"

FIXTURES: Final = (
    # ---- Dify, recorded
    Entry("dify/1.13/workflow-text", "dify/wf_text_chunk", "workflow"),
    Entry("dify/1.13/workflow-parallel", "dify/wf_parallel3", "workflow"),
    Entry("dify/1.13/workflow-many-nodes", "dify/wf_many_node_types", "workflow"),
    Entry("dify/1.13/workflow-agent", "dify/wf_agent_log", "workflow"),
    Entry("dify/1.13/workflow-retry", "dify/wf_retry_then_success", "workflow"),
    Entry("dify/1.13/workflow-fail-branch", "dify/wf_retry_exhausted_fail_branch", "workflow"),
    Entry("dify/1.13/workflow-default-value", "dify/wf_default_value_partial", "workflow"),
    Entry("dify/1.13/workflow-failed", "dify/wf_failed", "workflow"),
    Entry("dify/1.13/workflow-stopped", "dify/wf_stopped", "workflow"),
    Entry("dify/1.13/workflow-pings", "dify/wf_ping_long", "workflow"),
    Entry("dify/1.13/workflow-iteration", "dify/wf_iter_seq5", "workflow"),
    Entry("dify/1.13/workflow-iteration-parallel", "dify/wf_iter_par10x4", "workflow"),
    Entry("dify/1.13/workflow-iteration-failed-rounds", "dify/wf_iter_fail_par_continue", "workflow"),
    Entry("dify/1.13/workflow-iteration-terminated", "dify/wf_iter_fail_seq_terminated", "workflow"),
    Entry("dify/1.13/workflow-loop-failed", "dify/wf_loop_fail", "workflow"),
    Entry("dify/1.13/workflow-form-1-paused", "dify/wf_human_1_paused", "workflow"),
    Entry("dify/1.13/workflow-form-2-approved", "dify/wf_human_2_resumed_approve", "workflow", EVENTS),
    Entry("dify/1.13/workflow-form-3-over", "dify/wf_human_3_events_after_finish", "workflow", EVENTS),
    Entry("dify/1.13/workflow-form-expired-1-paused", "dify/wf_human_timeout_1_paused", "workflow"),
    Entry("dify/1.13/workflow-form-expired-2-resumed", "dify/wf_human_timeout_2_resumed", "workflow", EVENTS),
    Entry("dify/1.13/chatflow", "dify/chat_ifelse", "chatflow"),
    Entry("dify/1.13/chatflow-citations", "dify/chat_retriever_resources", "chatflow"),
    Entry("dify/1.13/chatflow-unicode", "dify/chat_unicode", "chatflow"),
    Entry("dify/1.13/chatflow-file", "dify/chat_http_file", "chatflow"),
    Entry("dify/1.13/chatflow-loop", "dify/chat_loop_inner_answer", "chatflow"),
    Entry("dify/1.13/chatflow-partial", "dify/chat_two_exceptions_partial", "chatflow"),
    Entry("dify/1.13/chatflow-failed", "dify/chat_failed_http", "chatflow"),
    Entry("dify/1.13/chatflow-model-breaks", "dify/chat_llm_dies_midstream", "chatflow"),
    Entry("dify/1.13/chatflow-never-began", "dify/chat_error_unknown_provider", "chatflow"),
    Entry("dify/1.13/chatflow-stopped", "dify/chat_stopped_midstream", "chatflow"),
    Entry("dify/1.13/chatflow-moderated", "dify/chat_input_moderation", "chatflow"),
    Entry("dify/1.13/chat", "dify/chat_app_plain", "chat"),
    Entry("dify/1.13/chat-citations", "dify/chat_app_retriever_resources", "chat"),
    Entry("dify/1.13/chat-unicode", "dify/chat_app_unicode", "chat"),
    Entry("dify/1.13/chat-pings", "dify/chat_app_ping_slow_model", "chat"),
    Entry("dify/1.13/chat-annotation", "dify/chat_app_annotation_reply", "chat"),
    Entry("dify/1.13/chat-moderated", "dify/chat_app_output_moderation", "chat"),
    Entry("dify/1.13/chat-failed", "dify/chat_app_error_midstream", "chat"),
    Entry("dify/1.13/chat-stopped", "dify/chat_app_stopped_midstream", "chat"),
    Entry("dify/1.13/agent-chat", "dify/agent_chat_fc_three_rounds", "agent-chat"),
    Entry("dify/1.13/agent-chat-react", "dify/agent_chat_react_tool", "agent-chat"),
    Entry("dify/1.13/agent-chat-picture", "dify/agent_chat_picture_message_file", "agent-chat"),
    Entry("dify/1.13/agent-chat-failing-tool", "dify/agent_chat_fc_failing_tool", "agent-chat"),
    Entry("dify/1.13/agent-chat-failed", "dify/agent_chat_error_second_round", "agent-chat"),
    Entry("dify/1.13/agent-chat-stopped", "dify/agent_chat_stopped_midstream", "agent-chat"),
    Entry("dify/1.13/completion", "dify/completion_plain", "completion"),
    Entry("dify/1.13/completion-failed", "dify/completion_error_before_first_token", "completion"),
    Entry("dify/1.13/completion-stopped", "dify/completion_stopped", "completion"),
    Entry("dify/1.14/workflow-form-1-paused", "dify/june26_wf_human_1_paused", "workflow"),
    Entry("dify/1.14/workflow-form-2-approved", "dify/june26_wf_human_2_resumed_approve", "workflow", EVENTS),
    Entry("dify/1.14/workflow-form-3-over", "dify/june26_wf_human_3_events_after_finish", "workflow", EVENTS),
    Entry("dify/1.14/workflow-two-forms-1-paused", "dify/june26_wf_two_humans_1_paused", "workflow"),
    Entry("dify/1.14/workflow-two-forms-2-resumed", "dify/june26_wf_two_humans_2_long_connection", "workflow", EVENTS),
    Entry("dify/1.14/workflow-loop", "dify/june26_wf_loop_break", "workflow"),
    Entry("dify/1.14/workflow-stopped", "dify/june26_wf_stopped", "workflow"),
    Entry("dify/1.14/chatflow", "dify/june26_chat_simple", "chatflow"),
    Entry("dify/1.14/chatflow-form-expired-1-paused", "dify/june26_chat_human_timeout_1_paused", "chatflow"),
    Entry("dify/1.14/chatflow-form-expired-2-resumed", "dify/june26_chat_human_timeout_2_resumed", "chatflow", EVENTS),
    Entry("dify/1.14/chatflow-failed", "dify/june26_chat_loop_inner_answer", "chatflow"),
    # ---- Dify, after the protocol
    Entry("dify/1.13/chatflow-broke-off", "dify/synthetic/nodes_then_nothing", "chatflow"),
    Entry(
        "dify/1.1/workflow-branches",
        "dify/protocol/08_legacy_1_1_parallel_branch_and_iteration_ascii_spaced",
        "workflow",
    ),
    Entry("dify/1.12/chatflow-failed", "dify/protocol/16_chatflow_failed_then_error", "chatflow"),
    Entry("dify/1.15/chatflow-reasoning", "dify/protocol/05_chatflow_reasoning", "chatflow"),
    Entry("dify/1.15/chatflow-form-1-paused", "dify/protocol/11_chatflow_hitl_pause", "chatflow"),
    Entry("dify/1.15/chatflow-form-2-approved", "dify/protocol/12_chatflow_hitl_resumed_live", "chatflow", EVENTS),
    Entry(
        "dify/1.15/chatflow-form-snapshot",
        "dify/protocol/13_chatflow_hitl_snapshot_of_paused_run",
        "chatflow",
        SNAPSHOT,
    ),
    Entry("dify/1.15/chatflow-agent", "dify/protocol/14_chatflow_agent_node_agent_log", "chatflow"),
    Entry("dify/1.16/agent", "dify/protocol/20_new_agent_app_final_message_is_complete", "agent"),
    Entry("dify/1.16/completion-speech", "dify/protocol/03_completion_tts", "completion"),
    Entry(
        "dify/1.17/workflow-iteration-parallel",
        "dify/protocol/07_workflow_iteration_parallel_live_outoforder",
        "workflow",
    ),
    Entry(
        "dify/1.17/workflow-iteration-in-loop",
        "dify/protocol/10_workflow_iteration_in_loop_break_graphon07",
        "workflow",
    ),
    # ---- RAGFlow, recorded
    Entry("ragflow/0.27/agent", "ragflow/simple_message", "agent"),
    Entry("ragflow/0.27/agent-form-1-paused", "ragflow/fillup_1_pause", "agent"),
    Entry("ragflow/0.27/agent-form-2-answered", "ragflow/fillup_2_resume", "agent"),
    Entry("ragflow/0.27/agent-failed", "ragflow/error_plain", "agent"),
    Entry("ragflow/0.27/agent-stopped", "ragflow/cancel_mid_stream", "agent"),
    Entry("ragflow/0.27/agent-stopped-in-a-node", "ragflow/cancel_string_outputs", "agent"),
    Entry("ragflow/0.27/agent-unknown", "ragflow/missing_agent_json_not_sse", "agent"),
    Entry("ragflow/0.27/agent-session", "ragflow/session_filtered_events", "agent-session"),
    Entry("ragflow/0.27/chat-citations", "ragflow/chat_kb_delta_final_reference", "chat"),
    Entry("ragflow/0.27/chat-nothing-found", "ragflow/chat_empty_response", "chat"),
    Entry("ragflow/0.27/chat-failed", "ragflow/chat_missing_parameter", "chat"),
    Entry(
        "ragflow/0.27/chat-prologue",
        "ragflow/chatbot_iframe_1_prologue",
        "chat",
        "/api/v1/chatbots/{agent}/completions",
    ),
    Entry("ragflow/0.22/agentbot-form-1-paused", "ragflow/v0221_fillup_1_pause", "agentbot", _CANVAS),
    Entry("ragflow/0.22/agentbot-form-2-answered", "ragflow/v0221_fillup_2_resume", "agentbot", _CANVAS),
    Entry("ragflow/0.19/agent-1-prologue", "ragflow/v0191_chain_running_status_0_prologue", "agent", _OLD_AGENT),
    Entry("ragflow/0.19/agent-2-answer", "ragflow/v0191_chain_running_status_1", "agent", _OLD_AGENT),
    Entry("ragflow/0.19/agent-failed", "ragflow/v0191_model_error_1", "agent", _OLD_AGENT),
    # ---- RAGFlow, after the protocol
    Entry("ragflow/0.27/agent-iteration", "ragflow/protocol/13_agent_iteration", "agent"),
    Entry("ragflow/0.27/agent-loop", "ragflow/protocol/14_agent_loop_with_message_inside", "agent"),
    Entry("ragflow/0.27/agent-loop-forms-1-paused", "ragflow/protocol/15a_agent_loop_hitl_pause", "agent"),
    Entry(
        "ragflow/0.27/agent-loop-forms-2-paused", "ragflow/protocol/15b_agent_loop_hitl_resume_and_pause_again", "agent"
    ),
    Entry("ragflow/0.27/agent-loop-forms-3-answered", "ragflow/protocol/15c_agent_loop_hitl_resume_finish", "agent"),
    Entry("ragflow/0.27/agent-handled-error", "ragflow/protocol/17_agent_node_error_goto_branch_succeeds", "agent"),
    Entry("ragflow/0.27/chat-thinking", "ragflow/protocol/04_chat_v0261plus_delta_think_final_empty_answer", "chat"),
    Entry("ragflow/0.25/chat-thinking", "ragflow/protocol/05_chat_v0250_final_repeats_full_answer", "chat", _OLD_CHAT),
    Entry("ragflow/0.20/agent", "ragflow/protocol/08_agent_v0200_full_event_stream_no_terminator", "agent", _OLD_AGENT),
    Entry("ragflow/0.20/agent-answer-only", "ragflow/protocol/10b_agent_v0205_message_only", "agent", _OLD_AGENT),
    Entry(
        "ragflow/0.19/chat-thinking",
        "ragflow/protocol/03_chat_v019_cumulative_moving_think_close_tag",
        "chat",
        _OLD_CHAT,
    ),
    Entry("ragflow/0.15/chat-1-prologue", "ragflow/protocol/02_chat_v015_no_session_prologue", "chat", _OLD_CHAT),
    Entry(
        "ragflow/0.15/chat-2-citations",
        "ragflow/protocol/01_chat_v015_cumulative_reference_hash_markers",
        "chat",
        _OLD_CHAT,
    ),
    # ---- OpenAI's form
    Entry("openai/ragflow-0.27/chat", "openai/chat_openai_delta", "chat", "/api/v1/openai/{agent}/chat/completions"),
    Entry(
        "openai/ragflow-0.27/agent",
        "openai/openai_compatible",
        "agent",
        "/api/v1/agents_openai/{agent}/chat/completions",
    ),
    Entry(
        "openai/ragflow-0.27/chat-failed",
        "openai/protocol/25_openai_chat_error_then_stop",
        "chat",
        "/api/v1/openai/{agent}/chat/completions",
    ),
)


def _work(round: DifyStream, item: str) -> DifyStream:
    node = round.node("code", "Work", outputs={"result": item})
    return node if item != "bad" else node.fail("nope")


def _flow(version: str) -> DifyStream:
    begun = (
        DifyStream(version, "workflow").start({"topic": "tea"}).node("code", "Make list", outputs={"items": ["a", "b"]})
    )
    return begun.iteration(["a", "bad", "b"], _work).llm("Three items, one of them bad.", tokens=24).finish()


def _talk(version: str, mode: str) -> DifyStream:
    begun = DifyStream(version, mode).start(query="What is tea?")  # type: ignore[arg-type]
    return begun.llm("Tea is a hot drink made of leaves.", tokens=24).finish()


_DOCUMENT: Final = {"content": "Tea is made of leaves.", "document_name": "tea.md"}
_OLD_DIFY: Final = ("0.8", "0.15", "1.8", "1.9", "1.12", "1.17")
_OLD_RAGFLOW: Final = ("0.13", "0.17", "0.22", "0.24")

TOLD: Final[dict[str, tuple[str, Stream]]] = {
    **{f"dify/{version}/workflow-iteration": ("workflow", _flow(version)) for version in _OLD_DIFY},
    **{f"dify/{version}/chatflow": ("chatflow", _talk(version, "chatflow")) for version in _OLD_DIFY},
    **{f"dify/{version}/chat": ("chat", _talk(version, "chat")) for version in _OLD_DIFY},
    **{
        f"ragflow/{version}/chat": (
            "chat",
            RAGFlowStream(version, "chat")
            .start(query="What is tea?")
            .llm("A hot drink.", reference=[_DOCUMENT])
            .finish(),
        )
        for version in _OLD_RAGFLOW
    },
    **{
        f"ragflow/{version}/agent": (
            "agent",
            RAGFlowStream(version).start(query="What is tea?").llm("A hot drink.").finish(),
        )
        for version in ("0.22", "0.23", "0.25")
    },
    "openai/openai/chat": ("chat", OpenAIStream().start(query="What is tea?").llm("A hot drink.", tokens=9).finish()),
    "openai/openai/chat-tool-call": ("chat", OpenAIStream().tool_call("search", {"q": "tea"}).finish()),
    "openai/openai/chat-failed": ("chat", OpenAIStream().llm("A hot").fail("The server had an error.")),
}
"""What is neither recorded nor a sample: the mode, and the stream."""
