"""Everything between a request and its answer: which recording plays, for which session, with what going wrong.

Knows no connection: it makes replies and plays, and the server sends them.
"""

import os
from collections.abc import Callable, Iterable, Sequence

from streamkit.errors import ReplayError
from streamkit.recording import Exchange, Recording
from streamkit.replay.blocking import document_of, wants_document
from streamkit.replay.faults import Fault, Faults, as_faults
from streamkit.replay.library import Library, Take
from streamkit.replay.matching import Matcher, Near, body_misfit, conversation_of
from streamkit.replay.playing import Play, Plays
from streamkit.replay.routes import Asked, Door, Reply, path_of, reply
from streamkit.replay.schedule import ChunkSize
from streamkit.replay.sessions import Session, Sessions
from streamkit.replay.stopping import terminal_of
from streamkit.run import Run
from streamkit.tap import Tap

NOT_RECORDED = 501
"""The status of what no recording answers: no vendor sends it."""


class Stage:
    """What a replay server knows and remembers."""

    def __init__(
        self,
        library: Library,
        *,
        speed: float = 0.0,
        chunk_size: int | str | None = None,
        fresh_ids: str | None = None,
        now: Callable[[], float] | None = None,
        faults: Iterable[Fault | str] = (),
    ) -> None:
        """Set the stage.

        Args:
            library: what can be played.
            speed: how many times as fast as recorded; 0 is as fast as possible.
            chunk_size: how bodies are cut, see `ChunkSize`.
            fresh_ids: decides the ids that runs have; None leaves them as recorded.
            now: tells the time to which recordings are moved, in epoch seconds; None leaves their times.
            faults: what goes wrong.

        Raises:
            ReplayError: the chunk size or a fault means nothing.
        """
        self.library = library
        self.sessions = Sessions(fresh_ids, now)
        self.now = now
        self.matcher = Matcher(library, self.sessions)
        self.plays = Plays()
        self.faults = Faults(faults)
        self.speed = speed
        self._chunk_size = ChunkSize(chunk_size)
        self._answered: set[int] = set()
        """Exchanges that were used, by identity."""

    def reset(self) -> None:
        """Forget all that was played, begun and queued, and all faults."""
        self.sessions.clear()
        self.matcher.clear()
        self.plays.clear()
        self.faults.clear()
        self._answered.clear()

    # ---- plays

    def prepare(
        self,
        take: Take,
        *,
        hold_before: str | int | Sequence[str | int] | None = None,
        faults: Iterable[Fault | str] = (),
        speed: float | None = None,
        chunk_size: int | str | None = None,
    ) -> Play:
        """Return a play of a recording; for the arguments see `ReplayServer.play`.

        Raises:
            ReplayError: the recording has no such place, or something means nothing.
        """
        places = [hold_before] if isinstance(hold_before, str | int) else hold_before or ()
        return Play(
            self.plays.number(),
            take,
            hold_before=places,
            faults=as_faults(faults),
            speed=self.speed if speed is None else speed,
            chunk_size=self._chunk_size if chunk_size is None else ChunkSize(chunk_size),
        )

    def start(self, asked: Asked, door: Door) -> Play | Reply:
        """Answer a request that starts a run: with what is queued, else with the recording that fits best."""
        wants = wants_document(asked, door)
        queued = self.plays.take_first(lambda play: door in play.take.doors)
        if queued is not None:
            return self.begin(queued, self.sessions.of(conversation_of(asked), [queued.take]), asked, wants=wants)
        recorded = self.recorded(asked) if wants else None
        if recorded is not None:
            return recorded
        picked = self.matcher.pick(asked, door, wants)
        if isinstance(picked, list):
            return not_recorded(asked, picked)
        return self.begin(self.prepare(picked.take), picked.session, asked, wants=wants)

    def begin(self, play: Play, session: Session | None, asked: Asked, *, wants: bool = False) -> Play | Reply:
        """Let a play answer a request.

        Args:
            play: what was prepared.
            session: what it goes on with; None, or one of other recordings, begins a new one.
            asked: the request.
            wants: whether the client wants one document.
        """
        take = play.take
        if session is None or not (take in session.takes or take.is_derived):
            session = self.sessions.open(self.library.group(take))
        if not take.is_derived:
            session.begin(take)
            self.matcher.note(take)
        turns = session.turns()
        if take in turns:
            play.turn = turns.index(take) + 1
            session.messages.append((take, asked))
        faults = self.faults.take(take.name)
        try:
            faults += as_faults([asked.fault] if asked.fault else [])
            is_made = wants and take.is_understood and not take.is_document
            play.begin(session, faults, document_of(take) if is_made else None)
        except ReplayError as error:
            return not_recorded(asked, [Near(take.name, f"cannot have its fault: {error}")])
        self.plays.begin(play)
        return play

    def stop(self, task_id: str) -> None:
        """End the run of a task as its server does, if it goes on."""
        for play in self.plays.going_on():
            session = play.session
            if session is not None and session.id(play.take.run.task_id) == task_id:
                terminal = terminal_of(play.take)
                play.stop(session.rewrite(terminal, play.take) if terminal is not None else None)

    def find(self, recording: str | os.PathLike[str] | Recording | Take) -> Take:
        """Return the take of a name, or of a recording that is added to the library.

        Raises:
            ReplayError: there is none of that name, or several, or it cannot be read.
        """
        if isinstance(recording, Take):
            return recording
        if not isinstance(recording, str):
            return self.library.take_of(recording)
        named = self.library.named(recording)
        if len(named) != 1:
            several = ", ".join("/".join((*take.folders, take.name)) for take in named)
            raise ReplayError(f"{recording!r} names {several}" if named else f"there is no recording {recording!r}")
        return named[0]

    # ---- what was recorded beside

    def recorded(self, asked: Asked) -> Reply | None:
        """Return the small answer that was recorded for a request, the next one if there are several."""
        named = self.matcher.named_by(asked)
        found = [
            exchange
            for take, exchange in self.library.exchanges()
            if (not named or take in named) and self._is_of(exchange, asked)
        ]
        if not found:
            return None
        exchange = next((one for one in found if id(one) not in self._answered), found[-1])
        self._answered.add(id(exchange))
        return _as_reply(exchange)

    def _is_of(self, exchange: Exchange, asked: Asked) -> bool:
        request = exchange.request
        return (
            (request.method or "GET").upper() == asked.method
            and path_of(request.url).rstrip("/") == asked.path.rstrip("/")
            and not body_misfit(request.body, asked.body)
        )

    # ---- runs

    def run_of(self, takes: Sequence[Take]) -> Run:
        """Return the run that bodies make together."""
        run: Run | None = None
        for take in takes:
            tap = Tap("auto", run=run)
            tap.observe(take.body)
            tap.close()
            run = tap.run
        assert run is not None  # noqa: S101 - for the type checker
        return run


def not_recorded(asked: Asked, nearest: Sequence[Near], why: str = "") -> Reply:
    """Return what says that nothing was recorded for a request, and what came near or why nothing does."""
    told = why or "; ".join(f"{near.name} {near.why}" for near in nearest)
    message = f"no recording answers {asked.method} {asked.path}" + (f": {told}" if told else "")
    near = [{"name": one.name, "why": one.why} for one in nearest]
    body = reply({"code": "not_recorded", "message": message, "status": NOT_RECORDED, "nearest": near}, NOT_RECORDED)
    return Reply(body.body, body.status, why=message)


def _as_reply(exchange: Exchange) -> Reply:
    response = exchange.response
    headers = {name.lower(): value for name, value in response.headers.items()}
    status = response.status or 200
    if isinstance(response.body, str) and "json" not in headers.get("content-type", ""):
        return Reply(response.body.encode(), status, headers.get("content-type", "text/plain; charset=utf-8"))
    return reply(response.body, status) if response.body is not None else Reply(b"", status)
