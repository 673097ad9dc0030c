"""What chunks mean for a run (protocol B.7, B.9, C.2 to C.6, correction 10)."""

import json

import pytest

from streamkit import Tap
from streamkit.dialects.base import Malformed, Unknown
from streamkit.dialects.openai.events import DOCUMENTS, STREAMED, ChatCompletionChunk, Choice
from streamkit.dialects.openai.reducer import _APPLY
from streamkit.run import RunError, Usage

from .streams import (
    DONE,
    EPOCH,
    ID,
    anomalies,
    answer,
    call,
    choices,
    chunk,
    completion,
    cut_off,
    delta,
    document,
    ended,
    folded,
    frame,
    live,
    message,
    said,
    so_far,
    spent,
    sse,
    thought,
)

ERROR = "**ERROR**: Connection error."


def test_every_event_has_its_place_in_the_table():
    assert set(_APPLY) == {*STREAMED, *DOCUMENTS, Unknown, Malformed}


# ---- a stream as OpenAI sends it


def test_a_stream_as_openai_sends_it():
    """The role first, then deltas, the finish reason, usage alone, `[DONE]`."""
    run = completion(
        chunk(role="assistant", content=""),
        said("Hel"),
        said("lo"),
        ended("stop"),
        frame(usage=spent(9, 2, 11)),
    )
    assert (run.status, run.mode, run.text, run.reasoning) == ("succeeded", "openai-chat", "Hello", "")
    assert (run.id, run.started_at, run.finished_at, run.settled) == (ID, EPOCH, None, True)
    assert run.usage == Usage(9, 2, 11)
    assert (run.total_tokens, run.leaf_tokens) == (11, 0)
    assert (list(run.nodes), run.error, run.inputs, run.outputs, anomalies(run)) == ([], None, None, None, [])
    assert [run.segments[0].tokens, run.segments[0].tokens_source] == [11, "server"]
    assert run.events == {"chat.completion.chunk": 5, "done": 1}


def test_the_first_chunk_of_azure_names_nothing():
    """No id, no time, no object, no choices: the filter's verdict on the prompt."""
    run = completion(frame(id="", object="", created=0, prompt_filter_results=[]), said("Hi"), ended())
    assert (run.id, run.started_at, run.text, run.mode, anomalies(run)) == (ID, EPOCH, "Hi", "openai-chat", [])


def test_the_first_text_tells_when_it_came():
    tap = Tap("openai")
    for at, item in enumerate([chunk(role="assistant", content=""), thought("hm"), said("Hi"), said("!")]):
        tap.feed(sse(item), at=float(at))
    tap.close(at=9.0)
    assert (tap.run.first_token_at, tap.run.last_progress_at, tap.run.ended_at) == (2.0, 3.0, 9.0)


@pytest.mark.parametrize(
    "end",
    [
        ended("error"),
        ended("cancelled"),
        ended("waiting_for_user"),
        DONE,
        b'data: {"error": "no"}\n\n',
        frame(error="no"),
    ],
)
def test_the_end_tells_when_it_came(end):
    tap = Tap("openai")
    tap.feed(sse(said("Hi")), at=1.0)
    tap.feed(sse(end), at=2.0)
    tap.close(at=3.0)
    assert tap.run.ended_at == 2.0


def test_executions_tell_when_they_were_seen():
    tap = Tap("openai")
    tap.feed(sse(said("Hi", index=1), call("{}", id="c", name="f")), at=1.0)
    tap.feed(sse(thought("hm"), chunk(index=2, reasoning="hm")), at=2.0)
    tap.feed(sse(ended("tool_calls"), ended(index=1)), at=3.0)
    tap.close(at=4.0)
    told = [(node.seen_at, node.first_token_at, node.ended_at) for node in tap.run.nodes]
    assert told == [(1.0, 1.0, 3.0), (1.0, None, 3.0), (2.0, 2.0, 4.0)]
    assert tap.run.ended_at == 4.0


