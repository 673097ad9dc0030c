"""An answer that is being played: its pieces in time, held at gates, broken by faults, ended when it is stopped.

Times are absolute: each piece is due at the start plus its own time, so delays do not add up. What a gate held back is
added to the start, so the rest goes on as recorded.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, Protocol

from streamkit.errors import ReplayError
from streamkit.recording import Chunk
from streamkit.replay.faults import Fault
from streamkit.replay.frames import STOP, Place
from streamkit.replay.gates import Gate
from streamkit.replay.library import Take
from streamkit.replay.schedule import ChunkSize, Piece, pieces, stretches
from streamkit.replay.sessions import Session

_KEPT: Final = 10_000
"""So many plays are remembered."""

Outcome = Literal["waiting", "playing", "played", "stopped", "cut", "left"]
"""`cut`: a fault or the end of the server ended it. `left`: the client did."""


class Sink(Protocol):
    """The connection that an answer goes to."""

    async def write(self, data: bytes) -> None:
        """Send bytes at once."""

    async def cut(self) -> None:
        """Close the connection in the middle of the body."""

    async def reset(self) -> None:
        """Reset the connection."""


class Play:
    """One recording, played once."""

    def __init__(
        self,
        number: int,
        take: Take,
        *,
        hold_before: Iterable[str | int] = (),
        faults: Iterable[Fault] = (),
        speed: float = 0.0,
        chunk_size: ChunkSize | None = None,
    ) -> None:
        """Prepare to play.

        Args:
            number: what it is called.
            take: what is played.
            hold_before: places where it is held, see `Place`.
            faults: what goes wrong, beside what the server's own faults do.
            speed: how many times as fast as recorded; 0 is as fast as possible.
            chunk_size: how the body is cut.

        Raises:
            ReplayError: the recording has no such place.
        """
        self.number = number
        self.take = take
        self.faults = list(faults)
        self.session: Session | None = None
        self.turn = 0
        """Which turn of the conversation it answers, counted from 1; 0 for what is no turn."""
        self.outcome: Outcome = "waiting"
        self.sent = 0
        """Bytes of the recorded body that were sent."""
        self._speed = speed
        self._chunk_size = chunk_size
        self._gates = [self._gate(text) for text in hold_before]
        self._body = take.body
        self._chunks: Sequence[Chunk] = take.recording.chunks
        self.is_document = False
        """Whether the answer is one document that was made of the recording."""
        self._terminal: bytes | None = None
        self._is_asked_to_stop = asyncio.Event()
        self._is_cut_short = asyncio.Event()
        self._over = asyncio.Event()
        self._lost = 0.0
        """Seconds for which it was held."""

    def __repr__(self) -> str:
        return f"<Play {self.number} {self.take.name} {self.outcome}>"

    # ---- for who tests

    @property
    def name(self) -> str:
        """The name of the recording."""
        return self.take.name

    @property
    def body(self) -> bytes:
        """What is sent, as far as no fault changes it; empty once that is over."""
        return self._body

    @property
    def gates(self) -> Sequence[Gate]:
        """Where it is held, in order of the body."""
        return sorted(self._gates, key=lambda gate: gate.offset)

    async def reached(self) -> str:
        """Wait until it is held, and return the place.

        Raises:
            ReplayError: it has no gate that still holds, or ended without getting there.
        """
        gate = self._next_gate()
        if gate is None:
            raise ReplayError(f"{self.name}: no gate holds it any more")
        if not await gate.reached():
            raise ReplayError(f"{self.name}: it ended ({self.outcome}) before {gate.place}")
        return gate.place

    def release(self) -> None:
        """Let it go on: from the gate that holds it, or past the next one if none does yet.

        Raises:
            ReplayError: there is no gate that still holds.
        """
        gate = self._next_gate()
        if gate is None:
            raise ReplayError(f"{self.name}: no gate holds it any more")
        gate.release()

    async def finished(self) -> Outcome:
        """Wait until nothing more is sent, and say how that came."""
        await self._over.wait()
        return self.outcome

    @property
    def is_cut_short(self) -> bool:
        """Whether its run was stopped, and ended otherwise than the recording."""
        return self._terminal is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is sent."""
        return self._over.is_set()

    # ---- for the server

    def begin(self, session: Session, faults: Iterable[Fault] = (), document: bytes | None = None) -> None:
        """Take what the answer depends on and was not known before.

        Args:
            session: has its ids and times.
            faults: those of the server.
            document: what is sent in place of the stream. It comes when the stream would have ended, and whatever was
                to be held in the stream is held before it.

        Raises:
            ReplayError: a fault is at a place that the recording does not have.
        """
        self.session = session
        self.faults += faults
        if document is not None:
            self.is_document = True
            self._chunks = [Chunk(self.take.recording.chunks[-1].at if self._chunks else 0.0, document)]
            for gate in self._gates:
                gate.offset = 0
        self._body = session.rewrite(self.take.body if document is None else document, self.take)
        for fault in self.faults:
            self._offset_of(fault)

    def hold(self, gate: Gate) -> None:
        """Put one more gate."""
        self._gates.append(gate)

    def stop(self, terminal: bytes | None) -> None:
        """End the run as its server does.

        Args:
            terminal: what is sent at the end of the frame that is being sent, in place of the rest; None if the
                recording itself was stopped: then it goes on to its end.
        """
        for gate in self._gates:
            if terminal is not None or gate.place == STOP:
                gate.release()
        self._terminal = terminal
        self._is_asked_to_stop.set()
        if terminal is not None:
            self._is_cut_short.set()

    def end(self, outcome: Outcome) -> None:
        """Note that nothing more is sent; the first reason stays."""
        if not self._over.is_set():
            self.outcome = outcome
            self._body = b""
            for gate in self._gates:
                gate.give_up()
            self._over.set()

    async def perform(self, sink: Sink, clock: Callable[[], float]) -> None:
        """Send the body."""
        self.outcome = "playing"
        start = clock()
        places = sorted(self._places(), reverse=True)
        for piece in self._pieces():
            while places and places[-1] <= piece.start:
                if not await self._pass(places.pop(), sink, clock):
                    return
            await self._until(start, piece, clock)
            if self._terminal is not None:
                break
            await sink.write(piece.data)
            self.sent = piece.end
        while places and self._terminal is None:
            if not await self._pass(places.pop(), sink, clock):
                return
        if self._terminal is not None:
            await sink.write(self._rest_of_frame() + self._terminal)
        self.end("played" if self._terminal is None else "stopped")

    # ---- inside

    def _pieces(self) -> Iterable[Piece]:
        spans = [(fault.drop, fault.duplicate) for fault in self.faults]
        frames = () if self.is_document else self.take.frames
        drop = [place.span_in(frames) for place, _ in spans if place and frames]
        duplicate = [place.span_in(frames) for _, place in spans if place and frames]
        parts = stretches(
            len(self._body),
            [(frame.start, frame.end) for frame in drop],
            [(frame.start, frame.end) for frame in duplicate],
        )
        return pieces(self._chunks, self._body, parts, self._places(), self._chunk_size)

    def _places(self) -> set[int]:
        """Return the offsets at which something happens."""
        return {gate.offset for gate in self._gates} | {offset for offset, _ in self._breaks()}

    async def _until(self, start: float, piece: Piece, clock: Callable[[], float]) -> None:
        """Wait until a piece is due, or the run is stopped."""
        delay = start + self._lost + piece.at / self._speed - clock() if self._speed else 0.0
        if delay <= 0:
            await asyncio.sleep(0)  # others get their turn, and what was written goes out by itself
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_cut_short.wait(), delay)

    async def _pass(self, offset: int, sink: Sink, clock: Callable[[], float]) -> bool:
        """Stand at an offset: be held at its gates, meet its faults; return whether the body goes on."""
        for gate in self.gates:
            if gate.offset == offset and not gate.is_open and self._terminal is None:
                since = clock()
                await gate.hold()
                self._lost += clock() - since
        for at, fault in self._breaks():
            if at == offset and not await self._break(fault, sink, clock):
                return False
        return True

    async def _break(self, fault: Fault, sink: Sink, clock: Callable[[], float]) -> bool:
        if fault.breaks == "stall":
            since = clock()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_asked_to_stop.wait(), fault.seconds)
            self._lost += clock() - since
            return True
        self.end("cut")
        await (sink.cut() if fault.breaks == "cut" else sink.reset())
        return False

    def _breaks(self) -> list[tuple[int, Fault]]:
        return [(self._offset_of(fault), fault) for fault in self.faults if fault.breaks]

    def _offset_of(self, fault: Fault) -> int:
        """Return where a fault breaks the body; also look whether its places are there at all."""
        frames, size = self.take.frames, len(self._body)
        for place in (fault.drop, fault.duplicate):
            if place is not None:
                place.span_in(frames)
        if fault.before is not None:
            return 0 if self.is_document else fault.before.offset_in(frames, size)
        return min(fault.after or 0, size)

    def _gate(self, text: str | int) -> Gate:
        place = Place.parse(text)
        return Gate(place.text, place.offset_in(self.take.frames, len(self.take.body)))

    def _next_gate(self) -> Gate | None:
        return next((gate for gate in self.gates if not gate.is_open), None)

    def _rest_of_frame(self) -> bytes:
        """Return what is missing of the frame that was being sent."""
        if self.is_document:
            return b""
        end = next((frame.end for frame in self.take.frames if frame.start < self.sent < frame.end), self.sent)
        return self._body[self.sent : end]


