"""An app that is asked from here: its runs come live, their forms are answered, and it can be asked again.

A run is performed by a client, and every chunk that the client reads is fed to the `Watch`, too: what is seen is what would
be seen of a recording of it.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
from anyio import create_task_group
from anyio.abc import TaskGroup
from msgspec import Struct, structs

from streamkit.cli.asking.apps import App, BadConfig
from streamkit.cli.asking.conversations import remember
from streamkit.cli.asking.kept import Kept
from streamkit.cli.asking.performing import numbered, tape_of
from streamkit.cli.asking.reaching import reached
from streamkit.cli.asking.targets import Question, Target
from streamkit.clients.body import Body
from streamkit.clients.stream import RunStream
from streamkit.clients.tape import Tape
from streamkit.errors import Refused, UpstreamError, line_of
from streamkit.run import HumanInput, Run
from streamkit.run.payload import Json
from viewer.spool import TempSpool, reason
from viewer.stream import Stream, Watch
from viewer.watched import Watched

_AGAIN: Final = 30.0
"""Seconds until a run that waits is looked at again, where the server does not let one look for longer."""

Began = Callable[[Watched], None]
"""Is told of a run as soon as there is something of it."""


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody may change before an app is asked again."""

    query: str | None = None
    inputs: dict[str, Json] = {}


class RequestSource:
    """An app that is asked, and its answers."""

    live = True

    def __init__(self, app: App, question: Question, *, record: Path | None = None) -> None:
        """Prepare to ask.

        Args:
            app: which one.
            question: what to ask first.
            record: keep the run in this file; what is asked later is kept beside it, with a number.
        """
        self.name = app.name
        self.requests: list[Requested] = []
        """All that was asked so far."""
        self.app = app
        self._question = question
        self._record = record
        self._watch: Watch | None = None
        self._tasks: TaskGroup | None = None

    async def run(self, watch: Watch) -> None:
        """Ask, and be there for what is asked next, for ever."""
        async with create_task_group() as tasks:
            self._watch, self._tasks = watch, tasks
            self.ask(self._question, lambda _: None)
            await anyio.sleep_forever()

    def ask(self, question: Question, began: Began) -> "Requested":
        """Ask something, beside all that goes on."""
        assert self._watch is not None and self._tasks is not None  # noqa: S101, PT018 - it runs
        record = self._record
        if record is not None and self.requests:
            record = numbered(record, len(self.requests) + 1)
        requested = Requested(self, self._watch, question, record, began)
        self.requests.append(requested)
        self._tasks.start_soon(requested.perform)
        return requested


