"""What Dify's events mean for a run (protocol C and the corrections; containers have a module of their own).

Each test is a script of the wire, or a table of them, and what a run must say of it.
"""

import json
from decimal import Decimal

import pytest

from streamkit import Run, Tap

from .streams import (
    CONVERSATION,
    EPOCH,
    FORM_KEY,
    MESSAGE,
    PING,
    REASON,
    RUN,
    SPEECH,
    TASK,
    THOUGHT,
    Script,
    agent_log,
    agent_message,
    anomalies,
    chat,
    chat_body,
    chatflow,
    chatflow_body,
    completion_body,
    data,
    error,
    finished,
    folded,
    form_facts,
    form_filled,
    form_timeout,
    frame,
    human_input_required,
    iteration_completed,
    iteration_next,
    iteration_started,
    kinds,
    live,
    loop_completed,
    loop_next,
    loop_started,
    message,
    message_end,
    message_replace,
    open_body,
    outline,
    ran,
    reasoning_chunk,
    retried,
    row,
    spent,
    sse,
    started,
    text_chunk,
    tree_of,
    usage,
    whole,
    workflow,
    workflow_body,
    workflow_finished,
    workflow_paused,
    workflow_started,
)

# ---- C.12: how a run ends


ENDS = {
    # name: (envelope, script, status)
    "chat": (chat_body, [message("Hi"), message_end()], "succeeded"),
    "chat, stopped": (chat_body, [message("H"), message_end(usage=usage(0, "0"))], "succeeded"),  # correction 14
    "chat, failed": (chat_body, [message("Hi"), error()], "failed"),
    "agent-chat": (chat_body, [THOUGHT, agent_message("Hi"), message_end()], "succeeded"),
    "agent-chat, failed": (chat_body, [agent_message("Hi"), error(status=500)], "failed"),
    "New Agent": (chat_body, [agent_message("Hi"), message("Hi!"), message_end()], "succeeded"),
    "New Agent, failed": (chat_body, [agent_message("Hi"), error()], "failed"),
    "completion": (completion_body, [message("Hi"), message_end()], "succeeded"),
    "completion, failed": (sse, [error()], "failed"),
    "workflow": (workflow_body, [workflow_started(), workflow_finished()], "succeeded"),
    "workflow, partial": (
        workflow_body,
        [workflow_started(), workflow_finished("partial-succeeded", exceptions_count=1)],
        "partial-succeeded",
    ),
    "workflow, error alone": (workflow_body, [PING, error()], "failed"),
    "workflow, set-up error": (sse, [PING, error(code=None, status=500), PING], "failed"),
    "workflow, stopped": (
        workflow_body,
        [workflow_started(), workflow_finished("stopped", error="Stopped by user.")],
        "stopped",
    ),
    "chatflow": (chatflow_body, [workflow_started(), message_end(), workflow_finished()], "succeeded"),
    "chatflow, other order": (chatflow_body, [workflow_started(), workflow_finished(), message_end()], "succeeded"),
    "chatflow, failed": (chatflow_body, [workflow_started(), workflow_finished("failed"), error()], "failed"),
    "chatflow, stopped": (chatflow_body, [workflow_started(), message_end(), workflow_finished("stopped")], "stopped"),
    "chatflow, error alone": (chatflow_body, [PING, error()], "failed"),
    "short cut": (chatflow_body, [PING, message("Hi"), message_end(), PING], "succeeded"),  # correction 12
    "short cut, moderated": (
        chatflow_body,
        [PING, message_replace("No.", "output_moderation"), message_end()],
        "succeeded",
    ),
    "finished run": (workflow_body, [workflow_finished(created_by={})], "succeeded"),
    "finished run, stopped": (workflow_body, [workflow_finished("stopped")], "stopped"),
    "datasource": (sse, [data("datasource_completed")], "succeeded"),
    "datasource, failed": (sse, [frame("datasource_error", error="no")], "failed"),
}

every_end = pytest.mark.parametrize("name", ENDS)


@every_end
def test_a_run_ends_as_its_mode_ends(name):
    """C.12, row by row. `settled`: no frame to come can change it, though the socket may stay open."""
    envelope, script, status = ENDS[name]
    before = open_body(envelope(*script))
    assert (before.status, before.settled) == (status, True)
    after = folded(envelope(*script))
    assert (after.status, after.settled) == (status, True)
    assert anomalies(after) == []


@every_end
def test_nothing_that_may_follow_changes_a_settled_run(name):
    """C.12, "may still follow": speech after a good end (direct generators), pings for 300 seconds."""
    envelope, script, status = ENDS[name]
    speech = [] if status == "failed" else SPEECH
    assert whole(folded(envelope(script, speech, PING * 30))) == whole(folded(envelope(script)))


OPEN_ENDS = {
    # name: (body, status before the body ends, status after)
    "nothing": (b"", "running", "interrupted"),
    "pings only": (PING * 30, "running", "interrupted"),
    "a started workflow": (workflow_body(workflow_started()), "running", "interrupted"),
    "nodes, then nothing": (workflow_body(workflow_started(), ran("a.1")), "running", "interrupted"),
    "nodes without a start": (workflow_body(ran("a.1")), "running", "interrupted"),
    "deltas, then nothing": (chat_body(message("Hi")), "running", "interrupted"),
    "nodes and message_end": (chatflow_body(workflow_started(), ran("a.1"), message_end()), "running", "interrupted"),
    "nodes after message_end": (chatflow_body(message_end(), ran("a.1")), "running", "interrupted"),
    "speech only": (chat_body(SPEECH), "running", "interrupted"),
    "progress of a datasource": (sse(frame("datasource_processing")), "running", "interrupted"),
    "a pause": (workflow_body(workflow_started(), workflow_paused()), "paused", "paused"),
    "a pause of a chatflow": (chatflow_body(workflow_started(), workflow_paused()), "paused", "paused"),
    "a form of a New Agent": (chat_body(human_input_required("f", MESSAGE)), "running", "paused"),
}


@pytest.mark.parametrize("name", OPEN_ENDS)
def test_without_its_end_a_run_never_succeeds(name):
    """C.12: the end of a body says nothing by itself, and may not be the end (correction 12)."""
    body, before, after = OPEN_ENDS[name]
    run = open_body(body)
    assert (run.status, run.settled) == (before, False)
    run = folded(body)
    assert (run.status, run.settled) == (after, False)


@pytest.mark.parametrize(
    "body",
    [
        chatflow_body(workflow_started(), workflow_finished()),
        chatflow_body(workflow_started(), workflow_finished("partial-succeeded")),
    ],
)
def test_a_chatflow_waits_for_the_other_one_of_its_pair(body):
    """C.12: `message_end` brings usage and citations; it need not come (the relay closes)."""
    assert not open_body(body).settled
    assert folded(body).settled


@pytest.mark.parametrize(
    ("envelope", "status", "rest"),
    [
        (chatflow_body, "failed", error("Run failed: boom", "invalid_param", 400)),
        (workflow_body, "failed", error("boom", "invalid_param", 400)),
        (chatflow_body, "stopped", message_end(usage=usage(9))),
    ],
    ids=["chatflow, error with its code", "workflow, error with its code", "chatflow, message_end after a stop"],
)
def test_a_run_is_not_settled_while_a_frame_may_come_that_tells_more(envelope, status, rest):
    """B.6 #12, C.12: up to 1.12 `error` may follow a failure, and the other one of its pair a stop; both tell more."""
    end = workflow_finished(status, error="boom")
    before = open_body(envelope(workflow_started(), end))
    after = open_body(envelope(workflow_started(), end, rest))
    assert whole(after) != whole(before)
    assert (before.settled, after.settled) == (False, True)