class Plays:
    """The plays of a server: those that wait for a request, and those that go on."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._all: dict[int, Play] = {}
        self._waiting: list[Play] = []

    def number(self) -> int:
        """Return the number of the next play."""
        return next(self._numbers)

    def queue(self, play: Play) -> None:
        """Let a play answer the next request that it can answer."""
        self._all[play.number] = play
        self._waiting.append(play)

    def take_first(self, fits: Callable[[Play], bool]) -> Play | None:
        """Return the first play that waits and fits; it does not wait any more."""
        play = next((play for play in self._waiting if fits(play)), None)
        if play is not None:
            self._waiting.remove(play)
        return play

    def begin(self, play: Play) -> None:
        """Note a play that begins; the oldest that is over is forgotten where there are very many."""
        self._all[play.number] = play
        oldest = next(iter(self._all.values()))
        if len(self._all) > _KEPT and oldest.is_over:
            del self._all[oldest.number]

    def numbered(self, number: int) -> Play | None:
        """Return a play by its number."""
        return self._all.get(number)

    def going_on(self) -> list[Play]:
        """Return those that are being played."""
        return [play for play in self._all.values() if play.outcome == "playing"]

    def waiting(self) -> list[Play]:
        """Return those that wait for a request."""
        return list(self._waiting)

    def of_session(self, session: Session) -> list[Play]:
        """Return what was played of a session, in order."""
        return [play for play in self._all.values() if play.session is session]

    def clear(self) -> None:
        """Forget those that wait, and those that are over."""
        for play in self._waiting:
            play.end("cut")
        self._waiting.clear()
        self._all = {number: play for number, play in self._all.items() if not play.is_over}
