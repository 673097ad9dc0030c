import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.fold import Fold
from streamkit.reader import Reader
from tests.golden.test_golden_runs import CHAINS, paths_of
from tests.properties.folding import chunks_of
from tests.viewer.bodies import BODIES, ONE_RUN, RICH, frame, memory, node, state, watch, workflow
from viewer.history import History
from viewer.stream import Watch

SAME = ("inputs", "outputs", "process_data", "metadata", "text", "reasoning", "error", "attempts", "logs", "status")
RESUMED = [name for name in CHAINS if name != "ragflow/v0221_fillup"]
"""That server's second body names neither run nor session as the first one did."""


FRACTION = st.floats(0, 1)


def tapped(*bodies):
    run = None
    for body in bodies:
        tap = Tap(run=run)
        tap.feed(body)
        tap.close()
        run = tap.run
    return run


def states(*bodies):
    """The run after each event, as a tap has it; after the last one of a body, the body is over."""
    run = Run("auto")
    for body in bodies:
        reader = Reader("auto")
        fold = Fold(run, reader)
        records = [*reader.feed(body), *reader.close()]
        told = [record for record in records if not record.event.is_heartbeat]
        for record in records:
            fold.fold(record, 0.0)
            if told and record is told[-1]:
                fold.close(0.0)
            if not record.event.is_heartbeat:
                yield run


# ---- now


@pytest.mark.untraced
@pytest.mark.parametrize("name", ONE_RUN)
def test_the_run_is_what_a_tap_makes_of_the_same_bytes(name):
    (watched,) = watch(BODIES[name]).runs
    assert state(watched.run) == state(tapped(BODIES[name]))
    assert not watched.live


@given(name=st.sampled_from(RICH), cuts=st.lists(FRACTION, max_size=20))
def test_chunks_change_nothing(name, cuts):
    body = BODIES[name]
    (watched,) = watch(*chunks_of(body, cuts)).runs
    (whole,) = watch(body).runs
    assert state(watched.run) == state(whole.run)
    assert watched.events == whole.events
    assert [watched.history.offset_of(event + 1) for event in range(watched.events)] == [
        whole.history.offset_of(event + 1) for event in range(whole.events)
    ]


@given(name=st.sampled_from(RICH), cuts=st.lists(FRACTION, max_size=5), is_live=st.booleans())
def test_what_is_folded_at_once_is_logged_as_if_it_came_one_by_one(name, cuts, is_live):
    logs, clock = [], (lambda: 2.5) if is_live else None
    for way in ("place", "feed"):
        found = Watch()
        stream = found.open("body", memory(), clock)
        stream._body.place = getattr(stream._body, way)
        for chunk in chunks_of(BODIES[name], cuts):
            stream.feed(chunk)
        stream.close()
        logs.append(
            [(state(run.run), *(getattr(run.history, slot) for slot in History.__slots__)) for run in found.runs]
        )
    assert logs[0] == logs[1]


def test_every_frame_stands_where_the_history_says():
    (watched,) = watch(BODIES["dify/wf_retry_then_success"]).runs
    for event in range(1, watched.events + 1):
        assert watched.segments[0].spool.read(watched.history.offset_of(event), 7) == b"data: {"


# ---- then


@given(name=st.sampled_from(RICH), places=st.lists(FRACTION, min_size=1, max_size=6))
def test_the_past_is_what_a_tap_made_of_the_events_until_then(name, places):
    """However one comes there: forward, back, or to the same event again."""
    (watched,) = watch(BODIES[name]).runs
    assume(watched.events)
    events = [1 + int(place * (watched.events - 1)) for place in places]
    then = {event: state(run) for event, run in enumerate(states(BODIES[name]), 1) if event in events}
    assert [state(watched.at(event)) for event in events] == [then[event] for event in events]


@given(name=st.sampled_from([name for name in RICH if name != "hostile/huge_numbers"]), place=FRACTION)
def test_the_history_says_how_the_past_stood(name, place):
    (watched,) = watch(BODIES[name]).runs
    event = int(place * (watched.events - 1))
    past, history = watched.at(event), watched.history
    assert history.run_status_at(event) == past.status
    assert history.leaf_tokens_at(event) == past.leaf_tokens
    for number in range(1, history.executions + 1):
        known = past.executions.get(history.id_of(number))
        if known is None:
            assert history.status_of(number, event) is None
        else:
            assert number <= history.count_at(event)
            assert history.status_of(number, event) == known.status
            assert history.tokens_of(number, event) == known.total_tokens
            assert history.attempts_of(number, event) == len(known.attempts)
            assert history.ended_of(number, event) == known.ended_at


@given(name=st.sampled_from(RICH), place=FRACTION)
def test_a_detail_of_the_past_is_as_in_the_whole_of_it(name, place):
    (watched,) = watch(BODIES[name]).runs
    event = int(place * (watched.events - 1))
    agree(watched, event)


