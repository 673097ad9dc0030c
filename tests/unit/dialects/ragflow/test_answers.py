"""Text, thinking and citations (protocol C.2 to C.5)."""

import pytest

from streamkit import Run
from streamkit.dialects.ragflow.answers import Answers
from streamkit.dialects.ragflow.events import ChatAnswer, Message, MessageData
from streamkit.run.retention import Retention

HI = "Hello, world"


class Talk:
    """A run that is only talked in."""

    def __init__(self):
        self.run, self.answers = Run("ragflow"), Answers()

    def chat(self, *answers):
        """Answers of a chat: a text, or fields."""
        for answer in answers:
            fields = answer if isinstance(answer, dict) else {"answer": answer}
            self.answers.answer(self.run, ChatAnswer(**fields), 1.0)
        return self

    def say(self, *pieces):
        """Deltas of an agent: "<" begins to think, ">" ends."""
        for piece in pieces:
            text = "" if piece in ("<", ">") else piece
            self.answers.delta(self.run, text, start=piece == "<", end=piece == ">", at=1.0, of_message=True)
        return self

    def end(self):
        self.answers.end(self.run)
        return self

    def node(self, name="M#0", *, expected=True):
        node = self.run.open_execution(name, name, type="Message", title=None)
        if expected:
            self.answers.expect(node)
        return node

    def finish(self, node, *, owns_text=True):
        self.answers.finished(self.run, node, owns_text=owns_text, at=2.0)

    @property
    def told(self):
        return self.run.text, self.run.reasoning

    @property
    def anomalies(self):
        return [(anomaly.kind, anomaly.detail) for anomaly in self.run.anomalies]


def delta(text="", **fields):
    return {"answer": text, "final": False, **fields}


def final(text=""):
    return {"answer": text, "final": True}


THINK, THOUGHT = delta(start_to_think=True), delta(end_to_think=True)


@pytest.fixture
def talk():
    return Talk()


# ---- C.2: chats


def test_without_final_each_answer_is_the_whole_text_so_far(talk):
    assert talk.chat("Hel", "Hello", "Hi##0$$").told == ("Hi##0$$", "")


def test_a_cumulative_answer_moves_its_closing_tag(talk):
    assert talk.chat("<think>h</think>", "<think>hm</think>", "<think>hm</think>yes").told == ("yes", "hm")


def test_the_key_final_shows_deltas(talk):
    assert talk.chat(delta("Hello"), delta(", "), delta("world"), final()).told == (HI, "")


def test_a_delta_that_repeats_the_text_so_far_is_a_delta(talk):
    assert talk.chat(delta("ha"), delta("ha"), final()).told == ("haha", "")


@pytest.mark.parametrize("flag", ["start_to_think", "end_to_think"])
@pytest.mark.parametrize("value", [True, False])
def test_a_flag_shows_deltas_for_the_rest_of_the_body(talk, flag, value):
    """The Go backend says that there is no thinking (B.9)."""
    talk.chat({flag: value}, "a", "b").end()
    assert "".join(talk.told) == "ab"


@pytest.mark.parametrize("text", [HI, "something else"])
def test_a_final_answer_with_text_replaces_all(talk, text):
    assert talk.chat(delta("Hello"), final(text)).told == (text, "")


def test_legacy_answers_are_put_right_by_the_final_one(talk):
    talk.chat(delta("Hel"), delta("Hello, "))
    assert talk.run.text == "HelHello, "
    assert talk.chat(final(HI)).told == (HI, "")


def test_an_empty_response_that_is_sent_twice_is_there_once(talk):
    assert talk.chat(delta("Sorry!"), final("Sorry!")).told == ("Sorry!", "")


def test_an_answer_that_is_null_is_empty(talk):
    assert talk.chat({"answer": None}, delta(None), final(None)).told == ("", "")


# ---- C.4: thinking


