"""Which app is meant: by the user's configuration, by flags, by the environment.

`$XDG_CONFIG_HOME/streamkit/config.toml`::

    [apps.support]
    kind = "dify"                     # dify, ragflow or paradigm
    base = "https://dify.example/v1"
    key_env = "SUPPORT_KEY"           # the variable that holds the key; or key_file

What a flag says goes before the configuration, and that before the environment. A mistake in the file is told in one
line that names it. Keys never stand in the file itself.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import Struct

from streamkit.cli.configuration import configuration
from streamkit.clients.dify.request import Mode
from streamkit.clients.ragflow.request import Api
from streamkit.recording.redact import Redactor
from streamkit.run.payload import Json

Kind = Literal["dify", "ragflow", "paradigm"]
KINDS: Final = get_args(Kind)
_FILE: Final = "config.toml"
_KEYS: Final = frozenset({"key", "key_env", "key_file"})
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class BadConfig(Exception):
    """An app that cannot be asked as it is configured; the message is one line and says where and why."""


class App(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app, and how to reach it."""

    kind: Kind
    base: str | None = None
    """Where its server is; by default as the environment says."""
    key_env: str | None = None
    """The variable of the environment that holds the key."""
    key_file: str | None = None
    """The file that holds it."""
    user: str | None = None
    """On whose behalf it is asked."""
    mode: Mode | None = None
    """What a Dify app is; by default the server is asked."""
    agent: str | None = None
    """The id of an agent of RAGFlow."""
    chat: str | None = None
    """The id of a chat of RAGFlow."""
    api: Api = "current"
    """Which API a RAGFlow server has."""
    model: str | None = None
    """The model of Paradigm that answers; without, a chatflow does."""
    tool: str | None = None
    """The tool of a chatflow of Paradigm."""
    inputs: dict[str, Json] = {}
    """Inputs that are always given."""
    name: str = ""
    """What it is called here."""
    key: str | None = None
    """The key, where a flag gave it; never in the file."""

    def __repr__(self) -> str:
        return f"<App {self.name or self.kind}>"


def load(path: Path | None = None) -> dict[str, App]:
    """Return the apps of a configuration by their names.

    Args:
        path: the file; by default the user's own, which need not be there.

    Raises:
        BadConfig: it cannot be read, or something in it is not understood.
    """
    file = path or configuration(_FILE)
    if file is None:
        return {}
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is None:
            return {}
        raise BadConfig(f"{file}: no such file") from None
    except OSError as error:
        raise BadConfig(f"{file}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise BadConfig(f"{file}: {error}") from None
    apps = told.get("apps", {})
    if not isinstance(apps, dict) or "app" in told:
        raise BadConfig(f"{file}: apps: write each as [apps.NAME]")
    return {name: _app(file, name, one) for name, one in apps.items()}


def choose(name: str, apps: Mapping[str, App], flags: Mapping[str, Any]) -> App:
    """Return the app that is meant, with what flags say of it.

    Args:
        name: one of the configured apps, or a vendor.
        apps: those that are configured.
        flags: fields of `App`; None where a flag was not given.

    Raises:
        BadConfig: there is no such app.
    """
    app = apps.get(name)
    if app is None and name in KINDS:
        app = App(kind=name)  # type: ignore[arg-type]  # it is one of them
    if app is None:
        close = get_close_matches(name, [*apps, *KINDS], 1)
        meant = f"did you mean {close[0]}? There are" if close else "there are"
        raise BadConfig(
            f"no app {name!r}: {meant} {', '.join([*apps, *KINDS])}; `streamkit run --help` shows how to configure one"
        )
    given = {field: value for field, value in flags.items() if value is not None}
    if given.keys() & _KEYS:
        given = dict.fromkeys(_KEYS) | given  # one of them goes before all that are configured
    return msgspec.structs.replace(app, name=name, **given)


def key_of(app: App) -> str | None:
    """Return the key of an app; None to leave it to the vendor's own variable.

    Raises:
        BadConfig: it is not where it should be.
    """
    if app.key is not None:
        return app.key
    if app.key_file is not None:
        return _key_in_file(app, app.key_file)
    if app.key_env is not None:
        return _key_in_variable(app, app.key_env)
    return None


def place_of_key(app: App) -> str:
    """Say where `key_of` finds the key of an app."""
    if app.key is not None:
        return "--api-key"
    if app.key_file is not None:
        return f"the file {Redactor().text(app.key_file)}"
    return f"the variable {Redactor().text(app.key_env or f'{app.kind.upper()}_API_KEY')}"


def _key_in_file(app: App, path: str) -> str:
    shown = Redactor().text(path)  # somebody may have put the key itself there
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() or _none(app, shown)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "not a text"
        raise BadConfig(f"{app.name}: the key file {shown}: {reason}") from None


def _key_in_variable(app: App, name: str) -> str:
    if not _VARIABLE.fullmatch(name):  # and most likely the key itself
        raise BadConfig(f"{app.name}: key_env must be the name of a variable that holds the key")
    return os.environ.get(name, "").strip() or _none(app, f"the variable {Redactor().text(name)}")


def _none(app: App, where: str) -> str:
    raise BadConfig(f"{app.name}: there is no key in {where}")


def _app(file: Path, name: str, told: object) -> App:
    if isinstance(told, dict) and "key" in told:
        raise BadConfig(
            f"{file}: apps.{name}.key: keys do not belong here; name a variable with key_env, or a key_file"
        )
    if isinstance(told, dict):
        _check_words(f"{file}: apps.{name}", told)
    try:
        return msgspec.convert(told, App)
    except msgspec.ValidationError as error:
        what, _, where = str(error).replace("`", "").partition(" - at $")
        raise BadConfig(f"{file}: apps.{name}{where}: {what[:1].lower()}{what[1:]}") from None


def _check_words(where: str, told: Mapping[str, Any]) -> None:
    """Refuse a word that is none of those which a field may be."""
    for field, kind in (("kind", Kind), ("mode", Mode), ("api", Api)):
        word = told.get(field)
        if isinstance(word, str) and word not in get_args(kind):
            raise BadConfig(f"{where}.{field}: {word!r} is none of {', '.join(get_args(kind))}")