def agree(watched, event):
    past = watched.at(event).executions
    for execution_id in list(past):
        alone, inside = watched.detail_at(execution_id, event), watched.at(event).executions[execution_id]
        for name in SAME:
            told, known = getattr(alone, name), getattr(inside, name)
            assert told == known or list(told) == list(known), (execution_id, name)
        assert (alone.id, alone.number) == (inside.id, inside.number)
    later = [execution_id for execution_id in watched.run.executions if execution_id not in past]
    assert [watched.detail_at(execution_id, event) for execution_id in later] == [None] * len(later)


@pytest.mark.parametrize("name", RESUMED)
def test_the_past_goes_over_pauses(name):
    bodies = [path.read_bytes() for path in paths_of(name)]
    if len(bodies) > 2 and name.startswith("dify"):
        del bodies[-1]  # it tells of a run that is over: a run of its own
    found = Watch()
    for number, body in enumerate(bodies):
        stream = found.open(f"body {number}", memory())
        stream.feed(body)
        stream.close()
    (watched,) = found.runs
    assert state(watched.run) == state(tapped(*bodies))
    assert len(watched.segments) == len(watched.names) == len(bodies)
    for event, run in enumerate(states(*bodies), 1):
        if event % 3 == 0:
            assert state(watched.at(event)) == state(run)
    for event in range(0, watched.events, 7):
        agree(watched, event)
    found.close()


def test_text_that_waited_for_its_execution_is_in_the_detail():
    """Then the frames of the execution alone do not say it."""
    chunk = {"text": "early ", "from_variable_selector": ["n1", "text"]}
    body = workflow(
        "r",
        ("text_chunk", chunk),
        ("node_started", node(1)),
        ("text_chunk", chunk),
        ("node_finished", node(1, status="succeeded", outputs={"a": 1})),
    )
    (watched,) = watch(body).runs
    assert watched.detail_at("x1", 4).text == "early early "
    assert watched.detail_at("x1", 4).outputs is None
    assert watched.detail_at("x1", 2) is None


def test_a_container_s_detail_reads_none_of_what_is_inside():
    """A hundred thousand rounds would be read again otherwise."""
    box = {"id": "it", "node_id": "it", "node_type": "iteration", "title": "It", "inputs": {"of": [1]}}
    inside = []
    for number in range(50):
        inside += [
            ("iteration_next", {**box, "index": number}),
            ("node_started", node(number, iteration_id="it")),
            ("node_finished", node(number, iteration_id="it", status="succeeded")),
        ]
    body = workflow("r", ("iteration_started", box), *inside, ("iteration_completed", {**box, "status": "succeeded"}))
    (watched,) = watch(body).runs
    assert sum(map(len, watched.history.touched(1))) == 2
    assert watched.detail_at("it#0", 60).inputs == {"of": [1]}
    assert watched.detail_at("it#0", 60).status == "running"


def test_a_large_past_comes_in_slices():
    token = ("text_chunk", {"text": "x", "from_variable_selector": ["n1", "text"]})
    (watched,) = watch(workflow("r", ("node_started", node(1)), *[token] * 1000)).runs
    assert len(list(watched.refold(900))) > 5
    assert watched.at(900).text == "x" * 898
    assert list(watched.refold(900)) == []


def test_the_past_of_a_live_run_goes_on_with_it():
    body = BODIES["dify/wf_retry_then_success"]
    found = watch(body[:2000], close=False)
    (watched,) = found.runs
    before = watched.events
    watched.at(before - 1)
    watched.feed(body[2000:])
    assert watched.live
    assert state(watched.at(before + 1)) == [state(run) for run in states(body)][before]
    found.close()


# ---- what is missing, and when


def test_where_the_disk_was_full_time_travel_ends():
    spool = memory()
    found = Watch()
    stream = found.open("body", spool)
    body = BODIES["dify/wf_retry_then_success"]
    stream.feed(body[:3000])
    spool.problem = "no space left on device"
    stream.feed(body[3000:])
    stream.close()
    watched = stream.watched
    assert watched.problem == "not kept any more, so one cannot go back to it: no space left on device"
    assert state(watched.run) == state(tapped(body))
    assert 0 < watched.reach < watched.events
    assert watched.history.offset_of(watched.reach + 1) <= 3000
    assert state(watched.at(watched.events - 1)) == state(watched.at(watched.reach))
    found.close()


def test_without_any_bytes_there_is_no_past():
    found = watch(BODIES["dify/wf_retry_then_success"])
    (watched,) = found.runs
    found.close()
    assert watched.reach == 0
    assert watched.at(5).executions == {}
    assert watched.run.executions


def test_times_are_given_or_the_clock_s_or_likely():
    chunk = frame("message", message_id="m", conversation_id="c", answer="x")
    (given,) = watch(chunk, at=7.0, close=False).runs
    assert given.history.time_of(1) == given.run.seen_at == 7.0
    found, now = Watch(), [3.0]
    ticking = found.begin("body", memory(), lambda: now[0])
    ticking.feed(chunk)
    now[0] = 5.0
    ticking.feed(chunk)
    assert [ticking.history.time_of(event) for event in (1, 2)] == [3.0, 5.0]
    now[0] = 6.0
    assert ticking.now() == 6.0
    ticking.close()
    now[0] = 9.0
    assert ticking.now() == 6.0
    (likely,) = watch(chunk, chunk).runs
    assert likely.now() == pytest.approx(2 / 60)
    found.close()
