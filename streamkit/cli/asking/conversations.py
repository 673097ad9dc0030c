"""The last conversation with each app, so that `--continue` can go on with it.

Kept in `$XDG_STATE_HOME/streamkit/conversations.json`, for its owner alone: ids, and nothing that was said.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from streamkit.cli.asking.apps import App

_FILE: Final = Path("streamkit", "conversations.json")
_OWNER_ALONE: Final = 0o600
_MOST: Final = 1000
"""Beyond it the oldest are forgotten."""


def last(app: App) -> str | None:
    """Return the id of the last conversation with an app; None if there was none."""
    return _read(_path()).get(_key(app))


def remember(app: App, conversation_id: str) -> None:
    """Keep the id of a conversation. What cannot be kept is not missed before somebody asks for it."""
    path = _path()
    if path is None:
        return
    known = {name: told for name, told in _read(path).items() if name != _key(app)}
    known[_key(app)] = conversation_id
    kept = dict(list(known.items())[-_MOST:])
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(kept))
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


def _key(app: App) -> str:
    """Return what a conversation is of: the app, where it is, and who talks."""
    return "|".join(word or "" for word in (app.kind, app.name, app.base, app.agent or app.chat, app.user))
