"""What is looked at."""

import pytest

from tests.viewer.bodies import BODIES, memory, watch
from viewer.session import Session
from viewer.stream import Watch
from viewer.watched import Remark

ROUNDS = BODIES["dify/wf_iter_fail_par_continue"]
SIMPLE = BODIES["dify/chat_simple"]


def session(*bodies, **options):
    found = Session(**options)
    found.take_in([watch(body).runs[0] for body in bodies])
    return found


def test_the_first_run_is_chosen_and_another_one_if_it_goes():
    looked_at = session(ROUNDS, SIMPLE)
    first, second = looked_at.runs
    assert looked_at.chosen is first
    looked_at.take_in([second])
    assert looked_at.chosen is second
    looked_at.take_in([])
    assert looked_at.chosen is None


def test_without_a_run_everything_can_be_asked():
    nothing = Session()
    for do in (nothing.play, nothing.to_live, nothing.freeze):
        do()
    for do in (nothing.step, nothing.seconds, nothing.edge, nothing.seek, nothing.other, nothing.tick):
        do(1)
    assert (nothing.tree, nothing.moment, nothing.now, nothing.time, nothing.state) == (None, None, None, 0.0, ("", ""))
    assert nothing.raw_events(None) == ()
    assert nothing.marks() == []


@pytest.mark.parametrize("event", [10**9, 30, 29])
def test_at_or_beyond_the_last_event_one_looks_at_all_of_it(event):
    looked_at = session(ROUNDS)
    looked_at.seek(5)
    assert looked_at.chosen.events == 29
    looked_at.seek(event)
    assert looked_at.past is None


def test_a_step_from_a_frozen_picture_goes_nowhere_if_nothing_came():
    found = Watch()
    stream = found.open("live", memory(), lambda: 3.0)
    stream.feed(ROUNDS[:4000])
    looked_at = Session()
    looked_at.take_in(found.runs)
    looked_at.freeze()
    looked_at.step(1)
    assert looked_at.past is None


def test_a_run_that_one_comes_back_to_is_shown_whole():
    looked_at = session(ROUNDS, SIMPLE)
    height = looked_at.tree.height
    looked_at.seek(0)
    looked_at.other(1)
    looked_at.other(-1)
    assert looked_at.past is None
    assert looked_at.tree.height == height


def test_to_choose_what_is_chosen_changes_nothing():
    looked_at = session(ROUNDS)
    looked_at.seek(3)
    looked_at.other(1)
    assert looked_at.past == 3


def test_seconds_pass_also_where_nothing_happens():
    found = Watch()
    stream = found.open("slow", memory())
    stream.feed(ROUNDS[:3000], 100.0)
    stream.feed(ROUNDS[3000:], 160.0)
    stream.close(160.0)
    looked_at = Session()
    looked_at.take_in(found.runs)
    looked_at.seek(0)
    times = []
    for _ in range(4):
        looked_at.seconds(5.0)
        times.append(looked_at.time)
    assert times == [5.0, 10.0, 15.0, 20.0]
    for _ in range(6):
        looked_at.seconds(-5.0)
    assert (looked_at.time, looked_at.past) == (0.0, 0)


def test_it_plays_from_the_beginning_to_the_end_at_its_speed():
    looked_at = session(ROUNDS)
    length = looked_at.chosen.history.ended_at - looked_at.chosen.history.began_at
    looked_at.play()
    assert looked_at.state == ("PLAY x1", "live")
    looked_at.faster(2)
    looked_at.tick(length / 4)
    assert looked_at.time == pytest.approx(length / 2)
    looked_at.play()
    looked_at.tick(length)
    assert looked_at.time == pytest.approx(length / 2), "it is paused"
    looked_at.play()
    looked_at.tick(length)
    assert (looked_at.past, looked_at.playing, looked_at.state[0]) == (None, False, "END")


def test_what_a_run_waited_for_is_not_waited_for_again():
    found = Watch()
    for name, at in (("dify/wf_human_1_paused", 0.0), ("dify/wf_human_2_resumed_approve", 3600.0)):
        stream = found.open(name, memory())
        stream.feed(BODIES[name], at)
        stream.close(at)
    looked_at = Session()
    looked_at.take_in(found.runs)
    looked_at.play()
    looked_at.tick(0.9)
    assert looked_at.time == 0.9
    looked_at.tick(0.2)
    assert looked_at.past is None, "the rest came at once"
    looked_at.seek(1)
    looked_at.seconds(1800.0)
    assert looked_at.time == 1800.0, "who wants to look there can"