def test_a_failed_run_says_why():
    run = workflow(workflow_started(), workflow_finished("failed", error="TypeError: no"))
    assert (run.status, run.error.message, run.error.code, run.error.status) == ("failed", "TypeError: no", None, None)


def test_an_aborted_run_is_not_called_stopped():
    """Correction 9: the words of the server stand, and the engine's own record says failed."""
    run = workflow(workflow_started(), workflow_finished("failed", error="Aborted: User requested stop"))
    assert run.status == "failed"


def test_the_error_after_a_failure_adds_its_code():
    """B.6 #12: the first message stays, the second one may know code and status."""
    run = chatflow(workflow_started(), workflow_finished("failed", error="boom"), error("Run failed: boom"))
    assert (run.error.message, run.error.code, run.error.status) == ("boom", "invalid_param", 400)
    assert (run.status, run.settled, anomalies(run)) == ("failed", True, [])


def test_an_error_settles_a_run_at_once():
    """A.9, A.10: the socket stays open for up to 300 s of pings."""
    run = open_body(sse(PING, error("query is required", None, 500)))
    assert (run.status, run.settled) == ("failed", True)
    assert (run.error.message, run.error.code, run.error.status) == ("query is required", None, 500)


@pytest.mark.parametrize(
    ("sent", "message"), [(error(None, "invalid_param"), "invalid_param"), (error(None, None, None), "error")]
)
def test_an_error_without_a_message_is_an_error(sent, message):
    run = folded(sse(sent))
    assert (run.status, run.error.message) == ("failed", message)


def test_an_error_after_a_good_end_changes_nothing():
    """Of two ends that the server states the first stays."""
    run = workflow(workflow_started(), workflow_finished(), error("late"))
    assert (run.status, run.error) == ("succeeded", None)
    assert anomalies(run) == [("after-end", "error: late")]


@pytest.mark.parametrize(
    "body",
    [
        workflow_body(workflow_started(), error(), workflow_finished(outputs={"a": 1})),
        chat_body(message("Hi"), error(), message_end()),
        workflow_body(workflow_started(), workflow_finished("stopped"), workflow_finished("succeeded")),
    ],
    ids=["finished after error", "message_end after error", "two ends"],
)
def test_of_two_ends_that_differ_the_first_stays_and_the_second_is_odd(body):
    run = folded(body)
    assert run.status in ("failed", "stopped")
    assert kinds(run) == ["after-end"]


@pytest.mark.parametrize(
    "late",
    [
        message("Ho"),
        message("Ho", "a", "text"),
        message_replace("Ho"),
        text_chunk("Ho"),
        data("text_replace", text="Ho"),
        data("reasoning_chunk", reasoning="hm", node_id="a"),
        frame("message_file", id="f", belongs_to="assistant", url="/f.png"),
        ran("x.1"),
        started("x.1"),
        finished("x.1"),
        retried("x.1", 1),
        row("it.row", type="iteration"),
        iteration_started("it"),
        iteration_next("it", 0),
        iteration_completed("it"),
        [loop_started("lp"), ran("x.1", loop=("lp", 0)), loop_completed("lp")],
        agent_log("1", "a"),
        human_input_required("f", "h"),
        form_filled("h"),
        form_timeout("h"),
    ],
    ids=lambda item: item["event"] if isinstance(item, dict) else "several",
)
def test_what_is_new_after_the_end_changes_nothing(late):
    """`after-end`: kept in the statistics only. `settled` says that no frame to come can change the run."""
    body = chatflow_body(workflow_started(), ran("a.1"), message("Hi"), message_end(), workflow_finished())
    before, after = folded(body), folded(body + chatflow_body(late))
    assert whole(after) == whole(before)
    assert set(kinds(after)) <= {"after-end"}


@pytest.mark.parametrize("late", [agent_message("Ho"), message("Ho"), THOUGHT], ids=lambda item: item["event"])
def test_what_is_new_after_the_end_of_an_agent_changes_nothing(late):
    body = chat_body(agent_message("Hi"), message_end())
    before, after = folded(body), folded(body + chat_body(late))
    assert (after.text, after.thoughts, after.status) == (before.text, before.thoughts, before.status)
    assert set(kinds(after)) <= {"after-end"}


@pytest.mark.parametrize("late", [message("Ho"), ran("x.1"), loop_started("lp"), human_input_required("f", "h")])
def test_what_is_new_after_the_end_is_counted(late):
    run = chatflow(workflow_started(), message("Hi"), message_end(), workflow_finished(), late)
    assert set(kinds(run)) == {"after-end"}


def test_an_empty_delta_after_the_end_is_nothing():
    """B.3: the last deltas of a server are often empty."""
    assert anomalies(chat(message("Hi"), message_end(), message(""))) == []


def test_the_end_of_an_execution_may_come_after_that_of_its_run():
    """C.3: explicit wins over inferred, and it is nothing new."""
    run = workflow(workflow_started(), started("a.1"), workflow_finished("stopped"), finished("a.1"))
    assert (tree_of(run), anomalies(run)) == ("a.1", [])


@pytest.mark.parametrize(
    ("envelope", "script", "end"),
    [
        (
            workflow_body,
            [workflow_started()],
            workflow_finished("failed", error="boom", total_tokens=3, outputs={"a": 1}),
        ),
        (chatflow_body, [workflow_started(), message_end()], workflow_finished(total_tokens=3)),
        (chatflow_body, [workflow_started(), workflow_finished()], message_end(usage=usage(9))),
        (chat_body, [message("Hi")], message_end(usage=usage(9))),
        (chat_body, [message("Hi")], error()),
        (sse, [], data("datasource_completed", x=1)),
        (sse, [], frame("datasource_error", error="no")),
    ],
    ids=lambda item: item["event"] if isinstance(item, dict) else "",
)
def test_an_end_that_comes_twice_is_one_end(envelope, script, end):
    """C.13.1: the same frame twice is one frame."""
    once, twice = folded(envelope(script, end)), folded(envelope(script, end, end))
    assert whole(twice) == whole(once)
    assert anomalies(twice) == []


def test_a_chatflow_whose_start_was_lost_ends_with_its_workflow():
    """C.2, 1.16: `message_end` looked like the end of a chat, until a frame of a workflow came."""
    body = [message("Hi"), message_end(), workflow_finished("partial-succeeded")]
    assert open_body(chat_body(body[:2])).status == "succeeded"
    run = chatflow(body)
    assert (run.mode, run.status, run.settled, anomalies(run)) == ("chatflow", "partial-succeeded", True, [])


def test_an_unknown_end_of_a_run_is_no_success():
    """C.13.7: kept as an anomaly. A run has no status `unknown`: nobody knows how it ended."""
    run = workflow(workflow_started(), workflow_finished("exploded"))
    assert (run.status, anomalies(run)) == ("interrupted", [("unknown-status", "run: exploded")])


@pytest.mark.parametrize("status", [None, 5])
def test_an_end_of_a_run_that_does_not_say_how_is_no_success(status):
    assert workflow(workflow_started(), workflow_finished(status)).status == "interrupted"


def test_what_is_open_when_a_run_was_stopped_is_stopped():
    """C.3, C.9: the server sends nothing for it."""
    assert tree_of(
        workflow(workflow_started(), ran("a.1"), started("b.1"), workflow_finished("stopped", error="Stopped by user."))
    ) == outline("""
        a.1
        b.1 stopped
    """)