class Requested(Tape):
    """A run that was asked for: its bodies on their way into the watch, and what can be done about it."""

    def __init__(
        self, source: RequestSource, watch: Watch, question: Question, record: Path | None, began: Began
    ) -> None:
        """Prepare a run.

        Args:
            source: asks again.
            watch: where it is seen.
            question: what is asked.
            record: where it is kept, if it is.
            began: is told of it.
        """
        self.watched: Watched | None = None
        """The run, as soon as there is something of it."""
        self.over = anyio.Event()
        """Set when nothing more can come."""
        self._source = source
        self._watch = watch
        self._question = question
        self._record = record
        self._kept: Kept | None = None
        self._began: Began | None = began
        self._epoch = time.monotonic()
        self._target: Target | None = None
        self._stream: RunStream | None = None
        self._body: Stream | None = None
        self._answered = anyio.Event()

    # ---- the run

    async def perform(self) -> None:
        """Run it to its end, whoever has to answer for that."""
        try:
            async with reached(self._source.app) as self._target:
                self._kept = tape_of(self._record, self._target)
                await self._follow(self._target.begin(self._question, self))
                await self._wait_and_go_on(self._target)
        except OSError as error:
            self._fail(": ".join(filter(None, (error.filename, reason(error)))))
        except (BadConfig, UpstreamError, RuntimeError) as error:
            self._fail(line_of(error))
        finally:
            self.over.set()

    @property
    def run(self) -> Run | None:
        """The run, as the client has it."""
        return self._stream.run if self._stream is not None else None

    async def _follow(self, stream: RunStream) -> None:
        self._stream = stream
        async with stream:
            await stream.finish()
        if self._target is not None:
            remember(self._source.app, self._target.client.connection.base, stream.run)
        if stream.run.status == "interrupted" and stream.broken is not None:
            self._fail(str(stream.broken))

    async def _wait_and_go_on(self, target: Target) -> None:
        """Go on as long as it waits for somebody: in the stream that tells of that, else when it is answered here."""
        is_told = target.tells_pauses
        while (run := self._waiting) is not None:
            await self._learn_defaults(target, run)
            is_told = is_told and await self._follow_pause(target, run)
            if self._waiting is not None:
                await self._wait_for_answer(_AGAIN if is_told else math.inf)
                if not is_told:
                    await self._follow(target.resume(run, self))

    @property
    def _waiting(self) -> Run | None:
        """The run, if it waits for somebody."""
        run = self.run
        return run if run is not None and run.status == "paused" else None

    async def _follow_pause(self, target: Target, run: Run) -> bool:
        """Watch a run that waits; return whether the server lets one do that."""
        try:
            await self._follow(target.resume(run, self, across_pauses=True))
        except Refused:
            return False
        return True

    async def _wait_for_answer(self, longest: float) -> None:
        with anyio.move_on_after(longest):
            await self._answered.wait()
            self._answered = anyio.Event()

    async def _learn_defaults(self, target: Target, run: Run) -> None:
        for form in [form for form in run.forms if form.status == "waiting"]:
            defaults = await target.defaults(form)
            if self.watched is not None and defaults is not None:
                self.watched.defaults[form.form_id] = defaults

    def _fail(self, problem: str) -> None:
        """Say why it is not there, or not whole."""
        if self.watched is None:
            body = self._watch.open(self._source.name, TempSpool())
            body.close()
            self._own(body.watched)
            self._tell()
        if self.watched is not None:
            self.watched.problem = problem

    # ---- its bodies: a tape's business

    def begin(self, body: Body) -> None:
        """Open a body in the watch."""
        self._body = self._watch.open(self._source.name, TempSpool(), lambda: time.monotonic() - self._epoch)
        if self.watched is not None and not self.watched.live and not self.watched.run.ended_by_server:
            self._body.go_on_with(self.watched)  # which a server may say only when somebody has answered
        self._own(self._body.watched)
        if self._kept is not None:
            self._kept.begin(body)

    def write(self, chunk: bytes) -> None:
        """Feed a chunk."""
        self._feed(chunk)
        if self._kept is not None:
            self._kept.write(chunk)
            if self._kept.problem is not None and self.watched is not None:
                self.watched.problem = self._kept.problem

    def aside(self, frames: bytes) -> None:
        """Feed what was learned beside the body: it is shown, and not recorded."""
        self._feed(frames)

    def end(self, how: str, reason: str | None = None) -> None:
        """End the body."""
        if self._body is not None:
            self._body.close()
        if self._kept is not None:
            self._kept.end(how, reason)

    def _feed(self, chunk: bytes) -> None:
        assert self._body is not None  # noqa: S101 - a tape begins before it is written
        self._body.feed(chunk)
        self._own(self._body.watched)  # its first event may say that it goes on with another one
        self._tell()

    def _own(self, watched: Watched) -> None:
        if watched is not self.watched:
            self.watched = watched
            watched.submit, watched.request = self.submit, self

    def _tell(self) -> None:
        began, self._began = self._began, None
        if began is not None and self.watched is not None:
            began(self.watched)

    # ---- what can be done about it

    @property
    def goes_on(self) -> bool:
        """Whether the run goes on at the server, as far as is known."""
        return not self.over.is_set() and not (self.run is not None and self.run.ended_by_server)

    @property
    def asked(self) -> str:
        """The question and the inputs, as JSON in one line."""
        return msgspec.json.encode(Asked(self._question.query, self._question.inputs)).decode()

    def problem(self, asked: str) -> str | None:
        """Return why something cannot be asked; None if it can."""
        try:
            msgspec.json.decode(asked, type=Asked)
        except msgspec.MsgspecError as error:
            return str(error)
        return None

    async def submit(self, form: HumanInput, action: str, body: dict[str, Any]) -> None:
        """Send the answer to a form.

        Raises:
            UpstreamError: it was not taken.
            RuntimeError: the run is over.
        """
        target, run = self._target, self.run
        if target is None or run is None or not self.goes_on:
            raise RuntimeError("the run is over")
        await target.answer(run, form, action, body)
        self._answered.set()

    async def stop(self) -> None:
        """Stop the run at the server.

        Raises:
            UpstreamError: the server cannot be reached, or refused.
            RuntimeError: it has no way to do that, or has not named the run yet.
        """
        if self._stream is None:
            raise RuntimeError("it has not begun yet")
        await self._stream.stop()

    async def repeat(self, asked: str, began: Began) -> Watched | None:
        """Run it again, as `Request` says."""
        told = msgspec.json.decode(asked, type=Asked)
        question = structs.replace(self._question, query=told.query, inputs=told.inputs)
        other = self._source.ask(question, began)
        await other.over.wait()
        return other.watched