def test_usage_may_come_on_every_chunk():
    """As it stands so far; null where there is none yet, and null takes nothing away."""
    run = completion(
        said("a", usage=None), said("b", usage=spent(5, 1, 6)), ended(usage=spent(5, 2, 7)), frame(usage={})
    )
    assert run.usage == Usage(5, 2, 7)


def test_usage_may_come_without_choices():
    run = completion(said("Hi"), frame(choices=..., usage=spent(5, 2, 7)))
    assert (run.usage, run.text) == (Usage(5, 2, 7), "Hi")


def test_a_session_that_ragflow_names_is_the_conversation():
    assert completion(said("Hi", session_id="s")).conversation_id == "s"


def test_the_completions_of_the_old_api():
    """F.2: Paradigm streams them too. The text stands beside no delta."""
    choice = {"text": "Hi", "index": 0, "logprobs": None, "finish_reason": None}
    run = completion(
        frame(choice, object="text_completion"), frame({**choice, "text": "!", "finish_reason": "length"}, object=None)
    )
    assert (run.mode, run.text, run.status) == ("openai-completion", "Hi!", "succeeded")


# ---- how it ends


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ([said("Hi"), ended("stop"), DONE], "succeeded"),
        ([said("Hi"), ended("stop")], "succeeded"),
        ([said("Hi"), ended("length")], "succeeded"),
        ([said("Hi"), ended("content_filter")], "succeeded"),
        ([said("Hi"), ended("tool_calls")], "succeeded"),
        ([said("Hi"), ended("function_call")], "succeeded"),
        ([said("Hi"), DONE], "succeeded"),  # C.6: RAGFlow's agents never give a reason
        ([DONE], "succeeded"),
        ([said("Hi"), ended("stop"), frame(usage=spent(1, 1, 2))], "succeeded"),
        ([said("Hi"), ended("error"), DONE], "failed"),
        ([said("Hi"), ended("error")], "failed"),
        ([said("Hi"), ended("cancelled")], "stopped"),
        ([said("Hi"), ended("waiting_for_user")], "paused"),
        ([said("Hi"), ended("waiting_for_user"), DONE], "paused"),
        ([said("Hi")], "interrupted"),
        ([said("Hi"), ended("")], "interrupted"),
        ([said("Hi"), ended("stop"), ended("stop", index=1)], "succeeded"),
        ([said("Hi"), ended("stop", index=1)], "interrupted"),
        ([frame()], "interrupted"),
        ([so_far("Hi"), so_far("Hi"), DONE], "succeeded"),
        ([so_far("Hi"), so_far("Hi")], "interrupted"),  # every message of old agents says `stop`
    ],
)
def test_how_a_stream_ends(script, status):
    run = cut_off(script)
    assert run.status == status
    assert run.settled is (status not in ("interrupted", "paused"))


def test_a_finish_reason_is_not_yet_the_end():
    """Usage may follow, or an error."""
    run = live(said("Hi"), ended("stop"))
    assert (run.status, run.settled) == ("running", False)
    run = cut_off(said("Hi"), ended("stop"), b'data: {"error": {"message": "late"}}\n\n')
    assert (run.status, run.error) == ("failed", RunError("late"))


def test_a_reason_that_nobody_knows_is_an_end_and_an_anomaly():
    run = cut_off(said("Hi"), ended("eos"))
    assert (run.status, anomalies(run)) == ("succeeded", [("unknown-status", "finish_reason: eos")])


def test_a_second_terminator_changes_nothing():
    """B.9: Go's chatbots send two."""
    run = completion(said("Hi"), ended(), DONE, DONE)
    assert (run.status, run.text, anomalies(run), run.events["done"]) == ("succeeded", "Hi", [], 3)


