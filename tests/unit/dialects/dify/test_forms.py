"""The forms that Dify's frames ask, answer and let expire (protocol C.8, C.9).

Each test is a script of the wire, or a table of them, and what a run must say of it.
"""

import msgspec
import pytest

from streamkit.run import HIDDEN

from .streams import (
    EPOCH,
    FORM_KEY,
    MESSAGE,
    REASON,
    agent_message,
    anomalies,
    chat,
    finished,
    form_facts,
    form_filled,
    form_timeout,
    human_input_required,
    live,
    outline,
    started,
    tree_of,
    workflow,
    workflow_paused,
    workflow_started,
)


def test_a_form_is_what_its_frame_says():
    run = live(
        workflow_started(),
        human_input_required(
            "f",
            "h",
            node_title="Review",
            inputs=[{"type": "paragraph"}],
            actions=[{"id": "ok"}],
            form_token=FORM_KEY,
            expiration_time=EPOCH + 3600,
        ),
    )
    (form,) = run.forms
    assert (form.form_id, form.node_id, form.title, form.content) == ("f", "h", "Review", "Well?")
    assert (list(form.inputs), list(form.actions), form.expires_at) == (
        [{"type": "paragraph"}],
        [{"id": "ok"}],
        EPOCH + 3600,
    )
    assert (form.status, form.action_id, form.submitted) == ("waiting", None, None)


def test_the_token_of_a_form_is_kept_and_masked():
    """B.4: a secret. A form without one cannot be submitted through the API, which is no secret."""
    run = live(workflow_started(), human_input_required("f", "h", form_token=FORM_KEY), human_input_required("g", "i"))
    assert [form.token for form in run.forms] == [FORM_KEY, None]
    assert [form.token for form in run.snapshot().forms] == [FORM_KEY, None]
    masked = run.snapshot().without_secrets()
    assert [form.token for form in masked.forms] == [HIDDEN, None]
    assert FORM_KEY.encode() not in msgspec.json.encode(masked)


@pytest.mark.parametrize(
    "kind", [{"TYPE": "human_input_required"}, {"type": "human_input_required"}, {"TYPE": "hitl_required"}]
)
def test_a_form_is_known_by_the_reason_of_the_pause_alone(kind):
    """B.4: its own event was lost; the discriminator has two spellings and a synonym."""
    reason = {key: value for key, value in REASON.items() if key != "TYPE"} | kind
    run = workflow(workflow_started(), started("h.1"), workflow_paused("h", reasons=[reason]))
    assert form_facts(run) == [("f", "h", "waiting", "Well?")]
    assert tree_of(run) == "h.1 paused"


def test_a_reason_that_names_only_the_node_means_the_form_of_that_node():
    """B.4, C.1: graphon's own `hitl_required` has `session_id`, `node_id`, `node_title`; a form is `form_id`, else node."""
    reason = {"TYPE": "hitl_required", "session_id": "s", "node_id": "h", "node_title": "Review"}
    run = workflow(workflow_started(), human_input_required("f", "h"), workflow_paused("h", reasons=[reason]))
    assert form_facts(run) == [("f", "h", "waiting", "Well?")]


def test_a_scheduled_pause_has_no_form():
    run = workflow(workflow_started(), workflow_paused(reasons=[{"TYPE": "scheduled_pause", "message": "later"}]))
    assert (run.status, run.forms, anomalies(run)) == ("paused", (), [])


def test_an_answer_finds_its_form_by_the_node():
    """C.1: `human_input_form_filled` names no form."""
    answer = form_filled("h", "reject", submitted_data={"comment": "no"}, rendered_content="Well? No.")
    run = live(workflow_started(), human_input_required("f", "h"), answer)
    (form,) = run.forms
    assert (form.form_id, form.status, form.action_id, form.submitted) == (
        "f",
        "submitted",
        "reject",
        {"comment": "no"},
    )
    assert form.content == "Well? No."  # as rendered with the answer in it


def test_an_answer_without_a_form_makes_it_known():
    run = live(workflow_started(), form_filled("h", node_title="Review", rendered_content="Well? Yes."))
    (form,) = run.forms
    assert (form.form_id, form.node_id, form.title, form.content) == (None, "h", "Review", "Well? Yes.")
    assert (form.status, form.action_id) == ("submitted", "approve")


@pytest.mark.parametrize(
    ("outputs", "status", "action"),
    [
        ({"__action_id": "approve", "comment": "ok"}, "submitted", "approve"),
        ({"comment": "ok"}, "waiting", None),
        ({"__action_id": None}, "waiting", None),
        (None, "waiting", None),
    ],
)
def test_an_answer_that_was_lost_shows_in_the_end_of_its_node(outputs, status, action):
    """C.8.4: the outputs of a human-input node hold the fields and `__action_id`."""
    human = {"node_type": "human-input"}
    run = live(
        workflow_started(),
        started("h.1", **human),
        human_input_required("f", "h"),
        finished("h.1", outputs=outputs, **human),
    )
    assert [(form.form_id, form.status, form.action_id) for form in run.forms] == [("f", status, action)]