def test_what_stands_between_flags_is_thinking(talk):
    assert talk.chat(THINK, delta("hm"), THOUGHT, delta("yes"), final()).told == ("yes", "hm")
    assert talk.run._text.raw == "<think>hm</think>yes"


def test_flags_may_come_with_text(talk):
    assert talk.chat(delta("hm", start_to_think=True, end_to_think=True), delta("yes")).told == ("yes", "hm")


@pytest.mark.parametrize("ending", [lambda talk: talk.end(), lambda talk: talk.chat(final())])
def test_a_flagged_block_that_nobody_ended_is_closed(talk, ending):
    talk.chat(THINK, delta("hm"))
    ending(talk)
    assert talk.told == ("", "hm")
    assert talk.run._text.raw.endswith("</think>")


def test_message_end_closes_a_flagged_block(talk):
    node = talk.node()
    talk.say("<", "hm")
    talk.answers.message_end(talk.run)
    assert (node.reasoning, node.text, talk.told) == ("hm", "", ("", "hm"))


def test_a_final_answer_with_text_ends_a_flagged_block_too(talk):
    talk.chat(THINK, delta("hm"), final("<think>hm</think>yes"), delta(" sir"))
    assert talk.told == ("yes sir", "hm")


def test_a_final_answer_without_the_thinking_leaves_it(talk):
    assert talk.chat(THINK, delta("hm"), THOUGHT, delta("ye"), final("yes")).told == ("yes", "hm")


@pytest.mark.parametrize("pieces", [(">", "yes"), ("yes", ">"), (">", ">", "yes", ">")])
def test_an_end_that_closes_nothing_is_ignored(talk, pieces):
    assert talk.say(*pieces).end().told == ("yes", "")


def test_a_repeated_beginning_or_end_counts_once(talk):
    assert talk.say("<", "<", "hm", ">", ">", "yes", ">").end().told == ("yes", "hm")


def test_blocks_follow_one_another(talk):
    assert talk.say("<", "a", ">", "b", "<", "c", ">", "d").told == ("bd", "ac")


def test_tags_of_the_model_are_cut_anywhere(talk):
    assert talk.say(*"<thi nk> h m </ thi nk> y".replace(" ", "|").split("|")).told == ("y", "hm")


def test_tags_of_the_model_inside_a_flagged_block_cost_no_text(talk):
    """Correction 7."""
    talk.say("<", "hm</th", "ink>", ">", "yes").end()
    assert "yes" in talk.run.text
    assert talk.run.reasoning == "hm"


def test_a_tag_of_the_model_that_never_closes_stays(talk):
    assert talk.say("<think>", "hm").end().told == ("<think>hm", "")


# ---- C.5: whose text it is


def test_text_is_of_the_first_open_message_whose_text_has_not_ended(talk):
    left, right = talk.node("L#0"), talk.node("R#0")
    talk.say("left")
    talk.answers.message_end(talk.run)
    talk.say("right")
    assert (left.text, right.text, talk.run.text) == ("left", "right", "leftright")


def test_a_message_that_began_twice_is_expected_once(talk):
    node, other = talk.node("M#0", expected=False), talk.node("N#0", expected=False)
    for each in (node, node, other):
        talk.answers.expect(each)
    talk.say("a")
    talk.answers.message_end(talk.run)
    talk.say("b")
    assert (node.text, other.text) == ("a", "b")


def test_a_message_that_finished_gets_no_more_text(talk):
    node, other = talk.node("M#0"), talk.node("N#0")
    talk.finish(node)
    talk.say("b")
    assert (node.text, other.text) == ("", "b")


def test_text_without_an_owner_waits_for_one_that_owns_text(talk):
    talk.say("<", "hm", ">", "yes")
    talk.answers.message_end(talk.run)
    agent, node, late = (talk.node(name, expected=False) for name in ("A#0", "M#0", "M#1"))
    talk.finish(agent, owns_text=False)
    talk.finish(node)
    talk.finish(late)
    assert [each.text for each in (agent, node, late)] == ["", "yes", ""]
    assert (node.reasoning, node.first_token_at) == ("hm", 2.0)


