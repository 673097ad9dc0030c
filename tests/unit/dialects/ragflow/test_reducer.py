"""What RAGFlow's events mean for a run (protocol C)."""

import json

import pytest

from streamkit import Run, Tap
from streamkit.run import RunError, Usage
from streamkit.run.retention import Retention

TOP = {"message_id": "m1", "created_at": 1700000000, "task_id": "t", "session_id": "s"}
KINDS = {"M": "Message", "A": "Agent", "U": "UserFillUp", "L": "Loop", "l": "LoopItem"}
DONE = b"data:[DONE]\n\n"
TRUE = {"code": 0, "message": "", "data": True}
FIELDS = {"city": {"type": "line"}, "style": {"type": "line"}}
CANCELED = "Task has been canceled"


def event(word, data=None, **top):
    return {"event": word, **TOP, "data": data, **top}


def node(name):
    return {"component_id": name, "component_name": f"The {name}", "component_type": KINDS[name[0]]}


def begun(**top):
    return event("workflow_started", {"inputs": {"q": "?"}}, **top)


def start(name, **top):
    return event("node_started", node(name), **top)


def finish(name, *, top=None, **data):
    return event("node_finished", {**node(name), "outputs": {}, **data}, **(top or {}))


def say(text, **data):
    return event("message", {"content": text, **data})


def over(**data):
    return event("workflow_finished", {"outputs": {"content": "x"}, **data})


def asks(word="user_inputs", **top):
    return event(word, {"inputs": FIELDS, "tips": "Well?"}, **top)


def chat(answer="Hi", **data):
    return {"code": 0, "data": {"answer": answer, "reference": {}, **data}}


def error(code=500, message="no", data=False):
    return {"code": code, "message": message, "data": data}


def sse(*script):
    return b"".join(
        item if isinstance(item, bytes) else b"data:" + json.dumps(item).encode() + b"\n\n" for item in script
    )


def bodies(*scripts, end=True):
    """The run of several bodies."""
    run = None
    for script in scripts:
        tap = Tap("ragflow", run=run)
        run = tap.run
        tap.feed(sse(*script), at=1.0)
        if end:
            tap.close(at=2.0)
    return run


def body(*script, end=True):
    return bodies(script, end=end)


def document(payload):
    tap = Tap("ragflow")
    tap.feed(json.dumps(payload).encode())
    tap.close()
    return tap.run


def anomalies(run):
    return [anomaly.kind for anomaly in run.anomalies]


def executions(run):
    return {key: execution.status for key, execution in run.executions.items()}


# ---- C.6: agents


UNFILTERED = (begun(), start("A"), finish("A"))


def test_workflow_finished_is_the_word_of_the_server():
    run = body(*UNFILTERED, over(elapsed_time=1.5), DONE)
    assert (run.status, run.mode, run.settled, run.error) == ("succeeded", "agent", True, None)
    assert (run.outputs, run.elapsed_time, run.inputs, run.started_at) == (
        {"content": "x"},
        1.5,
        {"q": "?"},
        1700000000,
    )
    assert anomalies(run) == []


def test_workflow_finished_needs_no_terminator_and_is_not_settled_before_it():
    assert body(*UNFILTERED, over()).settled
    assert not body(*UNFILTERED, over(), end=False).settled
    assert body(*UNFILTERED, over(), DONE, end=False).settled


def test_a_run_succeeds_whatever_executions_failed_or_stayed_open():
    """Correction 5."""
    run = body(begun(), start("A1"), start("A2"), finish("A1", error="boom"), over(), DONE)
    assert (run.status, run.error, executions(run)) == ("succeeded", None, {"A1#0": "failed", "A2#0": "unknown"})


def test_a_task_that_has_been_canceled_is_stopped():
    """Correction 2."""
    run = body(begun(), start("A1"), start("A2"), finish("A1", error=CANCELED), over(outputs=CANCELED), DONE)
    assert (run.status, run.error) == ("stopped", RunError(message=CANCELED))
    assert executions(run) == {"A1#0": "failed", "A2#0": "stopped"}


@pytest.mark.parametrize("text", ["a text", "You can cancel at any time.", "Tasks: cancel, canceled", ""])
def test_another_text_as_outputs_is_an_output_of_the_go_backend(text):
    run = body(*UNFILTERED, over(outputs=text), DONE)
    assert (run.status, run.error, run.outputs) == ("succeeded", None, text)


