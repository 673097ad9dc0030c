"""What is to be known of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run
from streamkit.run import GATEWAY, KINDS, HumanInput
from viewer.notes import Troubles, explanation, explanation_lines, notes
from viewer.watched import Remark

from .widgets.panes import LOOK, NAMES, PLAIN, Watched, run_of, text, width_of


def told(run, unread=(), width=60, look=LOOK, now=0.0, answer_key="a", remarks=()):
    troubles = Troubles(run)
    troubles.sync()
    return notes(troubles, unread, width, look, now, answer_key, remarks)


def lines(*args, **options):
    return [text(note.line) for note in told(*args, **options)]


def asking(**options):
    run = Run("dify")
    run.ask(HumanInput(form_id="f", node_id="n", **{"title": "Approval", "token": "t", **options}))
    return run


def test_what_waits_comes_first_and_what_could_not_be_read_last():
    run = asking()
    run.report("unknown-event", "tts_message")
    run.report("bad-number", "x")
    run.report("unknown-event", "other")
    run.conclude("interrupted")
    assert lines(run, [Watched("b.sse", problem="gone")]) == [
        " ‖ Approval waits [a]",
        " ! unknown-event ×2 tts_message",  # noqa: RUF001
        " ! bad-number x",
        " ╳ interrupted: the stream ended before the server said how the run ended",  # noqa: RUF001
        " ✗ b.sse: gone",
    ]


def test_remarks_of_a_recording_say_when():
    remarks = [Remark(1.25, "look \x1b[2Jhere"), Remark(3725.0, "and here")]
    assert lines(Run("dify"), remarks=remarks) == [" @ 00:01.2 look here", " @ 1:02:05 and here"]


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (86400, ", expires in 1d"),
        (1400, ", expires in 23m"),
        (59, ", expires in 59s"),
        (3, ", expires now"),
        (0, ", expires now"),
        (-120, ", expired 2m ago"),
        (1000000000000000.0, ""),
    ],
)
def test_a_form_says_how_long_it_waits(left, says):
    assert lines(asking(expires_at=1e9 + left), now=1e9) == [f" ‖ Approval waits{says} [a]"]


def test_a_form_that_cannot_be_answered_here_says_so():
    assert lines(asking(token=None)) == [" ‖ Approval waits (answered elsewhere)"]
    assert lines(asking(), answer_key="") == [" ‖ Approval waits"]
    assert lines(asking(title=None), look=PLAIN) == [" || n waits [a]"]


def test_a_long_title_gives_way_to_how_to_answer():
    line = lines(asking(title="Refund request of a customer", expires_at=1400), width=40)
    assert line == [" ‖ Refund req… waits, expires in 23m [a]"]


def test_a_form_that_was_answered_is_no_note():
    run = asking()
    run.answer_form(HumanInput(form_id="f", node_id="n", status="submitted"))
    assert lines(run) == []


def test_what_was_not_kept_is_counted():
    run = run_of("dify/wf_wide_100.sse")
    assert lines(run) == []
    kept = Run("dify", retention=GATEWAY)
    node = kept.open_execution("x", "x", type="", title="")
    kept.describe(node, outputs=b'{"text": "abc"}')
    kept.append_execution_text(node, "abc")
    assert lines(kept) == [" ○ not kept: 1 value (15B), 3 characters"]


def test_the_first_one_of_a_kind_is_shown_and_what_was_seen_is_not_looked_at_again():
    run = Run("dify")
    troubles = Troubles(run)
    run.report("bad-number", "one")
    troubles.sync()
    run.report("bad-number", "two")
    run.report("bad-utf8", "three")
    troubles.sync()
    assert {kind: anomaly.detail for kind, anomaly in troubles.first.items()} == {
        "bad-number": "one",
        "bad-utf8": "three",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_explained(kind):
    assert explanation(kind) == KINDS[kind]
    under = list(explanation_lines(Troubles(Run("dify")), kind, 40))
    assert " ".join(text(line).strip() for line in under) == KINDS[kind]
    assert all(width_of(line) <= 40 for line in under)


def test_a_kind_that_there_is_not_has_no_explanation():
    assert explanation("no-such") == ""


def test_an_explanation_begins_with_the_whole_detail():
    run = Run("dify")
    run.frame = 1200
    run.report("bad-number", "a price of many words that is none")
    troubles = Troubles(run)
    troubles.sync()
    under = [text(line) for line in explanation_lines(troubles, "bad-number", 30)]
    assert under[:2] == ["   a price of many words that", "   is none (frame 1,200)"]


@given(st.sampled_from(NAMES), st.floats(0, 1), st.integers(20, 220), st.booleans())
def test_notes_obey_no_text(name, part, width, is_plain):
    run = run_of(name, part)
    for note in told(run, [Watched(name, run, "\x1b[2J")], width, PLAIN if is_plain else LOOK):
        assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in text(note.line))


@given(st.text(), st.integers(24, 220), st.none() | st.floats(0, 1e10), st.booleans())
def test_a_form_fits_where_its_words_do(title, width, expires_at, is_plain):
    (note,) = told(asking(title=title, expires_at=expires_at), width=width, look=PLAIN if is_plain else LOOK)
    assert width_of(note.line) <= max(width, 45)
