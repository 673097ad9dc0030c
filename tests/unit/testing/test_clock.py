import pytest

from streamkit.gateway.relay import watch
from streamkit.testing import FakeClock, OpenAIStream


def test_time_passes_when_a_test_says_so():
    clock = FakeClock(start=10.0)
    assert (clock(), clock()) == (10.0, 10.0)
    clock.advance(2.5)
    assert clock() == clock.now == 12.5


def test_time_may_pass_by_itself():
    clock = FakeClock(step=0.5)
    assert [clock() for _ in range(3)] == [0.0, 0.5, 1.0]


def test_time_does_not_go_back():
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)


async def test_a_stream_is_watched_by_it():
    clock, seen = FakeClock(), []

    async def slowly():
        for chunk in OpenAIStream().llm("one two").finish().chunks(10_000):
            clock.advance(3.0)
            yield chunk

    async for _ in watch(slowly(), on_finish=seen.append, clock=clock):
        pass
    assert seen[0].snapshot().seen_at == 3.0
