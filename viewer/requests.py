"""What keys do to a run that was asked for here: stop it, ask again and compare, leave it.

Rule: what takes time is a worker of the app's, and whatever goes wrong in it is told in the last line.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from streamkit.cli.safe import safe_line
from viewer.watched import Request, Watched

if TYPE_CHECKING:
    from viewer.app import Viewer

_LAST_WORDS: Final = 3.0
"""Seconds that a run which is stopped has to say that it is over, before the viewer ends."""


class Requests:
    """Does it to the run that is looked at."""

    def __init__(self, app: "Viewer") -> None:
        """Prepare for the runs of a viewer."""
        self._app = app
        self._asked: list[str] = []
        """What somebody asked again with."""

    def stop(self) -> None:
        """Stop the run at the server, if somebody confirms that."""
        request = self._request("stopped")
        if request is None:
            return
        if not request.goes_on:
            self._app.say("the run is over")
            return

        def answered(answer: str) -> None:
            if is_yes(answer):
                self._work(partial(self._stop, request))

        self._app.dialogs.ask("stop the run on the server? (y/n)", [], answered)

    def rerun(self) -> None:
        """Run the same again."""
        request = self._request("run again")
        if request is not None:
            self._work(partial(self._repeat, request, request.asked))

    def rerun_with(self) -> None:
        """Run it again with what somebody makes of the question and the inputs."""
        request = self._request("run again")
        if request is not None:

            def answered(asked: str) -> None:
                self._work(partial(self._repeat, request, asked))

            self._app.dialogs.ask("run", self._asked, answered, text=request.asked, check=request.problem)

    def leave(self) -> None:
        """End the viewer; what goes on because of it is told before, as it would go on at the server."""
        app = self._app
        going = (each for each in app.session.runs if each.run.status != "paused")  # what waits costs nothing
        requests = [each.request for each in going if each.request is not None and each.request.goes_on]
        if not requests:
            app.exit()
            return

        def answered(answer: str) -> None:
            if is_yes(answer):
                self._work(partial(self._stop_and_leave, requests))
            else:
                app.exit()

        app.dialogs.ask("a run goes on: stop it on the server? (y/n)", [], answered)

    def _request(self, done: str) -> Request | None:
        watched = self._app.session.chosen
        request = watched.request if watched is not None else None
        if request is None:
            self._app.say(f"a recording: it cannot be {done}")
        return request

    def _work(self, work: Callable[[], Awaitable[None]]) -> None:
        self._app.run_worker(work, group="request", exit_on_error=False)

    async def _stop(self, request: Request) -> None:
        try:
            await request.stop()
        except Exception as error:  # noqa: BLE001 - whatever a source raises is told
            self._app.say(f"not stopped: {safe_line(str(error))}")
        else:
            self._app.say("stopping it: the run says when it is over")

    async def _stop_and_leave(self, requests: Sequence[Request]) -> None:
        for request in requests:
            await self._stop(request)
        with anyio.move_on_after(_LAST_WORDS):
            while any(request.goes_on for request in requests):  # noqa: ASYNC110 - a run tells nobody
                await anyio.sleep(0.02)
        self._app.exit()

    async def _repeat(self, request: Request, asked: str) -> None:
        """Run something again, look at it, and in the end at how it differs from the run before."""
        from viewer.screens.diff import DiffScreen

        app, session = self._app, self._app.session
        old = session.chosen
        app.say("asked again")

        def began(new: Watched) -> None:
            session.marked = old
            session.choose(new)

        new = await request.repeat(asked, began)
        if new is None or old is None or not new.events:
            return
        if app.screen is app.run_tree.screen and session.chosen is new:
            _ = app.push_screen(DiffScreen(app.palette, app.look, old.run, new.run))
        else:
            app.say("the run that was asked for again is over: d on it compares them")


def is_yes(answer: str) -> bool:
    """Whether somebody said yes."""
    return answer.strip().lower() in ("y", "yes")
