"""What apps are called: as somebody named them, as the server's `/info` does, else by the id in a path or a body."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streamkit.gateway.asked import Asked
from streamkit.gateway.recognise import Route

_INFO: Final = re.compile(r"(?P<base>.*/v1)/info/?")
"""Where Dify's service API tells the name of the app that a key is of."""
_SERVICE: Final = re.compile(r"(?P<base>.*?/v1)/")
_LONGEST: Final = 100
_LEARNT: Final = 2_000
"""So many keys are known by name that nobody gave."""


class _Info(msgspec.Struct):
    name: Any = None  # Any: what a server sends is of any type


_INFO_BODY: Final = msgspec.json.Decoder(_Info)


class AppNames:
    """Names of apps."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """Begin with the names that somebody gave: by the fingerprint of a key, or by an id."""
        self._given = dict(given or {})
        self._learnt: OrderedDict[str, str | None] = OrderedDict()

    def of(self, route: Route | None, asked: Asked) -> str | None:
        """Return what an app is called; None if nothing tells."""
        if asked.key is not None and asked.key in self._given:
            return self._given[asked.key]
        app_id = (route.app_id if route is not None else None) or asked.app_id
        if app_id is not None:
            return self._given.get(app_id, app_id)
        return self._learnt.get(asked.key) if asked.key is not None else None

    def learn(self, key: str, info: bytes) -> None:
        """Learn the name of the app of a key from what `/info` answered; an answer without one teaches nothing."""
        try:
            name = _INFO_BODY.decode(info).name
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return
        if isinstance(name, str) and name.strip():
            self._learnt[key] = name.strip()[:_LONGEST]

    def question(self, route: Route | None, asked: Asked, path: str) -> str | None:
        """Return the path to ask for the name of an app, the first time that one is wanted; None if there is none.

        Args:
            route: what was asked for.
            asked: by whom.
            path: of the request.
        """
        found = _SERVICE.match(path) if route is not None and route.vendor == "dify" else None
        if found is None or asked.key is None or self.of(route, asked) is not None or asked.key in self._learnt:
            return None
        self._learnt[asked.key] = None  # whatever comes of it, it is asked once
        if len(self._learnt) > _LEARNT:
            self._learnt.popitem(last=False)
        return f"{found['base']}/info"


def is_info(method: str, path: str) -> bool:
    """Whether a request asks for the name of an app."""
    return method == "GET" and _INFO.fullmatch(path) is not None
