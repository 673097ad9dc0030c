"""The benchmark of relays measures what it says, in small; how quick they are, no test asks."""

import asyncio

import pytest

from benchmarks.relay.__main__ import Round, measured, median, ratios
from benchmarks.relay.asking import Chunked, ask
from benchmarks.relay.relays import RELAYS, server

pytestmark = pytest.mark.untraced

BODY = b"5\r\nhello\r\nB;name=1\r\n\r\n, world\r\n\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def upstream():
    with server() as port:
        yield port


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(BODY)])
def test_a_body_is_taken_out_of_its_chunks(size):
    body = Chunked()
    found = [body.feed(BODY[start : start + size]) for start in range(0, len(BODY), size)]
    assert b"".join(found) == b"hello\r\n, world\r\n"
    assert body.is_over


def test_of_each_event_it_is_heard_how_late_it_comes(upstream):
    heard = asyncio.run(ask(upstream, streams=3, events=20, rate=40))
    assert (len(heard.latencies), heard.lost) == (60, 0)
    assert all(0 < latency < 5000 for latency in heard.latencies)
    assert heard.seconds >= 19 / 40


@pytest.mark.parametrize("name", [name for name, start in RELAYS.items() if start is not None])
def test_each_relay_loses_nothing_and_gives_its_figures(name, upstream, tmp_path):
    with RELAYS[name](upstream, tmp_path) as relay:
        found = asyncio.run(measured(name, relay, streams=5, rate=20, seconds=0.5, flood=800))
    assert (found.relay, found.lost) == (name, 0)
    assert found.flood > 0
    assert found.p99 >= found.p50 > 0


def test_of_several_rounds_the_median_counts_and_a_tap_is_beside_a_bare_relay():
    def a_round(name, cpu):
        return Round(
            name,
            stolen=0.0,
            lost=1,
            cpu_us=cpu,
            busy=0.5,
            p50=1.0,
            p99=cpu,
            stream_kb=1.0,
            flood=100 / cpu,
            flood_cpu=100 / cpu,
        )

    bare, tap = [a_round("a", cpu) for cpu in (10, 30, 20)], [a_round("b", cpu) for cpu in (20, 40, 25)]
    assert (median(bare).cpu_us, median(bare).lost) == (20, 3)
    beside = ratios({"bare relay": bare, "relay with a tap": tap})
    assert beside["events a second of CPU, paced"] == 0.75
    assert beside["added p99, ms"] == 10