@pytest.mark.parametrize("message", [CANCELED, "context canceled"])
def test_a_code_that_says_canceled_is_a_stop(message):
    run = body(*UNFILTERED, error(message=message), DONE)
    assert (run.status, run.error) == ("stopped", RunError(message=message, code="500"))


def test_any_other_code_is_a_failure():
    run = body(*UNFILTERED, error(), DONE)
    assert (run.status, run.error, run.settled) == ("failed", RunError(message="no", code="500"), True)


def test_a_code_that_only_speaks_of_cancelling_is_a_failure():
    assert body(error(message="Cannot cancel the subscription")).status == "failed"


def test_an_error_goes_before_a_word_that_nobody_knows():
    """C.1."""
    run = body(*UNFILTERED, event("novelty", code=102, message="boom"), DONE)
    assert (run.status, run.error, anomalies(run)) == ("failed", RunError(message="boom", code="102"), [])


def test_a_code_needs_no_message_and_no_terminator():
    run = body(error(message=None))
    assert (run.status, run.error) == ("failed", RunError(message="code 500", code="500"))


def test_a_code_that_is_no_number_is_an_error_without_a_code():
    run = body(error(code="E_MODEL"), DONE)
    assert (run.status, run.error, anomalies(run)) == ("failed", RunError(message="no"), ["bad-field"])


def test_an_event_with_a_code_is_an_error_before_it_is_anything_else():
    """Correction 3."""
    run = body(event("message", {"content": "x"}, code=102, message="boom"))
    assert (run.status, run.mode, run.text) == ("failed", "agent", "")
    assert run.error == RunError(message="boom", code="102")


def test_the_first_end_stays():
    run = body(*UNFILTERED, over(), error(), DONE)
    assert (run.status, run.error) == ("succeeded", None)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ((), "the run ended without a result"),
        ((start("A2"), finish("A2", error="boom"), finish("A3", error="bang"), finish("A4")), "boom"),
        ((start("A2"), finish("A2", error="boom"), start("M")), "the run ended without a result"),
        ((start("A2"), finish("A2", error="boom"), start("A3"), finish("A3", error="bang")), "bang"),
    ],
)
def test_an_unfiltered_run_that_only_terminates_failed(script, message):
    """Correction 1: by the first error that nothing handled."""
    run = body(*UNFILTERED, *script, DONE)
    assert (run.status, run.error, run.settled) == ("failed", RunError(message=message), True)


@pytest.mark.parametrize(("time", "status"), [(1700000000.25, "stopped"), (1700000000, "failed")])
def test_a_run_of_the_go_backend_that_only_terminates_was_stopped(time, status):
    """B.9: its failures have a frame of their own."""
    begin = event("node_started", {**node("A"), "created_at": time})
    run = body(begun(), begin, finish("A"), DONE)
    assert (run.status, run.settled, run.error is None) == (status, True, status == "stopped")
    assert body(begun(), begin, finish("A", error="boom"), DONE).status == "failed"
    assert body(begun(), begin, finish("A")).status == "interrupted"


def test_an_unfiltered_run_that_is_cut_off_after_an_error_failed():
    run = body(*UNFILTERED, finish("A2", error="boom"))
    assert (run.status, run.error) == ("failed", RunError(message="boom"))


def test_an_unfiltered_run_that_is_cut_off_was_interrupted():
    run = body(*UNFILTERED)
    assert (run.status, run.settled) == ("interrupted", False)


def test_a_filtered_run_that_terminates_succeeded_with_a_mark():
    run = body(finish("A"), say("Hi"), event("message_end", {}), finish("M"), DONE)
    assert (run.status, run.settled, anomalies(run)) == ("succeeded", True, ["filtered-session"])
    assert (run.executions["A#0"].text, run.executions["M#0"].text) == ("", "Hi")


def test_a_filtered_run_that_is_cut_off_was_interrupted():
    assert body(finish("A")).status == "interrupted"


@pytest.mark.parametrize("end", [(), (DONE,)])
def test_a_filtered_run_failed_if_the_last_that_finished_did(end):
    run = body(finish("A"), finish("A2", error="boom"), *end)
    assert (run.status, run.error) == ("failed", RunError(message="boom"))


def test_a_filtered_run_goes_on_after_an_error_that_was_handled():
    assert body(finish("A", error="boom"), finish("A2"), DONE).status == "succeeded"


