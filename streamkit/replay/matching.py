"""Which recording answers a request, and if none does, which come near and what does not fit.

A recording fits if it is of the kind that the path starts, if the key names it or nothing, if it is the next turn of the
conversation, and if what was recorded of its request stands in this one too, or the key names it alone. Of those that fit, the ones that have most
in common with the request; of these the first that was not played yet, in name order; and if all were, the last once more.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streamkit.recording.filler import fill
from streamkit.replay.library import Library, Take
from streamkit.replay.routes import Asked, Door
from streamkit.replay.sessions import Session, Sessions

_PREFIXES: Final = ("app-", "ragflow-")
"""How keys of the vendors begin; the name stands behind."""
_IGNORED: Final = frozenset(
    {"user", "user_id", "response_mode", "stream", "conversation_id", "session_id", "parent_message_id"}
    | {"trace_id", "auto_generate_name", "files"}
)
"""What says who asks, how, and in which conversation, and not what."""
_REDACTED: Final = re.compile(r"REDACTED[0-9a-f]{4}")
_SHOWN: Final = 40
_NEAREST: Final = 3


class Picked(NamedTuple):
    """The recording that answers."""

    take: Take
    session: Session | None
    """The conversation that goes on; None where one begins."""


class Near(NamedTuple):
    """A recording that does not fit, and why."""

    name: str
    why: str


def conversation_of(asked: Asked) -> str:
    """Return the conversation that a request goes on with; empty if it begins one."""
    return asked.text("conversation_id") or asked.text("session_id") or asked.params.get("session_id", "")


def name_in(key: str) -> str:
    """Return the name of a recording that a key holds."""
    for prefix in _PREFIXES:
        key = key.removeprefix(prefix)
    return key


class Matcher:
    """Picks recordings for requests that start a run."""

    def __init__(self, library: Library, sessions: Sessions) -> None:
        self._library = library
        self._sessions = sessions
        self._played: set[Take] = set()

    def note(self, take: Take) -> None:
        """Note that a recording is played."""
        self._played.add(take)

    def named_by(self, asked: Asked) -> list[Take]:
        """Return the recordings that the key of a request names; none if it is a key like any other."""
        return self._library.named(name_in(asked.key)) if asked.key else []

    def unplayed(self) -> list[Take]:
        """Return what was not played yet, in order."""
        return [take for take in self._library.takes if take not in self._played]

    def clear(self) -> None:
        """Forget what was played."""
        self._played.clear()

    def pick(self, asked: Asked, door: Door, wants_document: bool) -> Picked | list[Near]:
        """Return what answers a request, or what comes near.

        Args:
            asked: the request.
            door: what its path starts.
            wants_document: whether the client wants one JSON document, and no stream.
        """
        named = self.named_by(asked)
        session = self._session(conversation_of(asked), named)
        wanted = _Wanted(asked, door, session, named, self._library)
        misfits = [(take, wanted.misfit(take)) for take in self._library.takes]
        fitting = [take for take, misfit in misfits if misfit is None]
        if not fitting:
            told = sorted((misfit.passed, take.name, misfit.why) for take, misfit in misfits if misfit is not None)
            nearest = [each for each in told if each[0] == told[-1][0]][:_NEAREST]
            return [Near(name, why) for _, name, why in nearest]
        ranks = [wanted.rank(take, wants_document) for take in fitting]
        best = [take for take, rank in zip(fitting, ranks, strict=True) if rank == max(ranks)]
        played = session.played if session is not None else self._played
        return Picked(next((take for take in best if take not in played), best[-1]), session)

    def _session(self, conversation: str, named: Sequence[Take]) -> Session | None:
        """Return the session of a conversation, also of one that was begun on another server."""
        if not conversation:
            return None
        session = self._sessions.of(conversation, named)
        if session is not None:
            return session
        take = next((take for take in named or self._library.takes if conversation in take.ids), None)
        return self._sessions.open(self._library.group(take)) if take is not None else self._sessions.of(conversation)


class _Misfit(NamedTuple):
    """What a recording fails at."""

    passed: int
    """So many checks went well before."""
    why: str


class _Wanted:
    """What a recording must be to answer one request."""

    def __init__(
        self, asked: Asked, door: Door, session: Session | None, named: Sequence[Take], library: Library
    ) -> None:
        self._asked = asked
        self._door = door
        self._session = session
        self._named = named
        self._library = library
        self._checks = (self._by_key, self._by_door, self._by_turn, self._by_body)

    def misfit(self, take: Take) -> _Misfit | None:
        """Return why a recording does not fit; None if it does."""
        for passed, check in enumerate(self._checks):
            why = check(take)
            if why:
                return _Misfit(passed, why)
        return None

    def rank(self, take: Take, wants_document: bool) -> tuple[int, ...]:
        """Return how well a recording that fits does, the larger the better."""
        agreed = agreement(take.request, self._asked.body)
        return (
            int(take.is_document == wants_document),
            agreed if isinstance(agreed, int) else 0,
            -take.doors.index(self._door),
        )

    def _by_key(self, take: Take) -> str:
        if not self._named or take in self._named:
            return ""
        session = self._session  # the key may name another part of the conversation
        goes_on = session is not None and take in session.takes and any(one in session.takes for one in self._named)
        return "" if goes_on else "is not what the key names"

    def _by_door(self, take: Take) -> str:
        return "" if self._door in take.doors else f"answers {' or '.join(take.doors)}, and this asks for {self._door}"

    def _by_turn(self, take: Take) -> str:
        session = self._session
        if session is None:
            return self._by_opening(take)
        if take not in session.takes:
            return "is of another conversation"
        if take.is_continuation:
            return "goes on with a run, and begins no turn"
        if take.is_prologue and any(not turn.is_prologue for turn in session.turns()):
            return "only opens a conversation"
        left = session.turns_left() or session.turns()[-1:]
        return "" if take in left else "is an earlier turn of the conversation"

    def _by_opening(self, take: Take) -> str:
        """Return why a recording begins no conversation; one that the key names alone may always."""
        turns = [part for part in self._library.group(take) if not part.is_continuation]
        if self._named == [take] or not turns or take is turns[0]:
            return ""
        return (
            "goes on with a run" if take.is_continuation else "is a later turn of a conversation, and this names none"
        )

    def _by_body(self, take: Take) -> str:
        if self._named == [take]:  # somebody chose it
            return ""
        return body_misfit(take.request, self._asked.body)


# ---- bodies


def body_misfit(recorded: object, asked: object) -> str:
    """Return what of a recorded request does not stand in this one; empty if all of it does."""
    found = agreement(recorded, asked)
    return "" if isinstance(found, int) else found


def agreement(recorded: object, asked: object) -> int | str:
    """Compare what was recorded of a request with another one.

    Returns:
        How many values they have in common, if all that was recorded is in the other; else what is not.
    """
    if not isinstance(recorded, dict) or not isinstance(asked, dict):
        return 0
    return _agreement({key: value for key, value in recorded.items() if key not in _IGNORED}, asked, "")


def _agreement(recorded: Any, asked: Any, path: str) -> int | str:  # noqa: ANN401 - JSON
    if isinstance(recorded, str) and _REDACTED.search(recorded):
        return 0
    if isinstance(recorded, dict) and isinstance(asked, dict):
        parts = [(value, asked.get(key), f"{path}.{key}" if path else key) for key, value in recorded.items()]
    elif isinstance(recorded, list) and isinstance(asked, list) and len(recorded) == len(asked):
        parts = [(one, other, f"{path}.{at}") for at, (one, other) in enumerate(zip(recorded, asked, strict=True))]
    elif (recorded == asked and isinstance(recorded, bool) == isinstance(asked, bool)) or _is_filler(recorded, asked):
        return 1
    elif asked is None and not recorded:
        return 0  # left out what was empty
    else:
        return f"{path} is {_shown(asked)}, and {_shown(recorded)} was recorded"
    total = 0
    for one, other, where in parts:
        found = _agreement(one, other, where)
        if isinstance(found, str):
            return found
        total += found
    return total


def _is_filler(recorded: object, asked: object) -> bool:
    """Whether filler was recorded in place of what is asked: the recording was scrubbed."""
    return isinstance(recorded, str) and isinstance(asked, str) and fill(asked) == recorded


def _shown(value: object) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
