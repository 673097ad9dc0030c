"""What a person sees of a run: the answer and its replacements, thinking, forms, thoughts, citations, files."""

import pytest

from streamkit import Run
from streamkit.run import HumanInput, Thought


@pytest.fixture
def run():
    return Run("dify")


# ---- text


def test_deltas_are_the_answer(run):
    run.append_text("Ray")
    run.append_text("leigh")
    assert run.text == "Rayleigh"


def test_the_first_token_is_the_first_text_and_not_the_first_delta(run):
    run.append_text("", 1)
    assert run.first_token_at is None
    run.append_text("x", 2)
    run.append_text("y", 3)
    assert run.first_token_at == 2


def test_without_a_clock_there_is_no_time_of_a_first_token(run):
    run.append_text("x")
    assert run.first_token_at is None


def test_closed_think_blocks_of_the_answer_are_reasoning(run):
    run.append_text("<think>hm</think>yes")
    run.append_reasoning("first ")
    assert (run.text, run.reasoning) == ("yes", "first hm")


def test_a_replacement_that_is_the_answer_so_far_is_appended_to(run):
    """A snapshot's (B.3): later deltas are real."""
    run.append_text("Dear")
    run.replace_text("Dear customer")
    run.append_text("!")
    assert run.text == "Dear customer!"
    assert not run.anomalies


def test_a_final_replacement_freezes_the_text(run):
    """Output moderation: deltas that still arrive are late (B.3)."""
    run.append_text("bad")
    run.replace_text("good", freeze=True)
    run.append_text(" words")
    run.append_text("")
    assert run.text == "good"
    assert [(item.kind, item.detail) for item in run.anomalies] == [("after-replace", "6 characters")]


def test_a_frozen_text_is_not_completed_either(run):
    """What moderation removed must not come back with the final answer."""
    run.replace_text("good", freeze=True)
    run.complete_text("bad words")
    run.complete_text("")
    assert run.text == "good"
    assert [item.kind for item in run.anomalies] == ["after-replace"]


def test_a_later_replacement_may_thaw_the_text(run):
    run.replace_text("one", freeze=True)
    run.replace_text("two")
    run.append_text("!")
    assert run.text == "two!"


def test_the_final_answer_takes_the_place_of_the_deltas(run):
    run.append_text("Dear cus")
    run.complete_text("Dear customer!")
    assert (run.text, run.reasoning) == ("Dear customer!", "")


def test_the_final_answer_may_be_the_first_text(run):
    run.complete_text("", 1)
    run.complete_text("yes", 2)
    run.complete_text("yes.", 3)
    assert run.first_token_at == 2


def test_thinking_that_the_final_answer_lacks_stays_reasoning(run):
    """Servers strip think blocks from what they store."""
    run.append_text("<think>hm</think>y")
    run.complete_text("yes")
    assert (run.text, run.reasoning) == ("yes", "hm")


def test_thinking_that_the_final_answer_repeats_is_not_doubled(run):
    run.append_text("<think>hm</think>y")
    run.complete_text("<think>hm</think>yes")
    assert (run.text, run.reasoning) == ("yes", "hm")


def test_thinking_goes_to_the_run_and_to_the_node_that_thinks(run):
    node = run.open_execution("e", "llm", type=None, title=None)
    run.append_reasoning("so", "llm", 3)
    run.append_reasoning(" be it")
    assert (run.reasoning, node.reasoning, node.first_token_at) == ("so be it", "so", 3)


# ---- forms


TOKEN = "t"  # noqa: S105 - a form's, and none


def form(form_id="f", node_id="human", **facts):
    return HumanInput(form_id=form_id, node_id=node_id, **facts)


def test_forms_stand_in_the_order_in_which_they_were_shown(run):
    run.ask(form("b"))
    run.ask(form("a", "other"))
    assert [item.form_id for item in run.forms] == ["b", "a"]
    assert [item.status for item in run.forms] == ["waiting", "waiting"]


def test_a_form_is_known_by_its_id(run):
    run.ask(form("f"))
    assert run.knows_form("f")
    assert not run.knows_form("g")
    assert not run.knows_form(None)


def test_a_form_that_is_shown_again_is_the_same_form_and_newer_facts_win(run):
    run.ask(form(title="Old", content="old", inputs=[1], actions=[2], token=TOKEN, expires_at=5))
    run.ask(form(title="New", content="", expires_at=6))
    (shown,) = run.forms
    assert (shown.title, shown.content, shown.expires_at) == ("New", "", 6)
    assert (shown.inputs, shown.actions, shown.token) == ([1], [2], TOKEN)


def test_a_snapshot_fills_in_and_overwrites_nothing(run):
    """Correction 6: it shows the template where the live stream showed what the person saw."""
    run.ask(form(title="Live", content="Dear customer"))
    run.ask(form(title="Stored", content="{{#llm.text#}}", inputs=[1], token=TOKEN), replayed=True)
    (shown,) = run.forms
    assert (shown.title, shown.content, shown.inputs, shown.token) == ("Live", "Dear customer", [1], TOKEN)


def test_an_answered_form_that_is_shown_again_stays_answered(run):
    run.ask(form())
    run.answer_form(form(status="submitted", action_id="ok", submitted={"a": 1}))
    run.ask(form(title="Again"))
    (shown,) = run.forms
    assert (shown.status, shown.action_id, shown.submitted, shown.title) == ("submitted", "ok", {"a": 1}, "Again")


def test_a_node_without_forms_shows_none(run):
    run.ask(form(node_id="other"))
    assert run.form_of("human") is None