def test_a_filtered_run_failed_if_a_component_did_and_the_server_would_tell_of_an_end():
    """Siblings finish after the one that failed. Since 0.26.3 a success has an end, and the task its session's name."""
    script = [finish("A", error="boom", top={"task_id": "s"}), finish("A2"), DONE]
    run = body(*script)
    assert (run.status, run.error) == ("failed", RunError(message="boom"))
    assert body(*script[:-1], over(usage={"total_tokens": 1}, outputs=None), DONE).status == "succeeded"
    assert body(*script[:-1], asks(), DONE).status == "paused"
    assert body(*script[:-1]).status == "interrupted"


@pytest.mark.parametrize("siblings", [(), (finish("A2"),)])
def test_a_filtered_run_was_stopped_if_a_component_noticed_it(siblings):
    """The end of a filtered body holds the usage alone."""
    end = event("workflow_finished", {"usage": {"total_tokens": 3}})
    run = body(finish("A", error=CANCELED), *siblings, end, DONE)
    assert (run.status, run.error, run.usage.total_tokens) == ("stopped", RunError(message=CANCELED), 3)


def test_text_that_waits_is_of_no_component_that_did_well():
    """C.5: of the next Message, or of the component that failed into a default text."""
    run = body(begun(), start("A1"), start("A2"), say("sorry"), finish("A1"), finish("A2", error="boom"), over())
    assert (run.executions["A1#0"].text, run.executions["A2#0"].text) == ("", "sorry")


END = event("message_end", {})


def test_messages_are_of_the_message_that_finishes_next():
    """C.5: the first one was started before it was ready, and is started again."""
    first = [begun(), start("M1"), start("M2"), say("two"), say("!"), END, finish("M2")]
    run = body(*first, start("M1"), say("one"), END, finish("M1"), over(), DONE)
    assert [(item.id, item.text) for item in run.nodes] == [("M1#0", "one"), ("M2#0", "two!")]
    assert run.text == "two!one"


def test_a_default_text_is_of_the_component_that_failed_and_the_open_message_still_speaks():
    script = [begun(), start("U1"), start("M"), say("sorry"), END, finish("U1", error="boom")]
    run = body(*script, say("Hi"), END, finish("A"), finish("M"), over(), DONE)
    assert (run.executions["U1#0"].text, run.executions["M#0"].text) == ("sorry", "Hi")


def test_what_a_message_streamed_of_a_model_that_failed_is_of_the_message():
    run = body(begun(), start("A"), start("M"), say("So far"), END, finish("A", error="boom"), finish("M"), over())
    assert (run.executions["A#0"].text, run.executions["M#0"].text) == ("", "So far")


@pytest.mark.parametrize("is_whole", [False, True])
def test_messages_that_are_open_at_once_speak_one_after_the_other(is_whole):
    """Sample 20, with more to say: what is read in bursts is of the Message whose turn it is."""
    turns = [[*(say(f"{name}{number} ") for number in range(9)), event("message_end", {})] for name in "ab"]
    script = [begun(), start("M1"), start("M2"), *turns[0], *turns[1], finish("M1"), finish("M2"), over(), DONE]
    tap = Tap("ragflow")
    for item in [sse(*script)] if is_whole else [sse(item) for item in script]:
        tap.observe(item)
    told = [node.text for node in tap.run.nodes]
    assert told == ["".join(f"{name}{number} " for number in range(9)) for name in "ab"]


def test_a_session_is_noted_as_filtered_once():
    filtered = (say("Hi"), event("message_end", {}))
    run = bodies((*filtered, asks()), (*filtered, DONE))
    assert run.anomaly_counts == {"filtered-session": 1}


def test_a_session_in_which_nothing_happened_is_an_agents():
    run = body({"session_id": "s2", "data": {}}, DONE)
    assert (run.status, run.mode, run.conversation_id, anomalies(run)) == ("succeeded", "agent", "s2", [])
    assert body(begun(), {"session_id": "s2", "data": {}}, end=False).conversation_id == "s"


def test_events_without_data_harm_nothing():
    words = ["node_started", "node_finished", "message", "message_end", "workflow_started", "node_logs"]
    run = body(*(event(word) for word in words), event("user_inputs"), event("workflow_finished"), DONE)
    assert (run.status, executions(run), run.text) == ("succeeded", {}, "")