def test_the_end_of_a_human_node_does_not_change_an_answer():
    human = {"node_type": "human-input"}
    run = live(
        workflow_started(),
        *(started("h.1", **human), human_input_required("f", "h"), form_filled("h", "reject")),
        finished("h.1", outputs={"__action_id": "approve"}, **human),
        *(started("i.1", **human), finished("i.1", outputs={"__action_id": "approve"}, **human)),
    )
    assert [(form.node_id, form.status, form.action_id) for form in run.forms] == [("h", "submitted", "reject")]


def test_a_form_that_nobody_answers_in_time_expires():
    run = live(
        workflow_started(),
        human_input_required("f", "h", expiration_time=EPOCH),
        form_timeout("h"),
        form_timeout("i", expiration_time=EPOCH + 60),
    )
    assert [(form.form_id, form.node_id, form.status, form.expires_at) for form in run.forms] == [
        ("f", "h", "expired", EPOCH),
        (None, "i", "expired", EPOCH + 60),
    ]


def test_two_waiting_forms_of_two_nodes_are_told_apart():
    run = live(workflow_started(), human_input_required("f", "h"), human_input_required("g", "i"), form_filled("h"))
    assert [(form.form_id, form.status) for form in run.forms] == [("f", "submitted"), ("g", "waiting")]


def test_an_answer_is_for_a_form_that_waits():
    """A node in a loop asks again; of its forms only one waits."""
    run = live(
        workflow_started(),
        *(human_input_required("f", "h"), form_filled("h", "reject")),
        *(human_input_required("g", "h"), form_filled("h", "approve")),
    )
    assert [(form.form_id, form.action_id) for form in run.forms] == [("f", "reject"), ("g", "approve")]


def test_one_of_two_waiting_forms_of_one_node_is_answered():
    """A known gap: nothing tells which one."""
    run = live(workflow_started(), human_input_required("f", "h"), human_input_required("g", "h"), form_filled("h"))
    assert sorted(form.status for form in run.forms) == ["submitted", "waiting"]


def test_the_next_pause_tells_which_of_two_forms_of_one_node_was_answered():
    """Two rounds beside each other ask: what was taken as the answer to the one is that to the other."""
    first, second = {**REASON, "form_id": "f"}, {**REASON, "form_id": "g"}
    asked = [human_input_required("f", "h"), human_input_required("g", "h")]
    run = live(
        workflow_started(),
        asked,
        workflow_paused("h", reasons=[first, second]),
        workflow_started("resumption"),
        form_filled("h", "reject", submitted_data={"why": "no"}),
        finished("h.1", node_type="human-input", outputs={"__action_id": "reject"}),
        human_input_required("g", "h", form_content="Well?"),
        workflow_paused("h", reasons=[second]),
    )
    facts = [(form.form_id, form.status, form.action_id, form.submitted) for form in run.forms]
    assert facts == [("f", "submitted", "reject", {"why": "no"}), ("g", "waiting", None, None)]


def test_a_form_that_is_told_again_does_not_wait_again():
    run = live(
        workflow_started(),
        human_input_required("f", "h"),
        form_filled("h"),
        human_input_required("f", "h", node_title="Review"),
    )
    assert [(form.status, form.action_id, form.title) for form in run.forms] == [("submitted", "approve", "Review")]


def test_forms_without_an_id_are_told_apart_by_their_node():
    run = live(workflow_started(), human_input_required(None, "h"), human_input_required(None, "i"), form_filled("i"))
    assert [(form.node_id, form.status) for form in run.forms] == [("h", "waiting"), ("i", "submitted")]


def test_a_new_agent_that_asks_waits_at_the_end_of_its_body():
    """B.2, note 4: `workflow_run_id`, `node_id` and the message are one, and no `workflow_paused` comes."""
    ask = {**human_input_required("f", MESSAGE), "workflow_run_id": MESSAGE}
    run = chat(agent_message("Well?"), ask)
    assert (run.mode, run.status, run.text) == ("agent", "paused", "Well?")
    assert form_facts(run) == [("f", MESSAGE, "waiting", "Well?")]
    assert anomalies(run) == []


def test_a_node_that_waits_for_a_person_is_paused_without_a_pause():
    """C.3: the body was cut before `workflow_paused`."""
    run = workflow(workflow_started(), started("h.1"), human_input_required("f", "h"), started("b.1"))
    assert run.status == "interrupted"
    assert tree_of(run) == outline("""
        h.1 paused
        b.1 unknown
    """)
