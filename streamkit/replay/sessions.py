"""What the server remembers: conversations and runs that were begun, their forms, and what was played of them.

A session begins when the first body of a conversation is played, or of a run that is in none; a turn, a resumption and
a form find it by the ids that the client was given.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from streamkit.replay.gates import Gate
from streamkit.replay.library import Take
from streamkit.replay.rewriting import Ids, fresh_ids, shifted
from streamkit.replay.routes import Asked
from streamkit.run import HumanInput

_KEPT: Final = 5_000
"""So many sessions are remembered, the last ones."""


class Form(Struct):
    """A form of a session, and whether it was answered."""

    token: str
    """What the client was given: it submits the form."""
    asked: HumanInput
    """The form as recorded."""
    run_id: str | None
    """The run that asks, as recorded."""
    expires_at: float | None
    """Epoch seconds, as the client was told."""
    status: str = "waiting"
    action_id: str | None = None
    inputs: Any = None
    """What was entered. Any: the client's."""


class Session:
    """One conversation, or one run outside of any, as the client sees it."""

    def __init__(self, takes: Sequence[Take], ids: Ids, now: Callable[[], float] | None) -> None:
        """Begin one; for the arguments see `Sessions`."""
        self.takes = takes
        """All recordings of it, in order."""
        self.played: list[Take] = []
        self.messages: list[tuple[Take, Asked]] = []
        """What was asked, turn by turn, and what answered."""
        self._ids = ids
        self._now = now
        self._shifts: dict[str, int] = {}
        """Seconds by which the times of each run are moved."""
        for take in takes:
            if _key(take) not in self._shifts:
                self._move_to_now(take)
        self.forms = {form.token: form for take in takes for form in self._forms_of(take)}
        self._held: list[tuple[Form, Gate]] = []

    def rewrite(self, body: bytes, take: Take) -> bytes:
        """Return bytes of a recording, or about it, with the ids of this session and the times of its run."""
        return shifted(self._ids.rewrite(body), self._shifts.get(_key(take), 0))

    def told(self, data: object, take: Take) -> msgspec.Raw:
        """Return as JSON what is told of a recording, with the ids of this session and the times of its run."""
        return msgspec.Raw(self.rewrite(msgspec.json.encode(data), take))

    def id(self, recorded: str | None) -> str | None:
        """Return what an id of the recordings is called here."""
        return self._ids.of(recorded)

    def ids(self) -> set[str]:
        """Return all ids by which a client may mean this session."""
        found = {id for take in self.takes for id in _handles(take)}
        return {self._ids.of(id) or id for id in found} | set(self.forms)

    # ---- turns

    def turns(self) -> list[Take]:
        """Return its takes that answer a turn, in order."""
        return [take for take in self.takes if not take.is_continuation]

    def turns_left(self) -> list[Take]:
        """Return those that come after the last one that was played."""
        turns = self.turns()
        last = max((turns.index(take) for take in self.played if take in turns), default=-1)
        return turns[last + 1 :]

    def begin(self, take: Take) -> None:
        """Note that a take is played. One that begins a run begins now, and its forms wait once more."""
        if take.is_continuation:
            self._expire(take)
        else:
            self.played = [other for other in self.played if _key(other) != _key(take)]
            self._move_to_now(take)
            self.forms |= {form.token: form for form in self._forms_of(take)}
        self.played.append(take)

    def parts_played(self, run_id: str) -> list[Take]:
        """Return what was played of a run since it began last."""
        return [take for take in self.played if self.id(take.run.id) == run_id]

    # ---- forms

    def hold_for(self, form: Form, gate: Gate) -> None:
        """Let a gate open once a form is submitted."""
        self._held.append((form, gate))

    def form_of(self, take: Take, node_id: str) -> Form | None:
        """Return the form that a node of a run shows."""
        forms = (form for form in self.forms.values() if form.run_id == take.run.id)
        return next((form for form in forms if form.asked.node_id == node_id), None)

    def submit(self, form: Form, action_id: str, inputs: object) -> None:
        """Answer a form: what waits for it goes on."""
        form.status, form.action_id, form.inputs = "submitted", action_id, inputs
        for waited_for, gate in self._held:
            if waited_for is form:
                gate.release()

    def _expire(self, take: Take) -> None:
        """Note which forms nobody answered in time, as a recording of what came then says."""
        for told in take.run.forms:
            form = self.form_of(take, told.node_id)
            if form is not None and told.status == "expired":
                form.status = "expired"

    # ---- inside

    def _forms_of(self, take: Take) -> Iterable[Form]:
        shift = self._shifts[_key(take)]
        for asked in take.run.forms:
            if asked.token:
                expires_at = asked.expires_at + shift if asked.expires_at is not None else None
                yield Form(self._ids.of(asked.token) or asked.token, asked, take.run.id, expires_at)

    def _move_to_now(self, take: Take) -> None:
        shift = 0
        if self._now is not None and take.started_at is not None:
            shift = int(self._now()) - take.started_at
        self._shifts[_key(take)] = shift


