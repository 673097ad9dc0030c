"""One run from the command line, from the request to the end: streamed, shown, recorded, its forms answered.

Results go to stdout; what is to be said beside them goes to stderr.
"""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from streamkit.cli.asking.filling import fill
from streamkit.cli.asking.kept import Kept
from streamkit.cli.asking.leaving import Leaving
from streamkit.cli.asking.reaching import USER
from streamkit.cli.asking.shown import Show, keep_drawing
from streamkit.cli.asking.targets import Target
from streamkit.cli.asking.typed import can_ask
from streamkit.cli.output import complain
from streamkit.clients import RunStream
from streamkit.clients.tape import NO_TAPE, FileTape, Tape
from streamkit.run import Run

_FINE: Final = ("succeeded", "partial-succeeded")
_NOT_KEPT: Final = 2


class Outcome(Struct, frozen=True):
    """What came of a run."""

    run: Run
    left: int | None = None
    """The exit code, if it was left by a signal."""
    is_lost: bool = False
    """Whether it was to be recorded, and is not, or not to its end."""

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ran it."""
        if self.left is not None:
            return self.left
        if self.run.status not in _FINE:
            return 1
        return _NOT_KEPT if self.is_lost else 0


def tape_of(path: Path | None, target: Target) -> Kept:
    """Return what records a run, with all that is asked beside it; nothing, if there is no path.

    Raises:
        OSError: nothing can be recorded there.
        RecordingError: a `.zst` needs an extra.
    """
    if path is None:
        return Kept(NO_TAPE)
    connection = target.client.connection
    tape = Kept(FileTape(path, target.client.dialect, secrets=[connection.key]))
    connection.on_exchange = tape.exchange
    return tape


def numbered(record: Path, number: int) -> Path:
    """Return the file of one of several runs."""
    stem, dot, suffix = record.name.partition(".")
    return record.with_name(f"{stem}-{number}{dot}{suffix}")


def attach_line(name: str, run_id: str, user: str | None) -> str:
    """Return the command that goes on with a run.

    Args:
        name: of its app.
        run_id: which run.
        user: whose it is; None for whoever it is by default.
    """
    words = ["streamkit", "attach", name, run_id]
    return shlex.join(words if user in (None, USER) else [*words, "--user", str(user)])


async def perform(
    target: Target, begin: Callable[[], RunStream], show: Show, tape: Kept, *, name: str = "", is_ours: bool = True
) -> Outcome:
    """Run something to its end, or until somebody leaves it.

    Args:
        target: whom to ask when it pauses.
        begin: begins it, or joins it.
        show: shows it.
        tape: records what follows when it pauses.
        name: what the app is called.
        is_ours: whether it is begun here, and not joined.

    Raises:
        UpstreamError: it could not be begun, or not be picked up again.
    """
    leaving = Leaving(show, is_ours=is_ours)
    performed = _Performance(target, begin(), show, tape, leaving, name)
    show.update(performed.run)  # it may take a while until something comes
    try:
        await leaving.watch_over(performed.to_the_end, partial(keep_drawing, show))
    except Exception:
        show.give_up()
        raise
    show.end(performed.run)
    performed.say_what_is_left()
    if tape.problem is not None:
        complain(tape.problem)
    return Outcome(performed.run, leaving.exit_code, tape.problem is not None)


class _Performance:
    """A run that is performed."""

    def __init__(self, target: Target, stream: RunStream, show: Show, tape: Tape, leaving: Leaving, name: str) -> None:
        self.run = stream.run
        self._target = target
        self._stream = stream
        self._show = show
        self._tape = tape
        self._leaving = leaving
        self._name = name

    async def to_the_end(self) -> None:
        """Stream it; where it pauses, ask and go on."""
        await self._watch()
        while self.run.status == "paused" and can_ask():
            self._show.make_room()
            filled = await fill(self._target, self.run)
            if filled == "left":
                return
            self._show.go_on()
            self._stream = self._target.resume(self.run, self._tape, across_pauses=filled == "late")
            await self._watch()

    async def _watch(self) -> None:
        async with self._stream as stream:
            self._leaving.stop = stream.stop
            try:
                async for _ in stream:
                    self.run = stream.run
                    self.run.app = self.run.app or self._name or None
                    self._show.update(self.run)
            finally:
                self._leaving.stop = None
                self.run = stream.run

    def say_what_is_left(self) -> None:
        """Say what somebody should know who looks at the end of a run."""
        if self._stream.reconnects:
            complain(f"the stream broke off {self._stream.reconnects}×, and was picked up again")  # noqa: RUF001
        if self.run.status == "paused" and self.run.id is not None and self._target.tells_pauses:
            line = attach_line(self._name or "dify", self.run.id, self._target.user)
            complain(f"it waits for a form; `{line}` goes on with it")
        elif self.run.status == "paused":
            complain("it waits for a form, which can be answered on a terminal while it is run")
        elif self.run.status == "interrupted" and self._stream.broken is not None:
            complain(str(self._stream.broken))