# ---- errors


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (
            [b'data: {"error": {"message": "no", "type": "invalid_request_error", "param": null, "code": "bad"}}\n\n'],
            RunError("no", "bad"),
        ),
        ([said("Hi"), b'data: {"error": {"code": 502, "message": "upstream"}}\n\n'], RunError("upstream", None, 502)),
        ([b'data: {"error": "overloaded"}\n\n'], RunError("overloaded")),
        (
            [b'data: {"object": "error", "message": "no", "type": "BadRequestError", "param": null, "code": 400}\n\n'],
            RunError("no", "BadRequestError", 400),
        ),
        (
            [b'data: {"code": 102, "message": "You don\'t own the chat"}\n\n'],
            RunError("You don't own the chat", None, 102),
        ),
        (
            [frame(delta("error", content=""), error={"code": 502, "message": "upstream"})],
            RunError("finish_reason: error", None, 502),
        ),
        ([frame(delta(content="Hi"), error={"message": "upstream"})], RunError("upstream")),
        ([ended("error")], RunError("finish_reason: error")),
        # B.9, Go
        (
            [chunk("error", content=ERROR, error={"message": "boom", "type": "server_error"})],
            RunError("boom", "server_error"),
        ),
        ([chunk("cancelled", cancelled={"message": "Task has been canceled"})], RunError("Task has been canceled")),
        ([ended("cancelled")], RunError("cancelled")),
        ([frame({"finish_reason": "error"})], RunError("finish_reason: error")),
        ([frame({"message": {"error": "boom"}, "finish_reason": "error"})], RunError("boom")),
    ],
)
def test_an_error_says_why(script, error):
    run = cut_off(script)
    assert (run.status, run.error) == ("stopped" if "ancel" in error.message else "failed", error)
    assert (run.settled, anomalies(run)) == (True, [])


def test_an_error_of_the_wire_leaves_the_text_that_came():
    assert cut_off(said("So "), said("far"), b'data: {"error": {"message": "no"}}\n\n').text == "So far"


def test_after_an_error_nothing_can_come():
    run = live(said("Hi"), b'data: {"error": {"message": "no"}}\n\n')
    assert (run.status, run.settled) == ("failed", True)


def test_an_error_after_the_end_is_late():
    run = completion(said("Hi"), ended(), DONE, b'data: {"error": {"message": "late"}}\n\n')
    assert (run.status, run.error, anomalies(run)) == ("succeeded", None, [("after-end", "error: late")])


def test_a_second_error_is_no_news():
    error = b'data: {"error": {"message": "%b", "code": "c"}}\n\n'
    run = cut_off(error % b"first", error % b"second")
    assert (run.error, anomalies(run)) == (RunError("first", "c"), [])


# ---- errors as text of the answer (A.3.6, B.7; sample 25)


def test_an_error_as_text_is_an_anomaly_of_a_run_that_succeeded():
    run = completion(said("So far"), said(ERROR), ended("stop"))
    assert (run.status, run.text, run.error) == ("succeeded", f"So far{ERROR}", None)
    assert anomalies(run) == [("error-in-answer", "Connection error.")]


def test_such_an_error_is_told_once():
    """A message so far has it in every frame."""
    run = completion(so_far(ERROR), so_far(f"{ERROR} Bye"))
    assert [kind for kind, _ in anomalies(run)] == ["error-in-answer"]


def test_an_error_that_the_reason_tells_is_no_riddle():
    """B.9: Go says both."""
    run = cut_off(chunk("error", content=ERROR, error={"message": "Connection error."}))
    assert (run.status, run.text, anomalies(run)) == ("failed", ERROR, [])


def test_other_choices_are_not_looked_at():
    assert anomalies(completion(said("Hi"), said(ERROR, index=1))) == []


def test_thinking_that_stands_beside_an_error_is_stale():
    """B.7: the server reuses the object of the chunk before."""
    run = completion(thought("hm, "), thought("ok"), chunk(content=ERROR, reasoning_content="ok"), ended())
    assert run.reasoning == "hm, ok"
    run = completion(thought("hm"), said("Hi"), chunk(content=ERROR, reasoning_content="new"), ended())
    assert run.reasoning == "hmnew"


# ---- thinking, refusals, the whole answer