def test_the_calls_of_tools_of_a_log_hang_under_their_component_however_often_they_are_told():
    def told(*calls):
        return event("node_logs", [{"component_id": "Agent:A", "trace": list(calls)}, {"component_id": "nobody"}])

    begun = {"tool_name": "search", "arguments": {"q": 1}, "path": "A"}
    ended = {**begun, "result": "r", "elapsed_time": 0.5}
    run = body(event("workflow_started"), start("Agent:A"), told(begun), told(ended, begun), told(ended, ended))
    (node,) = run.nodes
    data = {"path": "A", "arguments": {"q": 1}, "result": "r"}
    assert [(log.label, log.status, log.data, log.metadata) for log in node.logs] == [
        ("search", "success", data, {"elapsed_time": 0.5})
    ] * 2
    assert anomalies(run) == []


def test_what_is_not_known_or_cannot_be_read_is_counted_and_nothing_else():
    run = body(*UNFILTERED, event("novelty"), b"data: oops\n\n", over(), DONE)
    assert run.status == "succeeded"
    assert anomalies(run) == ["unknown-event", "malformed-event"]


# ---- C.6: chats


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ((chat(), TRUE), "succeeded"),
        ((chat(), TRUE, DONE), "succeeded"),
        ((chat(),), "interrupted"),
        ((TRUE,), "succeeded"),
        ((), "interrupted"),
        ((error(), TRUE), "failed"),
    ],
)
def test_a_chat_ends_as_it_says(script, status):
    assert body(*script).status == status


def test_a_chat_is_known_by_its_answers():
    run = body(chat("He", id="q", session_id="s"), chat("Hello", id="q", session_id="s"), TRUE)
    assert (run.mode, run.text, run.id, run.message_id, run.conversation_id) == ("rag-chat", "Hello", None, "q", "s")
    assert run.first_token_at == 1.0


def test_the_answer_of_an_error_is_no_text():
    run = body(error(data={"answer": "**ERROR**: no", "reference": []}), TRUE)
    assert (run.status, run.mode, run.text) == ("failed", None, "")


@pytest.mark.parametrize("message", ["Authorization required", "canceled"])
def test_data_that_are_false_are_an_error_with_code_0_too(message):
    run = document({"code": 0, "message": message, "data": False})
    assert run.status == ("stopped" if message == "canceled" else "failed")
    assert run.error == RunError(message=message, code="0")


def test_a_component_at_work_is_no_answer():
    """B.5: a sentence about a label."""
    run = body(chat("*'A'* is running...", running_status=True), chat("Hi", param=[]), TRUE)
    assert (run.mode, run.text, executions(run)) == ("agent", "Hi", {})


def test_what_an_agent_declares_shows_an_agent():
    assert body(chat(param=[{"key": "lang"}]), chat(), TRUE).mode == "agent"


def test_an_error_of_the_model_is_an_answer():
    run = body(chat("**ERROR**: no"), TRUE)
    assert (run.status, run.text, anomalies(run)) == ("succeeded", "**ERROR**: no", ["error-in-answer"])


def test_a_chat_cites():
    assert list(body(chat(reference={"chunks": [{"id": "a"}]}), TRUE).citations) == [{"marker": "0", "id": "a"}]


# ---- C.7: human input


def form(run):
    (shown,) = run.forms
    return shown


@pytest.mark.parametrize("word", ["user_inputs", "waiting_for_user"])
def test_a_form_waits(word):
    run = body(*UNFILTERED, asks(word), DONE)
    shown = form(run)
    assert (run.status, run.settled, run.ended_by_server) == ("paused", False, False)
    assert (shown.form_id, shown.node_id, shown.status, shown.content) == (None, "", "waiting", "Well?")
    assert shown.inputs == [{"key": "city", "type": "line"}, {"key": "style", "type": "line"}]


def test_the_open_user_fill_up_is_the_one_that_waits():
    run = body(*UNFILTERED, start("U"), asks("waiting_for_user"), DONE)
    assert (form(run).node_id, form(run).title, executions(run)["U#0"]) == ("U", "The U", "paused")


@pytest.mark.parametrize("word", ["user_inputs", "waiting_for_user"])
def test_a_form_may_come_as_json_in_a_text(word):
    run = body(*UNFILTERED, event(word, json.dumps({"tips": "Well?", "inputs": FIELDS})))
    assert (run.status, form(run).content) == ("paused", "Well?")
    assert [field["key"] for field in form(run).inputs] == ["city", "style"]


