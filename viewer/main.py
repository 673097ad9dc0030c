"""The viewer as a program: what is watched, the terminal, and how it ends."""

import contextlib
import gc
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio
from anyio import create_task_group

from streamkit.cli.output import complain, is_in_browser
from streamkit.cli.render.look import ASCII, UNICODE, Look
from viewer import crash
from viewer.app import Viewer
from viewer.session import Session
from viewer.sources import FileSource, FolderSource, Source, StdinSource
from viewer.stream import Watch

_TERMINATED: Final = 128
_THRESHOLDS: Final = (20_000, 5, 100)
"""When garbage is collected: young objects after so many, those that outlive it after so many times that."""
_FREEZE_EVERY: Final = 10_000
"""Executions after which what there is counts as kept."""
_FREEZE_SECONDS: Final = 2.0
"""Seconds between two looks at how many came."""


def sources_of(
    paths: Sequence[str], *, follow: bool = False, record: Path | None = None, token: str = ""
) -> list[Source]:
    """Return where bodies come from: `-` is standard input, a folder is all that is in it, a URL all that passes there.

    Args:
        paths: of files and folders, and URLs of admin listeners.
        follow: whether files may grow.
        record: where standard input is kept.
        token: what admin listeners ask for.
    """
    found: list[Source] = []
    for path in paths:
        if path.startswith(("http://", "https://")):
            from viewer.proxied import AdminSource  # it loads aiohttp

            found.append(AdminSource(path, token))
        elif path == "-":
            found.append(StdinSource(record))
        elif Path(path).is_dir():
            found.append(FolderSource(Path(path)))
        else:
            found.append(FileSource(Path(path), follow=follow))
    return found


def run(
    sources: Sequence[Source],
    *,
    dialect: str = "auto",
    ascii_only: bool = False,
    colour: bool = True,
    play: bool = False,
    speed: float = 1.0,
    filter: str = "",
    theme: str | None = None,
    keys: Mapping[str, str] | None = None,
    folder: Path = Path(),
    hello: str = "",
) -> int:
    """Show what sources give until somebody quits, or something is wrong with the viewer; return the exit code.

    Args:
        sources: where bodies come from.
        dialect: a dialect, or "auto".
        ascii_only: whether to draw with ASCII alone.
        colour: whether to use colours.
        play: whether to begin at the beginning of the first run, and play it.
        speed: how fast the past is played.
        filter: a filter for the rows, as behind `f`.
        theme: one of Textual's themes; without colours there is none.
        keys: a user's keys, by the id of their command.
        folder: where exports are written to.
        hello: said in the last line, until the first key.
    """
    watch = Watch(dialect)
    session = Session(speed=speed, play=play)
    look = Look(glyphs=ASCII if ascii_only else UNICODE)
    app = Viewer(watch, session, look=look, colour=colour, filter=filter, folder=folder, keys=keys)
    app.message = hello
    if theme is not None and colour:
        app.theme = theme
    ended_by: list[int] = []

    async def show() -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(_until_signal, app, ended_by)
            tasks.start_soon(keep_what_grows, watch)
            for source in sources:
                tasks.start_soon(source.run, watch)
            app.watching_goes_on = True
            try:
                with _keys_from_the_terminal():
                    await app.run_async()
            finally:
                tasks.cancel_scope.cancel()

    failed: Exception | None = None
    try:
        anyio.run(show)
    except Exception as error:  # noqa: BLE001 - of a source, say: the app took the terminal back already
        failed = error
    finally:
        watch.close()
    if (failed := failed or app.crash) is not None:
        print(crash.report(failed), file=sys.stderr)  # noqa: T201 - the terminal is the shell's again
        complain(crash.WHAT_TO_DO)
        return crash.EXIT_CODE
    return _TERMINATED + ended_by[0] if ended_by else 0


async def keep_what_grows(watch: Watch) -> None:
    """Let the collector of garbage pass over what came of runs, again and again: nearly all of it stays.

    Beside 100,000 executions a full collection takes 250 ms, and by itself it comes every few seconds while they come.
    """
    gc.set_threshold(*_THRESHOLDS)
    kept = 0
    while True:
        await anyio.sleep(_FREEZE_SECONDS)
        count = sum(len(watched.run.executions) for watched in watch.runs)
        if abs(count - kept) >= _FREEZE_EVERY:
            kept = count
            gc.freeze()


async def _until_signal(app: Viewer, ended_by: list[int]) -> None:
    """End the viewer as a signal wants it, so that the terminal is as it was before."""
    if sys.platform == "win32":
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for number in signals:
            ended_by.append(number)
            app.exit()
            return


@contextlib.contextmanager
def _keys_from_the_terminal() -> Iterator[None]:
    """Let keys come from the terminal where standard input is the stream; a browser sends its own."""
    if is_in_browser() or (sys.__stdin__ is not None and sys.__stdin__.isatty()):
        yield
        return
    with open("/dev/tty") as terminal:  # noqa: PTH123 - a device
        before = sys.__stdin__
        setattr(sys, "__stdin__", terminal)  # noqa: B010 - what Textual reads, and final for a type checker
        try:
            yield
        finally:
            setattr(sys, "__stdin__", before)  # noqa: B010
