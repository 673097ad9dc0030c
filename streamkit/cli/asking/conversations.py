"""The last conversation with each app, so that `--continue` can go on with it.

Kept in `$XDG_STATE_HOME/streamkit/conversations.json`, for its owner alone: ids, and nothing that was said.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from streamkit.cli.asking.apps import App
from streamkit.run import Run

_FILE: Final = Path("streamkit", "conversations.json")
_OWNER_ALONE: Final = 0o600
_MOST: Final = 1000
"""Beyond it the oldest are forgotten."""


def last(app: App, server: str) -> str | None:
    """Return the id of the last conversation with an app on a server; None if there is none to go on with."""
    return _read(_path()).get(_key(app, server))


def remember(app: App, server: str, run: Run) -> None:
    """Keep the conversation of a run. What cannot be kept is not missed before somebody asks for it.

    Args:
        app: which one was asked.
        server: the base of its addresses.
        run: it is over, or paused. A session that takes no other run is forgotten.
    """
    path = _path()
    if path is None or run.conversation_id is None:
        return
    known = {name: told for name, told in _read(path).items() if name != _key(app, server)}
    if not _is_spent(app, run):
        known[_key(app, server)] = run.conversation_id
    with contextlib.suppress(OSError):
        _write(path, dict(list(known.items())[-_MOST:]))


def _is_spent(app: App, run: Run) -> bool:
    """Whether the session of an agent of RAGFlow takes no other run for an hour: after a stop, or an exception in it."""
    return app.kind == "ragflow" and app.agent is not None and run.status in ("stopped", "failed")


def _write(path: Path, known: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(known))
        fresh.replace(path)  # so that who reads meanwhile reads all of it
    finally:
        fresh.unlink(missing_ok=True)


def _path() -> Path | None:
    state = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(state):  # noqa: PTH117 - the standard says that any other is to be ignored
        return Path(state) / _FILE
    try:
        return Path.home() / ".local" / "state" / _FILE
    except RuntimeError:
        return None


def _read(path: Path | None) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path is not None else {}
    except (OSError, msgspec.MsgspecError):
        return {}


def _key(app: App, server: str) -> str:
    """Return what a conversation is of: the app, where it is, and who talks."""
    return "|".join(word or "" for word in (app.kind, app.name, server, app.agent or app.chat, app.user))
