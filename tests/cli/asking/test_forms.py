"""Forms of both vendors, read and answered without a screen."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit.cli.asking.entries import BadEntry, Option
from streamkit.cli.asking.forms import Form, read
from streamkit.run import HumanInput
from tests.viewer.over import obeyed, run_of

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m a\u202eb\x00\x85"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.just(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
WORDS = st.sampled_from(
    (
        "paragraph",
        "text_input",
        "select",
        "file",
        "file-list",
        "options",
        "integer",
        "boolean",
        "object",
        "line",
        "number",
    )
)
LIKE_A_FIELD = st.fixed_dictionaries(
    {"output_variable_name": st.text(min_size=1), "key": st.text(min_size=1), "type": WORDS | JSON},
    optional={
        "default": JSON | st.fixed_dictionaries({"type": st.sampled_from(("constant", "variable")), "value": JSON}),
        "option_source": JSON | st.fixed_dictionaries({"value": st.lists(JSON, max_size=3)}),
        "options": st.lists(JSON, max_size=3),
        "optional": JSON,
        "value": JSON,
        "name": JSON,
        "allowed_file_types": JSON | st.just(["custom"]),
        "allowed_file_extensions": st.lists(JSON, max_size=3),
        "allowed_file_upload_methods": JSON,
        "number_limits": JSON,
    },
)
LIKE_AN_ACTION = st.fixed_dictionaries(
    {"id": JSON | st.text(min_size=1)}, optional={"title": JSON, "button_style": JSON}
)
FORMS = st.builds(
    HumanInput,
    form_id=st.none() | st.text(),
    node_id=st.text() | st.just(HOSTILE),
    title=st.none() | st.text() | st.just(HOSTILE),
    content=st.none() | st.text() | st.just(HOSTILE),
    inputs=JSON | st.lists(LIKE_A_FIELD | JSON, max_size=4),
    actions=JSON | st.lists(LIKE_AN_ACTION | JSON, max_size=4),
    token=st.none() | st.just("a-secret-token"),
    expires_at=st.none() | st.floats() | st.integers(),
    status=st.sampled_from(("waiting", "submitted", "expired")),
    action_id=st.none() | st.text(),
    submitted=JSON,
)


def of_dify(*inputs, **told) -> Form:
    told = {"token": "t", "actions": [{"id": "ok", "title": "OK"}]} | told
    return read(HumanInput("f", "n", inputs=list(inputs), **told), "dify")


def shown_of(form: Form) -> str:
    """All that a person may see of a form."""
    fields = [(field.label, field.hint, [option.label for option in field.options]) for field in form.fields]
    defaults = [field.default for field in form.fields if isinstance(field.default, str) and field.kind != "select"]
    titles = [(action.title, action.key) for action in form.actions]
    pieces = (form.title, form.content, fields, defaults, titles, form.answered, form.closed)
    return "".join(leaf for piece in pieces for leaf in leaves(piece))


def leaves(told):
    return [told] if isinstance(told, str) else [leaf for inner in told for leaf in leaves(inner)]


@given(FORMS, st.sampled_from(("dify", "ragflow", "openai")), JSON)
def test_whatever_a_server_says_is_read_and_nothing_of_it_is_obeyed(told, dialect, defaults):
    form = read(told, dialect, defaults)
    assert not obeyed(shown_of(form))
    assert "a-secret-token" not in repr(form)
    assert len({field.key for field in form.fields}) == len(form.fields)
    assert isinstance(form.remaining(0.0), float | None)


def problems_of(form, entered):
    """Why entries cannot be sent, by the keys of their fields."""
    found = {field.key: field.problem(entered.get(field.key)) for field in form.fields}
    return {key: problem for key, problem in found.items() if problem}


@given(FORMS, st.sampled_from(("dify", "ragflow")), st.none() | st.text() | st.just("[1]"))
def test_whatever_is_entered_is_sent_or_has_a_reason_of_one_line(told, dialect, typed):
    form = read(told, dialect)
    chosen = {"select": None, "boolean": True}
    entered = {field.key: chosen.get(field.kind, typed) for field in form.fields}
    problems = problems_of(form, entered)
    assert all(problem and "\n" not in problem for problem in problems.values())
    for action in form.actions:
        if problems:
            with pytest.raises(BadEntry):
                form.answer(entered, action.id)
        else:
            msgspec.json.encode(form.answer(entered, action.id), enc_hook=str)


def test_a_form_of_dify():
    run = run_of("dify/june26_wf_human_1_paused.sse")
    form = read(run.forms[0], run.dialect)
    assert (form.title, form.status, form.closed) == ("Approval", "waiting", "")
    assert form.content == "## Please review\nTransfer of €250\n\nComment: `comment`"
    (field,) = form.fields
    assert (field.label, field.kind, field.required, field.default) == ("comment", "paragraph", False, "none")
    approve, reject = form.actions
    assert (approve.title, approve.style, approve.key) == ("Approve", "primary", "a")
    assert (reject.title, reject.style, reject.key) == ("Reject", "default", "r")
    assert form.main == approve
    assert form.remaining(1795432499 - 5) == 5
    assert form.remaining(1795432499 + 5) == 0
    assert form.answer({"comment": "fine"}, "reject") == {"inputs": {"comment": "fine"}, "action": "reject"}


def test_a_form_of_ragflow_is_answered_with_its_fields_as_they_were_received():
    run = run_of("ragflow/fillup_1_pause.sse")
    form = read(run.forms[0], run.dialect)
    assert [(field.label, field.kind, field.required) for field in form.fields] == [
        ("ok", "boolean", True),
        ("Note", "paragraph", False),
        ("pick", "select", True),
    ]
    assert form.remaining(0) is None
    assert problems_of(form, {}) == {"ok": "needed", "pick": "needed"}
    body = form.answer({"ok": False, "note": "", "pick": "ç"}, "")
    assert {key: field["value"] for key, field in body["inputs"].items()} == {"ok": False, "note": "", "pick": "ç"}
    assert body["inputs"]["ok"]["type"] == "boolean"
    assert "action" not in body


def test_an_answer_that_was_recorded():
    run = run_of("dify/june26_wf_human_2_resumed_approve.sse")
    form = read(run.forms[0], run.dialect)
    assert form.closed == "it is answered"
    assert form.answered == (("chosen", "approve"), ("comment", "looks fine ✓"))
    run = run_of("ragflow/synthetic/form_asked_again.sse")
    assert read(run.forms[0], run.dialect).answered == (("City", "Rome"),)


def test_a_form_without_a_token_went_out_by_mail():
    run = run_of("dify/synthetic/new_agent_asks.sse")
    assert read(run.forms[0], run.dialect).closed == "it went out by e-mail, and cannot be answered here"


def test_a_form_with_an_empty_payload_says_that_nothing_can_be_answered():
    """Dify #35504."""
    form = read(HumanInput(None, ""), "dify")
    assert (form.title, form.content, form.fields, form.actions) == ("form", "", (), ())
    assert form.closed == "it went out by e-mail, and cannot be answered here"
    assert of_dify(actions={}).closed == "the server named no action to answer with"


