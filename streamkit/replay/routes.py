"""Paths of the vendors, as data: which of them plays a recording, and which has a small answer.

A path may have parts in braces, `/v1/workflows/{workflow_id}/run`; the first route that fits is taken.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from streamkit.replay.playing import Play
    from streamkit.replay.stage import Stage

Door = str
"""What kind of run a path starts: `dify-chat`, `ragflow-agent`, … A recording answers at the doors of its kind."""


class Upload(NamedTuple):
    """A file that came with a request."""

    name: str
    content_type: str
    size: int

    def told(self) -> dict[str, Any]:
        """Return what both vendors tell of a file that they took; its id is that of its name and size."""
        name, dot, extension = self.name.rpartition(".")
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{self.size}")),
            "name": self.name,
            "size": self.size,
            "extension": extension if name and dot else "",
            "mime_type": self.content_type,
            "created_by": str(uuid.uuid5(uuid.NAMESPACE_URL, "streamkit")),
            "created_at": int(time.time()),  # noqa: TID251 - the server has a clock
            "preview_url": None,
        }


class Asked(Struct, frozen=True, kw_only=True):
    """A request, as far as the answer depends on it."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    key: str = ""
    """What was sent as the key, without `Bearer`."""
    body: Mapping[str, Any] = {}
    """Its JSON object; empty if there is none. Any: the client's."""
    params: Mapping[str, str] = {}
    """The parts of the path that the route names."""
    upload: Upload | None = None
    fault: str = ""
    """A fault that the request itself asks for."""

    def text(self, name: str) -> str:
        """Return a text of the body; empty if it is none."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


class Reply(Struct, frozen=True):
    """A small answer, whole."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    why: str = ""
    """Why there is no better one; only of a request that nothing answers."""


def reply(data: object, status: int = 200) -> Reply:
    """Return a small answer in JSON."""
    return Reply(msgspec.json.encode(data), status)


Answer = Callable[["Stage", Asked], "Reply | Play"]
"""What makes the answer of a path that starts no run."""


class Route(NamedTuple):
    """One operation of a vendor."""

    method: str
    path: str
    door: Door = ""
    """Of a path that starts a run, or goes on with one."""
    answer: Answer | None = None
    """Of every path but those where a run simply starts."""


class Found(NamedTuple):
    """A route, and what its named parts are."""

    route: Route
    params: dict[str, str]


class Routes:
    """All routes of a server."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: Final[Sequence[tuple[re.Pattern[str], Route]]] = [(_compiled(route), route) for route in routes]

    def find(self, method: str, path: str) -> Found | None:
        """Return the route of a request; None if there is none."""
        wanted = f"{method} {path.rstrip('/') or '/'}"
        for pattern, route in self._routes:
            fits = pattern.fullmatch(wanted)
            if fits:
                return Found(route, {name: unquote(value) for name, value in fits.groupdict().items()})
        return None


def path_of(url: str | None) -> str:
    """Return the path of a URL, or of a path with a query."""
    return urlsplit(url or "").path


def _compiled(route: Route) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", route.path.rstrip("/"))
    literal = [re.escape(part) if index % 2 == 0 else f"(?P<{part}>[^/]+)" for index, part in enumerate(parts)]
    return re.compile(f"{route.method} {''.join(literal)}")
