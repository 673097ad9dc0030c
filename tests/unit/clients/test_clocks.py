"""Two clocks: a ping proves that somebody is there, and not that anything happens."""

import pytest

from streamkit.clients.clocks import Clocks
from streamkit.clients.patience import Patience
from streamkit.run import Run

PATIENCE = Patience(silence=60, progress=600, linger=2)


class Time:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def clocks(time):
    clocks = Clocks(PATIENCE, time)
    clocks.begin_body()
    return clocks


@pytest.fixture
def run():
    return Run("dify")


def ping(clocks):
    clocks.saw(13, is_news=False, is_heartbeat=True)


def test_a_body_begins_with_both_clocks_wound(clocks, run):
    assert clocks.left(run) == 60


def test_a_ping_winds_the_one_and_not_the_other(clocks, time, run):
    for _ in range(11):
        time.now += 50
        ping(clocks)
    assert clocks.left(run) == 50
    time.now += 50
    assert clocks.left(run) == 0
    assert clocks.verdict(run) == "nothing but heartbeats for 600 s"


def test_silence_is_told_apart(clocks, time, run):
    time.now += 60
    assert clocks.left(run) == 0
    assert clocks.verdict(run) == "not a byte for 60 s"


def test_an_event_winds_both(clocks, time, run):
    time.now += 59
    clocks.saw(200, is_news=True, is_heartbeat=False)
    assert clocks.left(run) == 60


def test_a_ping_in_pieces_is_still_no_progress(clocks, time, run):
    """One byte a chunk is what any proxy may make of it."""
    for _ in range(50):
        time.now += 12
        for byte in range(13):
            clocks.saw(1, is_news=False, is_heartbeat=byte == 12)
    assert clocks.left(run) == 0


def test_a_large_event_that_comes_slowly_is_progress(clocks, time, run):
    for _ in range(100):
        time.now += 50
        clocks.saw(1000, is_news=False, is_heartbeat=False)
    assert clocks.left(run) == 60


def test_after_an_end_it_lingers(clocks, time, run):
    run.finish("succeeded")
    assert clocks.left(run) == 2
    time.now += 1.5
    ping(clocks)
    assert clocks.left(run) == 0.5
    clocks.saw(100, is_news=True, is_heartbeat=False)  # speech, behind the end
    assert clocks.left(run) == 2
    time.now += 2
    assert clocks.verdict(run) is None


def test_after_an_error_there_is_nothing_to_wait_for(clocks, run):
    """A relay pings for five minutes behind an error (Dify #36996)."""
    run.finish("failed")
    assert clocks.left(run) == 2
    run.settle()
    assert clocks.left(run) == 0


def test_times_go_on_from_body_to_body_and_sizes_do_not(clocks, time):
    time.now += 5
    clocks.saw(7, is_news=True, is_heartbeat=False)
    assert (clocks.now(), clocks.in_body(), clocks.size) == (105, 5, 7)
    clocks.begin_body()
    assert (clocks.now(), clocks.in_body(), clocks.size) == (105, 0, 0)