@pytest.mark.parametrize("text", ["Fill this in", "[1]", "{", "[" * 100_000])
def test_a_text_that_is_no_form_is_what_a_person_is_told(text):
    run = body(*UNFILTERED, event("waiting_for_user", text))
    assert (run.status, form(run).content, form(run).inputs) == ("paused", text, [])


@pytest.mark.parametrize(
    ("inputs", "fields"),
    [
        ({"a": "x", "b": {"type": "line"}}, [{"key": "a"}, {"key": "b", "type": "line"}]),
        ([{"key": "a"}], [{"key": "a"}]),
        ("x", []),
        (None, []),
    ],
)
def test_fields_are_a_list(inputs, fields):
    assert form(body(event("user_inputs", {"inputs": inputs}))).inputs == fields


RESUME = {"message_id": "m2"}


@pytest.mark.parametrize("repeated", [(), (begun(**RESUME),)])
def test_a_resumed_run_goes_on_under_a_new_message_id(repeated):
    """Before v0.26.3 it says again that it began."""
    answer = finish("U", top=RESUME, inputs={"city": {"value": "Paris"}})
    run = bodies((*UNFILTERED, asks(), DONE), (*repeated, answer, {**over(), **RESUME}, DONE))
    assert (run.status, run.id, run.message_id, len(run.segments)) == ("succeeded", "m1", "m1", 2)
    assert (form(run).status, form(run).submitted) == ("submitted", {"city": {"value": "Paris"}})
    assert (executions(run), anomalies(run)) == ({"A#0": "succeeded", "U#0": "succeeded"}, [])


def test_the_go_backend_finishes_what_it_started():
    run = bodies(
        (*UNFILTERED, start("U"), asks("waiting_for_user")), (finish("U", top=RESUME, inputs={"city": "Paris"}),)
    )
    assert (form(run).status, form(run).submitted) == ("submitted", {"city": "Paris"})
    assert executions(run)["U#0"] == "succeeded"


def test_forms_that_follow_one_another_are_forms_of_their_own():
    more = {"message_id": "m3"}
    run = bodies(
        (*UNFILTERED, asks()),
        (finish("U", top=RESUME, inputs={"n": 1}), asks(**RESUME)),
        (finish("U", top=more, inputs={"n": 2}), {**over(), **more}, DONE),
    )
    assert [(shown.status, shown.submitted) for shown in run.forms] == [
        ("submitted", {"n": 1}),
        ("submitted", {"n": 2}),
    ]
    assert run.status == "succeeded"


def test_a_user_fill_up_without_a_waiting_form_makes_none():
    assert body(begun(), start("U"), finish("U"), over()).forms == ()


def test_an_answered_form_is_not_answered_again():
    again = finish("U", top=RESUME, inputs={"n": 2})
    run = bodies((*UNFILTERED, asks()), (finish("U", top=RESUME, inputs={"n": 1}), again))
    assert form(run).submitted == {"n": 1}


@pytest.mark.parametrize(
    ("script", "top"),
    [
        ((*UNFILTERED, asks()), {"message_id": "m2", "session_id": "other"}),
        (UNFILTERED, {"message_id": "m2"}),
        ((*UNFILTERED, over()), {"message_id": "m2"}),
    ],
)
def test_another_message_id_is_another_run(script, top):
    """C.8: unless the run is paused and the session is the same."""
    run = bodies(script, (start("A9", **top),))
    assert ("A9#0" in run.executions, anomalies(run)) == (False, ["foreign-run"])


def test_frames_without_a_message_id_are_of_any_run():
    assert bodies((*UNFILTERED, asks()), (error(), DONE)).status == "failed"


def test_a_body_that_goes_on_with_an_interrupted_run_reopens_it():
    run = bodies(UNFILTERED, (event("message_end", {}),), end=False)
    assert run.status == "running"
    run = bodies(UNFILTERED, (event("message_end", {}), over(), DONE))
    assert run.status == "succeeded"


def test_what_comes_with_a_form_in_the_same_body_leaves_it_paused():
    assert body(*UNFILTERED, asks(), event("message_end", {}), DONE).status == "paused"
    assert body(*UNFILTERED, asks(), start("A2"), finish("A2"), DONE).status == "paused"