@pytest.mark.parametrize("end", [[], workflow_finished(), workflow_finished("failed"), error()])
def test_what_is_open_at_any_other_end_is_unknown(end):
    assert tree_of(workflow(workflow_started(), ran("a.1"), started("b.1"), end)) == outline("""
        a.1
        b.1 unknown
    """)


# ---- whose frame it is


def test_a_frame_of_another_run_is_not_applied():
    """DESIGN 6: one tap, one run."""
    stranger = [{**item, "workflow_run_id": "run-2"} for item in ran("x.1")]
    run = workflow(workflow_started(), ran("a.1"), stranger, workflow_finished())
    assert tree_of(run) == "a.1"
    assert anomalies(run) == [("foreign-run", "node_started"), ("foreign-run", "node_finished")]


def test_a_frame_of_another_message_is_not_applied():
    run = chat(message("Hi"), {**message("Ho"), "message_id": "message-2"}, message_end())
    assert (run.text, kinds(run)) == ("Hi", ["foreign-run"])


@pytest.mark.parametrize(
    "stranger",
    [
        data("workflow_started", id="run-2"),
        data("workflow_finished", id="run-2", status="succeeded"),
        data("workflow_paused", workflow_run_id="run-2"),
    ],
)
def test_a_run_that_is_named_inside_is_named(stranger):
    """C.1: `data.id`, or of a pause `data.workflow_run_id`."""
    run = workflow(workflow_started(), {**stranger, "workflow_run_id": None})
    assert kinds(run) == ["foreign-run"]


def test_a_frame_that_names_no_run_belongs_to_it():
    """A.10: an error without any id; before the start the run id is null."""
    run = folded(sse(started("a.1"), workflow_started(), finished("a.1"), error()))
    assert (run.id, tree_of(run), run.status, anomalies(run)) == (RUN, "a.1", "failed", [])


def test_frames_of_a_chatflow_that_name_only_the_message_belong_to_its_run():
    run = chatflow(workflow_started(), message("Hi"), message_end(), workflow_finished())
    assert (run.text, anomalies(run)) == ("Hi", [])


# ---- C.7: tokens and money


def test_usage_is_the_server_s_where_it_sends_one():
    more = {"prompt_tokens": 812, "completion_tokens": 41, "latency": 2.06, "prompt_price": "9"}
    run = chat(message("Hi"), message_end(usage=usage(853, "0.0001475", **more)))
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (812, 41, 853)
    assert (run.usage.latency, run.usage.cost) == (2.06, {"USD": Decimal("0.0001475")})
    assert (run.total_tokens, run.leaf_tokens, run.leaf_cost) == (853, 0, {})


@pytest.mark.parametrize("metadata", [{}, {"usage": None}])
def test_without_usage_of_the_server_it_is_the_sum_of_the_leaves(metadata):
    """#8544: it may be missing."""
    run = chatflow(
        workflow_started(),
        ran(
            "a.1",
            metadata=spent(12, "0.5", "USD"),
            process_data={"usage": {"prompt_tokens": 10, "completion_tokens": 2}},
        ),
        ran("b.1", metadata=spent(3, "0.25", "USD"), outputs={"usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
        ran("c.1"),
        message_end(**metadata),
        workflow_finished(total_tokens=None),
    )
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (11, 4, 15)
    assert run.usage.cost == {"USD": Decimal("0.75")}
    assert (run.total_tokens, run.leaf_tokens) == (15, 15)


def test_figures_of_the_server_stand_beside_the_sum_of_the_leaves():
    """Correction 1: one level of containers doubles the usage and not the total; both are shown as they are."""
    run = chatflow(
        workflow_started(),
        loop_started("lp"),
        ran("a.1", loop=("lp", 0), metadata=spent(10, "0.5", "USD")),
        loop_next("lp", 1),
        ran("a.2", loop=("lp", 1), metadata=spent(11, "0.5", "USD")),
        loop_completed("lp", total_tokens=21, metadata=spent(21, "1.0", "USD")),
        message_end(usage=usage(42, "2.0")),
        workflow_finished(total_tokens=21),
    )
    assert (run.leaf_tokens, run.total_tokens, run.usage.total_tokens) == (21, 21, 42)
    assert (run.leaf_cost, run.usage.cost) == ({"USD": Decimal("1.0")}, {"USD": Decimal("2.0")})


def test_a_total_of_zero_is_the_server_s_figure():
    """Correction 1: stopped and failed runs report 0 though nodes with tokens were shown."""
    run = workflow(workflow_started(), ran("a.1", metadata=spent(7)), workflow_finished("failed", total_tokens=0))
    assert (run.total_tokens, run.leaf_tokens) == (0, 7)


def test_money_is_summed_by_currency():
    """C.7, C.13.10: in Decimal; a price without a currency is counted under XXX."""
    run = workflow(
        workflow_started(),
        ran("a.1", metadata=spent(1, "0.1", "USD")),
        ran("b.1", metadata=spent(1, "0.2", "USD")),
        ran("c.1", metadata=spent(1, "3", "RMB")),
        ran("d.1", metadata=spent(1, "0.05", None)),
        ran("e.1", metadata=spent(1, "0.01", "")),
        ran("f.1", metadata=spent(1, None, "USD")),
        workflow_finished(),
    )
    assert run.leaf_cost == {"USD": Decimal("0.3"), "RMB": Decimal(3), "XXX": Decimal("0.06")}


@pytest.mark.parametrize(("price", "amount"), [(0.1, "0.1"), (2, "2"), ("0E-7", "0"), ("0.0053350", "0.0053350")])
def test_a_price_may_be_a_number(price, amount):
    """A.6"""
    run = workflow(workflow_started(), ran("a.1", metadata=spent(1, price, "USD")), workflow_finished())
    assert run.leaf_cost == {"USD": Decimal(amount)}


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "1e999999999", "1e-999999999"])
def test_a_price_that_cannot_be_summed_is_left_out_and_counted(price):
    run = workflow(
        workflow_started(),
        ran("a.1", metadata=spent(12, price, "USD")),
        ran("b.1", metadata=spent(1, "0.5", "USD")),
        workflow_finished(),
    )
    assert (run.leaf_tokens, run.leaf_cost) == (13, {"USD": Decimal("0.5")})
    assert kinds(run) == ["bad-number"]


def test_an_execution_is_counted_once_however_often_it_is_told():
    """Correction 1: by execution id; what is told last counts, and a null takes nothing back."""
    run = workflow(
        workflow_started(),
        ran("a.1", metadata=spent(12, "0.5", "USD")),
        finished("a.1", metadata=spent(12, "0.5", "USD")),
        finished("a.1", metadata=spent(14, "0.75", "USD")),
        finished("a.1"),
        workflow_finished(),
    )
    assert (run.leaf_tokens, run.leaf_cost, run.nodes[0].total_tokens) == (14, {"USD": Decimal("0.75")}, 14)


def test_a_retry_is_not_counted_beside_the_end():
    run = workflow(
        workflow_started(),
        started("a.1"),
        retried("a.1", 1, metadata=spent(5)),
        finished("a.1", metadata=spent(12)),
        workflow_finished(),
    )
    assert run.leaf_tokens == 12


def test_copies_of_the_usage_inside_a_node_are_not_counted_again():
    """C.7: process data and outputs repeat it."""
    inside = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "total_price": "0.5", "currency": "USD"}
    run = workflow(
        workflow_started(),
        ran(
            "a.1",
            metadata=spent(12, "0.5", "USD"),
            process_data={"usage": inside, "model_name": "gpt", "model_provider": "openai"},
            outputs={"text": "", "usage": inside},
        ),
        workflow_finished(),
    )
    (node,) = run.nodes
    assert (run.leaf_tokens, run.leaf_cost) == (12, {"USD": Decimal("0.5")})
    assert (node.prompt_tokens, node.completion_tokens, node.total_tokens) == (10, 2, 12)
    assert (node.model, node.provider) == ("gpt", "openai")