def _key(take: Take) -> str:
    """Return what the bodies of one run have in common."""
    return take.run.id or take.name


def _handles(take: Take) -> Iterable[str]:
    run = take.run
    return (id for id in (run.id, run.task_id, run.message_id, run.conversation_id) if id)


def _all_ids(takes: Iterable[Take]) -> set[str]:
    """Return every id of runs, tasks, messages, conversations, executions and forms."""
    forms = {form.form_id for take in takes for form in take.run.forms if form.form_id}
    return forms.union(*(_handles(take) for take in takes), *(take.run.executions for take in takes))


def _all_tokens(takes: Iterable[Take]) -> set[str]:
    return {form.token for take in takes for form in take.run.forms if form.token}


class Sessions:
    """All sessions of a server, found by any id that a client was given."""

    def __init__(self, seed: str | None = None, now: Callable[[], float] | None = None) -> None:
        """Begin without any.

        Args:
            seed: decides the ids that each session has; None leaves them as recorded.
            now: tells when a session begins, in epoch seconds: its times move there. None leaves them as recorded.
        """
        self._seed = seed
        self._now = now
        self._opened = 0
        self._all: deque[Session] = deque()
        self._by_id: dict[str, list[Session]] = {}
        """Several only if several folders hold a conversation of the same id."""

    def of(self, id: str, among: Sequence[Take] = ()) -> Session | None:
        """Return the session of an id, or of a form token.

        Args:
            id: what the client was given.
            among: recordings of which the session must have one; by default any will do.
        """
        found = [one for one in self._by_id.get(id, ()) if not among or any(take in one.takes for take in among)]
        return found[-1] if found else None

    def open(self, takes: Sequence[Take]) -> Session:
        """Begin a session with all its recordings, in order."""
        self._opened += 1
        ids = Ids()
        if self._seed is not None:
            ids = fresh_ids(_all_ids(takes), _all_tokens(takes), f"{self._seed}:{self._opened}")
        session = Session(takes, ids, self._now)
        for id in session.ids():
            others = [one for one in self._by_id.get(id, ()) if one.takes[0] is not takes[0]]
            self._by_id[id] = [*others, session]
        self._all.append(session)
        if len(self._all) > _KEPT:
            self._forget(self._all.popleft())
        return session

    def _forget(self, session: Session) -> None:
        for id in session.ids():
            left = [one for one in self._by_id.get(id, ()) if one is not session]
            if left:
                self._by_id[id] = left
            else:
                self._by_id.pop(id, None)

    def all(self) -> list[Session]:
        """Return those that can still be found, in order."""
        known = {id(session) for sessions in self._by_id.values() for session in sessions}
        return [session for session in self._all if id(session) in known]

    def clear(self) -> None:
        """Forget all of them."""
        self._all.clear()
        self._by_id.clear()
        self._opened = 0
