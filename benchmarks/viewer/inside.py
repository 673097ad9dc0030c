"""Figures of the app from within, on a screen without a terminal: `python -m benchmarks.viewer.inside`.

The compositor and the encoding for a terminal are the real ones, only nobody reads what they write. Time is CPU time.
"""

import asyncio
import contextlib
import gc
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import anyio
from textual._compositor import CompositorUpdate

from benchmarks.viewer.bodies import LongRun, huge_payload
from benchmarks.viewer.judged import Figure, quantile
from benchmarks.viewer.parts import command
from viewer import app as app_module
from viewer.app import Viewer
from viewer.main import keep_what_grows
from viewer.session import Session
from viewer.spool import TempSpool
from viewer.stream import Stream, Watch

RATE: Final = 20_000
"""Events in a second."""
SAYS: Final = 55
"""Tokens of a model while the load comes: two executions are in 60 events."""
FEWER: Final = 10_000
"""Executions beside which G4 is measured first."""
MOMENTS: Final = 100
"""Moments that one goes to for G9."""
_BEAT: Final = 0.005
"""Seconds between two chunks of the load: at 20,000 events in a second, 100 events each."""
_LONG: Final = (140, 40)
_SMALL: Final = (80, 24)
_SLICE: Final = 1 << 14


class Measured(Viewer):
    """A viewer that counts what it paints, and tells the CPU time of each frame."""

    CSS_PATH = Path(app_module.__file__).with_name("viewer.tcss")

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch, Session())
        self.frames: list[float] = []
        self.painted = self.written = 0
        self.fed = 0.0
        """CPU time of what feeds, which is no part of a frame."""
        self._from = time.process_time()

    def _beat(self) -> None:
        """Begin a frame: it lasts until the next one begins, whatever is done then but reading."""
        now = time.process_time() - self.fed
        self.frames.append(now - self._from)
        self._from = now
        super()._beat()

    def _display(self, screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate):
            self.painted += 1
            self.written += len(renderable.render_segments(self.console).encode())
        super()._display(screen, renderable)

    def begin(self) -> None:
        """Count from now on."""
        self._from = time.process_time() - self.fed
        self.frames.clear()
        self.painted = self.written = 0


def _feed(app: Measured, stream: Stream, data: bytes) -> None:
    before = time.process_time()
    stream.feed(data)
    app.fed += time.process_time() - before


@contextlib.asynccontextmanager
async def _running(size: tuple[int, int]) -> AsyncIterator[tuple[Measured, Watch, Any]]:
    """An app on a screen of a size, with the collector of garbage as in the program."""
    watch = Watch()
    app = Measured(watch)
    async with app.run_test(size=size) as pilot, anyio.create_task_group() as tasks:
        tasks.start_soon(keep_what_grows, watch)
        yield app, watch, pilot
        tasks.cancel_scope.cancel()
    watch.close()


async def _load(app: Measured, stream: Stream, data: bytes) -> None:
    """Read a body as a source does, without a pause."""
    for start in range(0, len(data), _SLICE):
        _feed(app, stream, data[start : start + _SLICE])
        await asyncio.sleep(0)


async def _goes_on(app: Measured, stream: Stream, frames: Iterator[bytes], seconds: float) -> float:
    """Let events come at `RATE`; what is late comes at once. Return the seconds that took."""
    chunks = [b"".join(islice(frames, int(RATE * _BEAT))) for _ in range(int(seconds / _BEAT))]
    gc.collect()
    app.begin()
    began = time.monotonic()
    for number, chunk in enumerate(chunks):
        _feed(app, stream, chunk)
        await asyncio.sleep(max(began + number * _BEAT - time.monotonic(), 0))
    return time.monotonic() - began