def test_a_form_that_is_asked_again_while_it_waits_is_one_form():
    answered = (asks(), asks(), finish("U", inputs={"n": 1}))
    assert [shown.status for shown in body(*UNFILTERED, *answered).forms] == ["submitted"]
    run = bodies((*UNFILTERED, *answered, asks(), asks()))
    assert [shown.status for shown in run.forms] == ["submitted", "waiting"]


def test_a_component_that_starts_again_in_the_next_body_runs():
    """What we concluded yields to the server: an open execution at the end of a body is `unknown` until then."""
    script = (begun(), start("A"), asks()), (start("A", **RESUME),)
    assert executions(bodies(*script[:1])) == {"A#0": "unknown"}
    assert executions(bodies(*script, end=False)) == {"A#0": "running"}


def test_an_execution_that_the_run_let_go_is_not_ended_by_a_frame_that_names_it():
    run = Run("ragflow", retention=Retention(max_executions=1))
    for script in ((begun(), start("A"), asks()), (start("A2", **RESUME), finish("A", top=RESUME))):
        tap = Tap("ragflow", run=run)
        tap.feed(sse(*script))
        tap.close()
    assert executions(run) == {"A2#0": "unknown", "A#1": "succeeded"}


def test_what_begins_in_a_container_that_the_run_let_go_stands_beside_it():
    run = Run("ragflow", retention=Retention(max_executions=1))
    for script in ((begun(), start("L"), asks()), (start("A", **RESUME), start("l", **RESUME), start("A2", **RESUME))):
        tap = Tap("ragflow", run=run)
        tap.feed(sse(*script))
        tap.close()
    assert [(node.id, node.parent) for node in run.walk()] == [("A#0", None), ("l#0", None), ("A2#0", None)]


def test_a_loop_stays_open_over_the_bodies():
    """Correction 8."""
    run = bodies(
        (begun(), start("L"), start("l"), finish("l"), asks()),
        (finish("U", top=RESUME), start("A", **RESUME), finish("A", top=RESUME), finish("L", top=RESUME)),
    )
    (loop,) = run.nodes
    assert [[inner.id for inner in turn.nodes] for turn in loop.rounds] == [["l#0", "U#0", "A#0"]]


# ---- ids, usage, files


def test_ids_are_those_of_the_first_body():
    run = body(*UNFILTERED)
    assert (run.id, run.message_id, run.task_id, run.conversation_id) == ("m1", "m1", "t", "s")


def test_usage_is_kept_as_sent():
    """Correction 9: the parts need not add up."""
    run = body(
        *UNFILTERED, over(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9, "calls": 1}), DONE
    )
    assert (run.usage, run.total_tokens) == (Usage(1, 2, 9), 9)
    assert body(*UNFILTERED, over(), DONE).usage == Usage(None, None, 0)


def test_files_come_with_the_end_of_a_message():
    data = {"attachment": {"doc_id": "d"}, "downloads": [{"filename": "a.pdf"}, "garbage", {"doc_id": "d"}]}
    run = body(*UNFILTERED, event("message_end", data), over())
    assert list(run.files) == [{"doc_id": "d"}, {"filename": "a.pdf"}]
    (listed,) = body(event("message_end", {"attachment": [{"id": 7}], "downloads": 5})).files
    assert listed == {"id": 7}


def test_an_agent_cites_by_key():
    run = body(*UNFILTERED, event("message_end", {"reference": {"chunks": {"46": {"id": "a"}}}}), over())
    assert list(run.citations) == [{"marker": "46", "id": "a"}]


def test_messages_are_of_the_message_that_is_open():
    run = body(
        begun(), start("M"), say("hm", start_to_think=True), say("yes", start_to_think=False, end_to_think=False)
    )
    assert run.reasoning + run.executions["M#0"].reasoning == "hmyeshmyes"
    run = body(begun(), start("M"), say("", start_to_think=True), say("hm"), say("", end_to_think=True), say("yes"))
    assert (run.text, run.reasoning, run.executions["M#0"].text) == ("yes", "hm", "yes")


# ---- answers that were not streamed


def blocking(content, word="workflow_finished"):
    return {"code": 0, "data": {"event": word, **TOP, "data": content}}


def test_the_answer_of_an_agent_that_does_not_stream():
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    run = document(blocking({"content": "Hi", "reference": {"chunks": {"1": {"id": "a"}}}, "usage": usage}))
    assert (run.status, run.mode, run.text, run.settled) == ("succeeded", "agent", "Hi", True)
    assert (run.id, run.conversation_id, run.usage) == ("m1", "s", Usage(1, 2, 3))
    assert list(run.citations) == [{"marker": "1", "id": "a"}]


