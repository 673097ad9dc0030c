"""Filters: what each word asks, how words are joined, and that wrong ones say what is wrong and where."""

import contextlib
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import StreamkitError
from streamkit.errors import BadWhere
from streamkit.run.state import NodeStatus, RunStatus
from streamkit.where import FIELDS, LOOKED_AT, parse


class Known:
    """A subject of which the test says what is known."""

    def __init__(self, **known):
        self.known = known

    def texts(self, field):
        return self.known.get(field, ())

    figures = texts


NODE = Known(
    status=["failed"],
    title=["Summarise it"],
    type=["llm"],
    model=["gpt-4o"],
    id=["0da69be8-77"],
    error=["Rate limit\nHTTP 429: slow down", "timeout"],
    text=["A refund\nis on its way"],
    file=["logs/x.sse"],
    dur=[2.5],
    tok=[812],
    cost=[Decimal("0.0315"), Decimal("0.2")],
    round=[2],
    retries=[0],
)


# ---- words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "summ",
        "SUMM",
        '"e it"',
        "'e it'",
        "title:summarise",
        'title="summarise it"',
        "title~^summ.*it$",
        "status:failed",
        "status=FAILED",
        "STATUS:failed",
        "status==failed",
        "status!=succeeded",
        "!status:succeeded",
        "!!status:failed",
        "!status!=failed",
        "type:llm",
        "model:GPT-4o",
        "model~4o",
        "id:0da69be8",
        "error:429",
        "error:timeout",
        'error~"429|503"',
        "error~^HTTP",
        "text~refund",
        "file:x.sse",
        "!error=429",
        "!app:support",
        "app!=support",
        "dur>2s",
        "dur>=2.5s",
        "dur<2501ms",
        "dur<1m",
        "dur<.5h",
        "dur=2500MS",
        "dur:2.5",
        "tok>500",
        "tok==812",
        "cost>0.01",
        "cost=0.0315",
        "cost:0.2",
        "round:2",
        "retries<1",
        "!errors>0",
        "errors!=0",
        "status:failed type:llm dur>2s",
        "status:succeeded | type:llm",
        "nothing | nor this | summ it",
        "status:failed !nothing | nothing",
        "status!=failed or dur>2s",
        "nothing or nor this | summ it or nothing",
    ],
)
def test_a_filter_that_matches(text):
    assert parse(text).matches(NODE)


@pytest.mark.parametrize(
    "text",
    [
        "translate",
        '"it summ"',
        "title=summarise",
        "title~^it",
        "status:succeeded",
        "!status:failed",
        "type:ll",
        "model:gpt-4",
        "id:77",
        "id=0da69be8",
        "error~^429",
        "error~limit.*slow",
        "app:support",
        "app~.",
        "!summ",
        "dur>2.5s",
        "dur!=2.5",
        "tok<=811",
        "tok!=812",
        "cost>0.2",
        "errors=0",
        "errors<1",
        "errors>0",
        "status:failed type:code",
        "type:code status:failed | nothing",
        "status!=failed or dur>3s",
        '"or"',
        "title:or",
    ],
)
def test_a_filter_that_does_not_match(text):
    assert not parse(text).matches(NODE)


def test_a_quote_inside_of_quotes_is_doubled():
    say = Known(title=['He said "no" | twice'])
    for text in ('"said ""no"" |"', "'said \"no\" |'", 'title:"""no"""', 'title="he said ""no"" | twice"'):
        assert parse(text).matches(say)
    assert parse("'it''s'").matches(Known(title=["it's"]))
    assert parse("it's").matches(Known(title=["it's"]))


def test_a_bar_inside_of_a_word_is_part_of_it():
    assert parse("a|b").matches(Known(title=["a|b"]))
    assert not parse("a|b").matches(Known(title=["a"]))


def test_every_status_can_be_asked_for():
    for status in (*get_args(RunStatus), *get_args(NodeStatus)):
        assert parse(f"status:{status}").matches(Known(status=[status]))


def test_text_beyond_the_limit_is_not_looked_at():
    late = Known(text=["x" * LOOKED_AT + "end"])
    assert not parse("text:end").matches(late)
    assert not parse("text~end").matches(late)