async def long_run(folder: Path, executions: int, seconds: float) -> list[Figure]:
    """G3 to G5, G9, G10 and G13, with one run of so many executions."""
    run = LongRun(seed=42)
    frames = run.rounds(SAYS)
    found = []
    async with _running(_LONG) as (app, watch, pilot):
        began = time.monotonic()
        stream = watch.open("long", TempSpool(), lambda: time.monotonic() - began)
        _feed(app, stream, b"".join(run.opening(10**6)))
        for goal, count in (("G4 10k", FEWER), ("G4", executions)):
            missing = max(count - len(watch.runs[0].run.executions), 1000)
            before = app.fed, watch.runs[0].events
            await _load(app, stream, b"".join(islice(run.rounds(), missing * 3)))
            if goal == "G4":
                found.append(Figure("G3", (watch.runs[0].events - before[1]) / (app.fed - before[0])))
            await pilot.pause(0.5)
            found.append(Figure(goal, await _one_more(app, stream, run)))
        before = app.fed, watch.runs[0].events
        took = await _goes_on(app, stream, frames, seconds)
        found.append(Figure("G3 text", (watch.runs[0].events - before[1]) / (app.fed - before[0])))
        found += _of_frames("G5", app)
        found += [Figure("G5 fps", len(app.frames) / took), Figure("G13", app.written / took / 1e3)]
        found += await _to_and_fro(app)
        found.append(Figure("G10", _median(lambda: app.commands.finding.search("summarise"), 5) * 1e3))
    return found


def _of_frames(goal: str, app: Measured) -> list[Figure]:
    return [Figure(f"{goal} {name}", quantile(app.frames, part) * 1e3) for name, part in (("p50", 0.5), ("p99", 0.99))]


async def _one_more(app: Measured, stream: Stream, run: LongRun) -> float:
    """CPU time of one execution that comes, until it is painted."""
    taken = []
    for data in islice(run.rounds(), 60):
        before, painted = time.process_time(), app.painted
        stream.feed(data)
        app.tick()
        await _painted(app, painted)
        taken.append(time.process_time() - before)
    return statistics.median(taken) * 1e3


async def _painted(app: Measured, before: int) -> None:
    """Wait until more is painted than before, or a while."""
    with anyio.move_on_after(0.2):
        while app.painted == before:  # noqa: ASYNC110 - an event for each paint would be in the figure
            await asyncio.sleep(0.004)


async def _to_and_fro(app: Measured) -> list[Figure]:
    """CPU time to go to any moment, and to show it."""
    events, chance, taken = app.watching.runs[0].events, Random(1), []
    for _ in range(MOMENTS):
        to = chance.randrange(events)
        before, painted = time.process_time(), app.painted
        app.session.seek(to)
        app.tick()
        await _painted(app, painted)
        taken.append(time.process_time() - before)
    app.session.to_live()
    return [Figure(f"G9 {name}", quantile(taken, part) * 1e3) for name, part in (("p50", 0.5), ("p99", 0.99))]


def _median(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return statistics.median(taken)


async def small_screen(folder: Path, executions: int, seconds: float) -> list[Figure]:
    """G15: the same load in 80x24."""
    run = LongRun(seed=43)
    async with _running(_SMALL) as (app, watch, _):
        began = time.monotonic()
        stream = watch.open("long", TempSpool(), lambda: time.monotonic() - began)
        _feed(app, stream, b"".join(run.opening(10**6)))
        await _load(app, stream, b"".join(islice(run.rounds(), executions * 3)))
        await _goes_on(app, stream, run.rounds(SAYS), seconds)
        return _of_frames("G15", app)


async def huge_detail(folder: Path, executions: int, seconds: float) -> list[Figure]:
    """G11: an execution with 600 kB of outputs is looked at."""
    taken = []
    async with _running(_LONG) as (app, watch, pilot):
        stream = watch.open("huge", TempSpool())
        stream.feed(huge_payload(600_000))
        stream.close()
        await pilot.pause(0.2)
        (node,) = watch.runs[0].run.executions.values()
        for _ in range(9):
            app.detail.show(None)
            await pilot.pause()
            before, painted = time.process_time(), app.painted
            app.detail.show(node, "find")
            app.detail.pick("out")
            await _painted(app, painted)
            taken.append(time.process_time() - before)
    return [Figure("G11", statistics.median(taken) * 1e3)]


PARTS: Final = {"long": long_run, "small": small_screen, "huge": huge_detail}


main = command(PARTS, lambda part, folder, executions, seconds: anyio.run(PARTS[part], folder, executions, seconds))

if __name__ == "__main__":
    main()