@pytest.mark.parametrize("limit", [0, 3, 8, None])
def test_text_that_waits_is_kept_as_far_as_any_text(limit):
    """And counted as if its owner had been known."""
    runs = []
    for is_known in (True, False):
        talk = Talk()
        talk.run = Run("ragflow", retention=Retention(max_text=limit))
        node = talk.node(expected=is_known)
        talk.say("one ", "two ", "three")
        talk.finish(node)
        runs.append((node.text, node.first_token_at is None, talk.run.snapshot().nodes[0].missing, talk.run.cut))
        runs[-1] += (talk.run.snapshot().stats.dropped,)
    assert runs[0] == runs[1]


def test_text_is_of_no_execution_that_the_run_let_go(talk):
    gone, other = talk.node("M#0"), talk.node("N#0")
    talk.answers.forget(gone)
    talk.say("b")
    assert (gone.text, other.text) == ("", "b")


def test_nothing_of_a_text_reaches_into_the_next_body(talk):
    """Neither what waits for an owner, nor an open block, nor that answers were deltas, nor half an error."""
    talk.chat(THINK).say("of the first body", "**ERR")
    talk.answers.begin()
    node = talk.node(expected=False)
    talk.finish(node)
    assert (node.text, talk.chat("OR**: no").anomalies) == ("", [])
    assert talk.chat("Hi").run.text == "Hi"


def test_the_text_of_a_chat_is_of_no_execution(talk):
    node = talk.node()
    talk.chat(delta("Hi"))
    assert node.text == ""


# ---- many deltas at once


@pytest.mark.parametrize(
    "event",
    [
        ChatAnswer(answer="x", final=True),
        ChatAnswer(answer="x", final=False, start_to_think=True),
        ChatAnswer(answer="x", final=False, end_to_think=True),
        ChatAnswer(answer="x", final=False, running_status=True),
        ChatAnswer(answer="x", final=False, reference={"chunks": [{"id": "a"}]}),
        Message(),
        Message(data=MessageData(content="x", end_to_think=True)),
    ],
)
def test_what_is_more_than_a_delta_is_looked_at(talk, event):
    talk.chat(delta("Hi"))
    assert talk.answers.sink(talk.run, event) is None


def test_whole_answers_are_looked_at_one_by_one(talk):
    assert talk.chat("Hi").answers.sink(talk.run, ChatAnswer(answer="Hi, you")) is None


@pytest.mark.parametrize("before", [(), (THINK,)])
def test_deltas_of_a_chat_are_taken_at_once(talk, before):
    event, pieces, plain = ChatAnswer(answer="x", final=False, reference={"chunks": []}), ["a", "", "*b", "**"], Talk()
    plain.chat(*before, delta("x"), *map(delta, pieces))
    talk.chat(*before, delta("x"))
    assert talk.answers.sink(talk.run, event)(pieces, 1.0) is None
    assert (talk.told, talk.run.revision) == (plain.told, plain.run.revision)
    assert talk.answers.sink(talk.run, event)(["ERR", "OR**: no"], 1.0) is False


# ---- A.3.6: errors of the model are text


def test_an_error_in_the_answer_is_text_and_noted_once(talk):
    talk.say("So ", "**ERROR**: no", " model", " **ERROR**")
    assert talk.run.text == "So **ERROR**: no model **ERROR**"
    assert talk.anomalies == [("error-in-answer", "**ERROR**: no")]


@pytest.mark.parametrize("pieces", [("**ERR", "OR**: no"), list("**ERROR**"), ("a**", "ERROR*", "*")])
def test_an_error_that_is_split_over_deltas_is_found(talk, pieces):
    talk.say(*pieces)
    assert [kind for kind, _ in talk.anomalies] == ["error-in-answer"]


