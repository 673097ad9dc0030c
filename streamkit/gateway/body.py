"""A response body that may be of a run, observed while it passes.

Nothing here raises: an error of ours is counted, and the body is observed no further than that.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from streamkit.gateway.asked import Asked, redactor
from streamkit.gateway.coding import Decode, UnknownCoding, decoder
from streamkit.gateway.names import AppNames
from streamkit.gateway.observer import place_of
from streamkit.gateway.opening import Opening
from streamkit.gateway.recognise import Route
from streamkit.gateway.spent import Spent
from streamkit.gateway.store import Key, Store, keys_of, may_go_on
from streamkit.recording import Redactor
from streamkit.run import Run
from streamkit.run.retention import GATEWAY
from streamkit.tap import Tap

_LOG = logging.getLogger("streamkit.proxy")

Ended = Literal["eof", "upstream-broke", "client-gone", "drain-limit", "shutdown"]
"""Why a body ended: by itself; the upstream broke it off; the client left, and what followed was not wanted, or too
much of it; the proxy went down."""

State = Literal["streaming", "ping-only", "silent"]

UNKNOWN: Final = "unknown"
"""What an app is called of which nothing is known."""
_FRESH: Final = 10.0
"""Seconds for which a stream counts as streaming after something of its run came."""
_ALIVE: Final = 30.0
"""Seconds for which heartbeats count as a sign of life: Dify sends one every ten."""


class Copy(Protocol):
    """Takes what a body says, decoded: a recording of it."""

    def write(self, chunk: bytes, at: float) -> None:
        """Take the next bytes, and when they came: in seconds since the request."""


class OnDisk(Protocol):
    """A body on the disk."""

    path: Path
    is_closed: bool


class Body:
    """One response body on its way from the upstream to its client, or into a drain."""

    def __init__(
        self,
        handle: str,
        *,
        route: Route | None,
        asked: Asked,
        clock: Callable[[], float],
        dialect: str = "auto",
        store: Store,
        names: AppNames,
        secret_values: frozenset[str] = frozenset(),
        is_shadow: bool = False,
    ) -> None:
        """Begin to observe, when the request came.

        Args:
            handle: what it is called in this process.
            route: what was asked for, as far as that is known.
            asked: what the request says of itself.
            clock: gives seconds on one monotonic clock.
            dialect: a dialect, or "auto".
            store: runs that wait to go on.
            names: what apps are called.
            secret_values: what must be told nowhere: the request's key, its cookies.
            is_shadow: whether another body of the same run is open as well, and counts what it spends.
        """
        self.handle = handle
        self.route = route
        self.asked = asked
        self.secret_values = secret_values
        self.began_at = clock()
        self.created = datetime.now(UTC)
        self.status: int | None = None
        """The HTTP status; None as long as the upstream has not begun to answer."""
        self.ended: Ended | None = None
        self.ended_at: float | None = None
        self.client_gone_at: datetime | None = None
        self.stop_status: int | None = None
        """What the vendor answered to a request to stop the run."""
        self.chunks = 0
        self.bytes = 0
        """As they passed: compressed, where they were."""
        self.errors = 0
        """Our own."""
        self.copies: list[Copy] = []
        self.spool: OnDisk | None = None
        self.recording: str | None = None
        """The file that is kept of it, below the folder of recordings."""
        self.is_shadow = is_shadow
        self._clock = clock
        self._dialect = dialect
        self._store = store
        self._names = names
        self._decode: Decode = decoder(None)
        self._opening: Opening | None = Opening(dialect) if len(store) else None
        self._tap: Tap | None = None
        self._spent: Spent | None = None
        if self._opening is None or (route is not None and route.run_id is not None):
            self._begin([("dify", route.run_id)] if route is not None and route.run_id is not None else [])

    # ---- reading

    @property
    def secrets(self) -> Redactor:
        """Masks what must be told nowhere."""
        return redactor(self.secret_values)

    @property
    def app(self) -> str | None:
        """What the app is called; None if nothing tells."""
        return self._names.of(self.route, self.asked)

    @property
    def label(self) -> str:
        """What the app is called where it must be called something: else by the fingerprint of its key."""
        return self.secrets.text(self.run.app or self.app or self.asked.key or UNKNOWN)

    @property
    def run(self) -> Run:
        """The run as it is now; an empty one as long as the body does not say which."""
        return self._tap.run if self._tap is not None else Run(self._dialect)

    @property
    def is_run(self) -> bool:
        """Whether this is the body of a run: it was asked for as one, or its frames are of one."""
        run = self.run
        return self.route is not None or (bool(run.events) and "unknown-dialect" not in run.anomaly_counts)

    @property
    def spent(self) -> Spent:
        """What the run has spent in this body alone."""
        return self._spent if self._spent is not None else Spent(Run(self._dialect), counts=False)

    @property
    def duration(self) -> float:
        """Seconds since the request came, until the end of the body if there was one."""
        return (self._clock() if self.ended_at is None else self.ended_at) - self.began_at

    @property
    def first_token(self) -> float | None:
        """Seconds from the request to the first text of this body; None if there is none."""
        at = self.run.first_token_at
        return at - self.began_at if at is not None and at >= self.began_at else None

    @property
    def idle(self) -> float:
        """Seconds since something of the run came, or since the request."""
        return self._clock() - max(self.run.last_progress_at or 0.0, self.began_at)

    @property
    def state(self) -> State:
        """How it stands while it is open."""
        if self.idle <= _FRESH:
            return "streaming"
        heartbeat = self.run.last_heartbeat_at
        return "ping-only" if heartbeat is not None and self._clock() - heartbeat <= _ALIVE else "silent"

    @property
    def is_complete(self) -> bool:
        """Whether all that the run spent in this body is known."""
        run = self.run
        return (run.ended_by_server or run.status == "paused") and self.spent.source != "partial"

    # ---- what comes

    def answered(self, status: int, coding: str | None) -> None:
        """Note how the upstream answers, and in which content coding."""
        self.status = status
        try:
            self._decode = decoder(coding)
        except UnknownCoding as error:
            self.failed(error)
            self._decode = lambda chunk: ()

    def take(self, chunk: bytes) -> None:
        """Look at bytes that were passed on."""
        self.chunks += 1
        self.bytes += len(chunk)
        try:
            at = self._clock()
            for piece in self._decode(chunk):
                self._observe(piece, at)
                for copy in self.copies:
                    copy.write(piece, at - self.began_at)
        except Exception as error:  # noqa: BLE001 - observing must not break what is observed
            self.failed(error)

    def close(self, ended: Ended) -> None:
        """End it. Twice does nothing more."""
        if self.ended is not None:
            return
        self.ended = ended
        self.ended_at = self._clock()
        try:
            if self._tap is None:
                self._begin([])
            tap = self._tap
            if tap is not None:
                tap.close(at=self.ended_at)
                self._name(tap.run)
                if may_go_on(tap.run):
                    self._store.add(tap.run, keys_of(tap.run))
        except Exception as error:  # noqa: BLE001 - see `take`
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Count an error of ours. Its words are not logged: they may be of what was observed."""
        self.errors += 1
        if self._tap is not None:
            self._tap.run.report("observer-error", type(error).__name__)
        if self.errors == 1:
            _LOG.warning("could not observe body %s, which was passed on: %s", self.handle, place_of(error))

    def _observe(self, piece: bytes, at: float) -> None:
        if self._tap is not None:
            self._tap.observe(piece, at=at)
            return
        assert self._opening is not None  # noqa: S101 - for the type checker
        keys = self._opening.feed(piece, at)
        if keys is not None:
            self._begin(keys)

    def _begin(self, keys: list[Key]) -> None:
        """Begin to fold: into the run that waits under one of its names, else into a new one."""
        known = self._store.take(keys)
        self._tap = tap = Tap(self._dialect, run=known, retention=GATEWAY)
        resumes = self.route is not None and self.route.kind == "resume"
        if resumes and known is None:
            tap.run.continue_unseen()
        self._spent = Spent(tap.run, resumes=resumes, counts=not self.is_shadow)
        held, self._opening = self._opening.held if self._opening is not None else [], None
        for chunk, at in held:
            tap.observe(chunk, at=at)

    def _name(self, run: Run) -> None:
        """Tell the run what only the request and the proxy know."""
        run.app = run.app or self.app
        if self.asked.user is not None:
            run.user = self.asked.user