def test_a_usage_of_nothing_is_what_the_server_says():
    """#20796, correction 14: all zeros, though there were tokens."""
    run = chatflow(workflow_started(), ran("a.1", metadata=spent(9)), message_end(usage=usage(0, "0")))
    assert (run.usage.total_tokens, run.usage.cost, run.leaf_tokens) == (0, {"USD": Decimal(0)}, 9)


# ---- segments


def segment_facts(run: Run) -> list[tuple]:
    return [(part.tokens, part.leaf_tokens, part.tokens_source) for part in run.segments]


LEAF = ran("a.1", metadata=spent(9))


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (workflow_body(workflow_started(), LEAF, workflow_finished(total_tokens=9)), (9, 9, "leaf")),
        (chat_body(message_end(usage=usage(9))), (9, 0, "server")),
        (workflow_body(workflow_started(), ran("a.1"), workflow_finished(total_tokens=9)), (9, 0, "server")),
        (workflow_body(workflow_started(), LEAF), (9, 9, "partial")),
        (
            workflow_body(workflow_started(), LEAF, started("b.1"), workflow_finished("stopped", total_tokens=0)),
            (9, 9, "partial"),
        ),
        (chat_body(message("Hi")), (None, 0, "partial")),
    ],
    ids=["leaves", "no nodes", "no metadata", "interrupted", "stopped with open nodes", "no end"],
)
def test_a_body_says_where_its_tokens_come_from(body, facts):
    """5.2: the executions, the server's own figure, or only what was seen before the end."""
    assert segment_facts(folded(body)) == [facts]


# ---- C.8: pause and resume


PAUSED = [
    PING,
    workflow_started(),
    ran("start.1"),
    started("llm.1"),
    message("Dear Ann", "llm", "text"),
    finished("llm.1", metadata=spent(60, "0.5", "USD"), outputs={"text": "Dear Ann"}),
    started("h.1"),
    human_input_required("f", "h", form_content="Send Dear Ann?", form_token=FORM_KEY, node_title="Review"),
    workflow_paused("h", reasons=[{**REASON, "form_token": FORM_KEY}], total_tokens=60, total_steps=3),
]
RESUMED = [
    PING,
    workflow_started("resumption"),
    started("h.1"),
    form_filled("h"),
    finished("h.1", outputs={"__action_id": "approve"}),
    message(", approved.", "answer", "answer"),
    ran("answer.1"),
    message_end(usage=usage(60)),
    workflow_finished(outputs={"answer": "Dear Ann, approved.", "files": []}, total_tokens=60, total_steps=5),
]
SNAPSHOT = [
    PING,
    workflow_started(),
    message_replace("Dear Ann"),
    row("start.1"),
    row("llm.1"),
    row("h.1", "paused"),
    human_input_required("f", "h", form_content="Send {{#llm.text#}}?", form_token=FORM_KEY, node_title="Review"),
    workflow_paused(
        "h",
        reasons=[{**REASON, "form_content": "Send {{#llm.text#}}?"}],
        outputs={"answer": "Dear Ann", "files": {"value_type": "array[file]", "value": []}},
        total_tokens=60,
        total_steps=3,
    ),
]
FINISHED_MEANWHILE = workflow_finished(outputs={"answer": "Dear Ann, approved."}, created_by={}, total_tokens=60)

PAUSED_TREE = outline("""
    start.1
    llm.1, 60 tokens, says 'Dear Ann'
    h.1 paused
""")
RESUMED_TREE = PAUSED_TREE.replace("h.1 paused", "h.1\nanswer.1")


def test_a_run_that_waits_for_a_person_is_paused():
    """C.8.1: no end of the node and none of the message; the form is told twice and is one."""
    run = chatflow(PAUSED)
    assert (run.status, run.settled, run.error, anomalies(run)) == ("paused", False, None, [])
    assert tree_of(run) == PAUSED_TREE
    assert form_facts(run) == [("f", "h", "waiting", "Send Dear Ann?")]
    assert (run.total_tokens, run.total_steps) == (60, 3)


@pytest.mark.parametrize("bodies", [1, 2], ids=["one body (continue_on_pause)", "two bodies"])
def test_a_resumption_goes_on_with_the_run(bodies):
    """C.8.3-C.8.7, C.13.6: nothing is cleared, and the human node is one execution."""
    run = folded(
        *([chatflow_body(PAUSED), chatflow_body(RESUMED)] if bodies == 2 else [chatflow_body(PAUSED, RESUMED)])
    )
    assert (run.status, run.settled, run.mode, anomalies(run)) == ("succeeded", True, "chatflow", [])
    assert tree_of(run) == RESUMED_TREE
    assert form_facts(run) == [("f", "h", "submitted", "Send Dear Ann?")]
    assert (run.leaf_tokens, run.total_tokens, run.total_steps) == (60, 60, 5)


def test_a_resumed_run_is_running():
    run = folded(chatflow_body(PAUSED), chatflow_body(RESUMED[:3]), end=False)
    assert (run.status, run.ended_at, run.settled) == ("running", None, False)
    assert tree_of(run) == PAUSED_TREE.replace("paused", "running")


def test_the_body_of_a_resumption_by_itself_is_a_run():
    run = chatflow(RESUMED)
    assert (run.status, anomalies(run)) == ("succeeded", [])
    assert tree_of(run) == "h.1\nanswer.1"
    assert form_facts(run) == [(None, "h", "submitted", None)]


def test_a_container_waits_as_long_as_something_in_it_does():
    """graphon 0.7 and later: a node in a round asks; the round goes on in the next body, which no start announces."""
    asks = [started("h.1", loop="lp"), human_input_required("f", "h"), workflow_paused("h")]
    paused = workflow_body(workflow_started(), loop_started("lp"), ran("a.1", loop=("lp", 0)), asks)
    resumed = [workflow_started("resumption"), started("h.1", loop="lp"), form_filled("h")]
    ended = [finished("h.1", loop=("lp", 0)), loop_completed("lp"), workflow_finished()]
    tree = outline("""
        lp#0 paused
          round 0 paused
            a.1
            h.1 paused
    """)
    assert tree_of(folded(paused)) == tree
    assert tree_of(folded(paused, workflow_body(resumed), end=False)) == tree.replace("paused", "running")
    assert tree_of(folded(paused, workflow_body(resumed, ended))) == tree.replace(" paused", "")


def test_a_run_may_pause_again():
    again = [started("h2.1"), human_input_required("f2", "h2"), workflow_paused("h2")]
    run = folded(chatflow_body(PAUSED), chatflow_body(RESUMED[:5], again))
    assert run.status == "paused"
    assert tree_of(run) == PAUSED_TREE.replace("h.1 paused", "h.1\nh2.1 paused")
    assert [(form.form_id, form.status) for form in run.forms] == [("f", "submitted"), ("f2", "waiting")]


def test_the_segments_of_a_resumed_run_share_out_its_tokens():
    """Correction 1: the server's total covers the whole run, the leaves of a body only that body."""
    run = folded(chatflow_body(PAUSED), chatflow_body(RESUMED))
    assert segment_facts(run) == [(60, 60, "leaf"), (0, 0, "server")]