@pytest.mark.parametrize("word", ["reasoning_content", "reasoning"])
def test_thinking_stands_apart(word):
    run = completion(thought("Let me ", word), thought("see", word), said("Yes."), ended())
    assert (run.reasoning, run.text) == ("Let me see", "Yes.")


def test_thinking_that_comes_under_both_words_is_thought_once():
    assert completion(chunk(reasoning="hm", reasoning_content="hm"), said("Yes.")).reasoning == "hm"


def test_the_same_thought_twice_is_two_thoughts():
    assert completion(thought("ha"), thought("ha"), ended()).reasoning == "haha"


def test_thinking_in_tags_stands_apart_when_its_tag_is_closed():
    """B.7: the think flags of agents are dropped, tags of the model come as text, cut anywhere."""
    run = completion(said("<thi"), said("nk>hm</th"), said("ink>Yes."), ended())
    assert (run.reasoning, run.text) == ("hm", "Yes.")


def test_a_refusal_is_what_a_person_sees():
    assert (
        completion(chunk(content=None, refusal="I can't "), chunk(refusal="do that."), ended()).text
        == "I can't do that."
    )


def test_the_whole_answer_at_the_end_replaces_the_deltas():
    """B.7: `final_content` has the citations that the server put in."""
    run = completion(
        said("RAGFlow is"), said(" an engine."), chunk("stop", final_content="RAGFlow is an engine [ID:0].")
    )
    assert run.text == "RAGFlow is an engine [ID:0]."


@pytest.mark.parametrize("final", ["", None])
def test_an_empty_whole_answer_replaces_nothing(final):
    """Versions differ, as with `final` in chats (B.4)."""
    assert completion(said("Hi"), chunk("stop", final_content=final)).text == "Hi"


def test_a_whole_answer_without_the_error_that_broke_it_off_hides_nothing():
    """Sample 25: what a person saw stays; an error that the server itself counts as text may be replaced."""
    assert completion(said("So far"), said(ERROR), chunk("stop", final_content="So far")).text == f"So far{ERROR}"
    whole = f"So far [ID:0]\n{ERROR}"
    assert completion(said(f"So far\n{ERROR}"), chunk("stop", final_content=whole)).text == whole


def test_the_whole_answer_of_another_choice_replaces_nothing():
    assert completion(said("Hi"), chunk(index=1, final_content="Ho")).text == "Hi"


def test_an_answer_that_is_repeated_whole_is_one_answer():
    """B.7, #15286: v0.25.0 to v0.25.6 sent it once more as a last delta, without references."""
    whole = "RAGFlow is an engine."
    assert completion(said(whole[:9]), said(whole[9:]), said(whole), ended()).text == whole
    assert completion(said(whole), said(whole), ended()).text == whole
    assert completion(said("x" * 16), said("x" * 16), ended()).text == "x" * 16


@pytest.mark.parametrize("thinks", [[], [thought("hm"), thought(", hm")]])
def test_an_answer_that_is_repeated_with_its_thinking_is_one_answer(thinks):
    whole = "RAGFlow is an engine."
    run = completion(thinks, said(whole[:9]), said(whole[9:]), said(f"<think>hm, hm</think>{whole}"), ended())
    assert (run.text, run.reasoning) == (whole, "hm, hm")


@pytest.mark.parametrize(
    "pieces",
    [
        ["ha", "ha"],
        ["x" * 15, "x" * 15],
        ["1", "1", "11"],
        ["abcdefgh", "ijklmnop", "ABCDEFGHIJKLMNOP"],
        ["x" * 20, "x" * 20, "x" * 20, "x"],
    ],
)
def test_a_delta_may_well_repeat_the_one_before(pieces):
    """C.2."""
    assert completion([said(piece) for piece in pieces], ended()).text == "".join(pieces)


# ---- several choices


