"""How tests in other languages control a replay server: JSON on a port of its own, for this machine alone.

Waiting is in the request, `GET /gates/1?wait=5`, so no test needs to sleep or to ask again and again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct, field

from streamkit.errors import ReplayError
from streamkit.replay.playing import Play

if TYPE_CHECKING:
    from streamkit.replay.server import ReplayServer

_LONGEST_WAIT: Final = 60.0
_Handler = Callable[[web.Request], Awaitable[web.Response]]


class PlayOrder(Struct, forbid_unknown_fields=True):
    """The body of `POST /play`."""

    recording: str
    hold_before: str | int | list[str | int] | None = None
    faults: list[str] = field(default_factory=list)
    speed: float | None = None
    chunk_size: int | str | None = None


class FaultOrder(Struct, forbid_unknown_fields=True):
    """The body of `POST /faults`."""

    fault: str


def admin_app(server: "ReplayServer") -> web.Application:
    """Return the application that controls a server."""
    admin = _Admin(server)
    app = web.Application()
    app.router.add_get("/healthz", _told(admin.health))
    app.router.add_get("/requests", _told(admin.requests))
    app.router.add_post("/play", _told(admin.play))
    app.router.add_get("/gates/{number}", _told(admin.gate))
    app.router.add_post("/gates/{number}/release", _told(admin.release))
    app.router.add_post("/faults", _told(admin.fault))
    app.router.add_post("/reset", _told(admin.reset))
    return app


def _told(answer: Callable[[web.Request], Awaitable[Any]]) -> _Handler:
    """Answer in JSON; what cannot be done is an error with a sentence."""

    async def handle(request: web.Request) -> web.Response:
        try:
            told, status = await answer(request), 200
        except KeyError as error:
            told, status = {"error": f"there is no play {error.args[0]}"}, 404
        except (ReplayError, msgspec.MsgspecError, ValueError) as error:
            told, status = {"error": str(error)}, 400
        return web.Response(body=msgspec.json.encode(told), status=status, content_type="application/json")

    return handle


class _Admin:
    """What can be done."""

    def __init__(self, server: "ReplayServer") -> None:
        self._server = server

    async def health(self, _: web.Request) -> object:
        return {"url": self._server.url, "recordings": len(self._server.takes)}

    async def requests(self, _: web.Request) -> object:
        return self._server.requests

    async def play(self, request: web.Request) -> object:
        order = msgspec.json.decode(await request.read(), type=PlayOrder)
        play = self._server.play(
            order.recording,
            hold_before=order.hold_before,
            faults=order.faults,
            speed=order.speed,
            chunk_size=order.chunk_size,
        )
        return _of(play)

    async def gate(self, request: web.Request) -> object:
        play = self._play(request)
        wait = float(request.query.get("wait", "0"))
        if any(not gate.is_open for gate in play.gates):
            try:
                await asyncio.wait_for(play.reached(), max(0.0, min(wait, _LONGEST_WAIT)))
            except TimeoutError:
                pass
            except ReplayError:  # it ended without getting there, which the answer tells
                pass
        return _of(play)

    async def release(self, request: web.Request) -> object:
        play = self._play(request)
        play.release()
        return _of(play)

    async def fault(self, request: web.Request) -> object:
        self._server.add_fault(msgspec.json.decode(await request.read(), type=FaultOrder).fault)
        return {}

    async def reset(self, _: web.Request) -> object:
        self._server.reset()
        return {}

    def _play(self, request: web.Request) -> Play:
        number = request.match_info["number"]
        play = self._server.numbered(int(number)) if number.isdecimal() else None
        if play is None:
            raise KeyError(number)
        return play


def _of(play: Play) -> dict[str, Any]:
    """Return how a play stands. Any: JSON."""
    gates = [{"place": gate.place, "reached": gate.is_reached, "open": gate.is_open} for gate in play.gates]
    held = next((gate.place for gate in play.gates if gate.is_reached and not gate.is_open), None)
    return {"id": play.number, "recording": play.name, "outcome": play.outcome, "held_before": held, "gates": gates}