def test_the_total_of_a_resumed_run_says_nothing_of_a_body_that_is_seen_alone():
    """Correction 1: it covers what was spent before the pause too."""
    assert segment_facts(chatflow(RESUMED)) == [(0, 0, "leaf")]


def test_the_answer_of_a_resumed_chatflow_is_the_one_in_its_outputs():
    """Correction 7: 1.14 sends text again that it has sent before the pause, and leaves out other text."""
    again = [*RESUMED[:5], message("Dear Ann, "), message("approved.", "answer", "answer"), *RESUMED[6:]]
    run = folded(chatflow_body(PAUSED), chatflow_body(again))
    assert run.text == "Dear Ann, approved."


def test_the_answer_of_a_chatflow_that_was_resumed_elsewhere_is_the_one_in_its_outputs():
    """Corrections 7 and C.8.4: it had paused, so somebody resumed it; the end is all that this client got of it."""
    run = folded(chatflow_body(PAUSED), workflow_body(FINISHED_MEANWHILE))
    assert (run.status, run.text) == ("succeeded", "Dear Ann, approved.")


@pytest.mark.parametrize("outputs", [{}, None, {"answer": None}, {"answer": 5}, {"other": "x"}, "text"])
def test_without_an_answer_in_its_outputs_the_streamed_text_of_a_resumed_chatflow_stands(outputs):
    run = folded(chatflow_body(PAUSED), chatflow_body(RESUMED[:-1], workflow_finished("stopped", outputs=outputs)))
    assert run.text == "Dear Ann, approved."


def test_the_outputs_of_a_pause_are_not_the_whole_answer():
    """Correction 7: only those at the end are. A snapshot's pause has outputs; the stop after it has none."""
    run = folded(chatflow_body(SNAPSHOT), chatflow_body(RESUMED[:-2], workflow_finished("stopped", outputs={})))
    assert run.text == "Dear Ann, approved."


def test_the_outputs_of_a_resumed_run_do_not_bring_back_what_moderation_removed():
    """Corrections 7 and 15: `outputs.answer` keeps the unmoderated text; the replacement is frozen."""
    run = folded(
        chatflow_body(PAUSED),
        chatflow_body(RESUMED[:-2], message_replace("No.", "output_moderation"), RESUMED[-2:]),
    )
    assert run.text == "No."


@pytest.mark.parametrize(
    "body",
    [
        chatflow_body(workflow_started(), message("a"), message("b"), workflow_finished(outputs={"answer": "b"})),
        workflow_body(workflow_started("resumption"), text_chunk("ab"), workflow_finished(outputs={"answer": "b"})),
    ],
    ids=["not resumed", "a workflow"],
)
def test_the_outputs_of_any_other_run_are_not_its_text(body):
    """Correction 7: they lack the text of earlier rounds, keep what moderation removed, and have no <think>."""
    assert folded(body).text == "ab"


CUT_ANSWER = chatflow_body(workflow_started(), message("Dear ", "a", "answer"))


@pytest.mark.parametrize(
    "rest",
    [
        workflow_body(workflow_finished(outputs={"answer": "Dear Ann"})),
        chatflow_body(message("nn", "a", "answer"), workflow_finished(outputs={"answer": "Dear Ann"})),
    ],
    ids=["over meanwhile", "goes on"],
)
def test_where_text_was_lost_with_a_body_the_longer_answer_in_the_outputs_is_whole(rest):
    """Correction 7 is of what is streamed; here it is not all of the answer."""
    assert folded(CUT_ANSWER, rest).text == "Dear Ann"


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (chatflow_body(message("Ann", "a", "answer"), workflow_finished(outputs={"answer": "Ann"})), "Dear Ann"),
        (chatflow_body(message_replace("No."), workflow_finished(outputs={"answer": "Dear Ann"})), "No."),
        (
            chatflow_body(message_replace("No.", "output_moderation"), workflow_finished(outputs={"answer": "Dear!"})),
            "No.",
        ),
        (chatflow_body(workflow_finished("stopped", outputs={})), "Dear "),
    ],
    ids=["rounds", "a snapshot tells it", "moderation", "no answer"],
)
def test_where_text_was_lost_any_other_answer_in_the_outputs_is_not(rest, text):
    """Correction 7."""
    run = folded(CUT_ANSWER, rest)
    assert (run.text, kinds(run)) == (text, [])


def test_thinking_that_the_answer_in_the_outputs_lacks_stays_reasoning():
    """Correction 7: `outputs.answer` has `<think>` stripped."""
    run = folded(
        chatflow_body(workflow_started(), message("<think>hm</think>Dear"), workflow_paused()),
        chatflow_body(
            workflow_started("resumption"), message(" Ann"), workflow_finished(outputs={"answer": "Dear Ann"})
        ),
    )
    assert (run.text, run.reasoning) == ("Dear Ann", "hm")


def test_times_of_a_resumed_run():
    """C.8.6: the start is the first one; the rest is the last segment's word."""
    run = folded(
        workflow_body(workflow_started(), workflow_paused(elapsed_time=1.5, created_at=EPOCH)),
        workflow_body(
            data("workflow_started", id=RUN, reason="resumption", created_at=EPOCH + 100),
            workflow_finished(elapsed_time=0.5, created_at=EPOCH + 100, finished_at=EPOCH + 101),
        ),
    )
    assert (run.started_at, run.finished_at, run.elapsed_time) == (EPOCH, EPOCH + 101, 0.5)


@pytest.mark.parametrize(
    "rest",
    [workflow_body(FINISHED_MEANWHILE), chatflow_body(RESUMED[:2], form_filled("h"), ran("h.2"), RESUMED[-2:])],
    ids=["the run was over meanwhile", "it goes on under another id"],
)
def test_a_human_node_that_waits_no_more_when_its_run_is_over_is_not_paused(rest):
    """C.3: a node that is still open is `paused` only if the run has not ended. C.8.4: a new id before graphon 0.5."""
    run = folded(chatflow_body(PAUSED), rest)
    assert run.status == "succeeded"
    assert run.executions["h.1"].status == "unknown"


# ---- C.8: snapshots


def test_a_snapshot_tells_a_run_that_nobody_has_seen():
    """C.8: nulls for details; `paused` is an end of the row and not of the execution."""
    run = chatflow(SNAPSHOT)
    assert (run.status, run.text, anomalies(run)) == ("paused", "Dear Ann", [])
    assert tree_of(run) == outline("""
        start.1
        llm.1
        h.1 paused
    """)
    assert form_facts(run) == [("f", "h", "waiting", "Send {{#llm.text#}}?")]
    assert run.outputs["files"] == {"value_type": "array[file]", "value": []}


def test_a_snapshot_of_a_known_run_takes_nothing_back():
    """C.8, C.13, correction 6: its form is the template, its details are null, its text does not append."""
    run = folded(chatflow_body(PAUSED), chatflow_body(SNAPSHOT))
    assert (run.status, run.text, anomalies(run)) == ("paused", "Dear Ann", [])
    assert tree_of(run) == PAUSED_TREE
    assert form_facts(run) == [("f", "h", "waiting", "Send Dear Ann?")]
    assert (run.leaf_tokens, run.nodes[1].outputs) == (60, {"text": "Dear Ann"})
    assert run.outputs["answer"] == "Dear Ann"


@pytest.mark.parametrize("bodies", [[PAUSED, SNAPSHOT, RESUMED], [PAUSED, SNAPSHOT, SNAPSHOT, RESUMED]])
def test_a_snapshot_between_pause_and_resumption_changes_nothing(bodies):
    run = folded(*map(chatflow_body, bodies))
    assert (run.status, run.text) == ("succeeded", "Dear Ann, approved.")
    assert tree_of(run) == RESUMED_TREE
    assert form_facts(run) == [("f", "h", "submitted", "Send Dear Ann?")]