def test_a_form_that_expired():
    run = run_of("dify/wf_human_timeout_2_resumed.sse")
    assert read(run.forms[0], run.dialect).closed == "it expired: nobody answered in time"


@pytest.mark.parametrize("moment", [float("inf"), float("nan"), 10**400, None])
def test_a_moment_that_nobody_can_count_with_is_none(moment):
    assert of_dify(expires_at=moment).expires_at is None


def test_a_default_that_is_a_variable_stands_for_what_the_server_resolved():
    asked = {
        "output_variable_name": "why",
        "type": "paragraph",
        "default": {"type": "variable", "selector": ["a", "b"]},
    }
    told = HumanInput("f", "n", inputs=[asked])
    assert read(told, "dify").fields[0].default is None
    assert read(told, "dify", {"why": "because\x1b[2J"}).fields[0].default == "because"


def test_the_options_of_a_select_are_what_may_be_sent():
    (field,) = of_dify(
        {
            "output_variable_name": "amount",
            "type": "select",
            "option_source": {"type": "constant", "value": ["full", "none"]},
        }
    ).fields
    assert field.options == (Option("full", "full"), Option("none", "none"))
    assert field.required
    assert field.problem("partial") == "none of those offered"
    assert field.value("full") == "full"


def test_a_select_whose_options_are_a_variables_takes_any_text():
    source = {"type": "variable", "selector": ["a", "b"], "value": []}
    (field,) = of_dify({"output_variable_name": "amount", "type": "select", "option_source": source}).fields
    assert (field.kind, field.value("x")) == ("text", "x")


def test_buttons_have_keys_of_their_own():
    titles = ["Approve", "Amend", "A", "拒绝", "AA"]
    form = of_dify(actions=[{"id": str(at), "title": title} for at, title in enumerate(titles)])
    assert [action.key for action in form.actions] == ["a", "m", "1", "2", "3"]
    assert form.main is None


def test_an_action_that_does_not_exist_cannot_be_sent():
    with pytest.raises(BadEntry, match="no such action"):
        of_dify().answer({}, "other")


def test_characters_that_markdown_spells_by_number_are_made_safe_too():
    form = of_dify(content="&#x202e; &#27; &#38;#x202e; &#228; &#x20&#x202e;2e;")
    assert form.content == "\ufffd \ufffd &#38;#x202e; &#228; &#x20\ufffd2e;"
