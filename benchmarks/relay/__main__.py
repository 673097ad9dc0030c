"""Streams through relays, beside each other: `python -m benchmarks.relay`.

Two loads, each through every relay in turn, over and over; of the rounds the median counts. On a machine that is a guest,
others take the processors away for a while: a round that lost more than a hundredth of them is measured again, up to
three times, and the one that lost least counts.

* paced: 200 streams of 20 events a second, as a busy gateway has them. CPU for each event, how much later it comes
  than without a relay, memory for each stream.
* flood: a few streams as fast as they are taken. Events a second of wall time.
"""

import asyncio
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from benchmarks.relay.asking import ask
from benchmarks.relay.relays import RELAYS, Relay, Start, server
from benchmarks.viewer.judged import quantile

_QUIET = 0.01
_ATTEMPTS = 4


class Round(Struct):
    """One load through one relay, once."""

    relay: str
    stolen: float
    """Of all processors, what others on the host took while it was paced."""
    lost: int
    cpu_us: float
    """Microseconds of CPU for each event, paced."""
    busy: float
    """Of one core, paced."""
    p50: float
    """Milliseconds from sending to hearing, paced."""
    p99: float
    stream_kb: float
    """Memory for each of the streams that are open at once."""
    flood: float
    """Events a second of wall time."""
    flood_cpu: float
    """Events a second of CPU."""


async def measured(name: str, relay: Relay, *, streams: int, rate: float, seconds: float, flood: int) -> Round:
    """Send both loads through a relay."""
    await ask(relay.port, streams=20, events=200, rate=0)  # what is made at first is made
    idle = relay.used()
    asking = asyncio.ensure_future(ask(relay.port, streams=streams, events=int(rate * seconds), rate=rate, spread=1.0))
    await asyncio.sleep(1.0 + seconds * 0.8)
    memory = relay.used().memory - idle.memory
    paced = await asking
    after = relay.used()
    burst = await ask(relay.port, streams=8, events=flood // 8, rate=0)
    burst_cpu = relay.used().cpu - after.cpu
    cpu = after.cpu - idle.cpu
    return Round(
        relay=name,
        stolen=(after.stolen - idle.stolen) / paced.seconds,
        lost=paced.lost + burst.lost,
        cpu_us=cpu / max(len(paced.latencies), 1) * 1e6,
        busy=cpu / paced.seconds,
        p50=quantile(paced.latencies, 0.5),
        p99=quantile(paced.latencies, 0.99),
        stream_kb=memory / streams / 1024,
        flood=len(burst.latencies) / burst.seconds,
        flood_cpu=len(burst.latencies) / burst_cpu if burst_cpu else 0.0,
    )


def quietest(name: str, start: Start, upstream: int, **load: float) -> Round:
    """Measure a relay until the host leaves it alone, or often enough."""
    rounds: list[Round] = []
    while len(rounds) < _ATTEMPTS and (not rounds or rounds[-1].stolen > _QUIET):
        with tempfile.TemporaryDirectory(prefix="relay-") as folder, start(upstream, Path(folder)) as relay:
            rounds.append(asyncio.run(measured(name, relay, **load)))
            print(rounds[-1], file=sys.stderr)
    return min(rounds, key=lambda each: each.stolen)


def median(rounds: list[Round]) -> Round:
    """One round for several of the same relay: medians, and all that was lost."""
    figures = [name for name in Round.__struct_fields__ if name not in ("relay", "lost")]
    medians = {name: statistics.median(getattr(each, name) for each in rounds) for name in figures}
    return Round(relay=rounds[0].relay, lost=sum(each.lost for each in rounds), **medians)


def ratios(rounds: dict[str, list[Round]]) -> dict[str, float]:
    """The relay with a tap beside the bare one, by rounds that stood beside each other."""
    pairs = list(zip(rounds["bare relay"], rounds["relay with a tap"], strict=True))
    return {
        "events a second of CPU, paced": statistics.median(bare.cpu_us / tap.cpu_us for bare, tap in pairs),
        "events a second of CPU, flood": statistics.median(tap.flood_cpu / bare.flood_cpu for bare, tap in pairs),
        "events a second, flood": statistics.median(tap.flood / bare.flood for bare, tap in pairs),
        "added p50, ms": statistics.median(tap.p50 - bare.p50 for bare, tap in pairs),
        "added p99, ms": statistics.median(tap.p99 - bare.p99 for bare, tap in pairs),
    }


@click.command
@click.option("--streams", default=200, show_default=True)
@click.option("--rate", default=20.0, show_default=True, help="Events a second of each stream.")
@click.option("--seconds", default=5.0, show_default=True)
@click.option("--flood", default=100_000, show_default=True, help="Events.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--relay", "names", multiple=True, type=click.Choice([*RELAYS]), help="Only these.")
@click.option("--json", "as_json", is_flag=True)
def main(
    *, streams: int, rate: float, seconds: float, flood: int, rounds: int, names: tuple[str, ...], as_json: bool
) -> None:
    """Measure relays beside each other."""
    found: dict[str, list[Round]] = defaultdict(list)
    chosen = {name: start for name, start in RELAYS.items() if start is not None and (not names or name in names)}
    with server() as upstream:
        for _ in range(rounds):
            for name, start in chosen.items():
                load = {"streams": streams, "rate": rate, "seconds": seconds, "flood": flood}
                found[name].append(quietest(name, start, upstream, **load))
    results = [median(of_relay) for of_relay in found.values()]
    beside = ratios(found) if {"bare relay", "relay with a tap"} <= found.keys() else {}
    if as_json:
        print(msgspec.json.encode({"results": results, "tap beside bare": beside}).decode())
        return
    print(f"{'':26}{'µs/event':>10}{'% core':>8}{'p50 ms':>9}{'p99 ms':>9}{'KB/stream':>11}{'flood/s':>10}{'lost':>6}")
    for each in results:
        latency = f"{each.p50:9.2f}{each.p99:9.2f}"
        print(
            f"{each.relay:26}{each.cpu_us:10.1f}{each.busy * 100:8.0f}{latency}{each.stream_kb:11.1f}"
            f"{each.flood:10,.0f}{each.lost:6}"
        )
    for what, figure in beside.items():
        print(f"a tap beside none: {what}: {figure:.2f}")


if __name__ == "__main__":
    main()