def test_a_snapshot_goes_over_into_the_live_stream():
    """C.8: frames that were buffered meanwhile may repeat what the rows have told."""
    live_frames = [finished("llm.1", metadata=spent(60)), started("h.1"), *RESUMED[3:]]
    run = chatflow(SNAPSHOT[:5], row("h.1", "running"), live_frames)
    assert (run.status, run.text) == ("succeeded", "Dear Ann, approved.")
    assert tree_of(run) == outline("""
        start.1
        llm.1, 60 tokens
        h.1
        answer.1
    """)


ITERATION_CUT = [
    workflow_started(),
    iteration_started("it"),
    iteration_next("it", 0),
    ran("a.1", iteration=("it", 0)),
    iteration_next("it", 1),
    started("a.2", iteration="it"),
]
ITERATION_REST = [
    finished("a.2", iteration=("it", 1)),
    iteration_completed("it", {"0": 0.5, "1": 0.75}),
    workflow_finished(),
]


def container_row(execution: str, status: str = "succeeded", kind: str = "iteration", **inside) -> Script:
    """The row of a container has an execution id of its own, and the node id that live frames have as id."""
    return row(execution, status, kind, **inside)


def test_rows_of_a_snapshot_leave_the_rounds_of_a_known_run():
    """C.8: metadata is null there, so a row cannot know; C.1: the row of a container is the container."""
    run = folded(
        workflow_body(ITERATION_CUT),
        workflow_body(
            workflow_started(),
            container_row("it.row", "running"),
            row("a.1", iteration="it"),
            row("a.2", "running", iteration="it"),
            ITERATION_REST,
        ),
    )
    assert tree_of(run) == outline("""
        it#0
          round 0 in 0.5 s
            a.1
          round 1 in 0.75 s
            a.2
    """)
    assert (run.status, anomalies(run)) == ("succeeded", [])


def test_an_execution_that_only_a_snapshot_tells_has_lost_its_round():
    """C.8: what ran while nobody listened is in its container, in some round."""
    run = folded(
        workflow_body(ITERATION_CUT),
        workflow_body(
            workflow_started(),
            container_row("it.row"),
            row("a.1", iteration="it"),
            row("a.2", iteration="it"),
            row("b.1", iteration="it"),
            row("end.1"),
            workflow_finished(),
        ),
    )
    assert tree_of(run) == outline("""
        it#0
          round 0
            a.1
          round 1
            a.2
          unassigned
            b.1
        end.1
    """)


@pytest.mark.parametrize(
    ("kind", "outer"), [("iteration", ["it.row", None]), ("loop", ["lp.row", None])], ids=["iteration", "loop"]
)
def test_a_snapshot_makes_containers_that_nobody_has_seen(kind, outer):
    name = outer[0].partition(".")[0]
    run = workflow(
        workflow_started(),
        container_row(outer[0], kind=kind),
        row("a.1", **{kind: name}),
        row("b.1"),
        workflow_finished(),
    )
    (container, _) = run.nodes
    assert tree_of(run) == outline(f"""
        {name}#0
          unassigned
            a.1
        b.1
    """)
    assert (container.type, container.id) == (kind, f"{name}#0")


def test_a_container_that_a_snapshot_made_goes_on_live():
    """C.13.4: what follows knows its rounds again."""
    run = workflow(
        workflow_started(),
        container_row("it.row", "running"),
        row("a.1", iteration="it"),
        iteration_next("it", 1),
        ran("a.2", iteration=("it", 1)),
        iteration_completed("it"),
        workflow_finished(),
    )
    assert tree_of(run) == outline("""
        it#0
          round 1
            a.2
          unassigned
            a.1
    """)


def test_a_start_that_a_snapshot_has_told_already_makes_no_second_container():
    """C.5, C.8: `iteration_started` was buffered while the row was read: the overlap of a snapshot."""
    for status in ("running", "succeeded"):
        run = workflow(
            workflow_started(),
            container_row("it.row", status),
            row("a.1", iteration="it"),
            iteration_started("it"),
            iteration_next("it", 0),
            ran("a.1", iteration=("it", 0)),
            iteration_completed("it"),
            workflow_finished(),
        )
        assert tree_of(run) == outline("""
            it#0
              round 0
                a.1
        """)


def test_a_row_of_a_container_names_the_one_around_it():
    """C.8: rows keep `iteration_id` and `loop_id`."""
    run = workflow(
        workflow_started(),
        container_row("lp.row", kind="loop"),
        container_row("it.row", loop="lp"),
        row("a.1", iteration="it", loop="lp"),
        workflow_finished(),
    )
    assert tree_of(run) == outline("""
        lp#0
          unassigned
            it#0
              unassigned
                a.1
    """)


def test_a_row_of_a_container_that_names_itself_is_at_the_top():
    run = workflow(
        workflow_started(), container_row("it.row", iteration="it"), row("a.1", iteration="it"), workflow_finished()
    )
    assert tree_of(run) == outline("""
        it#0
          unassigned
            a.1
    """)


def test_each_row_of_a_container_is_an_occurrence_of_it():
    """C.8: matched by node id from the first occurrence on, in each snapshot anew."""
    snapshot = workflow_body(
        workflow_started(),
        container_row("lp.row1", kind="loop"),
        container_row("lp.row2", "failed", kind="loop"),
    )
    seen = workflow_body(
        workflow_started(),
        [loop_started("lp"), ran("a.1", loop=("lp", 0)), loop_completed("lp")],
        [loop_started("lp"), ran("a.2", loop=("lp", 0))],
    )
    for bodies in ([seen, snapshot], [seen, snapshot, snapshot]):
        run = folded(*bodies)
        assert tree_of(run) == outline("""
            lp#0
              round 0
                a.1
            lp#1 failed
              round 0
                a.2
        """)


@pytest.mark.parametrize("status", ["stopped", "failed", "exception"])
def test_a_row_says_how_an_execution_ended(status):
    """C.3: any stored status."""
    run = workflow(workflow_started(), row("a.1", status), workflow_finished("stopped"))
    assert tree_of(run) == f"a.1 {status}"


def test_a_row_on_the_way_is_no_end():
    run = live(workflow_started(), row("a.1", "retry"), container_row("it.row", "paused"))
    assert tree_of(run) == outline("""
        a.1 running
        it#0 paused
    """)


# ---- DESIGN 6: what we inferred yields, and a replay makes nothing


def test_a_body_of_another_run_changes_nothing():
    """DESIGN 6: one tap, one run."""
    first = workflow_body(workflow_started(), ran("a.1"), workflow_finished())
    other = sse(data("workflow_started", id="run-2"), ran("b.1"), text_chunk("Ho"), workflow_run_id="run-2")
    once, both = folded(first), folded(first, other)
    assert whole(both) == whole(once)
    assert kinds(both) == ["foreign-run"] * 4


def test_a_run_that_was_cut_goes_on_in_the_next_body():
    run = folded(workflow_body(ITERATION_CUT), workflow_body(ITERATION_REST))
    assert (run.status, anomalies(run)) == ("succeeded", [])
    assert tree_of(run) == outline("""
        it#0
          round 0 in 0.5 s
            a.1
          round 1 in 0.75 s
            a.2
    """)


