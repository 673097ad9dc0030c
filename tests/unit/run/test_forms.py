"""Forms by their id or their node: which one is meant where only the node is named."""

from streamkit.run import HumanInput
from streamkit.run.forms import Forms


def form(form_id=None, node_id="h", **more):
    return HumanInput(form_id=form_id, node_id=node_id, **more)


def test_the_form_of_a_node_is_the_one_that_waits_since_the_shortest_time_else_the_last_one():
    forms = Forms()
    for name in ("a", "b", "c"):
        forms.ask(form(name), replayed=False)
    assert forms.of("h").form_id == "c"
    forms.answer(form("c", status="submitted"))
    assert forms.of("h").form_id == "b"
    forms.answer(form("a", status="expired"))
    forms.answer(form("b", status="submitted"))
    assert forms.of("h").form_id == "b"
    assert [one.form_id for one in forms.all()] == ["a", "b", "c"]


def test_a_node_that_asks_once_more_without_an_id_shows_another_form():
    forms = Forms()
    forms.ask(form(content="first"), replayed=False)
    forms.answer(form(status="submitted"))
    forms.ask(form(content="second"), replayed=False)
    assert [one.status for one in forms.all()] == ["submitted", "waiting"]


def test_a_form_without_an_id_that_is_asked_again_while_it_waits_is_the_same_form():
    forms = Forms()
    for content in ("first", "second"):
        forms.ask(form(content=content), replayed=False)
        forms.ask(form(title="Again"), replayed=False)
        assert (forms.of("h").content, forms.of("h").title, forms.of("h").status) == (content, "Again", "waiting")
        forms.answer(form(status="submitted"))
    assert len(forms.all()) == 2


def test_a_form_without_an_id_is_none_that_has_one():
    forms = Forms()
    for name in (None, "f", None):
        forms.ask(form(name), replayed=False)
    assert [one.form_id for one in forms.all()] == [None, "f"]


def test_a_form_told_again_keeps_what_is_known():
    forms = Forms()
    forms.ask(form("f", content="rendered", expires_at=5), replayed=False)
    forms.ask(form("f", content="template", title="Ask"), replayed=True)
    (one,) = forms.all()
    assert (one.content, one.title, one.expires_at) == ("rendered", "Ask", 5)


def test_an_answer_may_be_the_first_that_is_seen():
    forms = Forms()
    assert (forms.of("h"), forms.knows("f")) == (None, False)
    forms.answer(form("f", status="submitted"))
    assert forms.knows("f")


def test_answers_go_to_other_forms_of_their_node_where_theirs_still_wait():
    """As many as there are; what waits on another node is no one's business."""
    forms = Forms()
    for form_id in ("a", "b", "c", "d"):
        forms.ask(form(form_id), replayed=False)
    forms.ask(form("other", node_id="i"), replayed=False)
    forms.answer(form("d", status="submitted", action_id="yes"))
    forms.answer(form("c", status="expired"))
    forms.still_wait(["d", "c", "b", "never asked"])
    facts = {told.form_id: (told.status, told.action_id) for told in forms.all()}
    assert facts == {
        "a": ("submitted", "yes"),
        "b": ("waiting", None),
        "c": ("expired", None),
        "d": ("waiting", None),
        "other": ("waiting", None),
    }
    assert forms.of("h").form_id == "d"
