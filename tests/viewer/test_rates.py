"""Tokens a second of a run that goes on."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamkit import Run, Tap
from streamkit.dialects import DIALECTS
from tests.viewer.bodies import BODIES
from viewer.rates import Rates

LOOKS = st.lists(st.tuples(st.floats(0.05, 3.0), st.integers(0, 9)), max_size=40)
"""How long after the look before, and how many pieces came meanwhile."""


@given(LOOKS)
def test_a_second_has_the_pieces_that_came_until_the_first_look_after_it(looks):
    run, rates, told = Run("dify"), Rates(), ()
    assert rates.look(run, 0.0) == ()
    times = [*accumulate(wait for wait, _ in looks)]
    seconds = {}
    last = 0  # the second in which somebody looked before
    for now, (_, pieces) in zip(times, looks, strict=True):
        run.count("message", pieces, None)
        seconds[last] = seconds.get(last, 0) + pieces
        last = max(last, int(now))
        told = rates.look(run, now)
    over = [seconds.get(second, 0) for second in range(last)][-60:]
    assert list(told) == (over if any(over) else [])


def test_what_came_before_the_first_look_is_of_no_second():
    run, rates = Run("dify"), Rates()
    run.count("message", 1000, None)
    rates.look(run, 0.0)
    run.count("message", 3, None)
    assert rates.look(run, 1.0) == (3,)


def test_of_a_long_silence_a_minute_is_kept_and_nothing_is_said_of_it():
    run, rates = Run("dify"), Rates()
    rates.look(run, 0.0)
    run.count("message", 5, None)
    assert rates.look(run, 2.0) == (5, 0)
    assert rates.look(run, 1e9) == ()
    run.count("message", 7, None)
    assert rates.look(run, 1e9 + 1) == (0,) * 59 + (7,)


def test_another_run_begins_anew():
    first, second, rates = Run("dify"), Run("dify"), Rates()
    rates.look(first, 0.0)
    first.count("message", 5, None)
    assert rates.look(first, 1.0) == (5,)
    assert rates.look(second, 2.0) == ()


@pytest.mark.parametrize("name", ["dify/chat_llm_400_chunks", "dify/wf_text_chunk", "dify/agent_chat_fc_three_rounds"])
def test_pieces_of_text_are_counted_and_nothing_else(name):
    tap, rates = Tap(), Rates()
    rates.look(tap.run, 0.0)
    events = tap.feed(BODIES[name]) + tap.close()
    texts = tuple(DIALECTS["dify"].deltas)
    pieces = sum(isinstance(event, texts) for event in events)
    assert 0 < pieces < len(events)
    assert rates.look(tap.run, 1.0) == (pieces,)


def test_a_run_whose_dialect_is_not_known_yet_says_nothing():
    rates = Rates()
    run = Run("auto")
    rates.look(run, 0.0)
    assert rates.look(run, 5.0) == ()