@pytest.mark.parametrize(
    "later",
    [
        message("Hi"),
        agent_message("Hi"),
        THOUGHT,
        frame("message_file", id="f", url="/f.png"),
        message_replace("Hi"),
        started("b.1"),
        finished("a.1"),
        retried("a.1", 1),
        iteration_started("it"),
        iteration_next("it", 0),
        loop_completed("lp"),
        text_chunk("Hi"),
        data("text_replace", text="Hi"),
        reasoning_chunk("hm"),
        agent_log("1", "a"),
        human_input_required("f", "h"),
        form_filled("h"),
        form_timeout("h"),
    ],
    ids=lambda item: item["event"],
)
def test_any_frame_of_the_server_takes_back_that_a_run_was_interrupted(later):
    cut = chatflow_body(workflow_started(), started("a.1"))
    assert folded(cut).status == "interrupted"
    assert folded(cut, chatflow_body(later), end=False).status == "running"
    assert folded(cut, chatflow_body(later)).status == "interrupted"


def test_a_heartbeat_takes_nothing_back():
    cut = workflow_body(workflow_started())
    assert folded(cut, PING * 3, end=False).status == "interrupted"


def test_an_interrupted_run_that_was_over_meanwhile():
    """C.8: exactly one `workflow_finished`, and no end of the message."""
    run = folded(workflow_body(ITERATION_CUT), workflow_body(workflow_finished("stopped", error="Stopped by user.")))
    assert (run.status, run.settled) == ("stopped", True)


def test_an_end_that_comes_late_wins_over_one_that_was_inferred():
    """C.3: explicit over inferred, also after the run was stopped."""
    body = workflow_body(workflow_started(), started("a.1"), workflow_finished("stopped"))
    assert tree_of(folded(body)) == "a.1 stopped"
    assert tree_of(folded(body, workflow_body(finished("a.1", "failed", error="no")))) == "a.1 failed: no"


FLAT = [
    workflow_started(inputs={"q": "?"}),
    ran("a.1", metadata=spent(12, "0.5", "USD"), outputs={"text": "Hi"}),
    started("ag.1"),
    agent_log("1", "ag", "success"),
    retried("ag.1", 1),
    finished("ag.1", "failed", error="no"),
    human_input_required("f", "h", form_content="Well?"),
    form_filled("h"),
    reasoning_chunk("hm"),
    message("Hi", "a", "text"),
    workflow_finished("failed", error="no", total_tokens=12),
]
REPLAYED = {
    "flat": FLAT,
    "paused and resumed": [PAUSED, RESUMED],
    "an iteration": [ITERATION_CUT, ITERATION_REST],
    "nested": [
        workflow_started(),
        loop_started("lp"),
        [iteration_started("it"), iteration_next("it", 0), ran("a.1", loop=("lp", 0), iteration=("it", 0))],
        iteration_completed("it", elapsed_time=0.25),
        loop_next("lp", 1),
        [iteration_started("it"), iteration_next("it", 0), ran("a.2", loop=("lp", 1), iteration=("it", 0))],
        iteration_completed("it", elapsed_time=0.5),
        loop_completed("lp"),
        workflow_finished(),
    ],
    "interleaving": [
        workflow_started(),
        [iteration_started("it"), iteration_next("it", 0), iteration_next("it", 1)],
        [loop_started("lp", inputs={"n": 1}), started("a.1", iteration="it", loop="lp")],
        [loop_started("lp", inputs={"n": 2}), started("a.2", iteration="it", loop="lp")],
        finished("a.2", iteration=("it", 0), loop=("lp", 0)),
        loop_completed("lp", elapsed_time=0.25, outputs={"n": 2}),
        finished("a.1", iteration=("it", 1), loop=("lp", 0)),
        loop_completed("lp", elapsed_time=0.5, outputs={"n": 1}),
        iteration_completed("it"),
        workflow_finished(),
    ],
}


@pytest.mark.parametrize("name", REPLAYED)
@pytest.mark.parametrize("times", [1, 2])
def test_the_replay_of_a_finished_run_changes_nothing(name, times):
    """DESIGN 6, replay mode: frames with an identity merge, containers are matched from the first one on."""
    body = chatflow_body(REPLAYED[name])
    once, again = folded(body), folded(body, *[body] * times)
    assert tree_of(again) == tree_of(once)
    assert whole(again) == whole(once)
    assert anomalies(again) == []


def test_a_snapshot_of_a_finished_run_changes_nothing():
    body = workflow_body(ITERATION_CUT, ITERATION_REST)
    snapshot = workflow_body(
        workflow_started(),
        container_row("it.row"),
        row("a.1", iteration="it"),
        row("a.2", iteration="it"),
        workflow_finished(),
    )
    once, again = folded(body), folded(body, snapshot, snapshot)
    assert tree_of(again) == tree_of(once)
    assert (again.status, anomalies(again)) == ("succeeded", [])


@pytest.mark.parametrize(
    ("unknown", "reports"),
    [
        (ran("x.1"), 2),
        (retried("x.1", 1), 1),
        ([iteration_started("x"), iteration_next("x", 0), iteration_completed("x")], 2),
        (ran("x.1", iteration=("x", 0)), 2),
        (container_row("x.row"), 2),
        (human_input_required("f9", "h"), 1),
        (message_replace("other"), 0),
        (message("more"), 0),
        (reasoning_chunk("more"), 0),
        (data("text_replace", text="other"), 0),
        (loop_next("lp", 5), 0),
    ],
)
def test_a_replay_makes_nothing(unknown, reports):
    """`replay-unknown`: counted; deltas have no identity, so a replay of them cannot be told from more text."""
    body = chatflow_body(
        workflow_started(), loop_started("lp"), ran("a.1", loop=("lp", 0)), loop_completed("lp"), FLAT[1:]
    )
    once, again = folded(body), folded(body, chatflow_body(workflow_started(), unknown, workflow_finished("failed")))
    assert whole(again) == whole(once)
    assert kinds(again) == ["replay-unknown"] * reports


def test_a_replay_may_tell_what_was_not_known():
    """Non-null wins over null: the first body was of a web app."""
    first = workflow_body(workflow_started(), ran("a.1"), workflow_finished())
    second = workflow_body(workflow_started(), ran("a.1", outputs={"x": 1}, metadata=spent(12)), workflow_finished())
    run = folded(first, second)
    assert (run.nodes[0].outputs, run.leaf_tokens, len(run.executions)) == ({"x": 1}, 12, 1)


def test_a_replay_may_tell_an_end_that_was_lost():
    """What we inferred yields, also where nothing is made."""
    script = [iteration_started("it"), iteration_next("it", 0), ran("a.1", iteration=("it", 0))]
    end = iteration_completed("it", {"0": 0.5}, outputs={"output": ["A"]})
    first = workflow_body(workflow_started(), script, workflow_finished())
    assert tree_of(folded(first)).startswith("it#0 unknown")
    run = folded(first, workflow_body(workflow_started(), script, end, workflow_finished()))
    assert tree_of(run) == outline("""
        it#0
          round 0 in 0.5 s
            a.1
    """)
    assert (run.nodes[0].outputs, anomalies(run)) == ({"output": ["A"]}, [])


def test_a_pause_in_a_replay_does_not_open_the_run():
    run = folded(chatflow_body(PAUSED, RESUMED), chatflow_body(SNAPSHOT))
    assert (run.status, run.text) == ("succeeded", "Dear Ann, approved.")
    assert tree_of(run) == RESUMED_TREE
    assert form_facts(run) == [("f", "h", "submitted", "Send Dear Ann?")]


# ---- the rest


