"""Faults that a replayed answer is given, as a network, a proxy or an overloaded server gives them.

One is written on one line: what happens, where, and to which answers::

    cut-after=1000                              close the connection after so many bytes of the body
    cut-before=node_finished:summarise          … before an event, or before frame 7
    stall-before=message_end,seconds=5          send nothing for so long; without seconds, for ever
    reset-after=1000,times=1                    reset the connection (RST); once, so that a retry succeeds
    status=429                                  an error of the vendor's in place of the answer
    html=502                                    a page of a proxy in its place
    slow-headers=2.5                            wait so many seconds before the headers
    drop=message#3                              leave a frame out
    duplicate=message#3                         send it twice
    gzip                                        compress the body, as a proxy does
    content-type=text/plain                     name the body something else
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from streamkit.errors import ReplayError
from streamkit.replay.frames import Place


class Fault(Struct, frozen=True, kw_only=True):
    """One fault. Of what it does, only what it is about is set."""

    text: str
    """As it was written."""
    breaks: str | None = None
    """`cut`, `stall` or `reset`: the stream breaks …"""
    after: int | None = None
    """… after so many bytes of the body, or …"""
    before: Place | None = None
    """… before this place."""
    seconds: float | None = None
    """How long it stalls; None is for ever."""
    status: int | None = None
    """The status of an error that comes in place of the answer."""
    is_page: bool = False
    """Whether that error is a page of HTML."""
    slow_headers: float = 0.0
    """Seconds until the headers."""
    drop: Place | None = None
    duplicate: Place | None = None
    is_gzip: bool = False
    content_type: str | None = None
    times: int | None = None
    """How many answers get it; None is all of them."""
    on: str | None = None
    """The name of the only recording that gets it."""

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read a fault as it is written on one line.

        Raises:
            ReplayError: it means nothing; the message says why.
        """
        fields: dict[str, Any] = {"text": text}
        for number, part in enumerate(text.split(",")):
            name, _, value = part.strip().partition("=")
            known = _WORDS if number == 0 else _MODIFIERS
            if name not in known:
                raise ReplayError(f"fault {text!r}: {name!r} is none of {', '.join(known)}")
            try:
                fields |= known[name](value.strip())
            except ValueError:
                raise ReplayError(f"fault {text!r}: {name} does not take {value!r}") from None
        return cls(**fields)


_Reading = Callable[[str], dict[str, Any]]
"""What a word of a fault says, given its value. Any: fields of a fault."""


def _breaking(what: str, where: str) -> _Reading:
    if where == "after":
        return lambda value: {"breaks": what, "after": _natural(value)}
    return lambda value: {"breaks": what, "before": Place.parse(value)}


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def _status(text: str) -> int:
    status = _natural(text)
    if not 400 <= status <= 599:
        raise ValueError(text)
    return status


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _alone(text: str) -> bool:
    if text:
        raise ValueError(text)
    return True


def _some(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


_WORDS: Final[Mapping[str, _Reading]] = {
    **{
        f"{what}-{where}": _breaking(what, where) for what in ("cut", "stall", "reset") for where in ("after", "before")
    },
    "status": lambda value: {"status": _status(value)},
    "html": lambda value: {"status": _status(value), "is_page": True},
    "slow-headers": lambda value: {"slow_headers": _seconds(value)},
    "drop": lambda value: {"drop": Place.parse(value)},
    "duplicate": lambda value: {"duplicate": Place.parse(value)},
    "gzip": lambda value: {"is_gzip": _alone(value)},
    "content-type": lambda value: {"content_type": _some(value)},
}
_MODIFIERS: Final[Mapping[str, _Reading]] = {
    "times": lambda value: {"times": _natural(value)},
    "seconds": lambda value: {"seconds": _seconds(value)},
    "on": lambda value: {"on": _some(value)},
}


def as_faults(faults: Iterable[Fault | str]) -> list[Fault]:
    """Return faults, those that are written on a line read.

    Raises:
        ReplayError: one of them means nothing.
    """
    return [Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults]


class Faults:
    """The faults of a server: which answer gets which, and how often still."""

    def __init__(self, faults: Iterable[Fault | str] = ()) -> None:
        """Take faults; see `Fault`.

        Raises:
            ReplayError: one of them means nothing.
        """
        self._left: list[tuple[Fault, int | None]] = [(fault, fault.times) for fault in as_faults(faults)]

    def add(self, fault: Fault | str) -> None:
        """Give the answers that follow one more.

        Raises:
            ReplayError: it means nothing.
        """
        self._left += [(added, added.times) for added in as_faults([fault])]

    def clear(self) -> None:
        """Forget all of them."""
        self._left.clear()

    def take(self, name: str) -> list[Fault]:
        """Return what the next answer gets, which plays the recording of this name; it counts as given."""
        taken, left = [], []
        for fault, times in self._left:
            if times != 0 and fault.on in (None, name):
                taken.append(fault)
                times = times if times is None else times - 1
            left.append((fault, times))
        self._left = [(fault, times) for fault, times in left if times != 0]
        return taken
