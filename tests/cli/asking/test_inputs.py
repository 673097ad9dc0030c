"""Inputs: words of the command line, and what they mean to what an app asks for."""

import pytest

from streamkit.cli.asking import inputs
from streamkit.cli.asking.entries import Field, Option
from streamkit.cli.asking.inputs import BadInput, checked, field_of, given, missing
from streamkit.clients.dify.answers import Input


def field(kind="text", **how):
    return Field(**{"key": "a", "label": "A", "kind": kind, "required": False} | how)


SIZES = tuple(Option(value, value) for value in ("S", "M"))


def test_a_word_is_a_name_and_a_value(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear …", encoding="utf-8")
    words = ["city=Rome", "empty=", "eq=a=b", f"letter=@{path}", "size:=3", 'more:={"a": [1]}']
    assert given(words) == {
        "city": "Rome",
        "empty": "",
        "eq": "a=b",
        "letter": "Dear …",
        "size": 3,
        "more": {"a": [1]},
    }


@pytest.mark.parametrize("word", ["city", "=Rome", ":=3"])
def test_what_is_no_input_is_told_so(word):
    with pytest.raises(BadInput, match="is no input"):
        given([word])


def test_what_cannot_be_read_is_told_by_its_input(tmp_path):
    with pytest.raises(BadInput, match=r"letter: .*no such file"):
        given([f"letter=@{tmp_path / 'none'}"])
    with pytest.raises(BadInput, match=r"size: .* is not JSON"):
        given(["size:=big"])


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("text-input", "text"),
        ("paragraph", "paragraph"),
        ("number", "number"),
        ("checkbox", "boolean"),
        ("new", "text"),
    ],
)
def test_a_variable_of_an_app_is_a_field(told, kind):
    made = field_of(Input(kind=told, variable="a", label="A", required=True, options=("S",)))
    assert (made.key, made.kind, made.required, made.options) == ("a", kind, True, (Option("S", "S"),))


@pytest.mark.parametrize(
    ("of", "text", "value"),
    [
        (field(), "Rome", "Rome"),
        (field("number"), "1.5", 1.5),
        (field("integer"), "7", 7),
        (field("select", options=SIZES), "M", "M"),
        (field("boolean"), "yes", True),
        (field("boolean"), "FALSE", False),
    ],
)
def test_a_value_is_read_as_its_field_wants_it(of, text, value):
    assert checked({"a": text}, [of]) == {"a": value}


@pytest.mark.parametrize(
    ("of", "text", "said"),
    [
        (field("number"), "many", "a: 'many': not a number"),
        (field("select", options=SIZES), "XL", "none of those offered"),
        (field("boolean"), "perhaps", "neither yes nor no"),
        (field("file"), "/nowhere.pdf", "no such file"),
    ],
)
def test_what_a_field_does_not_take_is_told(of, text, said):
    with pytest.raises(BadInput, match=said):
        checked({"a": text}, [of])


def test_what_was_given_as_json_is_taken_as_it_is():
    assert checked({"a": 3}, [field("text")]) == {"a": 3}


def test_an_input_that_the_app_does_not_have_is_no_slip_that_passes():
    """The server would pass it over without a word."""
    fields = [field(key="lang"), field(key="size")]
    with pytest.raises(BadInput, match=r"no input 'x': it has lang, size"):
        checked({"x": "de"}, fields)
    with pytest.raises(BadInput, match=r"no input 'lnag': did you mean lang\? It has lang, size"):
        checked({"lnag": "de"}, fields)


def test_what_is_needed_is_what_has_no_default():
    fields = [field(key="a", required=True), field(key="b", required=True, default="x"), field(key="c")]
    assert [one.key for one in missing({}, fields)] == ["a"]
    assert missing({"a": "x"}, fields) == []


# ---- asking


class Person:
    """Types what a test says."""

    def __init__(self, monkeypatch, *lines):
        self.lines = list(lines)
        self.prompts = []
        monkeypatch.setattr(inputs, "typed", self)
        monkeypatch.setattr(inputs, "several", self)

    async def __call__(self, prompt):
        self.prompts.append(prompt)
        return self.lines.pop(0)


@pytest.mark.parametrize(
    ("of", "lines", "value"),
    [
        (field(required=True), ["", "Rome"], "Rome"),
        (field(default="Rome"), [""], "Rome"),
        (field("select", options=SIZES), ["3", "2"], "M"),
        (field("select", options=SIZES), ["S"], "S"),
        (field("number"), ["x", "2.5"], 2.5),
        (field("boolean"), ["what", "n"], False),
        (field("paragraph"), ["two\nlines"], "two\nlines"),
    ],
)
async def test_a_person_is_asked_until_it_can_be_sent(of, lines, value, monkeypatch):
    person = Person(monkeypatch, *lines)
    assert await inputs.asked(of) == value
    assert person.lines == []


async def test_nobody_who_leaves_is_asked_again(monkeypatch):
    Person(monkeypatch, None)
    with pytest.raises(BadInput, match="A is needed"):
        await inputs.asked(field())


async def test_a_prompt_says_what_may_be_entered(monkeypatch):
    person = Person(monkeypatch, "1", "S")
    await inputs.asked(field("integer", default=3))
    await inputs.asked(field("select", options=SIZES))
    assert person.prompts == ["A (a whole number) [3]: ", "A (1-2): "]