def test_what_has_no_events_cannot_be_played():
    empty = session(b"")
    empty.play()
    assert (empty.past, empty.playing) == (None, False)


def test_each_run_is_played_once_if_somebody_wants_that():
    looked_at = session(ROUNDS, play=True)
    looked_at.tick(0.0)
    assert looked_at.playing
    looked_at.to_live()
    looked_at.tick(0.0)
    assert not looked_at.playing


def test_speed_has_its_limits():
    looked_at = session(ROUNDS)
    for _ in range(40):
        looked_at.faster(2)
    assert looked_at.speed == 8192
    for _ in range(40):
        looked_at.faster(0.5)
    assert looked_at.speed == 0.125


def test_edges_go_forth_and_back():
    looked_at = session(ROUNDS)
    looked_at.seek(0)
    forth = []
    while looked_at.past is not None:
        looked_at.edge(1)
        forth.append(looked_at.past)
    back = []
    for _ in forth:
        looked_at.edge(-1)
        back.append(looked_at.past)
    assert forth[-1] is None
    assert back[-1] in (0, forth[0])
    assert set(forth[:-1]) - {None} <= set(back) | {looked_at.chosen.events}


def test_what_is_told_of_the_past_is_of_the_past():
    looked_at = session(ROUNDS)
    history = looked_at.chosen.history
    failed = history.edges("error")
    looked_at.seek(failed[0])
    assert looked_at.counts.errors == 1
    looked_at.seek(failed[0] - 1)
    assert looked_at.counts.errors == 0


def test_remarks_are_told_once_their_moment_came():
    looked_at = session(ROUNDS)
    (run,) = looked_at.runs
    run.remarks += [Remark(run.history.time_of(5), "five"), Remark(run.history.ended_at, "end")]
    assert [remark.text for remark in looked_at.remarks] == ["five", "end"]
    assert [mark for mark in looked_at.marks() if mark[1] == "remark"][1] == (1.0, "remark")
    looked_at.seek(5)
    assert looked_at.remarks == [(looked_at.time, "five")]
    looked_at.seek(1)
    assert looked_at.remarks == []


def test_a_row_is_told_as_it_was_or_else_said_to_be_of_now():
    looked_at = session(BODIES["dify/wf_iter_seq5"])
    (turn,) = [row for row in looked_at.tree.walk() if row.key[0] == "r" and row.item.index == 2]
    (node,) = turn.item.in_order()
    looked_at.seek(looked_at.chosen.history.touched(node.number)[0][0])
    then = looked_at.item_of(turn)
    assert [each.status for each in then.item.in_order()] == ["running"]
    assert not then.is_of_now
    assert looked_at.item_of(looked_at.tree.window(0, 1)[0]).item.status == "running"
    looked_at.seek(1)
    assert looked_at.item_of(turn) == (turn.item, True), "it had not begun"


def test_a_run_that_is_too_large_to_be_folded_anew_says_that_it_is_of_now(monkeypatch):
    monkeypatch.setattr("viewer.session._FOLDED_ANEW", 10)
    looked_at = session(BODIES["dify/wf_retry_then_success"])
    rows = list(looked_at.tree.walk())
    assert not any(looked_at.item_of(row).is_of_now for row in rows)
    assert not looked_at.is_of_now
    looked_at.step(-1)
    assert looked_at.is_of_now
    assert looked_at.run is looked_at.chosen.run
    told = {row.key[0]: looked_at.item_of(row).is_of_now for row in rows}
    assert told == {"run": True, "x": False, "t": False}, "an execution is folded alone"
    assert looked_at.counts == (0, 0, 0)


def test_marks_are_where_trouble_was():
    looked_at = session(ROUNDS)
    marks = looked_at.marks()
    assert [mark for _, mark in marks] == ["failed", "failed"]
    assert all(0 <= place <= 1 for place, _ in marks)
    assert looked_at.counts.errors == 2