# ---- wrong ones


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("stat:failed", 0, "there is no field 'stat'; there are status, title, type, "),
        ("x https://y", 2, "there is no field 'https'"),
        ("type:llm status:fail", 9, "there is no status 'fail'; there are running, "),
        ("dur>2d", 0, "'2d' is no duration like 500ms, 2s, 1.5m, 1h"),
        ("tok>2s", 0, "'2s' is no number"),
        ("tok>-1", 0, "'-1' is no number"),
        ("cost>1e9", 0, "'1e9' is no number"),
        ("round:one", 0, "'one' is no number"),
        (f"dur>{'9' * 31}h", 0, "'999"),
        ("tok>٣", 0, "'٣' is no number"),
        ("tok~5", 0, "tok is a figure: use : = != < <= > or >="),
        ("title<b", 0, "title has no order: use : = != or ~"),
        ("title:", 0, "title: needs a value"),
        ('x title:""', 2, "title: needs a value"),
        ('""', 0, "a quote needs a value"),
        ("!", 0, "! needs a value"),
        ("! x", 0, "! needs a value"),
        ('x "y', 2, "a quote is not closed"),
        ("title:'y", 0, "a quote is not closed"),
        ('"x"y', 0, "a quote is not closed, or no blank stands behind it"),
        ("| x", 0, "there is nothing before |"),
        ("x | | y", 4, "there is nothing before |"),
        ("x |", 3, "there is nothing behind |"),
        ("or x", 0, "there is nothing before or"),
        ("x or", 4, "there is nothing behind |"),
        ("error~(", 0, "it is no regular expression: missing ), unterminated subpattern at position 0"),
        ("x error~(a+)+", 2, "a repeated group that holds repeats or alternatives might never end"),
    ],
)
def test_a_wrong_filter_says_what_is_wrong_and_where(text, place, reason):
    with pytest.raises(BadWhere) as raised:
        parse(text)
    error = raised.value
    assert isinstance(error, StreamkitError)
    assert (error.text, error.place) == (text, place)
    assert error.reason.startswith(reason)
    assert "\n" not in str(error)
    assert (f"(character {place + 1})" if place < len(text) else "at its end") in str(error)


def test_an_unknown_field_lists_those_that_exist():
    with pytest.raises(BadWhere) as raised:
        parse("colour:red")
    assert all(f"{name}" in str(raised.value) for name in FIELDS)


# ---- properties

names = st.sampled_from(list(FIELDS))
values = st.text(st.sampled_from("abAB |!:\"'~1.<"), min_size=1, max_size=6)
TEXTS = [name for name, field in FIELDS.items() if field.kind in ("name", "prose", "id")]
FIGURES = [name for name, field in FIELDS.items() if field.kind in ("figure", "duration", "money")]

text_words = st.tuples(st.booleans(), st.sampled_from(TEXTS), st.sampled_from([":", "=", "!="]), values)
figure_words = st.tuples(
    st.booleans(),
    st.sampled_from(FIGURES),
    st.sampled_from([":", "=", "==", "!=", "<", "<=", ">", ">="]),
    st.integers(0, 3),
)
filters = st.lists(st.lists(text_words | figure_words, min_size=1, max_size=3), min_size=1, max_size=3)
subjects = st.builds(
    lambda texts, figures: Known(**texts, **figures),
    st.dictionaries(st.sampled_from(TEXTS), st.lists(values, max_size=2)),
    st.dictionaries(st.sampled_from(FIGURES), st.lists(st.integers(0, 3), max_size=2)),
)


def written(words):
    """A filter as somebody might write it: every value in quotes."""

    def word(negated, field, op, value):
        quoted = str(value).replace("'", "''")
        return f"{'!' * negated}{field}{op}'{quoted}'"

    return " | ".join(" ".join(word(*each) for each in alternative) for alternative in words)


def so(subject, negated, field, op, value):
    """What a word means, said in another way."""
    kind = FIELDS[field].kind
    found = list(subject.texts(field))
    if isinstance(value, int):
        holds = any(eval(f"{each} {'==' if op in (':', '=', '!=') else op} {value}") for each in found)  # noqa: S307
    else:
        folded, wanted = [each.casefold() for each in found], value.casefold()
        if op == ":" and kind == "prose":
            holds = any(wanted in each for each in folded)
        elif op == ":" and kind == "id":
            holds = any(each[: len(wanted)] == wanted for each in folded)
        else:
            holds = wanted in folded
    return holds ^ (op == "!=") ^ negated


@given(filters, subjects)
def test_a_filter_means_what_its_words_mean(words, subject):
    expected = any(all(so(subject, *word) for word in alternative) for alternative in words)
    assert parse(written(words)).matches(subject) == expected


@given(filters, subjects)
def test_a_filter_written_out_is_the_same_filter(words, subject):
    where = parse(written(words))
    again = parse(str(where))
    assert str(again) == str(where)
    assert again.matches(subject) == where.matches(subject)
    assert str(where) in repr(where)


@given(st.text(max_size=40) | st.text(st.sampled_from("abtitledurtok:=!<>~|\"' 1s("), max_size=40), subjects)
def test_any_text_is_a_filter_or_a_bad_one(text, subject):
    with contextlib.suppress(BadWhere):
        assert parse(text).matches(subject) in (True, False)
