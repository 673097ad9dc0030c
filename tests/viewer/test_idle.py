"""When a run waited: what a walk over all of its events finds."""

from hypothesis import given
from hypothesis import strategies as st

from tests.viewer.bodies import BODIES, memory
from viewer.axis import Gap
from viewer.history import History
from viewer.idle import gaps
from viewer.stream import Watch

EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, 2, 50, 5000]), st.sampled_from(["running", "running", "paused", "interrupted"])
    ),
    max_size=25,
)
"""Seconds since the event before, and how the run stands after it."""


def history_of(events):
    history, now = History(), 0.0
    for seconds, status in events:
        now += seconds
        history.record(0, now)
        history.see_run(status, 0)
    return history


def naive(history, last, start, end):
    found = []
    for _ in range(4):
        least = (end - start - sum(gap.seconds for gap in found)) / 5
        new = [
            gap
            for event in range(1, last)
            if (gap := Gap(history.time_of(event), history.time_of(event + 1))).seconds >= least > 0
            and start <= gap.begin
            and gap.end <= end
            and history.run_status_at(event) != "running"
            and gap not in found
        ]
        if not new:
            break
        found = sorted({*found, *new})
    return found


@given(EVENTS, st.integers(0, 25))
def test_every_long_gap_in_which_nothing_ran_is_found(events, last):
    history = history_of(events)
    last = min(last, history.events)
    for end in (history.time_of(last), history.time_of(last) + 3.0):
        assert list(gaps(history, last, history.began_at, end)) == naive(history, last, history.began_at, end)


def test_an_execution_that_says_nothing_for_long_is_no_gap():
    history = history_of([(0, "running"), (1000, "running"), (1, "running")])
    assert gaps(history, 3, 0.0, 1001.0) == []


def test_beside_a_gap_of_days_one_of_minutes_is_long():
    history = history_of(
        [(0, "running"), (2, "paused"), (86_400, "running"), (1, "paused"), (300, "running"), (2, "running")]
    )
    assert [gap.seconds for gap in gaps(history, 6, 0.0, history.ended_at)] == [86_400, 300]


def test_it_asks_little_however_many_events_there_are():
    asked = []

    class Asked(History):
        def event_at(self, time):
            asked.append(time)
            return super().event_at(time)

    history = Asked()
    for event in range(100_000):
        history.record(0, event / 100 + 5000 * (event > 50_000))
        history.see_run("paused", event)
    assert [gap.seconds > 4999 for gap in gaps(history, history.events, 0.0, history.ended_at)] == [True]
    assert len(asked) < 60


def test_a_run_that_waited_for_a_person_has_a_gap_until_it_went_on():
    found = Watch()
    for name, at in (("dify/wf_human_1_paused", 0.0), ("dify/wf_human_2_resumed_approve", 3600.0)):
        stream = found.open(name, memory())
        data = BODIES[name]
        for number in range(10):
            piece = data[number * len(data) // 10 : (number + 1) * len(data) // 10]
            stream.feed(piece, at + number / 10)
        stream.close(at + 1.0)
    (watched,) = found.runs
    (gap,) = gaps(watched.history, watched.events, 0.0, watched.history.ended_at)
    assert 3590 < gap.seconds < 3610