@pytest.mark.parametrize("answer", ["**ERROR**: no", final("**ERROR**: no"), delta("**ERROR**: no")])
def test_an_error_is_found_in_every_form_of_answer(talk, answer):
    assert talk.chat(answer).anomalies == [("error-in-answer", "**ERROR**: no")]


def test_a_word_that_only_looks_like_it_is_none(talk):
    assert talk.say("**ERR", "**", "ERROR: **").anomalies == []


# ---- C.3: citations


def cited(talk, *references):
    for reference in references:
        talk.answers.cite(talk.run, reference)
    return list(talk.run.citations)


def test_the_marker_of_a_chunk_is_its_place_in_a_list(talk):
    expected = [{"marker": "0", "id": "a"}, {"marker": "1", "id": "b"}]
    assert cited(talk, {"chunks": [{"id": "a"}, {"id": "b"}]}) == expected


def test_the_marker_of_a_chunk_is_its_key_in_a_mapping(talk):
    assert cited(talk, {"chunks": {"180": {"id": "a"}}}) == [{"marker": "180", "id": "a"}]


def test_the_marker_of_a_chunk_is_no_word_of_its_own(talk):
    assert cited(talk, [{"id": "a", "marker": "z"}]) == [{"marker": "0", "id": "a"}]


def test_a_reference_may_be_the_bare_list(talk):
    assert cited(talk, [{"id": "a"}]) == [{"marker": "0", "id": "a"}]


def test_a_later_reference_replaces_equal_markers_keeps_the_others_and_adds_new_ones(talk):
    assert cited(talk, {"chunks": {"2": {"v": 1}, "7": {"v": 1}}}, {"chunks": {"9": {"v": 2}, "2": {"v": 2}}}) == [
        {"marker": "2", "v": 2},
        {"marker": "7", "v": 1},
        {"marker": "9", "v": 2},
    ]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_later_list_takes_the_place_of_all(talk, wrapped):
    references = [[{"id": "a"}, {"id": "b"}], [{"id": "c"}]]
    assert cited(talk, *({"chunks": chunks} if wrapped else chunks for chunks in references)) == [
        {"marker": "0", "id": "c"},
    ]


@pytest.mark.parametrize("nothing", [None, {}, [], {"chunks": []}, {"chunks": {}}, {"chunks": None}])
def test_an_empty_reference_removes_nothing(talk, nothing):
    assert cited(talk, nothing) == []
    assert cited(talk, [{"id": "a"}], nothing) == [{"marker": "0", "id": "a"}]


@pytest.mark.parametrize("garbage", ["x", 5, True, {"chunks": "x"}, {"chunks": 1}, {"chunks": [1, None, "x", [2]]}])
def test_what_holds_no_chunks_is_no_reference(talk, garbage):
    assert cited(talk, garbage) == []


def test_garbage_between_chunks_keeps_their_places(talk):
    assert cited(talk, [None, {"id": "b"}]) == [{"marker": "1", "id": "b"}]


def test_a_reference_that_says_nothing_new_changes_nothing(talk):
    cited(talk, [{"id": "a"}])
    revision = talk.run.revision
    cited(talk, [{"id": "a"}], {"chunks": []})
    assert talk.run.revision == revision


def test_the_cost_of_a_citation_does_not_grow_with_the_others():
    """What a policy drops is counted once, when it comes, not again with each reference that follows."""
    talk = Talk()
    talk.run = Run("ragflow", retention=Retention(payloads="preview", max_payload=4))
    cited(talk, *({"chunks": {str(number): {"id": number}}} for number in range(50)))
    assert (len(talk.run.citations), talk.run.snapshot().stats.dropped.payloads) == (50, 50)


def test_a_chunk_that_is_nested_too_deeply_is_not_published(talk):
    deep = {}
    for _ in range(300):
        deep = {"a": deep}
    assert len(str(cited(talk, [deep, {"id": "b"}]))) < 200
    talk.run.snapshot()