def test_of_several_forms_of_a_node_the_one_that_waits_is_meant(run):
    """The answer to a form names only the node (C.1)."""
    for form_id in "abc":
        run.ask(form(form_id))
    run.answer_form(form("c", status="submitted"))
    assert run.form_of("human").form_id == "b"
    run.answer_form(form("b", status="expired"))
    assert run.form_of("human").form_id == "a"
    run.answer_form(form("a", status="submitted"))
    assert run.form_of("human").status != "waiting"


def test_where_no_form_waits_the_last_one_that_was_told_of_is_meant(run):
    run.ask(form("a"))
    run.ask(form("b"))
    run.answer_form(form("a", status="submitted"))
    run.answer_form(form("b", status="submitted"))
    assert run.form_of("human").form_id == "b"


def test_a_form_without_an_id_is_known_by_its_node(run):
    """Where only its answer is seen."""
    run.answer_form(form(None, status="submitted", action_id="ok"))
    run.answer_form(form(None, "other", status="expired"))
    assert [(item.node_id, item.status) for item in run.forms] == [("human", "submitted"), ("other", "expired")]
    assert run.form_of("human").action_id == "ok"


def test_a_form_without_an_id_that_still_waits_is_the_same_one_when_it_is_asked_again(run):
    run.ask(form(None, title="Old", inputs=[1]))
    run.ask(form(None, title="New"))
    assert [(item.title, item.inputs, item.status) for item in run.forms] == [("New", [1], "waiting")]


def test_a_form_without_an_id_that_was_answered_is_another_one_when_it_is_asked_again(run):
    """A node in a loop asks in every round."""
    for number in (1, 2, 3):
        run.ask(form(None, title=str(number)))
        assert run.form_of("human").status == "waiting"
        run.answer_form(form(None, title=str(number), status="submitted", submitted=number))
    assert [(item.title, item.status, item.submitted) for item in run.forms] == [
        ("1", "submitted", 1),
        ("2", "submitted", 2),
        ("3", "submitted", 3),
    ]


# ---- thoughts


def test_thoughts_stand_by_position_and_those_without_one_last(run):
    for thought_id, position in (("late", 2), ("none", None), ("early", 1), ("first", 0)):
        run.think(Thought(id=thought_id, position=position))
    assert [thought.id for thought in run.thoughts] == ["first", "early", "late", "none"]


def test_a_thought_that_is_sent_again_replaces_itself(run):
    """C.10: the same id comes up to three times, with more in it each time."""
    run.think(Thought(id="a", position=1, thought="hm"))
    run.think(Thought(id="a", position=1, thought="hm", tool="search", observation="found"))
    assert [(thought.tool, thought.observation) for thought in run.thoughts] == [("search", "found")]


def test_what_a_later_telling_of_a_thought_leaves_out_stays(run):
    run.think(
        Thought(id="a", position=1, thought="hm", tool="search", tool_input="q", observation="found", files=["f"])
    )
    run.think(Thought(id="a"))
    (thought,) = run.thoughts
    assert (thought.position, thought.thought, thought.tool, thought.tool_input) == (1, "hm", "search", "q")
    assert (thought.observation, thought.files) == ("found", ["f"])


def test_a_thought_is_known_by_its_id(run):
    run.think(Thought(id="a"))
    assert run.knows_thought("a")
    assert not run.knows_thought("b")


# ---- citations, files


def test_citations_are_those_of_the_answer(run):
    run.cite([{"a": 1}])
    assert list(run.citations) == [{"a": 1}]
    run.cite([])
    assert list(run.citations) == [{"a": 1}]


def test_a_citation_takes_the_place_of_the_one_with_its_key(run):
    for key, citation in (("7", "a"), ("2", "b"), ("7", "c")):
        run.cite_one(key, citation)
    assert list(run.citations) == ["c", "b"]
    revision = run.revision
    run.cite_one("2", "b")
    assert run.revision == revision


def test_citations_that_are_no_more_go(run):
    run.cite_no_others(["a"])
    for key in "abc":
        run.cite_one(key, {"id": key})
    run.cite_no_others(["a", "c", "d"])
    assert run.citations == ({"id": "a"}, {"id": "c"})
    revision = run.revision
    run.cite_no_others(["a", "c"])
    assert run.revision == revision


def test_all_citations_are_told_anew(run):
    run.cite_one("7", "a")
    run.cite(["b"])
    run.cite_one("1", "c")
    assert list(run.citations) == ["b", "c"]


def test_a_file_is_added_once(run):
    run.add_file("k", {"id": 1})
    run.add_file("k", {"id": 1, "again": True})
    run.add_file("l", {"id": 2})
    assert list(run.files) == [{"id": 1}, {"id": 2}]


def test_a_file_is_known_by_its_key(run):
    run.add_file("k", {})
    assert run.knows_file("k")
    assert not run.knows_file("l")


# ---- revisions

CHANGES = {
    "append": lambda run: run.append_text("x"),
    "replace": lambda run: run.replace_text("y"),
    "complete": lambda run: run.complete_text("z"),
    "reasoning": lambda run: run.append_reasoning("x"),
    "ask": lambda run: run.ask(form()),
    "answer": lambda run: run.answer_form(form(status="expired")),
    "think": lambda run: run.think(Thought(id="a")),
    "cite": lambda run: run.cite([1]),
    "cite_one": lambda run: run.cite_one("1", {}),
    "file": lambda run: run.add_file("k", {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_gives_the_run_a_new_revision(run, name):
    revision, frozen = run.revision, run.snapshot()
    CHANGES[name](run)
    assert run.revision > revision
    assert run.snapshot() != frozen


def test_what_changes_nothing_gives_no_new_revision(run):
    run.add_file("k", {})
    revision = run.revision
    run.add_file("k", {})
    run.cite([])
    assert run.revision == revision