def test_parallel_branches_of_old_servers_are_no_executions():
    """B.5, C.6: their nodes say all that a run keeps."""
    branch = {"parallel_id": "p", "parallel_branch_id": "a", "created_at": EPOCH}
    run = workflow(
        workflow_started(),
        data("parallel_branch_started", **branch),
        ran("a.1", parallel_id="p", parallel_start_node_id="a"),
        data("parallel_branch_finished", **branch, status="succeeded"),
        workflow_finished(),
    )
    assert tree_of(run) == "a.1"
    assert anomalies(run) == []
    assert (run.events["parallel_branch_started"], run.events["parallel_branch_finished"]) == (1, 1)


def test_the_result_of_a_datasource_is_the_run_s():
    """B.4: flat frames, `data` is the result itself."""
    result = [{"title": "Docs"}]
    end = frame("datasource_completed", data=result, total=1, completed=1, time_consuming=1.5)
    run = folded(sse(frame("datasource_processing", total=1, completed=0), end))
    assert (run.outputs, run.elapsed_time, run.status) == (result, 1.5, "succeeded")


@pytest.mark.parametrize(("sent", "message"), [("no", "no"), (None, "datasource error")])
def test_a_datasource_that_fails_says_why(sent, message):
    run = folded(sse(frame("datasource_error", error=sent)))
    assert (run.status, run.error.message) == ("failed", message)


def test_an_unreleased_pause_changes_nothing():
    """#39706: the server hands the run over to another worker, and the run goes on."""
    run = workflow(workflow_started(), data("workflow_maintenance_paused", reason="handoff"), workflow_finished())
    assert (run.status, anomalies(run)) == ("succeeded", [])


def test_an_unknown_event_changes_nothing_but_the_count():
    """C.13.7"""
    run = workflow(workflow_started(), data("later", x=1), workflow_finished())
    assert (run.status, anomalies(run)) == ("succeeded", [("unknown-event", "later")])


def test_a_ping_as_json_is_a_heartbeat():
    """A.3: it appears nowhere but in its count."""
    run = workflow(workflow_started(), frame("ping"), workflow_finished())
    assert (run.heartbeats, run.events) == (1, {"workflow_started": 1, "workflow_finished": 1})


# ---- section D: documents in place of a stream


def document(**body) -> Run:
    return folded(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("mode", "ours"),
    [
        ("advanced-chat", "chatflow"),
        ("chat", "chat"),
        ("agent-chat", "agent-chat"),
        ("completion", "completion"),
        ("agent", "agent"),
        ("something new", "chat"),
    ],
)
def test_a_blocking_answer_is_a_run(mode, ours):
    run = document(
        event="message",
        task_id=TASK,
        id=MESSAGE,
        message_id=MESSAGE,
        conversation_id=CONVERSATION,
        mode=mode,
        answer="Hi",
        metadata={"usage": usage(9), "retriever_resources": [{"position": 1}]},
        created_at=EPOCH,
    )
    assert (run.mode, run.status, run.settled, run.text) == (ours, "succeeded", True, "Hi")
    assert (run.message_id, run.conversation_id, run.task_id, run.started_at) == (MESSAGE, CONVERSATION, TASK, EPOCH)
    assert (run.usage.total_tokens, run.citations) == (9, ({"position": 1},))
    assert anomalies(run) == []


def test_a_blocking_answer_without_a_conversation_is_a_completion():
    run = document(event="message", message_id=MESSAGE, mode="new", answer="Hi")
    assert (run.mode, run.status, run.text) == ("completion", "succeeded", "Hi")


@pytest.mark.parametrize("status", ["succeeded", "failed", "stopped", "partial-succeeded"])
def test_a_blocking_workflow_is_a_run(status):
    run = document(
        task_id=TASK,
        workflow_run_id=RUN,
        data={
            "id": RUN,
            "workflow_id": "flow",
            "status": status,
            "outputs": {"a": 1},
            "error": "no" if status == "failed" else None,
            "elapsed_time": 1.5,
            "total_tokens": 24,
            "total_steps": 4,
            "created_at": EPOCH,
            "finished_at": EPOCH + 2,
        },
    )
    assert (run.mode, run.status, run.settled, run.outputs) == ("workflow", status, True, {"a": 1})
    assert (run.id, run.task_id, run.workflow_id) == (RUN, TASK, "flow")
    assert (run.total_tokens, run.total_steps, run.elapsed_time) == (24, 4, 1.5)
    assert (run.started_at, run.finished_at) == (EPOCH, EPOCH + 2)
    assert (run.error and run.error.message) == ("no" if status == "failed" else None)
    assert anomalies(run) == []


def test_a_blocking_workflow_may_pause():
    run = document(
        task_id=TASK,
        workflow_run_id=RUN,
        data={"id": RUN, "status": "paused", "paused_nodes": ["h"], "reasons": [REASON], "finished_at": None},
    )
    assert (run.mode, run.status, run.settled) == ("workflow", "paused", False)
    assert form_facts(run) == [("f", "h", "waiting", "Well?")]


def test_a_blocking_workflow_with_an_unknown_status_is_no_success():
    run = document(task_id=TASK, workflow_run_id=RUN, data={"id": RUN, "status": "exploded"})
    assert (run.status, kinds(run)) == ("interrupted", ["unknown-status"])


def test_a_blocking_chatflow_may_pause():
    run = document(
        event="workflow_paused",
        task_id=TASK,
        workflow_run_id=RUN,
        message_id=MESSAGE,
        conversation_id=CONVERSATION,
        answer="<think>hm</think>Dear ",
        metadata={"usage": usage(12)},
        data={"paused_nodes": ["h"], "reasons": [REASON], "status": "paused", "total_tokens": 9},
    )
    assert (run.mode, run.status) == ("chatflow", "paused")
    assert (run.text, run.reasoning) == ("Dear ", "hm")
    assert (run.usage.total_tokens, run.total_tokens) == (12, 9)
    assert form_facts(run) == [("f", "h", "waiting", "Well?")]


def test_a_refusal_is_a_failed_run():
    """A.10: the answer before any stream."""
    run = document(code="invalid_param", message="query is required", status=400)
    assert (run.status, run.settled, run.mode) == ("failed", True, None)
    assert (run.error.message, run.error.code, run.error.status) == ("query is required", "invalid_param", 400)


def test_a_paused_workflow_goes_on_as_a_stream_after_a_blocking_answer():
    paused = {"id": RUN, "status": "paused", "reasons": [REASON]}
    run = folded(
        json.dumps({"task_id": TASK, "workflow_run_id": RUN, "data": paused}).encode(),
        workflow_body(workflow_started("resumption"), form_filled("h"), ran("h.1"), workflow_finished()),
    )
    assert (run.status, tree_of(run)) == ("succeeded", "h.1")
    assert [form.status for form in run.forms] == ["submitted"]


# ---- arrival times


def test_times_of_arrival_are_those_of_the_frames():
    """C.13.8: the reducer hands them on; a heartbeat is no progress."""
    tap = Tap("dify")
    frames = [
        workflow_started(),
        started("llm.1"),
        text_chunk("", "llm", "text"),
        text_chunk("Hi", "llm", "text"),
        finished("llm.1"),
    ]
    for at, item in enumerate(frames, start=1):
        tap.feed(workflow_body(item), at=at)
    tap.feed(PING, at=9)
    tap.feed(workflow_body(workflow_finished()), at=10)
    (node,) = tap.run.nodes
    assert (node.seen_at, node.first_token_at, node.ended_at) == (2, 4, 5)
    assert (tap.run.seen_at, tap.run.first_token_at, tap.run.last_heartbeat_at, tap.run.ended_at) == (1, 4, 9, 10)
