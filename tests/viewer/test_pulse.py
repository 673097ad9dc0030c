"""How often the viewer looks at its runs: on timers that a test lets pass, so that hours take no time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer import pulse
from viewer.pulse import FRAMES, Pulse

STEP = 1 / 60


class Timer:
    """Calls something again and again, unless it is paused; as Textual's does."""

    def __init__(self, interval, callback, pause):
        self.interval, self.callback, self.is_paused = interval, callback, pause
        self.due = 0.0

    def pause(self):
        self.is_paused = True

    def resume(self):
        self.is_paused = False


class Clock:
    """Time that passes when a test says so, with the timers that live in it."""

    def __init__(self):
        self.now = 0.0
        self.timers = []
        self.ticks = []
        self.is_busy = self.is_live = False
        self.pulse = Pulse(
            lambda: self.ticks.append(self.now), is_busy=lambda: self.is_busy, is_live=lambda: self.is_live
        )

    def set_interval(self, interval, callback, *, pause=False):
        self.timers.append(Timer(interval, callback, pause))
        self.timers[-1].due = self.now + interval
        return self.timers[-1]

    def passes(self, seconds):
        """Let time pass; return how often the viewer looked."""
        before = len(self.ticks)
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += STEP
            for timer in self.timers:
                if self.now >= timer.due - 1e-9:
                    timer.due += timer.interval
                    if not timer.is_paused:
                        timer.callback()
        return len(self.ticks) - before


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(pulse, "monotonic", lambda: found.now)
    return found


def test_it_begins_quickly_and_then_beats_seldom(clock):
    clock.pulse.begin(clock)
    assert clock.passes(1.0) in (FRAMES - 1, FRAMES)
    clock.passes(1.0)
    assert clock.pulse.is_slow
    assert clock.passes(60.0) == 6


def test_a_live_run_that_says_nothing_is_looked_at_twice_a_second(clock):
    clock.is_live = True
    clock.pulse.begin(clock)
    clock.passes(3.0)
    assert clock.pulse.is_slow
    assert clock.passes(60.0) in range(120, 128)
    clock.is_live = False
    clock.passes(1.0)
    assert clock.passes(60.0) == 6


def test_what_goes_on_by_itself_keeps_it_quick_as_long_as_it_lasts(clock):
    clock.is_busy = True
    clock.pulse.begin(clock)
    assert clock.passes(10.0) in range(10 * FRAMES - 2, 10 * FRAMES + 3)
    clock.is_busy = False
    clock.passes(1.0)
    assert clock.pulse.is_slow


def test_what_comes_is_looked_at_within_a_frame_however_long_it_slept(clock):
    clock.pulse.begin(clock)
    clock.passes(100.0)
    clock.pulse.wake()
    assert not clock.pulse.is_slow
    assert clock.passes(2 / FRAMES) >= 1


def test_to_wake_it_before_it_begins_does_no_harm(clock):
    clock.pulse.wake()
    clock.pulse.begin(clock)
    assert clock.passes(1.0) > 0


@given(st.lists(st.tuples(st.floats(0.1, 15.0), st.sampled_from(["wake", "busy", "live", "nothing"])), max_size=12))
def test_no_news_waits_longer_than_a_frame_and_silence_costs_next_to_nothing(story):
    with pytest.MonkeyPatch.context() as patched:
        clock = Clock()
        patched.setattr(pulse, "monotonic", lambda: clock.now)
        clock.pulse.begin(clock)
        for seconds, what in story:
            if what == "wake":
                clock.pulse.wake()
                assert clock.passes(2 / FRAMES) >= 1
            elif what in ("busy", "live"):
                setattr(clock, f"is_{what}", not getattr(clock, f"is_{what}"))
                clock.pulse.wake()  # as bytes and keys do, which bring such news
            clock.passes(seconds)
            quick = clock.is_busy or clock.now < clock.pulse._awake_until
            assert quick or clock.pulse.is_slow or seconds < 2.0
        clock.passes(2.0)
        expected = FRAMES * 20 if clock.is_busy else 40 if clock.is_live else 2
        assert clock.passes(20.0) in range(expected - 2, expected + 5)