@pytest.mark.parametrize("word", ["user_inputs", "waiting_for_user"])
def test_an_agent_that_does_not_stream_may_wait(word):
    run = document(blocking({"tips": "Well?", "inputs": FIELDS}, word))
    assert (run.status, form(run).content, len(form(run).inputs)) == ("paused", "Well?", 2)


@pytest.mark.parametrize(("error", "status"), [("no", "failed"), (CANCELED, "stopped")])
def test_an_error_in_place_of_the_answer_of_an_agent(error, status):
    """A.3.8: with code 0."""
    run = document({"code": 0, "data": f"**ERROR**: {error}"})
    assert (run.status, run.mode, run.text, run.error) == (status, "agent", "", RunError(message=error))


def test_an_answer_whose_last_event_is_of_a_component_is_of_a_run_that_failed():
    failed = document(blocking({**node("A"), "error": "boom", "content": "Hi"}, "node_finished"))
    assert (failed.status, failed.error, failed.text) == ("failed", RunError(message="boom"), "Hi")
    assert document(blocking({**node("A"), "error": None}, "node_finished")).status == "failed"


def test_an_answer_tells_how_the_run_ended():
    run = document(blocking({"content": "Hi", "outputs": {"a": 1}, "elapsed_time": 2.5}))
    assert (run.status, run.outputs, run.elapsed_time) == ("succeeded", {"a": 1}, 2.5)
    assert document(blocking({"outputs": CANCELED})).status == "stopped"


def test_the_trace_of_an_answer_is_its_executions():
    trace = [{"component_id": name, "trace": [{**node(name), "outputs": {"n": name}}]} for name in ("A1", "M", "A1")]
    run = document(blocking({"content": "Hi", "trace": [*trace, {"component_id": "A2"}]}))
    assert [(item.id, item.status, item.outputs) for item in run.nodes] == [
        ("A1#0", "succeeded", {"n": "A1"}),
        ("M#0", "succeeded", {"n": "M"}),
        ("A1#1", "succeeded", {"n": "A1"}),
    ]


def test_a_session_alone_is_a_run_of_an_agent_that_did_nothing():
    run = document({"code": 0, "data": {"session_id": "s"}})
    assert (run.status, run.mode, run.conversation_id, run.nodes) == ("succeeded", "agent", "s", [])


def test_the_answer_of_a_chat_that_does_not_stream():
    run = document(chat(session_id="s", id="q"))
    assert (run.status, run.mode, run.text, run.settled) == ("succeeded", "rag-chat", "Hi", True)
    assert run.conversation_id == "s"


def test_an_error_instead_of_a_stream():
    """A.3.1."""
    run = document({"code": 102, "message": "You don't own the chat."})
    assert (run.status, run.mode, run.error.code) == ("failed", None, "102")


# ---- ten thousand at once


def test_a_reducer_has_a_dictionary_for_nothing():
    """A gateway holds one for each stream."""
    tap = Tap("ragflow")
    tap.feed(sse(begun(), start("L"), start("l"), start("M"), say("Hi")))
    held = [tap.run.wire]
    for part in held:
        assert not hasattr(part, "__dict__"), part
        inside = [getattr(part, name) for name in part.__slots__]
        held += [value for value in inside if type(value).__module__.startswith("streamkit.dialects")]
    assert len(held) == 4


def test_an_agent_logs_the_tools_that_it_used():
    run = body(begun(), start("A"), finish("A", outputs={"use_tools": [{"name": "search"}, {"name": "read"}]}), over())
    assert [entry.label for entry in run.executions["A#0"].logs] == ["search", "read"]


def test_an_attachment_that_is_empty_is_no_file():
    run = body(
        begun(), start("M"), event("message_end", {"attachment": {}, "downloads": [{}, {"doc_id": "d"}]}), over()
    )
    assert run.files == ({"doc_id": "d"},)


def test_an_answer_after_the_terminator_is_of_another_run():
    tap = Tap("ragflow")
    tap.feed(sse(chat("Hi", id="u1"), TRUE, TRUE, chat("Bye", id="u2"), TRUE))
    assert (tap.run.text, anomalies(tap.run)) == ("Hi", ["foreign-run"])