def test_every_choice_after_the_first_is_an_execution():
    run = completion(
        said("Hel"),
        said("Sal", index=1),
        said("lo"),
        said("ut", index=1),
        chunk(index=1, reasoning="hm"),
        ended(),
        ended(index=1),
    )
    assert run.text == "Hello"
    (other,) = choices(run)
    assert (other.id, other.title, other.status, other.text, other.reasoning) == (
        "choice:1",
        "choice 1",
        "succeeded",
        "Salut",
        "hm",
    )


def test_a_choice_that_never_ended_is_unknown_and_one_that_broke_has_failed():
    run = completion(said("a", index=1), ended("error", index=2), said("Hi"), ended())
    assert [(node.id, node.status) for node in run.nodes] == [("choice:1", "unknown"), ("choice:2", "failed")]
    assert run.status == "succeeded"


def test_a_choice_without_an_index_is_known_by_its_place():
    run = completion(frame(delta(index=None, content="a"), delta(index=None, content="b")), ended())
    assert (run.text, choices(run)[0].text) == ("a", "b")


def test_the_choices_of_a_document():
    run = document(answer(message("Hello"), message("Salut", index=1, reasoning_content="hm")))
    assert (run.text, choices(run)[0].text, choices(run)[0].reasoning, run.status) == (
        "Hello",
        "Salut",
        "hm",
        "succeeded",
    )


# ---- RAGFlow's agents


def test_the_agents_of_today_give_no_finish_reason():
    """B.7, sample 30: success is `[DONE]`; the references are objects by key, and only agents have such."""
    chunks = {"20": {"id": "4b89", "content": "make install"}}
    run = completion(
        said("Run ", id="s"),
        said("`make`", id="s"),
        chunk(content="", reference={"chunks": chunks, "doc_aggs": {}}, top={"id": "s"}),
    )
    assert (run.status, run.mode, run.id, run.text) == ("succeeded", "openai-agent", "s", "Run `make`")
    assert run.citations == ({"id": "4b89", "content": "make install", "marker": "20"},)


def test_ids_that_are_new_for_each_chunk_are_of_one_run():
    """B.7: an agent that is called without a session."""
    run = completion([said(piece, id=f"random-{piece}") for piece in "abc"])
    assert (run.id, run.text, anomalies(run)) == ("random-a", "abc", [])


def test_the_agents_before_v0_20_send_the_message_so_far():
    """Correction 10: first a sentence about a component, usage on every chunk, no time, `stop` on several."""
    run = completion(
        so_far("*'Generate_0'* is running...🕞", None, spent(3, 9, 12)),
        so_far("Hel", usage=spent(3, 10, 13)),
        so_far("Hello", usage=spent(3, 12, 15)),
        so_far("Hello", usage=spent(3, 14, 17)),
    )
    assert (run.status, run.mode, run.text, run.started_at) == ("succeeded", "openai-agent", "Hello", None)
    assert (run.usage, anomalies(run)) == (Usage(3, 14, 17), [])


def test_the_first_message_so_far_tells_when_it_came():
    tap = Tap("openai")
    tap.feed(sse(so_far("Hel")), at=1.0)
    tap.feed(sse(so_far("Hello")), at=2.0)
    assert (tap.run.first_token_at, tap.run.text) == (1.0, "Hello")


def test_thinking_of_a_message_so_far_is_not_told_again():
    told = [{"message": {"content": None, "reasoning": "hm"}}, {"message": {"content": "Hi", "reasoning": "hm"}}]
    assert completion([frame(choice) for choice in told]).reasoning == "hm"


def test_a_message_in_the_text_of_another_choice_is_taken_once():
    told = {"index": 1, "message": {"content": "Hi"}}
    assert choices(completion(frame(told), frame(told)))[0].text == "Hi"


def test_a_whole_message_after_deltas_replaces_them():
    """Some servers send the whole answer in the last chunk, as a document."""
    run = completion(said("Hel"), frame(message("Hello!"), object="chat.completion"))
    assert (run.text, run.mode, run.status) == ("Hello!", "openai-chat", "succeeded")


def test_the_references_of_a_chat_are_a_list():
    """Sample 24, with its NaN."""
    data = json.dumps(chunk("stop", reference=[{"id": "a", "score": "?"}, {"id": "b"}])).replace('"?"', "NaN").encode()
    run = completion(said("See [ID:1]"), b"data:" + data + b"\n\n")
    assert run.citations == ({"id": "a", "score": None, "marker": "0"}, {"id": "b", "marker": "1"})
    assert (run.mode, [kind for kind, _ in anomalies(run)]) == ("openai-chat", ["non-standard-json"])


@pytest.mark.parametrize("reference", [None, [], {}, "no"])
def test_no_references_are_no_citations(reference):
    assert completion(said("Hi"), chunk("stop", reference=reference)).citations == ()


@pytest.mark.parametrize(
    "choice",
    [
        {"index": 0, "finish_reason": "stop"},
        {"index": 0, "delta": {"content": ""}, "message": {"content": "Hi"}, "finish_reason": "stop"},
    ],
)
def test_a_choice_with_a_delta_or_with_nothing_is_no_message_so_far(choice):
    run = cut_off(said("Hi"), frame(choice))
    assert (run.mode, run.status, run.text) == ("openai-chat", "succeeded", "Hi")


# ---- a run that waits (B.9, C.7)


def waiting(interrupt: str | None = "i1", tips: str | None = "Well?", **more) -> dict:
    return chunk("waiting_for_user", waiting_for_user={"cpn_id": interrupt, "tips": tips, **more})


def test_an_agent_waits_for_a_person():
    run = cut_off(said("Hi"), waiting(inputs={"name": {"name": "Name", "type": "line"}}))
    (form,) = run.forms
    assert (run.status, run.mode, run.settled, run.text) == ("paused", "openai-agent", False, "Hi")
    assert (form.form_id, form.node_id, form.content, form.status, form.token) == ("i1", "", "Well?", "waiting", None)
    assert form.inputs == [{"name": "Name", "type": "line", "key": "name"}]


def test_only_agents_are_cancelled():
    assert cut_off(ended("cancelled")).mode == "openai-agent"


def test_a_form_may_say_nothing():
    run = cut_off(ended("waiting_for_user"))
    assert [(form.form_id, form.content, form.inputs) for form in run.forms] == [("form#1", None, [])]


def test_a_form_that_is_told_again_in_the_same_body_is_one_form():
    run = cut_off(waiting(), waiting(), DONE)
    assert (run.status, len(run.forms)) == ("paused", 1)


def test_an_answer_is_seen_by_the_run_going_on():
    run = folded(sse(said("One. "), waiting()), sse(said("Two."), ended(), DONE))
    assert (run.status, run.text, len(run.segments)) == ("succeeded", "One. Two.", 2)
    assert [(form.form_id, form.status, form.submitted) for form in run.forms] == [("i1", "submitted", None)]


def test_a_form_in_a_loop_is_a_form_of_each_round():
    run = folded(sse(waiting()), sse(waiting(None)), sse(waiting(None)), sse(waiting()))
    assert [(form.form_id, form.status) for form in run.forms] == [
        ("i1", "submitted"),
        ("form#2", "submitted"),
        ("form#3", "submitted"),
        ("i1#4", "waiting"),
    ]


def test_a_run_that_was_cut_off_goes_on_in_the_next_body():
    run = folded(sse(said("One. ")), sse(said("Two."), ended(), DONE))
    assert (run.status, run.text) == ("succeeded", "One. Two.")


def test_a_run_that_was_cut_off_may_end_in_an_empty_body():
    assert folded(sse(said("One.")), b"").status == "interrupted"


# ---- whose a chunk is


def test_after_the_end_a_chunk_is_of_another_run():
    """RAGFlow's chats give every answer the same id."""
    run = completion(said("Hi"), ended(), DONE, said("Ho"), ended())
    assert (run.text, anomalies(run)) == ("Hi", [("foreign-run", "chat.completion.chunk")] * 2)


def test_after_an_error_a_chunk_is_of_another_run():
    run = cut_off(b'data: {"error": {"message": "no"}}\n\n', said("Ho"))
    assert (run.text, [kind for kind, _ in anomalies(run)]) == ("", ["foreign-run"])


def test_after_a_finish_reason_another_id_is_another_run():
    run = cut_off(said("Hi"), ended(), said("Ho", id="other"))
    assert (run.text, [kind for kind, _ in anomalies(run)]) == ("Hi", ["foreign-run"])


def test_after_a_finish_reason_usage_may_have_any_id_and_a_verdict_none():
    """Azure's verdict on the answer comes late; a chunk of the same id still belongs after it."""
    run = completion(
        said("Hi"),
        ended(),
        frame(id="other", usage=spent(1, 2, 3)),
        frame({"index": 0, "content_filter_offsets": {}}, id=""),
        frame(delta(content="!")),
    )
    assert (run.usage, run.text, anomalies(run)) == (Usage(1, 2, 3), "Hi!", [])


@pytest.mark.parametrize(
    ("body", "is_ours"), [(sse(waiting()), True), (sse(said("a")), False), (sse(said("a"), DONE), False)]
)
def test_between_two_bodies_only_a_run_that_waits_goes_on_by_itself(body, is_ours):
    """Two files with the same id are two answers of one RAGFlow chat, or the two halves of a paused run."""
    run = folded(body)
    assert run.wire.belongs(run, ChatCompletionChunk(id=ID, choices=[Choice()])) is is_ours
    assert run.wire.belongs(run, Unknown("later", b"{}"))


def test_what_is_no_event_of_this_dialect_changes_nothing():
    run = completion(said("Hi"), b'data: {"object": "thread.message.delta"}\n\n', b"data: {\n\n", ended())
    assert (run.text, run.status) == ("Hi", "succeeded")
    assert anomalies(run) == [("unknown-event", "thread.message.delta"), ("malformed-event", "no JSON")]


# ---- documents


def test_a_document_is_a_whole_answer():
    run = document(answer(message("Hello", reasoning_content="hm"), usage=spent(1, 2, 3)))
    assert (run.status, run.mode, run.text, run.reasoning) == ("succeeded", "openai-chat", "Hello", "hm")
    assert (run.id, run.started_at, run.usage, run.settled) == (ID, EPOCH, Usage(1, 2, 3), True)
    assert run.events == {"chat.completion": 1}


def test_a_document_needs_no_finish_reason():
    assert document(answer(message("Hello", None))).status == "succeeded"


@pytest.mark.parametrize(
    ("reference", "mode"), [([{"id": "a"}], "openai-chat"), ({"chunks": {"7": {"id": "a"}}}, "openai-agent")]
)
def test_a_document_may_cite(reference, mode):
    run = document(answer(message("Hello", reference=reference)))
    assert (run.mode, [item["id"] for item in run.citations]) == (mode, ["a"])


def test_a_document_may_be_an_error_in_every_form():
    assert document({"error": {"message": "no", "code": "bad"}}).error == RunError("no", "bad")
    assert anomalies(document(answer(message(ERROR)))) == [("error-in-answer", "Connection error.")]


def test_a_document_may_be_one_chunk():
    """A body of one line."""
    run = document(said("Hi"))
    assert (run.status, run.events) == ("interrupted", {"chat.completion.chunk": 1})


def test_a_call_and_a_text_may_stand_side_by_side():
    run = completion(said("Let me look."), call("{}", id="c", name="f"), ended("tool_calls"))
    assert (run.text, [node.title for node in run.nodes]) == ("Let me look.", ["f"])


# ---- ten thousand at once


def test_a_choice_without_calls_holds_nothing_for_them():
    reducer = live(said("Hi")).wire
    (choice,) = reducer._choices.values()
    assert choice.calls is None
    for part in (reducer, choice, reducer._names, live(call("{}", id="c", name="f")).wire._choices[0].calls):
        assert not hasattr(part, "__dict__"), part
